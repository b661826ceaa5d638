/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Carries out a decoded instruction for a guest, one device access at a time: what is memory is
 * done here, what is not comes out as an access that somebody else does, whose result is put back
 * in. An instruction is run from its beginning again after each access, with the results so far,
 * and changes registers only at its end (strings: at the end of each element).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "guest_walk.h"
#include "insn.h"

/** A segment as the VMCB has it. */
struct insn_seg {
	uint16_t selector;
	uint16_t attr; /**< type, S, DPL, P, AVL, L, D, G in bits 0 to 11 */
	uint32_t limit; /**< in bytes */
	uint64_t base;
};
#define INSN_SEG_DB BIT32(10)

/** The CPU that the instruction is of. */
struct insn_cpu {
	uint64_t *regs; /**< 16, as they are encoded: RAX, RCX, RDX, RBX, RSP, ... */
	uint64_t rip, rflags; /**< changed at the end */
	const struct insn_seg *seg; /**< ES, CS, SS, DS, FS, GS */
	struct guest_paging paging;
	/**
	 * Read or write the 16 bytes of a vector register. Same context as paging.ram. NULL: there
	 * are none here, such instructions are INSN_UNKNOWN.
	 */
	void (*vector)(void *ctx, unsigned reg, uint8_t bytes[16], bool is_write);
};

enum insn_step {
	INSN_DONE,    /**< over, RIP is behind it (or on a string that is not at its end) */
	INSN_ACCESS,  /**< do run->gpa ... */
	INSN_FAULT,   /**< the guest gets run->vector; no register was changed */
	INSN_UNKNOWN, /**< not one that is carried out here */
};

/* Accesses of one instruction: two operands of 16 bytes, byte by byte at worst. */
#define INSN_ACCESSES 32

/** An instruction under way. */
struct insn_run {
	struct insn insn;
	/* INSN_ACCESS */
	uint64_t gpa;	 /**< guest physical address, or port */
	uint64_t value;	 /**< of a write, zero-extended */
	uint8_t size;	 /**< 1, 2, 4, 8 */
	bool is_write, is_port;
	/* INSN_FAULT */
	uint8_t vector;
	bool has_error;
	uint32_t error;
	uint64_t cr2;	 /**< of a page fault */
	/* private */
	bool has_hint;
	uint64_t hint;
	uint8_t done, next; /* accesses */
	uint8_t elements; /* of a string, since it began */
	uint64_t results[INSN_ACCESSES];
};

/** No hint. */
#define INSN_NO_HINT UINT64_MAX

/**
 * Begin.
 * @param hint  guest physical address at which the CPU found its memory operand to be no memory:
 *              saves the walk for it; INSN_NO_HINT
 */
enum insn_step insn_begin(struct insn_run *run, struct insn_cpu *cpu, const struct insn *insn,
			  uint64_t hint);
/** Go on after the access was done. @param value  what was read, zero-extended */
enum insn_step insn_continue(struct insn_run *run, struct insn_cpu *cpu, uint64_t value);
