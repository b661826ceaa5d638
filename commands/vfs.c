/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfs: file systems, their files, and what is loaded from them into the device tree and into
 * guests.
 */
#include <core/shell.h>

#include <core/blockdev.h>
#include <core/dt.h>
#include <core/fdt_load.h>
#include <core/guest.h>
#include <core/mem.h>
#include <core/table.h>
#include <core/vfs.h>
#include <libs/date.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "vfs_change.h"

#define CHUNK 512

TABLE(struct vfs_fs, fs);

/* --- mounts -------------------------------------------------------------------------------- */

static int run_mplist(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("DEVICE|FILE SYSTEM|MODE|>SIZE|>OPEN|PATH");
	struct vfs_mount *m = NULL;
	char size[16];

	vfs_list_lock();
	while ((m = vfs_mount_next(m)))
		table_row(t, "%s|%s|%s|%s|%u|%s", m->bd ? m->bd->name : "initrd", m->fs->name,
			  m->read_only ? "ro" : "rw", format_size(size, sizeof(size), m->size),
			  m->open_files, *m->path ? m->path : "/");
	vfs_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

/* One line of df: the mount, by its path, may be gone. @return false: no such mount any more */
static bool add_space(struct table *t, unsigned n)
{
	char path[VFS_PATH_MAX], name[32], kind[16], sizes[3][16] = { "?", "?", "?" };
	struct vfs_space space;
	struct vfs_mount *m;

	vfs_list_lock();
	m = vfs_mount_next(NULL);
	while (m && n--)
		m = vfs_mount_next(m);
	if (m) {
		strlcpy(path, *m->path ? m->path : "/", sizeof(path));
		strlcpy(name, m->bd ? m->bd->name : "initrd", sizeof(name));
		strlcpy(kind, m->fs->name, sizeof(kind));
		format_size(sizes[0], sizeof(sizes[0]), m->size);
	}
	vfs_list_unlock();
	if (!m)
		return false;
	if (!vfs_space(path, &space)) {
		format_size(sizes[0], sizeof(sizes[0]), space.size);
		format_size(sizes[1], sizeof(sizes[1]), space.size - space.free);
		format_size(sizes[2], sizeof(sizes[2]), space.free);
	}
	table_row(t, "%s|%s|%s|%s|%s|%s", name, kind, sizes[0], sizes[1], sizes[2], path);
	return true;
}

static int run_df(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("DEVICE|FILE SYSTEM|>SIZE|>USED|>FREE|PATH");

	for (unsigned n = 0; add_space(t, n); n++)
		;
	table_print(t, shell_output(sh));
	return 0;
}

static int run_fslist(struct shell *sh, int argc, char **argv)
{
	table_for_each(struct vfs_fs, fs, fs)
		sh_printf(sh, "%s\n", (*fs)->name);
	return 0;
}

/* The initrd is no block device here: it is mounted from the start, where scripts want it. */
static bool is_initrd(const char *device, const char *path)
{
	struct vfs_mount *m = NULL;
	bool found = false;

	vfs_list_lock();
	while (!strcmp(device, "initrd") && !strcmp(path, "/") && (m = vfs_mount_next(m)))
		found = found || (!m->bd && !*m->path);
	vfs_list_unlock();
	return found;
}

static int run_mount(struct shell *sh, int argc, char **argv)
{
	bool write = argc < 3 || !strcmp(argv[2], "rw");
	int err;

	if (!argc)
		return run_mplist(sh, argc, argv);
	if (argc < 2)
		return sh_error(sh, -EINVAL, "<path> is missing: where to mount %s", argv[0]);
	if (is_initrd(argv[0], argv[1]))
		return 0;
	err = vfs_mount_blockdev(argv[1], argv[0], write);
	switch (err) {
	case -ENODEV:
		return sh_error(sh, err, "no block device '%s'; 'blockdev list' shows them",
				argv[0]);
	case -EEXIST:
		return sh_error(sh, err, "something is mounted at %s already", argv[1]);
	case -ENOEXEC:
		return sh_error(sh, err,
				"%s has no file system that is known; 'vfs fslist' shows them",
				argv[0]);
	case -EINVAL:
		return sh_error(sh, err, "'%s' is no absolute path", argv[1]);
	case 0:
		return 0;
	}
	return sh_error(sh, err, "%s: %s; 'log show' has more", argv[0], error_text(err));
}

static int run_umount(struct shell *sh, int argc, char **argv)
{
	int err = vfs_unmount(argv[0]);

	if (err == -ENOENT)
		return sh_error(sh, err, "nothing is mounted at %s", argv[0]);
	if (err == -EBUSY)
		return sh_error(sh, err,
				"files of %s are in use (by guests that were made of them)",
				argv[0]);
	if (err)
		return sh_error(sh, err, "%s is unmounted, but what was written last is not all on "
				"the device: %s", argv[0], error_text(err));
	return 0;
}

/* --- looking ------------------------------------------------------------------------------- */

static void mode_text(const struct vfs_stat *st, char *text)
{
	static const char bits[] = "rwxrwxrwx";

	text[0] = st->type == VFS_DIR	 ? 'd'
		  : st->type == VFS_LINK ? 'l'
		  : st->type == VFS_FILE ? '-'
					 : '?';
	for (unsigned i = 0; i < 9; i++)
		text[1 + i] = st->mode & (0400u >> i) ? bits[i] : '-';
	text[10] = '\0';
}

static int date_text(uint64_t seconds, char *buf, size_t size)
{
	struct date d;

	date_from_epoch(seconds, &d);
	return snprintf(buf, size, "%04u-%02u-%02u %02u:%02u", d.year, d.month, d.day, d.hour,
			d.minute);
}

/* Names are what a file says: nothing in them may move the cursor. */
static void clean(char *name)
{
	for (; *name; name++)
		if ((uint8_t)*name < ' ' || *name == 0x7f)
			*name = '?';
}

struct listing {
	struct vfs_file dir;
	struct vfs_dirent ent;
	struct vfs_stat st;
	char path[2 * VFS_PATH_MAX], target[VFS_PATH_MAX];
};

static int list_entry_line(struct shell *sh, struct listing *l, size_t base)
{
	char mode[12], date[20];
	int err;

	strlcpy(l->path + base, l->ent.name, sizeof(l->path) - base);
	err = vfs_stat_path(l->path, false, &l->st);
	*l->target = '\0';
	if (!err && l->st.type == VFS_LINK)
		err = vfs_readlink(l->path, l->target, sizeof(l->target));
	clean(l->ent.name);
	clean(l->target);
	if (err)
		return sh_fail(sh, err, l->ent.name);
	mode_text(&l->st, mode);
	date_text(l->st.mtime, date, sizeof(date));
	sh_printf(sh, "%s %10" PRIu64 " %s %s%s%s\n", mode, l->st.size, date, l->ent.name,
		  *l->target ? " -> " : "", l->target);
	return 0;
}

static int run_ls(struct shell *sh, int argc, char **argv)
{
	const char *path = argc ? argv[0] : "/";
	struct listing *l = heap_zalloc(sizeof(*l));
	size_t base, count = 0;
	uint64_t pos = 0;
	int err, got;

	if (!l)
		return -ENOMEM;
	base = strlcpy(l->path, path, VFS_PATH_MAX);
	err = base < VFS_PATH_MAX ? vfs_open(path, &l->dir) : -ENAMETOOLONG;
	if (err) {
		heap_free(l);
		return sh_fail(sh, err, path);
	}
	if (l->dir.stat.type != VFS_DIR) {
		const char *slash = strrchr(path, '/');

		base = (size_t)(slash - path) + 1;
		strlcpy(l->ent.name, slash + 1, sizeof(l->ent.name));
		err = list_entry_line(sh, l, base);
	} else {
		if (base && l->path[base - 1] != '/')
			l->path[base++] = '/';
		while ((got = vfs_readdir(&l->dir, &pos, &l->ent)) == 1 && !shell_interrupted(sh)) {
			err = list_entry_line(sh, l, base);
			count++;
		}
		if (got < 0)
			err = sh_fail(sh, got, path);
		sh_printf(sh, "total %zu\n", count);
	}
	vfs_close(&l->dir);
	heap_free(l);
	return err;
}

static int run_stat(struct shell *sh, int argc, char **argv)
{
	static const char *const types[] = { "file", "directory", "symbolic link", "special file" };
	char mode[12], date[20], size[16];
	struct vfs_stat st;
	int err = vfs_stat_path(argv[0], false, &st);

	if (err)
		return sh_fail(sh, err, argv[0]);
	mode_text(&st, mode);
	date_text(st.mtime, date, sizeof(date));
	sh_printf(sh, "%s: %s, %" PRIu64 " bytes (%s), mode %s, changed %s\n", argv[0],
		  types[st.type], st.size, format_size(size, sizeof(size), st.size), mode, date);
	return 0;
}

/* Text goes to the terminal as it is, of other bytes only a mark. */
static size_t printable(uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] < ' ' && buf[i] != '\n' && buf[i] != '\t' && buf[i] != '\r')
			return i;
	return n;
}

