/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each operation does with its operands. A function that cannot go on returns at once and is
 * called again from its beginning, so registers change in its last lines only. No data, no lock.
 */
#include "insn_priv.h"

#include <libs/string.h>

#define DE 0
#define FLAG_CF BIT(0)
#define FLAG_ZF BIT(6)
#define FLAG_DF BIT(10)
#define FLAG_OF BIT(11)
/* Elements of a string that are done before interrupts get their chance. */
#define STRING_MAX 64

#define TRY(call)                                                                                  \
	do {                                                                                       \
		enum insn_step step_ = (call);                                                     \
		if (step_ != INSN_DONE)                                                            \
			return step_;                                                              \
	} while (0)

/* --- operands ---------------------------------------------------------------------------- */

/* The operand of ModRM: memory or register. */
static enum insn_step read_rm(struct exec *x, uint64_t *value)
{
	const struct insn *insn = x->insn;

	*value = 0;
	if (!insn->mem) {
		*value = exec_reg(x, insn->rm, insn->rm_high, insn->size);
		return INSN_DONE;
	}
	return exec_mem(x, insn->seg, exec_offset(x), value, insn->size, false);
}

static enum insn_step write_rm(struct exec *x, uint64_t value)
{
	const struct insn *insn = x->insn;

	if (!insn->mem) {
		exec_set_reg(x, insn->rm, insn->rm_high, insn->size, value);
		return INSN_DONE;
	}
	return exec_mem(x, insn->seg, exec_offset(x), &value, insn->size, true);
}

static uint64_t get_reg(const struct exec *x)
{
	return exec_reg(x, x->insn->reg, x->insn->high_byte, x->insn->size);
}

static void set_reg(struct exec *x, uint64_t value)
{
	exec_set_reg(x, x->insn->reg, x->insn->high_byte, x->insn->dst_size, value);
}

/* Operand 2 of what has memory first: immediate or register. */
static uint64_t source(const struct exec *x)
{
	return x->insn->has_imm ? x->insn->imm : get_reg(x);
}

/* --- moves and arithmetic ---------------------------------------------------------------- */

static uint64_t sign_extend(uint64_t v, unsigned size)
{
	return (uint64_t)((int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size));
}

static uint64_t swap_bytes(uint64_t v, unsigned size)
{
	return __builtin_bswap64(v) >> (64 - 8 * size);
}

static enum insn_step op_mov(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t v;

	if (insn->mem_is_dst) {
		v = source(x);
		return write_rm(x, insn->op == INSN_MOVBE ? swap_bytes(v, insn->size) : v);
	}
	TRY(read_rm(x, &v));
	if (insn->op == INSN_MOVSX)
		v = sign_extend(v, insn->size);
	else if (insn->op == INSN_MOVBE)
		v = swap_bytes(v, insn->size);
	set_reg(x, v);
	return INSN_DONE;
}

static bool is_shift(enum insn_op op)
{
	return op >= INSN_ROL && op <= INSN_SAR;
}

static enum insn_step op_alu(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t flags = x->cpu->rflags, a, b;

	TRY(read_rm(x, &a));
	if (is_shift(insn->op))
		b = insn->has_imm ? insn->imm : exec_reg(x, RCX, false, 1);
	else if (insn->has_reg && !insn->mem_is_dst && insn->op != INSN_CMP &&
		 insn->op != INSN_TEST && insn->op != INSN_BT) {
		/* The register is operand 1. */
		a = insn_alu(insn->op, get_reg(x), a, insn->size, &flags);
		set_reg(x, a);
		x->cpu->rflags = flags;
		return INSN_DONE;
	} else {
		b = insn->has_imm ? insn->imm : insn->has_reg ? get_reg(x) : 0;
	}
	if (insn->op == INSN_CMP && insn->has_reg && insn->opcode & 2)
		insn_alu(INSN_CMP, b, a, insn->size, &flags);
	else
		a = insn_alu(insn->op, a, b, insn->size, &flags);
	if (insn->mem_is_dst)
		TRY(write_rm(x, a));
	x->cpu->rflags = flags;
	return INSN_DONE;
}

