/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a vCPU: its control block (VMCB), which the CPU loads at each entry, the general
 * registers, and what stays in the CPU until another vCPU is loaded there: vector and floating
 * point registers, XCR0, TSC_AUX, breakpoints once they were used.
 */
#pragma once

/* Offsets that enter.S knows. */
#define VCPU_REGS 0
#define VCPU_VMCB 128
#define VCPU_HOST 136

#ifndef __ASSEMBLY__
#include <stdbool.h>
#include <stdint.h>
#include <port/asid.h>

struct vmcb;
struct svm_insn;

/* arch_vcpu.waits */
#define VCPU_WAITS_ACCESS 1u /* an instruction under way has its next access */
#define VCPU_WAITS_EVENT  2u /* arch_vcpu.retry */
#define VCPU_WAITS_NMI	  4u
#define VCPU_WAITS_HALT	  16u /* in HLT */
#define VCPU_WAITS_FLUSH  8u /* the last entry has flushed translations: the next is not to */

struct arch_vcpu {
	uint64_t regs[16];	/* as they are encoded; RAX and RSP are in the VMCB between exits */
	uint64_t vmcb_pa;
	uint64_t host_pa;	/* VMCB with what of the CPU is the hypervisor's */
	struct vmcb *vmcb;
	uint64_t xcr0;
	uint64_t tsc_aux;
	uint64_t dr[4];
	uint64_t efer;		/* as the guest sees it */
	const uint32_t *flushes; /* the guest's: what tlb_seen is compared with */
	uint32_t tlb_seen;	/* arch_guest.flushes at the last entry */
	uint32_t waits;		/* VCPU_WAITS_: to be seen to before the next entry */
	struct asid asid;
	bool dr_used;
	bool nmi_masked;
	bool nmi_returns;	/* the end of its handler is stepped over */
	bool nmi_steps;		/* by the guest too */
	uint64_t retry;		/* event that an exit interrupted or another displaced */
	uint64_t skip_to;	/* simple access: where it goes on */
	uint64_t *read_to;	/* and what a read is for; NULL: it is the decoder's */
	uint64_t pat, mtrr_default, kvm_time, kvm_wall;
	uint64_t mtrr[8 * 2 + 11];
	void *xsave;		/* XSAVE area, or FXSAVE's */
	struct svm_insn *insn;	/* instructions that are carried out (svm/access.c) */
};
#endif
