/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's PCI bus (PCI Local Bus 3.0, chapter 6): configuration space of any width and
 * alignment; BARs that are sized, moved, overlapped and switched off; MSI-X with masks and pending
 * bits; lines.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

#include <core/vpci.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#define ECAM_SIZE 0x1000000ull
#define MEM_SIZE  0x8000000ull
#define IRQ_A	  35
#define SPI	  80
#define MSIX	  fn[0].msix_cap

/* --- a function ----------------------------------------------------------------------------- */

/* BAR 0: 64 KiB of memory; BAR 1: 16 bytes of I/O; BAR 2: MSI-X; BAR 4: 64-bit, 1 MiB. */
static struct vpci_function fn[3];
static unsigned made, vectors;
static uint64_t bar_value;
static struct {
	struct vpci_function *fn;
	unsigned bar;
	uint64_t offset, value;
	unsigned size, count;
} last;
static unsigned config_writes, config_offset;

static enum emu_result bar_access(struct vpci_function *f, unsigned bar, struct emu_access *acc)
{
	last.fn = f;
	last.bar = bar;
	last.offset = acc->offset;
	last.size = acc->size;
	last.count++;
	CHECK(acc->offset + acc->size <= f->bars[bar].size);
	if (acc->is_write)
		last.value = acc->value;
	else
		acc->value = bar_value;
	return EMU_OK;
}

static void config_read(struct vpci_function *f, unsigned offset, unsigned n)
{
	f->config[0xff] = 0x77;
}

static void config_written(struct vpci_function *f, unsigned offset, unsigned n)
{
	config_writes++;
	config_offset = offset;
}

static const struct vpci_function_ops ops = { bar_access, config_read, config_written };
static const struct vpci_ids ids = {
	.vendor = 0x1234, .device = 0x5678, .subvendor = 0x9abc, .subdevice = 0xdef0,
	.class_code = 0x020304, .revision = 5, .pin = 1,
};

static int fn_probe(struct emu_dev *dev)
{
	static const uint8_t vendor[] = { 4, 0x11 };
	struct vpci_function *f = &fn[made];
	int err;

	vpci_function_init(f, dev, &ops, &ids);
	vpci_bar_init(f, 0, 0x10000, VPCI_BAR_MEM32);
	vpci_bar_init(f, 1, 16, VPCI_BAR_IO);
	vpci_bar_init(f, 4, 0x100000, VPCI_BAR_MEM64 | VPCI_BAR_PREFETCH);
	CHECK_EQ(vpci_capability_add(f, PCI_CAP_VENDOR, vendor, sizeof(vendor)), 0x40);
	err = vectors ? vpci_msix_init(f, 2, vectors) : 0;
	if (!err)
		err = vpci_function_add(f);
	if (err)
		vpci_function_remove(f);
	else
		made++;
	dev->priv = f;
	return err;
}

static void fn_remove(struct emu_dev *dev)
{
	vpci_function_remove(dev->priv);
}

static void fn_reset(struct emu_dev *dev)
{
	vpci_function_reset(dev->priv);
}

static const struct dt_match matches[] = { { "test,function", NULL }, { NULL, NULL } };

EMULATOR(test_function) {
	.name = "test-function",
	.match = matches,
	.probe = fn_probe,
	.remove = fn_remove,
	.reset = fn_reset,
	.on = VPCI_BUS,
};

/* --- the bus -------------------------------------------------------------------------------- */

static struct emu_dev *host, *mem, *io, *frame;

