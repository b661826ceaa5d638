/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: a table of paths, with contents for files. Files are sparse where nothing was written.
 */
#include "fs_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/vfs.h>
#include <libs/errno.h>

#include "unit.h"

#define NODES 40

struct node {
	char path[VFS_PATH_MAX];
	bool used, folder;
	bool synced; /* not touched since */
	uint8_t *data;
	uint32_t size;
};

static struct node nodes[NODES];
static unsigned serial;
static bool moves = true;

void model_moves(bool on)
{
	moves = on;
}

void model_clear(void)
{
	for (unsigned i = 0; i < NODES; i++)
		free(nodes[i].data);
	memset(nodes, 0, sizeof(nodes));
	serial = 0;
}

/* A random node that is used (or not). @param folder  -1: either */
static struct node *pick(bool used, int folder)
{
	unsigned start = (unsigned)unit_random_below(NODES);

	for (unsigned i = 0; i < NODES; i++) {
		struct node *n = &nodes[(start + i) % NODES];

		if (n->used == used && (!used || folder < 0 || n->folder == folder))
			return n;
	}
	return NULL;
}

static bool is_empty(const struct node *folder)
{
	size_t len = strlen(folder->path);

	for (unsigned i = 0; i < NODES; i++)
		if (nodes[i].used && !strncmp(nodes[i].path, folder->path, len) &&
		    nodes[i].path[len] == '/')
			return false;
	return true;
}

/* A new name in a folder that there is, short or long, with letters that some systems mind. */
static bool new_path(char *path)
{
	static const char *const forms[] = { "file%u", "File %u with a long name.text", "F%u.TXT",
					     "a.b.c%u", "%u \xc3\xa4\xe2\x82\xac name", "x%u" };
	struct node *in = unit_random_below(3) ? pick(true, 1) : NULL;
	int n = snprintf(path, VFS_PATH_MAX, "%s/", in ? in->path : "/m");

	if (n > 150)
		return false;
	snprintf(path + n, VFS_PATH_MAX - (size_t)n, forms[unit_random_below(6)], serial++);
	return true;
}

static void make(bool folder)
{
	struct node *n = pick(false, -1);
	struct vfs_file file;
	int err;

	if (!n || !new_path(n->path))
		return;
	err = folder ? vfs_mkdir(n->path)
		     : vfs_open_flags(n->path, VFS_WRITE | VFS_CREATE, &file);
	CHECK(!err || err == -ENOSPC);
	if (err)
		return;
	if (!folder)
		vfs_close(&file);
	n->used = true;
	n->folder = folder;
	n->synced = false;
	n->data = NULL;
	n->size = 0;
}

static void resize(struct node *n, uint32_t size)
{
	n->data = realloc(n->data, size + 1);
	if (size > n->size)
		memset(n->data + n->size, 0, size - n->size);
	n->size = size;
}

static void change(uint32_t largest)
{
	uint32_t off = (uint32_t)unit_random_below(largest), len;
	uint8_t bytes[20000], first = (uint8_t)unit_random();
	struct node *n = pick(true, 0);
	struct vfs_file file;
	int64_t done;

	if (!n)
		return;
	off = unit_random_below(2) ? MIN(off, n->size) : off;
	len = 1 + (uint32_t)unit_random_below(MIN_T(uint32_t, sizeof(bytes), largest - off));
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(first + i * 7 + i / 251);
	n->synced = false;
	if (vfs_open_flags(n->path, VFS_WRITE, &file)) {
		unit_fail(__FILE__, __LINE__, "%s cannot be opened", n->path);
		return;
	}
	CHECK_EQ(file.stat.size, n->size);
	done = vfs_write(&file, off, bytes, len);
	CHECK(done == len || done == -ENOSPC || (done > 0 && done < len));
	if (done > 0) {
		resize(n, MAX(n->size, off + (uint32_t)done));
		memcpy(n->data + off, bytes, (size_t)done);
	} else if (!vfs_truncate(&file, n->size)) {
		/* zeros may have come in front of what had no space */
		CHECK_EQ(file.stat.size, n->size);
	}
	vfs_close(&file);
}

static void cut(uint32_t largest)
{
	uint32_t size = (uint32_t)unit_random_below(largest);
	struct node *n = pick(true, 0);
	struct vfs_file file;
	int err;

	if (!n || vfs_open_flags(n->path, VFS_WRITE, &file))
		return;
	size = unit_random_below(3) ? MIN(size, n->size) : size;
	n->synced = false;
	err = vfs_truncate(&file, size);
	CHECK(!err || (err == -ENOSPC && size > n->size));
	if (!err)
		resize(n, size);
	else
		CHECK_EQ(vfs_truncate(&file, n->size), 0);
	vfs_close(&file);
}

static void punch(void)
{
	struct node *n = pick(true, 0);
	struct vfs_file file;
	uint32_t off, len;
	int err;

	if (!n || !n->size || vfs_open_flags(n->path, VFS_WRITE, &file))
		return;
	off = (uint32_t)unit_random_below(n->size);
	len = 1 + (uint32_t)unit_random_below(n->size - off);
	n->synced = false;
	err = vfs_punch(&file, off, len);
	CHECK(!err || err == -ENOTSUP);
	if (!err)
		memset(n->data + off, 0, len);
	vfs_close(&file);
}

