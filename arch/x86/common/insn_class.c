/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What instructions mean: their operation and operands, from opcode and ModRM. Opcodes that are not
 * here keep INSN_NONE. No data, no lock.
 */
#include "insn.h"

/* Operands: memory (or register) of ModRM first, or the register first. */
enum order { E_G, G_E };

static unsigned group(const struct insn *insn)
{
	return insn->modrm >> 3 & 7;
}

/* Without REX, byte registers 4 to 7 are the high halves of 0 to 3. */
static void byte_register(const struct insn *insn, uint8_t *reg, bool *high)
{
	*high = !insn->rex && *reg >= 4 && *reg < 8;
	if (*high)
		*reg -= 4;
}

static void set_op(struct insn *insn, enum insn_op op, unsigned size)
{
	insn->op = op;
	insn->size = (uint8_t)size;
	insn->dst_size = (uint8_t)size;
	if (size == 1 && !insn->mem && insn->has_modrm)
		byte_register(insn, &insn->rm, &insn->rm_high);
}

/* One operand, of ModRM. */
static void unary(struct insn *insn, enum insn_op op, unsigned size, bool is_dst)
{
	set_op(insn, op, size);
	insn->mem_is_dst = is_dst;
}

/* That and a register. */
static void binary(struct insn *insn, enum insn_op op, unsigned size, enum order order)
{
	unary(insn, op, size, order == E_G);
	insn->has_reg = true;
	if (size == 1)
		byte_register(insn, &insn->reg, &insn->high_byte);
}

/* That and an immediate. */
static void immediate(struct insn *insn, enum insn_op op, unsigned size, bool is_dst)
{
	unary(insn, op, size, is_dst);
	insn->has_imm = true;
}

/* AL or eAX, and an immediate. */
static void accumulator(struct insn *insn, enum insn_op op, unsigned size)
{
	immediate(insn, op, size, op != INSN_CMP && op != INSN_TEST);
	insn->rm = 0;
	insn->rm_high = false;
}

static unsigned width(const struct insn *insn)
{
	return insn->opcode & 1 ? insn->op_size : 1;
}

/* Of what uses the stack: 8 bytes in 64-bit code, or 2. */
static unsigned stack_width(const struct insn *insn)
{
	if (insn->mode == INSN_64)
		return insn->opsize && !(insn->rex & 8) ? 2 : 8;
	return insn->op_size;
}

static void string(struct insn *insn, enum insn_op op)
{
	set_op(insn, op, width(insn));
	insn->mem = false;
	if (op == INSN_INS || op == INSN_OUTS)
		insn->size = (uint8_t)MIN_T(unsigned, insn->size, 4);
	insn->rep |= insn->repne && op != INSN_CMPS && op != INSN_SCAS;
}

static void shift(struct insn *insn)
{
	enum insn_op op = INSN_ROL + group(insn);

	if (op == INSN_SAL)
		op = INSN_SHL;
	unary(insn, op, width(insn), true);
	/* By imm, 1 or CL. */
	insn->has_imm = insn->opcode < 0xd2;
	if ((insn->opcode & 0xfe) == 0xd0)
		insn->imm = 1;
}

static void group3(struct insn *insn)
{
	static const uint8_t ops[] = { INSN_TEST, INSN_TEST, INSN_NOT,	INSN_NEG,
				       INSN_MUL,  INSN_IMUL, INSN_DIV, INSN_IDIV };
	unsigned g = group(insn);

	unary(insn, ops[g], width(insn), g == 2 || g == 3);
}

static void group5(struct insn *insn)
{
	switch (group(insn)) {
	case 0:
	case 1:
		unary(insn, group(insn) ? INSN_DEC : INSN_INC, width(insn), true);
		break;
	case 2:
	case 4:
		if (insn->opcode == 0xff)
			unary(insn, group(insn) == 2 ? INSN_CALL : INSN_JMP, stack_width(insn),
			      false);
		break;
	case 6:
		if (insn->opcode == 0xff)
			unary(insn, INSN_PUSH, stack_width(insn), false);
		break;
	}
}

/* 80 to 8f */
static void classify_80(struct insn *insn)
{
	switch (insn->opcode) {
	case 0x80:
	case 0x81:
	case 0x82:
	case 0x83:
		immediate(insn, INSN_ADD + group(insn), width(insn), group(insn) != 7);
		break;
	case 0x84:
	case 0x85:
		binary(insn, INSN_TEST, width(insn), E_G);
		insn->mem_is_dst = false;
		break;
	case 0x86:
	case 0x87:
		binary(insn, INSN_XCHG, width(insn), E_G);
		break;
	case 0x88:
	case 0x89:
		binary(insn, INSN_MOV, width(insn), E_G);
		break;
	case 0x8a:
	case 0x8b:
		binary(insn, INSN_MOV, width(insn), G_E);
		break;
	case 0x8c:
		if (group(insn) > INSN_GS)
			break;
		unary(insn, INSN_MOV_SEG, insn->mem ? 2 : insn->op_size, true);
		insn->reg &= 7;
		break;
	case 0x8f:
		if (group(insn) == 0)
			unary(insn, INSN_POP, stack_width(insn), true);
		break;
	}
}

