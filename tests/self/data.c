/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device tree, files, log, and the parts of libs that are compiled differently for the machine
 * than for the build host. Data is the tests' own; no locks.
 */
#include "self.h"

#include <limits.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/inflate.h>
#include <libs/printf.h>
#include <libs/string.h>

/* --- device tree ---------------------------------------------------------------------------- */

#define BLOB_SIZE 1024

static const char *dt_fill(struct dt_node *tree)
{
	static const uint32_t cells[] = { 1, 0xfedcba98, 3 };
	struct dt_node *node = dt_add_node(tree, "bus@10"), *leaf = NULL;

	if (node)
		leaf = dt_add_node(node, "leaf");
	REQUIRE(leaf, "a node cannot be added");
	REQUIRE(!dt_add_node(node, "leaf"), "a node can be added twice");
	REQUIRE(!dt_set_string(leaf, "compatible", "self,test") &&
			!dt_set_cells(leaf, "cells", cells, ARRAY_SIZE(cells)) &&
			!dt_set_u64(leaf, "wide", 0x123456789abcdef0) && !dt_set_u32(leaf, "x", 1),
		"a property cannot be set");
	REQUIRE(!dt_set_u32(leaf, "x", 7), "a property cannot be changed");
	dt_get(leaf);
	REQUIRE(dt_del_node(node) == -EBUSY, "a node that is held can be removed");
	dt_put(leaf);
	return NULL;
}

static const char *dt_compare(struct dt_node *tree)
{
	struct dt_node *leaf = dt_find_from(tree, "bus/leaf");
	uint32_t cell = 0;
	uint64_t wide = 0;

	REQUIRE(leaf, "a node is not found without its unit address");
	REQUIRE(dt_compatible(leaf, "self,test"), "a string is another one");
	REQUIRE(!dt_u32(leaf, "cells", 1, &cell) && cell == 0xfedcba98, "a cell has changed");
	REQUIRE(dt_u32(leaf, "cells", 3, &cell) == -ERANGE, "a property has more cells than set");
	REQUIRE(!dt_u64(leaf, "wide", &wide) && wide == 0x123456789abcdef0, "a number has changed");
	REQUIRE(dt_u32_or(leaf, "x", 0) == 7 && dt_u32_or(leaf, "y", 9) == 9,
		"a property has not its last value");
	return NULL;
}

static const char *dt_round(struct dt_node *tree, void *blob)
{
	struct dt_node *copy = NULL;
	const char *wrong = dt_fill(tree);
	int size;

	REQUIRE(!wrong, wrong);
	REQUIRE(dt_flatten(dt_child(tree, "bus"), blob, 64) == -ENOSPC,
		"a tree fits into 64 bytes");
	size = dt_flatten(tree, blob, BLOB_SIZE);
	REQUIRE(size > 0, "a tree cannot be flattened");
	REQUIRE(dt_load(tree, "copy", blob, (size_t)size / 2, NULL) == -EINVAL,
		"half a blob can be loaded");
	REQUIRE(!dt_load(tree, "copy", blob, (size_t)size, &copy), "a blob cannot be loaded");
	wrong = dt_compare(tree);
	return wrong ? wrong : dt_compare(copy);
}

SELFTEST(dt_tree, "dt.tree")
{
	struct self_usage before;
	const char *wrong = "out of memory";
	struct dt_node *tree;
	void *blob;

	self_usage_get(&before);
	tree = dt_new_tree();
	blob = heap_alloc(BLOB_SIZE);
	if (tree && blob)
		wrong = dt_round(tree, blob);
	heap_free(blob);
	if (tree && dt_del_node(tree) && !wrong)
		wrong = "a tree cannot be removed";
	if (!wrong && !self_heap_back(&before))
		wrong = "memory of a tree that is gone is in use";
	return wrong;
}

SELFTEST(dt_host, "dt.host")
{
	struct dt_node *cpus = dt_find("/cpus");
	char path[32];

	REQUIRE(dt_root() && dt_find("/") == dt_root(), "the root is not found");
	REQUIRE(cpus && dt_find_from(dt_root(), "cpus") == cpus, "/cpus is not found");
	dt_path(cpus, path, sizeof(path));
	REQUIRE(!strcmp(path, "/cpus"), "the path of /cpus is another one");
	REQUIRE(!dt_find("/cpus/no-such-node"), "a node is found that does not exist");
	REQUIRE(dt_del_node(dt_root()) == -EINVAL, "the root can be removed");
	return NULL;
}