static int run_cat(struct shell *sh, int argc, char **argv)
{
	struct shell_out *out = shell_output(sh);
	struct vfs_file file;
	uint8_t buf[CHUNK];
	uint64_t off = 0;
	int64_t n;
	int err = vfs_open(argv[0], &file);

	if (err)
		return sh_fail(sh, err, argv[0]);
	while ((n = vfs_read(&file, off, buf, sizeof(buf))) > 0 && !shell_interrupted(sh)) {
		size_t good = printable(buf, (size_t)n);

		out->write(out, (char *)buf, good);
		off += good;
		if (good < (size_t)n) {
			err = sh_error(sh, -EILSEQ,
				       "%s: a byte 0x%02x at offset %" PRIu64 ": this is no text",
				       argv[0], buf[good], off);
			break;
		}
	}
	if (n < 0)
		err = sh_fail(sh, (int)n, argv[0]);
	vfs_close(&file);
	return err;
}

static int run_run(struct shell *sh, int argc, char **argv)
{
	return shell_run_script(sh, argv[0]);
}

/* --- loading --------------------------------------------------------------------------------- */

static int run_fdt_load(struct shell *sh, int argc, char **argv)
{
	struct fdt_overrides overrides = { argv + 3, (unsigned)argc - 3 };

	return fdt_load_file(argv[0], argv[1], argv[2], overrides, shell_errors(sh), NULL);
}

