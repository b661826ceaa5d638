/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses in the device tree: `reg` entries translated to CPU addresses through the `ranges` of
 * the buses above (Devicetree Specification v0.4, 2.3.6 and 2.3.8). Reads only; the tree's lock is
 * held over a translation.
 */
#include <core/dt.h>

#include <libs/byteorder.h>
#include <libs/errno.h>

/* A number of one or two cells; longer ones are no addresses of memory. */
static uint64_t number(const uint8_t *cells, uint32_t n)
{
	return n == 0 ? 0 : n == 1 ? get_be32(cells) : get_be64(cells);
}

struct bus_cells {
	uint32_t address;
	uint32_t size;
};

/* How many cells addresses and sizes of a bus's children have. */
static int bus_cells(const struct dt_node *bus, struct bus_cells *out)
{
	out->address = dt_u32_or(bus, "#address-cells", 2);
	out->size = dt_u32_or(bus, "#size-cells", 1);
	return out->address >= 1 && out->address <= 2 && out->size <= 2 ? 0 : -EINVAL;
}

/* One step up: an address range of bus's children as bus's own parent sees it. */
static int translate(const struct dt_node *bus, uint64_t *addr, uint64_t size)
{
	const struct dt_prop *ranges = dt_prop(bus, "ranges");
	struct bus_cells below, above;
	uint32_t row, at;

	if (!ranges)
		return -EINVAL;	/* no mapping: what is below has no CPU address */
	if (!ranges->len)
		return 0;	/* one to one */
	if (bus_cells(bus, &below) || bus_cells(bus->parent, &above))
		return -EINVAL;
	row = 4 * (below.address + above.address + below.size);
	if (ranges->len % row)
		return -EINVAL;
	for (at = 0; at < ranges->len; at += row) {
		const uint8_t *p = ranges->data + at;
		uint64_t child = number(p, below.address);
		uint64_t parent = number(p + 4 * below.address, above.address);
		uint64_t len = number(p + 4 * (below.address + above.address), below.size);

		if (*addr < child || *addr - child >= len || size > len - (*addr - child))
			continue;
		*addr = *addr - child + parent;
		return 0;
	}
	return -EINVAL;
}

/* All the way up to a CPU address. */
static int translate_up(const struct dt_node *bus, uint64_t *addr, uint64_t size)
{
	int err;

	if (*addr + size < *addr)
		return -EINVAL;
	for (; bus->parent; bus = bus->parent) {
		err = translate(bus, addr, size);
		if (err)
			return err;
	}
	return *addr + size < *addr ? -EINVAL : 0;
}

static int reg_locked(const struct dt_node *node, unsigned n, uint64_t *addr, uint64_t *size)
{
	const struct dt_prop *reg = dt_prop(node, "reg");
	const struct dt_node *bus = node->parent;
	struct bus_cells cells;
	uint32_t row;

	if (!reg)
		return -ENOENT;
	if (!bus || bus_cells(bus, &cells))
		return -EINVAL;
	row = 4 * (cells.address + cells.size);
	if (reg->len % row)
		return -EINVAL;
	if (n >= reg->len / row)
		return -ENOENT;
	*addr = number(reg->data + n * row, cells.address);
	*size = number(reg->data + n * row + 4 * cells.address, cells.size);
	return translate_up(bus, addr, *size);
}

int dt_reg(const struct dt_node *node, unsigned n, uint64_t *addr, uint64_t *size)
{
	uint64_t a = 0, s = 0;
	int err;

	dt_lock();
	err = reg_locked(node, n, &a, &s);
	dt_unlock();
	if (err)
		return err;
	*addr = a;
	if (size)
		*size = s;
	return 0;
}

int dt_port(const struct dt_node *node, unsigned n, uint16_t *port, unsigned *size)
{
	const struct dt_node *bus = node->parent;
	const struct dt_prop *reg;
	int err = -ENOENT;

	dt_lock();
	reg = dt_prop(node, "reg");
	/* a cell that says "port", the port, how many */
	if (reg && bus && dt_compatible(bus, "isa") && n < reg->len / 12) {
		const uint8_t *entry = reg->data + (size_t)n * 12;
		uint32_t first = get_be32(entry + 4), count = get_be32(entry + 8);

		if (get_be32(entry) & 1 && first <= UINT16_MAX && count <= 0x10000 - first) {
			*port = (uint16_t)first;
			*size = count;
			err = 0;
		}
	}
	dt_unlock();
	return err;
}

int dt_translate(const struct dt_node *bus, uint64_t *addr, uint64_t size)
{
	uint64_t a = *addr;
	int err;

	dt_lock();
	err = translate_up(bus, &a, size);
	dt_unlock();
	if (!err)
		*addr = a;
	return err;
}
