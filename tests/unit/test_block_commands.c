/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blockdev and vdisk at the shell, over the real block layer: what they print, refuse, complete.
 */
#include "../../core/dt/dt_priv.h"
#include "../../core/shell/shell_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/time.h>
#include <core/vdisk.h>
#include <core/vfs.h>
#include <libfdt.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_guests.h"
#include "part_image.h"
#include "term.h"
#include "unit.h"

/* --- what core supplies ---------------------------------------------------------------------- */

static struct timer *armed;

void timer_init(struct timer *timer, timer_fn fn)
{
	timer->fn = fn;
}

void timer_start(struct timer *timer, uint64_t deadline)
{
	timer->deadline = deadline;
	armed = timer;
}

void completion_init(struct completion *c)
{
	c->done = 0;
}

void completion_done(struct completion *c)
{
	c->done++;
}

bool completion_wait(struct completion *c, uint64_t deadline)
{
	while (!c->done) {
		struct timer *t = armed;

		if (!t)
			abort();
		armed = NULL;
		term_now = MAX(term_now, t->deadline);
		t->fn(t);
	}
	c->done--;
	return true;
}

/* No disk here writes through. */
void work_init(struct work *work, void (*fn)(struct work *))
{
}

void work_queue(struct work *work)
{
	abort();
}

void work_cancel(struct work *work)
{
}

/* Files are in an archive, which cannot be written: copies are made. */
int filedisk_open(const char *path, bool write, struct blockdev **out, char *why, size_t len)
{
	return -EROFS;
}

/* --- world ----------------------------------------------------------------------------------- */

static struct shell *sh;
static void *image;
static size_t heap_before;
static struct vdisk disks[2];
static unsigned changes;

static void note_change(struct vdisk *vd)
{
	changes++;
}

static const struct vdisk_ops ops = { .changed = note_change };

static void begin(void)
{
	static uint64_t blob[64];
	struct guest *guest;
	size_t size;

	heap_before = fake_heap_live();
	fdt_create_empty_tree(blob, sizeof(blob));
	if (dt_init(blob) || !dt_add_node(dt_root(), "guests"))
		abort();
	term_begin(true);
	fake_guests_clear();
	guest = fake_guests_add("db", 1);
	memset(disks, 0, sizeof(disks));
	disks[0].ops = disks[1].ops = &ops;
	sh = shell_create(&term);
	image = unit_data("tree.cpio", &size);
	if (!image || vfs_mount_image("/", image, size) ||
	    vdisk_register(&disks[0], guest, "virtio-blk0") ||
	    vdisk_register(&disks[1], guest, "virtio-blk1"))
		abort();
}

static void end(void)
{
	vdisk_unregister(&disks[0]);
	vdisk_unregister(&disks[1]);
	shell_destroy(sh);
	CHECK_EQ(vfs_unmount("/"), 0);
	free(image);
	term_end();
	dt_forget();
	CHECK(!blockdev_next(NULL));
	CHECK_EQ(fake_heap_live(), heap_before);
}

static void check_run(const char *line, int status, const char *output)
{
	CHECK_STR(term_run(sh, line), output);
	CHECK_EQ(shell_status(sh), status);
}

static void check_complete(const char *line, const char *insert)
{
	char text[256];

	complete_line(line, strlen(line), text, sizeof(text), NULL);
	CHECK_STR(text, insert);
}

/* --- tests ----------------------------------------------------------------------------------- */

