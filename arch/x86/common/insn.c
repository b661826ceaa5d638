/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding: prefixes, opcode, ModRM, SIB, displacement and immediates, by a table of what each
 * opcode is followed by. What it means is in insn_class.c. No data, no lock.
 */
#include "insn.h"

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

/* What follows an opcode: low bits the immediate, and */
#define M 0x80 /* ModRM */
#define U 0x40 /* undefined */
#define X 0x20 /* undefined in 64-bit code */
enum {
	NOTHING,
	IMM8,
	IMM16,
	IMMZ,	/* operand size, at most 4 */
	IMMV,	/* operand size */
	MOFFS,	/* address size */
	FAR,	/* offset and selector */
	ENTER,	/* 2 and 1 */
	GROUP3, /* IMMZ or IMM8 for /0 and /1 */
	RELZ,	/* as IMMZ */
};

#define R4(a) a, a, a, a
#define R8(a) R4(a), R4(a)
#define ALU   M, M, M, M, IMM8, IMMZ

static const uint8_t one_byte[256] = {
	/* 00 */ ALU, X, X, ALU, X, U,
	/* 10 */ ALU, X, X, ALU, X, X,
	/* 20 */ ALU, U, X, ALU, U, X,
	/* 30 */ ALU, U, X, ALU, U, X,
	/* 40 */ R8(0), R8(0),
	/* 50 */ R8(0), R8(0),
	/* 60 */ X, X, M | X, M, U, U, U, U, IMMZ, M | IMMZ, IMM8, M | IMM8, 0, 0, 0, 0,
	/* 70 */ R8(IMM8), R8(IMM8),
	/* 80 */ M | IMM8, M | IMMZ, M | X | IMM8, M | IMM8, R4(M), R8(M),
	/* 90 */ R8(0), 0, 0, X | FAR, 0, R4(0),
	/* a0 */ R4(MOFFS), R4(0), IMM8, IMMZ, 0, 0, R4(0),
	/* b0 */ R8(IMM8), R8(IMMV),
	/* c0 */ M | IMM8, M | IMM8, IMM16, 0, M | X, M | X, M | IMM8, M | IMMZ,
	/* c8 */ ENTER, 0, IMM16, 0, 0, IMM8, X, 0,
	/* d0 */ R4(M), X | IMM8, X | IMM8, X, 0, R8(M),
	/* e0 */ R8(IMM8), RELZ, RELZ, X | FAR, IMM8, R4(0),
	/* f0 */ U, 0, U, U, 0, 0, M | GROUP3, M | GROUP3, R4(0), 0, 0, M, M,
};

static const uint8_t two_bytes[256] = {
	/* 00 */ M, M, M, M, U, 0, 0, 0, 0, 0, U, 0, U, M, 0, M | IMM8,
	/* 10 */ R8(M), R8(M),
	/* 20 */ R4(M), R4(U), R8(M),
	/* 30 */ R4(0), 0, 0, U, 0, U, U, U, U, R4(U),
	/* 40 */ R8(M), R8(M),
	/* 50 */ R8(M), R8(M),
	/* 60 */ R8(M), R8(M),
	/* 70 */ R4(M | IMM8), M, M, M, 0, M, M, U, U, R4(M),
	/* 80 */ R8(RELZ), R8(RELZ),
	/* 90 */ R8(M), R8(M),
	/* a0 */ 0, 0, 0, M, M | IMM8, M, M, M, 0, 0, 0, M, M | IMM8, M, M, M,
	/* b0 */ R8(M), M, M, M | IMM8, M, R4(M),
	/* c0 */ M, M, M | IMM8, M, M | IMM8, M | IMM8, M | IMM8, M, R8(0),
	/* d0 */ R8(M), R8(M),
	/* e0 */ R8(M), R8(M),
	/* f0 */ R8(M), R8(M),
};

#undef M
#undef U
#undef X
#define MODRM	 0x80
#define UNDEF	 0x40
#define UNDEF_64 0x20
#define IMM(a)	 ((a) & 0x1f)

/* Bytes that are left; one instruction does not reach beyond INSN_MAX. */
struct reader {
	const uint8_t *p;
	size_t at, n;
	int err;
};

