/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree of a guest of ARM devices, made from what the guest is made of. Private to
 * boards/.
 */
#pragma once

#include <core/guest.h>
#include <core/guest_fdt.h>

/** Root, processors, memory, PSCI, timer, interrupt controller and every device that is known. */
struct arm_fdt {
	struct guest_fdt f;
	struct guest *guest;
	uint32_t gic;	/**< phandle, 0: the guest has no interrupt controller */
	struct dt_node *gic_node;
	uint32_t msi;	/**< phandle of what takes messages, 0: nothing does */
	uint32_t clock; /**< phandle of the bus clock, 0: not made yet */
	bool gicv2;
	char stdout_path[48]; /**< of the first serial port; empty: there is none */
};

/**
 * Make the tree, but for /chosen. Thread context.
 * @param model  model and compatible of the root
 */
void arm_fdt_make(struct arm_fdt *a, struct guest *guest, const char *model);
/** Below the interrupt controller's node: what makes interrupts of messages (arm_fdt_pci.c). */
void arm_fdt_add_msi(struct arm_fdt *a);
/** A PCI host bridge; the guest's windows belong to it. */
void arm_fdt_add_pci(struct arm_fdt *a, const struct region *ecam);
/** Affinity that the processor's MPIDR has. */
uint32_t arm_fdt_affinity(unsigned vcpu, bool gicv2);
