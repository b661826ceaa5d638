/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the parts of the VFS: mounts that are held, and paths on their way to a node.
 */
#pragma once

#include <core/vfs.h>

/**
 * A path while it is resolved: `done` is normalised and has no symbolic links, `rest` is to come.
 * While it is at a node of a mount, it holds the mount and its lock.
 */
struct walk {
	char done[VFS_PATH_MAX];
	char rest[VFS_PATH_MAX];
	unsigned links;
	struct vfs_mount *mount; /* NULL: a folder that is only above mount points */
	vfs_ino ino;
	struct vfs_stat stat;
	char name[VFS_PATH_MAX]; /* of walk_parent() */
};

/** The mount that a normalised path is on, held. NULL: none */
struct vfs_mount *mount_get(const char *path);
void mount_hold(struct vfs_mount *m);
void mount_put(struct vfs_mount *m);
/** Is there a mount point at this normalised path or below it? */
bool mount_is_below(const char *path);
/** Sync under the lock of the mount. */
int mount_sync(struct vfs_mount *m);

/**
 * Resolve a path.
 * @return 0: walk_end() is due; errors of vfs_open(), -ENOENT above mount points too
 */
int walk_start(struct walk *w, const char *path, bool follow);
/** Resolve the folder that the last component of a path, w->name, is in. -EINVAL: "/", "." … */
int walk_parent(struct walk *w, const char *path);
/** Give mount and lock back. */
void walk_end(struct walk *w);
/** w->done and w->name as a normalised path, into w->rest. */
const char *walk_full_path(struct walk *w);
