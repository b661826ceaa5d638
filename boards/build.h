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

/** The node in the making. */
struct board_build {
	const struct guest_config *cfg;
	struct dt_node *guest, *aspace, *aliases;
	struct dt_node *pci; /* devices on the bus are nodes below it */
	int err;
};

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
struct dt_node *build_device(struct board_build *b, const struct board_device *d);
/** RAM that the hypervisor chooses. */
void build_ram(struct board_build *b, const char *name, uint64_t at, uint64_t size);
/** vCPUs; all but the first wait to be started. */
void build_vcpus(struct board_build *b, const char *compatible);
/** Disks, networks, console and random numbers on the PCI bus b->pci. */
void build_virtio_pci(struct board_build *b);
/** What is wrong with disk= and net=, said on out. @return 0 or -EINVAL */
must_check int build_check(const struct guest_config *cfg, struct shell_out *out);
