/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding loads and stores of AArch32: the A32 and the T32 instruction set (DDI 0487, F4.1 and
 * F3.1). Pure functions; T32 forms that are those of A32 with other bits in front are decoded as
 * such.
 */
#include "a32_decode.h"

#include <libs/bits.h>
#include <libs/string.h>
#include <libs/util.h>

/* Bits that A32 forms have in common. */
#define OP_P	   BIT32(24)
#define OP_U	   BIT32(23)
#define OP_W	   BIT32(21)
#define OP_L	   BIT32(20)
#define OP_RN(op)  ((op) >> 16 & 15)
#define OP_RT(op)  ((op) >> 12 & 15)
#define COND_NEVER 15 /* the unconditional instructions */
#define SP	   13
#define LR	   14

/** Address from base and an offset, by the bits that say how. */
struct form {
	bool pre, writeback;
	int32_t offset; /* or that of rm, by subtract */
};

static struct form form_of(uint32_t op, uint32_t offset)
{
	return (struct form){
		.pre = op & OP_P,
		.writeback = !(op & OP_P) || op & OP_W,
		.offset = op & OP_U ? (int32_t)offset : -(int32_t)offset,
	};
}

static void set_form(struct a32_access *a, const struct form *f)
{
	a->post = !f->pre;
	a->writeback = f->writeback;
	a->start = f->pre ? f->offset : 0;
	a->delta = f->offset;
}

/* One or two general registers; what the PC is good for in each of them. */
static bool general(struct a32_access *a, unsigned rt, unsigned rt2)
{
	a->rt = (uint8_t)rt;
	a->rt2 = (uint8_t)rt2;
	a->count = rt2 == A32_NO_REG ? 1 : 2;
	if (a->rn == A32_PC && a->writeback)
		return false;
	if (a->count == 2)
		return rt != A32_PC && rt2 != A32_PC;
	return rt != A32_PC || a->size == 4;
}

/* --- A32 ---------------------------------------------------------------------------------- */

/* LDR, STR, LDRB, STRB and their unprivileged forms. */
static bool word_or_byte(uint32_t op, struct a32_access *a)
{
	bool by_register = op & BIT32(25);
	struct form form = form_of(op, by_register ? 0 : op & 0xfff);

	if (by_register && op & BIT32(4))
		return false; /* media instructions */
	a->load = op & OP_L;
	a->size = op & BIT32(22) ? 1 : 4;
	a->rn = OP_RN(op);
	set_form(a, &form);
	if (by_register) {
		a->rm = op & 15;
		a->shift_type = op >> 5 & 3;
		a->shift = op >> 7 & 31;
		a->subtract = !(op & OP_U);
		if (a->rm == A32_PC)
			return false;
	}
	return general(a, OP_RT(op), A32_NO_REG);
}

/* Halfwords, signed bytes, two registers. */
static bool extra(uint32_t op, struct a32_access *a)
{
	bool immediate = op & BIT32(22);
	struct form form = form_of(op, immediate ? (op >> 4 & 0xf0) | (op & 15) : 0);
	unsigned kind = op >> 5 & 3, rt = OP_RT(op);
	bool two = !(op & OP_L) && kind >= 2;

	if (!kind)
		return false; /* exclusives, swaps, multiplications */
	a->load = two ? kind == 2 : !!(op & OP_L);
	a->size = two ? 4 : kind == 2 ? 1 : 2;
	a->sign = !two && kind >= 2;
	a->rn = OP_RN(op);
	set_form(a, &form);
	if (!immediate) {
		a->rm = op & 15;
		a->subtract = !(op & OP_U);
		if (a->rm == A32_PC)
			return false;
	}
	if (two && (rt & 1 || (!(op & OP_P) && op & OP_W)))
		return false;
	return general(a, rt, two ? rt + 1 : A32_NO_REG);
}

/* LDM and STM: from, and to, addresses that say P and U. */
static bool multiple(uint32_t op, struct a32_access *a)
{
	int32_t bytes = 4 * (int32_t)popcount32(op & 0xffff);
	bool up = op & OP_U, before = op & OP_P;

	a->load = op & OP_L;
	a->size = 4;
	a->rn = OP_RN(op);
	a->list = (uint16_t)op;
	a->count = (uint8_t)(bytes / 4);
	a->writeback = op & OP_W;
	a->start = (up ? 0 : -bytes) + (before == up ? 4 : 0);
	a->delta = up ? bytes : -bytes;
	a->user = op & BIT32(22);
	/* With the PC loaded it would be the return from an exception. */
	if (a->user && (a->writeback || (a->load && a->list & BIT32(A32_PC))))
		return false;
	return a->count && a->rn != A32_PC;
}