/* With its bit's number in a register, the bit may be far from the operand. */
static enum insn_step op_bit(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t flags = x->cpu->rflags, at, a = 0, bit;

	if (insn->has_imm || !insn->mem)
		return op_alu(x);
	bit = sign_extend(get_reg(x), insn->size);
	at = (exec_offset(x) +
	      (uint64_t)((int64_t)bit >> (insn->size == 8 ? 6 : insn->size == 4 ? 5 : 4)) *
		      insn->size) & exec_mask(insn->addr_size);
	TRY(exec_mem(x, insn->seg, at, &a, insn->size, false));
	a = insn_alu(insn->op, a, bit, insn->size, &flags);
	if (insn->mem_is_dst)
		TRY(exec_mem(x, insn->seg, at, &a, insn->size, true));
	x->cpu->rflags = flags;
	return INSN_DONE;
}

static enum insn_step op_exchange(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t flags = x->cpu->rflags, a, b = get_reg(x), acc, put;

	TRY(read_rm(x, &a));
	switch (insn->op) {
	case INSN_XCHG:
		TRY(write_rm(x, b));
		set_reg(x, a);
		return INSN_DONE;
	case INSN_XADD:
		put = insn_alu(INSN_ADD, a, b, insn->size, &flags);
		if (insn->mem)
			TRY(write_rm(x, put));
		set_reg(x, a);
		if (!insn->mem)
			TRY(write_rm(x, put));
		break;
	default: /* CMPXCHG: the operand is written in any case */
		acc = exec_reg(x, RAX, false, insn->size);
		insn_alu(INSN_CMP, acc, a, insn->size, &flags);
		if (flags & FLAG_ZF || insn->mem)
			TRY(write_rm(x, flags & FLAG_ZF ? b : a));
		if (!(flags & FLAG_ZF))
			exec_set_reg(x, RAX, false, insn->size, a);
		break;
	}
	x->cpu->rflags = flags;
	return INSN_DONE;
}

static enum insn_step op_cmpxchg8(struct exec *x)
{
	unsigned size = x->insn->size / 2;
	uint64_t *regs = x->cpu->regs, at = exec_offset(x), old[2] = { 0 }, put[2];
	uint8_t bytes[16];
	bool same;

	if (size == 8 && at & 15)
		return exec_fault(x, 13, true, 0);
	TRY(exec_mem(x, x->insn->seg, at, bytes, 2 * size, false));
	memcpy(&old[0], bytes, size);
	memcpy(&old[1], bytes + size, size);
	same = old[0] == (regs[RAX] & exec_mask(size)) && old[1] == (regs[RDX] & exec_mask(size));
	put[0] = same ? regs[RBX] : old[0];
	put[1] = same ? regs[RCX] : old[1];
	memcpy(bytes, &put[0], size);
	memcpy(bytes + size, &put[1], size);
	TRY(exec_mem(x, x->insn->seg, at, bytes, 2 * size, true));
	if (same) {
		x->cpu->rflags |= FLAG_ZF;
		return INSN_DONE;
	}
	x->cpu->rflags &= ~FLAG_ZF;
	exec_set_reg(x, RAX, false, size, old[0]);
	exec_set_reg(x, RDX, false, size, old[1]);
	return INSN_DONE;
}

/* --- multiplication and division --------------------------------------------------------- */

static void set_product_flags(struct exec *x, bool over)
{
	x->cpu->rflags = over ? x->cpu->rflags | FLAG_CF | FLAG_OF
			      : x->cpu->rflags & ~(FLAG_CF | FLAG_OF);
}

static enum insn_step op_imul2(struct exec *x)
{
	const struct insn *insn = x->insn;
	__int128 product;
	uint64_t a, b;

