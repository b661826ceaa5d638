/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The random number generator. Its state is one 256-bit key; output is the ChaCha20 stream (RFC
 * 8439 2.3) of a key that is used once: each request replaces the key first. A mutex guards the
 * key.
 */
#include <core/random.h>

#include <stdbool.h>
#include <stdint.h>
#include <arch/timer.h>
#include <core/dt.h>
#include <core/thread.h>
#include <libs/byteorder.h>
#include <libs/string.h>

#define KEY_WORDS      8
#define BLOCK_WORDS    16
#define JITTER_ROUNDS  512
#define JITTER_FEW     32 /* when the boot loader gave a seed */

static struct mutex lock = MUTEX_INIT(lock);
static uint32_t key[KEY_WORDS];
static bool seeded;

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

/** One block of the stream of k. */
static void block(const uint32_t *k, uint64_t counter, uint32_t *out)
{
	uint32_t in[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	unsigned i;

	memcpy(&in[4], k, KEY_WORDS * sizeof(*k));
	in[12] = (uint32_t)counter;
	in[13] = (uint32_t)(counter >> 32);
	memcpy(out, in, sizeof(in));
	for (i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (i = 0; i < BLOCK_WORDS; i++)
		out[i] += in[i];
}

/** Stir data in: xor into the key, then replace the key by a block of its own stream. */
static void absorb(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t out[BLOCK_WORDS];

	do {
		uint8_t part[KEY_WORDS * sizeof(*key)] = { 0 };
		size_t len = n < sizeof(part) ? n : sizeof(part), i;

		memcpy(part, p, len);
		for (i = 0; i < KEY_WORDS; i++)
			key[i] ^= get_le32(part + 4 * i);
		block(key, len, out);
		memcpy(key, out, sizeof(key));
		p += len;
		n -= len;
	} while (n);
}

/** @return bytes of seed found in /chosen */
static size_t absorb_chosen(void)
{
	static const char *const names[] = { "rng-seed", "kaslr-seed" };
	const struct dt_node *chosen = dt_find("/chosen");
	size_t found = 0;
	unsigned i;

	for (i = 0; chosen && i < ARRAY_SIZE(names); i++) {
		const struct dt_prop *prop = dt_prop(chosen, names[i]);

		if (!prop || !prop->len)
			continue;
		absorb(prop->data, prop->len);
		found += prop->len;
	}
	return found;
}

static void seed(void)
{
	unsigned rounds = absorb_chosen() >= sizeof(key) ? JITTER_FEW : JITTER_ROUNDS;
	uint64_t samples[4] = { (uintptr_t)&rounds };
	unsigned i;

	/*
	 * How long a block takes depends on caches, interrupts and memory: its low bits are noise.
	 */
	for (i = 0; i < rounds; i++) {
		samples[1 + i % 3] ^= arch_counter();
		absorb(samples, sizeof(samples));
	}
	seeded = true;
}

void random_add(const void *data, size_t n)
{
	mutex_lock(&lock);
	if (n)
		absorb(data, n);
	mutex_unlock(&lock);
}

void random_bytes(void *buf, size_t n)
{
	uint32_t out[BLOCK_WORDS], once[KEY_WORDS];
	uint64_t now = arch_counter(), counter = 0;
	uint8_t *p = buf;

	mutex_lock(&lock);
	if (!seeded)
		seed();
	key[0] ^= (uint32_t)now;
	block(key, 0, out);
	memcpy(key, out, sizeof(key));
	memcpy(once, out + KEY_WORDS, sizeof(once));
	mutex_unlock(&lock);
	while (n) {
		size_t len = n < sizeof(out) ? n : sizeof(out);

		block(once, counter++, out);
		memcpy(p, out, len);
		p += len;
		n -= len;
	}
}