TEST(ramdisks)
{
	begin();
	check_run("blockdev list", 0,
		  "NAME  SIZE  MODE  USED FOR  READS  WRITES  ERRORS  KIND\r\n");
	check_run("blockdev ramdisk create 64M", 0, "ramdisk0: 64 MiB\r\n");
	check_run("blockdev ramdisk create 1.5K fast", 0, "fast0: 1536 B\r\n");
	check_run("blockdev list", 0,
		  "NAME        SIZE  MODE  USED FOR  READS  WRITES  ERRORS  KIND\r\n"
		  "ramdisk0  64 MiB  rw    -             1       0       0  RAM disk\r\n"
		  "fast0     1536 B  rw    -             1       0       0  RAM disk\r\n");
	check_run("blockdev info fast0", 0,
		  "kind        RAM disk\r\n"
		  "size        1536 B, 3 sectors of 512 bytes\r\n"
		  "block       512 bytes\r\n"
		  "mode        read and write, discard, write zeroes\r\n"
		  "used for    -\r\n"
		  "requests    1 reads, 0 writes, 0 errors\r\n");
	check_run("blockdev ramdisk create 0", 128 + EINVAL,
		  "blockdev ramdisk create: 0: not a valid value\r\n");
	check_run("blockdev ramdisk create many", 128 + EINVAL,
		  "blockdev ramdisk create: 'many' is no size (64M) and no path of a file\r\n");
	check_run("blockdev ramdisk create 4K a/b", 128 + EINVAL,
		  "blockdev ramdisk create: 'a/b' cannot be a name: letters, digits, - and _ "
		  "can\r\n");
	check_run("blockdev ramdisk create /none", 128 + ENOENT,
		  "blockdev ramdisk create: /none: not found\r\n");
	check_run("blockdev ramdisk create /", 128 + EISDIR,
		  "blockdev ramdisk create: / cannot be a disk: it is no file\r\n");
	check_run("blockdev info sda", 128 + ENOENT,
		  "blockdev info: no block device 'sda'; 'blockdev list' shows them\r\n"
		  "usage: blockdev info <device>\r\n");
	check_run("blockdev ramdisk destroy fast0", 0, "");
	check_run("blockdev ramdisk destroy ramdisk0", 0, "");
	end();
}

TEST(dumps)
{
	static uint8_t data[3 * SECTOR_SIZE];
	struct blockdev *bd;
	unsigned i;

	begin();
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i / 16 + 'A');
	REQUIRE(!ramdisk_create("ramdisk", sizeof(data), data, sizeof(data), &bd));
	check_run("blockdev dump8 ramdisk0 510 4", 0,
		  "000001fe: 60 60                                            ``\r\n"
		  "00000200: 61 61                                            aa\r\n");
	check_run("blockdev dump32 ramdisk0 1K 5", 0,
		  "00000400: 81818181 81818181 81818181 81818181\r\n"
		  "00000410: 82828282\r\n");
	check_run("blockdev dump16 ramdisk0 1532 100", 0, "000005fc: a0a0 a0a0\r\n");
	check_run("blockdev dump16 ramdisk0 1", 128 + EINVAL,
		  "blockdev dump16: 0x1 is no multiple of 2\r\n");
	check_run("blockdev dump8 ramdisk0 1.5K", 128 + ERANGE,
		  "blockdev dump8: ramdisk0 has 1536 bytes\r\n");
	CHECK(strstr(term_run(sh, "blockdev dump8 ramdisk0"), "000001f0: 60 60 60"));
	check_run("blockdev fault ramdisk0 fails from=1 sectors=1 op=read", 0, "");
	check_run("blockdev dump8 ramdisk0 0 600", 128 + EIO,
		  "blockdev dump8: ramdisk0: sectors from 0: input/output error\r\n");
	check_run("blockdev ramdisk destroy ramdisk0", 0, "");
	end();
}

