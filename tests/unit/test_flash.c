/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NOR flash with the Intel command set, two x16 chips on 32 bits: query, identification,
 * programming by word and by buffer, erasing, locking, status, direct mapping, memory by need.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

#include <core/blockdev.h>
#include <libs/errno.h>

#define SIZE   0x4000000ull
#define SECTOR 0x40000ull
#define READY  0x00800080u

static struct emu_dev *flash;

static void setup(void)
{
	int err;

	world_begin();
	flash = world_probe(world_node("flash", "cfi-flash"), SIZE, &err);
	if (!flash)
		unit_fail(__FILE__, __LINE__, "no flash: %d", err);
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

/* A command to both chips. */
static void cmd(uint64_t offset, uint32_t c)
{
	CHECK_EQ(world_write(flash, offset, 4, c | c << 16), EMU_OK);
}

static void program(uint64_t offset, uint32_t v)
{
	cmd(offset, 0x40);
	world_w32(flash, offset, v);
}

/* When it has done all that it was told. */
static uint32_t status(void)
{
	cmd(0, 0x70);
	world_work();
	return world_r32(flash, 0);
}

TEST(erased_costs_nothing)
{
	uint64_t off;
	size_t live;

	setup();
	live = fake_heap_live();
	for (off = 0; off < SIZE; off += SECTOR / 2)
		CHECK_EQ(world_read(flash, off, 8), UINT64_MAX);
	CHECK_EQ(world_pages(), 0);
	/* Mapped everywhere: one page. */
	for (off = 0; off < SIZE; off += SECTOR / 2)
		CHECK(flash->emu->mem(flash, off, false));
	CHECK_EQ(world_pages(), 1);
	CHECK_EQ(fake_heap_live(), live);
	teardown();
	CHECK_EQ(world_pages(), 0);
}

TEST(query_table)
{
	static const uint8_t head[] = { 'Q', 'R', 'Y', 1, 0, 0x31, 0 };
	unsigned i;

	setup();
	cmd(0x55 * 4, 0x98);
	for (i = 0; i < sizeof(head); i++) {
		CHECK_EQ(world_r32(flash, (0x10 + i) * 4), head[i] * 0x10001u);
		CHECK_EQ(world_read(flash, (0x10 + i) * 4, 2), head[i]);
		CHECK_EQ(world_read(flash, (0x10 + i) * 4, 1), head[i]);
		CHECK_EQ(world_read(flash, (0x10 + i) * 4 + 1, 1), 0);
		CHECK_EQ(world_read(flash, (0x10 + i) * 4 + 2, 1), head[i]);
	}
	CHECK_EQ(world_r32(flash, 0x31 * 4) & 0xff, 'P');
	CHECK_EQ(world_r32(flash, 0x32 * 4) & 0xff, 'R');
	CHECK_EQ(world_r32(flash, 0x33 * 4) & 0xff, 'I');
	/* One chip: 32 MiB, x16, 256 blocks of 128 KiB, buffer of 512 bytes. */
	CHECK_EQ(world_r32(flash, 0x27 * 4) & 0xff, 25);
	CHECK_EQ(world_r32(flash, 0x28 * 4) & 0xff, 2);
	CHECK_EQ(world_r32(flash, 0x2a * 4) & 0xff, 9);
	CHECK_EQ(world_r32(flash, 0x2c * 4) & 0xff, 1);
	CHECK_EQ(world_r32(flash, 0x2d * 4) & 0xff, 0xff);
	CHECK_EQ(world_r32(flash, 0x2e * 4) & 0xff, 0);
	CHECK_EQ(world_r32(flash, 0x2f * 4) & 0xff, 0);
	CHECK_EQ(world_r32(flash, 0x30 * 4) & 0xff, 2);
	CHECK_EQ(world_r32(flash, 0x1000), 0);
	CHECK_EQ(world_read(flash, SIZE - 8, 8), 0);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, 0x40), ~0u);
	teardown();
}

TEST(identification)
{
	setup();
	cmd(0, 0x90);
	CHECK_EQ(world_r32(flash, 0), 0x00890089);
	CHECK_EQ(world_r32(flash, 4), 0x00180018);
	CHECK_EQ(world_r32(flash, 8), 0);
	CHECK_EQ(world_r32(flash, SECTOR + 8), 0);
	CHECK_EQ(world_r32(flash, 12), 0);
	cmd(0, 0xff);
	teardown();
}