static uint8_t next(struct reader *r)
{
	if (r->at < r->n)
		return r->p[r->at++];
	if (!r->err)
		r->err = r->at >= INSN_MAX ? -EINVAL : -EAGAIN;
	return 0;
}

/* Little-endian, sign-extended. */
static int64_t next_signed(struct reader *r, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)next(r) << 8 * i;
	return (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
}

/* --- prefixes ---------------------------------------------------------------------------- */

static bool set_segment(struct insn *insn, uint8_t seg)
{
	/* 64-bit code has two only; the others' prefixes do nothing there. */
	if (insn->mode != INSN_64 || seg >= INSN_FS)
		insn->seg = seg;
	return true;
}

/** @return whether it is a prefix */
static bool legacy_prefix(struct insn *insn, uint8_t byte, bool *addrsize)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		return set_segment(insn, byte >> 3 & 3);
	case 0x64:
	case 0x65:
		return set_segment(insn, byte & 7);
	case 0x66:
		insn->opsize = true;
		return true;
	case 0x67:
		*addrsize = true;
		return true;
	case 0xf0:
		insn->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		/* The last one counts. */
		insn->repne = byte == 0xf2;
		insn->rep = byte == 0xf3;
		return true;
	}
	return false;
}

/** @return the first byte that is no prefix */
static uint8_t read_prefixes(struct reader *r, struct insn *insn)
{
	bool addrsize = false;
	uint8_t byte;

	for (;;) {
		byte = next(r);
		if (r->err)
			return 0;
		if (insn->mode == INSN_64 && (byte & 0xf0) == 0x40)
			insn->rex = byte;
		else if (legacy_prefix(insn, byte, &addrsize))
			insn->rex = 0; /* counts only directly in front of the opcode */
		else
			break;
	}
	insn->addr_size = insn->mode == INSN_64	       ? (addrsize ? 4 : 8)
			  : (insn->mode == INSN_32) ^ addrsize ? 4
							       : 2;
	insn->pp = insn->repne ? 3 : insn->rep ? 2 : insn->opsize;
	return byte;
}

static void set_op_size(struct insn *insn)
{
	if (insn->rex & 8)
		insn->op_size = 8;
	else if (insn->mode == INSN_16)
		insn->op_size = insn->opsize ? 4 : 2;
	else
		insn->op_size = insn->opsize ? 2 : 4;
}

/* --- opcodes ----------------------------------------------------------------------------- */

#define MAP_XOP 8 /* 8, 9, 10 */

/* VEX, XOP and EVEX allow no other prefix that they stand for. */
static bool vex_allowed(const struct insn *insn)
{
	return !insn->opsize && !insn->rep && !insn->repne && !insn->lock && !insn->rex;
}

/* REX as the inverted bits R, X, B in bits 7 to 5 say; W is set apart. */
static uint8_t inverted_rex(const struct insn *insn, uint8_t byte)
{
	uint8_t rex = (uint8_t)(~byte >> 5 & 7);

	return insn->mode == INSN_64 ? 0x40 | rex : 0x40;
}

static uint8_t read_vex(struct reader *r, struct insn *insn, uint8_t first)
{
	uint8_t p0 = next(r), p1;

	insn->vex = true;
	if (first == 0xc5) {
		insn->map = 1;
		insn->rex = inverted_rex(insn, p0 | 0x60);
		insn->pp = p0 & 3;
		return next(r);
	}
	p1 = next(r);
	if (first == 0x62)
		next(r);
	insn->rex = inverted_rex(insn, p0) | (p1 >> 7 & 1) << 3;
	insn->pp = p1 & 3;
	insn->map = p0 & (first == 0x62 ? 7 : 31);
	return next(r);
}

/* Is what looks like LES, LDS, BOUND or POP a prefix of vector instructions? */
static bool starts_vex(const struct reader *r, const struct insn *insn, uint8_t byte)
{
	if (r->at >= r->n)
		return false;
	if (byte == 0x8f)
		return (r->p[r->at] & 31) >= MAP_XOP;
	return insn->mode == INSN_64 || r->p[r->at] >= 0xc0;
}

