/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Partition tables: what they say becomes devices, what is wrong with them becomes sentences.
 */
#include "emu_world.h"
#include "fake.h"
#include "part_image.h"
#include "unit.h"

#include <stdio.h>

#include <core/blockdev.h>
#include <libs/errno.h>

static struct blockdev *disk;
static char why[BLOCK_WHY_MAX];

/* A disk of the picture. */
static void begin(void)
{
	world_begin();
	REQUIRE(!ramdisk_create("vd*", sizeof(pi_disk), pi_disk, sizeof(pi_disk), &disk));
}

static void end(void)
{
	CHECK_EQ(blockdev_unregister(disk), 0);
	CHECK(!blockdev_next(NULL));
	CHECK_EQ(world_end(), 0);
}

/* What the list has besides the disk: "vda1:63+100 vda5:..." */
static const char *listed(void)
{
	static char text[4096];
	struct blockdev *bd = NULL;

	*text = '\0';
	while ((bd = blockdev_next(bd)))
		if (bd->parent)
			sprintf(text + strlen(text), "%s%s:%u+%u", *text ? " " : "", bd->name,
				(unsigned)bd->start, (unsigned)bd->sectors);
	return text;
}

static struct blockdev *named(const char *name)
{
	struct blockdev *bd = blockdev_get(name);

	if (bd)
		blockdev_put(bd);
	else
		unit_fail(__FILE__, __LINE__, "no %s", name);
	return bd;
}

TEST(no_table)
{
	pi_begin(512);
	begin();
	CHECK_STR(listed(), "");
	end();
	/* A boot sector of a file system: the signature, and code where entries would be. */
	memset(pi_disk, 0x5e, 510);
	put_le16(pi_disk + 510, 0xaa55);
	begin();
	CHECK_STR(listed(), "");
	CHECK_STR(fake_log_text(), "");
	end();
}

TEST(primary_partitions)
{
	uint8_t buf[2 * SECTOR_SIZE], there[SECTOR_SIZE];
	struct blockdev *part;

	pi_begin(512);
	pi_mbr(0, 0, 0x83, 63, 100);
	pi_mbr(0, 2, 0x0c, 4096, 4096);
	begin();
	CHECK_STR(listed(), "vda1:63+100 vda3:4096+4096");
	part = named("vda1");
	CHECK_STR(part->label, "type 0x83");
	CHECK_STR(part->kind, "partition");
	CHECK(part->parent == disk);
	/* It begins where the table says, and ends there. */
	memset(buf, 0xa5, sizeof(buf));
	CHECK_EQ(blockdev_rw(part, 98, buf, 2, true), 0);
	CHECK_EQ(blockdev_rw(disk, 63 + 99, there, 1, false), 0);
	CHECK_MEM(there, buf, SECTOR_SIZE);
	CHECK_EQ(blockdev_rw(disk, 63 + 100, there, 1, false), 0);
	CHECK_EQ(there[0], 0);
	CHECK_EQ(blockdev_rw(part, 99, buf, 2, true), -ERANGE);
	CHECK_EQ(blockdev_rw(part, 100, buf, 1, false), -ERANGE);
	CHECK_EQ(blockdev_zero(part, 98, 2), 0);
	CHECK_EQ(blockdev_rw(disk, 63 + 98, there, 1, false), 0);
	CHECK_EQ(there[0], 0);
	CHECK_EQ(blockdev_flush(part), 0);
	end();
}

TEST(names_after_digits)
{
	pi_begin(512);
	pi_mbr(0, 1, 0x83, 100, 10);
	world_begin();
	REQUIRE(!ramdisk_create("ramdisk", sizeof(pi_disk), pi_disk, 512, &disk));
	CHECK_STR(listed(), "ramdisk0p2:100+10");
	end();
}

TEST(logical_partitions)
{
	pi_begin(512);
	pi_mbr(0, 0, 0x83, 63, 100);
	pi_mbr(0, 1, 0x05, 1000, 5000);
	pi_mbr(1000, 0, 0x83, 1, 99);
	pi_mbr(1000, 1, 0x05, 2000, 100);
	/* The chain may go back and forth. */
	pi_mbr(3000, 0, 0x82, 10, 90);
	pi_mbr(3000, 1, 0x05, 1000, 100);
	pi_mbr(2000, 0, 0x83, 1, 50);
	begin();
	CHECK_STR(listed(), "vda1:63+100 vda5:1001+99 vda6:3010+90 vda7:2001+50");
	end();
}

