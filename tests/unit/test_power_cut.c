/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The power goes while guests write: disks that are files on ext2 and FAT, and flash that is kept
 * in a file. What a guest was told is on the disk is there afterwards, with and without a check of
 * the file system, and nothing that was never written is. Each round is another moment, and loses
 * another part of what was not flushed. UNIT_ROUNDS: so many times as many rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu_world.h"
#include "fake.h"
#include "unit.h"
#include "volatile_disk.h"

#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#define SECTORS	 1024u
#define SIZE	 (SECTORS * SECTOR_SIZE)
#define FLIGHTS	 8
#define LONGEST	 24u

/* The world's own file is not used. */
void world_file(const char *path, const void *data, size_t size)
{
}

static unsigned rounds(unsigned n)
{
	const char *times = getenv("UNIT_ROUNDS");

	return n * (times ? (unsigned)atoi(times) : 1);
}

/* --- the file system ------------------------------------------------------------------------- */

struct kind {
	const char *image, *check, *mend;
};

static uint8_t *image, *found;
static size_t image_size;
static char why[BLOCK_WHY_MAX];

static void load(const struct kind *kind)
{
	image = unit_data(kind->image, &image_size);
	if (!image)
		exit(1);
	found = malloc(image_size);
}

static void unload(void)
{
	free(image);
	free(found);
}

static void begin(const uint8_t *data, bool at_once)
{
	world_begin();
	volatile_begin(data, image_size, at_once);
	CHECK_EQ(vfs_mount_blockdev("/d", "volatile0", true), 0);
}

static void end(void)
{
	CHECK_EQ(vfs_unmount("/d"), 0);
	volatile_end();
	CHECK_EQ(world_end(), 0);
}

/* Let a program of the build machine look at what was found. @return its exit code */
static int run(const char *command)
{
	char path[512], line[2500];
	int status;
	FILE *f;

	snprintf(path, sizeof(path), "%s/power-%d", getenv("UNIT_DATA"), getpid());
	f = fopen(path, "wb");
	if (!f || fwrite(found, 1, image_size, f) != image_size || fclose(f))
		exit(1);
	snprintf(line, sizeof(line), "PATH=$PATH:/usr/sbin:/sbin; %s %s >%s.log 2>&1 || { s=$?; "
		 "[ $s -gt 1 ] && cat %s.log; exit $s; }", command, path, path, path);
	status = system(line);
	f = fopen(path, "rb");
	if (!f || fread(found, 1, image_size, f) != image_size || fclose(f))
		exit(1);
	unlink(path);
	strcat(path, ".log");
	unlink(path);
	return status == -1 ? -1 : status >> 8;
}

static void make_file(const char *path, uint64_t size)
{
	struct vfs_file file;

	REQUIRE(!vfs_open_flags(path, VFS_WRITE | VFS_CREATE, &file));
	CHECK_EQ(vfs_truncate(&file, size), 0);
	CHECK_EQ(vfs_sync_file(&file), 0);
	vfs_close(&file);
}

/* --- what the guest did ---------------------------------------------------------------------- */

/* Versions of each sector: the last one begun, ended, and told to be on the disk; 0 is zeros. */
struct history {
	uint32_t begun[SECTORS], ended[SECTORS], safe[SECTORS];
	uint32_t zeros[SECTORS]; /* the last version that is zeros */
};

static struct history h, at_cut;

struct flight {
	struct block_request rq;
	struct mem_seg segs[3];
	uint8_t data[LONGEST * SECTOR_SIZE];
	uint32_t mark[SECTORS]; /* a flush: what had ended when it was begun */
	bool busy;
};

static struct flight flights[FLIGHTS];
static struct blockdev *disk;
static unsigned told;

static void fill(uint8_t *at, uint32_t sector, uint32_t version)
{
	uint32_t x = sector * 2654435761u ^ version * 40503u;

	for (unsigned i = 0; i < SECTOR_SIZE; i += 4) {
		put_le32(at + i, i ? x : sector);
		x = x * 1664525u + 1013904223u;
	}
	put_le32(at + 4, version);
}