/* --- files ---------------------------------------------------------------------------------- */

/* A file read whole and in pieces of odd size is the same. */
static const char *read_twice(struct vfs_file *file, const uint8_t *whole, uint64_t len)
{
	uint8_t piece[61];
	uint64_t at = 0;
	int64_t n;

	while ((n = vfs_read(file, at, piece, sizeof(piece))) > 0) {
		REQUIRE((uint64_t)n <= len - at, "a file goes on behind its end");
		REQUIRE(!memcmp(whole + at, piece, (size_t)n), "a file read twice differs");
		at += (uint64_t)n;
		if (at > 16 * KIB) /* of a large one, its beginning */
			at = len - MIN(len - at, sizeof(piece));
	}
	return !n && at == len ? NULL : "a file ends too early";
}

static const char *check_file(const char *path, uint64_t size)
{
	struct vfs_file file;
	const char *wrong;
	size_t len = 0;
	void *whole;

	REQUIRE(!vfs_load(path, MIB, &whole, &len), "a file cannot be loaded");
	wrong = len == size ? NULL : "a file is not as large as its size says";
	if (!wrong && vfs_open(path, &file))
		wrong = "a file cannot be opened";
	if (!wrong) {
		wrong = read_twice(&file, whole, len);
		vfs_close(&file);
	}
	heap_free(whole);
	return wrong;
}

static const char *check_root(struct vfs_file *root, struct vfs_dirent *ent, char *path)
{
	unsigned seen = 0;
	uint64_t pos = 0;
	int more;

	while ((more = vfs_readdir(root, &pos, ent)) == 1 && seen++ < 16) {
		struct vfs_stat st;
		const char *wrong = NULL;

		snprintf(path, VFS_PATH_MAX, "/%s", ent->name);
		REQUIRE(!vfs_stat_path(path, false, &st), "what a folder lists is not found");
		REQUIRE(st.type == ent->type, "a file is of another type than its folder says");
		if (st.type == VFS_FILE && st.size < MIB)
			wrong = check_file(path, st.size);
		REQUIRE(!wrong, wrong);
	}
	return more >= 0 ? NULL : "the root cannot be listed";
}

/* Without an initrd there is nothing to look at but that nothing is found. */
SELFTEST(vfs_files, "vfs.files")
{
	struct { struct vfs_dirent ent; char path[VFS_PATH_MAX]; } *room;
	struct self_usage before;
	struct vfs_file root;
	const char *wrong;
	bool mounted;

	vfs_list_lock();
	mounted = vfs_mount_next(NULL) != NULL;
	vfs_list_unlock();
	self_usage_get(&before);
	REQUIRE(vfs_open("/no-such-file", &root) == -ENOENT, "a file is found that does not exist");
	REQUIRE(vfs_open("relative", &root) == -EINVAL, "a relative path is taken");
	if (!mounted || vfs_open("/", &root))
		return mounted ? "the root cannot be opened" : NULL;
	room = heap_alloc(sizeof(*room));
	wrong = room ? check_root(&root, &room->ent, room->path) : "out of memory";
	heap_free(room);
	vfs_close(&root);
	if (!wrong && !self_heap_back(&before))
		wrong = "memory of closed files is in use";
	return wrong;
}

/* --- log ------------------------------------------------------------------------------------ */

/* Counts how often a text is written, however it is cut into pieces. */
struct finder {
	struct shell_out out;
	const char *text; /* whose first character is in it once */
	size_t at;
	unsigned found;
};

static void find_in(struct shell_out *out, const char *s, size_t n)
{
	struct finder *f = container_of(out, struct finder, out);

	while (n--) {
		char c = *s++;

		f->at = c == f->text[f->at] ? f->at + 1 : c == f->text[0];
		if (f->text[f->at])
			continue;
		f->found++;
		f->at = 0;
	}
}

static unsigned count_in_log(const char *text, enum log_level level)
{
	struct finder f = { .out = { .write = find_in, .at_line_start = true }, .text = text };

	log_show(&f.out, level);
	return f.found;
}

static char log_mark[32];

static void log_from_timer(struct timer *timer)
{
	log_debug("%s from an interrupt", log_mark);
}

