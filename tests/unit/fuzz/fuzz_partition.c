/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Partition tables of any bytes: each partition lies on the disk, none overlaps another, and what
 * is said about them has an end. Checksums are made right for some inputs, so that what is behind
 * them is reached.
 */
#include "fuzz.h"
#include "../emu_world.h"
#include "../part_image.h"

#include <core/blockdev.h>

/* The input: places and what is there, over a disk that has a table of each kind. */
static void scribble(const uint8_t *data, size_t size)
{
	static const uint16_t areas[] = { 0, 1, 2, 1000, 1200, PI_SECTORS - 33, PI_SECTORS - 1 };
	struct fuzz_input in = { data, size };

	while (in.size) {
		unsigned area = areas[fuzz_byte(&in) % ARRAY_SIZE(areas)];
		unsigned at = fuzz_byte(&in) * 2, n = fuzz_byte(&in) % 24;

		while (n-- && in.size)
			pi_at(area)[at++ % 512] = fuzz_byte(&in);
	}
}

static void right_checksums(void)
{
	uint64_t at[] = { 1, PI_SECTORS - 1 };
	unsigned i;

	for (i = 0; i < 2; i++) {
		uint8_t *h = pi_at(at[i]);
		uint64_t array = get_le64(h + 72), nr = get_le32(h + 80), size = get_le32(h + 84);

		if (array < PI_SECTORS && nr * size <= (PI_SECTORS - array) * 512)
			put_le32(h + 88, crc32_update(0, pi_at(array), nr * size));
		if (get_le32(h + 12) <= 512) {
			put_le32(h + 16, 0);
			put_le32(h + 16, crc32_update(0, h, get_le32(h + 12)));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how = size ? data[0] : 0;
	struct blockdev *disk, *bd = NULL, *other;

	world_begin();
	pi_begin(512);
	pi_mbr(0, 0, how & 1 ? 0xee : 0x83, 63, 100);
	pi_mbr(0, 1, 0x05, 1000, 5000);
	pi_mbr(1000, 0, 0x83, 1, 99);
	pi_mbr(1000, 1, 0x05, 200, 100);
	pi_mbr(1200, 0, 0x83, 1, 99);
	pi_gpt_entry(2, 0, 34, 43, "one");
	pi_gpt_entry(2, 2, 134, 333, "two");
	pi_gpt_finish();
	if (size)
		scribble(data + 1, size - 1);
	if (how & 2)
		right_checksums();
	FUZZ_CHECK(!ramdisk_create("vd*", sizeof(pi_disk), pi_disk, sizeof(pi_disk), &disk));
	if (how & 4) {
		disk->block_size = 4096;
		FUZZ_CHECK(!blockdev_rescan(disk, NULL));
	}
	while ((bd = blockdev_next(bd))) {
		if (!bd->parent)
			continue;
		FUZZ_CHECK(bd->parent == disk && bd->sectors);
		FUZZ_CHECK(bd->start < disk->sectors);
		FUZZ_CHECK(bd->sectors <= disk->sectors - bd->start);
		for (other = bd; (other = blockdev_next(other));)
			FUZZ_CHECK(other->start >= bd->start + bd->sectors ||
				   bd->start >= other->start + other->sectors);
	}
	FUZZ_CHECK(!blockdev_unregister(disk));
	FUZZ_CHECK(!world_end());
	return 0;
}
