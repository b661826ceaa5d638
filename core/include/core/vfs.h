/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small virtual file system: mounts, paths, files, and what a kind of file system supplies.
 * Functions here may sleep: thread context only.
 *
 * What was written is on the device after vfs_sync() and its like, and whatever happens before that
 * leaves a file system in which everything that was synced is still there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/dev.h>
#include <core/thread.h>
#include <libs/list.h>
#include <libs/util.h>

#define VFS_PATH_MAX 256

enum vfs_type { VFS_FILE, VFS_DIR, VFS_LINK, VFS_OTHER };

struct vfs_stat {
	enum vfs_type type;
	uint64_t size;	/* bytes */
	uint64_t used;	/* bytes that it takes on the device */
	uint32_t mode;	/* permission bits */
	uint64_t mtime; /* seconds since 1970 */
};

struct vfs_dirent {
	char name[VFS_PATH_MAX];
	enum vfs_type type;
};

/** Space of a file system, in bytes; number of files where it has a limit, else 0. */
struct vfs_space {
	uint64_t size, free;
	uint64_t files, files_free;
};

/** Where bytes of a file are on the device: `len` of them from `at` on. */
struct vfs_extent {
	uint64_t at;  /* byte on the device; VFS_HOLE: nowhere, they are zeros */
	uint64_t len; /* not 0, except at the end of the file */
};
#define VFS_HOLE UINT64_MAX

struct vfs_mount;

/** A node as a file system names it. */
typedef uint64_t vfs_ino;

/** A component of a path; not terminated. */
struct vfs_name {
	const char *s;
	size_t len;
};

/**
 * What a kind of file system supplies; all may return negative errno. Calls for one mount are
 * serialised by the VFS. What is not there cannot be done: -EROFS for writing.
 */
struct vfs_fs {
	const char *name; /* "cpio", "ext2" */
	/**
	 * Does this image look like mine? Then set up m->priv; set m->read_only and say why in the
	 * log where it cannot be written. -ENOEXEC: not mine; others: mine but broken (said in
	 * log).
	 */
	int (*mount)(struct vfs_mount *m);
	/** All is synced, or cannot be. */
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
	/** Size and free space. */
	int (*space)(struct vfs_mount *m, struct vfs_space *space);
	/** Where bytes from `off` on are on the device; -ENOTSUP for files that are not so. */
	int (*extent)(struct vfs_mount *m, vfs_ino ino, uint64_t off, struct vfs_extent *ext);

	/** A new, empty file or folder; the name is not there yet. */
	int (*create)(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name,
		      enum vfs_type type, vfs_ino *out);
	/** Take a name away, and what it names with its last name. Folders: -ENOTEMPTY. */
	int (*remove)(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name);
	/**
	 * Give a node another name. A node that has that name already goes; the VFS has looked that
	 * it is of the same kind. -ENOTEMPTY when that is a folder with something in it.
	 */
	int (*rename)(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name,
		      vfs_ino to_dir, const struct vfs_name *to);
	/** @return bytes written; fewer than n only together with an error of the next call */
	int64_t (*write)(struct vfs_mount *m, vfs_ino ino, uint64_t off, const void *buf, size_t n);
	/** Make it shorter, or longer by zeros. */
	int (*truncate)(struct vfs_mount *m, vfs_ino ino, uint64_t size);
	/** Bytes inside the file become zeros; whole blocks of them are given back. */
	int (*punch)(struct vfs_mount *m, vfs_ino ino, uint64_t off, uint64_t n);
	/** All that was done is on the device. */
	int (*sync)(struct vfs_mount *m);
};

struct vfs_cache;

struct vfs_mount {
	struct list link;
	char *path; /* normalised, absolute; "" is the root */
	const struct vfs_fs *fs;
	const uint8_t *image; /* when it lives in memory */
	uint64_t size; /* bytes of image or device */
	struct blockdev *bd;  /* when it lives on a block device */
	bool read_only;
	bool failed;	      /* metadata could not be written: no more writing */
	uint8_t complaints;   /* about damage, in the log */
	void *priv;
	struct vfs_cache *cache;
	struct mutex lock;    /* calls into the file system, nodes */
	struct list nodes;    /* that are open */
	uint32_t open_files;
	uint32_t users;	      /* files, and calls on their way: vfs_lock */
};

/** A function of struct vfs_fs that changes something; left out without CONFIG_VFS_WRITE. */
#define VFS_WRITER(fn) (IS_ENABLED(CONFIG_VFS_WRITE) ? (fn) : NULL)