	TRY(read_rm(x, &a));
	b = source(x);
	product = (__int128)(int64_t)sign_extend(a, insn->size) *
		  (int64_t)sign_extend(b & exec_mask(insn->size), insn->size);
	set_reg(x, (uint64_t)product);
	set_product_flags(x, product != (int64_t)sign_extend((uint64_t)product, insn->size));
	return INSN_DONE;
}

/* Upper half of a double-width value: AH, or DX of any size. */
static uint64_t get_upper(const struct exec *x, unsigned size)
{
	return size == 1 ? exec_reg(x, RAX, true, 1) : exec_reg(x, RDX, false, size);
}

static void set_pair(struct exec *x, unsigned size, uint64_t low, uint64_t high)
{
	exec_set_reg(x, RAX, false, size, low);
	exec_set_reg(x, size == 1 ? RAX : RDX, size == 1, size, high);
}

static enum insn_step op_mul(struct exec *x)
{
	unsigned size = x->insn->size;
	unsigned __int128 product;
	uint64_t a, b = exec_reg(x, RAX, false, size), low, high;

	TRY(read_rm(x, &a));
	if (x->insn->op == INSN_MUL)
		product = (unsigned __int128)a * b;
	else
		product = (unsigned __int128)((__int128)(int64_t)sign_extend(a, size) *
					      (int64_t)sign_extend(b, size));
	low = (uint64_t)product & exec_mask(size);
	high = (uint64_t)(product >> 8 * size) & exec_mask(size);
	set_pair(x, size, low, high);
	if (x->insn->op == INSN_MUL)
		set_product_flags(x, high);
	else
		set_product_flags(x, high != (sign_extend(low, size) >> 63 ? exec_mask(size) : 0));
	return INSN_DONE;
}

/* Long division, a bit at a time: no library function is needed for 128 bits. @return remainder */
static uint64_t divide(uint64_t high, uint64_t low, uint64_t by, uint64_t *quotient)
{
	uint64_t rest = high;

	for (unsigned i = 0; i < 64; i++) {
		bool over = rest >> 63;

		rest = rest << 1 | low >> 63;
		low <<= 1;
		if (over || rest >= by) {
			rest -= by;
			low |= 1;
		}
	}
	*quotient = low;
	return rest;
}

static enum insn_step op_div(struct exec *x)
{
	unsigned size = x->insn->size, bits = 8 * size;
	bool is_signed = x->insn->op == INSN_IDIV, negative = false, flip;
	uint64_t by, low, high, quotient, rest;
	unsigned __int128 n;

	TRY(read_rm(x, &by));
	low = exec_reg(x, RAX, false, size);
	high = get_upper(x, size);
	n = (unsigned __int128)high << bits | low;
	if (is_signed) {
		if (bits < 64 && high >> (bits - 1))
			n |= ~(unsigned __int128)0 << 2 * bits;
		negative = n >> 127;
		n = negative ? -n : n;
		by = sign_extend(by, size);
	}
	flip = is_signed && by >> 63;
	by = flip ? -by : by;
	if (!by || (uint64_t)(n >> 64) >= by)
		return exec_fault(x, DE, false, 0);
	rest = divide((uint64_t)(n >> 64), (uint64_t)n, by, &quotient);
	flip ^= negative;
	if (is_signed ? quotient > (exec_mask(size) >> 1) + flip : quotient > exec_mask(size))
		return exec_fault(x, DE, false, 0);
	set_pair(x, size, flip ? -quotient : quotient, negative ? -rest : rest);
	return INSN_DONE;
}

/* --- bits -------------------------------------------------------------------------------- */

static enum insn_step op_double_shift(struct exec *x)
{
	const struct insn *insn = x->insn;
	unsigned bits = 8 * insn->size, count;
	uint64_t flags = x->cpu->rflags, a, b = get_reg(x), r, carry;