/* VLDR, VSTR, VLDM, VSTM. */
static bool floating(uint32_t op, struct a32_access *a)
{
	bool dword = (op >> 8 & 0xf) == 0xb, single = op & OP_P && !(op & OP_W);
	unsigned vd = OP_RT(op), d = op >> 22 & 1, imm = op & 0xff, count;
	struct form form = form_of(op, imm * 4);

	if (!dword && (op >> 8 & 0xf) != 0xa)
		return false;
	if (!(op & OP_P) && !(op & OP_U))
		return false; /* two registers between the register files */
	if (op & OP_P && op & OP_U && op & OP_W)
		return false;
	a->load = op & OP_L;
	a->fp = true;
	a->dword = dword;
	a->size = 4;
	a->rn = OP_RN(op);
	a->rt = (uint8_t)(dword ? (d << 4 | vd) * 2 : vd << 1 | d);
	a->post = !single;
	a->writeback = op & OP_W;
	a->delta = form.offset;
	a->start = single || !(op & OP_U) ? form.offset : 0;
	if (a->rn == A32_PC && !single)
		return false;
	/* Words; an odd one of double words is only in the addresses (FLDMX, FSTMX). */
	count = single ? (dword ? 2 : 1) : dword ? imm & ~1U : imm;
	a->count = (uint8_t)count;
	return count && count <= 32 && a->rt + count <= (dword ? 64U : 32U);
}

static void begin(struct a32_access *a, unsigned length)
{
	memset(a, 0, sizeof(*a));
	a->length = (uint8_t)length;
	a->rm = A32_NO_REG;
}

bool a32_decode(uint32_t op, struct a32_access *a)
{
	begin(a, 4);
	if (op >> 28 == COND_NEVER)
		return false;
	switch (op >> 25 & 7) {
	case 0:
		return (op & 0x90) == 0x90 && extra(op, a);
	case 2:
	case 3:
		return word_or_byte(op, a);
	case 4:
		return multiple(op, a);
	case 6:
		return floating(op, a);
	}
	return false;
}

/* --- coprocessor registers ---------------------------------------------------------------- */

/* ESR_ELx: EC of CP15 or CP14, IL, CV and COND */
#define ESR_OF(ec)	((ec) << 26 | BIT32(25))
#define ESR_COND(cond)	(BIT32(24) | (cond) << 20)
enum { CP15_32 = 3U, CP15_64 = 4U, CP14_32 = 5U, CP14_64 = 12U };

uint32_t a32_cp_syndrome(uint32_t op, bool thumb)
{
	uint32_t cond = op >> 28, cp = op >> 8 & 15, esr = thumb ? 0 : ESR_COND(cond);

	/* Of T32 the bits of the condition are those of "always". */
	if (cond == COND_NEVER || (thumb && cond != 14) || cp < 14)
		return 0;
	esr |= OP_RT(op) << 5 | (op & 15) << 1 | (op >> 20 & 1);
	if ((op & 0x0f000010) == 0x0e000010) /* one register; opc2, opc1, CRn */
		return esr | ESR_OF(cp == 15 ? CP15_32 : CP14_32) | (op >> 5 & 7) << 17 |
		       (op >> 21 & 7) << 14 | (op >> 16 & 15) << 10;
	if ((op & 0x0fe00000) == 0x0c400000) /* two: opc1, Rt2 */
		return esr | ESR_OF(cp == 15 ? CP15_64 : CP14_64) | (op >> 4 & 15) << 16 |
		       (op >> 16 & 15) << 10;
	return 0;
}

/* --- T32, short instructions -------------------------------------------------------------- */

/* One register at a base without write-back. */
static bool plain(struct a32_access *a, unsigned rt, unsigned rn, int32_t offset)
{
	a->rn = (uint8_t)rn;
	a->start = a->delta = offset;
	return general(a, rt, A32_NO_REG);
}

static bool short_by_register(uint16_t op, struct a32_access *a)
{
	static const struct {
		uint8_t size;
		bool load, sign;
	} kinds[] = {
		{ 4, false, false }, { 2, false, false }, { 1, false, false }, { 1, true, true },
		{ 4, true, false },  { 2, true, false },  { 1, true, false },  { 2, true, true },
	};
	unsigned kind = op >> 9 & 7;

	a->size = kinds[kind].size;
	a->load = kinds[kind].load;
	a->sign = kinds[kind].sign;
	a->rm = op >> 6 & 7;
	return plain(a, op & 7, op >> 3 & 7, 0);
}

/* The form of A32 with the same meaning: condition "always". */
static bool as_multiple(struct a32_access *a, uint32_t bits, unsigned rn, uint32_t list)
{
	return multiple(bits | rn << 16 | list, a);
}

