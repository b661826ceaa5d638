/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts, paths and files. vfs_lock (a mutex) guards the list of mounts and their counts of open
 * files, and serialises calls into the file systems.
 */
#include <core/vfs.h>

#include <core/blockdev.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/table.h>
#include <core/thread.h>
#include <libs/errno.h>
#include <libs/string.h>

#define LINKS_MAX 8 /* symbolic links in one path */

TABLE(struct vfs_fs, fs);

static struct mutex vfs_lock = MUTEX_INIT(vfs_lock);
static struct list mounts = LIST_INIT(mounts);

/* --- paths -------------------------------------------------------------------------------- */

/*
 * A path while it is resolved: `done` is normalised and has no symbolic links, `rest` is to come.
 */
struct walk {
	char done[VFS_PATH_MAX];
	char rest[VFS_PATH_MAX];
	unsigned links;
	struct vfs_mount *mount;
	vfs_ino ino;
	struct vfs_stat stat;
};

/* What is behind the mount point's path, if it is a prefix of path in whole components. */
static const char *below(const char *path, const char *mount)
{
	size_t n = strlen(mount);

	if (strncmp(path, mount, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

static struct vfs_mount *find_mount(const char *path)
{
	struct vfs_mount *m, *best = NULL;

	list_for_each_entry(m, &mounts, link)
		if (below(path, m->path) && (!best || strlen(m->path) > strlen(best->path)))
			best = m;
	return best;
}

/* A folder that is only there because a mount point is below it. */
static bool is_above_mount(const char *path)
{
	struct vfs_mount *m;

	list_for_each_entry(m, &mounts, link)
		if (below(m->path, path))
			return true;
	return false;
}

/* The node of w->done, which has no symbolic link but maybe the last component. */
static int find_node(struct walk *w)
{
	const char *s;
	int err = 0;

	w->mount = find_mount(w->done);
	if (w->mount) {
		w->ino = w->mount->fs->root(w->mount);
		for (s = below(w->done, w->mount->path); *s && !err;) {
			size_t n = strcspn(++s, "/");

			err = w->mount->fs->lookup(w->mount, w->ino, s, n, &w->ino);
			s += n;
		}
		if (!err)
			return w->mount->fs->stat(w->mount, w->ino, &w->stat);
	}
	if ((w->mount && err != -ENOENT) || !is_above_mount(w->done))
		return w->mount ? err : -ENOENT;
	w->mount = NULL;
	w->stat = (struct vfs_stat){ .type = VFS_DIR };
	return 0;
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
	int err;

	if (n && w->stat.type != VFS_DIR)
		return -ENOTDIR;
	if (n == 2 && !strncmp(s, "..", 2)) {
		if (len)
			*strrchr(w->done, '/') = '\0';
	} else if (n && !(n == 1 && *s == '.')) {
		if (len + 1 + n >= sizeof(w->done))
			return -ENAMETOOLONG;
		w->done[len] = '/';
		memcpy(w->done + len + 1, s, n);
		w->done[len + 1 + n] = '\0';
	}
	memmove(w->rest, behind, strlen(behind) + 1);
	err = find_node(w);
	if (err)
		return err;
	if (w->stat.type == VFS_LINK && (follow || !last))
		return follow_link(w);
	return 0;
}

/* Resolve a path, under vfs_lock. */
static int resolve(const char *path, bool follow, struct walk *w)
{
	bool folder = *path && path[strlen(path) - 1] == '/';
	int err;

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
		return -ENOENT;
	if (!err && folder && w->stat.type != VFS_DIR)
		return -ENOTDIR;
	return err;
}

/* --- mounts -------------------------------------------------------------------------------- */

int vfs_raw_read(struct vfs_mount *m, uint64_t off, void *buf, size_t n)
{
	uint8_t sector[SECTOR_SIZE], *to = buf;
	int err = 0;

	if (off > m->size || n > m->size - off)
		return -ERANGE;
	if (m->image) {
		memcpy(buf, m->image + off, n);
		return 0;
	}
	while (n && !err) {
		size_t in = off % SECTOR_SIZE, part;

		if (!in && n >= SECTOR_SIZE) {
			part = ALIGN_DOWN(n, SECTOR_SIZE);
			err = blockdev_rw(m->bd, off / SECTOR_SIZE, to, part / SECTOR_SIZE, false);
		} else {
			part = MIN_T(size_t, n, SECTOR_SIZE - in);
			err = blockdev_rw(m->bd, off / SECTOR_SIZE, sector, 1, false);
			memcpy(to, sector + in, part);
		}
		off += part;
		to += part;
		n -= part;
	}
	return err;
}

static int find_fs(struct vfs_mount *m)
{
	table_for_each(struct vfs_fs, fs, fs) {
		int err;

		m->fs = *fs;
		err = m->fs->mount(m);
		if (err != -ENOEXEC)
			return err;
	}
	return -ENOEXEC;
}

/* Put *m, whose image or device is set, at a path. */
static int mount_at(const char *path, const struct vfs_mount *what)
{
	struct vfs_mount *m, *other;
	size_t len = strlen(path);
	int err = -ENOMEM;

	while (len && path[len - 1] == '/')
		len--;
	if (*path != '/' || strstr(path, "//") || strstr(path, "/.") || len >= VFS_PATH_MAX)
		return -EINVAL;
	m = heap_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = *what;
	m->path = heap_zalloc(len + 1);
	if (!m->path)
		goto err_free;
	memcpy(m->path, path, len);
	mutex_lock(&vfs_lock);
	err = 0;
	list_for_each_entry(other, &mounts, link)
		if (!strcmp(other->path, m->path))
			err = -EEXIST;
	if (!err)
		err = find_fs(m);
	if (!err)
		list_add_tail(&mounts, &m->link);
	mutex_unlock(&vfs_lock);
	if (!err)
		return 0;
err_free:
	heap_free(m->path);
	heap_free(m);
	return err;
}

int vfs_mount_image(const char *path, const void *image, uint64_t size)
{
	struct vfs_mount m = { .image = image, .size = size };

	return mount_at(path, &m);
}

int vfs_mount_blockdev(const char *path, const char *blockdev)
{
	char why[BLOCK_WHY_MAX];
	struct vfs_mount m = { .bd = NULL };
	int err = blockdev_open(blockdev, false, &m.bd, why, sizeof(why));

	if (err == -ENOENT)
		return -ENODEV;
	if (err) {
		log_error("Cannot mount %s: %s.", blockdev, why);
		return err;
	}
	m.size = m.bd->sectors * SECTOR_SIZE;
	err = mount_at(path, &m);
	if (err)
		blockdev_close(m.bd);
	return err;
}

int vfs_unmount(const char *path)
{
	struct vfs_mount *m, *found = NULL;
	size_t len = strlen(path);
	int err = 0;

	while (len && path[len - 1] == '/')
		len--;
	mutex_lock(&vfs_lock);
	list_for_each_entry(m, &mounts, link)
		if (strlen(m->path) == len && !strncmp(m->path, path, len))
			found = m;
	if (!found)
		err = -ENOENT;
	else if (found->open_files)
		err = -EBUSY;
	if (!err) {
		list_del(&found->link);
		if (found->fs->unmount)
			found->fs->unmount(found);
	}
	mutex_unlock(&vfs_lock);
	if (err)
		return err;
	if (found->bd)
		blockdev_close(found->bd);
	heap_free(found->path);
	heap_free(found);
	return 0;
}

struct vfs_mount *vfs_mount_next(struct vfs_mount *prev)
{
	struct list *next;

	mutex_lock(&vfs_lock);
	next = prev ? prev->link.next : mounts.next;
	mutex_unlock(&vfs_lock);
	return next == &mounts ? NULL : list_entry(next, struct vfs_mount, link);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Resolve with a struct walk from the heap: it is too large for a stack. */
static int with_path(const char *path, bool follow, int (*fn)(struct walk *w, void *arg), void *arg)
{
	struct walk *w = heap_alloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	mutex_lock(&vfs_lock);
	err = resolve(path, follow, w);
	if (!err)
		err = fn(w, arg);
	mutex_unlock(&vfs_lock);
	heap_free(w);
	return err;
}

static int take_file(struct walk *w, void *arg)
{
	struct vfs_file *file = arg;

	w->mount->open_files++;
	*file = (struct vfs_file){ .mount = w->mount, .ino = w->ino, .stat = w->stat };
	return 0;
}

int vfs_open(const char *path, struct vfs_file *file)
{
	return with_path(path, true, take_file, file);
}

void vfs_close(struct vfs_file *file)
{
	mutex_lock(&vfs_lock);
	file->mount->open_files--;
	mutex_unlock(&vfs_lock);
	file->mount = NULL;
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
	mutex_lock(&vfs_lock);
	got = file->mount->fs->read(file->mount, file->ino, off, buf, n);
	mutex_unlock(&vfs_lock);
	return got;
}

const void *vfs_map(struct vfs_file *file)
{
	if (file->stat.type != VFS_FILE || !file->mount->fs->map)
		return NULL;
	return file->mount->fs->map(file->mount, file->ino);
}

int vfs_load(const char *path, size_t max, void **out, size_t *len)
{
	struct vfs_file file;
	size_t done = 0;
	int64_t n = 1;
	char *buf;
	int err;

	err = vfs_open(path, &file);
	if (err)
		return err;
	buf = NULL;
	err = file.stat.type == VFS_DIR ? -EISDIR : file.stat.type != VFS_FILE ? -EINVAL : 0;
	if (!err && file.stat.size > max)
		err = -EFBIG;
	if (!err && !(buf = heap_alloc((size_t)file.stat.size + 1)))
		err = -ENOMEM;
	while (!err && done < file.stat.size && n) {
		n = vfs_read(&file, done, buf + done, (size_t)file.stat.size - done);
		if (n < 0)
			err = (int)n;
		else
			done += (size_t)n;
	}
	vfs_close(&file);
	if (err) {
		heap_free(buf);
		return err;
	}
	buf[done] = '\0';
	*out = buf;
	*len = done;
	return 0;
}

int vfs_readdir(struct vfs_file *dir, uint64_t *pos, struct vfs_dirent *ent)
{
	int got;

	if (dir->stat.type != VFS_DIR)
		return -ENOTDIR;
	mutex_lock(&vfs_lock);
	got = dir->mount->fs->readdir(dir->mount, dir->ino, pos, ent);
	mutex_unlock(&vfs_lock);
	return got;
}
