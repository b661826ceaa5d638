/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes guests' device trees: a detached tree that a board fills, flattened at the end; and blobs
 * that persons made, adapted to the guest. No data of its own; thread context.
 */
#include <core/guest_fdt.h>

#include <libfdt.h>

#include <core/dt.h>
#include <core/guest.h>
#include <core/image.h>
#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

/* A usual tree fits into this; larger ones are tried with twice as much, up to BOOT_DTB_MAX. */
#define BLOB_FIRST 0x4000
/* Room for what adapting adds beside strings. */
#define ADAPT_ROOM 0x1000
/* More than any machine has; each takes time in proportion to the blob. */
#define MEMORY_NODES_MAX 64

void guest_fdt_begin(struct guest_fdt *f)
{
	f->root = dt_new_tree();
	f->err = f->root ? 0 : -ENOMEM;
	guest_fdt_cells(f, f->root, "#address-cells", 2);
	guest_fdt_cells(f, f->root, "#size-cells", 2);
}

struct dt_node *guest_fdt_node(struct guest_fdt *f, struct dt_node *parent, const char *fmt, ...)
{
	struct dt_node *node = NULL;
	char name[64];
	va_list ap;
	int n;

	if (f->err)
		return NULL;
	va_start(ap, fmt);
	n = vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(name))
		node = dt_add_node(parent, name);
	if (!node)
		f->err = n > 0 && dt_child(parent, name) ? -EEXIST : -ENOMEM;
	return node;
}

void guest_fdt_put(struct guest_fdt *f, struct dt_node *node, const char *prop, const void *data,
		   size_t size)
{
	if (!f->err)
		f->err = dt_set(node, prop, data, (uint32_t)size);
}

void guest_fdt_put_cells(struct guest_fdt *f, struct dt_node *node, const char *prop,
			 const uint32_t *cells, unsigned n)
{
	if (!f->err)
		f->err = dt_set_cells(node, prop, cells, n);
}

void guest_fdt_string(struct guest_fdt *f, struct dt_node *node, const char *prop, const char *s)
{
	guest_fdt_put(f, node, prop, s, strlen(s) + 1);
}

void guest_fdt_flag(struct guest_fdt *f, struct dt_node *node, const char *prop)
{
	guest_fdt_put(f, node, prop, NULL, 0);
}

void guest_fdt_reg(struct guest_fdt *f, struct dt_node *node, gpa_t gpa, uint64_t size)
{
	const struct dt_prop *old = f->err ? NULL : dt_prop(node, "reg");
	uint8_t reg[64];
	uint32_t n = old ? old->len : 0;

	if (f->err)
		return;
	if (n > sizeof(reg) - 16) {
		f->err = -E2BIG;
		return;
	}
	if (old)
		memcpy(reg, old->data, n);
	put_be64(reg + n, gpa);
	put_be64(reg + n + 8, size);
	guest_fdt_put(f, node, "reg", reg, n + 16);
}

uint32_t guest_fdt_phandle(struct guest_fdt *f, struct dt_node *node)
{
	uint32_t phandle = f->err ? 0 : dt_phandle(node);

	if (!f->err && !phandle)
		f->err = -ENOMEM;
	return phandle;
}

void guest_fdt_memory(struct guest_fdt *f, const struct guest *guest)
{
	for (unsigned i = 0; i < guest->nr_regions; i++) {
		const struct region *r = &guest->regions[i];
		struct dt_node *node;

		if (!(r->flags & REGION_RAM) || (r->flags & (REGION_ALIAS | REGION_SHARED)))
			continue;
		node = guest_fdt_node(f, f->root, "memory@%" PRIx64, r->gpa);
		guest_fdt_string(f, node, "device_type", "memory");
		guest_fdt_reg(f, node, r->gpa, r->size);
	}
}

static void put_u64(struct guest_fdt *f, struct dt_node *node, const char *prop, uint64_t v)
{
	guest_fdt_cells(f, node, prop, (uint32_t)(v >> 32), (uint32_t)v);
}

void guest_fdt_chosen(struct guest_fdt *f, const struct guest_chosen *chosen)
{
	struct dt_node *node = guest_fdt_node(f, f->root, "chosen");

	if (chosen->stdout_path)
		guest_fdt_string(f, node, "stdout-path", chosen->stdout_path);
	if (chosen->cmdline)
		guest_fdt_string(f, node, "bootargs", chosen->cmdline);
	if (chosen->initrd_size) {
		put_u64(f, node, "linux,initrd-start", chosen->initrd);
		put_u64(f, node, "linux,initrd-end", chosen->initrd + chosen->initrd_size);
	}
}

/* @return 0 with *blob and *size set, -ENOSPC, -ENOMEM, -EINVAL */
static int flatten(struct dt_node *root, size_t room, void **blob, size_t *size)
{
	int n;

	*blob = heap_zalloc(room);
	if (!*blob)
		return -ENOMEM;
	n = dt_flatten(root, *blob, room);
	if (n >= 0) {
		*size = (size_t)n;
		return 0;
	}
	heap_free(*blob);
	return n;
}

