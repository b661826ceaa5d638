/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the device tree that a guest is given. A board adds nodes with the functions below, which
 * remember the first error, so that it is looked at once, at the end. Thread context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

struct dt_node;
struct guest;

/** A tree in the making. */
struct guest_fdt {
	struct dt_node *root;
	int err; /**< the first error; all calls after it do nothing and get nodes of NULL */
};

/** What the one who boots tells the kernel. */
struct guest_chosen {
	const char *cmdline;	 /**< NULL: none */
	const char *stdout_path; /**< NULL: none */
	gpa_t initrd;
	uint64_t initrd_size; /**< 0: none */
};

/** Start a tree: a root with two cells each for addresses and sizes. */
void guest_fdt_begin(struct guest_fdt *f);
/** Add a node; its name by printf. @return NULL after an error */
struct dt_node *guest_fdt_node(struct guest_fdt *f, struct dt_node *parent, const char *fmt, ...)
	printf_like(3, 4);
void guest_fdt_put_cells(struct guest_fdt *f, struct dt_node *node, const char *prop,
			 const uint32_t *cells, unsigned n);
/** A property of the cells that follow. */
#define guest_fdt_cells(f, node, prop, ...)                                                        \
	guest_fdt_put_cells((f), (node), (prop), (const uint32_t[]){ __VA_ARGS__ },                \
			    sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
void guest_fdt_string(struct guest_fdt *f, struct dt_node *node, const char *prop, const char *s);
/** A list of strings, written as one constant with \0 between them. */
#define guest_fdt_strings(f, node, prop, list)                                                     \
	guest_fdt_put((f), (node), (prop), (list), sizeof(list))
void guest_fdt_put(struct guest_fdt *f, struct dt_node *node, const char *prop, const void *data,
		   size_t size);
/** A property that is there or not. */
void guest_fdt_flag(struct guest_fdt *f, struct dt_node *node, const char *prop);
/** Append an address range to `reg`, two cells each. */
void guest_fdt_reg(struct guest_fdt *f, struct dt_node *node, gpa_t gpa, uint64_t size);
/** @return the node's phandle, 0 after an error */
uint32_t guest_fdt_phandle(struct guest_fdt *f, struct dt_node *node);

/** /memory@… for each RAM region of the guest. */
void guest_fdt_memory(struct guest_fdt *f, const struct guest *guest);
/** /chosen */
void guest_fdt_chosen(struct guest_fdt *f, const struct guest_chosen *chosen);

/**
 * Flatten the tree and free it, also after errors.
 * @param blob  receives the blob, from heap_alloc(); NULL: only free
 * @return 0, or the first error
 */
must_check int guest_fdt_end(struct guest_fdt *f, void **blob, size_t *size);

/**
 * A blob that a person made, with the guest's memory and what `chosen` says put in.
 * @param in    the blob
 * @param blob  receives the new one, from heap_alloc()
 * @return 0; -EINVAL: it is none, damaged, or has other than 1 or 2 cells for addresses; -ENOMEM
 */
must_check int guest_fdt_adapt(const void *in, size_t in_size, const struct guest *guest,
			       const struct guest_chosen *chosen, void **blob, size_t *size);