static void setup(unsigned functions)
{
	static const uint32_t irqs[] = { IRQ_A, IRQ_A + 1, IRQ_A + 2, IRQ_A + 3 };
	struct dt_node *node;
	char name[] = "fn0";
	int err;

	world_begin();
	made = 0;
	vectors = vectors ? vectors : 3;
	memset(&last, 0, sizeof(last));
	node = world_node("pci", "pci-host-ecam-generic");
	CHECK_EQ(dt_set_cells(node, "interrupts", irqs, 4), 0);
	host = world_probe(node, ECAM_SIZE, &err);
	REQUIRE(host);
	io = world_device("pio", "pci-io-window", 0x10000, 1);
	mem = world_device("pmem", "pci-window", MEM_SIZE, 1);
	node = world_node("v2m", "arm,gic-v2m-frame");
	CHECK_EQ(dt_set_u32(node, "arm,msi-num-spis", 48), 0);
	frame = world_probe(node, 0x1000, &err);
	REQUIRE(frame);
	for (unsigned i = 0; i < functions; i++, name[2]++)
		REQUIRE(world_child(host, name, "test,function", &err));
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
	vectors = 0;
}

static uint64_t config(unsigned slot, unsigned offset, unsigned size)
{
	return world_read(host, slot << 15 | offset, size);
}

static void set_config(unsigned slot, unsigned offset, unsigned size, uint64_t value)
{
	CHECK_EQ(world_write(host, slot << 15 | offset, size, value), EMU_OK);
}

static uint32_t bus_address(uint32_t offset)
{
	return (uint32_t)mem->region->gpa + offset;
}

/* Everything on, BAR 0 at the beginning of the window, MSI-X one MiB behind, BAR 4 two MiB. */
static void enable(unsigned slot)
{
	uint32_t at = (slot - 1) * 0x400000;

	set_config(slot, PCI_BAR0, 4, bus_address(at));
	set_config(slot, PCI_BAR0 + 4, 4, 0x1000 + slot * 16);
	set_config(slot, PCI_BAR0 + 8, 4, bus_address(at + 0x100000));
	set_config(slot, PCI_BAR0 + 16, 4, bus_address(at + 0x200000));
	set_config(slot, PCI_BAR0 + 20, 4, 0);
	set_config(slot, PCI_COMMAND, 2, 7);
}

/* --- configuration space -------------------------------------------------------------------- */

TEST(bridge_and_nothing)
{
	setup(0);
	CHECK_EQ(config(0, 0, 4), 0x00081b36);
	CHECK_EQ(config(0, 8, 4), 0x06000000);
	CHECK_EQ(config(0, PCI_HEADER_TYPE, 1), 0);
	/* Empty slots, other buses, what is behind the 256 bytes. */
	CHECK_EQ(config(1, 0, 4), 0xffffffff);
	CHECK_EQ(config(1, 0, 2), 0xffff);
	CHECK_EQ(world_read(host, 1 << 12, 4), 0xffffffff);
	CHECK_EQ(world_read(host, 1 << 20, 4), 0xffffffff);
	CHECK_EQ(config(0, 0x100, 4), 0xffffffff);
	CHECK_EQ(config(0, 0xfe, 4), 0xffffffff);
	CHECK_EQ(config(0, 0xff8, 8), ~0ull);
	set_config(1, PCI_COMMAND, 2, 0xffff);
	set_config(0, 0x100, 8, ~0ull);
	/* A bridge without BARs. */
	for (unsigned i = 0x10; i < 0x28; i += 4) {
		set_config(0, i, 4, ~0u);
		CHECK_EQ(config(0, i, 4), 0);
	}
	teardown();
}

