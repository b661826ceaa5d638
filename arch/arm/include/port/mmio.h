/* SPDX-License-Identifier: GPL-2.0-only */
/* Device registers: one plain load or store each, so that a syndrome describes it fully. */
#pragma once

#include <stdint.h>

#define MMIO_ACCESSORS(bits, size, mod)                                                             \
	static inline uint##bits##_t mmio_read##bits(const volatile void *a)                        \
	{                                                                                           \
		uint##bits##_t v;                                                                   \
		__asm__ volatile("ldr" size " %" mod "0, [%1]" : "=r"(v) : "r"(a) : "memory");      \
		return v;                                                                           \
	}                                                                                           \
	static inline void mmio_write##bits(volatile void *a, uint##bits##_t v)                     \
	{                                                                                           \
		__asm__ volatile("str" size " %" mod "0, [%1]" : : "rZ"(v), "r"(a) : "memory");     \
	}

MMIO_ACCESSORS(8, "b", "w")
MMIO_ACCESSORS(16, "h", "w")
MMIO_ACCESSORS(32, "", "w")
MMIO_ACCESSORS(64, "", "x")
#undef MMIO_ACCESSORS
