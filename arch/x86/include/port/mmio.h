/* SPDX-License-Identifier: GPL-2.0-only */
/* Device registers: one plain MOV each. */
#pragma once

#include <stdint.h>

#define MMIO_ACCESSORS(bits, suffix, reg)                                                           \
	static inline uint##bits##_t mmio_read##bits(const volatile void *a)                        \
	{                                                                                           \
		uint##bits##_t v;                                                                   \
		__asm__ volatile("mov" suffix " %1, %0"                                             \
				 : "=" reg(v)                                                       \
				 : "m"(*(const volatile uint##bits##_t *)a)                         \
				 : "memory");                                                       \
		return v;                                                                           \
	}                                                                                           \
	static inline void mmio_write##bits(volatile void *a, uint##bits##_t v)                     \
	{                                                                                           \
		__asm__ volatile("mov" suffix " %0, %1"                                             \
				 :                                                                  \
				 : reg(v), "m"(*(volatile uint##bits##_t *)a)                       \
				 : "memory");                                                       \
	}

MMIO_ACCESSORS(8, "b", "q")
MMIO_ACCESSORS(16, "w", "r")
MMIO_ACCESSORS(32, "l", "r")
MMIO_ACCESSORS(64, "q", "r")
#undef MMIO_ACCESSORS
