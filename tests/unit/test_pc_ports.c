/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a PC has behind ports and other machines have in memory: PCI configuration space, reset
 * (0xcf8 to 0xcff), and the firmware configuration device (0x510).
 */
#include "emu_world.h"
#include "unit.h"

#include <string.h>

#include <core/vpci.h>
#include <libs/byteorder.h>

static struct emu_dev *cf8, *fw;

static struct emu_dev *part(const char *name, const char *compatible, uint64_t size)
{
	int err;
	struct emu_dev *dev = world_probe(world_node(name, compatible), size, &err);

	CHECK(dev && !err);
	return dev;
}

static uint64_t config(uint32_t address, unsigned lane, unsigned size)
{
	CHECK_EQ(world_write(cf8, 0, 4, address), EMU_OK);
	return world_read(cf8, 4 + lane, size);
}

TEST(configuration)
{
	struct emu_dev *host;

	world_begin();
	host = part("pci", "pci-host-ecam-generic", 0x100000);
	cf8 = part("cf8", "pci-host-cf8", 8);
	CHECK(host);
	CHECK_EQ(config(0x80000000, 0, 4), 0x00081b36);
	CHECK_EQ(config(0x80000000, 2, 2), 0x0008);
	CHECK_EQ(config(0x80000008, 3, 1), 0x06);
	CHECK_EQ(world_read(cf8, 0, 4), 0x80000008);
	/* Not switched on, nothing there, over the end of the word. */
	CHECK_EQ(config(0, 0, 4), 0xffffffff);
	CHECK_EQ(config(0x80000800, 0, 4), 0xffffffff);
	CHECK_EQ(config(0x80010000, 0, 2), 0xffff);
	CHECK_EQ(config(0x80000000, 3, 2), WORLD_BAD | EMU_NONE);
	CHECK_EQ(config(0x80000000, 1, 4), WORLD_BAD | EMU_NONE);
	/* Written there, seen in memory. */
	config(0x80000004, 0, 4);
	CHECK_EQ(world_write(cf8, 4, 2, 7), EMU_OK);
	CHECK_EQ(world_read(host, PCI_COMMAND, 2), config(0x80000004, 0, 2));
	/* Only whole words are an address; bits that are none stay zero. */
	CHECK_EQ(world_write(cf8, 0, 2, 0x1234), EMU_WIDTH);
	CHECK_EQ(config(0xffffffff, 0, 4), 0xffffffff);
	CHECK_EQ(world_read(cf8, 0, 4), 0x80fffffc);
	CHECK_EQ(world_end(), 0);
}

TEST(reset)
{
	world_begin();
	part("pci", "pci-host-ecam-generic", 0x100000);
	cf8 = part("cf8", "pci-host-cf8", 8);
	world_write(cf8, 1, 1, 2);
	CHECK_EQ(world_read(cf8, 1, 1), 2);
	CHECK_EQ(world_resets(), 0);
	world_write(cf8, 1, 1, 6);
	CHECK_EQ(world_resets(), 1);
	world_write(cf8, 1, 1, 6); /* the change does it */
	CHECK_EQ(world_resets(), 1);
	CHECK_EQ(world_end(), 0);
}

static void item(unsigned key)
{
	CHECK_EQ(world_write(fw, 0, 2, key), EMU_OK);
}

static uint32_t next_be32(void)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v = v << 8 | (uint32_t)world_read(fw, 1, 1);
	return v;
}

TEST(firmware)
{
	static const uint8_t map[40] = { 1, 2, 3 };
	struct dt_node *node;
	uint8_t *p, name[56];
	int err;

	world_begin();
	node = world_node("fw", "qemu,fw-cfg-io");
	CHECK_EQ(dt_set(node, "e820", map, sizeof(map)), 0);
	CHECK_EQ(dt_set(node, "bootorder", "/a", 3), 0);
	fw = world_probe(node, 12, &err);
	REQUIRE(fw);
	item(0);
	CHECK_EQ(next_be32(), 0x51454d55);
	/* The files: what the person ordered, and what the board gave. */
	item(0x19);
	CHECK_EQ(next_be32(), 2);
	CHECK_EQ(next_be32(), 3);
	CHECK_EQ(next_be32(), 0x20 << 16);
	for (unsigned i = 0; i < sizeof(name); i++)
		name[i] = (uint8_t)world_read(fw, 1, 1);
	CHECK_STR((char *)name, "bootorder");
	CHECK_EQ(next_be32(), sizeof(map));
	CHECK_EQ(next_be32(), 0x22 << 16);
	for (unsigned i = 0; i < sizeof(name); i++)
		name[i] = (uint8_t)world_read(fw, 1, 1);
	CHECK_STR((char *)name, "etc/e820");
	item(0x22);
	CHECK_EQ(next_be32(), 0x01020300);
	item(0x21); /* was not given */
	CHECK_EQ(next_be32(), 0);
	/* DMA: the address is big-endian here too. */
	p = world_mem(WORLD_RAM);
	put_be32(p, 0x22 << 16 | 8 | 2);
	put_be32(p + 4, 3);
	put_be64(p + 8, WORLD_RAM + 0x100);
	CHECK_EQ(world_write(fw, 4, 4, 0), EMU_OK);
	CHECK_EQ(world_write(fw, 8, 4, swap32((uint32_t)WORLD_RAM)), EMU_OK);
	CHECK_EQ(get_be32(p), 0);
	CHECK_MEM(p + 0x100, map, 3);
	CHECK_EQ(world_read(fw, 4, 4), swap32(0x51454d55));
	CHECK_EQ(world_read(fw, 1, 2), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(fw, 3, 1), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_end(), 0);
}