static bool is_zero(const uint8_t *at)
{
	for (unsigned i = 0; i < SECTOR_SIZE; i++)
		if (at[i])
			return false;
	return true;
}

/* Is this a version of the sector from this one on? */
static bool is_since(const struct history *of, const uint8_t *at, uint32_t sector, uint32_t from)
{
	uint32_t version = get_le32(at + 4);
	uint8_t want[SECTOR_SIZE];

	if (is_zero(at))
		return of->zeros[sector] >= from;
	if (version < from || version > of->begun[sector])
		return false;
	fill(want, sector, version);
	return !memcmp(at, want, SECTOR_SIZE);
}

static void check_read(const struct flight *f)
{
	for (uint32_t i = 0; i < f->rq.sectors; i++) {
		uint32_t s = (uint32_t)f->rq.sector + i;

		if (!is_since(&h, f->data + i * SECTOR_SIZE, s, h.ended[s]))
			unit_fail(__FILE__, __LINE__, "sector %u reads as something else", s);
	}
}

static void flight_ended(struct block_request *rq)
{
	struct flight *f = container_of(rq, struct flight, rq);

	f->busy = false;
	CHECK_EQ(rq->status, 0);
	if (rq->op == BLOCK_READ) {
		check_read(f);
	} else if (rq->op == BLOCK_FLUSH) {
		told++;
		for (unsigned s = 0; s < SECTORS; s++)
			h.safe[s] = MAX(h.safe[s], f->mark[s]);
	} else {
		for (uint64_t s = rq->sector; s < rq->sector + rq->sectors; s++)
			h.ended[s] = h.begun[s];
	}
}

static bool overlaps(uint64_t at, uint64_t n)
{
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (flights[i].busy && flights[i].rq.op != BLOCK_FLUSH &&
		    flights[i].rq.sector < at + n &&
		    at < flights[i].rq.sector + flights[i].rq.sectors)
			return true;
	return false;
}

static void set_data(struct flight *f, enum block_op op, uint32_t at, uint32_t n)
{
	uint32_t cut = 1 + (uint32_t)unit_random_below(n * SECTOR_SIZE - 1);

	f->segs[0] = (struct mem_seg){ f->data, cut };
	f->segs[1] = (struct mem_seg){ f->data + cut, n * SECTOR_SIZE - cut };
	f->rq.segs = f->segs;
	f->rq.nr_segs = 2;
	for (uint32_t i = 0; i < n; i++) {
		if (op == BLOCK_READ)
			continue;
		h.begun[at + i]++;
		if (op == BLOCK_WRITE)
			fill(f->data + i * SECTOR_SIZE, at + i, h.begun[at + i]);
		else
			h.zeros[at + i] = h.begun[at + i];
	}
}

static void fly(struct flight *f)
{
	static const enum block_op ops[] = { BLOCK_WRITE, BLOCK_WRITE, BLOCK_WRITE, BLOCK_WRITE,
					     BLOCK_WRITE, BLOCK_FLUSH, BLOCK_FLUSH, BLOCK_READ,
					     BLOCK_ZERO,  BLOCK_DISCARD };
	enum block_op op = ops[unit_random_below(ARRAY_SIZE(ops))];
	uint32_t n = 1 + (uint32_t)unit_random_below(LONGEST);
	/* Some places are written again and again. */
	uint32_t at = (uint32_t)unit_random_below(unit_random_below(2) ? SECTORS - n : 100);

	if ((op != BLOCK_FLUSH && overlaps(at, n)) || (op == BLOCK_DISCARD && !disk->can_discard))
		return;
	f->rq = (struct block_request){ .op = op, .done = flight_ended };
	if (op == BLOCK_FLUSH) {
		memcpy(f->mark, h.ended, sizeof(f->mark));
	} else {
		f->rq.sector = at;
		f->rq.sectors = n;
		set_data(f, op, at, n);
	}
	if (op == BLOCK_ZERO || op == BLOCK_DISCARD)
		f->rq.nr_segs = 0;
	f->busy = true;
	blockdev_submit(disk, &f->rq);
}