int guest_fdt_end(struct guest_fdt *f, void **blob, size_t *size)
{
	size_t room = BLOB_FIRST;
	int err = f->err;

	if (!err && blob) {
		do {
			err = flatten(f->root, room, blob, size);
			room *= 2;
		} while (err == -ENOSPC && room <= BOOT_DTB_MAX);
	}
	if (f->root) {
		int undo = dt_del_node(f->root);

		err = err ? err : undo;
	}
	f->root = NULL;
	return err;
}

/* --- blobs of persons ---------------------------------------------------------------------------
 */

/* Nodes of the blob's own memory, which the guest's takes the place of. */
static int remove_memory(void *fdt)
{
	for (unsigned n = 0; n < MEMORY_NODES_MAX; n++) {
		int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory",
							 sizeof("memory"));

		if (node == -FDT_ERR_NOTFOUND)
			return 0;
		if (node < 0)
			return node;
		node = fdt_del_node(fdt, node);
		if (node)
			return node;
	}
	return -FDT_ERR_BADSTRUCTURE;
}

/* @return bytes written for a value of so many cells, 0 where it does not fit */
static int put_cells(uint8_t *at, int cells, uint64_t v)
{
	if (cells == 2)
		put_be64(at, v);
	else if (cells == 1 && v <= UINT32_MAX)
		put_be32(at, (uint32_t)v);
	else
		return 0;
	return cells * 4;
}

static int add_memory(void *fdt, const struct guest *guest)
{
	int ac = fdt_address_cells(fdt, 0), sc = fdt_size_cells(fdt, 0);

	for (unsigned i = 0; i < guest->nr_regions; i++) {
		const struct region *r = &guest->regions[i];
		uint8_t reg[16];
		char name[32];
		int node, n, m, err;

		if (!(r->flags & REGION_RAM) || (r->flags & (REGION_ALIAS | REGION_SHARED)))
			continue;
		n = put_cells(reg, ac, r->gpa);
		m = n ? put_cells(reg + n, sc, r->size) : 0;
		if (!m)
			return -FDT_ERR_BADNCELLS;
		snprintf(name, sizeof(name), "memory@%" PRIx64, r->gpa);
		node = fdt_add_subnode(fdt, 0, name);
		err = node < 0 ? node : fdt_setprop_string(fdt, node, "device_type", "memory");
		if (!err)
			err = fdt_setprop(fdt, node, "reg", reg, n + m);
		if (err)
			return err;
	}
	return 0;
}

static int put_chosen(void *fdt, const struct guest_chosen *chosen)
{
	int node = fdt_path_offset(fdt, "/chosen");
	int err = 0;

	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(fdt, 0, "chosen");
	if (node < 0)
		return node;
	if (chosen->cmdline)
		err = fdt_setprop_string(fdt, node, "bootargs", chosen->cmdline);
	if (!err && chosen->initrd_size)
		err = fdt_setprop_u64(fdt, node, "linux,initrd-start", chosen->initrd);
	if (!err && chosen->initrd_size)
		err = fdt_setprop_u64(fdt, node, "linux,initrd-end",
				      chosen->initrd + chosen->initrd_size);
	return err;
}

/* All changes, in a blob with room for them. @return 0 or a libfdt error */
static int adapt(void *fdt, const struct guest *guest, const struct guest_chosen *chosen)
{
	int err = remove_memory(fdt);

	if (!err)
		err = add_memory(fdt, guest);
	if (!err)
		err = put_chosen(fdt, chosen);
	return err ? err : fdt_pack(fdt);
}

int guest_fdt_adapt(const void *in, size_t in_size, const struct guest *guest,
		    const struct guest_chosen *chosen, void **blob, size_t *size)
{
	size_t room = in_size + ADAPT_ROOM + guest->nr_regions * 64 +
		      (chosen->cmdline ? strlen(chosen->cmdline) : 0);
	void *copy, *fdt;
	bool bad;

	if (in_size < sizeof(struct fdt_header) || in_size > BOOT_DTB_MAX)
		return -EINVAL;
	/* libfdt wants 8-byte alignment, which a file in an archive need not have. */
	copy = heap_alloc(in_size);
	fdt = heap_zalloc(room);
	if (!copy || !fdt) {
		heap_free(copy);
		heap_free(fdt);
		return -ENOMEM;
	}
	memcpy(copy, in, in_size);
	bad = fdt_check_header(copy) || fdt_check_full(copy, in_size) ||
	      fdt_open_into(copy, fdt, (int)room) || adapt(fdt, guest, chosen);
	heap_free(copy);
	if (bad) {
		heap_free(fdt);
		return -EINVAL;
	}
	*blob = fdt;
	*size = fdt_totalsize(fdt);
	return 0;
}
