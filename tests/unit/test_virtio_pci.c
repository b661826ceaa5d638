/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over PCI: capabilities, the common structure, notifications and interrupts by MSI-X and by
 * line, single queues that are reset, and the window in configuration space.
 */
#include "virtio_driver.h"

#include <core/vpci.h>
#include <libs/errno.h>

#define IRQ_A	 35
#define SPI	 80
#define BAR_AT	 0x100000u
#define MSIX_AT	 0x200000u
#define RINGS_AT (WORLD_RAM + 0x1000)

/* The common structure. */
#define C_FEATURE_SELECT 0x00
#define C_FEATURE	 0x04
#define C_DRIVER_SELECT	 0x08
#define C_DRIVER	 0x0c
#define C_CONFIG_VECTOR	 0x10
#define C_QUEUES	 0x12
#define C_STATUS	 0x14
#define C_GENERATION	 0x15
#define C_SELECT	 0x16
#define C_SIZE		 0x18
#define C_VECTOR	 0x1a
#define C_ENABLE	 0x1c
#define C_NOTIFY_OFF	 0x1e
#define C_DESC		 0x20
#define C_RESET		 0x3a

static struct emu_dev *host, *mem, *frame, *dev;
static uint16_t avail, used;
/* Where structures are, by type: offset in BAR 0 and length. */
static struct {
	uint32_t at, length, cap, more;
} parts[6];

static uint64_t config(unsigned offset, unsigned size)
{
	return world_read(host, 1u << 15 | offset, size);
}

static void set_config(unsigned offset, unsigned size, uint64_t value)
{
	CHECK_EQ(world_write(host, 1u << 15 | offset, size, value), EMU_OK);
}

static uint64_t bar(uint32_t offset, unsigned size)
{
	return world_read(mem, BAR_AT + offset, size);
}

static void set_bar(uint32_t offset, unsigned size, uint64_t value)
{
	CHECK_EQ(world_write(mem, BAR_AT + offset, size, value), EMU_OK);
}

static void find_parts(void)
{
	unsigned at;

	memset(parts, 0, sizeof(parts));
	for (at = (unsigned)config(PCI_CAPABILITIES, 1); at; at = (unsigned)config(at + 1, 1)) {
		unsigned type = (unsigned)config(at + 3, 1);

		if (config(at, 1) != PCI_CAP_VENDOR)
			continue;
		REQUIRE(type >= 1 && type <= 5);
		CHECK(config(at + 2, 1) >= 16);
		CHECK_EQ(config(at + 4, 1), 0);
		parts[type].cap = at;
		parts[type].at = (uint32_t)config(at + 8, 4);
		parts[type].length = (uint32_t)config(at + 12, 4);
		if (config(at + 2, 1) > 16)
			parts[type].more = (uint32_t)config(at + 16, 4);
	}
}