static int run_guest_fdt_load(struct shell *sh, int argc, char **argv)
{
	struct fdt_overrides overrides = { argv + 3, (unsigned)argc - 3 };
	uint64_t vcpus = arg_u64(argv[2]);

	return guest_fdt_load(argv[0], argv[1], vcpus > UINT32_MAX ? UINT32_MAX : (unsigned)vcpus,
			      overrides, shell_errors(sh));
}

/* A part of a file, once: unlike a whole file it is not loaded again when the guest is reset. */
static int load_part(struct shell *sh, struct guest *guest, char **argv, uint64_t off,
		     uint64_t count)
{
	uint64_t gpa = arg_u64(argv[1]), done = 0;
	struct vfs_file file;
	uint8_t buf[CHUNK];
	int64_t n = 1;
	int err = vfs_open(argv[2], &file);

	if (err)
		return sh_fail(sh, err, argv[2]);
	if (off > file.stat.size)
		err = sh_error(sh, -ERANGE, "%s has %" PRIu64 " bytes, less than the offset",
			       argv[2], file.stat.size);
	while (!err && done < count && n > 0) {
		n = vfs_read(&file, off + done, buf,
			     (size_t)MIN_T(uint64_t, sizeof(buf), count - done));
		if (n < 0)
			err = sh_fail(sh, (int)n, argv[2]);
		else if (n && guest_mem_load(guest, gpa + done, buf, (size_t)n))
			err = sh_error(sh, -EFAULT, "guest %s has no memory at 0x%" PRIx64,
				       guest->name, gpa + done);
		else
			done += (uint64_t)n;
	}
	vfs_close(&file);
	return err;
}