TEST(header)
{
	setup(1);
	CHECK_EQ(config(1, 0, 4), 0x56781234);
	CHECK_EQ(config(1, 8, 4), 0x02030405);
	CHECK_EQ(config(1, 0x2c, 4), 0xdef09abc);
	CHECK_EQ(config(1, PCI_STATUS, 2), PCI_STATUS_CAPABILITIES);
	CHECK_EQ(config(1, PCI_INTERRUPT_PIN, 1), 1);
	CHECK_EQ(config(1, 0xff, 1), 0x77);
	/* Capabilities: vendor, then MSI-X. */
	CHECK_EQ(config(1, PCI_CAPABILITIES, 1), 0x40);
	CHECK_EQ(config(1, 0x40, 4), 0x11044409);
	CHECK_EQ(MSIX, 0x44);
	CHECK_EQ(config(1, 0x44, 4), 0x00020011);
	CHECK_EQ(config(1, 0x48, 4), 2);
	CHECK_EQ(config(1, 0x4c, 4), 0x802);
	/* Only what is writable changes. */
	for (unsigned i = 0; i < 0x100; i += 4)
		set_config(1, i, 4, ~0u);
	CHECK_EQ(config(1, 0, 4), 0x56781234);
	CHECK_EQ(config(1, PCI_COMMAND, 2), 0x407);
	CHECK_EQ(config(1, 8, 4), 0x02030405);
	CHECK_EQ(config(1, 0x0c, 4), 0xff);
	CHECK_EQ(config(1, 0x2c, 4), 0xdef09abc);
	CHECK_EQ(config(1, 0x3c, 4), 0x1ff);
	CHECK_EQ(config(1, 0x40, 4), 0x11044409);
	CHECK_EQ(config(1, 0x44, 4), 0xc0020011);
	/* And all of it is as before after a reset. */
	host->emu->reset(host);
	fn_reset(fn[0].dev);
	CHECK_EQ(config(1, PCI_COMMAND, 2), 0);
	CHECK_EQ(config(1, 0x0c, 4), 0);
	CHECK_EQ(config(1, 0x10, 4), 0);
	CHECK_EQ(config(1, 0x20, 4), 0xc);
	CHECK_EQ(config(1, 0x44, 4), 0x00020011);
	teardown();
}

TEST(widths_and_alignments)
{
	uint8_t model[256];

	setup(1);
	for (unsigned i = 0; i < 256; i++)
		model[i] = (uint8_t)config(1, i, 1);
	for (unsigned n = 0; n < 20000; n++) {
		unsigned size = 1u << unit_random_below(4), at = (unsigned)unit_random_below(256);
		uint64_t value = unit_random();

		if (size > 256 - at)
			continue;
		set_config(1, at, size, value);
		for (unsigned i = 0; i < size; i++)
			model[at + i] = (uint8_t)((model[at + i] & ~fn[0].writable[at + i]) |
						  (value >> 8 * i & fn[0].writable[at + i]));
		at = (unsigned)unit_random_below(256 - size + 1);
		value = config(1, at, size);
		for (unsigned i = 0; i < size; i++)
			CHECK_EQ(value >> 8 * i & 0xff, model[at + i]);
	}
	config_writes = 0;
	set_config(1, 0x3c, 4, 0);
	CHECK_EQ(config_writes, 0);
	set_config(1, 0x3e, 4, 0);
	CHECK_EQ(config_writes, 1);
	CHECK_EQ(config_offset, 0x3e);
	teardown();
}

TEST(slots)
{
	struct dt_node *node;
	int err;

	setup(2);
	CHECK_EQ(fn[0].devfn, 1 << 3);
	CHECK_EQ(fn[1].devfn, 2 << 3);
	node = dt_add_node(host->node, "a");
	CHECK_EQ(dt_set_u32(node, "slot", 2), 0);
	CHECK(!world_child(host, "a", "test,function", &err));
	CHECK_EQ(err, -EBUSY);
	CHECK(strstr(world_out_text(), "slot 2, function 0 of the PCI bus is taken by g/fn1"));
	CHECK_EQ(dt_set_u32(node, "slot", 32), 0);
	CHECK(!world_child(host, "a", "test,function", &err));
	CHECK_EQ(err, -EINVAL);
	/* Another function of the same slot: the first one says that there are more. */
	CHECK_EQ(config(1, PCI_HEADER_TYPE, 1), 0);
	CHECK_EQ(dt_set_cells(node, "slot", (const uint32_t[]){ 1, 3 }, 2), 0);
	REQUIRE(world_child(host, "a", "test,function", &err));
	CHECK_EQ(config(1, PCI_HEADER_TYPE, 1), 0x80);
	CHECK_EQ(config(2, PCI_HEADER_TYPE, 1), 0);
	CHECK_EQ(world_read(host, (1 << 3 | 3) << 12, 4), 0x56781234);
	CHECK_EQ(world_read(host, (1 << 3 | 2) << 12, 4), 0xffffffff);
	teardown();
}

