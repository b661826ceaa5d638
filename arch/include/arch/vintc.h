/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware behind a guest's interrupt controller: slots (list registers) in
 * which pending virtual interrupts wait for the guest to take them.
 *
 * A slot is 64 bits, laid out as ICH_LR_EL2 (Arm IHI 0069, 12.5.?), which a
 * port converts where its hardware differs. All functions act on the calling
 * CPU, IRQs masked, with the vCPU concerned loaded, unless said otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libs/util.h>

struct vcpu;

#define VSLOT_VIRQ_MASK	   0xffffffffULL	/**< virtual INTID (GICv2 SGI: | sender << 10) */
#define VSLOT_HWIRQ_SHIFT  32			/**< physical INTID when VSLOT_HW */
#define VSLOT_HWIRQ_MASK   0x1fffULL
#define VSLOT_EOI	   BIT(41)		/**< maintenance at EOI, when not VSLOT_HW */
#define VSLOT_PRIO_SHIFT   48
#define VSLOT_PRIO_MASK	   0xffULL
#define VSLOT_GROUP1	   BIT(60)
#define VSLOT_HW	   BIT(61)
#define VSLOT_PENDING	   BIT(62)
#define VSLOT_ACTIVE	   BIT(63)
#define VSLOT_STATE	   (VSLOT_PENDING | VSLOT_ACTIVE)

/** What the virtual CPU interface of this machine can do. */
struct vintc_caps {
	unsigned slots;	     /**< list registers, 0 when the hardware has none */
	unsigned prio_bits;  /**< implemented priority bits (5 or more) */
	bool gicv2_cpuif;    /**< a GICv2 virtual CPU interface can be mapped into a guest */
	uint64_t gicv_hpa;   /**< host physical address of GICV, when gicv2_cpuif */
	uint64_t gicv_size;  /**< bytes of GICV */
	bool gicv3_cpuif;    /**< guest's ICC_* system registers reach virtual ones */
};
const struct vintc_caps *arch_vintc_caps(void);
/** Find it: boot CPU, once, after the interrupt controller's driver and before other CPUs start. */
void arch_vintc_setup(void);

/** How the loaded guest's CPU interface works; chosen per vCPU at init. */
enum vintc_mode {
	VINTC_NONE,    /**< no virtual CPU interface: only arch_vintc_line() */
	VINTC_GICV2,   /**< GICV mapped at the guest's GICC */
	VINTC_GICV3,   /**< ICC_* system registers */
	/** ICC_* come to vintc_ops.sysreg(); no virtual CPU interface: only arch_vintc_line() */
	VINTC_GICV3_SOFT,
};
/** A system register of the CPU interface of GICv3: op0 3, op1 0, and these. */
#define VINTC_ICC(crn, crm, op2) ((crn) << 7 | (crm) << 3 | (op2))
/**
 * Have what VINTC_GICV3_SOFT needs for a vCPU. When the guest is made, thread context. What it
 * takes goes with the vCPU.
 * @return 0 or -ENOMEM
 */
must_check int arch_vintc_soft_gicv3(struct vcpu *vcpu);
/** Set the mode of a vCPU that is not loaded and reset its virtual CPU interface. */
void arch_vintc_init(struct vcpu *vcpu, enum vintc_mode mode);

uint64_t arch_vintc_slot(unsigned n);
void arch_vintc_set_slot(unsigned n, uint64_t slot);
/** Bit n set: slot n holds nothing (neither pending nor active). */
uint32_t arch_vintc_empty(void);
/**
 * Ask for a maintenance interrupt for as long as no slot is pending: more wait than there are
 * slots. (Not the hardware's own underflow, "at most one slot in use", which comes late where
 * slots are full of active interrupts, and never ends where there is one slot.)
 */
void arch_vintc_underflow(bool on);
/**
 * How often the guest has deactivated an interrupt that is in no slot; a maintenance interrupt
 * comes when it does. Reading resets the count.
 */
unsigned arch_vintc_eoicount(void);
/**
 * Let separate deactivations by ICC_DIR come to vintc_ops.dir(): which interrupt it was is not told
 * by a count. @return false: this machine cannot
 */
bool arch_vintc_trap_dir(bool on);
/** Virtual machine control: priority mask, group enables, EOI mode (ICH_VMCR_EL2 layout). */
uint64_t arch_vintc_vmcr(void);
void arch_vintc_set_vmcr(uint64_t vmcr);

/** Mark a host interrupt active or not at the physical distributor (VSLOT_HW hand-over). */
void arch_vintc_hw_active(uint32_t hwirq, bool active);
/** Is the line of a host interrupt up, whether or not it is active? */
bool arch_vintc_hw_pending(uint32_t hwirq);

/**
 * Assert or release the virtual IRQ/FIQ line itself (HCR_EL2.VI/VF), for a CPU
 * interface that is emulated in software. The vCPU may be loaded here or not
 * be running.
 */
void arch_vintc_line(struct vcpu *vcpu, bool irq, bool fiq);

/* --- CPUs that are given vectors (local APIC). Calling CPU, IRQs masked, vCPU loaded here ---- */

/**
 * Offer the vector that waits; from vintc_ops.flush(). With false for an answer the vCPU asks for a
 * flush (VCPU_REQ_VINTC) as soon as it could take one.
 * @param vector      0 to 255; negative: nothing waits
 * @param ignore_tpr  its priority is not compared with the task priority (8259)
 * @return the vCPU takes it at the coming entry, for sure: it is in service from now on
 */
bool arch_vintc_vector(struct vcpu *vcpu, int vector, bool ignore_tpr);
/** Task priority register, 8 bits. Also for the vCPU's own thread, IRQs enabled. */
uint8_t arch_vintc_tpr(const struct vcpu *vcpu);
/** Set it. Also for the vCPU's own thread, IRQs enabled, and for a vCPU that does not run. */
void arch_vintc_set_tpr(struct vcpu *vcpu, uint8_t tpr);
/** Does the vCPU take no interrupts now, whatever waits? */
bool arch_vintc_masked(const struct vcpu *vcpu);
/** The vCPU takes a non-maskable interrupt as soon as it can; from vintc_ops.flush(). */
void arch_vintc_nmi(struct vcpu *vcpu);