TEST(partitions)
{
	struct blockdev *bd;

	begin();
	pi_begin(512);
	pi_mbr(0, 0, 0x83, 64, 128);
	REQUIRE(!ramdisk_create("ramdisk", sizeof(pi_disk), pi_disk, 512, &bd));
	check_run("blockdev info ramdisk0p1", 0,
		  "kind        partition\r\n"
		  "label       type 0x83\r\n"
		  "disk        ramdisk0, from sector 64\r\n"
		  "size        64 KiB, 128 sectors of 512 bytes\r\n"
		  "block       512 bytes\r\n"
		  "mode        read and write, discard, write zeroes\r\n"
		  "used for    -\r\n"
		  "requests    0 reads, 0 writes, 0 errors\r\n");
	check_run("blockdev rescan ramdisk0p1", 128 + EINVAL,
		  "blockdev rescan: ramdisk0p1 is a partition; the disk is ramdisk0\r\n");
	check_run("blockdev rescan ramdisk0", 0, "ramdisk0p1: 64 KiB, type 0x83\r\n");
	check_run("vdisk attach db/disk0 ramdisk0p1", 0, "");
	check_run("blockdev rescan ramdisk0", 128 + EBUSY,
		  "blockdev rescan: ramdisk0: ramdisk0p1 is in use, so that the partition table "
		  "cannot be read anew.\r\n");
	check_run("blockdev ramdisk destroy ramdisk0", 128 + EBUSY,
		  "blockdev ramdisk destroy: ramdisk0 or a partition of it is in use ('vdisk list' "
		  "and 'vfs mount' show by whom)\r\n");
	check_run("blockdev ramdisk destroy ramdisk0p1", 128 + EINVAL,
		  "blockdev ramdisk destroy: ramdisk0p1 is no RAM disk\r\n");
	check_run("vdisk attach db/disk1 ramdisk0", 128 + EBUSY,
		  "vdisk attach: ramdisk0p1 is in use for writing ('vdisk list' and 'vfs mount' "
		  "show by whom), so that ramdisk0 cannot be written as well\r\n");
	check_run("vdisk detach db/disk0", 0, "");
	pi_mbr(0, 0, 0, 0, 0);
	REQUIRE(!blockdev_rw(bd, 0, pi_disk, 1, true));
	check_run("blockdev rescan ramdisk0", 0, "ramdisk0 has no partitions\r\n");
	check_run("blockdev ramdisk destroy ramdisk0", 0, "");
	end();
}

TEST(disks_of_guests)
{
	struct blockdev *bd;

	begin();
	REQUIRE(!ramdisk_create("ramdisk", 65536, NULL, 0, &bd));
	changes = 0;
	check_run("vdisk list", 0,
		  "NAME            DISK   SIZE  MODE  READS  WRITES  ERRORS  MEDIUM\r\n"
		  "db/virtio-blk0  disk0   0 B  rw        0       0       0  -\r\n"
		  "db/virtio-blk1  disk1   0 B  rw        0       0       0  -\r\n");
	check_run("vdisk attach db/virtio-blk0 ramdisk0", 0, "");
	check_run("vdisk attach db/disk1 /boot/hello", 0, "");
	CHECK_EQ(changes, 2);
	check_run("vdisk list", 0,
		  "NAME            DISK     SIZE  MODE  READS  WRITES  ERRORS  MEDIUM\r\n"
		  "db/virtio-blk0  disk0  64 KiB  rw        0       0       0  ramdisk0\r\n"
		  "db/virtio-blk1  disk1   512 B  rw        0       0       0  /boot/hello\r\n");
	check_run("vdisk info db/disk1", 0,
		  "name        db/virtio-blk1\r\n"
		  "medium      /boot/hello\r\n"
		  "size        512 B, 1 sectors of 512 bytes\r\n"
		  "block       512 bytes\r\n"
		  "mode        read and write\r\n"
		  "requests    0 reads, 0 writes, 0 errors; 0 in flight\r\n");
	check_run("vdisk attach db/disk1 /none", 128 + ENOENT,
		  "vdisk attach: /none: not found\r\n");
	check_run("vdisk attach db/disk2 ramdisk0", 128 + ENOENT,
		  "vdisk attach: no disk 'db/disk2' of a guest; they are called guest/node or "
		  "guest/disk0, ...; 'vdisk list' shows them\r\n"
		  "usage: vdisk attach <disk> <blockdev|file> [ro]\r\n");
	check_run("vdisk detach db/disk1", 0, "");
	check_run("vdisk detach db/disk1", 128 + ENODEV,
		  "vdisk detach: db/virtio-blk1 has nothing in it\r\n");
	check_run("vdisk detach db/disk0", 0, "");
	bd->read_only = true;
	check_run("vdisk attach db/disk0 ramdisk0", 0,
		  "db/virtio-blk0: ramdisk0 can only be read\r\n");
	check_run("vdisk detach db/disk0", 0, "");
	check_run("blockdev ramdisk destroy ramdisk0", 0, "");
	end();
}