/* --- BARs ----------------------------------------------------------------------------------- */

TEST(bar_sizes)
{
	static const uint32_t masks[] = { 0xffff0000, 0xfffffff1, 0xfffff000, 0, 0xfff0000c, ~0u };

	setup(1);
	for (unsigned i = 0; i < 6; i++) {
		set_config(1, PCI_BAR0 + 4 * i, 4, ~0u);
		CHECK_EQ(config(1, PCI_BAR0 + 4 * i, 4), masks[i]);
		set_config(1, PCI_BAR0 + 4 * i, 4, 0);
	}
	set_config(1, 0x30, 4, ~0u);
	CHECK_EQ(config(1, 0x30, 4), 0);
	teardown();
}

TEST(bar_accesses)
{
	setup(1);
	bar_value = 0x12345678;
	/* Not before it is switched on. */
	set_config(1, PCI_BAR0, 4, bus_address(0));
	CHECK_EQ(world_read(mem, 0, 4), 0xffffffff);
	set_config(1, PCI_COMMAND, 2, PCI_COMMAND_IO);
	CHECK_EQ(world_read(mem, 0, 4), 0xffffffff);
	CHECK_EQ(last.count, 0);
	enable(1);
	CHECK_EQ(world_read(mem, 4, 4), 0x12345678);
	CHECK(last.fn == &fn[0] && last.bar == 0 && last.offset == 4 && last.size == 4);
	CHECK_EQ(world_write(mem, 0xfff8, 8, 0x1122334455667788), EMU_OK);
	CHECK(last.offset == 0xfff8 && last.value == 0x1122334455667788);
	/* Beyond its end, or across it, there is nobody. */
	last.count = 0;
	CHECK_EQ(world_read(mem, 0x10000, 4), 0xffffffff);
	CHECK_EQ(world_read(mem, 0xfffc, 8), ~0ull);
	CHECK_EQ(last.count, 0);
	CHECK_EQ(world_read(mem, 0x2ffffc, 4), 0x12345678);
	CHECK(last.bar == 4 && last.offset == 0xffffc);
	/* I/O space is another one. */
	bar_value = 0x5a;
	CHECK_EQ(world_read(io, 0x1013, 1), 0x5a);
	CHECK(last.bar == 1 && last.offset == 3);
	CHECK_EQ(world_read(io, 0x1020, 1), 0xff);
	/* Moved, then off. */
	set_config(1, PCI_BAR0, 4, bus_address(0x50000));
	last.count = 0;
	CHECK_EQ(world_read(mem, 4, 4), 0xffffffff);
	CHECK_EQ(last.count, 0);
	CHECK_EQ(world_read(mem, 0x50004, 4), 0x5a);
	set_config(1, PCI_COMMAND, 1, 5);
	CHECK_EQ(world_read(mem, 0x50004, 4), 0xffffffff);
	CHECK_EQ(world_read(io, 0x1013, 1), 0x5a);
	/* A 64-bit one above the window. */
	set_config(1, PCI_COMMAND, 1, 7);
	set_config(1, PCI_BAR0 + 20, 4, 1);
	CHECK_EQ(world_read(mem, 0x200000, 4), 0xffffffff);
	set_config(1, PCI_BAR0 + 20, 4, ~0u);
	CHECK_EQ(world_read(mem, 0x200000, 4), 0xffffffff);
	teardown();
}

