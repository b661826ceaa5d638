/* SPDX-License-Identifier: GPL-2.0-only */
/* IN and OUT. */
#pragma once

#include <stdint.h>

#define PIO_ACCESSORS(bits, suffix)                                                                 \
	static inline uint##bits##_t pio_read##bits(uint16_t port)                                  \
	{                                                                                           \
		uint##bits##_t v;                                                                   \
		__asm__ volatile("in" suffix " %1, %0" : "=a"(v) : "Nd"(port) : "memory");          \
		return v;                                                                           \
	}                                                                                           \
	static inline void pio_write##bits(uint16_t port, uint##bits##_t v)                         \
	{                                                                                           \
		__asm__ volatile("out" suffix " %0, %1" : : "a"(v), "Nd"(port) : "memory");         \
	}

PIO_ACCESSORS(8, "b")
PIO_ACCESSORS(16, "w")
PIO_ACCESSORS(32, "l")
#undef PIO_ACCESSORS
