/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vCPUs keep whose ICC_* accesses are caught by breakpoints, and what the files for both
 * widths of vCPUs (vcpu_icc.c, vcpu_icc32.c) have of each other. All is the vCPU's own.
 */
#pragma once

#include <port/sysreg.h>
#include <port/vcpu.h>
#include "idreg.h"

#define BREAKPOINTS_MAX 16

/* DBGBCR_EL1: enabled, address match, EL1 only; an instruction of these bytes, or of all four. */
#define BCR_BYTES(mask) (BIT(0) | 1ULL << 1 | (mask) << 5)
#define BCR_AT_EL1	BCR_BYTES(0xfULL)

enum { KEPT_BVR, KEPT_BCR, KEPT_WVR, KEPT_WCR, KEPT_KINDS }; /* op2 - 4 */

/* A page with such accesses, and where it is for us; the guest's memory stays where it is. */
struct code_page {
	gpa_t gpa;
	const uint8_t *at; /* NULL: none */
};
#define CODE_PAGES 4

struct vcpu_icc {
	struct vcpu_debug hw;	   /* first: arch.debug; our breakpoints, no watchpoints */
	uint64_t vbar;		   /* at the last entry */
	uint64_t elr, spsr, esr;   /* EL1's before the exception that may come next */
	uint64_t irq_at;	   /* the interrupt vector's breakpoint; 0: off */
	uint32_t clock;
	uint32_t used[BREAKPOINTS_MAX]; /* when each was hit or looked for: the oldest goes */
	uint8_t nr;		   /* breakpoints for vectors of synchronous exceptions */
	bool for_irq;		   /* there is one more */
	bool sp0;		   /* the guest has been seen at EL1 with SP_EL0 */
	bool stepping;		   /* over a vector's breakpoint, or as if */
	bool user;		   /* the guest steps a program at EL0 */
	bool at_el0;		   /* user: the last entry was to EL0 */
	uint16_t el1_steps;	   /* user: since then, or since it was asked for */
	struct code_page code[CODE_PAGES]; /* by number of the page */
	/* The guest's debug registers: they keep what is written. */
	uint64_t mdscr, claim;
	uint64_t kept[KEPT_KINDS][ICC_DEBUG_REGS];
};

/** Set a breakpoint of the loaded vCPU. @param bcr DBGBCR_EL1; 0: off */
void icc_breakpoint(struct vcpu_icc *icc, unsigned n, uint64_t at, uint64_t bcr);
/**
 * Read the guest's code at a virtual address, as it reads it now.
 * @param size 2 or 4, to which va is aligned, or it fails
 * @return false: the guest cannot read it any more
 */
bool icc_code_read(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size);

/* vCPUs that are 32-bit (vcpu_icc32.c) */

/** The end of icc_reset(). */
void icc32_reset(struct vcpu_icc *icc);
/** arch_vcpu_prepare() */
void icc32_prepare(struct vcpu *vcpu);
/**
 * At a breakpoint: do the access to ICC_* that is there, or that came to the vector of undefined
 * instructions, whose exception is taken back.
 * @return true: let the guest run; false: step it over the breakpoint
 */
bool icc32_breakpoint(struct vcpu *vcpu);
/** A BKPT instruction, which is the guest's. */
void icc32_bkpt(struct vcpu *vcpu);