/* a0 to af */
static void classify_a0(struct insn *insn)
{
	static const uint8_t strings[] = { INSN_MOVS, INSN_CMPS, INSN_TEST, INSN_STOS,
					   INSN_LODS, INSN_SCAS };
	unsigned opcode = insn->opcode;

	if (opcode < 0xa4) {
		set_op(insn, INSN_MOV, width(insn));
		insn->mem_is_dst = opcode >= 0xa2;
		insn->has_reg = true;
		insn->reg = 0;
	} else if (opcode == 0xa8 || opcode == 0xa9) {
		accumulator(insn, INSN_TEST, width(insn));
	} else {
		string(insn, strings[(opcode - 0xa4) / 2]);
	}
}

static void port(struct insn *insn)
{
	set_op(insn, insn->opcode & 2 ? INSN_OUT : INSN_IN, MIN_T(unsigned, width(insn), 4));
	insn->has_imm = insn->opcode < 0xe8;
	insn->imm &= 0xff;
}

static void classify_one(struct insn *insn)
{
	unsigned opcode = insn->opcode, op = INSN_ADD + (opcode >> 3 & 7);

	if (opcode < 0x40 && (opcode & 7) < 4) {
		binary(insn, op, width(insn), opcode & 2 ? G_E : E_G);
		insn->mem_is_dst &= op != INSN_CMP;
	} else if (opcode < 0x40 && (opcode & 7) < 6) {
		accumulator(insn, op, width(insn));
	} else if (opcode == 0x63 && insn->mode == INSN_64) {
		binary(insn, INSN_MOVSX, insn->op_size, G_E);
		insn->size = (uint8_t)MIN_T(unsigned, insn->size, 4);
	} else if (opcode == 0x69 || opcode == 0x6b) {
		binary(insn, INSN_IMUL2, insn->op_size, G_E);
		insn->has_imm = true;
	} else if (opcode >= 0x6c && opcode < 0x70) {
		string(insn, opcode < 0x6e ? INSN_INS : INSN_OUTS);
	} else if (opcode >= 0x80 && opcode < 0x90) {
		classify_80(insn);
	} else if (opcode >= 0xa0 && opcode < 0xb0) {
		classify_a0(insn);
	} else if ((opcode & 0xfe) == 0xc0 || (opcode & 0xfc) == 0xd0) {
		shift(insn);
	} else if ((opcode & 0xfe) == 0xc6 && group(insn) == 0) {
		immediate(insn, INSN_MOV, width(insn), true);
	} else if (opcode == 0xd7) {
		set_op(insn, INSN_XLAT, 1);
	} else if ((opcode & 0xf4) == 0xe4) {
		port(insn);
	} else if ((opcode & 0xfe) == 0xf6) {
		group3(insn);
	} else if (opcode >= 0xfe) {
		group5(insn);
	}
}

/* --- two bytes --------------------------------------------------------------------------- */

/* Moves between memory and a vector register. @return bytes, 0: none; *store */
static unsigned vector_move(const struct insn *insn, bool *store)
{
	unsigned pp = insn->pp;

	*store = insn->opcode & 1;
	switch (insn->opcode) {
	case 0x10:
	case 0x11: /* MOVUPS, MOVUPD, MOVSS, MOVSD */
		return pp < 2 ? 16 : pp == 2 ? 4 : 8;
	case 0x12:
	case 0x13:
	case 0x16:
	case 0x17: /* MOVLPS, MOVHPS and their like; MOVSLDUP and others are no plain moves */
		return pp < 2 ? 8 : 0;
	case 0x28:
	case 0x29:
	case 0x2b: /* MOVAPS, MOVNTPS */
		return pp < 2 ? 16 : 0;
	case 0x6f:
	case 0x7f: /* MOVDQA, MOVDQU */
		*store = insn->opcode == 0x7f;
		return pp == 1 || pp == 2 ? 16 : 0;
	case 0x6e: /* MOVD, MOVQ */
	case 0x7e:
		*store = insn->opcode == 0x7e && pp == 1;
		return pp == 1 ? (insn->rex & 8 ? 8 : 4) : pp == 2 && insn->opcode == 0x7e ? 8 : 0;
	case 0xd6:
		*store = true;
		return pp == 1 ? 8 : 0;
	case 0xe7: /* MOVNTDQ */
		return pp == 1 ? 16 : 0;
	case 0xf0: /* LDDQU */
		return pp == 3 ? 16 : 0;
	}
	return 0;
}