/* @return what follows an opcode of VEX, XOP or EVEX */
static uint8_t vex_follows(const struct insn *insn, uint8_t first)
{
	if (first == 0x8f) {
		if (insn->map == MAP_XOP)
			return MODRM | IMM8;
		return insn->map == MAP_XOP + 1	  ? MODRM
		       : insn->map == MAP_XOP + 2 ? MODRM | IMMV
						  : UNDEF;
	}
	switch (insn->map) {
	case 1:
		if (insn->opcode == 0x77 && first != 0x62)
			return NOTHING;
		return MODRM | (IMM(two_bytes[insn->opcode]) == IMM8 ? IMM8 : NOTHING);
	case 2:
		return MODRM;
	case 3:
		return MODRM | IMM8;
	case 5:
	case 6:
		return first == 0x62 ? MODRM : UNDEF;
	}
	return UNDEF;
}

/** Read the opcode's bytes. @return what follows */
static uint8_t read_opcode(struct reader *r, struct insn *insn)
{
	uint8_t byte = read_prefixes(r, insn), follows;

	if ((byte == 0xc4 || byte == 0xc5 || byte == 0x62 || byte == 0x8f) && r->at >= r->n) {
		next(r); /* it depends on the next byte */
		return UNDEF;
	}
	if ((byte == 0xc4 || byte == 0xc5 || byte == 0x62 || byte == 0x8f) &&
	    starts_vex(r, insn, byte)) {
		if (!vex_allowed(insn))
			return UNDEF;
		insn->opcode = read_vex(r, insn, byte);
		set_op_size(insn);
		follows = vex_follows(insn, byte);
		if (byte == 0x8f || byte == 0x62)
			insn->map += 16; /* the length is all that is wanted of them */
		return follows;
	}
	set_op_size(insn);
	if (byte != 0x0f) {
		insn->opcode = byte;
		follows = one_byte[byte];
		/* Jumps and the like have no 4-byte form in 64-bit code. */
		return follows & UNDEF_64 && insn->mode == INSN_64 ? UNDEF : follows;
	}
	byte = next(r);
	if (byte == 0x38 || byte == 0x3a) {
		insn->map = byte == 0x38 ? 2 : 3;
		insn->opcode = next(r);
		return byte == 0x38 ? MODRM : MODRM | IMM8;
	}
	insn->map = 1;
	insn->opcode = byte;
	/* EXTRQ and INSERTQ have two. */
	if (byte == 0x78 && (insn->opsize || insn->repne))
		return MODRM | IMM16;
	if (byte == 0x78 || byte == 0x79)
		return MODRM;
	if (byte == 0xb8 && !insn->rep)
		return UNDEF;
	return two_bytes[byte];
}

/* --- operands ---------------------------------------------------------------------------- */

/* 16-bit addresses: BX or BP and SI or DI. */
static void read_mem16(struct reader *r, struct insn *insn)
{
	static const uint8_t bases[] = { 3, 3, 5, 5, 6, 7, 5, 3 };
	static const uint8_t indices[] = { 6, 7, 6, 7, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG,
					   INSN_NO_REG };
	unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;

	insn->base = bases[rm];
	insn->index = indices[rm];
	if (mod == 0 && rm == 6) {
		insn->base = INSN_NO_REG;
		insn->disp = next_signed(r, 2);
	} else if (mod) {
		insn->disp = next_signed(r, mod);
	}
}

static void read_sib(struct reader *r, struct insn *insn)
{
	uint8_t sib = next(r);

	insn->base = (sib & 7) | (insn->rex & 1) << 3;
	insn->index = (sib >> 3 & 7) | (insn->rex & 2) << 2;
	insn->scale = sib >> 6;
	if (insn->index == 4)
		insn->index = INSN_NO_REG;
	if ((sib & 7) == 5 && insn->modrm < 0x40) {
		insn->base = INSN_NO_REG;
		insn->disp = next_signed(r, 4);
	}
}

static void read_mem(struct reader *r, struct insn *insn)
{
	unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;

	if (insn->addr_size == 2) {
		read_mem16(r, insn);
		return;
	}
	if (rm == 4) {
		read_sib(r, insn);
	} else if (mod == 0 && rm == 5) {
		insn->base = insn->mode == INSN_64 ? INSN_RIP : INSN_NO_REG;
		insn->disp = next_signed(r, 4);
	} else {
		insn->base = rm | (insn->rex & 1) << 3;
	}
	if (mod)
		insn->disp = next_signed(r, mod == 1 ? 1 : 4);
}