TEST(faults)
{
	uint8_t buf[SECTOR_SIZE] = { 1 };
	struct blockdev *bd, *part;
	uint64_t before;

	begin();
	pi_begin(512);
	pi_mbr(0, 0, 0x83, 64, 128);
	REQUIRE(!ramdisk_create("ramdisk", sizeof(pi_disk), pi_disk, 512, &bd));
	part = blockdev_get("ramdisk0p1");
	REQUIRE(part);
	check_run("blockdev fault ramdisk0 fails op=read from=70 sectors=2 count=2", 0, "");
	check_run("blockdev fault ramdisk0 full op=write from=1000", 0, "");
	check_run("blockdev fault ramdisk0p1 slow delay=2s op=flush", 0, "");
	CHECK(strstr(term_run(sh, "blockdev info ramdisk0"),
		     "fault       read of sectors 70 to 71: ends with: input/output error, 2 "
		     "times"));
	CHECK(strstr(term_run(sh, "blockdev info ramdisk0p1"), "flush of sectors 0 to "));
	CHECK_EQ(blockdev_rw(bd, 69, buf, 1, false), 0);
	CHECK_EQ(blockdev_rw(bd, 72, buf, 1, false), 0);
	CHECK_EQ(blockdev_rw(bd, 71, buf, 1, true), 0);
	/* From a partition too, counted from where the disk begins. */
	CHECK_EQ(blockdev_rw(part, 5, buf, 1, false), 0);
	CHECK_EQ(blockdev_rw(part, 6, buf, 1, false), -EIO);
	CHECK_EQ(blockdev_rw(bd, 71, buf, 1, false), -EIO);
	CHECK_EQ(blockdev_rw(bd, 71, buf, 1, false), 0);
	CHECK_EQ(blockdev_rw(bd, 999, buf, 1, true), 0);
	CHECK_EQ(blockdev_rw(bd, 2000, buf, 1, true), -ENOSPC);
	before = term_now;
	CHECK_EQ(blockdev_flush(bd), 0);
	CHECK_EQ(term_now, before);
	CHECK_EQ(blockdev_flush(part), 0);
	CHECK_EQ(term_now, before + 2000000000u);
	check_run("blockdev fault ramdisk0 off", 0, "1 forgotten\r\n");
	CHECK_EQ(blockdev_rw(bd, 2000, buf, 1, true), 0);
	check_run("blockdev fault ramdisk0 slow delay=1h", 128 + EINVAL,
		  "blockdev fault: 'delay=1h' is none of op=all|read|write|flush|discard|zero, "
		  "from=<sector>, sectors=<number>, count=<requests>, delay=<time>\r\n");
	check_run("blockdev fault ramdisk0 slow delay=61s", 128 + EINVAL,
		  "blockdev fault: there have to be sectors, and a delay is at most a minute\r\n");
	check_run("blockdev fault ramdisk0 fails sectors=0", 128 + EINVAL,
		  "blockdev fault: there have to be sectors, and a delay is at most a minute\r\n");
	blockdev_put(part);
	/* Those of the partition go with it. */
	check_run("blockdev ramdisk destroy ramdisk0", 0, "");
	end();
}

TEST(completion)
{
	struct blockdev *a, *b;

	begin();
	pi_begin(512);
	pi_mbr(0, 0, 0x83, 64, 128);
	REQUIRE(!ramdisk_create("ramdisk", sizeof(pi_disk), pi_disk, 512, &a));
	REQUIRE(!ramdisk_create("vd*", 512, NULL, 0, &b));
	check_complete("blockdev info v", "da ");
	check_complete("blockdev info ramdisk0p", "1 ");
	check_complete("blockdev info r", "amdisk0");
	check_complete("vdisk attach d", "b/virtio-blk");
	check_complete("vdisk attach db/disk0 v", "da ");
	check_complete("vdisk attach db/disk0 /boot/hel", "lo ");
	check_complete("blockdev ramdisk destroy v", "da ");
	check_complete("blockdev fault vda fu", "ll ");
	check_complete("blockdev fault vda full op=wr", "ite ");
	CHECK_EQ(blockdev_unregister(a), 0);
	CHECK_EQ(blockdev_unregister(b), 0);
	end();
}