/* The lower function has the place, whoever was there before and whoever was asked last. */
TEST(bars_overlap)
{
	setup(2);
	enable(1);
	enable(2);
	CHECK_EQ(world_write(mem, 0x400010, 4, 1), EMU_OK);
	CHECK(last.fn == &fn[1] && last.bar == 0);
	set_config(1, PCI_BAR0 + 16, 4, bus_address(0x400000));
	CHECK_EQ(world_write(mem, 0x400010, 4, 1), EMU_OK);
	CHECK(last.fn == &fn[0] && last.bar == 4);
	/* A small one of the first in a large one of the second. */
	set_config(1, PCI_BAR0, 4, bus_address(0x650000));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(world_write(mem, 0x640000, 4, 1), EMU_OK);
		CHECK(last.fn == &fn[1] && last.bar == 4 && last.offset == 0x40000);
		CHECK_EQ(world_write(mem, 0x650004, 4, 1), EMU_OK);
		CHECK(last.fn == &fn[0] && last.bar == 0 && last.offset == 4);
	}
	/* And when the first is switched off. */
	set_config(1, PCI_COMMAND, 2, 0);
	CHECK_EQ(world_write(mem, 0x650004, 4, 1), EMU_OK);
	CHECK(last.fn == &fn[1] && last.bar == 4 && last.offset == 0x50004);
	CHECK_EQ(world_write(mem, 0x400010, 4, 1), EMU_OK);
	CHECK(last.fn == &fn[1] && last.bar == 0);
	teardown();
}

/* Against the rule written down simply: the first function and BAR that has the address. */
TEST(bars_at_random)
{
	setup(3);
	for (unsigned i = 1; i <= 3; i++)
		enable(i);
	for (unsigned n = 0; n < 20000; n++) {
		unsigned slot = 1 + (unsigned)unit_random_below(3);
		uint32_t at = (uint32_t)unit_random_below(0x40) * 0x8000;
		const struct vpci_bar *want = NULL;

		if (!unit_random_below(4))
			set_config(slot, PCI_BAR0 + 16 * (unsigned)unit_random_below(2), 4,
				   bus_address(at));
		if (!unit_random_below(8))
			set_config(slot, PCI_COMMAND, 2, unit_random_below(8));
		at = (uint32_t)unit_random_below(0x200000) & ~3u;
		for (unsigned f = 0; f < 3 && !want; f++) {
			for (unsigned b = 0; b < 6 && !want; b++) {
				uint64_t base = get_le32(fn[f].config + PCI_BAR0 + 4 * b) & ~0xfu;

				if (fn[f].bars[b].size && !(fn[f].bars[b].flags & 1) &&
				    fn[f].config[PCI_COMMAND] & 2 &&
				    bus_address(at) - base < fn[f].bars[b].size)
					want = &fn[f].bars[b];
			}
		}
		last.count = 0;
		CHECK_EQ(world_write(mem, at, 4, n), EMU_OK);
		if (!want || want->index == 2)
			CHECK_EQ(last.count, 0);
		else
			CHECK(last.count == 1 && last.fn == want->fn && last.bar == want->index);
	}
	teardown();
}

/* --- MSI-X ---------------------------------------------------------------------------------- */

static void vector(unsigned n, uint64_t address, uint32_t data, uint32_t control)
{
	world_write(mem, 0x100000 + 16 * n, 8, address);
	world_write(mem, 0x100008 + 16 * n, 8, (uint64_t)control << 32 | data);
}