TEST(chains_that_lead_nowhere)
{
	pi_begin(512);
	pi_mbr(0, 1, 0x0f, 1000, 5000);
	pi_mbr(1000, 0, 0x83, 1, 99);
	pi_mbr(1000, 1, 0x05, 5000, 100);
	begin();
	CHECK_STR(listed(), "vda5:1001+99");
	CHECK(strstr(fake_log_text(), "leads to block 6000, which is not in the extended"));
	end();
	pi_mbr(1000, 1, 0x05, 200, 100);
	begin();
	CHECK_STR(listed(), "vda5:1001+99");
	CHECK(strstr(fake_log_text(), "block 1200 has no signature"));
	end();
	/* A circle with a partition in it, and one without. */
	pi_mbr(1200, 0, 0x83, 1, 10);
	pi_mbr(1200, 1, 0x05, 0, 100);
	begin();
	CHECK_STR(listed(), "vda5:1001+99 vda6:1201+10");
	CHECK(strstr(fake_log_text(), "partition 7 is left out: it overlaps partition 5"));
	end();
	pi_mbr(1000, 0, 0, 0, 0);
	pi_mbr(1000, 1, 0x05, 0, 100);
	begin();
	CHECK_STR(listed(), "");
	CHECK(strstr(fake_log_text(), "does not end"));
	end();
}

TEST(primary_partitions_that_cannot_be)
{
	pi_begin(512);
	pi_mbr(0, 0, 0x83, 63, 100);
	pi_mbr(0, 1, 0x83, 162, 100);
	pi_mbr(0, 2, 0x83, PI_SECTORS - 10, 11);
	pi_mbr(0, 3, 0x83, UINT32_MAX, UINT32_MAX);
	begin();
	CHECK_STR(listed(), "vda1:63+100");
	CHECK(strstr(fake_log_text(), "vda: partition 2 is left out: it overlaps partition 1."));
	CHECK(strstr(fake_log_text(), "partition 3 is left out: its blocks 8182 to 8192 are not "
			      "all on the disk, which has 8192."));
	CHECK(strstr(fake_log_text(), "partition 4 is left out"));
	end();
}

static void guid_table(unsigned block)
{
	uint64_t first = 2 + DIV_ROUND_UP(PI_ENTRIES * 128, block);

	pi_begin(block);
	pi_mbr(0, 0, 0xee, 1, UINT32_MAX);
	pi_gpt_entry(2, 0, first, first + 9, "EFI system");
	pi_gpt_entry(2, 2, first + 100, first + 299, "ro|ot\x01");
	pi_gpt_finish();
}

TEST(guid_partition_table)
{
	guid_table(512);
	begin();
	CHECK_STR(listed(), "vda1:34+10 vda3:134+200");
	CHECK_STR(named("vda1")->label, "EFI system");
	CHECK_STR(named("vda3")->label, "ro?ot?");
	CHECK_STR(fake_log_text(), "");
	end();
	/* Beside it partitions of an old table for those who know no better: not used. */
	pi_mbr(0, 1, 0x83, 34, 10);
	begin();
	CHECK_STR(listed(), "vda1:34+10 vda3:134+200");
	end();
}

TEST(guid_table_in_blocks_of_4k)
{
	guid_table(4096);
	world_begin();
	REQUIRE(!ramdisk_create("vd*", sizeof(pi_disk), NULL, 0, &disk));
	CHECK_EQ(blockdev_rw(disk, 0, pi_disk, PI_SECTORS, true), 0);
	disk->block_size = 4096;
	CHECK_EQ(blockdev_rescan(disk, world_out()), 0);
	CHECK_STR(listed(), "vda1:48+80 vda3:848+1600");
	CHECK_EQ(named("vda3")->block_size, 4096);
	end();
}

/* Each way to damage the first table leads to the copy, and then to none. */
TEST(damaged_guid_tables)
{
	static const struct {
		unsigned at;
		const char *text;
	} damage[] = {
		{ 512, "it has no signature" }, { 512 + 12, "the length of its header is wrong" },
		{ 512 + 60, "the checksum of its header is wrong" },
		{ 1024, "the checksum of its entries is wrong" },
	};
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(damage); i++) {
		guid_table(512);
		pi_disk[damage[i].at] ^= 0x40;
		pi_disk[damage[i].at + 1] ^= 0xff;
		begin();
		CHECK_STR(listed(), "vda1:34+10 vda3:134+200");
		CHECK(strstr(fake_log_text(), damage[i].text));
		CHECK(strstr(fake_log_text(), "its copy at the end of the disk is"));
		end();
		pi_at(PI_SECTORS - 1)[40] ^= 1;
		begin();
		CHECK_STR(listed(), "");
		CHECK(strstr(fake_log_text(), "nor its copy at the end"));
		end();
	}
	/* A hybrid: what the old table has is all that is left. */
	pi_mbr(0, 1, 0x83, 34, 10);
	begin();
	CHECK_STR(listed(), "vda2:34+10");
	end();
}

