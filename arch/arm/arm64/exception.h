/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for syndromes, and the codes that guest_enter() returns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>

struct vcpu;
struct vcpu_exit;
struct vcpu_regs;

/** Fault status code (ESR_ELx.ISS[5:0]) in words. */
const char *fault_status_text(uint32_t fsc);
/** Exception class in words. */
const char *exception_class_text(unsigned ec);

/**
 * The vCPU, which is loaded, uses FP/SIMD registers: from now on they are switched.
 * @return false when they were already (vcpu_state.c)
 */
bool vcpu_first_fp(struct vcpu *vcpu);

/* AArch32 guests (vcpu_a32.c) */

/** LR_und among x0 … x30. */
#define A32_LR_UND 22

/**
 * Does the condition of a trapped instruction hold? Where the architecture lets a CPU trap one
 * whose condition fails, it has to be stepped over without effect (DDI 0487 D1.10.5).
 */
bool a32_condition_holds(const struct vcpu_regs *regs, uint32_t esr);
/**
 * Where in x0 … x30 a register of a syndrome is; 31: r15. A CPU gives that number by itself.
 * Emulated ones (QEMU 7.2: data aborts, VMRS) give the number in the instruction, which is seen
 * by the mode having no such register.
 */
unsigned a32_reg_number(const struct vcpu_regs *regs, unsigned n);
/** Step the IT state of a Thumb instruction that was skipped. */
void a32_advance_it(struct vcpu_regs *regs);
/** Undefined Instruction, Prefetch or Data Abort exception; the vCPU is loaded. */
void a32_inject_undef(struct vcpu *vcpu);
void a32_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit);
/** The exception of a BKPT instruction at the PC. */
void a32_inject_bkpt(struct vcpu *vcpu);
/**
 * The PSTATE that an exception return with this SPSR would give, in the form of SPSR_EL2.
 * @return 0: none that EL1 may return to
 */
uint64_t a32_pstate_of(uint64_t spsr);
/**
 * Registers as after reset in Supervisor mode; arg goes to r2 (device tree, booting.rst of
 * arch/arm).
 */
void a32_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg);

/* Their SPSRs (vcpu_spsr.c); IRQs masked */

/** Find out how to have them, before any such vCPU is loaded; any context. */
void a32_spsr_find(void);
/** SPSR of a mode by its register, or 0: the mode has none. */
uint64_t a32_spsr(unsigned mode);
/**
 * Before the loaded vCPU goes on in another mode or is saved: have the SPSR of the mode that it
 * came in in its register.
 */
void a32_spsr_leave(const struct vcpu_regs *regs);
/** After that, with the mode in regs: what is in the register of its SPSR counts. */
void a32_spsr_enter(const struct vcpu_regs *regs);

/* ICC_* of guests on CPUs that have none (vcpu_icc.c) */

void icc_exit_breakpoint(struct vcpu *vcpu, struct vcpu_exit *exit);
void icc_exit_step(struct vcpu *vcpu, struct vcpu_exit *exit);
/** Software breakpoint instructions: the guest's own. */
void icc_exit_brk(struct vcpu *vcpu, struct vcpu_exit *exit);

/* How a load or store is completed: vcpu_exit.reg */
enum abort_how {
	ABORT_PLAIN,   /* one register, as the syndrome says */
	ABORT_PIECE,   /* a piece of what the syndrome does not describe */
	ABORT_SWAPPED, /* one register, big-endian */
	ABORT_A32,     /* one register, of AArch32 */
};

/* Loads and stores without a valid syndrome (vcpu_decode.c, for AArch32 vcpu_decode32.c) */

/**
 * Read the instruction and fill exit for its next piece; exit->size stays 0 when it cannot be
 * done.
 */
void abort_decode(struct vcpu *vcpu, struct vcpu_exit *exit);
/** Finish that piece; after the last one registers are written and the PC moves on. */
void abort_complete_piece(struct vcpu *vcpu, uint64_t value);
void abort_decode32(struct vcpu *vcpu, struct vcpu_exit *exit);
void abort_complete_piece32(struct vcpu *vcpu, uint64_t value);
/** Translate a virtual address as the guest reads it now. @return false: it cannot */
bool guest_va(const struct vcpu_regs *regs, uint64_t va, gpa_t *gpa);
/** Read of the guest's code at a virtual address. @return false: it is not there any more */
bool guest_code_read(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size);
