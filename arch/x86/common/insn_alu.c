/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic with flags, as volume 3 of the AMD64 manual has it. Pure functions.
 */
#include "insn.h"

#define CF BIT(0)
#define PF BIT(2)
#define AF BIT(4)
#define ZF BIT(6)
#define SF BIT(7)
#define OF BIT(11)
#define ARITHMETIC (CF | PF | AF | ZF | SF | OF)

static uint64_t mask_of(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}

static uint64_t sign_of(unsigned size)
{
	return BIT(8 * size - 1);
}

/* Zero, sign and parity of a result. */
static uint64_t result_flags(uint64_t r, unsigned size)
{
	uint64_t flags = r & sign_of(size) ? SF : 0;

	if (!r)
		flags |= ZF;
	if (!(__builtin_popcount((uint8_t)r) & 1))
		flags |= PF;
	return flags;
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t carry, unsigned size, uint64_t *flags)
{
	uint64_t r = (a + b + carry) & mask_of(size);
	uint64_t out = (a & b) | ((a | b) & ~r); /* carries out of each bit */

	*flags = (*flags & ~ARITHMETIC) | result_flags(r, size) | (out & sign_of(size) ? CF : 0) |
		 ((a ^ b ^ r) & AF) | ((a ^ r) & (b ^ r) & sign_of(size) ? OF : 0);
	return r;
}

static uint64_t sub(uint64_t a, uint64_t b, uint64_t borrow, unsigned size, uint64_t *flags)
{
	uint64_t r = (a - b - borrow) & mask_of(size);
	uint64_t out = (~a & b) | ((~a | b) & r);

	*flags = (*flags & ~ARITHMETIC) | result_flags(r, size) | (out & sign_of(size) ? CF : 0) |
		 ((a ^ b ^ r) & AF) | ((a ^ b) & (a ^ r) & sign_of(size) ? OF : 0);
	return r;
}

static uint64_t logic(uint64_t r, unsigned size, uint64_t *flags)
{
	*flags = (*flags & ~ARITHMETIC) | result_flags(r, size);
	return r;
}

static uint64_t set_carry(uint64_t flags, bool carry)
{
	return carry ? flags | CF : flags & ~CF;
}

static uint64_t set_overflow(uint64_t flags, bool overflow)
{
	return overflow ? flags | OF : flags & ~OF;
}

/* --- rotations and shifts ---------------------------------------------------------------- */

static uint64_t rotate(enum insn_op op, uint64_t a, unsigned count, unsigned size, uint64_t *flags)
{
	unsigned bits = 8 * size, n = count % bits;
	bool left = op == INSN_ROL;
	uint64_t r = a;

	if (!left)
		n = (bits - n) % bits;
	if (n)
		r = (a << n | a >> (bits - n)) & mask_of(size);
	*flags = set_carry(*flags, left ? r & 1 : r & sign_of(size));
	*flags = set_overflow(*flags, left ? !!(r & sign_of(size)) != (r & 1)
					   : !!(r & sign_of(size)) != !!(r & sign_of(size) >> 1));
	return r;
}

/* Through the carry: size + 1 bits go round. One at a time is fast enough for what is rare. */
static uint64_t rotate_carry(enum insn_op op, uint64_t a, unsigned count, unsigned size,
			     uint64_t *flags)
{
	uint64_t sign = sign_of(size);
	bool carry = *flags & CF, out;

	for (count %= 8 * size + 1; count; count--) {
		if (op == INSN_RCL) {
			out = a & sign;
			a = (a << 1 | carry) & mask_of(size);
		} else {
			out = a & 1;
			a = a >> 1 | (carry ? sign : 0);
		}
		carry = out;
	}
	*flags = set_carry(*flags, carry);
	*flags = set_overflow(*flags, op == INSN_RCL ? !!(a & sign) != carry
						     : !!(a & sign) != !!(a & sign >> 1));
	return a;
}

static uint64_t shift_right_signed(uint64_t a, unsigned count, unsigned size)
{
	unsigned up = 64 - 8 * size;

	return (uint64_t)((int64_t)(a << up) >> up >> MIN(count, 63u)) & mask_of(size);
}

