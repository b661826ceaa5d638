/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths: from text to a node, across mounts and symbolic links. A walk holds one mount, and its
 * lock, at a time.
 */
#include "vfs_priv.h"

#include <libs/errno.h>
#include <libs/string.h>

#define LINKS_MAX 8 /* symbolic links in one path */

void walk_end(struct walk *w)
{
	if (!w->mount)
		return;
	mutex_unlock(&w->mount->lock);
	mount_put(w->mount);
	w->mount = NULL;
}

/* Go to the mount that w->done is on. @return whether it is the one where the walk was */
static bool change_mount(struct walk *w)
{
	struct vfs_mount *m = mount_get(w->done);

	if (m && m == w->mount) {
		mount_put(m);
		return true;
	}
	walk_end(w);
	if (m)
		mutex_lock(&m->lock);
	w->mount = m;
	return false;
}

/* What was found of w->done, or that it is only above mount points. */
static int found(struct walk *w, int err)
{
	if (w->mount && !err)
		return w->mount->fs->stat(w->mount, w->ino, &w->stat);
	if ((w->mount && err != -ENOENT) || !mount_is_below(w->done))
		return w->mount ? err : -ENOENT;
	walk_end(w);
	w->stat = (struct vfs_stat){ .type = VFS_DIR };
	return 0;
}

/* The node of w->done, which has no symbolic link but maybe the last component. */
static int find_node(struct walk *w)
{
	const char *s;
	int err = 0;

	change_mount(w);
	if (!w->mount)
		return found(w, -ENOENT);
	w->ino = w->mount->fs->root(w->mount);
	for (s = w->done + strlen(w->mount->path); *s && !err;) {
		size_t n = strcspn(++s, "/");

		err = w->mount->fs->lookup(w->mount, w->ino, s, n, &w->ino);
		s += n;
	}
	return found(w, err);
}

/* The same when only one component, which is behind what was found before, was added. */
static int find_next(struct walk *w, const char *name, size_t n)
{
	bool was_node = w->mount;

	if (!change_mount(w) || !was_node)
		return find_node(w);
	return found(w, w->mount->fs->lookup(w->mount, w->ino, name, n, &w->ino));
}

/* The link at w->done: its target goes in front of what is left. */
static int follow_link(struct walk *w)
{
	char target[VFS_PATH_MAX];
	size_t len;
	int err;

	if (w->links++ == LINKS_MAX)
		return -ELOOP;
	err = w->mount->fs->readlink(w->mount, w->ino, target, sizeof(target));
	if (err)
		return err;
	if (!*target)
		return -ENOENT;
	len = strlen(target);
	if (len + 1 + strlen(w->rest) >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + len + 1, w->rest, strlen(w->rest) + 1);
	memcpy(w->rest, target, len);
	w->rest[len] = '/';
	if (*target == '/')
		*w->done = '\0';
	else
		*strrchr(w->done, '/') = '\0';
	return find_node(w);
}

/* One component of w->rest goes to w->done. */
static int step(struct walk *w, bool follow)
{
	const char *s = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(s, "/"), len = strlen(w->done);
	const char *behind = s + n + strspn(s + n, "/");
	bool last = !*behind;
	int err = 0;

	if (n && w->stat.type != VFS_DIR)
		return -ENOTDIR;
	if (n == 2 && !strncmp(s, "..", 2)) {
		if (len)
			*strrchr(w->done, '/') = '\0';
		memmove(w->rest, behind, strlen(behind) + 1);
		err = find_node(w);
	} else if (n && !(n == 1 && *s == '.')) {
		if (len + 1 + n >= sizeof(w->done))
			return -ENAMETOOLONG;
		w->done[len] = '/';
		memcpy(w->done + len + 1, s, n);
		w->done[len + 1 + n] = '\0';
		memmove(w->rest, behind, strlen(behind) + 1);
		err = find_next(w, w->done + len + 1, n);
	} else {
		memmove(w->rest, behind, strlen(behind) + 1);
	}
	if (!err && w->stat.type == VFS_LINK && (follow || !last))
		err = follow_link(w);
	return err;
}

int walk_start(struct walk *w, const char *path, bool follow)
{
	bool folder = *path && path[strlen(path) - 1] == '/';
	int err;

	w->mount = NULL;
	if (*path != '/')
		return -EINVAL;
	if (strlcpy(w->rest, path, sizeof(w->rest)) >= sizeof(w->rest))
		return -ENAMETOOLONG;
	*w->done = '\0';
	w->links = 0;
	err = find_node(w);
	while (!err && w->rest[strspn(w->rest, "/")])
		err = step(w, follow);
	if (!err && !w->mount)
		err = -ENOENT;
	if (!err && folder && w->stat.type != VFS_DIR)
		err = -ENOTDIR;
	if (err)
		walk_end(w);
	return err;
}

int walk_parent(struct walk *w, const char *path)
{
	size_t len = strlen(path), n = 0;
	char name[VFS_PATH_MAX];
	char *parent;
	int err;

	w->mount = NULL;
	if (len >= VFS_PATH_MAX)
		return -ENAMETOOLONG;
	while (len && path[len - 1] == '/')
		len--;
	while (n < len && path[len - n - 1] != '/')
		n++;
	if (*path != '/' || !n)
		return -EINVAL;
	memcpy(name, path + len - n, n);
	name[n] = '\0';
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	parent = w->name; /* which walk_start() does not use */
	memcpy(parent, path, len - n);
	parent[len - n] = '\0';
	err = walk_start(w, parent, true);
	memcpy(w->name, name, n + 1);
	return err;
}

const char *walk_full_path(struct walk *w)
{
	size_t len = strlcpy(w->rest, w->done, sizeof(w->rest));

	if (len + 1 + strlen(w->name) >= sizeof(w->rest))
		return NULL;
	w->rest[len] = '/';
	strlcpy(w->rest + len + 1, w->name, sizeof(w->rest) - len - 1);
	return w->rest;
}
