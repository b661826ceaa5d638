/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small virtual file system: mounts, paths, files. This slice reads only:
 * initrd as cpio or ext2 image, plain or gzip. Thread context; one mutex inside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/dev.h>
#include <libs/list.h>
#include <libs/util.h>

#define VFS_PATH_MAX 256

enum vfs_type { VFS_FILE, VFS_DIR, VFS_LINK, VFS_OTHER };

struct vfs_stat {
	enum vfs_type type;
	uint64_t size;	/* bytes */
	uint32_t mode;	/* permission bits */
	uint64_t mtime; /* seconds since 1970 */
};

struct vfs_dirent {
	char name[VFS_PATH_MAX];
	enum vfs_type type;
};

struct vfs_mount;

/** A node as a file system names it. */
typedef uint64_t vfs_ino;

/** What a file system driver supplies; all may return negative errno. */
struct vfs_fs {
	const char *name; /* "cpio", "ext2" */
	/**
	 * Does this image look like mine? Then set up m->priv. -ENOEXEC: not mine; others: mine
	 * but broken (said in log).
	 */
	int (*mount)(struct vfs_mount *m);
	void (*unmount)(struct vfs_mount *m);
	vfs_ino (*root)(struct vfs_mount *m);
	int (*lookup)(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out);
	int (*stat)(struct vfs_mount *m, vfs_ino ino, struct vfs_stat *st);
	/** @return bytes read (0 at the end) */
	int64_t (*read)(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n);
	/**
	 * Entry at *pos of a directory, 0 the first; advances *pos. "." and ".." are left out. 1
	 * entry, 0 end.
	 */
	int (*readdir)(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent);
	/** Target, NUL-terminated. -ENAMETOOLONG where it does not fit. */
	int (*readlink)(struct vfs_mount *m, vfs_ino ino, char *buf, size_t n);
	/** Whole contents in memory without a copy, or NULL when this file system cannot. */
	const void *(*map)(struct vfs_mount *m, vfs_ino ino);
};

struct vfs_mount {
	struct list link;
	char *path; /* normalised, absolute; "" is the root */
	const struct vfs_fs *fs;
	const uint8_t *image; /* when it lives in memory */
	uint64_t size; /* bytes of image or device */
	struct blockdev *bd;  /* when it lives on a block device */
	void *priv;
	uint32_t open_files;
};

#define VFS_FS(ident)                                                                               \
	static const struct vfs_fs vfs_fs_##ident;                                                  \
	SECTION_PTR(".table.fs", struct vfs_fs, vfs_fs_##ident);                                    \
	static const struct vfs_fs vfs_fs_##ident =

struct vfs_file {
	struct vfs_mount *mount;
	vfs_ino ino;
	struct vfs_stat stat;
};

/**
 * Mount an image in memory, which stays the caller's and as it is. Which file system it is, is
 * found out. The mount point need not exist in the file system above. Thread context.
 *
 * @return 0; -EEXIST: something is mounted there; -ENOEXEC: no file system that is known; -ENOTSUP,
 *         -EUCLEAN, -EILSEQ: the log says what is wrong with it; -EINVAL: no absolute path; -ENOMEM
 */
must_check int vfs_mount_image(const char *path, const void *image, uint64_t size);
/** The same for a block device; -ENODEV when there is none of that name. */
must_check int vfs_mount_blockdev(const char *path, const char *blockdev);
/** @return 0, -ENOENT, -EBUSY while files of it are open */
must_check int vfs_unmount(const char *path);
/** Iterate; only for printing, as a mount may go away meanwhile. */
struct vfs_mount *vfs_mount_next(struct vfs_mount *prev);
/**
 * Open a file or directory. Absolute paths; "." and ".." and symbolic links (at most 8) are
 * followed.
 * @return 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EINVAL (not absolute), -EIO, -EUCLEAN,
 * -ENOMEM
 */
must_check int vfs_open(const char *path, struct vfs_file *file);
void vfs_close(struct vfs_file *file);
/** @return bytes read, 0 at the end, -EISDIR, -EIO, -EUCLEAN */
must_check int64_t vfs_read(struct vfs_file *file, uint64_t off, void *buf, size_t n);
/** Errors as vfs_open(). @param follow  false: of a symbolic link itself */
must_check int vfs_stat_path(const char *path, bool follow, struct vfs_stat *st);
/** Target of a symbolic link. -EINVAL when it is none. */
must_check int vfs_readlink(const char *path, char *buf, size_t n);
/** Contents without a copy, valid while the file is open; NULL when this cannot be. */
const void *vfs_map(struct vfs_file *file);
/** Whole file into a new heap block, NUL-terminated. -EFBIG above max. */
must_check int vfs_load(const char *path, size_t max, void **out, size_t *len);
/** Next entry of an open directory; *pos begins with 0. @return 1 entry, 0 end, negative errno */
must_check int vfs_readdir(struct vfs_file *dir, uint64_t *pos, struct vfs_dirent *ent);
/** Boot: find the initrd of /chosen, gunzip if need be, mount at "/". No initrd is not an error. */
void vfs_mount_initrd(void);

/** For file systems: read from the image or device. @return 0, -ERANGE past its end, -EIO */
must_check int vfs_raw_read(struct vfs_mount *m, uint64_t off, void *buf, size_t n);
