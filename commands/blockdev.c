/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blockdev: disks, partitions and RAM disks of the host. A device is held while a command works on
 * it.
 */
#include <core/blockdev.h>

#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define DUMP_BYTES (64 * KIB) /* read at once */
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
#define FAULT_KEYS "op=all,read,write,flush,discard,zero|from=|sectors=|count=|delay="

static int gone(struct shell *sh, const char *name)
{
	return sh_error(sh, -ENOENT, "block device %s has gone", name);
}

/* --- looking --------------------------------------------------------------------------------- */

static const char *use_of(const struct blockdev *bd)
{
	return bd->writer ? "writing" : bd->users ? "reading" : "-";
}

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|>SIZE|MODE|USED FOR|>READS|>WRITES|>ERRORS|KIND");
	struct blockdev *bd = NULL;
	char size[16];

	blockdev_list_lock();
	while ((bd = blockdev_next(bd)))
		table_row(t, "%s|%s|%s|%s|%lu|%lu|%lu|%s%s%s", bd->name,
			  format_size(size, sizeof(size), bd->sectors * SECTOR_SIZE),
			  bd->read_only ? "ro" : "rw", use_of(bd), READ_ONCE(bd->reads),
			  READ_ONCE(bd->writes), READ_ONCE(bd->errors),
			  bd->kind ? bd->kind : "disk", bd->label ? ", " : "",
			  bd->label ? bd->label : "");
	blockdev_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

static const char *op_names(uint32_t ops, char *buf, size_t size)
{
	static const char *const names[] = { "read", "write", "flush", "discard", "zero" };

	*buf = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		size_t used = strlen(buf);

		if (ops & BIT32(i))
			snprintf(buf + used, size - used, "%s%s", used ? ", " : "", names[i]);
	}
	return buf;
}

static void print_faults(struct shell *sh, const struct blockdev *bd)
{
	struct block_fault f;
	char ops[48], time[24];

	for (unsigned n = 0; blockdev_fault_get(bd, n, &f); n++) {
		sh_printf(sh, "fault       %s of sectors %" PRIu64 " to %" PRIu64 ": %s %s",
			  op_names(f.ops, ops, sizeof(ops)), f.first, f.first + f.sectors - 1,
			  f.delay ? "later by" : "ends with:",
			  f.delay ? format_time_ns(time, sizeof(time), f.delay) :
				    error_text(f.status));
		if (f.count)
			sh_printf(sh, ", %lu times", f.count);
		sh_printf(sh, "\n");
	}
}

static int run_info(struct shell *sh, int argc, char **argv)
{
	struct blockdev *bd = blockdev_get(argv[0]);
	char size[16];

	if (!bd)
		return gone(sh, argv[0]);
	sh_printf(sh, "kind        %s\n", bd->kind ? bd->kind : "disk");
	if (bd->label)
		sh_printf(sh, "label       %s\n", bd->label);
	if (bd->parent)
		sh_printf(sh, "disk        %s, from sector %" PRIu64 "\n", bd->parent->name,
			  bd->start);
	sh_printf(sh, "size        %s, %" PRIu64 " sectors of %u bytes\n",
		  format_size(size, sizeof(size), bd->sectors * SECTOR_SIZE), bd->sectors,
		  SECTOR_SIZE);
	sh_printf(sh, "block       %u bytes\n", bd->block_size);
	sh_printf(sh, "mode        %s%s%s\n", bd->read_only ? "read only" : "read and write",
		  bd->can_discard ? ", discard" : "", bd->can_zero ? ", write zeroes" : "");
	sh_printf(sh, "used for    %s\n", use_of(bd));
	sh_printf(sh, "requests    %lu reads, %lu writes, %lu errors\n", READ_ONCE(bd->reads),
		  READ_ONCE(bd->writes), READ_ONCE(bd->errors));
	if (IS_ENABLED(CONFIG_BLOCK_FAULT))
		print_faults(sh, bd);
	blockdev_put(bd);
	return 0;
}

/* Lines of 16 bytes from one offset to another, which begin and end in the same piece. */
static int dump_piece(struct shell *sh, uint64_t from, uint64_t to, const uint8_t *buf,
		      unsigned width)
{
	while (from < to && !shell_interrupted(sh)) {
		size_t n = (size_t)MIN_T(uint64_t, to - from, 16 - from % 16);

		sh_hexdump(sh, from, buf, n, width);
		buf += n;
		from += n;
	}
	return shell_interrupted(sh) ? -EINTR : 0;
}

