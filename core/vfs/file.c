/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files: opened, read, written. A mount has a list of the nodes that are open: one can be open for
 * writing once at a time, and is neither removed nor renamed meanwhile. The lock of the mount
 * guards it all.
 */
#include "vfs_priv.h"

#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "cache.h"

struct vfs_node {
	struct list link; /* mount->nodes */
	vfs_ino ino;
	uint32_t users, keepers;
	bool writer;
};

/* --- paths ----------------------------------------------------------------------------------- */

/* Resolve with a struct walk from the heap: it is too large for a stack. */
static int with_path(const char *path, bool follow, int (*fn)(struct walk *w, void *arg), void *arg)
{
	struct walk *w = heap_alloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	err = walk_start(w, path, follow);
	if (!err) {
		err = fn(w, arg);
		walk_end(w);
	}
	heap_free(w);
	return err;
}

static int take_stat(struct walk *w, void *arg)
{
	*(struct vfs_stat *)arg = w->stat;
	return 0;
}

int vfs_stat_path(const char *path, bool follow, struct vfs_stat *st)
{
	return with_path(path, follow, take_stat, st);
}

struct link_buf {
	char *buf;
	size_t n;
};

static int take_link(struct walk *w, void *arg)
{
	struct link_buf *l = arg;

	if (w->stat.type != VFS_LINK)
		return -EINVAL;
	return w->mount->fs->readlink(w->mount, w->ino, l->buf, l->n);
}

int vfs_readlink(const char *path, char *buf, size_t n)
{
	struct link_buf l = { buf, n };

	return with_path(path, false, take_link, &l);
}

static int take_space(struct walk *w, void *arg)
{
	memset(arg, 0, sizeof(struct vfs_space));
	return w->mount->fs->space ? w->mount->fs->space(w->mount, arg) : -ENOTSUP;
}

int vfs_space(const char *path, struct vfs_space *space)
{
	return with_path(path, true, take_space, space);
}

static int sync_mount(struct walk *w, void *arg)
{
	return mount_sync(w->mount);
}

int vfs_sync(const char *path)
{
	return with_path(path, true, sync_mount, NULL);
}

/* --- opening --------------------------------------------------------------------------------- */

/* May the mount be changed now? What waits to be written is written first when it is much. */
static int begin_change(struct vfs_mount *m)
{
	if (!IS_ENABLED(CONFIG_VFS_WRITE) || m->read_only)
		return -EROFS;
	if (m->failed)
		return -EIO;
	return cache_is_full(m) ? mount_sync(m) : 0;
}

static struct vfs_node *find_open(struct vfs_mount *m, vfs_ino ino)
{
	struct vfs_node *node;

	list_for_each_entry(node, &m->nodes, link)
		if (node->ino == ino)
			return node;
	return NULL;
}

struct opening {
	uint32_t flags;
	struct vfs_file *file;
};

/* The file of a node, under the lock of its mount. */
static int open_node(struct vfs_mount *m, vfs_ino ino, const struct vfs_stat *st,
		     const struct opening *o)
{
	struct vfs_node *node = find_open(m, ino);
	bool write = o->flags & VFS_WRITE, keep = !write && (o->flags & VFS_KEEP);
	int err = write ? begin_change(m) : 0;

	if (err)
		return err;
	if (write && st->type == VFS_DIR)
		return -EISDIR;
	if (write && st->type != VFS_FILE)
		return -EINVAL;
	if (write && node && (node->writer || node->keepers || (o->flags & VFS_TRUNCATE)))
		return -EBUSY;
	if (keep && node && node->writer)
		return -EBUSY;
	*o->file = (struct vfs_file){ .mount = m, .ino = ino, .stat = *st, .write = write,
				      .keep = keep };
	if (write && (o->flags & VFS_TRUNCATE) && st->size) {
		err = m->fs->truncate(m, ino, 0);
		if (err)
			return err;
		o->file->stat.size = 0;
	}
	if (!node) {
		node = heap_zalloc(sizeof(*node));
		if (!node)
			return -ENOMEM;
		node->ino = ino;
		list_add_tail(&m->nodes, &node->link);
	}
	node->users++;
	node->keepers += keep;
	node->writer = node->writer || write;
	o->file->node = node;
	m->open_files++;
	mount_hold(m);
	return 0;
}