static bool decode_short(uint16_t op, struct a32_access *a)
{
	unsigned low = op & 7, mid = op >> 3 & 7, high = op >> 8 & 7, imm5 = op >> 6 & 31;
	uint32_t load = op & BIT32(11) ? OP_L : 0;

	a->load = load;
	switch (op >> 12) {
	case 4: /* literal */
		a->size = 4;
		return op >> 11 == 9 && plain(a, high, A32_PC, (op & 0xff) * 4);
	case 5:
		return short_by_register(op, a);
	case 6:
		a->size = 4;
		return plain(a, low, mid, (int32_t)imm5 * 4);
	case 7:
		a->size = 1;
		return plain(a, low, mid, (int32_t)imm5);
	case 8:
		a->size = 2;
		return plain(a, low, mid, (int32_t)imm5 * 2);
	case 9:
		a->size = 4;
		return plain(a, high, SP, (op & 0xff) * 4);
	case 11: /* PUSH, POP */
		if ((op & 0x0600) != 0x0400)
			return false;
		return as_multiple(a, OP_W | (load ? OP_L | OP_U : OP_P), SP,
				   (op & 0xff) | (op & 0x100 ? BIT32(load ? A32_PC : LR) : 0));
	case 12: /* a base that is loaded is not written back */
		return as_multiple(a, OP_U | load | (load && op >> high & 1 ? 0 : OP_W), high,
				   op & 0xff);
	}
	return false;
}

/* --- T32, wide instructions --------------------------------------------------------------- */

static bool wide_multiple(uint32_t op, struct a32_access *a)
{
	unsigned mode = op >> 23 & 3, list = op & 0xffff;
	uint32_t bits = op & (OP_W | OP_L);

	if (mode == 0 || mode == 3)
		return false; /* exception return, and what saves for it */
	if (list & BIT32(SP) || (list & (list - 1)) == 0 ||
	    (list & BIT32(A32_PC) && (!(op & OP_L) || list & BIT32(LR))))
		return false;
	return as_multiple(a, bits | (mode == 1 ? OP_U : OP_P), OP_RN(op), list);
}

/* LDRD and STRD; others of this space are exclusive, ordered, or branches by table. */
static bool wide_two(uint32_t op, struct a32_access *a)
{
	struct form form = form_of(op, (op & 0xff) * 4);

	if (!(op & (OP_P | OP_W)))
		return false;
	form.writeback = op & OP_W;
	a->load = op & OP_L;
	a->size = 4;
	a->rn = OP_RN(op);
	set_form(a, &form);
	if (a->rn == A32_PC && !a->load)
		return false;
	return general(a, OP_RT(op), op >> 8 & 15);
}

static bool wide_single(uint32_t op, struct a32_access *a)
{
	unsigned rt = OP_RT(op), rn = OP_RN(op), log2 = op >> 21 & 3;
	struct form form;

	a->load = op & OP_L;
	a->sign = op & BIT32(24);
	a->size = (uint8_t)(1U << log2);
	if (log2 == 3 || (a->sign && (!a->load || log2 == 2)))
		return false;
	if (rt == A32_PC && (!a->load || log2 != 2))
		return false; /* a hint, or undefined */
	if (rn == A32_PC)
		return a->load && plain(a, rt, rn, op & OP_U ? (int32_t)(op & 0xfff) :
							       -(int32_t)(op & 0xfff));
	if (op & OP_U) /* 12 bits, never negative */
		return plain(a, rt, rn, (int32_t)(op & 0xfff));
	if (!(op & 0xfc0)) {
		a->rm = op & 15;
		a->shift = op >> 4 & 3;
		return a->rm != A32_PC && a->rm != SP && plain(a, rt, rn, 0);
	}
	/* 8 bits, with P, U and W at 10, 9 and 8. */
	if (!(op & BIT32(11)) || !(op & (BIT32(10) | BIT32(8))))
		return false;
	form = form_of((op & 0x600) << 14, op & 0xff);
	form.writeback = op & BIT32(8);
	a->rn = (uint8_t)rn;
	set_form(a, &form);
	return general(a, rt, A32_NO_REG);
}

bool t32_decode(uint16_t first, uint16_t second, struct a32_access *a)
{
	uint32_t op = (uint32_t)first << 16 | second;

	begin(a, t32_is_wide(first) ? 4 : 2);
	if (!t32_is_wide(first))
		return decode_short(first, a);
	if (first >> 9 == 0x74)
		return first & 0x40 ? wide_two(op, a) : wide_multiple(op, a);
	if (first >> 9 == 0x7c)
		return wide_single(op, a);
	if (first >> 9 == 0x76)
		return floating(op, a);
	return false;
}

/* --- registers ---------------------------------------------------------------------------- */

unsigned a32_access_reg(const struct a32_access *a, unsigned piece)
{
	uint32_t list = a->list;

	if (a->fp)
		return a->rt + piece;
	if (!list)
		return piece ? a->rt2 : a->rt;
	while (piece--)
		list &= list - 1;
	return ctz32(list);
}

void a32_access_index(struct a32_access *a, uint32_t rm, bool carry)
{
	uint32_t v = rm, n = a->shift;

	switch (a->shift_type) {
	case 0:
		v = rm << n;
		break;
	case 1:
		v = n ? rm >> n : 0;
		break;
	case 2:
		v = (uint32_t)((int32_t)rm >> (n ? n : 31));
		break;
	case 3:
		v = n ? rm >> n | rm << (32 - n) : (uint32_t)carry << 31 | rm >> 1;
		break;
	}
	if (a->subtract)
		v = -v;
	a->delta = (int32_t)v;
	a->start = a->post ? 0 : (int32_t)v;
}
