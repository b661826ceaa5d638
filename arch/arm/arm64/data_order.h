/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte order of a guest's data. Devices are little-endian, as are its instructions; a guest may be
 * what it likes, from one instruction to the next. The vCPU is loaded.
 */
#pragma once

#include <libs/byteorder.h>
#include <port/sysreg.h>
#include <port/vcpu.h>

#define SCTLR_EE   (1ULL << 25)
#define SCTLR_E0E  (1ULL << 24)
#define PSR_A32_E  (1ULL << 9)

/** Are loads and stores big-endian now? */
static inline bool data_big_endian(const struct vcpu_regs *regs)
{
	uint64_t sctlr;

	if (regs->pstate & PSR_AARCH32)
		return regs->pstate & PSR_A32_E;
	sctlr = READ_SYSREG(sctlr_el1);
	return sctlr & ((regs->pstate & 0xf) ? SCTLR_EE : SCTLR_E0E);
}

/** The value that size bytes have the other way round. @param size 1, 2, 4, 8 */
static inline uint64_t data_swapped(uint64_t value, unsigned size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}
