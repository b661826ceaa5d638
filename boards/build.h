/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What boards make guests' nodes with. After an error nothing more is done, so that it is looked at
 * once, at the end. Private to boards/; thread context, no lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libs/util.h>

struct dt_node;
struct guest_config;
struct shell_out;

/** Places of virtio-mmio devices, one behind the other, each with its interrupt. */
struct board_slots {
	uint64_t at;
	uint32_t size, irq;
	unsigned used;
};

/** The node in the making. */
struct board_build {
	const struct guest_config *cfg;
	struct dt_node *guest, *aspace, *aliases;
	struct dt_node *pci; /* devices on the bus are nodes below it */
	struct board_slots *slots; /* where virtio devices go instead of b->pci, or NULL */
	int err;
};

/** What all guests have, and their vCPUs; then aspace and aliases can be filled. */
void build_begin(struct board_build *b, const char *model, const char *cpu);
/** Say what went wrong. @return 0 or the first error */
must_check int build_end(struct board_build *b, struct shell_out *out);

struct dt_node *build_node(struct board_build *b, struct dt_node *parent, const char *name);
void build_string(struct board_build *b, struct dt_node *node, const char *prop, const char *s);
void build_u32(struct board_build *b, struct dt_node *node, const char *prop, uint32_t v);
void build_u64(struct board_build *b, struct dt_node *node, const char *prop, uint64_t v);
void build_flag(struct board_build *b, struct dt_node *node, const char *prop);
void build_cells(struct board_build *b, struct dt_node *node, const char *prop,
		 const uint32_t *cells, unsigned n);

/** A device in memory, or behind ports. */
struct board_device {
	const char *name, *type, *compatible;
	uint64_t at, size;
	bool port;
	int8_t irq; /* negative: none */
};
/** A region of memory space. */
struct dt_node *build_region(struct board_build *b, const char *name, const char *manifest,
			     uint64_t at, uint64_t size);
struct dt_node *build_device(struct board_build *b, const struct board_device *d);
/** RAM that the hypervisor chooses. */
void build_ram(struct board_build *b, const char *name, uint64_t at, uint64_t size);
void build_alias(struct board_build *b, const char *name, const char *node);
/** Disks, networks, consoles, random numbers and the balloon, in slots or on the PCI bus. */
void build_virtio(struct board_build *b);
/** With firmware, what the person wants to boot is told to it by a fw_cfg device. */
void build_handed(struct board_build *b, struct dt_node *fw_cfg);
/** What no board can be, and wrong values of disk= and net=, said on out. @return 0 or -EINVAL */
must_check int build_check(const struct guest_config *cfg, struct shell_out *out);
