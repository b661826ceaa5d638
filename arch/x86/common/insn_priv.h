/* SPDX-License-Identifier: GPL-2.0-only */
/* Between insn_exec.c (addresses, accesses) and insn_ops.c (operations). */
#pragma once

#include "insn_exec.h"

#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RSP 4
#define RSI 6
#define RDI 7

/** Instruction, its CPU, and what has to be known on the way. */
struct exec {
	struct insn_run *run;
	struct insn_cpu *cpu;
	const struct insn *insn;
	uint64_t rsp_bias; /* POP: addresses are made with RSP as it is afterwards */
	uint64_t next;	   /* RIP afterwards */
};

/* All return INSN_DONE to go on; what else is the end of this run. */
enum insn_step exec_fault(struct exec *x, unsigned vector, bool has_error, uint32_t error);
/** Read or write 1 to 16 bytes at an offset in a segment. */
enum insn_step exec_mem(struct exec *x, unsigned seg, uint64_t offset, void *buf, unsigned size,
			bool write);
enum insn_step exec_port(struct exec *x, uint16_t port, uint64_t *value, unsigned size,
			 bool write);
/** Offset of the memory operand of ModRM. */
uint64_t exec_offset(const struct exec *x);
uint64_t exec_reg(const struct exec *x, unsigned reg, bool high, unsigned size);
void exec_set_reg(struct exec *x, unsigned reg, bool high, unsigned size, uint64_t value);
static inline uint64_t exec_mask(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}
/** The instruction, once. */
enum insn_step exec_op(struct exec *x);