static void read_modrm(struct reader *r, struct insn *insn)
{
	bool moves_cr = insn->map == 1 && !insn->vex && insn->opcode >= 0x20 &&
			insn->opcode <= 0x23;

	insn->modrm = next(r);
	insn->has_modrm = true;
	insn->reg = (insn->modrm >> 3 & 7) | (insn->rex & 4) << 1;
	insn->rm = (insn->modrm & 7) | (insn->rex & 1) << 3;
	insn->mem = insn->modrm < 0xc0 && !moves_cr; /* control registers: mod has no meaning */
	if (insn->mem)
		read_mem(r, insn);
}

static void read_imm(struct reader *r, struct insn *insn, unsigned kind)
{
	switch (kind) {
	case IMM8:
		insn->imm = (uint64_t)next_signed(r, 1);
		break;
	case IMM16:
		insn->imm = (uint64_t)next_signed(r, 2);
		break;
	case GROUP3:
		if (insn->modrm & 0x30)
			break;
		insn->imm = (uint64_t)next_signed(
			r, insn->opcode & 1 ? MIN_T(unsigned, insn->op_size, 4) : 1);
		insn->has_imm = true;
		break;
	case IMMZ:
	case RELZ:
		insn->imm = (uint64_t)next_signed(r, MIN_T(unsigned, insn->op_size, 4));
		break;
	case IMMV:
		insn->imm = (uint64_t)next_signed(r, insn->map ? 4 : insn->op_size);
		break;
	case MOFFS:
		insn->disp = next_signed(r, insn->addr_size);
		insn->mem = true;
		break;
	case FAR:
		next_signed(r, insn->op_size);
		next_signed(r, 2);
		break;
	case ENTER:
		next_signed(r, 2);
		next_signed(r, 1);
		break;
	}
}

int insn_decode(const uint8_t *bytes, size_t n, enum insn_mode mode, struct insn *out)
{
	struct reader r = { .p = bytes, .n = MIN_T(size_t, n, INSN_MAX) };
	uint8_t follows;

	memset(out, 0, sizeof(*out));
	out->mode = (uint8_t)mode;
	out->base = INSN_NO_REG;
	out->index = INSN_NO_REG;
	out->seg = INSN_NO_REG;
	follows = read_opcode(&r, out);
	if (r.err)
		return r.err;
	if (follows & UNDEF)
		return -EINVAL;
	if (follows & MODRM)
		read_modrm(&r, out);
	read_imm(&r, out, IMM(follows));
	if (r.err)
		return r.err;
	out->len = (uint8_t)r.at;
	/* An address of 4 bytes or less is relative to nothing else than a segment. */
	if (out->seg == INSN_NO_REG) {
		bool stack = out->addr_size == 2 ? out->base == 5
						 : out->base == 4 || out->base == 5;

		out->seg = out->mem && out->has_modrm && stack ? INSN_SS : INSN_DS;
	}
	insn_classify(out);
	return 0;
}

int insn_cached(struct insn_cache *cache, uint64_t rip, const uint8_t bytes[16], size_t n,
		enum insn_mode mode, const struct insn **out)
{
	unsigned i = (unsigned)(rip ^ rip >> 4 ^ rip >> 9) % INSN_CACHE;
	struct insn *insn = &cache->at[i].insn;
	uint64_t a[2], b[2], first, second;
	int err;

	*out = insn;
	if (likely(insn->len && insn->mode == mode && insn->len <= n)) {
		/* Compared as two words, without what is behind the instruction. */
		memcpy(a, bytes, 16);
		memcpy(b, cache->at[i].bytes, 16);
		first = insn->len >= 8 ? ~0ull : ~0ull >> (64 - 8 * insn->len);
		second = insn->len <= 8 ? 0 : ~0ull >> (128 - 8 * insn->len);
		if (!((a[0] ^ b[0]) & first) && !((a[1] ^ b[1]) & second))
			return 0;
	}
	err = insn_decode(bytes, n, mode, insn);
	if (err) {
		insn->len = 0;
		return err;
	}
	memset(cache->at[i].bytes, 0, sizeof(cache->at[i].bytes));
	memcpy(cache->at[i].bytes, bytes, insn->len);
	return 0;
}