static int dump_range(struct shell *sh, struct blockdev *bd, uint64_t from, uint64_t to,
		      unsigned width)
{
	uint8_t *buf = heap_alloc(DUMP_BYTES);
	int err = buf ? 0 : -ENOMEM;

	while (!err && from < to) {
		uint64_t sector = from / SECTOR_SIZE, at = sector * SECTOR_SIZE;
		uint64_t piece = MIN_T(uint64_t, DUMP_BYTES, ALIGN_UP(to, SECTOR_SIZE) - at);
		uint64_t end = MIN(at + piece, to);

		err = blockdev_rw(bd, sector, buf, (size_t)(piece / SECTOR_SIZE), false);
		if (err)
			sh_error(sh, err, "%s: sectors from %" PRIu64 ": %s", bd->name, sector,
				 error_text(err));
		else
			err = dump_piece(sh, from, end, buf + (from - at), width);
		from = end;
	}
	heap_free(buf);
	return err;
}

static int dump(struct shell *sh, int argc, char **argv, unsigned width)
{
	uint64_t from = argc > 1 ? arg_size(argv[1]) : 0;
	uint64_t count = argc > 2 ? arg_u64(argv[2]) : SECTOR_SIZE / width;
	struct blockdev *bd;
	uint64_t bytes;
	int err;

	if (from % width)
		return sh_error(sh, -EINVAL, "0x%" PRIx64 " is no multiple of %u", from, width);
	bd = blockdev_get(argv[0]);
	if (!bd)
		return gone(sh, argv[0]);
	bytes = bd->sectors * SECTOR_SIZE;
	if (from >= bytes)
		err = sh_error(sh, -ERANGE, "%s has %" PRIu64 " bytes", bd->name, bytes);
	else
		err = dump_range(sh, bd, from,
				 count > (bytes - from) / width ? bytes : from + count * width,
				 width);
	blockdev_put(bd);
	return err;
}

#define DUMP(bits)                                                                                 \
	static int run_dump##bits(struct shell *sh, int argc, char **argv)                         \
	{                                                                                          \
		return dump(sh, argc, argv, bits / 8);                                             \
	}
DUMP(8)
DUMP(16)
DUMP(32)

/* --- changing -------------------------------------------------------------------------------- */

static int run_rescan(struct shell *sh, int argc, char **argv)
{
	struct blockdev *bd = blockdev_get(argv[0]), *child;
	char size[16];
	int err;

	if (!bd)
		return gone(sh, argv[0]);
	if (bd->parent)
		err = sh_error(sh, -EINVAL, "%s is a partition; the disk is %s", bd->name,
			       bd->parent->name);
	else
		err = blockdev_rescan(bd, shell_errors(sh));
	blockdev_list_lock();
	if (!err && list_empty(&bd->children))
		sh_printf(sh, "%s has no partitions\n", bd->name);
	list_for_each_entry(child, &bd->children, sibling)
		if (!err)
			sh_printf(sh, "%s: %s, %s\n", child->name,
				  format_size(size, sizeof(size), child->sectors * SECTOR_SIZE),
				  child->label);
	blockdev_list_unlock();
	blockdev_put(bd);
	return err;
}

static int run_create(struct shell *sh, int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : "ramdisk";
	char why[BLOCK_WHY_MAX] = "", size[16];
	struct blockdev *bd;
	uint64_t bytes;
	int err;

	if (!*base || base[strspn(base, NAME_CHARS)])
		return sh_error(sh, -EINVAL, "'%s' cannot be a name: letters, digits, - and _ can",
				base);
	if (*argv[0] == '/') {
		err = ramdisk_create_of_file(base, argv[0], &bd, why, sizeof(why));
	} else {
		err = parse_size(argv[0], &bytes);
		if (err)
			return sh_error(sh, err, "'%s' is no size (64M) and no path of a file",
					argv[0]);
		err = ramdisk_create(base, bytes, NULL, 0, &bd);
	}
	if (err && *why)
		return sh_error(sh, err, "%s", why);
	if (err)
		return sh_fail(sh, err, argv[0]);
	sh_printf(sh, "%s: %s\n", bd->name,
		  format_size(size, sizeof(size), bd->sectors * SECTOR_SIZE));
	return 0;
}

static int run_destroy(struct shell *sh, int argc, char **argv)
{
	char why[BLOCK_WHY_MAX];
	int err = ramdisk_destroy(argv[0], why, sizeof(why));

	return err ? sh_error(sh, err, "%s", why) : 0;
}

/* --- faults ---------------------------------------------------------------------------------- */