/* A header that is right in itself and says what cannot be. */
TEST(guid_tables_that_cannot_be)
{
	static const struct {
		unsigned at, size;
		uint64_t value;
		const char *text;
	} lies[] = {
		{ 24, 8, 2, "it belongs to another place" },
		{ 48, 8, PI_SECTORS, "its disk would be a larger one" },
		{ 40, 8, UINT64_MAX, "its disk would be a larger one" },
		{ 84, 4, 192, "the size of its entries is wrong" },
		{ 84, 4, 0, "the size of its entries is wrong" },
		{ 80, 4, 0, "the number of its entries is wrong" },
		{ 80, 4, UINT32_MAX, "the number of its entries is wrong" },
		{ 84, 4, 0x80000000, "the number of its entries is wrong" },
		{ 72, 8, PI_SECTORS - 31, "its entries are not on the disk" },
		{ 72, 8, UINT64_MAX, "its entries are not on the disk" },
		{ 80, 4, 64, "the checksum of its entries is wrong" },
	};
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		uint8_t *h;

		guid_table(512);
		memset(pi_at(PI_SECTORS - 1), 0, 512);
		h = pi_at(1);
		if (lies[i].size == 8)
			put_le64(h + lies[i].at, lies[i].value);
		else
			put_le32(h + lies[i].at, (uint32_t)lies[i].value);
		put_le32(h + 16, 0);
		put_le32(h + 16, crc32_update(0, h, 92));
		begin();
		CHECK_STR(listed(), "");
		CHECK(strstr(fake_log_text(), lies[i].text));
		end();
	}
}

TEST(guid_entries_that_cannot_be)
{
	guid_table(512);
	pi_gpt_entry(2, 3, 33, 40, "before");
	pi_gpt_entry(2, 4, 8000, PI_SECTORS - 1, "behind");
	pi_gpt_entry(2, 5, 500, 499, "backwards");
	pi_gpt_entry(2, 6, 40, 50, "overlap");
	pi_gpt_entry(2, 7, UINT64_MAX, UINT64_MAX, "far");
	pi_gpt_finish();
	begin();
	CHECK_STR(listed(), "vda1:34+10 vda3:134+200");
	CHECK(strstr(fake_log_text(), "partition 4 is left out: its blocks 33 to 40"));
	CHECK(strstr(fake_log_text(), "partition 7 is left out: it overlaps partition 1"));
	end();
}

TEST(reading_anew)
{
	struct blockdev *part, *whole;
	uint8_t sector[SECTOR_SIZE];

	pi_begin(512);
	pi_mbr(0, 0, 0x83, 63, 100);
	begin();
	/* While a partition is used, the disk is, and the table stays as it is. */
	REQUIRE(!blockdev_open("vda1", false, &part, why, sizeof(why)));
	CHECK_EQ(blockdev_rescan(disk, world_out()), -EBUSY);
	CHECK_STR(world_out_text(), "vda: vda1 is in use, so that the partition table cannot be "
			  "read anew.\n");
	CHECK_EQ(blockdev_open("vda", true, &whole, why, sizeof(why)), -EBUSY);
	CHECK(strstr(why, "vda1 is in use"));
	REQUIRE(!blockdev_open("vda", false, &whole, why, sizeof(why)));
	CHECK_EQ(blockdev_rescan(disk, world_out()), -EBUSY);
	CHECK_EQ(blockdev_unregister(disk), -EBUSY);
	CHECK_EQ(blockdev_rescan(part, world_out()), -EINVAL);
	blockdev_close(whole);
	blockdev_close(part);
	/* One who writes the disk may change the table, which is read at the end of that. */
	REQUIRE(!blockdev_open("vda", true, &whole, why, sizeof(why)));
	CHECK_EQ(blockdev_open("vda1", false, &part, why, sizeof(why)), -EBUSY);
	CHECK(strstr(why, "vda is in use for writing"));
	pi_mbr(0, 0, 0x83, 64, 10);
	pi_mbr(0, 3, 0x83, 80, 10);
	REQUIRE(!blockdev_rw(whole, 0, pi_disk, 1, true));
	CHECK_STR(listed(), "vda1:63+100");
	blockdev_close(whole);
	CHECK_STR(listed(), "vda1:64+10 vda4:80+10");
	/* Or the one who rescans. */
	memset(sector, 0, sizeof(sector));
	REQUIRE(!blockdev_rw(disk, 0, sector, 1, true));
	CHECK_EQ(blockdev_rescan(disk, world_out()), 0);
	CHECK_STR(listed(), "");
	end();
}

TEST(a_disk_goes_away_with_partitions_in_use)
{
	struct blockdev *part;
	uint8_t sector[SECTOR_SIZE];

	pi_begin(512);
	pi_mbr(0, 0, 0x83, 63, 100);
	pi_mbr(0, 1, 0x83, 1000, 100);
	begin();
	REQUIRE(!blockdev_open("vda1", true, &part, why, sizeof(why)));
	blockdev_remove(disk);
	CHECK(!blockdev_next(NULL));
	CHECK_EQ(blockdev_rw(part, 0, sector, 1, false), -ENODEV);
	CHECK_EQ(part->errors, 1);
	blockdev_close(part);
	CHECK_EQ(world_end(), 0);
}

TEST(too_little_memory)
{
	struct blockdev *part = NULL;
	unsigned i;

	guid_table(512);
	begin();
	for (i = 1; i <= 5; i++) {
		fake_heap_fail_at(i);
		if (!blockdev_rescan(disk, world_out()))
			break;
		CHECK_STR(listed(), "vda1:34+10 vda3:134+200");
	}
	fake_heap_fail_at(0);
	CHECK(i > 3);
	part = named("vda3");
	REQUIRE(part);
	CHECK_EQ(part->sectors, 200);
	end();
}