TEST(word_programming_clears_bits)
{
	setup();
	program(0x1000, 0x12345678);
	CHECK_EQ(world_r32(flash, 0x1000), READY);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, 0x1000), 0x12345678);
	CHECK_EQ(world_r32(flash, 0x1004), ~0u);
	CHECK_EQ(world_read(flash, 0x1001, 1), 0x56);
	CHECK_EQ(world_read(flash, 0x1002, 2), 0x1234);
	program(0x1000, 0xff0000ff);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, 0x1000), 0x12000078);
	/* Parts of a word, and two words. */
	cmd(0x2000, 0x10);
	CHECK_EQ(world_write(flash, 0x2002, 2, 0xabcd), EMU_OK);
	cmd(0x3000, 0x40);
	CHECK_EQ(world_write(flash, 0x3000, 8, 0x1122334455667788), EMU_OK);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, 0x2000), 0xabcdffff);
	CHECK_EQ(world_read(flash, 0x3000, 8), 0x1122334455667788);
	/* Ones need no memory. */
	CHECK_EQ(world_pages(), 3);
	program(0x100000, ~0u);
	CHECK_EQ(world_pages(), 3);
	/* The last word. */
	program(SIZE - 4, 0);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, SIZE - 4), 0);
	teardown();
}

TEST(erase_one_sector)
{
	setup();
	program(SECTOR - 4, 1);
	program(SECTOR, 2);
	program(2 * SECTOR - 4, 3);
	program(2 * SECTOR, 4);
	cmd(SECTOR + 0x1234 * 4, 0x20);
	CHECK_EQ(world_r32(flash, 0), READY);
	cmd(SECTOR + 0x1234 * 4, 0xd0);
	CHECK_EQ(world_r32(flash, 0), READY);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, SECTOR - 4), 1);
	CHECK_EQ(world_r32(flash, SECTOR), ~0u);
	CHECK_EQ(world_r32(flash, 2 * SECTOR - 4), ~0u);
	CHECK_EQ(world_r32(flash, 2 * SECTOR), 4);
	/* Taken back, and confirmed wrongly. */
	cmd(0, 0x20);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, SECTOR - 4), 1);
	cmd(0, 0x20);
	cmd(0, 0x40);
	CHECK_EQ(world_r32(flash, 0), 0x00b000b0);
	CHECK_EQ(status(), 0x00b000b0);
	cmd(0, 0x50);
	CHECK_EQ(status(), READY);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, SECTOR - 4), 1);
	teardown();
}

TEST(buffered_programming)
{
	unsigned i;

	setup();
	cmd(0x8000, 0xe8);
	CHECK_EQ(world_r32(flash, 0x8000), READY);
	cmd(0x8000, 31);
	for (i = 0; i < 32; i++)
		world_w32(flash, 0x8000 + 4 * i, 0x01010101 * i);
	/* Not before it is confirmed. */
	CHECK_EQ(world_pages(), 0);
	cmd(0x8000, 0xd0);
	CHECK_EQ(world_r32(flash, 0x8000), READY);
	cmd(0, 0xff);
	for (i = 0; i < 32; i++)
		CHECK_EQ(world_r32(flash, 0x8000 + 4 * i), 0x01010101 * i);
	CHECK_EQ(world_r32(flash, 0x8080), ~0u);
	/* A whole buffer in 64-bit writes. */
	cmd(0x8400, 0xe8);
	cmd(0x8400, 255);
	for (i = 0; i < 128; i++)
		CHECK_EQ(world_write(flash, 0x8400 + 8 * i, 8, i), EMU_OK);
	cmd(0x8400, 0xd0);
	cmd(0, 0xff);
	CHECK_EQ(world_read(flash, 0x8400 + 8 * 127, 8), 127);
	CHECK_EQ(world_r32(flash, 0x8800), ~0u);
	teardown();
}