static int take_file(struct walk *w, void *arg)
{
	return open_node(w->mount, w->ino, &w->stat, arg);
}

/* The file was not there when it was looked for: make it. */
static int create_file(const char *path, const struct opening *o)
{
	struct walk *w = heap_alloc(sizeof(*w));
	struct vfs_name name;
	int err;

	if (!w)
		return -ENOMEM;
	err = walk_parent(w, path);
	if (err)
		goto out;
	name = (struct vfs_name){ w->name, strlen(w->name) };
	if (w->stat.type != VFS_DIR)
		err = -ENOTDIR;
	if (!err)
		err = begin_change(w->mount);
	if (!err) /* somebody else may have made it, or it is a link to nowhere */
		err = w->mount->fs->lookup(w->mount, w->ino, name.s, name.len, &w->ino);
	if (!err)
		err = -EEXIST;
	if (err == -ENOENT)
		err = w->mount->fs->create(w->mount, w->ino, &name, VFS_FILE, &w->ino);
	if (!err)
		err = w->mount->fs->stat(w->mount, w->ino, &w->stat);
	if (!err)
		err = open_node(w->mount, w->ino, &w->stat, o);
	walk_end(w);
out:
	heap_free(w);
	return err;
}

int vfs_open_flags(const char *path, uint32_t flags, struct vfs_file *file)
{
	struct opening o = { flags, file };
	int err = with_path(path, true, take_file, &o);

	if (err == -ENOENT && (flags & VFS_CREATE))
		err = create_file(path, &o);
	return err;
}

int vfs_open(const char *path, struct vfs_file *file)
{
	return vfs_open_flags(path, 0, file);
}

void vfs_close(struct vfs_file *file)
{
	struct vfs_mount *m = file->mount;

	mutex_lock(&m->lock);
	if (file->write)
		file->node->writer = false;
	file->node->keepers -= file->keep;
	if (!--file->node->users) {
		list_del(&file->node->link);
		heap_free(file->node);
	}
	m->open_files--;
	mutex_unlock(&m->lock);
	mount_put(m);
	file->mount = NULL;
}

/* --- reading and writing --------------------------------------------------------------------- */

int64_t vfs_read(struct vfs_file *file, uint64_t off, void *buf, size_t n)
{
	int64_t got;

	if (file->stat.type == VFS_DIR)
		return -EISDIR;
	if (file->stat.type != VFS_FILE)
		return -EINVAL;
	if (off >= file->stat.size || !n)
		return 0;
	n = (size_t)MIN_T(uint64_t, n, file->stat.size - off);
	mutex_lock(&file->mount->lock);
	got = file->mount->fs->read(file->mount, file->ino, off, buf, n);
	mutex_unlock(&file->mount->lock);
	return got;
}

int64_t vfs_write(struct vfs_file *file, uint64_t off, const void *buf, size_t n)
{
	struct vfs_mount *m = file->mount;
	int64_t done;

	if (!file->write)
		return -EROFS;
	if (!n)
		return 0;
	if (off > INT64_MAX || n > INT64_MAX - off)
		return -EFBIG;
	mutex_lock(&m->lock);
	done = begin_change(m);
	if (!done)
		done = m->fs->write(m, file->ino, off, buf, n);
	mutex_unlock(&m->lock);
	if (done > 0 && off + (uint64_t)done > file->stat.size)
		file->stat.size = off + (uint64_t)done;
	return done;
}

int vfs_truncate(struct vfs_file *file, uint64_t size)
{
	struct vfs_mount *m = file->mount;
	int err;

	if (!file->write)
		return -EROFS;
	if (size > INT64_MAX)
		return -EFBIG;
	mutex_lock(&m->lock);
	err = begin_change(m);
	if (!err)
		err = m->fs->truncate(m, file->ino, size);
	mutex_unlock(&m->lock);
	if (!err)
		file->stat.size = size;
	return err;
}

