/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts. vfs_lock (a mutex, the innermost) guards their list and how many use each; calls into a
 * file system, and its open nodes, are under the lock of its mount.
 */
#include "vfs_priv.h"

#include <core/blockdev.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/table.h>
#include <libs/errno.h>
#include <libs/string.h>

#define COMPLAINTS 10 /* about one mount */

TABLE(struct vfs_fs, fs);

static struct mutex vfs_lock = MUTEX_INIT(vfs_lock);
static struct list mounts = LIST_INIT(mounts);

/* --- finding --------------------------------------------------------------------------------- */

/* What is behind the mount point's path, if it is a prefix of path in whole components. */
static const char *below(const char *path, const char *mount)
{
	size_t n = strlen(mount);

	if (strncmp(path, mount, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

void mount_hold(struct vfs_mount *m)
{
	mutex_lock(&vfs_lock);
	m->users++;
	mutex_unlock(&vfs_lock);
}

void mount_put(struct vfs_mount *m)
{
	mutex_lock(&vfs_lock);
	m->users--;
	mutex_unlock(&vfs_lock);
}

struct vfs_mount *mount_get(const char *path)
{
	struct vfs_mount *m, *best = NULL;

	mutex_lock(&vfs_lock);
	list_for_each_entry(m, &mounts, link)
		if (below(path, m->path) && (!best || strlen(m->path) > strlen(best->path)))
			best = m;
	if (best)
		best->users++;
	mutex_unlock(&vfs_lock);
	return best;
}

bool mount_is_below(const char *path)
{
	struct vfs_mount *m;
	bool found = false;

	mutex_lock(&vfs_lock);
	list_for_each_entry(m, &mounts, link)
		found = found || below(m->path, path);
	mutex_unlock(&vfs_lock);
	return found;
}

void vfs_list_lock(void)
{
	mutex_lock(&vfs_lock);
}

void vfs_list_unlock(void)
{
	mutex_unlock(&vfs_lock);
}

struct vfs_mount *vfs_mount_next(struct vfs_mount *prev)
{
	struct list *next = prev ? prev->link.next : mounts.next;

	return next == &mounts ? NULL : list_entry(next, struct vfs_mount, link);
}

/* --- mounting -------------------------------------------------------------------------------- */

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

/* Look for a mount at exactly this path, under vfs_lock. */
static struct vfs_mount *find_at(const char *path, size_t len)
{
	struct vfs_mount *m;

	list_for_each_entry(m, &mounts, link)
		if (strlen(m->path) == len && !strncmp(m->path, path, len))
			return m;
	return NULL;
}

static size_t trimmed(const char *path)
{
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	return len;
}

static int add(struct vfs_mount *m)
{
	int err = 0;

	mutex_lock(&vfs_lock);
	if (find_at(m->path, strlen(m->path)))
		err = -EEXIST;
	else
		list_add_tail(&mounts, &m->link);
	mutex_unlock(&vfs_lock);
	return err;
}

/* Put *m, whose image or device is set, at a path. */
static int mount_at(const char *path, const struct vfs_mount *what)
{
	size_t len = trimmed(path);
	struct vfs_mount *m;
	int err = -ENOMEM;

	if (*path != '/' || strstr(path, "//") || strstr(path, "/.") || len >= VFS_PATH_MAX)
		return -EINVAL;
	m = heap_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = *what;
	list_init(&m->nodes);
	mutex_init(&m->lock);
	m->path = heap_zalloc(len + 1);
	if (!m->path)
		goto err_free;
	memcpy(m->path, path, len);
	mutex_lock(&vfs_lock);
	err = find_at(m->path, len) ? -EEXIST : 0;
	mutex_unlock(&vfs_lock);
	if (!err)
		err = find_fs(m);
	if (err)
		goto err_free;
	if (!m->fs->write)
		m->read_only = true;
	err = add(m);
	if (!err)
		return 0;
	m->fs->unmount(m);
err_free:
	heap_free(m->path);
	heap_free(m);
	return err;
}

int vfs_mount_image(const char *path, const void *image, uint64_t size)
{
	struct vfs_mount m = { .image = image, .size = size, .read_only = true };

	return mount_at(path, &m);
}

int vfs_mount_blockdev(const char *path, const char *blockdev, bool write)
{
	char why[BLOCK_WHY_MAX];
	struct vfs_mount m = { .bd = NULL };
	int err;

	if (write && !IS_ENABLED(CONFIG_VFS_WRITE)) {
		log_warn("%s is mounted read-only: this hypervisor was built without writing "
			 "(VFS_WRITE)", blockdev);
		write = false;
	}
	err = blockdev_open(blockdev, write, &m.bd, why, sizeof(why));
	if (err == -EROFS && write) {
		write = false;
		err = blockdev_open(blockdev, false, &m.bd, why, sizeof(why));
	}
	if (err == -ENOENT)
		return -ENODEV;
	if (err) {
		log_error("Cannot mount %s: %s.", blockdev, why);
		return err;
	}
	m.read_only = !write;
	m.size = m.bd->sectors * SECTOR_SIZE;
	err = mount_at(path, &m);
	if (err)
		blockdev_close(m.bd);
	return err;
}

int vfs_damaged(struct vfs_mount *m, const char *checker, const char *what, uint64_t number)
{
	if (m->complaints < COMPLAINTS) {
		m->complaints++;
		log_warn("%s at '%s/': damaged: %s %llu%s%s%s", m->fs->name, m->path, what,
			 (unsigned long long)number, checker ? "; run " : "",
			 checker ? checker : "", checker ? " on it" : "");
	}
	return -EUCLEAN;
}

int mount_sync(struct vfs_mount *m)
{
	if (!IS_ENABLED(CONFIG_VFS_WRITE) || m->read_only || !m->fs->sync)
		return 0;
	return m->failed ? -EIO : m->fs->sync(m);
}

int vfs_unmount(const char *path)
{
	size_t len = trimmed(path);
	struct vfs_mount *m;
	int err = 0;

	if (*path != '/')
		return -EINVAL;
	mutex_lock(&vfs_lock);
	m = find_at(path, len);
	if (!m)
		err = -ENOENT;
	else if (m->users)
		err = -EBUSY;
	else
		list_del(&m->link);
	mutex_unlock(&vfs_lock);
	if (err)
		return err;
	mutex_lock(&m->lock);
	err = mount_sync(m);
	m->fs->unmount(m);
	mutex_unlock(&m->lock);
	if (m->bd)
		blockdev_close(m->bd);
	heap_free(m->path);
	heap_free(m);
	return err;
}

int vfs_sync_all(void)
{
	struct vfs_mount *m;
	int err, first = 0;
	unsigned i, n = 0;

	/*
	 * By number, as the list may change while one is written; one that moved is synced twice.
	 */
	for (;;) {
		mutex_lock(&vfs_lock);
		m = vfs_mount_next(NULL);
		for (i = 0; m && i < n; i++)
			m = vfs_mount_next(m);
		if (m)
			m->users++;
		mutex_unlock(&vfs_lock);
		if (!m)
			break;
		mutex_lock(&m->lock);
		err = mount_sync(m);
		mutex_unlock(&m->lock);
		mount_put(m);
		first = first ? first : err;
		n++;
	}
	return first;
}