TEST(buffered_programming_errors)
{
	setup();
	/* Too many words. */
	cmd(0, 0xe8);
	cmd(0, 256);
	CHECK_EQ(world_r32(flash, 0), 0x00b000b0);
	CHECK(strstr(fake_log_text(), "beyond the write buffer"));
	cmd(0, 0x50);
	/* Two ranges. */
	cmd(0, 0xe8);
	cmd(0, 1);
	world_w32(flash, 0x3fc, 1);
	world_w32(flash, 0x400, 2);
	cmd(0, 0xd0);
	CHECK_EQ(world_r32(flash, 0), 0x00b000b0);
	cmd(0, 0x50);
	CHECK_EQ(world_r32(flash, 0x3fc), ~0u);
	/* Not confirmed. */
	cmd(0, 0xe8);
	cmd(0, 0);
	world_w32(flash, 0, 1);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, 0), 0x00b000b0);
	cmd(0, 0x50);
	CHECK_EQ(world_r32(flash, 0), ~0u);
	/* No memory for the buffer, then none for the page. */
	teardown();
	setup();
	fake_heap_fail_at(1);
	cmd(0, 0xe8);
	cmd(0, 0);
	fake_heap_fail_at(0);
	CHECK_EQ(world_r32(flash, 0), 0x00b000b0);
	cmd(0, 0x50);
	world_pages_fail(true);
	program(0, 0);
	CHECK_EQ(world_r32(flash, 0), 0x00900090);
	CHECK(strstr(fake_log_text(), "no memory for what is programmed"));
	CHECK(!flash->emu->mem(flash, 0, true));
	cmd(0, 0x50);
	CHECK(!flash->emu->mem(flash, 0, false));
	cmd(0, 0x20);
	cmd(0, 0xd0);
	CHECK_EQ(world_r32(flash, 0), 0x00a000a0);
	world_pages_fail(false);
	cmd(0, 0x50);
	program(0, 0);
	CHECK_EQ(world_r32(flash, 0), READY);
	cmd(0, 0xff);
	for (unsigned n = 1; n < 3; n++) {
		fake_heap_fail_at(n);
		program(0x3000000 + SECTOR * n, 0);
		fake_heap_fail_at(0);
		CHECK_EQ(world_r32(flash, 0), n == 1 ? 0x00900090 : READY);
		cmd(0, 0x50);
	}
	teardown();
}

TEST(locking)
{
	setup();
	program(SECTOR, 0x55);
	cmd(SECTOR + 0x100, 0x60);
	cmd(SECTOR + 0x100, 0x01);
	cmd(0, 0x90);
	CHECK_EQ(world_r32(flash, 8), 0);
	CHECK_EQ(world_r32(flash, SECTOR + 8), 0x00010001);
	program(SECTOR, 0);
	CHECK_EQ(world_r32(flash, 0), 0x00920092);
	cmd(0, 0x50);
	cmd(SECTOR, 0x20);
	cmd(SECTOR, 0xd0);
	CHECK_EQ(world_r32(flash, 0), 0x00a200a2);
	cmd(0, 0x50);
	CHECK_EQ(world_r32(flash, SECTOR), 0x55);
	cmd(SECTOR, 0x60);
	cmd(SECTOR, 0xd0);
	CHECK_EQ(world_r32(flash, 0), READY);
	cmd(SECTOR, 0x20);
	cmd(SECTOR, 0xd0);
	cmd(0, 0xff);
	CHECK_EQ(world_r32(flash, SECTOR), ~0u);
	cmd(0, 0x60);
	cmd(0, 0x77);
	CHECK_EQ(world_r32(flash, 0), 0x00b000b0);
	/* A reset unlocks, ends commands, and keeps what is stored. */
	program(0, 0x66);
	cmd(0, 0x50);
	program(0, 0x66);
	cmd(0, 0x60);
	cmd(0, 0x01);
	flash->emu->reset(flash);
	CHECK_EQ(world_r32(flash, 0), 0x66);
	program(0, 0);
	CHECK_EQ(world_r32(flash, 0), READY);
	teardown();
}

TEST(other_command_sets_are_ignored)
{
	setup();
	cmd(0x555 * 4, 0xaa);
	cmd(0x2aa * 4, 0x55);
	CHECK_EQ(world_r32(flash, 0), ~0u);
	cmd(0, 0xf0);
	CHECK_EQ(world_r32(flash, 0), ~0u);
	CHECK_EQ(world_pages(), 0);
	teardown();
}

