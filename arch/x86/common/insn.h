/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions of x86 (AMD64 Architecture Programmer's Manual, volume 3): length of any, and
 * meaning of those that access devices' registers. Bytes in, description out: no memory is
 * accessed, no state is kept, nothing here needs an x86 CPU. Any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/util.h>

/** Length that no instruction exceeds. */
#define INSN_MAX 15

/** Size of code, from CS.L and CS.D. */
enum insn_mode { INSN_16, INSN_32, INSN_64 };

/** What it does. "Memory" is its operand of ModRM; where that is a register, `mem` is false. */
enum insn_op {
	INSN_NONE, /**< the length is known, nothing else */
	/* The order of these is that of their encodings. */
	INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP,
	INSN_ROL, INSN_ROR, INSN_RCL, INSN_RCR, INSN_SHL, INSN_SHR, INSN_SAL, INSN_SAR,
	INSN_BT, INSN_BTS, INSN_BTR, INSN_BTC,
	INSN_TEST, INSN_NOT, INSN_NEG, INSN_MUL, INSN_IMUL, INSN_DIV, INSN_IDIV,
	INSN_INC, INSN_DEC,
	INSN_IMUL2,    /**< register *= operand; with has_imm: register = operand * imm */
	INSN_MOV,      /**< also MOVNTI */
	INSN_MOVZX, INSN_MOVSX, /**< size to dst_size */
	INSN_MOVBE,
	INSN_MOV_SEG,  /**< selector `reg` to a 2-byte operand */
	INSN_XCHG, INSN_XADD, INSN_CMPXCHG,
	INSN_CMPXCHG8, /**< 8 or 16 bytes */
	INSN_SETCC, INSN_CMOV, /**< condition in `cond` */
	INSN_SHLD, INSN_SHRD,  /**< count: imm, or CL */
	INSN_BSF, INSN_BSR, INSN_TZCNT, INSN_LZCNT, INSN_POPCNT,
	INSN_PUSH, INSN_POP, INSN_CALL, INSN_JMP, /**< near, by their operand */
	INSN_XLAT,
	INSN_MOVS, INSN_CMPS, INSN_STOS, INSN_LODS, INSN_SCAS, INSN_INS, INSN_OUTS,
	INSN_IN, INSN_OUT, /**< port: imm, or DX */
	INSN_HINT,     /**< names memory and does not access it (NOP, PREFETCH, CLFLUSH) */
	INSN_VEC,      /**< `size` bytes between memory and a vector register */
	INSN_MMX,      /**< the same of an MMX register */
	INSN_OPS
};

/** insn.base: none, and the address of the next instruction. */
#define INSN_NO_REG 0xff
#define INSN_RIP    16

/* Segments as they are encoded. */
enum { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };

/** One instruction. */
struct insn {
	uint8_t len;	   /**< bytes */
	uint8_t op;	   /**< enum insn_op */
	uint8_t size;	   /**< bytes of the memory operand, 1 to 64; of strings, of an element */
	uint8_t dst_size;  /**< bytes of the register operand; else the operand size */
	uint8_t addr_size; /**< bytes of an address: 2, 4, 8 */
	bool mem;	   /**< it has a memory operand by ModRM, or an absolute one */
	bool mem_is_dst;   /**< the operand of ModRM is written */
	bool has_reg;	   /**< `reg` is an operand */
	bool has_imm;	   /**< `imm` is an operand */
	bool high_byte;	   /**< reg 0 to 3 is AH CH DH BH */
	bool rep, repne, lock;
	uint8_t reg;	   /**< register operand: 0 to 15, of vectors to 31 */
	uint8_t rm;	   /**< !mem: the operand of ModRM */
	bool rm_high;	   /**< and it is AH CH DH BH */
	uint8_t seg;	   /**< of the memory operand (strings: of the source) */
	uint8_t base, index; /**< registers, or INSN_NO_REG, INSN_RIP */
	uint8_t scale;	   /**< shift of the index: 0 to 3 */
	uint8_t cond;	   /**< condition code, 0 to 15 */
	int64_t disp;
	uint64_t imm;	   /**< sign-extended to 64 bits */
	/* how it was encoded */
	uint8_t mode;	   /**< enum insn_mode */
	uint8_t map;	   /**< 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A; of VEX and EVEX theirs */
	uint8_t opcode;
	uint8_t modrm;
	uint8_t op_size;   /**< 2, 4, 8 */
	uint8_t rex;	   /**< 0: none */
	uint8_t pp;	   /**< of VEX: implied prefix 0, 1: 66, 2: F3, 3: F2; else from prefixes */
	bool opsize, vex, has_modrm;
};

/**
 * Decode one instruction.
 *
 * @param bytes  as they are in memory
 * @param n      how many there are; INSN_MAX are always enough
 * @return 0; -EAGAIN: it is longer than n; -EINVAL: undefined, or longer than INSN_MAX
 */
must_check int insn_decode(const uint8_t *bytes, size_t n, enum insn_mode mode, struct insn *out);

/**
 * What an arithmetic operation does to a and b (operands 1 and 2), with flags as they are changed.
 *
 * @param op     INSN_ADD to INSN_BTC, INSN_TEST to INSN_NEG, INSN_INC, INSN_DEC
 * @param size   of the operands: 1, 2, 4, 8 bytes; what is above in a and b has no meaning
 * @param flags  RFLAGS; flags that are undefined afterwards are left or cleared
 * @return result for operand 1, zero-extended; of CMP, TEST, BT: a as it is
 */
uint64_t insn_alu(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *flags);
/** Is condition cc (0 to 15) true with these flags? */
bool insn_condition(unsigned cc, uint64_t flags);
/** Is the memory operand read, or written, by it? */
bool insn_reads_mem(const struct insn *insn);

/* --- of decoded instructions, by where they are ------------------------------------------ */

#define INSN_CACHE 16

/** What was decoded lately on one vCPU: a look instead of decoding. All zeros: empty. */
struct insn_cache {
	struct {
		uint8_t bytes[16]; /* zeros behind the instruction */
		struct insn insn;  /* len 0: nothing */
	} at[INSN_CACHE];
};

/**
 * Decode through a cache. What is in it counts only where mode and bytes are the same.
 * @param rip    where it is; only a hint
 * @param bytes  16, of which n are valid
 * @param out    points into the cache until its next use
 * @return as insn_decode()
 */
must_check int insn_cached(struct insn_cache *cache, uint64_t rip, const uint8_t bytes[16],
			   size_t n, enum insn_mode mode, const struct insn **out);

/** Private to insn*.c: meaning of what is decoded so far. */
void insn_classify(struct insn *insn);