	count = (insn->has_imm ? (unsigned)insn->imm : (unsigned)x->cpu->regs[RCX]) &
		(insn->size == 8 ? 63 : 31);
	TRY(read_rm(x, &a));
	if (!count)
		return insn->mem ? INSN_DONE : write_rm(x, a);
	if (count > bits) /* of 16 bits: undefined */
		return INSN_UNKNOWN;
	if (insn->op == INSN_SHLD) {
		carry = a >> (bits - count) & 1;
		r = (count < 64 ? a << count : 0) | (count < bits ? b >> (bits - count) : b);
	} else {
		carry = a >> (count - 1) & 1;
		r = (count < bits ? a >> count : 0) | (b << (bits - count));
	}
	r &= exec_mask(insn->size);
	TRY(write_rm(x, r));
	insn_alu(INSN_TEST, r, r, insn->size, &flags);
	flags = carry ? flags | FLAG_CF : flags & ~FLAG_CF;
	if ((r ^ a) >> (bits - 1) & 1)
		flags |= FLAG_OF;
	x->cpu->rflags = flags;
	return INSN_DONE;
}

static enum insn_step op_scan(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t *flags = &x->cpu->rflags, a, r;
	unsigned bits = 8 * insn->size, lead;

	TRY(read_rm(x, &a));
	lead = a ? (unsigned)__builtin_clzll(a) - (64 - bits) : bits;
	switch (insn->op) {
	case INSN_POPCNT:
		r = (uint64_t)__builtin_popcountll(a);
		insn_alu(INSN_TEST, !!a, 1, 4, flags);
		*flags &= ~BIT(2);
		break;
	case INSN_TZCNT:
	case INSN_LZCNT:
		r = insn->op == INSN_LZCNT ? lead : a ? (unsigned)__builtin_ctzll(a) : bits;
		*flags = a ? *flags & ~FLAG_CF : *flags | FLAG_CF;
		*flags = r ? *flags & ~FLAG_ZF : *flags | FLAG_ZF;
		break;
	default:
		*flags = a ? *flags & ~FLAG_ZF : *flags | FLAG_ZF;
		if (!a) /* the register stays */
			return INSN_DONE;
		r = insn->op == INSN_BSF ? (unsigned)__builtin_ctzll(a) : bits - 1 - lead;
		break;
	}
	set_reg(x, r);
	return INSN_DONE;
}

static enum insn_step op_condition(struct exec *x)
{
	bool yes = insn_condition(x->insn->cond, x->cpu->rflags);
	uint64_t v;

	if (x->insn->op == INSN_SETCC)
		return write_rm(x, yes);
	TRY(read_rm(x, &v));
	/* Also when it is not moved, the upper half of a 32-bit register becomes zero. */
	set_reg(x, yes ? v : get_reg(x));
	return INSN_DONE;
}

/* --- stack ------------------------------------------------------------------------------- */

static unsigned stack_size(const struct exec *x)
{
	if (x->insn->mode == INSN_64)
		return 8;
	return x->cpu->seg[INSN_SS].attr & INSN_SEG_DB ? 4 : 2;
}

static enum insn_step push(struct exec *x, uint64_t value, unsigned size)
{
	uint64_t to = (x->cpu->regs[RSP] - size) & exec_mask(stack_size(x));

	return exec_mem(x, INSN_SS, to, &value, size, true);
}

static void move_stack(struct exec *x, int by)
{
	unsigned size = stack_size(x);

	exec_set_reg(x, RSP, false, size, x->cpu->regs[RSP] + (uint64_t)(int64_t)by);
}

