/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree of a guest of ARM devices, made from what the guest is made of. Private to
 * boards/.
 */
#pragma once

#include <core/guest_fdt.h>

/** Root, processors, memory, PSCI, timer, interrupt controller and every device that is known. */
struct arm_fdt {
	struct guest_fdt f;
	struct guest *guest;
	uint32_t gic;	/**< phandle, 0: the guest has no interrupt controller */
	uint32_t clock; /**< phandle of the bus clock, 0: not made yet */
	bool gicv2;
	char stdout_path[48]; /**< of the first serial port; empty: there is none */
};

/**
 * Make the tree, but for /chosen. Thread context.
 * @param model  model and compatible of the root
 */
void arm_fdt_make(struct arm_fdt *a, struct guest *guest, const char *model);
/** Affinity that the processor's MPIDR has. */
uint32_t arm_fdt_affinity(unsigned vcpu, bool gicv2);