#define VFS_FS(ident)                                                                               \
	static const struct vfs_fs vfs_fs_##ident;                                                  \
	SECTION_PTR(".table.fs", struct vfs_fs, vfs_fs_##ident);                                    \
	static const struct vfs_fs vfs_fs_##ident =

struct vfs_node;

struct vfs_file {
	struct vfs_mount *mount;
	struct vfs_node *node;
	vfs_ino ino;
	struct vfs_stat stat; /* when it was opened; the size follows what is written here */
	bool write, keep;
};

/* --- mounts ------------------------------------------------------------------------------ */

/**
 * Mount an image in memory, which stays the caller's and as it is. Which file system it is, is
 * found out. The mount point need not exist in the file system above.
 *
 * @return 0; -EEXIST: something is mounted there; -ENOEXEC: no file system that is known; -ENOTSUP,
 *         -EUCLEAN, -EILSEQ: the log says what is wrong with it; -EINVAL: no absolute path; -ENOMEM
 */
must_check int vfs_mount_image(const char *path, const void *image, uint64_t size);
/**
 * The same for a block device. What cannot be written (the log says why) is mounted read-only.
 *
 * @param write  for writing; false: nothing on the device is changed
 * @return also -ENODEV when there is no device of that name, -EBUSY when others use it
 */
must_check int vfs_mount_blockdev(const char *path, const char *blockdev, bool write);
/**
 * Take a file system away, synced.
 * @return 0; -ENOENT; -EBUSY while files of it are open; -EIO: it is gone, but not all that was
 *         written to it is on the device
 */
must_check int vfs_unmount(const char *path);
/**
 * For file systems: say in the log that something is damaged, a few times.
 * @param checker  the program that mends it, NULL: there is none
 * @return -EUCLEAN
 */
int vfs_damaged(struct vfs_mount *m, const char *checker, const char *what, uint64_t number);
/** Iterate between lock and unlock; not to be held while anything else here is called. */
void vfs_list_lock(void);
void vfs_list_unlock(void);
struct vfs_mount *vfs_mount_next(struct vfs_mount *prev);
/** All that was written to the file system that path is on is on its device. */
must_check int vfs_sync(const char *path);
/** The same for all. @return the first error */
int vfs_sync_all(void);
/** Space of the file system that path is on. -ENOTSUP when it does not tell. */
must_check int vfs_space(const char *path, struct vfs_space *space);
/** Boot: find the initrd of /chosen, gunzip if need be, mount at "/". No initrd is not an error. */
void vfs_mount_initrd(void);

/* --- files ------------------------------------------------------------------------------- */

#define VFS_WRITE    BIT32(0) /* open it for writing; one can at a time: -EBUSY */
#define VFS_CREATE   BIT32(1) /* make it if it is not there */
#define VFS_TRUNCATE BIT32(2) /* make it empty */
#define VFS_KEEP     BIT32(3) /* reading: nobody may open it for writing meanwhile */

/**
 * Open a file or directory for reading. Absolute paths; "." and ".." and symbolic links (at most 8)
 * are followed.
 * @return 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EINVAL (not absolute), -EIO, -EUCLEAN,
 * -ENOMEM
 */
must_check int vfs_open(const char *path, struct vfs_file *file);
/**
 * Open with VFS_... flags.
 * @return also -EROFS, -EBUSY (open for writing already or kept as it is, or to be made empty while
 *         it is open), -EISDIR, -ENOSPC
 */
must_check int vfs_open_flags(const char *path, uint32_t flags, struct vfs_file *file);
void vfs_close(struct vfs_file *file);
/** @return bytes read, 0 at the end, -EISDIR, -EIO, -EUCLEAN */
must_check int64_t vfs_read(struct vfs_file *file, uint64_t off, void *buf, size_t n);
/**
 * Write; behind the end of the file is allowed and leaves zeros between.
 * @return bytes written, maybe fewer than n when space ran out on the way; -EROFS (not opened for
 *         writing), -ENOSPC, -EFBIG, -EIO, -EUCLEAN
 */
must_check int64_t vfs_write(struct vfs_file *file, uint64_t off, const void *buf, size_t n);
must_check int vfs_truncate(struct vfs_file *file, uint64_t size);
/** Bytes inside the file become zeros and give their space back. -ENOTSUP where that cannot be. */
must_check int vfs_punch(struct vfs_file *file, uint64_t off, uint64_t n);
/** What was written to the file system of the file is on its device. */
must_check int vfs_sync_file(struct vfs_file *file);
/** Where bytes of a file are on the device. -ENOTSUP where there is no such thing. */
must_check int vfs_extent(struct vfs_file *file, uint64_t off, struct vfs_extent *ext);
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

/* --- names ------------------------------------------------------------------------------- */

/**
 * Make a folder; the one it is in is there.
 * @return 0, -EEXIST, -EROFS, -ENOSPC, -EINVAL (no name that can be), and as vfs_open()
 */
must_check int vfs_mkdir(const char *path);
/** Remove a file or symbolic link. @return also -EISDIR, -EBUSY (it is open) */
must_check int vfs_unlink(const char *path);
/** Remove an empty folder. @return also -ENOTEMPTY, -EBUSY (something is mounted there) */
must_check int vfs_rmdir(const char *path);
/**
 * Move or rename; what had the new name before is replaced when it is of the same kind.
 * @return also -EXDEV (another file system), -EBUSY (open), -EINVAL (a folder into itself),
 *         -ENOTEMPTY, -EISDIR, -ENOTDIR
 */
must_check int vfs_rename(const char *from, const char *to);
