/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfs cp, mv, rm and their like. When a command has ended, what it did is on the device.
 */
#include "vfs_change.h"

#include <core/mem.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/sha256.h>
#include <libs/string.h>

#define CHUNK 65536u

int vfs_fail(struct shell *sh, int err, const char *path)
{
	switch (err) {
	case -EROFS:
		return sh_error(sh, err, "%s: its file system is read-only; 'vfs mount' shows how "
				"it is mounted", path);
	case -EBUSY:
		return sh_error(sh, err, "%s is in use: by a guest, or as a mount point", path);
	case -EXDEV:
		return sh_error(sh, err, "%s is on another file system; copy it", path);
	case -EUCLEAN:
		return sh_error(sh, err, "%s: the file system is damaged there; 'log show' has "
				"more", path);
	case -EINTR:
		return err;
	}
	return sh_fail(sh, err, path);
}

/* Whatever was done goes to the device; the first error counts. */
static int finish(struct shell *sh, int err, const char *path)
{
	int synced = vfs_sync_all();

	return err || !synced ? err : vfs_fail(sh, synced, path);
}

/* --- copying --------------------------------------------------------------------------------- */

struct copy {
	struct shell *sh;
	struct vfs_file from, to;
	uint8_t *chunk;
};

static bool all_zero(const uint8_t *p, size_t n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

static int write_all(struct vfs_file *to, uint64_t at, const uint8_t *p, size_t n)
{
	while (n) {
		int64_t done = vfs_write(to, at, p, n);

		if (done <= 0)
			return done ? (int)done : -EIO;
		at += (uint64_t)done;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Zeros are left out: where the file system can, they take no space. */
static int copy_contents(struct copy *c)
{
	uint64_t at = 0;
	int64_t n;
	int err = 0;

	while (!err && (n = vfs_read(&c->from, at, c->chunk, CHUNK))) {
		if (n < 0)
			return (int)n;
		if (shell_interrupted(c->sh))
			return -EINTR;
		if (!all_zero(c->chunk, (size_t)n))
			err = write_all(&c->to, at, c->chunk, (size_t)n);
		at += (uint64_t)n;
	}
	return err || c->to.stat.size == at ? err : vfs_truncate(&c->to, at);
}

/* A copy that is not whole is taken away again. */
static int copy_file(struct shell *sh, const char *from, const char *to)
{
	struct copy *c = heap_zalloc(sizeof(*c));
	const char *at = from;
	int err = -ENOMEM;

	if (!c)
		return err;
	c->sh = sh;
	c->chunk = heap_alloc(CHUNK);
	if (c->chunk)
		err = vfs_open(from, &c->from);
	if (!err && c->from.stat.type != VFS_FILE) {
		err = c->from.stat.type == VFS_DIR ? -EISDIR : -EINVAL;
		vfs_close(&c->from);
	}
	if (!err) {
		at = to;
		err = vfs_open_flags(to, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, &c->to);
		if (!err) {
			err = copy_contents(c);
			vfs_close(&c->to);
			if (err && !vfs_unlink(to) && err != -EINTR)
				sh_printf(sh, "%s: not copied\n", to);
		}
		vfs_close(&c->from);
	}
	heap_free(c->chunk);
	heap_free(c);
	return err ? vfs_fail(sh, err, at) : 0;
}

/* Where something goes: into a folder under its own name, or to the path itself. */
static char *target(const char *from, const char *to)
{
	const char *name = strrchr(from, '/');
	struct vfs_stat st;
	char *path = heap_alloc(2 * VFS_PATH_MAX);

	if (!path)
		return NULL;
	strlcpy(path, to, 2 * VFS_PATH_MAX);
	if (!vfs_stat_path(to, true, &st) && st.type == VFS_DIR && name && name[1]) {
		if (path[strlen(path) - 1] == '/')
			path[strlen(path) - 1] = '\0';
		strlcat(path, name, 2 * VFS_PATH_MAX);
	}
	return path;
}

int run_vfs_cp(struct shell *sh, int argc, char **argv)
{
	char *to = target(argv[0], argv[1]);
	int err = to ? copy_file(sh, argv[0], to) : -ENOMEM;

	err = finish(sh, err, argv[1]);
	heap_free(to);
	return err;
}

int run_vfs_mv(struct shell *sh, int argc, char **argv)
{
	char *to = target(argv[0], argv[1]);
	int err = to ? vfs_rename(argv[0], to) : -ENOMEM;

	if (err == -EXDEV) {
		err = copy_file(sh, argv[0], to);
		if (!err)
			err = finish(sh, 0, to);
		if (!err)
			err = vfs_unlink(argv[0]);
		if (err < 0 && err != -EINTR)
			err = vfs_fail(sh, err, argv[0]);
	} else if (err == -EINVAL) {
		err = sh_error(sh, err, "%s cannot become %s", argv[0], to);
	} else if (err) {
		err = vfs_fail(sh, err, argv[0]);
	}
	err = finish(sh, err, argv[1]);
	heap_free(to);
	return err;
}

/* --- names ----------------------------------------------------------------------------------- */

/* The same for each path; goes on after an error, which is the result. */
static int for_each(struct shell *sh, int argc, char **argv, int (*fn)(const char *path))
{
	int err, first = 0;

	for (int i = 0; i < argc && !shell_interrupted(sh); i++) {
		err = fn(argv[i]);
		if (err)
			vfs_fail(sh, err, argv[i]);
		first = first ? first : err;
	}
	return finish(sh, first, argv[0]);
}

int run_vfs_rm(struct shell *sh, int argc, char **argv)
{
	return for_each(sh, argc, argv, vfs_unlink);
}

int run_vfs_mkdir(struct shell *sh, int argc, char **argv)
{
	return for_each(sh, argc, argv, vfs_mkdir);
}

int run_vfs_rmdir(struct shell *sh, int argc, char **argv)
{
	return for_each(sh, argc, argv, vfs_rmdir);
}

int run_vfs_truncate(struct shell *sh, int argc, char **argv)
{
	struct vfs_file file;
	int err = vfs_open_flags(argv[0], VFS_WRITE | VFS_CREATE, &file);

	if (!err) {
		err = vfs_truncate(&file, arg_size(argv[1]));
		vfs_close(&file);
	}
	return finish(sh, err ? vfs_fail(sh, err, argv[0]) : 0, argv[0]);
}

int run_vfs_sync(struct shell *sh, int argc, char **argv)
{
	return finish(sh, 0, "sync");
}

/* --- reading --------------------------------------------------------------------------------- */

static int sum(struct shell *sh, struct vfs_file *file, uint8_t *chunk, struct sha256 *s)
{
	uint64_t at = 0;
	int64_t n;

	sha256_init(s);
	while ((n = vfs_read(file, at, chunk, CHUNK))) {
		if (n < 0)
			return (int)n;
		if (shell_interrupted(sh))
			return -EINTR;
		sha256_update(s, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

int run_vfs_sha256(struct shell *sh, int argc, char **argv)
{
	uint8_t digest[SHA256_SIZE], *chunk;
	struct vfs_file file;
	struct sha256 s;
	int err = vfs_open(argv[0], &file);

	if (err)
		return vfs_fail(sh, err, argv[0]);
	err = file.stat.type == VFS_DIR ? -EISDIR : file.stat.type != VFS_FILE ? -EINVAL : 0;
	chunk = err ? NULL : heap_alloc(CHUNK);
	if (!err)
		err = chunk ? sum(sh, &file, chunk, &s) : -ENOMEM;
	heap_free(chunk);
	vfs_close(&file);
	if (err)
		return vfs_fail(sh, err, argv[0]);
	sha256_final(&s, digest);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		sh_printf(sh, "%02x", digest[i]);
	sh_printf(sh, "  %s\n", argv[0]);
	return 0;
}