static void make_pci(uint32_t type)
{
	static const uint32_t irqs[] = { IRQ_A, IRQ_A + 1, IRQ_A + 2, IRQ_A + 3 };
	struct dt_node *node;
	int err;

	world_begin();
	avail = used = 0;
	node = world_node("pci", "pci-host-ecam-generic");
	CHECK_EQ(dt_set_cells(node, "interrupts", irqs, 4), 0);
	host = world_probe(node, 0x1000000, &err);
	REQUIRE(host);
	mem = world_device("pmem", "pci-window", 0x8000000, 1);
	node = world_node("v2m", "arm,gic-v2m-frame");
	CHECK_EQ(dt_set_u32(node, "arm,msi-num-spis", 48), 0);
	frame = world_probe(node, 0x1000, &err);
	REQUIRE(frame);
	node = dt_add_node(host->node, "virtio");
	CHECK_EQ(dt_set_u32(node, "virtio_type", type), 0);
	if (type == 2) {
		CHECK_EQ(ramdisk_create("rd", DISK_SECTORS * 512, NULL, 0, &disk), 0);
		CHECK_EQ(dt_set_string(node, "blkdev", "rd0"), 0);
	}
	dev = world_child(host, "virtio", "virtio,pci", &err);
	REQUIRE(dev);
	if (!dev->priv)
		return;
	find_parts();
	set_config(PCI_BAR0, 4, mem->region->gpa + BAR_AT);
	set_config(PCI_BAR0 + 4, 4, mem->region->gpa + MSIX_AT);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static uint64_t common(uint32_t offset, unsigned size)
{
	return bar(parts[1].at + offset, size);
}

static void set_common(uint32_t offset, unsigned size, uint64_t value)
{
	set_bar(parts[1].at + offset, size, value);
}

static void msix_vector(unsigned n, uint32_t spi)
{
	CHECK_EQ(world_write(mem, MSIX_AT + 16 * n, 4, frame->region->gpa + 0x40), EMU_OK);
	CHECK_EQ(world_write(mem, MSIX_AT + 16 * n + 4, 4, 0), EMU_OK);
	CHECK_EQ(world_write(mem, MSIX_AT + 16 * n + 8, 4, spi), EMU_OK);
	CHECK_EQ(world_write(mem, MSIX_AT + 16 * n + 12, 4, 0), EMU_OK);
}

static void enable_msix(void)
{
	unsigned at = (unsigned)config(PCI_CAPABILITIES, 1);

	while (config(at, 1) != PCI_CAP_MSIX)
		at = (unsigned)config(at + 1, 1);
	set_config(at + 2, 2, 0x8000);
}

static void negotiate(uint64_t features)
{
	set_common(C_STATUS, 1, 0);
	set_common(C_STATUS, 1, 1);
	set_common(C_STATUS, 1, 3);
	set_common(C_DRIVER_SELECT, 4, 0);
	set_common(C_DRIVER, 4, (uint32_t)features);
	set_common(C_DRIVER_SELECT, 4, 1);
	set_common(C_DRIVER, 4, features >> 32);
	CHECK_EQ(common(C_DRIVER, 4), features >> 32);
	set_common(C_STATUS, 1, 11);
	CHECK_EQ(common(C_STATUS, 1), 11);
}

static void set_up_queue(uint16_t num)
{
	unsigned i;

	for (i = 0; i < 0x200; i++)
		*world_mem(RINGS_AT + i) = 0;
	avail = used = 0;
	set_common(C_SELECT, 2, 0);
	set_common(C_SIZE, 2, num);
	CHECK_EQ(common(C_SIZE, 2), num);
	set_common(C_DESC, 4, (uint32_t)RINGS_AT);
	set_common(C_DESC + 4, 4, RINGS_AT >> 32);
	set_common(C_DESC + 8, 8, RINGS_AT + 0x100);
	set_common(C_DESC + 16, 8, RINGS_AT + 0x140);
	CHECK_EQ(common(C_DESC, 8), RINGS_AT);
	CHECK_EQ(common(C_DESC + 8, 4), (uint32_t)RINGS_AT + 0x100);
	CHECK_EQ(common(C_DESC + 20, 4), RINGS_AT >> 32);
	set_common(C_ENABLE, 2, 1);
	CHECK_EQ(common(C_ENABLE, 2), 1);
}

/* Random bytes asked for: served at once. */
static void ask(void)
{
	vd_desc_at(RINGS_AT, 0, BUFFERS, 16, V_WRITE, 0);
	vd_write16(RINGS_AT + 0x104 + 2 * (avail % 8u), 0);
	vd_write16(RINGS_AT + 0x102, ++avail);
	set_bar(parts[2].at + (uint32_t)common(C_NOTIFY_OFF, 2) * parts[2].more, 2, 0);
	CHECK_EQ(vd_read16(RINGS_AT + 0x142), ++used);
}

TEST(function_is_as_the_standard_says)
{
	make_pci(4);
	CHECK_EQ(config(PCI_VENDOR_ID, 4), 0x10441af4);
	CHECK_EQ(config(PCI_REVISION, 1), 1);
	CHECK(config(PCI_SUBDEVICE_ID, 2) >= 0x40);
	CHECK(parts[1].length >= 56);
	CHECK(parts[2].length && parts[2].more == 4);
	CHECK_EQ(parts[3].length, 1);
	/* No configuration space of its own. */
	CHECK_EQ(parts[4].cap, 0);
	CHECK(parts[5].cap);
	CHECK_EQ(common(C_QUEUES, 2), 1);
	CHECK_EQ(common(C_SIZE, 2), 64);
	CHECK_EQ(common(C_VECTOR, 2), 0xffff);
	CHECK_EQ(common(C_CONFIG_VECTOR, 2), 0xffff);
	set_common(C_FEATURE_SELECT, 4, 1);
	/* Version 1, packed rings, reset of a queue. */
	CHECK_EQ(common(C_FEATURE, 4), 0x105);
	set_common(C_FEATURE_SELECT, 4, 2);
	CHECK_EQ(common(C_FEATURE, 4), 0);
	/* A queue that is not. */
	set_common(C_SELECT, 2, 1);
	CHECK_EQ(common(C_SIZE, 2), 0);
	set_common(C_VECTOR, 2, 0);
	CHECK_EQ(common(C_VECTOR, 2), 0xffff);
	/* Fields have their own widths. */
	CHECK_EQ(world_read(mem, BAR_AT + C_STATUS, 4), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(mem, BAR_AT + 0x3c, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(interrupts_by_vectors)
{
	make_pci(4);
	enable_msix();
	msix_vector(0, SPI);
	msix_vector(1, SPI + 1);
	negotiate(V_F_VERSION1);
	set_common(C_CONFIG_VECTOR, 2, 0);
	set_common(C_SELECT, 2, 0);
	set_common(C_VECTOR, 2, 2);
	CHECK_EQ(common(C_VECTOR, 2), 0xffff);
	set_common(C_VECTOR, 2, 1);
	CHECK_EQ(common(C_VECTOR, 2), 1);
	set_up_queue(8);
	set_common(C_STATUS, 1, 15);
	ask();
	CHECK_EQ(world_pulses(SPI + 1), 1);
	CHECK(!world_line(IRQ_A + 1));
	CHECK_EQ(bar(parts[3].at, 1), 0);
	/* A driver that breaks the rules hears of it by the other vector. */
	vd_write16(RINGS_AT + 0x102, 99);
	set_bar(parts[2].at, 2, 0);
	CHECK_EQ(common(C_STATUS, 1), 0x4f);
	CHECK_EQ(world_pulses(SPI), 1);
	/* A reset forgets the vectors. */
	negotiate(V_F_VERSION1);
	CHECK_EQ(common(C_CONFIG_VECTOR, 2), 0xffff);
	set_up_queue(8);
	CHECK_EQ(common(C_VECTOR, 2), 0xffff);
	set_common(C_STATUS, 1, 15);
	ask();
	CHECK_EQ(world_pulses(SPI + 1), 1);
	teardown();
}

TEST(interrupts_by_line)
{
	/* Slot 1, pin A: the second line. */
	make_pci(4);
	negotiate(V_F_VERSION1);
	set_up_queue(8);
	set_common(C_STATUS, 1, 15);
	CHECK(!world_line(IRQ_A + 1));
	ask();
	CHECK(world_line(IRQ_A + 1));
	ask();
	/* Reading says what it was and ends it. */
	CHECK_EQ(bar(parts[3].at, 1), 1);
	CHECK(!world_line(IRQ_A + 1));
	CHECK_EQ(bar(parts[3].at, 1), 0);
	ask();
	CHECK(world_line(IRQ_A + 1));
	set_common(C_STATUS, 1, 0);
	CHECK(!world_line(IRQ_A + 1));
	teardown();
}

TEST(one_queue_is_reset)
{
	make_pci(4);
	negotiate(V_F_VERSION1 | BIT(40));
	set_up_queue(8);
	set_common(C_STATUS, 1, 15);
	ask();
	/* Zero does not switch off. */
	set_common(C_ENABLE, 2, 0);
	CHECK_EQ(common(C_ENABLE, 2), 1);
	set_common(C_RESET, 2, 1);
	CHECK_EQ(common(C_RESET, 2), 0);
	CHECK_EQ(common(C_ENABLE, 2), 0);
	CHECK_EQ(common(C_STATUS, 1), 15);
	CHECK_EQ(common(C_SIZE, 2), 64);
	set_up_queue(4);
	ask();
	teardown();
	/* Not agreed upon: nothing happens. */
	make_pci(4);
	negotiate(V_F_VERSION1);
	set_up_queue(8);
	set_common(C_STATUS, 1, 15);
	set_common(C_RESET, 2, 1);
	CHECK_EQ(common(C_ENABLE, 2), 1);
	teardown();
}

/* Through the capability, without any BAR. */
static void window(uint32_t offset, uint32_t length)
{
	set_config(parts[5].cap + 4, 1, 0);
	set_config(parts[5].cap + 8, 4, offset);
	set_config(parts[5].cap + 12, 4, length);
}

TEST(window_in_configuration_space)
{
	unsigned data;

	make_pci(2);
	data = parts[5].cap + 16;
	set_config(PCI_COMMAND, 2, 0);
	window(parts[4].at, 4);
	CHECK_EQ(config(data, 4), DISK_SECTORS);
	window(parts[1].at + C_STATUS, 1);
	set_config(data, 1, 3);
	CHECK_EQ(config(data, 1), 3);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CHECK_EQ(common(C_STATUS, 1), 3);
	window(parts[1].at + C_QUEUES, 2);
	CHECK_EQ(config(data, 2), common(C_QUEUES, 2));
	/* Widths, places and BARs that are none. */
	window(parts[1].at + C_STATUS, 3);
	set_config(data, 4, 0xff);
	window(parts[1].at + C_STATUS, 8);
	set_config(data, 4, 0xff);
	window(0x4000, 4);
	set_config(data, 4, 0xff);
	window(0xfffffffc, 4);
	set_config(data, 4, 0xff);
	window(parts[1].at + C_STATUS + 1, 2);
	set_config(data, 4, 0xff);
	window(parts[1].at + C_STATUS, 1);
	set_config(parts[5].cap + 4, 1, 1);
	set_config(data, 1, 0xff);
	CHECK_EQ(common(C_STATUS, 1), 3);
	teardown();
}

TEST(guest_reset_and_empty_node)
{
	make_pci(4);
	negotiate(V_F_VERSION1);
	set_up_queue(8);
	set_common(C_STATUS, 1, 15);
	ask();
	dev->emu->reset(dev);
	CHECK(!world_line(IRQ_A + 1));
	CHECK_EQ(config(PCI_COMMAND, 2), 0);
	set_config(PCI_BAR0, 4, mem->region->gpa + BAR_AT);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CHECK_EQ(common(C_STATUS, 1), 0);
	dev->emu->show(dev, world_out());
	CHECK(strstr(world_out_text(), "slot 1, INTx; entropy"));
	teardown();
	/* Nothing behind it: nothing on the bus. */
	make_pci(1);
	CHECK(!dev->priv);
	CHECK_EQ(config(PCI_VENDOR_ID, 4), 0xffffffff);
	CHECK_EQ(dev->emu->check(dev->node, "p", world_out()), 0);
	dev->emu->reset(dev);
	dev->emu->show(dev, world_out());
	teardown();
}

TEST(no_memory)
{
	int err, n;

	make_pci(4);
	for (n = 1; n < 40; n++) {
		struct dt_node *node = dt_add_node(host->node, "other");
		struct emu_dev *other;

		CHECK_EQ(dt_set_u32(node, "virtio_type", 4), 0);
		CHECK_EQ(dt_set_string(node, "compatible", "virtio,pci"), 0);
		fake_heap_fail_at((unsigned)n);
		other = world_child(host, "other", "virtio,pci", &err);
		fake_heap_fail_at(0);
		if (other) {
			world_remove(other);
			break;
		}
		CHECK(err < 0);
		CHECK_EQ(dt_del_node(node), 0);
	}
	CHECK(n > 3 && n < 40);
	teardown();
}
