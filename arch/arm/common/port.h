/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the files of the ARM port share and nobody else calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

struct vcpu;
struct vcpu_exit;

/** Width of guest physical addresses, before the first guest is made. */
void lpae_set_stage2_bits(unsigned bits);

/** Earliest moment at which a saved or loaded timer fires, counter ticks; UINT64_MAX: never. */
uint64_t gtimer_deadline(struct vcpu *vcpu, bool loaded);
/** Does a timer of the loaded vCPU assert its interrupt now? */
bool gtimer_asserted(void);

/** A guest's firmware call (PSCI 1.1, SMCCC 1.1) with its arguments in x0 … x3. */
void psci_guest_call(struct vcpu *vcpu, bool smc);

/* Entropy for guests (trng_guest.c): rows of that table; x0 is what they return */

int64_t trng_version(struct vcpu *vcpu, const uint64_t *arg);
int64_t trng_uuid(struct vcpu *vcpu, const uint64_t *arg);
int64_t trng_rnd32(struct vcpu *vcpu, const uint64_t *arg);
int64_t trng_rnd64(struct vcpu *vcpu, const uint64_t *arg);

/**
 * Trapped system register access (ESR_EL2.ISS). Steps over the instruction or injects undefined.
 */
void sysreg_trap(struct vcpu *vcpu, uint32_t iss);
/** As sysreg_trap() for AArch32: coprocessors 14 and 15, VMRS; by exception class (vcpu_cp.c). */
void cp_trap(struct vcpu *vcpu, unsigned ec, uint32_t iss);
/** The same of MCR, MRC, MCRR, MRRC of coprocessor 15. @return false: undefined, nothing is done */
bool cp_done(struct vcpu *vcpu, unsigned ec, uint32_t iss);
/** The guest touches a debug register: have all in the CPU, and do not trap them meanwhile. */
void debug_use(struct vcpu *vcpu);
/** Of a vCPU that has them in the CPU; MDSCR_EL1 is saved. May end that state. */
void debug_save(struct vcpu *vcpu);
void debug_load(struct vcpu *vcpu);

/* ICC_* of guests on CPUs that have none (arm64/vcpu_icc.c); vCPUs with arch.icc */

/** Take what such a vCPU needs. Thread context. @return 0 or -ENOMEM */
must_check int icc_init(struct vcpu *vcpu);
void icc_fini(struct vcpu *vcpu);
/** The end of arch_vcpu_reset(). */
void icc_reset(struct vcpu *vcpu);
/** Its breakpoints and watchpoints, which do nothing: as sysreg_row.read and write. */
int icc_debug_read(struct vcpu *vcpu, uint32_t iss, uint64_t *value);
int icc_debug_write(struct vcpu *vcpu, uint32_t iss, uint64_t value);
/** Those of coprocessor 14: as cp_row.read and write (arm64/vcpu_icc32.c). */
int icc32_debug_read(struct vcpu *vcpu, uint32_t iss, uint32_t *value);
int icc32_debug_write(struct vcpu *vcpu, uint32_t iss, uint32_t value);

/** Virtual MPIDR_EL1 of a vCPU by its number, as QEMU's machines number them. */
uint64_t mpidr_of(unsigned vcpu_id, bool gicv3);
/** Undefined Instruction exception; the vCPU is loaded. */
void vcpu_inject_undef(struct vcpu *vcpu);
/** Any synchronous exception of an AArch64 vCPU; FAR_EL1 is the caller's. */
void vcpu_inject_sync(struct vcpu *vcpu, uint32_t esr);
/** The interrupt exception of an AArch64 vCPU. */
void vcpu_inject_irq(struct vcpu *vcpu, bool fiq);
