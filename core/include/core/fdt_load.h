/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device trees from files into the live tree, with changes on the way, and lists of files to load
 * into a guest: what `vfs fdt_load`, `vfs guest_fdt_load` and `vfs guest_load_list` do. Thread
 * context.
 */
#pragma once

#include <arch/types.h>
#include <libs/util.h>

struct dt_node;
struct guest;
struct shell_out;

/** Words "<alias>,<attribute>,<type>,<value>", see fdt_override(). */
struct fdt_overrides {
	char *const *words;
	unsigned n;
};

/** A device tree file above this is no guest's description. */
#define FDT_FILE_MAX (1024 * 1024)

/**
 * Load a DTB file as node `name` below a node, and change attributes. Nothing is left behind on
 * error.
 *
 * @param parent     path of the node to put it below; "/guests" is made when it is not there
 * @param name       name of the new node
 * @param path       file
 * @param overrides  changes to make
 * @param out        receives a sentence on error
 * @param node       receives the node; may be NULL
 * @return 0 or negative errno
 */
must_check int fdt_load_file(const char *parent, const char *name, const char *path,
			     struct fdt_overrides overrides, struct shell_out *out,
			     struct dt_node **node);

/**
 * Load a guest's DTB below /guests and make `vcpus` nodes vcpus/vcpu0 … of its vcpu_template: the
 * first one runs at start, the others wait to be turned on (`poweroff`).
 * @return 0 or negative errno, with a sentence on out; nothing is left behind on error
 */
must_check int guest_fdt_load(const char *name, const char *path, unsigned vcpus,
			      struct fdt_overrides overrides, struct shell_out *out);

/**
 * Set one attribute of the node that an alias of a loaded tree names.
 *
 * Types: string; bytes (hexadecimal, two digits each, such as 0a1b2c); uint32, uint64; physaddr,
 * physsize, virtaddr, virtsize (two cells; sizes may have a unit, such as 256M).
 *
 * @param top       the loaded tree, which has the node `aliases`
 * @param override  "<alias>,<attribute>,<type>,<value>"; the value of a string may contain commas
 * @return 0 or negative errno, with a sentence on out
 */
must_check int fdt_override(struct dt_node *top, const char *override, struct shell_out *out);

/**
 * Load a file, or a part of it, to a physical address of the host, into RAM that nobody has. A
 * guest with a region there gets it as it is, if it is created before anybody else takes it.
 * @param offset, bytes  of the file; as far as it goes
 * @return 0 or negative errno, with a sentence on out
 */
must_check int host_load_file(hpa_t at, const char *path, uint64_t offset, uint64_t bytes,
			      struct shell_out *out);

/**
 * Load files into a guest, or with NULL into the host's memory: a line each
 * "<physical address> <path>", blank lines and `#` comments allowed. Stops at the first error.
 * @return 0 or negative errno, with a sentence (file, line, reason) on out
 */
must_check int guest_load_list(struct guest *guest, const char *path, struct shell_out *out);
