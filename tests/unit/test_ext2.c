/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2 written to: random changes against a model on file systems of mke2fs, which e2fsck has no
 * word against afterwards and debugfs reads the same from; stopped at any write, everything that
 * was synced is there after a check, and without one too.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_block.h"
#include "fs_model.h"

static const char *const images[] = { "empty-1k.ext2",	 "empty-2k.ext2",     "empty-4k.ext2",
				      "empty-rev0.ext2", "empty-notype.ext2", "empty-inode256.ext2",
				      "empty-index.ext2", "empty-ext3.ext2" };

static uint8_t *image;
static size_t image_size;

static void load(const char *name)
{
	image = unit_data(name, &image_size);
	if (!image)
		exit(1);
	fake_block_rw("disk0", image, image_size);
	fake_log_clear();
}

static void save(const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(image, 1, image_size, f) != image_size)
		exit(1);
	fclose(f);
}

static char *temp(const char *what)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s-%d", getenv("UNIT_DATA"), what, getpid());
	return path;
}

/* e2fsck with some options on the image. @return its exit code */
static int fsck(const char *options)
{
	char command[9000], *path = temp("fsck");
	int status;

	save(path);
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin; e2fsck %s %s >%s.log 2>&1", options, path, path);
	status = system(command);
	status = status == -1 ? -1 : status >> 8;
	if (!strcmp(options, "-fn") && status) {
		snprintf(command, sizeof(command), "cat %s.log", path);
		status = system(command) ? -1 : status;
	}
	if (strcmp(options, "-fn")) {
		FILE *f = fopen(path, "rb");

		if (!f || fread(image, 1, image_size, f) != image_size)
			exit(1);
		fclose(f);
	}
	unlink(path);
	strcat(path, ".log");
	unlink(path);
	return status;
}

static void mount_rw(void)
{
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", true), 0);
}

static void unmount(void)
{
	CHECK_EQ(vfs_unmount("/"), 0);
	CHECK_EQ(fake_block_users(), 0);
	CHECK_EQ(fake_heap_live(), 0);
}

static void write_file(const char *path, uint64_t off, const void *data, size_t n)
{
	struct vfs_file file;
	int err = vfs_open_flags(path, VFS_WRITE | VFS_CREATE, &file);

	CHECK_EQ(err, 0);
	if (err)
		return;
	CHECK_EQ(vfs_write(&file, off, data, n), n);
	vfs_close(&file);
}

TEST(random_changes)
{
	for (unsigned i = 0; i < sizeof(images) / sizeof(*images); i++) {
		load(images[i]);
		printf("%s\n", images[i]);
		model_clear();
		mount_rw();
		CHECK_EQ(vfs_mkdir("/m"), 0);
		for (unsigned round = 0; round < 6; round++) {
			for (unsigned step = 0; step < 100; step++)
				model_step(round % 2 ? 60000 : 400000);
			model_check();
			if (round % 2)
				CHECK_EQ(vfs_sync("/"), 0);
			if (round == 2) {
				unmount();
				CHECK_EQ(fsck("-fn"), 0);
				mount_rw();
				model_check();
			}
		}
		unmount();
		CHECK_EQ(fsck("-fn"), 0);
		mount_rw();
		model_check();
		unmount();
		free(image);
		if (unit_failed())
			printf("log: %s\n", fake_log_text());
	}
	model_clear();
}

TEST(filled_up)
{
	load("empty-1k.ext2");
	model_clear();
	mount_rw();
	REQUIRE(!vfs_mkdir("/m"));
	for (unsigned step = 0; step < 600; step++)
		model_step(1500000);
	model_check();
	unmount();
	CHECK_EQ(fsck("-fn"), 0);
	mount_rw();
	model_check();
	unmount();
	model_clear();
	free(image);
}

/*
 * A run which is the same up to the moment at which the device is copied to `copy`. @return writes
 * from which on it can be
 */
static uint64_t run_until(uint64_t stop, uint8_t *copy)
{
	uint64_t before;

	mount_rw();
	CHECK_EQ(vfs_mkdir("/m"), 0);
	for (unsigned step = 0; step < 150; step++)
		model_step(80000);
	CHECK_EQ(vfs_sync("/"), 0);
	model_synced();
	fake_block_stop_after(stop, copy);
	before = fake_block_writes();
	for (unsigned step = 0; step < 40; step++) {
		model_step(80000);
		if (step % 15 == 14)
			CHECK_EQ(vfs_sync("/"), 0);
	}
	unmount();
	return fake_block_writes() - before;
}

/* Mounted as it was left, and used on. */
static unsigned use_on(void)
{
	unsigned checked;

	fake_block_rw("disk0", image, image_size);
	fake_log_clear();
	mount_rw();
	checked = model_check_synced();
	write_file("/after", 0, "after", 5);
	CHECK_EQ(vfs_mkdir("/after.d"), 0);
	CHECK_EQ(vfs_unlink("/after"), 0);
	model_check_synced();
	unmount();
	return checked;
}

static bool repair(const char *options)
{
	int status = fsck(options);

	CHECK(status == 0 || status == 1);
	CHECK_EQ(fsck("-fn"), 0);
	mount_rw();
	model_check_synced();
	unmount();
	return status == 1;
}

/* Stop at every n-th write. @param options  of e2fsck on what was left */
static void stop_at_writes(unsigned every, const char *options)
{
	unsigned checked = 0, repaired = 0;
	uint64_t writes = 1;

	for (uint64_t stop = 0; stop < writes && !unit_failed(); stop += every) {
		uint8_t *left;

		load("empty-1k.ext2");
		left = malloc(image_size);
		model_clear();
		unit_random_seed(stop % 7);
		writes = run_until(stop, left);
		if (stop >= writes) {
			free(left);
			free(image);
			break;
		}
		memcpy(image, left, image_size);
		repaired += repair(options);
		/* Without a check, and then with one. */
		memcpy(image, left, image_size);
		checked += use_on();
		repair("-fy");
		free(image);
		free(left);
		if (unit_failed())
			printf("stopped at write %llu\nlog: %s\n", (unsigned long long)stop,
			       fake_log_text());
	}
	printf("%u files compared, %u file systems repaired\n", checked, repaired);
	CHECK(checked > 50 && repaired > 10);
	model_clear();
}

/* By the automatic repair, which asks nobody. */
TEST(stopped_at_any_write)
{
	model_moves(false);
	stop_at_writes(3, "-p");
	model_moves(true);
}

/* About a folder with two names, or a file that another took the name of, e2fsck asks. */
TEST(stopped_while_moving)
{
	stop_at_writes(11, "-fy");
}