static void step(void)
{
	struct flight *f = &flights[unit_random_below(FLIGHTS)];

	switch (unit_random_below(4)) {
	case 0:
		world_advance(1 + unit_random_below(3000));
		break;
	case 1:
		world_threads(0);
		break;
	default:
		if (!f->busy)
			fly(f);
		break;
	}
}

/* Another of the guest's CPUs, while a worker or a file system waits for the disk. */
static void meanwhile(void)
{
	struct flight *f = &flights[unit_random_below(FLIGHTS)];

	if (disk && !f->busy && !unit_random_below(3))
		fly(f);
}

static void let_all_end(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		world_advance(2000);
		world_threads(0);
	}
	for (unsigned i = 0; i < FLIGHTS; i++)
		CHECK(!flights[i].busy);
}

static void remember(void)
{
	at_cut = h;
}

/* --- what is found --------------------------------------------------------------------------- */

static unsigned compared;

static void compare(const char *how)
{
	static uint8_t contents[SIZE];
	struct vfs_file file;

	begin(found, true);
	if (vfs_open("/d/disk.img", &file)) {
		unit_fail(__FILE__, __LINE__, "the file is gone (%s)", how);
		end();
		return;
	}
	CHECK_EQ(file.stat.size, SIZE);
	CHECK_EQ(vfs_read(&file, 0, contents, SIZE), SIZE);
	for (uint32_t s = 0; s < SECTORS; s++) {
		compared += at_cut.safe[s] != 0;
		if (is_since(&at_cut, contents + s * SECTOR_SIZE, s, at_cut.safe[s]))
			continue;
		unit_fail(__FILE__, __LINE__, "%s: sector %u: version %u of %u, told %u, zeros %u",
			  how, s, get_le32(contents + s * SECTOR_SIZE + 4), at_cut.begun[s],
			  at_cut.safe[s], at_cut.zeros[s]);
		break;
	}
	vfs_close(&file);
	end();
}

static void round_of(const struct kind *kind, unsigned n)
{
	unit_random_seed(n);
	memset(&h, 0, sizeof(h));
	told = 0;
	begin(image, false);
	make_file("/d/disk.img", SIZE);
	REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
	volatile_cut_after(1 + (unsigned)unit_random_below(250), found, remember);
	volatile_meanwhile(meanwhile);
	for (unsigned i = 0; i < 2000 && !volatile_was_cut() && !unit_failed(); i++)
		step();
	if (!volatile_was_cut())
		volatile_cut_now();
	volatile_meanwhile(NULL);
	let_all_end();
	blockdev_close(disk);
	disk = NULL;
	end();
	compare("as it was left");
	if (n % 16 == 0) {
		int status = run(kind->mend);

		CHECK(status == 0 || status == 1);
		CHECK_EQ(run(kind->check), 0);
		compare("after the check");
	}
	if (unit_failed())
		printf("%s, round %u\n%s\n", kind->image, n, fake_log_text());
}

static void disk_rounds(const struct kind *kind, unsigned n)
{
	compared = 0;
	load(kind);
	for (unsigned i = 1; i <= rounds(n) && !unit_failed(); i++)
		round_of(kind, i);
	unload();
	printf("%s: %u sectors that were told to be there, were\n", kind->image, compared);
	CHECK(compared > n * 10);
}

TEST(file_on_ext2)
{
	disk_rounds(&(struct kind){ "empty-1k.ext2", "e2fsck -fn", "e2fsck -p" }, 800);
}

