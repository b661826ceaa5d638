/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256, a block of 64 bytes at a time. The schedule of 64 words is kept as the last 16 of them,
 * to be kind to the stack.
 */
#include <libs/sha256.h>

#include <libs/byteorder.h>
#include <libs/string.h>
#include <libs/util.h>

#define BLOCK 64

/* The first 32 bits behind the point of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The same of the square roots of the first 8. */
static const uint32_t first[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
	0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t v, unsigned by)
{
	return v >> by | v << (32 - by);
}

/* The next word of the schedule, in the place of the one 16 before it. */
static uint32_t extend(uint32_t *w, unsigned t)
{
	uint32_t early = w[(t + 1) % 16], late = w[(t + 14) % 16];
	uint32_t s0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
	uint32_t s1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;

	return w[t % 16] += s0 + w[(t + 9) % 16] + s1;
}

static void take_block(uint32_t *h, const uint8_t *block)
{
	uint32_t v[8], w[16];

	memcpy(v, h, sizeof(v));
	for (unsigned t = 0; t < 16; t++)
		w[t] = get_be32(block + 4 * t);
	for (unsigned t = 0; t < 64; t++) {
		uint32_t e = v[4], a = v[0];
		uint32_t t1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
			      ((e & v[5]) ^ (~e & v[6])) + k[t] + (t < 16 ? w[t] : extend(w, t));
		uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
			      ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += v[i];
}

void sha256_init(struct sha256 *s)
{
	memcpy(s->h, first, sizeof(s->h));
	s->bytes = 0;
}

void sha256_update(struct sha256 *s, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n) {
		size_t in = s->bytes % BLOCK, part = MIN(n, BLOCK - in);

		if (part == BLOCK) {
			take_block(s->h, p);
		} else {
			memcpy(s->block + in, p, part);
			if (in + part == BLOCK)
				take_block(s->h, s->block);
		}
		s->bytes += part;
		p += part;
		n -= part;
	}
}

void sha256_final(struct sha256 *s, uint8_t *digest)
{
	static const uint8_t padding[BLOCK] = { 0x80 };
	uint8_t bits[8];

	put_be64(bits, s->bytes * 8);
	sha256_update(s, padding, BLOCK - (s->bytes + sizeof(bits)) % BLOCK);
	sha256_update(s, bits, sizeof(bits));
	for (unsigned i = 0; i < 8; i++)
		put_be32(digest + 4 * i, s->h[i]);
}