TEST(msix)
{
	uint64_t doorbell;

	setup(1);
	enable(1);
	doorbell = frame->region->gpa + 0x40;
	/* Off: nothing, and nothing is remembered. */
	vpci_msix_notify(&fn[0], 0);
	CHECK_EQ(world_read(mem, 0x100800, 8), 0);
	CHECK(!vpci_msix_enabled(&fn[0]));
	set_config(1, MSIX + 2, 2, 0x8000);
	CHECK(vpci_msix_enabled(&fn[0]));
	/* Masked as after power on. */
	CHECK_EQ(world_read(mem, 0x10000c, 4), 1);
	vpci_msix_notify(&fn[0], 1);
	CHECK_EQ(world_read(mem, 0x100800, 8), 2);
	for (unsigned i = 0; i < 3; i++)
		vector(i, doorbell, SPI + i, 0);
	CHECK_EQ(world_pulses(SPI + 1), 1);
	CHECK_EQ(world_read(mem, 0x100800, 8), 0);
	vpci_msix_notify(&fn[0], 2);
	vpci_msix_notify(&fn[0], 2);
	vpci_msix_notify(&fn[0], 3);
	vpci_msix_notify(&fn[0], ~0u);
	CHECK_EQ(world_pulses(SPI + 2), 2);
	/* All masked, then not: one message for any number. */
	set_config(1, MSIX + 3, 1, 0xc0);
	vpci_msix_notify(&fn[0], 2);
	vpci_msix_notify(&fn[0], 2);
	vpci_msix_notify(&fn[0], 0);
	CHECK_EQ(world_read(mem, 0x100800, 4), 5);
	CHECK_EQ(world_pulses(SPI + 2), 2);
	set_config(1, MSIX + 3, 1, 0x80);
	CHECK_EQ(world_pulses(SPI + 2), 3);
	CHECK_EQ(world_pulses(SPI), 1);
	CHECK_EQ(world_read(mem, 0x100800, 4), 0);
	/* Without mastering the bus it cannot write. */
	set_config(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	vpci_msix_notify(&fn[0], 0);
	CHECK_EQ(world_pulses(SPI), 1);
	set_config(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK_EQ(world_pulses(SPI), 2);
	/* Switched off with one that waits: forgotten. */
	world_write(mem, 0x10000c, 4, 1);
	vpci_msix_notify(&fn[0], 0);
	set_config(1, MSIX + 3, 1, 0);
	set_config(1, MSIX + 3, 1, 0x80);
	world_write(mem, 0x10000c, 4, 0);
	CHECK_EQ(world_pulses(SPI), 2);
	fn_reset(fn[0].dev);
	CHECK(!vpci_msix_enabled(&fn[0]));
	enable(1);
	CHECK_EQ(world_read(mem, 0x100000, 8), 0);
	CHECK_EQ(world_read(mem, 0x10000c, 4), 1);
	teardown();
}

TEST(msix_table_widths)
{
	setup(1);
	enable(1);
	vector(0, 0x1122334455667788, 0x99aabbcc, ~0u);
	CHECK_EQ(world_read(mem, 0x100000, 8), 0x1122334455667788);
	CHECK_EQ(world_read(mem, 0x100004, 4), 0x11223344);
	CHECK_EQ(world_read(mem, 0x10000c, 4), 1);
	CHECK_EQ(world_read(mem, 0x100009, 1), 0xbb);
	CHECK_EQ(world_read(mem, 0x10000a, 2), 0x99aa);
	CHECK_EQ(world_read(mem, 0x100002, 4), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_write(mem, 0x100000, 1, 0), EMU_WIDTH);
	CHECK_EQ(world_write(mem, 0x100000, 2, 0), EMU_WIDTH);
	/* Behind the table, and pending bits, which are read-only. */
	world_write(mem, 0x100030, 8, ~0ull);
	CHECK_EQ(world_read(mem, 0x100030, 8), 0);
	world_write(mem, 0x100800, 8, ~0ull);
	CHECK_EQ(world_read(mem, 0x100800, 8), 0);
	CHECK_EQ(world_read(mem, 0x100ff8, 8), 0);
	teardown();
}

TEST(msix_sizes)
{
	static const struct {
		unsigned vectors;
		uint32_t size, pba;
	} want[] = {
		{ 1, 0x1000, 0x800 },	   { 128, 0x1000, 0x800 }, { 129, 0x1000, 0x810 },
		{ 2048, 0x10000, 0x8000 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		vectors = want[i].vectors;
		setup(1);
		CHECK_EQ(fn[0].bars[2].size, want[i].size);
		CHECK_EQ(config(1, MSIX + 8, 4), want[i].pba | 2);
		CHECK_EQ(config(1, MSIX + 2, 2), want[i].vectors - 1);
		enable(1);
		set_config(1, MSIX + 2, 2, 0x8000);
		vpci_msix_notify(&fn[0], want[i].vectors - 1);
		CHECK_EQ(world_read(mem, 0x100000 + want[i].pba + (want[i].vectors - 1) / 64 * 8,
				    8), 1ull << (want[i].vectors - 1) % 64);
		teardown();
	}
	CHECK_EQ(vpci_msix_init(&fn[0], 2, 0), -EINVAL);
	CHECK_EQ(vpci_msix_init(&fn[0], 3, 2049), -EINVAL);
}

/* Messages to memory, to a place where nothing is, to another register of the doorbell's device. */
TEST(messages_elsewhere)
{
	setup(1);
	enable(1);
	set_config(1, MSIX + 2, 2, 0x8000);
	vector(0, WORLD_RAM + 0x100, 0xdeadbeef, 0);
	vpci_msix_notify(&fn[0], 0);
	CHECK_MEM(world_mem(WORLD_RAM + 0x100), "\xef\xbe\xad\xde", 4);
	CHECK_STR(fake_log_text(), "");
	vector(1, 0xffffffff00000000, 1, 0);
	vpci_msix_notify(&fn[0], 1);
	CHECK(strstr(fake_log_text(), "00:01.0 sent an interrupt to 0xffffffff00000000, where "
				      "nothing takes it"));
	vector(2, frame->region->gpa + 0x44, SPI, 0);
	vpci_msix_notify(&fn[0], 2);
	CHECK(strstr(fake_log_text(), "the doorbell is at 0x40"));
	vector(2, frame->region->gpa + 0x40, SPI + 64, 0);
	vpci_msix_notify(&fn[0], 2);
	CHECK(strstr(fake_log_text(), "the interrupts for messages are 80 to 127"));
	teardown();
}

TEST(v2m_frame)
{
	setup(0);
	CHECK_EQ(world_r32(frame, 0x008), SPI << 16 | 48);
	CHECK_EQ(world_r32(frame, 0x040), 0);
	world_w32(frame, 0x040, SPI + 7);
	CHECK_EQ(world_pulses(SPI + 7), 1);
	world_write(frame, 0x040, 2, SPI + 7);
	CHECK_EQ(world_pulses(SPI + 7), 2);
	world_w32(frame, 0x040, SPI - 1);
	world_w32(frame, 0x040, ~0u);
	world_w32(frame, 0x040, 0xfffffc00 | (SPI + 7)); /* what is above is reserved */
	CHECK_EQ(world_pulses(SPI + 7), 3);
	world_w32(frame, 0x008, ~0u);
	CHECK_EQ(world_r32(frame, 0x008), SPI << 16 | 48);
	CHECK_EQ(world_r32(frame, 0xfcc), 0x43b);
	CHECK_EQ(world_read(frame, 0x100, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

/* --- lines ---------------------------------------------------------------------------------- */

TEST(lines)
{
	setup(3);
	/* Pin A of slot 1 is INTB's line, and so on. */
	vpci_intx_set(&fn[0], true);
	CHECK(world_line(IRQ_A + 1));
	CHECK_EQ(config(1, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	vpci_intx_set(&fn[2], true);
	CHECK(world_line(IRQ_A + 3));
	vpci_intx_set(&fn[0], false);
	CHECK(!world_line(IRQ_A + 1));
	CHECK_EQ(config(1, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
	/* Kept back by the command register, and by MSI-X. */
	set_config(3, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	CHECK(!world_line(IRQ_A + 3));
	CHECK_EQ(config(3, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
	set_config(3, PCI_COMMAND, 2, 0);
	CHECK(world_line(IRQ_A + 3));
	set_config(3, MSIX + 2, 2, 0x8000);
	CHECK(!world_line(IRQ_A + 3));
	set_config(3, MSIX + 2, 2, 0);
	CHECK(world_line(IRQ_A + 3));
	fn_reset(fn[2].dev);
	CHECK(!world_line(IRQ_A + 3));
	teardown();
}

/* A line is up as long as one of those that share it drives it. */
TEST(lines_shared)
{
	struct dt_node *node;
	int err;

	setup(1);
	node = dt_add_node(host->node, "far");
	CHECK_EQ(dt_set_u32(node, "slot", 5), 0);
	REQUIRE(world_child(host, "far", "test,function", &err));
	vpci_intx_set(&fn[0], true);
	vpci_intx_set(&fn[1], true);
	vpci_intx_set(&fn[1], true);
	CHECK_EQ(world_changes(IRQ_A + 1), 1);
	vpci_intx_set(&fn[0], false);
	CHECK(world_line(IRQ_A + 1));
	vpci_intx_set(&fn[1], false);
	CHECK(!world_line(IRQ_A + 1));
	CHECK_EQ(world_changes(IRQ_A + 1), 2);
	teardown();
}

/* Lines go to inputs of the 8259s too, as the registers of a PC's chipset say. */
TEST(lines_routed)
{
	struct emu_dev *chip, *pm;
	int err;

	setup(3);
	chip = world_child(host, "isa", "intel,piix3", &err);
	pm = world_child(host, "pm", "intel,piix4-pm", &err);
	REQUIRE(chip && pm);
	CHECK_EQ(config(4, 0, 4), 0x70008086);
	CHECK_EQ(config(4, 0x60, 4), 0x80808080);
	CHECK_EQ(config(5, 0x40, 4), 0x601);
	CHECK_EQ(config(5, 0x80, 1), 1);
	/* Slots 1 and 3, pin A: the first register and the third. */
	set_config(4, 0x60, 4, 0x8006800a);
	vpci_intx_set(&fn[0], true);
	vpci_intx_set(&fn[2], true);
	CHECK(world_line(10) && world_line(6) && world_line(IRQ_A + 1));
	set_config(4, 0x62, 1, 10);
	CHECK(!world_line(6));
	vpci_intx_set(&fn[0], false);
	CHECK(world_line(10));
	vpci_intx_set(&fn[2], false);
	CHECK(!world_line(10));
	vpci_intx_set(&fn[2], true);
	chip->emu->reset(chip);
	CHECK(!world_line(10) && world_line(IRQ_A + 3));
	CHECK_EQ(config(4, 0x60, 4), 0x80808080);
	teardown();
}

/* --- making it ------------------------------------------------------------------------------ */

TEST(refused)
{
	struct emu_dev *dev;
	int err;

	world_begin();
	dev = world_probe(world_node("w", "pci-window"), 0x1000, &err);
	REQUIRE(dev);
	CHECK_EQ(err, -ENOENT);
	CHECK(strstr(world_out_text(), "there is no PCI host"));
	/* A function without a bus. */
	made = 0;
	vectors = 1;
	CHECK(!world_probe(world_node("f", "test,function"), 0x1000, &err));
	CHECK_EQ(err, -ENODEV);
	CHECK(strstr(world_out_text(), "the node belongs below that of a PCI host"));
	teardown();
}

TEST(full)
{
	struct vpci_function *f;
	static struct vpci_function many[32];

	setup(0);
	for (unsigned i = 0; i < 32; i++) {
		f = &many[i];
		vpci_function_init(f, host, &ops, &ids);
		CHECK_EQ(vpci_function_add(f), i < 31 ? 0 : -ENOSPC);
	}
	CHECK(strstr(fake_log_text(), "all 32 slots of the PCI bus are taken"));
	/* Capabilities to the last byte. */
	f = &many[31];
	vpci_function_init(f, host, &ops, &ids);
	for (unsigned i = 0; i < 12; i++)
		CHECK_EQ(vpci_capability_add(f, 9, NULL, 14), 0x40 + 16 * (int)i);
	CHECK_EQ(vpci_capability_add(f, 9, NULL, 0), -ENOSPC);
	CHECK_EQ(vpci_capability_add(f, 9, NULL, ~0u), -ENOSPC);
	for (unsigned i = 0; i < 31; i++)
		vpci_function_remove(&many[i]);
	teardown();
}