static enum insn_step op_stack(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t v = 0;

	if (insn->op == INSN_POP) {
		TRY(exec_mem(x, INSN_SS, x->cpu->regs[RSP] & exec_mask(stack_size(x)), &v,
			     insn->size, false));
		x->rsp_bias = insn->size;
		if (!insn->mem) /* the value goes over a changed RSP */
			move_stack(x, insn->size);
		TRY(write_rm(x, v));
		if (insn->mem)
			move_stack(x, insn->size);
		return INSN_DONE;
	}
	TRY(read_rm(x, &v));
	if (insn->op == INSN_PUSH || insn->op == INSN_CALL) {
		TRY(push(x, insn->op == INSN_PUSH ? v : x->next, insn->size));
		move_stack(x, -(int)insn->size);
	}
	if (insn->op != INSN_PUSH)
		x->next = v;
	return INSN_DONE;
}

/* --- strings and ports ------------------------------------------------------------------- */

static bool is_input(enum insn_op op)
{
	return op == INSN_IN || op == INSN_INS;
}

static enum insn_step op_port(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint16_t port = (uint16_t)(insn->has_imm ? insn->imm : x->cpu->regs[RDX]);
	uint64_t v = exec_reg(x, RAX, false, insn->size);

	TRY(exec_port(x, port, &v, insn->size, !is_input(insn->op)));
	if (is_input(insn->op))
		exec_set_reg(x, RAX, false, insn->size, v);
	return INSN_DONE;
}

/* Which of its two addresses an element has. */
static bool has_source(enum insn_op op)
{
	return op == INSN_MOVS || op == INSN_CMPS || op == INSN_LODS || op == INSN_OUTS;
}

static bool has_destination(enum insn_op op)
{
	return op != INSN_LODS && op != INSN_OUTS;
}

/* One element; *flags as the comparison leaves them. */
static enum insn_step element(struct exec *x, uint64_t *flags)
{
	const struct insn *insn = x->insn;
	uint64_t mask = exec_mask(insn->addr_size);
	uint64_t from = x->cpu->regs[RSI] & mask, to = x->cpu->regs[RDI] & mask;
	uint64_t v = exec_reg(x, RAX, false, insn->size), w = 0;

	if (has_source(insn->op)) {
		v = 0;
		TRY(exec_mem(x, insn->seg, from, &v, insn->size, false));
	}
	switch (insn->op) {
	case INSN_CMPS:
	case INSN_SCAS:
		TRY(exec_mem(x, INSN_ES, to, &w, insn->size, false));
		insn_alu(INSN_CMP, v, w, insn->size, flags);
		break;
	case INSN_LODS:
		exec_set_reg(x, RAX, false, insn->size, v);
		break;
	case INSN_OUTS:
		return exec_port(x, (uint16_t)x->cpu->regs[RDX], &v, insn->size, true);
	case INSN_INS:
		TRY(exec_port(x, (uint16_t)x->cpu->regs[RDX], &v, insn->size, false));
		fallthrough;
	default:
		TRY(exec_mem(x, INSN_ES, to, &v, insn->size, true));
		break;
	}
	return INSN_DONE;
}

static void step_registers(struct exec *x)
{
	const struct insn *insn = x->insn;
	uint64_t by = x->cpu->rflags & FLAG_DF ? (uint64_t)0 - insn->size : insn->size;

	if (has_source(insn->op))
		exec_set_reg(x, RSI, false, insn->addr_size, x->cpu->regs[RSI] + by);
	if (has_destination(insn->op))
		exec_set_reg(x, RDI, false, insn->addr_size, x->cpu->regs[RDI] + by);
}

static enum insn_step op_string(struct exec *x)
{
	const struct insn *insn = x->insn;
	bool repeat = insn->rep || insn->repne;
	bool compares = insn->op == INSN_CMPS || insn->op == INSN_SCAS;
	uint64_t count, flags;

