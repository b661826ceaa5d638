/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's firmware configuration device: items by register and by DMA, byte orders, ends of items,
 * transfers to where no memory is.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

#include <libs/byteorder.h>
#include <libs/errno.h>

#define DATA	 0x00
#define SELECTOR 0x08
#define DMA	 0x10

#define ERROR  1u
#define READ   2u
#define SKIP   4u
#define SELECT 8u
#define WRITE  16u

#define AT     (WORLD_RAM + 0x100)  /* DMA structure */
#define TO     (WORLD_RAM + 0x8000) /* data: across both pieces of RAM */

static struct emu_dev *dev;
static uint8_t kernel[40000];

static void setup(bool with_kernel)
{
	struct dt_node *node;
	int err;

	world_begin();
	node = world_node("fw_cfg", "qemu,fw-cfg-mmio");
	for (unsigned i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 7 + (i >> 8));
	if (with_kernel) {
		world_file("/kernel", kernel, sizeof(kernel));
		CHECK_EQ(dt_set_string(node, "kernel", "/kernel"), 0);
		CHECK_EQ(dt_set_string(node, "cmdline", "a=b"), 0);
		CHECK_EQ(dt_set(node, "bootorder", "/first\0/second", 15), 0);
	}
	dev = world_probe(node, 0x18, &err);
	REQUIRE(dev);
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

static void item(unsigned key)
{
	CHECK_EQ(world_write(dev, SELECTOR, 2, swap16((uint16_t)key)), EMU_OK);
}

/* The next 4 bytes, as a number of the guest. */
static uint32_t next32(void)
{
	return (uint32_t)world_read(dev, DATA, 4);
}

static uint32_t dma(uint32_t control, uint32_t length, uint64_t address)
{
	uint8_t *p = world_mem(AT);

	put_be32(p, control);
	put_be32(p + 4, length);
	put_be64(p + 8, address);
	CHECK_EQ(world_write(dev, DMA, 8, swap64(AT)), EMU_OK);
	return get_be32(p);
}

TEST(items)
{
	setup(false);
	/* The first item is selected after power on. */
	CHECK_EQ(world_read(dev, DATA, 1), 'Q');
	CHECK_EQ(world_read(dev, DATA, 2), 'E' | 'M' << 8);
	CHECK_EQ(world_read(dev, DATA, 8), 'U');
	CHECK_EQ(world_read(dev, DATA, 8), 0);
	item(0);
	CHECK_EQ(world_read(dev, DATA, 8), 'Q' | 'E' << 8 | 'M' << 16 | (uint64_t)'U' << 24);
	item(1);
	CHECK_EQ(next32(), 3);
	item(5);
	CHECK_EQ(world_read(dev, DATA, 2), 2);
	item(0xf);
	CHECK_EQ(world_read(dev, DATA, 2), 2);
	/* There is no kernel, no file, nothing else. */
	for (unsigned i = 6; i < 0x60; i++) {
		if (i == 0xf)
			continue;
		item(i);
		CHECK_EQ(world_read(dev, DATA, 8), 0);
	}
	item(0xffff);
	CHECK_EQ(next32(), 0);
	/* Read-only. */
	item(1);
	CHECK_EQ(world_write(dev, DATA, 4, 7), EMU_OK);
	CHECK_EQ(next32(), 3);
	teardown();
}

TEST(registers)
{
	setup(false);
	/* "QEMU CFG" tells of the DMA interface. */
	CHECK_EQ(swap64(world_read(dev, DMA, 8)), 0x51454d5520434647);
	CHECK_EQ(swap32((uint32_t)world_read(dev, DMA, 4)), 0x51454d55);
	CHECK_EQ(swap32((uint32_t)world_read(dev, DMA + 4, 4)), 0x20434647);
	CHECK_EQ(world_read(dev, DMA, 2), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(dev, DMA + 4, 8), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_read(dev, SELECTOR, 2), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_write(dev, SELECTOR, 4, 0), EMU_WIDTH);
	CHECK_EQ(world_write(dev, SELECTOR + 1, 1, 0), EMU_NONE);
	CHECK_EQ(world_write(dev, DMA, 2, 0), EMU_WIDTH);
	CHECK_EQ(world_write(dev, DMA + 4, 2, 0), EMU_WIDTH);
	CHECK_EQ(world_read(dev, 0x18, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(kernel_and_names)
{
	uint8_t entry[68];

	setup(true);
	item(8);
	CHECK_EQ(next32(), sizeof(kernel));
	item(0xb);
	CHECK_EQ(next32(), 0);
	item(0x14);
	CHECK_EQ(next32(), 4);
	item(0x15);
	CHECK_EQ(next32(), 'a' | '=' << 8 | 'b' << 16);
	item(0x11);
	CHECK_EQ(next32(), get_le32(kernel));
	CHECK_EQ(next32(), get_le32(kernel + 4));
	/* The directory has one file. */
	CHECK_EQ(dma(0x19u << 16 | SELECT | READ, sizeof(entry), TO), 0);
	memcpy(entry, world_mem(TO), sizeof(entry));
	CHECK_EQ(get_be32(entry), 1);
	CHECK_EQ(get_be32(entry + 4), 15);
	CHECK_EQ(get_be16(entry + 8), 0x20);
	CHECK_STR((char *)entry + 12, "bootorder");
	CHECK_EQ(dma(0x20u << 16 | SELECT | READ, 20, TO), 0);
	CHECK_MEM(world_mem(TO), "/first\n/second\0\0\0\0\0", 20);
	teardown();
}

TEST(dma_transfers)
{
	setup(true);
	/* All of it, and what is behind its end. */
	memset(world_mem(TO), 0xee, 0x8000);
	CHECK_EQ(dma(0x11u << 16 | SELECT | READ, sizeof(kernel) - 10000, TO), 0);
	for (unsigned i = 0; i < sizeof(kernel) - 10000; i++)
		CHECK_EQ(*world_mem(TO + i), kernel[i]);
	CHECK_EQ(*world_mem(TO + sizeof(kernel) - 10000), 0xee);
	CHECK_EQ(dma(READ, 4, TO), 0);
	CHECK_MEM(world_mem(TO), kernel + sizeof(kernel) - 10000, 4);
	CHECK_EQ(dma(SKIP, 9990, 0), 0);
	CHECK_EQ(dma(READ, 10, TO), 0);
	CHECK_MEM(world_mem(TO), kernel + sizeof(kernel) - 6, 6);
	CHECK_MEM(world_mem(TO + 6), "\0\0\0\0", 4);
	CHECK_EQ(dma(SKIP, ~0u, 0), 0);
	CHECK_EQ(dma(READ, 2, TO), 0);
	CHECK_MEM(world_mem(TO), "\0\0", 2);
	/* Selecting alone; nothing at all; halves of the address. */
	CHECK_EQ(dma(1u << 16 | SELECT, 77, 0), 0);
	CHECK_EQ(next32(), 3);
	CHECK_EQ(dma(0, 77, 0), 0);
	put_be32(world_mem(AT), SELECT | READ);
	put_be32(world_mem(AT + 4), 4);
	put_be64(world_mem(AT + 8), TO);
	world_write(dev, DMA, 4, swap32((uint32_t)(AT >> 32)));
	world_write(dev, DMA + 4, 4, swap32((uint32_t)AT));
	CHECK_MEM(world_mem(TO), "QEMU", 4);
	CHECK_EQ(get_be32(world_mem(AT)), 0);
	teardown();
}

TEST(dma_errors)
{
	setup(true);
	CHECK_EQ(dma(1u << 16 | SELECT | WRITE, 4, TO), ERROR);
	CHECK_EQ(dma(SELECT | READ, 4, 0), ERROR);
	CHECK(strstr(fake_log_text(), "DMA of 4 bytes of item 0x0"));
	CHECK_EQ(dma(SELECT | READ, 4, WORLD_ROM), ERROR);
	CHECK_EQ(*world_mem(WORLD_ROM), 0);
	/* It ends in the middle. */
	CHECK_EQ(dma(0x11u << 16 | SELECT | READ, ~0u, TO), ERROR);
	CHECK_MEM(world_mem(TO), kernel, 0x8000);
	CHECK_EQ(dma(SELECT | READ, 4, ~0ull - 1), ERROR);
	/* The structure itself. */
	fake_log_clear();
	CHECK_EQ(world_write(dev, DMA, 8, swap64(0x123)), EMU_OK);
	CHECK(strstr(fake_log_text(), "DMA structure at 0x123 is not in memory"));
	fake_log_clear();
	CHECK_EQ(world_write(dev, DMA, 8, swap64(WORLD_ROM)), EMU_OK);
	CHECK(strstr(fake_log_text(), "is not in RAM"));
	teardown();
}

TEST(refused)
{
	struct dt_node *node;
	int err;

	world_begin();
	node = world_node("fw_cfg", "qemu,fw-cfg-mmio");
	CHECK_EQ(dt_set_string(node, "initrd", "/none"), 0);
	CHECK(!world_probe(node, 0x18, &err));
	CHECK_EQ(err, -ENOENT);
	CHECK(strstr(world_out_text(), "initrd: \"/none\" cannot be opened"));
	teardown();
}

TEST(reset)
{
	setup(true);
	item(1);
	world_write(dev, DMA, 4, ~0u);
	dev->emu->reset(dev);
	CHECK_EQ(next32(), 'Q' | 'E' << 8 | 'M' << 16 | (uint32_t)'U' << 24);
	/* The upper half of the address is forgotten. */
	put_be32(world_mem(AT), 1u << 16 | SELECT);
	world_write(dev, DMA + 4, 4, swap32((uint32_t)AT));
	CHECK_EQ(next32(), 3);
	teardown();
}