static int fault_ops(const char *name, uint32_t *ops)
{
	static const struct {
		const char *name;
		uint32_t ops;
	} known[] = {
		{ "all", ~0u },
		{ "read", BIT32(BLOCK_READ) },
		{ "write", BIT32(BLOCK_WRITE) },
		{ "flush", BIT32(BLOCK_FLUSH) },
		{ "discard", BIT32(BLOCK_DISCARD) },
		{ "zero", BIT32(BLOCK_ZERO) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(name, known[i].name)) {
			*ops = known[i].ops & (BIT32(BLOCK_ZERO + 1) - 1);
			return 0;
		}
	}
	return -EINVAL;
}

/* One key=value. */
static int fault_key(const char *word, struct block_fault *f)
{
	const char *value = strchr(word, '=');
	size_t n = value ? (size_t)(value - word) : 0;
	uint64_t v;
	int err;

	if (!value++)
		return -EINVAL;
	if (n == 2 && !strncmp(word, "op", n))
		return fault_ops(value, &f->ops);
	if (n == 5 && !strncmp(word, "delay", n))
		return f->status ? -EINVAL : parse_time_ns(value, &f->delay);
	err = parse_u64(value, &v);
	if (err)
		return err;
	if (n == 4 && !strncmp(word, "from", n))
		f->first = v;
	else if (n == 7 && !strncmp(word, "sectors", n))
		f->sectors = v;
	else if (n == 5 && !strncmp(word, "count", n))
		f->count = (unsigned long)v;
	else
		return -EINVAL;
	return 0;
}

static int set_fault(struct shell *sh, struct blockdev *bd, int argc, char **argv)
{
	struct block_fault f = { .sectors = UINT64_MAX, .ops = BIT32(BLOCK_ZERO + 1) - 1 };
	int err = 0;

	if (!strcmp(argv[0], "off")) {
		sh_printf(sh, "%u forgotten\n", blockdev_fault_clear(bd));
		return 0;
	}
	if (!strcmp(argv[0], "fails"))
		f.status = -EIO;
	else if (!strcmp(argv[0], "full"))
		f.status = -ENOSPC;
	else
		f.delay = 100000000;
	for (int i = 1; i < argc; i++) {
		err = fault_key(argv[i], &f);
		if (err)
			return sh_error(sh, err, "'%s' is none of op=all|read|write|flush|discard|"
					"zero, from=<sector>, sectors=<number>, count=<requests>, "
					"delay=<time>", argv[i]);
	}
	err = blockdev_fault_add(bd, &f);
	if (err == -EINVAL)
		return sh_error(sh, err,
				"there have to be sectors, and a delay is at most a minute");
	return err;
}

static int run_fault(struct shell *sh, int argc, char **argv)
{
	struct blockdev *bd;
	int err;

	if (!IS_ENABLED(CONFIG_BLOCK_FAULT))
		return sh_error(sh, -ENOTSUP, "not built into this hypervisor (BLOCK_FAULT)");
	bd = blockdev_get(argv[0]);
	if (!bd)
		return gone(sh, argv[0]);
	err = set_fault(sh, bd, argc - 1, argv + 1);
	blockdev_put(bd);
	return err;
}

#define DUMP_ARGS ARGS(ARG(BLOCKDEV, "device"), ARG_OPT(SIZE, "offset"), ARG_OPT(U64, "count"))

static const struct command_sub subs[] = {
	{ "list", "list block devices", NULL, run_list },
	{ "info", "what a block device is", ARGS(ARG(BLOCKDEV, "device")), run_info },
	{ "dump8", "print contents as bytes", DUMP_ARGS, run_dump8 },
	{ "dump16", "print contents in 16 bits each", DUMP_ARGS, run_dump16 },
	{ "dump32", "print contents in 32 bits each", DUMP_ARGS, run_dump32 },
	{ "rescan", "look for partitions again", ARGS(ARG(BLOCKDEV, "disk")), run_rescan },
	{ "ramdisk create", "make a RAM disk, empty or with the contents of a file",
	  ARGS(ARG(FILE, "size|file"), ARG_OPT(WORD, "name")), run_create },
	{ "ramdisk destroy", "take a RAM disk away, and its contents",
	  ARGS(ARG(BLOCKDEV, "ramdisk")), run_destroy },
	{ "fault", "let a device fail, be full or slow, to see what guests make of it",
	  ARGS(ARG(BLOCKDEV, "device"), ARG_ONE_OF("fault", "fails|full|slow|off"),
	      { .name = "key=value", .choices = FAULT_KEYS, .type = ARG_KEYS, .optional = true,
		.rest = true }),
	  run_fault },
	{ .run = NULL },
};

COMMAND(blockdev) { "blockdev", "block devices of the host", subs };