	for (; x->run->elements < STRING_MAX; x->run->elements++) {
		count = x->cpu->regs[RCX] & exec_mask(insn->addr_size);
		if (repeat && !count)
			return INSN_DONE;
		flags = x->cpu->rflags;
		TRY(element(x, &flags));
		/* The element is over: what was read for it is not of the next. */
		x->run->done = 0;
		x->run->next = 0;
		x->run->has_hint = false;
		step_registers(x);
		x->cpu->rflags = flags;
		if (!repeat)
			return INSN_DONE;
		exec_set_reg(x, RCX, false, insn->addr_size, count - 1);
		if (compares && !!(flags & FLAG_ZF) != insn->rep)
			return INSN_DONE;
	}
	if (x->cpu->regs[RCX] & exec_mask(insn->addr_size))
		x->next = x->cpu->rip; /* the guest's CPU goes on with it */
	return INSN_DONE;
}

static enum insn_step op_xlat(struct exec *x)
{
	uint64_t at = (x->cpu->regs[RBX] + (uint8_t)x->cpu->regs[RAX]) &
		      exec_mask(x->insn->addr_size), v = 0;

	TRY(exec_mem(x, x->insn->seg, at, &v, 1, false));
	exec_set_reg(x, RAX, false, 1, v);
	return INSN_DONE;
}

/* --- vectors ----------------------------------------------------------------------------- */

static enum insn_step op_vector(struct exec *x)
{
	const struct insn *insn = x->insn;
	void *ctx = x->cpu->paging.ctx;
	/* MOVHPS and MOVLPS are of one half and leave the other. */
	bool half = insn->map == 1 && (insn->opcode & 0xf8) == 0x10 && insn->opcode >= 0x12;
	unsigned at = half && insn->opcode >= 0x16 ? 8 : 0;
	uint8_t reg[16] = { 0 };

	if (!x->cpu->vector || insn->reg > 15 || (insn->vex && !insn->mem_is_dst))
		return INSN_UNKNOWN;
	if (insn->mem_is_dst || half)
		x->cpu->vector(ctx, insn->reg, reg, false);
	TRY(exec_mem(x, insn->seg, exec_offset(x), reg + at, insn->size, insn->mem_is_dst));
	if (!insn->mem_is_dst)
		x->cpu->vector(ctx, insn->reg, reg, true);
	return INSN_DONE;
}

/* --- all --------------------------------------------------------------------------------- */

static enum insn_step op_none(struct exec *x)
{
	return INSN_UNKNOWN;
}

static enum insn_step op_hint(struct exec *x)
{
	return INSN_DONE;
}

static enum insn_step op_mov_seg(struct exec *x)
{
	return write_rm(x, x->cpu->seg[x->insn->reg].selector);
}

static enum insn_step (*const ops[INSN_OPS])(struct exec *x) = {
	[INSN_NONE] = op_none,
	[INSN_ADD ... INSN_SAR] = op_alu,
	[INSN_BT ... INSN_BTC] = op_bit,
	[INSN_TEST ... INSN_NEG] = op_alu,
	[INSN_MUL ... INSN_IMUL] = op_mul,
	[INSN_DIV ... INSN_IDIV] = op_div,
	[INSN_INC ... INSN_DEC] = op_alu,
	[INSN_IMUL2] = op_imul2,
	[INSN_MOV ... INSN_MOVBE] = op_mov,
	[INSN_MOV_SEG] = op_mov_seg,
	[INSN_XCHG ... INSN_CMPXCHG] = op_exchange,
	[INSN_CMPXCHG8] = op_cmpxchg8,
	[INSN_SETCC ... INSN_CMOV] = op_condition,
	[INSN_SHLD ... INSN_SHRD] = op_double_shift,
	[INSN_BSF ... INSN_POPCNT] = op_scan,
	[INSN_PUSH ... INSN_JMP] = op_stack,
	[INSN_XLAT] = op_xlat,
	[INSN_MOVS ... INSN_OUTS] = op_string,
	[INSN_IN ... INSN_OUT] = op_port,
	[INSN_HINT] = op_hint,
	[INSN_VEC] = op_vector,
	[INSN_MMX] = op_none,
};

enum insn_step exec_op(struct exec *x)
{
	return ops[x->insn->op](x);
}