TEST(direct_mapping)
{
	uint8_t *erased, *page;
	uint64_t size;

	setup();
	erased = flash->emu->mem(flash, 0x5000, false);
	REQUIRE(erased);
	CHECK_EQ(erased[0], 0xff);
	CHECK_EQ(erased[4095], 0xff);
	CHECK(flash->emu->mem(flash, SIZE - 1, false) == erased);
	/* A command takes the mapping away, once. */
	CHECK_EQ(world_unmaps(NULL), 0);
	cmd(0, 0x70);
	CHECK_EQ(world_unmaps(&size), 1);
	CHECK_EQ(size, SIZE);
	CHECK(!flash->emu->mem(flash, 0x5000, false));
	cmd(0, 0xff);
	cmd(0, 0x70);
	CHECK_EQ(world_unmaps(NULL), 2);
	cmd(0, 0xff);
	cmd(0, 0x70);
	CHECK_EQ(world_unmaps(NULL), 2);
	program(0x5010, 0x11223344);
	CHECK(!flash->emu->mem(flash, 0x5000, false));
	cmd(0, 0xff);
	page = flash->emu->mem(flash, 0x5fff, false);
	REQUIRE(page && page != erased);
	CHECK_EQ(page[0x10], 0x44);
	CHECK_EQ(erased[0x10], 0xff);
	/* Loaded from outside while the guest has the page of ones mapped. */
	CHECK(flash->emu->mem(flash, 0x9000, false) == erased);
	CHECK_EQ(guest_mem_load(world_guest(), flash->region->gpa + 0x8ffe, "firm", 4), 0);
	CHECK_EQ(world_unmaps(&size), 4);
	CHECK_EQ(size, 4096);
	CHECK_EQ(world_read(flash, 0x8ffe, 2), 'f' | 'i' << 8);
	CHECK_EQ(world_read(flash, 0x9000, 2), 'r' | 'm' << 8);
	flash->emu->show(flash, world_out());
	CHECK(strstr(world_out_text(), "12 KiB of memory used"));
	teardown();
}

TEST(wrong_sizes)
{
	const struct emulator *emu;
	struct dt_node *node;
	int err;

	setup();
	emu = flash->emu;
	CHECK_EQ(world_read(flash, 2, 4), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_write(flash, 0x3ff, 2, 0), EMU_WIDTH);
	node = world_node("bad", "cfi-flash");
	CHECK(!world_probe(node, SECTOR + 1, &err));
	CHECK_EQ(err, -EINVAL);
	CHECK_EQ(dt_set_u64(node, "physical_size", SECTOR + 1), 0);
	CHECK_EQ(emu->check(node, "p", world_out()), 1);
	CHECK_EQ(dt_set_u64(node, "physical_size", 4 * SECTOR), 0);
	CHECK_EQ(emu->check(node, "p", world_out()), 0);
	CHECK_EQ(dt_set_u32(node, "bank-width", 2), 0);
	CHECK_EQ(emu->check(node, "p", world_out()), 1);
	CHECK_EQ(dt_set_u32(node, "sector_size", 12345), 0);
	CHECK_EQ(emu->check(node, "p", world_out()), 2);
	CHECK(!world_probe(node, 4 * SECTOR, &err));
	CHECK_EQ(dt_set_u32(node, "sector_size", 0x10000), 0);
	CHECK(world_probe(node, 4 * SECTOR, &err));
	node = world_node("third", "cfi-flash");
	fake_heap_fail_at(1);
	CHECK(!world_probe(node, SIZE, &err));
	fake_heap_fail_at(0);
	teardown();
}

static uint8_t kept[0x20000];

static void setup_kept(size_t size, const char *prop, const char *where)
{
	struct dt_node *node;
	int err;

	world_begin();
	world_file_rw("/vars", kept, size, sizeof(kept));
	node = world_node("flash", "cfi-flash");
	CHECK_EQ(dt_set_string(node, prop, where), 0);
	flash = world_probe(node, SIZE, &err);
	CHECK_EQ(err, 0);
}

TEST(kept_in_a_file)
{
	memset(kept, 0, sizeof(kept));
	setup_kept(0, "file", "/vars");
	program(0x1204, 0x11223344);
	CHECK_EQ(status(), READY);
	/* In the file as it is in the flash: what is in front is erased. */
	CHECK_EQ(world_file_size(), 0x1400);
	CHECK_EQ(kept[0], 0xff);
	CHECK_MEM(kept + 0x1200, "\xff\xff\xff\xff\x44\x33\x22\x11\xff", 9);
	program(0x100, 0);
	CHECK_EQ(kept[0x100], 0);
	CHECK_EQ(world_file_size(), 0x1400);
	flash->emu->show(flash, world_out());
	CHECK(strstr(world_out_text(), "kept: the first 5 KiB"));
	teardown();

	/* Another guest finds it. */
	setup_kept(0x1400, "file", "/vars");
	CHECK_EQ(world_r32(flash, 0x1204), 0x11223344);
	CHECK_EQ(world_r32(flash, 0x100), 0);
	CHECK_EQ(world_r32(flash, 0x2000), 0xffffffff);
	cmd(0, 0x20);
	cmd(0, 0xd0);
	CHECK_EQ(status(), READY);
	for (unsigned i = 0; i < 0x1400; i++)
		CHECK_EQ(kept[i], 0xff);
	CHECK_EQ(world_file_size(), 0x2000);
	teardown();
}