SELFTEST(log_ring, "log.ring")
{
	struct timer timer;
	uint64_t end = time_now() + PATIENCE;
	char wide[400];

	snprintf(log_mark, sizeof(log_mark), "#%" PRIu64, time_now());
	timer_init(&timer, log_from_timer);
	timer_start(&timer, time_now() + MSEC);
	log_debug("%s from selftest", log_mark);
	while (count_in_log(log_mark, LOG_DEBUG) < 2 && time_now() < end)
		thread_sleep(MSEC);
	timer_stop(&timer);
	REQUIRE(count_in_log(log_mark, LOG_DEBUG) == 2, "a record is missing");
	REQUIRE(!count_in_log(log_mark, LOG_INFO), "debug records are shown at level info");
	/* Longer than a record can be. */
	memset(wide, '=', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	log_debug("%s%s", log_mark, wide);
	REQUIRE(count_in_log(log_mark, LOG_DEBUG) == 3, "a long record is lost");
	return NULL;
}

/* --- libs ----------------------------------------------------------------------------------- */

SELFTEST(libs_printf, "libs.printf")
{
	static const char expected[] =
		"-9223372036854775808|fedcba9876543210|-42   |00042|+7|  ab|x|%"
		"|65535|0x1f|18446744073709551615|-1|ab   .";
	char buf[160];
	int n = snprintf(buf, sizeof(buf),
			 "%lld|%llx|%-6d|%05d|%+d|%4.2s|%c|%%|%hu|%#x|%zu|%hhd|%-5s.", LLONG_MIN,
			 0xfedcba9876543210ULL, -42, 42, 7, "abc", 'x', (unsigned short)65535, 31,
			 SIZE_MAX, (signed char)-1, "ab");

	REQUIRE(!strcmp(buf, expected), "a text is formatted wrongly");
	REQUIRE(n == (int)strlen(expected), "the length of a text is wrong");
	n = snprintf(buf, 5, "%d", 1234567);
	REQUIRE(n == 7 && !strcmp(buf, "1234"), "a text that is cut off is not terminated");
	return NULL;
}

/* One copy inside a buffer against what single bytes say. */
static bool move_works(unsigned to, unsigned from, unsigned n)
{
	uint8_t buf[128];
	unsigned i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)i;
	memmove(buf + to, buf + from, n);
	for (i = 0; i < sizeof(buf); i++)
		if (buf[i] != (i >= to && i < to + n ? i - to + from : i))
			return false;
	memcpy(buf, buf + 64, n);
	memset(buf + to, 0xa5, n);
	for (i = 0; i < n; i++)
		if (buf[to + i] != 0xa5)
			return false;
	return buf[to + n] != 0xa5 && (!to || buf[to - 1] != 0xa5);
}

SELFTEST(libs_memory, "libs.memory")
{
	unsigned to, from, n;

	for (to = 0; to < 17; to += 2)
		for (from = 0; from < 17; from++)
			for (n = 0; n < 64; n += n < 20 ? 1 : 7)
				REQUIRE(move_works(to, from, n), "a copy inside a buffer is wrong");
	REQUIRE(memcmp("abc\x80", "abc\x01", 4) > 0 && strcmp("ab", "abc") < 0,
		"comparing bytes goes wrong");
	return NULL;
}

#define TEXT_SIZE 1500

static uint8_t text_at(unsigned i)
{
	return (uint8_t)(97 + ((i >> 3) * (i >> 7) + i / 37) % 11);
}

