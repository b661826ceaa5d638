/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI bus of the board: configuration space of every width, what is not there, BARs that are
 * sized, moved and switched off, and MSI-X tables, of whatever functions there are.
 */
#include "kit.h"

#define COMMAND	  0x04
#define BAR0	  0x10
#define CAPS	  0x34
#define CMD_MEM	  2
#define CAP_MSIX  0x11
#define WINDOW	  0x10000000UL
#define FREE_AT	  0x2f000000U /* nobody has been given that */

static uintptr_t ecam;

static uintptr_t function(unsigned slot)
{
	const uint8_t *reg = fdt_get("pcie@", 0, "reg", NULL);

	if (!ecam && reg)
		ecam = (uint64_t)fdt_u32(reg) << 32 | fdt_u32(reg + 4);
	return ecam + ((uintptr_t)slot << 15);
}

/* The first function that has a memory BAR of 32 bits and MSI-X in it. @return 0: there is none */
static uintptr_t find_msix(unsigned *cap)
{
	for (unsigned slot = 0; slot < 32; slot++) {
		uintptr_t fn = function(slot);

		if (read32(fn) == ~0U || !(read16(fn + 6) & 0x10))
			continue;
		for (*cap = read8(fn + CAPS); *cap; *cap = read8(fn + *cap + 1))
			if (read8(fn + *cap) == CAP_MSIX)
				return fn;
	}
	test_skip("no function with MSI-X");
	return 0;
}

TEST(bridge)
{
	uintptr_t fn = function(0);

	if (!EXPECT(ecam))
		return;
	EXPECT_EQ(read32(fn), 0x00081b36);
	EXPECT_EQ(read16(fn), 0x1b36);
	EXPECT_EQ(read16(fn + 2), 0x0008);
	EXPECT_EQ(read8(fn), 0x36);
	EXPECT_EQ(read8(fn + 3), 0x00);
	EXPECT_EQ(read32(fn + 8) >> 8, 0x060000);
	/* What it is cannot be changed. */
	write32(fn, 0);
	write16(fn + 2, 0xffff);
	write8(fn + 8, 0xff);
	EXPECT_EQ(read32(fn), 0x00081b36);
	EXPECT_EQ(read8(fn + 8), 0);
}

TEST(nothing_there)
{
	for (unsigned slot = 1; slot < 32; slot++) {
		uintptr_t fn = function(slot);

		if (read32(fn) != ~0U)
			continue;
		EXPECT_EQ(read16(fn + 2), 0xffff);
		EXPECT_EQ(read8(fn + 0x3d), 0xff);
		write32(fn + COMMAND, 7);
		EXPECT_EQ(read32(fn + COMMAND), ~0U);
	}
	/* Other functions, other buses. */
	EXPECT_EQ(read32(function(0) + 0x1000), ~0U);
	EXPECT_EQ(read32(ecam + 0x100000), ~0U);
	/* Windows where no BAR is. */
	EXPECT_EQ(read32(WINDOW + FREE_AT - WINDOW), boot_arg("reference") ?
						     read32(FREE_AT) : ~0U);
}

TEST(bar_moves)
{
	uintptr_t fn;
	unsigned cap;
	uint32_t bar, size, was;
	uint16_t command;

	fn = find_msix(&cap);
	if (!fn)
		return;
	bar = BAR0 + (read32(fn + cap + 4) & 7) * 4;
	command = read16(fn + COMMAND);
	write16(fn + COMMAND, 0);
	was = read32(fn + bar);
	write32(fn + bar, ~0U);
	size = ~(read32(fn + bar) & ~15U) + 1;
	EXPECT(size >= 0x1000 && !(size & (size - 1)));
	write32(fn + bar, FREE_AT);
	EXPECT_EQ(read32(fn + bar) & ~15U, FREE_AT);
	write16(fn + COMMAND, CMD_MEM);
	/* The table: masked after reset; what is written stays, wherever the BAR goes. */
	EXPECT_EQ(read32(FREE_AT + 12) & 1, 1);
	write32(FREE_AT, 0x12345678);
	write32(FREE_AT + 4, 0x9a);
	write32(FREE_AT + 8, 0xbcdef);
	EXPECT_EQ(read32(FREE_AT), 0x12345678);
	write32(fn + bar, FREE_AT + 4 * size);
	EXPECT_EQ(read32(FREE_AT + 4 * size + 4), 0x9a);
	EXPECT_EQ(read32(FREE_AT + 4 * size + 8), 0xbcdef);
	write16(fn + COMMAND, 0);
	write32(fn + bar, FREE_AT);
	write16(fn + COMMAND, CMD_MEM);
	EXPECT_EQ(read32(FREE_AT + 8), 0xbcdef);
	write32(FREE_AT, 0);
	write32(FREE_AT + 4, 0);
	write32(FREE_AT + 8, 0);
	write16(fn + COMMAND, 0);
	write32(fn + bar, was);
	write16(fn + COMMAND, command);
}

/* Any bits, anywhere, of any width: what cannot be written stays as it was. */
TEST(writes_of_all_kinds)
{
	for (unsigned slot = 0; slot < 32; slot++) {
		uintptr_t fn = function(slot);
		uint32_t id = read32(fn), class = read32(fn + 8);

		if (id == ~0U)
			continue;
		for (unsigned i = 0; i < 3000; i++) {
			uint64_t r = random64();
			unsigned at = r >> 8 & 0xff;

			switch (r & 3) {
			case 0:
				write8(fn + at, (uint8_t)(r >> 32));
				break;
			case 1:
				write16(fn + (at & ~1U), (uint16_t)(r >> 32));
				break;
			default:
				write32(fn + (at & ~3U), (uint32_t)(r >> 32));
				break;
			}
		}
		EXPECT_EQ(read32(fn), id);
		EXPECT_EQ(read32(fn + 8), class);
		write16(fn + COMMAND, 0);
	}
}