static void take_away(void)
{
	struct node *n = pick(true, -1);
	int err;

	if (!n)
		return;
	err = n->folder ? vfs_rmdir(n->path) : vfs_unlink(n->path);
	if (n->folder && !is_empty(n)) {
		CHECK_EQ(err, -ENOTEMPTY);
		return;
	}
	CHECK_EQ(err, 0);
	free(n->data);
	memset(n, 0, sizeof(*n));
}

static void rename_node(void)
{
	struct node *n = pick(true, moves ? -1 : 0), *other = pick(true, -1);
	char path[VFS_PATH_MAX], old[VFS_PATH_MAX];
	bool onto = n && other && n != other && !n->folder && !other->folder &&
		    moves && !unit_random_below(3);
	size_t len;
	int err;

	if (!n || (!onto && !new_path(path)))
		return;
	if (onto)
		strcpy(path, other->path);
	strcpy(old, n->path);
	len = strlen(old);
	err = vfs_rename(old, path);
	if (!strncmp(path, old, len) && path[len] == '/') {
		CHECK_EQ(err, -EINVAL);
		return;
	}
	CHECK(!err || err == -ENOSPC);
	if (err)
		return;
	if (onto) {
		free(other->data);
		memset(other, 0, sizeof(*other));
	}
	for (unsigned i = 0; i < NODES; i++) {
		char behind[VFS_PATH_MAX];

		if (!nodes[i].used || strncmp(nodes[i].path, old, len) ||
		    (nodes[i].path[len] && nodes[i].path[len] != '/'))
			continue;
		strcpy(behind, nodes[i].path + len);
		strcpy(nodes[i].path, path);
		strcat(nodes[i].path, behind);
		nodes[i].synced = false;
	}
}

void model_step(uint32_t largest)
{
	switch (unit_random_below(16)) {
	case 0:
		make(true);
		break;
	case 1:
	case 2:
	case 3:
		make(false);
		break;
	case 4:
	case 5:
		cut(largest);
		break;
	case 6:
		take_away();
		break;
	case 7:
		rename_node();
		break;
	case 8:
		punch();
		break;
	default:
		change(largest);
		break;
	}
}

/* Contents of a file. @return is it as it should be? */
static bool check_file(const struct node *n)
{
	struct vfs_file file;
	uint8_t *got;
	size_t done = 0, len;
	bool same;

	if (vfs_open(n->path, &file)) {
		unit_fail(__FILE__, __LINE__, "%s is not there", n->path);
		return false;
	}
	len = file.stat.size;
	got = malloc(len + 1);
	while (done < len) {
		int64_t part = vfs_read(&file, done, got + done, MIN_T(size_t, len - done, 7001));

		if (part <= 0)
			break;
		done += (size_t)part;
	}
	same = len == n->size && done == len && (!len || !memcmp(got, n->data, len));
	if (!same)
		unit_fail(__FILE__, __LINE__, "%s: %zu of %zu bytes, not %u, or others", n->path,
			  done, len, n->size);
	free(got);
	vfs_close(&file);
	return same;
}

static void check_folder(const char *path)
{
	struct vfs_dirent *ent = malloc(sizeof(*ent));
	char full[2 * VFS_PATH_MAX];
	struct vfs_file dir;
	uint64_t pos = 0;
	unsigned there = 0, wanted = 0;
	size_t len = strlen(path);
	int got;

	if (vfs_open(path, &dir)) {
		unit_fail(__FILE__, __LINE__, "%s is not there", path);
		free(ent);
		return;
	}
	while ((got = vfs_readdir(&dir, &pos, ent)) == 1) {
		unsigned i;

		there++;
		snprintf(full, sizeof(full), "%s/%s", path, ent->name);
		for (i = 0; i < NODES && (!nodes[i].used || strcmp(nodes[i].path, full)); i++)
			;
		if (i == NODES)
			unit_fail(__FILE__, __LINE__, "%s should not be there", full);
		else
			CHECK_EQ(ent->type, nodes[i].folder ? VFS_DIR : VFS_FILE);
	}
	CHECK_EQ(got, 0);
	vfs_close(&dir);
	free(ent);
	for (unsigned i = 0; i < NODES; i++)
		wanted += nodes[i].used && !strncmp(nodes[i].path, path, len) &&
			  nodes[i].path[len] == '/' && !strchr(nodes[i].path + len + 1, '/');
	CHECK_EQ(there, wanted);
}

void model_check(void)
{
	check_folder("/m");
	for (unsigned i = 0; i < NODES; i++) {
		if (nodes[i].used && nodes[i].folder)
			check_folder(nodes[i].path);
		else if (nodes[i].used)
			check_file(&nodes[i]);
	}
}

void model_synced(void)
{
	for (unsigned i = 0; i < NODES; i++)
		nodes[i].synced = nodes[i].used;
}

unsigned model_check_synced(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < NODES; i++) {
		const struct node *n = &nodes[i];
		bool moved = false;

		/* Below a folder that was touched it may have either name. */
		for (unsigned j = 0; j < NODES; j++)
			moved = moved || (nodes[j].used && nodes[j].folder && !nodes[j].synced &&
					  !strncmp(n->path, nodes[j].path, strlen(nodes[j].path)));
		if (n->used && n->synced && !n->folder && !moved) {
			check_file(n);
			count++;
		}
	}
	return count;
}
