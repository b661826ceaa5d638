/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The register state of a vCPU. While the vCPU is loaded on a CPU only `regs` is valid between
 * exits; all else is in the CPU's registers until another vCPU is loaded there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <port/vintc.h>

/** General registers; the layout is known to arm64/switch.S. */
struct vcpu_regs {
	uint64_t x[31];
	uint64_t pc;	 /* ELR_EL2 */
	uint64_t pstate; /* SPSR_EL2 */
};

/** Floating point and SIMD; the layout is known to arm64/switch.S. */
struct vcpu_fp {
	__extension__ unsigned __int128 q[32];
	uint32_t fpsr, fpcr;
};

/** System registers that the world switch keeps, in the order of its table (vcpu_sysregs.c). */
enum vcpu_sysreg {
	VR_SP_EL0, VR_SP_EL1, VR_ELR_EL1, VR_SPSR_EL1, VR_SCTLR_EL1, VR_CPACR_EL1, VR_TCR_EL1,
	VR_TTBR0_EL1, VR_TTBR1_EL1, VR_MAIR_EL1, VR_AMAIR_EL1, VR_VBAR_EL1, VR_ESR_EL1, VR_FAR_EL1,
	VR_AFSR0_EL1, VR_AFSR1_EL1, VR_PAR_EL1, VR_CONTEXTIDR_EL1, VR_TPIDR_EL0, VR_TPIDRRO_EL0,
	VR_TPIDR_EL1, VR_CNTKCTL_EL1, VR_CSSELR_EL1, VR_MDSCR_EL1,
	VR_CORE_COUNT
};

/** Breakpoint and watchpoint registers, allocated when the guest first uses them. */
struct vcpu_debug {
	uint64_t bvr[16], bcr[16], wvr[16], wcr[16];
};

/** A generic timer of the guest. */
struct vcpu_gtimer {
	uint64_t ctl, cval;
	uint32_t virq; /* PPI number that the guest sees */
};

/** A load or store to a device that is done in pieces (arm64/vcpu_decode.c, _decode32.c). */
struct vcpu_partial {
	uint64_t pc;	   /* whose pieces these are */
	union {		   /* loaded so far */
		uint64_t value[4];
		uint32_t word[16];
	};
	uint8_t done;	   /* pieces */
};

/** Catching ICC_* where the CPU has none (arm64/vcpu_icc.c). */
struct vcpu_icc;

struct arch_vcpu {
	struct vcpu_regs regs; /* first: switch.S */
	uint32_t esr;	       /* of the last synchronous exit */
	uint64_t hcr;	       /* HCR_EL2 while it runs */
	uint64_t mpidr;	       /* VMPIDR_EL2 */
	uint64_t sys[VR_CORE_COUNT];
	uint64_t pauth[10];
	uint64_t vsesr, disr; /* RAS, where the CPU has it */
	uint64_t tpidr2;      /* of SME; hidden, but there is no trap for it */
	uint64_t a32[7];      /* SPSR_abt, und, irq, fiq, DACR32, IFSR32, DBGVCR32 */
	uint64_t fpexc32;
	struct vcpu_gtimer vtimer, ptimer;
	uint64_t mdcr;	      /* MDCR_EL2 while it runs */
	uint64_t cptr;	      /* CPTR_EL2 while it runs; TFP: no use of FP/SIMD so far */
	bool os_locked;	      /* OSLSR_EL1.OSLK as the guest sees it */
	bool aarch32;	      /* EL1 is AArch32 */
	bool idle_trapped;
	bool serror;	      /* the last exit was an SError */
	bool more;	      /* more than sys[] is switched */
	bool debug_loaded;    /* debug[] is in the CPU while the vCPU is */
	struct vcpu_partial partial;
	struct vcpu_debug *debug;
	struct vcpu_icc *icc; /* NULL: its ICC_* need no help of breakpoints */
	struct arch_vintc vintc;
	struct vcpu_fp fp __attribute__((aligned(16)));
};