static int run_guest_load(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	int err;

	if (!guest)
		return -ENOENT;
	if (argc == 3)
		err = guest_load_file(guest, arg_u64(argv[1]), argv[2], shell_errors(sh));
	else
		err = load_part(sh, guest, argv, arg_size(argv[3]),
				argc > 4 ? arg_size(argv[4]) : UINT64_MAX);
	guest_put(guest);
	return err;
}

static int run_guest_load_list(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	int err;

	if (!guest)
		return -ENOENT;
	err = guest_load_list(guest, argv[1], shell_errors(sh));
	guest_put(guest);
	return err;
}

static int run_host_load(struct shell *sh, int argc, char **argv)
{
	return host_load_file(arg_u64(argv[0]), argv[1], argc > 2 ? arg_size(argv[2]) : 0,
			      argc > 3 ? arg_size(argv[3]) : UINT64_MAX, shell_errors(sh));
}

static int run_host_load_list(struct shell *sh, int argc, char **argv)
{
	return guest_load_list(NULL, argv[0], shell_errors(sh));
}

static const struct command_sub subs[] = {
	{ "mount", "mount a block device; without arguments list what is mounted",
	  ARGS(ARG_OPT(MEDIUM, "blockdev"), ARG_OPT(DIR, "path"), ARG_OPT_OF("mode", "rw|ro")),
	  run_mount },
	{ "unmount", "take a file system away", ARGS(ARG(DIR, "path")), run_umount },
	{ "umount", "the same", ARGS(ARG(DIR, "path")), run_umount },
	{ "mplist", "list what is mounted", NULL, run_mplist },
	{ "fslist", "list kinds of file systems", NULL, run_fslist },
	{ "ls", "list a directory", ARGS(ARG_OPT(FILE, "path")), run_ls },
	{ "cat", "print a text file", ARGS(ARG(FILE, "path")), run_cat },
	{ "stat", "what a path is", ARGS(ARG(FILE, "path")), run_stat },
	{ "df", "space of file systems", NULL, run_df },
	VFS_CHANGE_SUBS
	{ "sha256", "digest of a file", ARGS(ARG(FILE, "path")), run_vfs_sha256 },
	{ "run", "run a script, up to its first error", ARGS(ARG(FILE, "script")), run_run },
	{ "fdt_load", "load a DTB as a node; alias,attribute,type,value changes it",
	  ARGS(ARG(DTPATH, "parent"), ARG(WORD, "name"), ARG(FILE, "file"),
	      ARG_ANY(WORD, "override")),
	  run_fdt_load },
	{ "guest_fdt_load", "load a guest's DTB to /guests and make its vCPUs",
	  ARGS(ARG(WORD, "guest"), ARG(FILE, "file"), ARG(U64, "vcpus"), ARG_ANY(WORD, "override")),
	  run_guest_fdt_load },
	{ "guest_load", "load a file, or a part of it, into a guest",
	  ARGS(ARG(GUEST, "guest"), ARG(U64, "address"), ARG(FILE, "file"), ARG_OPT(SIZE, "offset"),
	      ARG_OPT(SIZE, "bytes")),
	  run_guest_load },
	{ "guest_load_list", "load all of a list, a line each: address path",
	  ARGS(ARG(GUEST, "guest"), ARG(FILE, "list")), run_guest_load_list },
	{ "host_load", "load a file, or a part of it, into free memory of the host",
	  ARGS(ARG(U64, "address"), ARG(FILE, "file"), ARG_OPT(SIZE, "offset"),
	      ARG_OPT(SIZE, "bytes")),
	  run_host_load },
	{ "host_load_list", "load all of a list, a line each: address path",
	  ARGS(ARG(FILE, "list")), run_host_load_list },
	{ .run = NULL },
};

COMMAND(vfs) { "vfs", "files, and loading from them", subs };