static bool classify_vector(struct insn *insn)
{
	bool store = false;
	unsigned size = vector_move(insn, &store);

	if (size && insn->mem) {
		/* VEX.L is of no interest: 32 bytes are not moved to devices' registers. */
		binary(insn, INSN_VEC, size, store ? E_G : G_E);
		return true;
	}
	if (!insn->vex && insn->pp == 0 && insn->mem &&
	    (insn->opcode == 0x6e || insn->opcode == 0x6f || insn->opcode == 0x7e ||
	     insn->opcode == 0x7f || insn->opcode == 0xe7)) {
		unsigned bytes = (insn->opcode & 1) || insn->rex & 8 ? 8 : 4;

		binary(insn, INSN_MMX, bytes, insn->opcode >= 0x7e ? E_G : G_E);
		return true;
	}
	return false;
}

static void extend(struct insn *insn)
{
	unsigned dst = insn->op_size;

	binary(insn, insn->opcode & 8 ? INSN_MOVSX : INSN_MOVZX, insn->opcode & 1 ? 2 : 1, G_E);
	insn->dst_size = (uint8_t)dst;
	if (!(insn->opcode & 1)) { /* the byte is of memory; the register is a whole one */
		insn->reg = (insn->modrm >> 3 & 7) | (insn->rex & 4) << 1;
		insn->high_byte = false;
	}
}

static void classify_bits(struct insn *insn)
{
	switch (insn->opcode) {
	case 0xa3:
	case 0xab:
	case 0xb3:
	case 0xbb:
		binary(insn, INSN_BT + (insn->opcode >> 3 & 3), insn->op_size, E_G);
		insn->mem_is_dst = insn->opcode != 0xa3;
		break;
	case 0xba:
		if (group(insn) >= 4)
			immediate(insn, INSN_BT + (group(insn) & 3), insn->op_size,
				  group(insn) != 4);
		break;
	case 0xa4:
	case 0xa5:
	case 0xac:
	case 0xad:
		binary(insn, insn->opcode & 8 ? INSN_SHRD : INSN_SHLD, insn->op_size, E_G);
		insn->has_imm = !(insn->opcode & 1);
		break;
	case 0xb8:
		binary(insn, INSN_POPCNT, insn->op_size, G_E);
		break;
	case 0xbc:
		binary(insn, insn->pp == 2 ? INSN_TZCNT : INSN_BSF, insn->op_size, G_E);
		break;
	case 0xbd:
		binary(insn, insn->pp == 2 ? INSN_LZCNT : INSN_BSR, insn->op_size, G_E);
		break;
	}
}

static void classify_two(struct insn *insn)
{
	unsigned opcode = insn->opcode;

	if (opcode >= 0x40 && opcode < 0x50) {
		binary(insn, INSN_CMOV, insn->op_size, G_E);
		insn->cond = opcode & 15;
	} else if (opcode >= 0x90 && opcode < 0xa0) {
		unary(insn, INSN_SETCC, 1, true);
		insn->cond = opcode & 15;
	} else if (opcode == 0xaf) {
		binary(insn, INSN_IMUL2, insn->op_size, G_E);
	} else if ((opcode & 0xfe) == 0xb0) {
		binary(insn, INSN_CMPXCHG, width(insn), E_G);
	} else if ((opcode & 0xf6) == 0xb6) {
		extend(insn);
	} else if ((opcode & 0xfe) == 0xc0) {
		binary(insn, INSN_XADD, width(insn), E_G);
	} else if (opcode == 0xc3 && insn->mem && insn->pp == 0) {
		binary(insn, INSN_MOV, insn->op_size, E_G);
	} else if (opcode == 0xc7 && group(insn) == 1 && insn->mem) {
		unary(insn, INSN_CMPXCHG8, insn->rex & 8 ? 16 : 8, true);
	} else if (opcode == 0x0d || (opcode >= 0x18 && opcode < 0x20)) {
		insn->op = INSN_HINT;
	} else if (opcode == 0xae && insn->mem && group(insn) == 7) {
		insn->op = INSN_HINT;
	} else {
		classify_bits(insn);
	}
}

static void classify_38(struct insn *insn)
{
	if (insn->opcode == 0x2a && insn->pp == 1 && insn->mem)
		binary(insn, INSN_VEC, 16, G_E); /* MOVNTDQA */
	else if ((insn->opcode & 0xfe) == 0xf0 && insn->mem && insn->pp < 2 && !insn->vex)
		binary(insn, INSN_MOVBE, insn->op_size, insn->opcode & 1 ? E_G : G_E);
}

void insn_classify(struct insn *insn)
{
	if (insn->map == 1 && classify_vector(insn))
		return;
	if (insn->vex) {
		if (insn->map == 2)
			classify_38(insn);
		return;
	}
	if (insn->map == 0)
		classify_one(insn);
	else if (insn->map == 1)
		classify_two(insn);
	else if (insn->map == 2)
		classify_38(insn);
}

bool insn_reads_mem(const struct insn *insn)
{
	switch (insn->op) {
	case INSN_NONE:
	case INSN_HINT:
	case INSN_MOV_SEG:
	case INSN_SETCC:
	case INSN_POP:
		return false;
	case INSN_MOV:
	case INSN_MOVBE:
	case INSN_VEC:
	case INSN_MMX:
		return !insn->mem_is_dst;
	}
	return true;
}