/* It says that it is ready when all is on stable storage, and not before. */
TEST(busy_until_it_is_kept)
{
	memset(kept, 0xff, sizeof(kept));
	setup_kept(0x1000, "file", "/vars");
	program(0x100, 0x01020304);
	cmd(0, 0x70);
	CHECK_EQ(world_r32(flash, 0), 0);
	CHECK_EQ(world_work(), 1);
	CHECK_EQ(world_r32(flash, 0), READY);
	/* What does not change anything takes no time. */
	program(0x100, 0xffffffff);
	CHECK_EQ(world_r32(flash, 0), READY);
	cmd(0, 0x20);
	cmd(0, 0xd0);
	CHECK_EQ(world_r32(flash, 0), 0);
	world_work();
	CHECK_EQ(world_r32(flash, 0), READY);
	world_file_sync_fails(-EIO);
	program(0x104, 0);
	world_work();
	CHECK_EQ(world_r32(flash, 0), READY | 0x300030);
	CHECK(strstr(fake_log_text(), "may not be kept: "));
	world_file_sync_fails(0);
	cmd(0, 0x50);
	program(0x108, 0);
	CHECK_EQ(status(), READY);
	teardown();
}

TEST(no_space_to_keep)
{
	memset(kept, 0xff, sizeof(kept));
	setup_kept(0x1000, "file", "/vars");
	program(0x1ff00, 0);
	CHECK_EQ(status(), READY);
	fake_log_clear();
	program(0x20000, 0x12345678);
	CHECK_EQ(status(), READY | 0x100010);
	CHECK(strstr(fake_log_text(), "cannot be kept: no space left"));
	teardown();
}

TEST(kept_on_a_device)
{
	struct dt_node *node;
	struct blockdev *bd;
	int err;
	uint8_t sector[SECTOR_SIZE];

	setup_kept(0, "file", "/vars");
	CHECK_EQ(ramdisk_create("rd", 65536, "\x01\x02\x03\x04", 4, &bd), 0);
	node = world_node("second", "cfi-flash");
	CHECK_EQ(dt_set_string(node, "blkdev", "rd0"), 0);
	flash = world_probe(node, SIZE, &err);
	REQUIRE(flash);
	/* A new device has zeros, as firmware may find them in a flash that was never erased. */
	CHECK_EQ(world_r32(flash, 0), 0x04030201);
	cmd(0, 0x20);
	cmd(0, 0xd0);
	program(0x4000, 0xcafe0000);
	CHECK_EQ(blockdev_rw(bd, 0x4000 / SECTOR_SIZE, sector, 1, false), 0);
	CHECK_MEM(sector, "\0\0\xfe\xca\xff", 5);
	CHECK_EQ(blockdev_unregister(bd), -EBUSY);
	world_remove(flash);
	CHECK_EQ(blockdev_unregister(bd), 0);
	teardown();
}

TEST(nowhere_to_keep)
{
	struct dt_node *node;
	int err;

	setup();
	world_file("/vars", kept, 100);
	node = world_node("b", "cfi-flash");
	CHECK_EQ(dt_set_string(node, "file", "/vars"), 0);
	CHECK(!world_probe(node, SIZE, &err));
	CHECK_EQ(err, -EROFS);
	CHECK(strstr(world_out_text(), "cannot be kept in /vars: read-only"));
	CHECK_EQ(dt_set_string(node, "blkdev", "none"), 0);
	CHECK_EQ(flash->emu->check(node, "p", world_out()), 1);
	CHECK(strstr(world_out_text(), "both file and blkdev"));
	world_file_rw("/vars", kept, SECTOR * 3, SECTOR * 3);
	node = world_node("c", "cfi-flash");
	CHECK_EQ(dt_set_string(node, "file", "/vars"), 0);
	CHECK(!world_probe(node, SECTOR * 2, &err));
	CHECK_EQ(err, -EFBIG);
	node = world_node("d", "cfi-flash");
	CHECK_EQ(dt_set_string(node, "blkdev", "none"), 0);
	CHECK(!world_probe(node, SIZE, &err));
	CHECK_EQ(err, -ENOENT);
	teardown();
}
