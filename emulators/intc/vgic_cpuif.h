/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU interface in software: what the register faces of both versions and the rest of the GIC
 * ask of it. State and lock are those of struct vgic.
 */
#pragma once

#include "vgic.h"

/* --- vgic_cpuif.c: the CPU interface in software. Lock held --------------------------- */

/** The interrupt that is offered. */
struct vgic_best {
	struct vgic_bank *b;
	unsigned irq, group;
	unsigned prio; /**< 0x100: there is none, and the others say nothing */
};
struct vgic_best vgic_cpuif_best(struct vgic_cpu *c);
/** Is it more urgent than the mask and than what runs? */
bool vgic_cpuif_deliverable(const struct vgic_cpuif *i, const struct vgic_best *best);
/** It becomes active; of a GICv2 SGI, that of the first sender. */
void vgic_cpuif_take(struct vgic_cpu *c, const struct vgic_best *best);
/** Priority of what runs, as the register shows it. */
unsigned vgic_cpuif_running(const struct vgic_cpuif *i);
/** Priority drop. @param group whose, -1: either. @return whether what runs was of that group */
bool vgic_cpuif_drop(struct vgic_cpuif *i, int group);
/** End an interrupt of this vCPU, if it is active. @param sender GICv2 SGI */
void vgic_cpuif_deactivate(struct vgic_cpu *c, unsigned irq, unsigned sender);
/** Lines of the vCPU, which is loaded here, from its state. */
void vgic_cpuif_update(struct vgic_cpu *c);
/**
 * The same after vgic_cpuif_take(): nothing that waits is more urgent than the most urgent, unless
 * the groups split their priorities differently.
 */
void vgic_cpuif_taken(struct vgic_cpu *c);
void vgic_cpuif_reset(struct vgic_cpu *c);

/* --- gicv2_cpuif.c ------------------------------------------------------------------ */

/** Registers of GICC, at their offsets. */
enum emu_result vgic_cpuif_access(struct emu_dev *dev, struct emu_access *acc);
/** How a GICv2 guest gets its CPU interface on this machine. */
enum vintc_mode gicv2_mode(void);

/* --- gicv3_cpuif.c ------------------------------------------------------------------ */

/** vintc_ops.sysreg: ICC_* in software. */
int gicv3_op_icc(struct vcpu *vcpu, unsigned reg, bool is_write, uint64_t *value);