static uint64_t shift(enum insn_op op, uint64_t a, unsigned count, unsigned size, uint64_t *flags)
{
	unsigned bits = 8 * size;
	bool carry, overflow = false;
	uint64_t r;

	if (op == INSN_SHL) {
		r = count < 64 ? a << count & mask_of(size) : 0;
		carry = count <= bits && a >> (bits - count) & 1;
		overflow = !!(r & sign_of(size)) != carry;
	} else if (op == INSN_SHR) {
		r = count < 64 ? a >> count : 0;
		carry = a >> (count - 1) & 1;
		overflow = a & sign_of(size);
	} else {
		r = shift_right_signed(a, count, size);
		carry = shift_right_signed(a, count - 1, size) & 1;
	}
	*flags = (*flags & ~ARITHMETIC) | result_flags(r, size);
	*flags = set_overflow(set_carry(*flags, carry), overflow);
	return r;
}

static uint64_t shift_or_rotate(enum insn_op op, uint64_t a, uint64_t b, unsigned size,
				uint64_t *flags)
{
	unsigned count = b & (size == 8 ? 63 : 31);

	if (!count)
		return a;
	if (op == INSN_ROL || op == INSN_ROR)
		return rotate(op, a, count, size, flags);
	if (op == INSN_RCL || op == INSN_RCR)
		return rotate_carry(op, a, count, size, flags);
	return shift(op, a, count, size, flags);
}

/* --- all --------------------------------------------------------------------------------- */

static uint64_t bit_test(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *flags)
{
	uint64_t bit = BIT(b & (8 * size - 1));

	*flags = set_carry(*flags, a & bit);
	return op == INSN_BT ? a : op == INSN_BTS ? a | bit : op == INSN_BTR ? a & ~bit : a ^ bit;
}

uint64_t insn_alu(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *flags)
{
	uint64_t carry = *flags & CF, r;

	a &= mask_of(size);
	b &= mask_of(size);
	switch (op) {
	case INSN_ADD:
		return add(a, b, 0, size, flags);
	case INSN_ADC:
		return add(a, b, carry, size, flags);
	case INSN_SUB:
		return sub(a, b, 0, size, flags);
	case INSN_SBB:
		return sub(a, b, carry, size, flags);
	case INSN_CMP:
		sub(a, b, 0, size, flags);
		return a;
	case INSN_AND:
		return logic(a & b, size, flags);
	case INSN_OR:
		return logic(a | b, size, flags);
	case INSN_XOR:
		return logic(a ^ b, size, flags);
	case INSN_TEST:
		logic(a & b, size, flags);
		return a;
	case INSN_NOT:
		return ~a & mask_of(size);
	case INSN_NEG:
		return sub(0, a, 0, size, flags);
	case INSN_INC:
		r = add(a, 1, 0, size, flags);
		*flags = (*flags & ~CF) | carry;
		return r;
	case INSN_DEC:
		r = sub(a, 1, 0, size, flags);
		*flags = (*flags & ~CF) | carry;
		return r;
	case INSN_BT:
	case INSN_BTS:
	case INSN_BTR:
	case INSN_BTC:
		return bit_test(op, a, b, size, flags);
	default:
		return shift_or_rotate(op, a, b, size, flags);
	}
}

bool insn_condition(unsigned cc, uint64_t flags)
{
	bool sign = flags & SF, overflow = flags & OF, yes;

	switch (cc >> 1 & 7) {
	case 0:
		yes = overflow;
		break;
	case 1:
		yes = flags & CF;
		break;
	case 2:
		yes = flags & ZF;
		break;
	case 3:
		yes = flags & (CF | ZF);
		break;
	case 4:
		yes = sign;
		break;
	case 5:
		yes = flags & PF;
		break;
	case 6:
		yes = sign != overflow;
		break;
	default:
		yes = flags & ZF || sign != overflow;
		break;
	}
	return yes != (cc & 1);
}