int vfs_punch(struct vfs_file *file, uint64_t off, uint64_t n)
{
	struct vfs_mount *m = file->mount;
	int err;

	if (!file->write)
		return -EROFS;
	if (!m->fs->punch)
		return -ENOTSUP;
	if (off >= file->stat.size)
		return 0;
	n = MIN_T(uint64_t, n, file->stat.size - off);
	mutex_lock(&m->lock);
	err = begin_change(m);
	if (!err && n)
		err = m->fs->punch(m, file->ino, off, n);
	mutex_unlock(&m->lock);
	return err;
}

int vfs_sync_file(struct vfs_file *file)
{
	int err;

	mutex_lock(&file->mount->lock);
	err = mount_sync(file->mount);
	mutex_unlock(&file->mount->lock);
	return err;
}

int vfs_extent(struct vfs_file *file, uint64_t off, struct vfs_extent *ext)
{
	struct vfs_mount *m = file->mount;
	int err;

	if (!m->fs->extent || !m->bd)
		return -ENOTSUP;
	mutex_lock(&m->lock);
	err = m->fs->extent(m, file->ino, off, ext);
	mutex_unlock(&m->lock);
	return err;
}

const void *vfs_map(struct vfs_file *file)
{
	if (file->stat.type != VFS_FILE || !file->mount->fs->map)
		return NULL;
	return file->mount->fs->map(file->mount, file->ino);
}

static int load(struct vfs_file *file, size_t max, char **out, size_t *len)
{
	size_t size = (size_t)file->stat.size, done = 0;
	char *buf;

	if (file->stat.type != VFS_FILE)
		return file->stat.type == VFS_DIR ? -EISDIR : -EINVAL;
	if (file->stat.size > max)
		return -EFBIG;
	buf = heap_alloc(size + 1);
	if (!buf)
		return -ENOMEM;
	while (done < size) {
		int64_t n = vfs_read(file, done, buf + done, size - done);

		if (n < 0) {
			heap_free(buf);
			return (int)n;
		}
		if (!n)
			break;
		done += (size_t)n;
	}
	buf[done] = '\0';
	*out = buf;
	*len = done;
	return 0;
}

int vfs_load(const char *path, size_t max, void **out, size_t *len)
{
	struct vfs_file file;
	char *buf = NULL;
	int err = vfs_open(path, &file);

	if (err)
		return err;
	err = load(&file, max, &buf, len);
	vfs_close(&file);
	if (!err)
		*out = buf;
	return err;
}

int vfs_readdir(struct vfs_file *dir, uint64_t *pos, struct vfs_dirent *ent)
{
	int got;

	if (dir->stat.type != VFS_DIR)
		return -ENOTDIR;
	mutex_lock(&dir->mount->lock);
	got = dir->mount->fs->readdir(dir->mount, dir->ino, pos, ent);
	mutex_unlock(&dir->mount->lock);
	return got;
}

/* --- names ----------------------------------------------------------------------------------- */

/* A name that is to be made, changed or removed, in a folder that can be changed. */
static int parent_of(struct walk *w, const char *path, struct vfs_name *name)
{
	const char *full;
	int err = walk_parent(w, path);

	if (err)
		return err;
	*name = (struct vfs_name){ w->name, strlen(w->name) };
	full = walk_full_path(w);
	if (!full)
		err = -ENAMETOOLONG;
	else if (w->stat.type != VFS_DIR)
		err = -ENOTDIR;
	else if (mount_is_below(full))
		err = -EBUSY;
	else
		err = begin_change(w->mount);
	if (err)
		walk_end(w);
	return err;
}

