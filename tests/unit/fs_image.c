/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Images of file systems, and what is done with all kinds of them.
 */
#include "fs_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <core/vfs.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_block.h"
#include "fs_model.h"
#include "unit.h"

uint8_t *fs_image;
size_t fs_image_size;

/* --- images ---------------------------------------------------------------------------------- */

void fs_load(const char *name)
{
	fs_image = unit_data(name, &fs_image_size);
	if (!fs_image)
		exit(1);
	fake_block_rw("disk0", fs_image, fs_image_size);
	fake_log_clear();
}

void fs_unload(void)
{
	free(fs_image);
	fs_image = NULL;
}

int fs_run(const char *command)
{
	char path[4096], line[9000];
	int status;
	FILE *f;

	snprintf(path, sizeof(path), "%s/image-%d", getenv("UNIT_DATA"), getpid());
	f = fopen(path, "wb");
	if (!f || fwrite(fs_image, 1, fs_image_size, f) != fs_image_size)
		exit(1);
	fclose(f);
	snprintf(line, sizeof(line), "PATH=$PATH:/usr/sbin:/sbin; %s %s >%s.log 2>&1", command,
		 path, path);
	status = system(line);
	status = status == -1 ? -1 : status >> 8;
	if (status > 1) {
		snprintf(line, sizeof(line), "cat %s.log", path);
		status = system(line) ? -1 : status;
	}
	f = fopen(path, "rb");
	if (!f || fread(fs_image, 1, fs_image_size, f) != fs_image_size)
		exit(1);
	fclose(f);
	unlink(path);
	strcat(path, ".log");
	unlink(path);
	return status;
}

void fs_check(const struct fs_checker *checker)
{
	int status = fs_run(checker->check);

	CHECK_EQ(status, 0);
	if (status)
		printf("log: %s\n", fake_log_text());
}

void fs_mount(void)
{
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", true), 0);
}

void fs_unmount(void)
{
	CHECK_EQ(vfs_unmount("/"), 0);
	CHECK_EQ(fake_block_users(), 0);
	CHECK_EQ(fake_heap_live(), 0);
}

void fs_write_file(const char *path, uint64_t off, const void *data, size_t n)
{
	struct vfs_file file;
	int err = vfs_open_flags(path, VFS_WRITE | VFS_CREATE, &file);

	CHECK_EQ(err, 0);
	if (err)
		return;
	CHECK_EQ(vfs_write(&file, off, data, n), n);
	vfs_close(&file);
}

/* --- changes --------------------------------------------------------------------------------- */

void fs_random_changes(const char *name, const struct fs_checker *checker)
{
	printf("%s\n", name);
	fs_load(name);
	model_clear();
	fs_mount();
	CHECK_EQ(vfs_mkdir("/m"), 0);
	for (unsigned round = 0; round < 6; round++) {
		for (unsigned step = 0; step < 100; step++)
			model_step(round % 2 ? 60000 : 400000);
		model_check();
		if (round % 2)
			CHECK_EQ(vfs_sync("/"), 0);
		if (round == 2) {
			fs_unmount();
			fs_check(checker);
			fs_mount();
			model_check();
		}
	}
	fs_unmount();
	fs_check(checker);
	fs_mount();
	model_check();
	fs_unmount();
	fs_unload();
	model_clear();
}

void fs_fill_up(const char *name, const struct fs_checker *checker, uint32_t largest)
{
	fs_load(name);
	model_clear();
	fs_mount();
	CHECK_EQ(vfs_mkdir("/m"), 0);
	for (unsigned step = 0; step < 600; step++)
		model_step(largest);
	model_check();
	fs_unmount();
	fs_check(checker);
	fs_mount();
	model_check();
	fs_unmount();
	model_clear();
	fs_unload();
}

/* --- stopped --------------------------------------------------------------------------------- */

static bool forgets;

void fs_forgets(bool on)
{
	forgets = on;
}

/*
 * A run which is the same up to the moment at which the device is copied to `copy`. @return writes
 * from which on it can be
 */
static uint64_t run_until(uint64_t stop, uint8_t *copy)
{
	uint64_t before;

	fs_mount();
	CHECK_EQ(vfs_mkdir("/m"), 0);
	for (unsigned step = 0; step < 150; step++)
		model_step(80000);
	CHECK_EQ(vfs_sync("/"), 0);
	model_synced();
	if (forgets)
		fake_block_forgets();
	fake_block_stop_after(stop, copy);
	before = fake_block_writes();
	for (unsigned step = 0; step < 40; step++) {
		model_step(80000);
		if (step % 15 == 14)
			CHECK_EQ(vfs_sync("/"), 0);
	}
	fs_unmount();
	return fake_block_writes() - before;
}

/* Mounted as it was left, and used on. */
static unsigned use_on(void)
{
	unsigned checked;

	fake_block_rw("disk0", fs_image, fs_image_size);
	fake_log_clear();
	fs_mount();
	checked = model_check_synced();
	fs_write_file("/after", 0, "after", 5);
	CHECK_EQ(vfs_mkdir("/after.d"), 0);
	CHECK_EQ(vfs_unlink("/after"), 0);
	model_check_synced();
	fs_unmount();
	return checked;
}

static bool mend(const struct fs_checker *checker, const char *command)
{
	int status = fs_run(command);

	CHECK(status == 0 || status == 1);
	/* What fsck.vfat makes of a folder with two names it looks at again, up to three times. */
	for (unsigned i = 0; i < 3 && status && command == checker->answer && fs_run(command); i++)
		;
	fs_check(checker);
	fs_mount();
	model_check_synced();
	fs_unmount();
	return status == 1;
}

void fs_stop_at_writes(const char *name, const struct fs_checker *checker, unsigned every,
		       const char *command)
{
	unsigned checked = 0, mended = 0;
	uint64_t writes = 1;

	for (uint64_t stop = 0; stop < writes && !unit_failed(); stop += every) {
		uint8_t *left;

		fs_load(name);
		left = malloc(fs_image_size);
		model_clear();
		unit_random_seed(stop % 7);
		writes = run_until(stop, left);
		if (stop < writes) {
			memcpy(fs_image, left, fs_image_size);
			mended += mend(checker, command);
			/* Without a check, and then with one. */
			memcpy(fs_image, left, fs_image_size);
			checked += use_on();
			mend(checker, checker->answer);
		}
		fs_unload();
		free(left);
		if (unit_failed())
			printf("stopped at write %llu\nlog: %s\n", (unsigned long long)stop,
			       fake_log_text());
	}
	printf("%u files compared, %u file systems mended\n", checked, mended);
	CHECK(checked > 50 && mended > 10);
	model_clear();
}