TEST(file_on_ext2_with_large_blocks)
{
	disk_rounds(&(struct kind){ "empty-2k.ext2", "e2fsck -fn", "e2fsck -p" }, 200);
}

TEST(file_on_fat)
{
	disk_rounds(&(struct kind){ "empty12.fat", "fsck.vfat -n", "fsck.vfat -a" }, 200);
}

/* --- flash ----------------------------------------------------------------------------------- */

#define BANK	(1024u * 1024)
#define SECTOR	0x40000u
#define WORDS	(SECTOR / 4)

static struct emu_dev *flash;
static uint32_t words[WORDS], words_told[WORDS], words_cut[WORDS], told_cut[WORDS];

static void remember_words(void)
{
	memcpy(words_cut, words, sizeof(words));
	memcpy(told_cut, words_told, sizeof(words));
}

/* The chip works until it says that it is ready. */
static void wait_ready(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		world_w32(flash, 0, 0x00700070);
		if ((world_r32(flash, 0) & 0x00800080) == 0x00800080) {
			CHECK_EQ(world_r32(flash, 0), 0x00800080);
			memcpy(words_told, words, sizeof(words));
			return;
		}
		world_work();
	}
	unit_fail(__FILE__, __LINE__, "the flash stays busy");
}

static void change_flash(void)
{
	static uint32_t next;
	uint32_t at;

	if (!unit_random_below(200)) {
		memset(words, 0xff, sizeof(words));
		next = 0;
		world_w32(flash, 0, 0x00200020);
		world_w32(flash, 0, 0x00d000d0);
	} else {
		next = (next + 1 + (uint32_t)unit_random_below(40)) % WORDS;
		at = next;
		words[at] &= (uint32_t)unit_random();
		world_w32(flash, 4 * at, 0x00400040);
		world_w32(flash, 4 * at, words[at]);
	}
	if (unit_random_below(3))
		wait_ready();
}

static bool make_flash(void)
{
	struct dt_node *node = world_node("flash", "cfi-flash");
	int err;

	CHECK_EQ(dt_set_string(node, "file", "/d/vars"), 0);
	flash = world_probe(node, BANK, &err);
	CHECK_EQ(err, 0);
	return flash;
}

static void compare_flash(void)
{
	begin(found, true);
	if (make_flash())
		for (uint32_t i = 0; i < WORDS; i++) {
			uint32_t v = world_r32(flash, 4 * i);

			if (v != words_cut[i] && v != told_cut[i]) {
				unit_fail(__FILE__, __LINE__, "word %u is 0x%x: 0x%x, told 0x%x", i,
					  v, words_cut[i], told_cut[i]);
				break;
			}
		}
	world_remove(flash);
	end();
}

static void flash_round(unsigned n)
{
	unit_random_seed(n);
	memset(words, 0xff, sizeof(words));
	memset(words_told, 0xff, sizeof(words));
	begin(image, false);
	make_file("/d/vars", unit_random_below(2) ? SECTOR : 0);
	if (make_flash()) {
		/* A new file has zeros, which firmware erases first. */
		memset(words, 0, sizeof(words));
		world_w32(flash, 0, 0x00200020);
		world_w32(flash, 0, 0x00d000d0);
		memset(words, 0xff, sizeof(words));
		wait_ready();
		volatile_cut_after(1 + (unsigned)unit_random_below(400), found, remember_words);
		for (unsigned i = 0; i < 500 && !volatile_was_cut() && !unit_failed(); i++)
			change_flash();
		if (!volatile_was_cut())
			volatile_cut_now();
		wait_ready();
		world_remove(flash);
	}
	end();
	compare_flash();
	if (unit_failed())
		printf("round %u\n%s\n", n, fake_log_text());
}

TEST(flash_in_a_file)
{
	load(&(struct kind){ .image = "empty-1k.ext2" });
	for (unsigned i = 1; i <= rounds(60) && !unit_failed(); i++)
		flash_round(i);
	unload();
}