/* What text_at() gives for 0 ... TEXT_SIZE - 1, compressed with codes of its own. */
static const uint8_t text_gz[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x8d, 0xd4, 0xd1, 0x16, 0x82,
	0x30, 0x0c, 0x03, 0xd0, 0x6f, 0x1d, 0x2a, 0xa0, 0xfc, 0xff, 0xbb, 0xdb, 0xa1, 0x17, 0xa1,
	0x20, 0x90, 0x17, 0xcf, 0xb6, 0x34, 0xc9, 0xd6, 0x62, 0x29, 0x37, 0xd0, 0xdd, 0xc1, 0xe3,
	0x0e, 0x9e, 0x19, 0xef, 0xc0, 0x27, 0x30, 0x55, 0xac, 0x2d, 0x73, 0xe1, 0x2b, 0xd0, 0x0f,
	0x33, 0xc6, 0xc0, 0x91, 0x4e, 0x53, 0xba, 0xd2, 0x69, 0x52, 0x0d, 0x74, 0xd4, 0xbb, 0xba,
	0xba, 0x3e, 0x70, 0xca, 0xab, 0xba, 0xd7, 0xbc, 0xd9, 0x1f, 0xcf, 0xbe, 0x5c, 0xae, 0x35,
	0x05, 0xb2, 0xbf, 0x7b, 0x7a, 0x23, 0x97, 0xe0, 0xb7, 0xab, 0x0b, 0x41, 0x39, 0xbc, 0xc7,
	0xe6, 0xf2, 0x95, 0xa4, 0x4e, 0x0e, 0x7a, 0xf2, 0xa1, 0xd2, 0xa1, 0x1f, 0xf2, 0x4b, 0x3d,
	0x5d, 0x39, 0xf9, 0xc9, 0xaf, 0x39, 0x7c, 0x72, 0x1d, 0x7d, 0x1d, 0xfa, 0xad, 0xb7, 0xf3,
	0xa2, 0x9d, 0x69, 0xfd, 0x90, 0x9b, 0xaf, 0x19, 0x59, 0xaf, 0x1b, 0x72, 0x7f, 0x0d, 0x8e,
	0x1c, 0x72, 0x6d, 0xfb, 0xd4, 0x75, 0xf4, 0x97, 0xba, 0x80, 0x7c, 0x46, 0x2f, 0xf7, 0x97,
	0xaf, 0x1c, 0xea, 0xf0, 0xf2, 0xbe, 0xe6, 0x1c, 0xee, 0x57, 0xd0, 0x35, 0xf9, 0xfb, 0xfd,
	0x19, 0xc6, 0xfd, 0xcf, 0xbe, 0x79, 0x1b, 0x7c, 0x13, 0xfc, 0xbc, 0xfb, 0xfa, 0xbc, 0xa1,
	0x5c, 0x9d, 0xc7, 0x3b, 0x9d, 0x9f, 0x97, 0xe2, 0x53, 0x95, 0xc7, 0x3b, 0xe0, 0xc9, 0x81,
	0x4f, 0xef, 0x90, 0x5f, 0x73, 0xeb, 0xc7, 0x7f, 0xfe, 0x9c, 0xc3, 0x3b, 0xe5, 0xf9, 0x0d,
	0x39, 0xbf, 0x3d, 0x9e, 0x3c, 0xf8, 0xfe, 0x4b, 0x72, 0x3e, 0xf3, 0xc2, 0xd7, 0x3c, 0xe9,
	0x9b, 0x1c, 0x5b, 0xbf, 0xc5, 0xf7, 0x0c, 0xc3, 0x1d, 0x8c, 0x07, 0xf8, 0x02, 0xf1, 0xce,
	0xeb, 0xcc, 0xdc, 0x05, 0x00, 0x00,
};

static bool is_text(const uint8_t *out, size_t len)
{
	unsigned i;

	for (i = 0; i < TEXT_SIZE && out[i] == text_at(i); i++)
		;
	return len == TEXT_SIZE && i == TEXT_SIZE;
}

static const char *gunzip_all(uint8_t *out, uint8_t *in)
{
	size_t len = 0, i;

	REQUIRE(!gunzip(text_gz, sizeof(text_gz), out, TEXT_SIZE, &len) && is_text(out, len),
		"a file is not unpacked as it was");
	REQUIRE(gunzip(text_gz, sizeof(text_gz), out, TEXT_SIZE - 1, &len) == -ENOSPC,
		"a file fits into less than its size");
	REQUIRE(gunzip(text_gz, sizeof(text_gz) - 1, out, TEXT_SIZE, &len) == -ENODATA,
		"a file that is cut off is taken");
	for (i = 10; i < sizeof(text_gz); i += 5) {
		memcpy(in, text_gz, sizeof(text_gz));
		in[i] ^= 0x10;
		/* Another repetition of the same text may be named: that is no damage. */
		REQUIRE(gunzip(in, sizeof(text_gz), out, TEXT_SIZE, &len) || is_text(out, len),
			"damage is not found");
	}
	return NULL;
}

SELFTEST(libs_gunzip, "libs.gunzip")
{
	uint8_t *out = heap_alloc(TEXT_SIZE + sizeof(text_gz));
	const char *wrong = out ? gunzip_all(out, out + TEXT_SIZE) : "out of memory";

	heap_free(out);
	return wrong;
}
