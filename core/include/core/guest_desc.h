/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's device-tree node, read and checked: plain values from which
 * guest_create() makes the guest. Reading changes nothing and finds all errors.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/guest_kinds.h>
#include <core/guest.h>

struct dt_node;
struct shell_out;

struct vcpu_desc {
	struct dt_node *node;
	uint64_t start_pc;
	int prio;		/* 0 … 7 */
	uint64_t slice;		/* ns */
	uint64_t deadline, period; /* ns */
	uint64_t affinity;	/* 0: any */
	bool poweroff;
	bool narrow;		/* its `compatible` says: for 32-bit programs on a 64-bit host */
	uint32_t numbers[ARCH_CPU_NUMBERS]; /* of arch_guest_kinds.numbers */
};

struct guest_desc {
	char name[GUEST_NAME_MAX];
	uint32_t psci_version;	/* 0x00010001 */
	bool big_endian;
	unsigned nr_irqs;
	struct vcpu_desc *vcpus;
	unsigned nr_vcpus;
	/**
	 * Sorted by gpa, no overlap; node, flags, gpa, size, alias set. Extents hold one entry
	 * with hpa for memory or a device of the host at a given place. A "real" device that an
	 * emulator knows is REGION_VIRTUAL here: the emulator finds the host's part of it.
	 */
	struct region *regions;
	unsigned nr_regions;
	bool reset_stops;	/* on_reset="stop" */
};

/**
 * Read a node under /guests. Each error is a sentence on out, with the node's path.
 * @param desc  filled; free with guest_desc_free() also after errors
 * @return number of errors
 */
unsigned guest_desc_read(struct dt_node *node, struct guest_desc *desc, struct shell_out *out);
void guest_desc_free(struct guest_desc *desc);

/**
 * A name that a guest can have: 1 to GUEST_NAME_MAX-1 letters, digits, '-', '_', '.', beginning
 * with one of the first two kinds.
 */
bool guest_name_ok(const char *name);