int vfs_mkdir(const char *path)
{
	struct walk *w = heap_alloc(sizeof(*w));
	struct vfs_name name;
	vfs_ino ino;
	int err;

	if (!w)
		return -ENOMEM;
	err = parent_of(w, path, &name);
	if (!err) {
		err = w->mount->fs->lookup(w->mount, w->ino, name.s, name.len, &ino);
		if (!err)
			err = -EEXIST;
		if (err == -ENOENT)
			err = w->mount->fs->create(w->mount, w->ino, &name, VFS_DIR, &ino);
		walk_end(w);
	}
	heap_free(w);
	return err == -EBUSY ? -EEXIST : err;
}

static int remove_node(const char *path, bool folder)
{
	struct walk *w = heap_alloc(sizeof(*w));
	struct vfs_name name;
	struct vfs_stat st;
	vfs_ino ino;
	int err;

	if (!w)
		return -ENOMEM;
	err = parent_of(w, path, &name);
	if (err)
		goto out;
	err = w->mount->fs->lookup(w->mount, w->ino, name.s, name.len, &ino);
	if (!err)
		err = w->mount->fs->stat(w->mount, ino, &st);
	if (!err && folder != (st.type == VFS_DIR))
		err = folder ? -ENOTDIR : -EISDIR;
	if (!err && find_open(w->mount, ino))
		err = -EBUSY;
	if (!err)
		err = w->mount->fs->remove(w->mount, w->ino, &name);
	walk_end(w);
out:
	heap_free(w);
	return err;
}

int vfs_unlink(const char *path)
{
	return remove_node(path, false);
}

int vfs_rmdir(const char *path)
{
	return remove_node(path, true);
}

/* What moves, found before the lock of the mount was given back for the sake of the second path. */
struct moved {
	struct vfs_mount *mount;
	vfs_ino dir;
	char *path; /* normalised */
	char *name; /* in it */
};

/* Can `from` take the name in the folder that w is at? */
static int check_rename(struct walk *w, const struct moved *from, const struct vfs_name *to)
{
	struct vfs_mount *m = w->mount;
	struct vfs_stat st, other;
	size_t n = strlen(from->path);
	vfs_ino ino, replaced;
	int err;

	if (m != from->mount)
		return -EXDEV;
	err = m->fs->lookup(m, from->dir, from->name, strlen(from->name), &ino);
	if (!err)
		err = m->fs->stat(m, ino, &st);
	if (err)
		return err;
	if (st.type == VFS_DIR && !strncmp(w->rest, from->path, n) && w->rest[n] == '/')
		return -EINVAL;
	if (find_open(m, ino))
		return -EBUSY;
	err = m->fs->lookup(m, w->ino, to->s, to->len, &replaced);
	if (err || replaced == ino)
		return err == -ENOENT ? 0 : err;
	err = m->fs->stat(m, replaced, &other);
	if (!err && (st.type == VFS_DIR) != (other.type == VFS_DIR))
		err = other.type == VFS_DIR ? -EISDIR : -ENOTDIR;
	return !err && find_open(m, replaced) ? -EBUSY : err;
}

static int rename_to(struct walk *w, const struct moved *from, const char *path)
{
	struct vfs_name name, old = { from->name, strlen(from->name) };
	int err = parent_of(w, path, &name);

	if (err)
		return err;
	err = check_rename(w, from, &name);
	if (!err)
		err = w->mount->fs->rename(w->mount, from->dir, &old, w->ino, &name);
	walk_end(w);
	return err;
}

int vfs_rename(const char *from, const char *to)
{
	struct walk *w = heap_alloc(sizeof(*w));
	struct moved moved = { .mount = NULL };
	struct vfs_name name;
	int err;

	if (!w)
		return -ENOMEM;
	err = parent_of(w, from, &name);
	if (!err) {
		moved.mount = w->mount;
		moved.dir = w->ino;
		moved.path = heap_strdup(w->rest);
		mount_hold(w->mount);
		walk_end(w);
		moved.name = moved.path ? strrchr(moved.path, '/') + 1 : NULL;
		err = moved.path ? rename_to(w, &moved, to) : -ENOMEM;
		mount_put(moved.mount);
		heap_free(moved.path);
	}
	heap_free(w);
	return err;
}
