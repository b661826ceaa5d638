/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each CPU has of the port, found by its GS base. Its own CPU writes it with IRQs masked; the
 * offsets of the first fields are known to vectors.S.
 */
#pragma once

#define CPU_VECTOR 16
#define CPU_WINDOW 20

#ifndef __ASSEMBLY__
#include <stddef.h>
#include <stdint.h>
#include <port/asid.h>

struct cpu;

/** A machine check, as its bank told of it. */
struct x86_check {
	unsigned bank;
	uint64_t status, addr;
};

/** 64-bit task state segment: stacks only. */
struct x86_tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

struct x86_cpu {
	struct cpu *cpu;	/* core's */
	struct x86_cpu *self;
	uint32_t vector;	/* of the interrupt that was taken last; 0: seen to */
	uint8_t window;		/* IRQs are unmasked for a moment in masked code: no preemption */
	uint32_t apic_id;
	uint64_t gdt[8] __attribute__((aligned(8)));
	struct x86_tss tss __attribute__((aligned(16)));
	/* SVM */
	uint64_t host_vmcb;	/* physical address: what VMLOAD brings back (0: not switched on) */
	struct asid_pool asids;
	/* What came of itself and is not told yet (mcheck.c); no PC, no count: nothing */
	uint64_t nmi_pc, nmi_ticks;
	uint8_t nmi_port;
	unsigned checks;
	struct x86_check check;
};

/* Volatile: a thread may be on another CPU after each call of the scheduler. */
static inline struct x86_cpu *x86_this_cpu(void)
{
	struct x86_cpu *cpu;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(cpu));
	return cpu;
}

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline void arch_set_this_cpu(struct cpu *cpu)
{
	__asm__ volatile("movq %0, %%gs:0" : : "r"(cpu) : "memory");
}
#endif
