/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding and unpacking the initrd that a boot loader left: plain, gzip, in several members,
 * damaged, outside of memory, and with too little memory for what is in it.
 */
#include "../../core/dt/dt_priv.h"

#include <core/vfs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/dt.h>
#include <core/mem.h>
#include <libfdt.h>
#include <libs/byteorder.h>

#include "fake.h"
#include "unit.h"

#define RAM 0x40000000u
#define RAM_SIZE (4u << 20)
#define INITRD 0x40000124u /* not at a page */

static uint8_t *ram;
static size_t pages_taken, pages_left;

/*
 * --- memory: the initrd in the lower half, frames from the upper one
 * ------------------------------
 */

bool mem_is_ram(hpa_t pa, uint64_t size)
{
	return pa >= RAM && size <= RAM_SIZE && pa - RAM <= RAM_SIZE - size;
}

void *mem_map_frames(hpa_t start, uint64_t size)
{
	if (start % PAGE_SIZE || size % PAGE_SIZE)
		abort();
	return mem_is_ram(start, size) ? ram + (start - RAM) : NULL;
}

hpa_t frame_alloc(size_t pages, uint64_t align)
{
	if (pages > pages_left)
		return 0;
	pages_taken += pages;
	return RAM + RAM_SIZE / 2;
}

void frame_free(hpa_t start, size_t pages)
{
	if (pages > pages_taken)
		abort();
	pages_taken -= pages;
}

/*
 * --- frame
 * ------------------------------------------------------------------------------------------
 */

static void begin(const void *image, size_t size)
{
	static uint64_t blob[64];
	struct dt_node *chosen;

	ram = calloc(1, RAM_SIZE);
	memcpy(ram + (INITRD - RAM), image, size);
	pages_taken = 0;
	pages_left = RAM_SIZE / 2 / PAGE_SIZE;
	fake_log_clear();
	fdt_create_empty_tree(blob, sizeof(blob));
	if (dt_init(blob))
		abort();
	chosen = dt_add_node(dt_root(), "chosen");
	if (dt_set_u64(chosen, "linux,initrd-start", INITRD) ||
	    dt_set_u32(chosen, "linux,initrd-end", INITRD + (uint32_t)size))
		abort();
}

static void check_end(bool mounted, const char *words)
{
	struct vfs_stat st;

	vfs_mount_initrd();
	CHECK_EQ(vfs_stat_path("/boot/hello", true, &st) == 0, mounted);
	CHECK(strstr(fake_log_text(), words));
	if (!strstr(fake_log_text(), words))
		printf("log: %s", fake_log_text());
	CHECK_EQ(vfs_unmount("/") == 0, mounted);
	free(ram);
	dt_forget();
	CHECK_EQ(fake_heap_live(), 0);
}

static uint8_t *data;
static size_t size;

static bool load(const char *name)
{
	free(data);
	data = unit_data(name, &size);
	return data != NULL;
}

TEST(plain)
{
	REQUIRE(load("tree.cpio"));
	begin(data, size);
	check_end(true, "initrd: cpio, 339.5 KiB, mounted at /");
	CHECK_EQ(pages_taken, 0);
}

TEST(gzipped)
{
	REQUIRE(load("tree.cpio.gz"));
	begin(data, size);
	check_end(true, "initrd: cpio, 339.5 KiB, mounted at /");
	CHECK_EQ(pages_taken, (347648 + PAGE_SIZE - 1) / PAGE_SIZE);
}

TEST(two_members)
{
	size_t n;
	uint8_t *both;

	/*
	 * An archive and an empty member behind it: the size in the last bytes is that of the
	 * second.
	 */
	static const uint8_t empty[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3,
					3,    0,    0, 0, 0, 0, 0, 0, 0, 0};

	REQUIRE(load("tree.cpio.gz"));
	n = size + sizeof(empty);
	both = malloc(n);
	memcpy(both, data, size);
	memcpy(both + size, empty, sizeof(empty));
	begin(both, n);
	check_end(true, "initrd: cpio, 339.5 KiB, mounted at /");
	CHECK_EQ(pages_taken, (347648 + PAGE_SIZE - 1) / PAGE_SIZE);
	free(both);
}

TEST(damaged)
{
	REQUIRE(load("tree.cpio.gz"));
	begin(data, size);
	memset(ram + (INITRD - RAM) + 4000, 0x55, 100);
	check_end(false, "initrd: ");
	CHECK_EQ(pages_taken, 0);
	begin(data, size / 2);
	check_end(false, "initrd: ");
	CHECK_EQ(pages_taken, 0);
	/* A size that lies: as much as there is not, and nothing. */
	begin(data, size);
	put_le32(ram + (INITRD - RAM) + size - 4, 0xffffffff);
	check_end(false, "initrd: ");
	begin(data, size);
	put_le32(ram + (INITRD - RAM) + size - 4, 0);
	check_end(false, "initrd: ");
	CHECK_EQ(pages_taken, 0);
}

TEST(unknown)
{
	begin("this is nothing that is known", 29);
	check_end(false, "initrd: neither a cpio archive (newc) nor an ext2 image");
	REQUIRE(load("tree.cpio"));
	begin(data, size / 2);
	check_end(false, "cut off");
}

TEST(no_memory)
{
	REQUIRE(load("tree.cpio.gz"));
	begin(data, size);
	pages_left = 10;
	check_end(false, "not enough memory to unpack it");
	CHECK_EQ(pages_taken, 0);
}

TEST(places)
{
	REQUIRE(load("tree.cpio"));
	begin(data, size);
	if (dt_set_u32(dt_find("/chosen"), "linux,initrd-end", INITRD))
		abort();
	check_end(false, "");
	begin(data, size);
	if (dt_set_u64(dt_find("/chosen"), "linux,initrd-end", RAM + RAM_SIZE + 1))
		abort();
	check_end(false, "is not memory");
	begin(data, size);
	if (dt_del_prop(dt_find("/chosen"), "linux,initrd-start"))
		abort();
	check_end(false, "");
	free(data);
	data = NULL;
}
