/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256: the examples of FIPS 180-4, lengths around a block in pieces of all sizes against the
 * program sha256sum.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libs/sha256.h>

static void hex(const uint8_t *digest, char *text)
{
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
}

static const char *sum_of(const void *data, size_t n, size_t piece)
{
	static char text[2 * SHA256_SIZE + 1];
	uint8_t digest[SHA256_SIZE];
	struct sha256 s;

	sha256_init(&s);
	for (size_t at = 0; at < n; at += piece)
		sha256_update(&s, (const char *)data + at, n - at < piece ? n - at : piece);
	sha256_final(&s, digest);
	hex(digest, text);
	return text;
}

TEST(examples)
{
	static const char long_one[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char *a = malloc(1000000);

	CHECK_STR(sum_of("", 0, 1),
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STR(sum_of("abc", 3, 3),
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_STR(sum_of(long_one, strlen(long_one), 7),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(a, 'a', 1000000);
	CHECK_STR(sum_of(a, 1000000, 4096),
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}

TEST(against_sha256sum)
{
	char path[4096], command[4200], theirs[2 * SHA256_SIZE + 1];
	uint8_t data[300];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)unit_random();
	snprintf(path, sizeof(path), "%s/sha-%d", getenv("UNIT_DATA"), getpid());
	snprintf(command, sizeof(command), "sha256sum %s", path);
	for (size_t n = 50; n < sizeof(data); n += n < 140 ? 1 : 37) {
		FILE *f = fopen(path, "wb");

		REQUIRE(f && fwrite(data, 1, n, f) == n);
		fclose(f);
		f = popen(command, "r");
		REQUIRE(f && fread(theirs, 1, 2 * SHA256_SIZE, f) == 2 * SHA256_SIZE);
		theirs[2 * SHA256_SIZE] = '\0';
		pclose(f);
		for (size_t piece = 1; piece < 140; piece += 23)
			CHECK_STR(sum_of(data, n, piece), theirs);
	}
	unlink(path);
}
