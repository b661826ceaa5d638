/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The early console: writes to the UART that /chosen stdout-path names, as firmware left it, before
 * there are drivers, memory allocators or a live device tree (and in a panic). Set once by the
 * boot CPU; afterwards only read.
 */
#include <port/boot.h>

#include <arch/barrier.h>
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <libfdt.h>
#include <libs/string.h>
#include <libs/util.h>

/* A UART that does not move must not stop the boot. */
#define ROOM_POLLS 1000000

/* Where a kind of UART has its data and "there is room" bits. */
struct early_kind {
	const char *compatible;
	uint8_t status;	   /* register number */
	uint8_t mask;	   /* in the status register … */
	uint8_t ready;	   /* … equal to this: room */
	uint8_t shift;	   /* default of reg-shift */
	uint8_t width;	   /* default of reg-io-width, bytes */
};

static const struct early_kind kinds[] = {
	{ "arm,pl011", 0x18, 0x20, 0, 0, 4 },
	{ "arm,sbsa-uart", 0x18, 0x20, 0, 0, 4 },
	{ "snps,dw-apb-uart", 5, 0x20, 0x20, 0, 1 },
	{ "ns16550a", 5, 0x20, 0x20, 0, 1 },
	{ "ns16550", 5, 0x20, 0x20, 0, 1 },
};

static struct {
	const struct early_kind *kind;
	uint8_t *data;
	uint8_t *status;
	uint32_t width;
	bool stalled;
} early;

/* --- finding it in the blob ----------------------------------------------------------- */

static uint64_t cells(const fdt32_t *p, int n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 32 | fdt32_to_cpu(*p++);
	return v;
}

static uint32_t fdt_u32_or(const void *fdt, int node, const char *name, uint32_t def)
{
	int len;
	const fdt32_t *p = fdt_getprop(fdt, node, name, &len);

	return p && len >= 4 ? fdt32_to_cpu(*p) : def;
}

/* One step up through the ranges of bus. @return false: no CPU address */
static bool translate(const void *fdt, int bus, int above, uint64_t *addr)
{
	int len, at, row, na, pa, ns;
	const fdt32_t *p = fdt_getprop(fdt, bus, "ranges", &len);

	if (!p || !len)
		return p != NULL;
	na = fdt_address_cells(fdt, bus);
	ns = fdt_size_cells(fdt, bus);
	pa = fdt_address_cells(fdt, above);
	if (na < 1 || na > 2 || ns < 1 || ns > 2 || pa < 1 || pa > 2)
		return false;
	row = na + pa + ns;
	for (at = 0; at + row <= len / 4; at += row) {
		uint64_t base = cells(p + at, na), size = cells(p + at + na + pa, ns);

		if (*addr >= base && *addr - base < size) {
			*addr = *addr - base + cells(p + at + na, pa);
			return true;
		}
	}
	return false;
}

static bool reg_address(const void *fdt, int node, hpa_t *addr)
{
	int len, bus = fdt_parent_offset(fdt, node), na;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

	if (bus < 0 || !reg)
		return false;
	na = fdt_address_cells(fdt, bus);
	if (na < 1 || na > 2 || len < 4 * na)
		return false;
	*addr = cells(reg, na);
	while (bus > 0) {
		int above = fdt_parent_offset(fdt, bus);

		if (above < 0 || !translate(fdt, bus, above, addr))
			return false;
		bus = above;
	}
	return true;
}

static int stdout_node(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen"), len = 0;
	const char *path = NULL, *end;

	if (chosen >= 0)
		path = fdt_getprop(fdt, chosen, "stdout-path", &len);
	if (!path || len < 2)
		return fdt_path_offset(fdt, "serial0");
	/* what follows a colon (speed) is not of the path */
	end = memchr(path, ':', (size_t)len - 1);
	return fdt_path_offset_namelen(fdt, path, end ? (int)(end - path) : len - 1);
}

void early_uart_init(const void *fdt)
{
	const struct early_kind *kind;
	uint32_t shift;
	uint8_t *page;
	hpa_t addr;
	int node;

	if (fdt_check_header(fdt))
		return;
	node = stdout_node(fdt);
	if (node < 0 || !reg_address(fdt, node, &addr))
		return;
	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++)
		if (!fdt_node_check_compatible(fdt, node, kind->compatible))
			break;
	if (kind == kinds + ARRAY_SIZE(kinds))
		return;
	addr += fdt_u32_or(fdt, node, "reg-offset", 0);
	shift = fdt_u32_or(fdt, node, "reg-shift", kind->shift);
	early.width = fdt_u32_or(fdt, node, "reg-io-width", kind->width);
	if (shift > 3 || !IS_ALIGNED(addr, (uint64_t)early.width))
		return;
	/* all that is used lies in one page: 6 << 3 bytes at most, or 0x18 of a 4 KiB PL011 */
	page = arch_early_map_device(addr & PAGE_MASK);
	if (!page)
		return;
	early.data = page + (addr & ~PAGE_MASK);
	early.status = early.data + ((size_t)kind->status << shift);
	early.kind = kind;
}

/* --- writing ------------------------------------------------------------------------------ */

static bool has_room(void)
{
	uint8_t status = early.width == 4 ? (uint8_t)mmio_read32(early.status) :
			 early.width == 2 ? (uint8_t)mmio_read16(early.status) :
					    mmio_read8(early.status);

	return (status & early.kind->mask) == early.kind->ready;
}

static void put(uint8_t byte)
{
	unsigned polls = early.stalled ? 1 : ROOM_POLLS;

	for (; polls && !has_room(); polls--)
		arch_relax();
	early.stalled = !polls;
	if (!polls)
		return;
	if (early.width == 4)
		mmio_write32(early.data, byte);
	else if (early.width == 2)
		mmio_write16(early.data, byte);
	else
		mmio_write8(early.data, byte);
}

void arch_early_puts(const char *s, size_t n)
{
	if (!early.kind)
		return;
	while (n--)
		put((uint8_t)*s++);
}
