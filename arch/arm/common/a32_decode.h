/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads and stores of AArch32, of both instruction sets, as data (DDI 0487 F2 to F6). No state,
 * no registers: what the numbers of registers stand for is the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define A32_PC	   15
#define A32_NO_REG 0xff

/**
 * A load or store. It is done in pieces, each of one general register or of one word of the
 * floating-point registers, at ascending addresses without gaps.
 */
struct a32_access {
	bool load;
	bool fp;	  /**< the registers are S(rt), S(rt + 1) … */
	bool dword;	  /**< with fp: pairs of S registers are D registers */
	bool sign;	  /**< what is loaded is sign-extended */
	bool user;	  /**< general registers are those of User mode */
	bool writeback;
	bool subtract;	  /**< rm is subtracted */
	bool post;	  /**< the first piece is at the base, whatever rm is */
	uint8_t size;	  /**< bytes of a piece */
	uint8_t length;	  /**< bytes of the instruction */
	uint8_t count;	  /**< pieces, 1 … 32 */
	uint8_t rn;	  /**< base; A32_PC: the PC as it reads, word-aligned */
	uint8_t rm;	  /**< register offset, or A32_NO_REG */
	uint8_t shift_type, shift;
	uint8_t rt, rt2;  /**< of pieces 0 and 1 when list is 0 */
	uint16_t list;	  /**< general registers, the lowest first */
	int32_t start;	  /**< address of the first piece less the base; without rm */
	int32_t delta;	  /**< what write-back adds to the base; without rm */
};

/**
 * Decode an instruction of the A32 set. Pure function.
 *
 * @return false: it is no load or store, one that is UNDEFINED or UNPREDICTABLE, or one that must
 *         not be split (exclusive ones)
 */
bool a32_decode(uint32_t op, struct a32_access *a);

/** Is the instruction of the T32 set that begins with this halfword 4 bytes long? */
static inline bool t32_is_wide(uint16_t first)
{
	return first >> 11 >= 0x1d;
}

/** The same as a32_decode() for the T32 set. @param second ignored for short instructions */
bool t32_decode(uint16_t first, uint16_t second, struct a32_access *a);

/**
 * Number of the general register of a piece; with fp: of the S register in memory order of the
 * little-endian state.
 */
unsigned a32_access_reg(const struct a32_access *a, unsigned piece);

/**
 * The syndrome (ESR_ELx) that MCR, MRC, MCRR and MRRC of coprocessors 14 and 15 have when they are
 * trapped: exception class, condition, and numbers of registers as they are in the instruction.
 *
 * @param op    of T32: the first halfword in the upper half
 * @param thumb of the T32 set: no condition then, which is that of the IT block
 * @return 0: another instruction
 */
uint32_t a32_cp_syndrome(uint32_t op, bool thumb);

/** Put the value of rm into start and delta. @param carry CPSR.C, for RRX */
void a32_access_index(struct a32_access *a, uint32_t rm, bool carry);
