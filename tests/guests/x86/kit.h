/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tiny guests for PCs share: registers, and words on COM1. */
#pragma once

#include <stdint.h>

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}

static inline uint32_t mmio_read(uintptr_t at)
{
	uint32_t v;

	__asm__ volatile("movl %1, %0" : "=r"(v) : "m"(*(volatile uint32_t *)at) : "memory");
	return v;
}

static inline void mmio_write(uintptr_t at, uint32_t v)
{
	__asm__ volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)at) : "r"(v) : "memory");
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

/** The value of "name=" on the command line, up to a blank. NULL: it is not there */
const char *boot_arg(const char *name);
/** The same as a number. */
uint64_t boot_arg_number(const char *name, uint64_t otherwise);

void print_text(const char *s);
void print_number(uint64_t v);
void print_hex(uint64_t v);

/* When the last interrupt came, and how many there were (start.S). */
extern volatile uint64_t interrupt_tsc;
extern volatile uint32_t interrupts;

void guest_main(void);
void guest_exception(uint64_t a, uint64_t b);
