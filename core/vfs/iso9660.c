/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ISO 9660 (ECMA-119), read only: volume descriptors, directories, files in one or more sections.
 * Of the names that a volume has, Rock Ridge's come first, then Joliet's, then its plain ones in
 * small letters. Everything is held against the end of the device before it is read. Serialised by
 * the VFS.
 */
#include "iso9660.h"

#include <core/log.h>
#include <core/mem.h>
#include <libs/date.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <libs/utf8.h>

#define FIRST_DESCRIPTOR 16 /* sector */
#define DESCRIPTORS_MAX	 64
#define SECTIONS_MAX	 4096	   /* of a file; of 4 GiB each, nearly */
#define DIR_MAX		 (64u << 20) /* bytes of a directory */

/* Offsets in a volume descriptor. */
enum {
	VD_TYPE = 0, VD_ID = 1, VD_BLOCKS = 80, VD_ESCAPE = 88, VD_BLOCK_SIZE = 128, VD_ROOT = 156,
	VD_SIZE = 190,
};
enum { VD_PRIMARY = 1, VD_SUPPLEMENTARY = 2, VD_END = 255 };

#define MODE_TYPE 0170000
#define MODE_FILE 0100000
#define MODE_LINK 0120000

int iso_bad(struct vfs_mount *m, const char *what, uint64_t number)
{
	return vfs_damaged(m, NULL, what, number);
}

/* --- records --------------------------------------------------------------------------------- */

int iso_read_record(struct vfs_mount *m, uint64_t at, struct iso_record *r)
{
	int err = meta_read(m, at, r->raw, 1);

	if (err)
		return err == -ERANGE ? iso_bad(m, "record at", at) : err;
	if (r->raw[REC_LEN] < REC_MIN || r->raw[REC_LEN] > ISO_SECTOR - at % ISO_SECTOR)
		return iso_bad(m, "record at", at);
	r->at = at;
	err = meta_read(m, at, r->raw, r->raw[REC_LEN]);
	if (err)
		return err;
	if (!r->raw[REC_NAME_LEN] || REC_NAME + r->raw[REC_NAME_LEN] > r->raw[REC_LEN])
		return iso_bad(m, "name in the record at", at);
	return 0;
}

int iso_place(struct vfs_mount *m, const struct iso_record *r, uint64_t *at)
{
	const struct iso *fs = m->priv;

	*at = ((uint64_t)get_le32(r->raw + REC_EXTENT) + r->raw[REC_ATTR_LEN]) * fs->block_size;
	if (*at + get_le32(r->raw + REC_SIZE) > m->size)
		return iso_bad(m, "extent of the record at", r->at);
	return 0;
}

uint64_t iso_date(const uint8_t *raw)
{
	struct date date = {
		.year = 1900u + raw[0], .month = raw[1], .day = raw[2],
		.hour = raw[3], .minute = raw[4], .second = raw[5],
	};
	int64_t zone = (int8_t)raw[6] * 15 * 60; /* east of Greenwich */
	uint64_t local = raw[0] < 70 ? 0 : date_to_epoch(&date);

	return zone > 0 && local < (uint64_t)zone ? 0 : local - (uint64_t)zone;
}

/* The record behind one, of the same file: at the next sector where this one has no more. */
static int next_section(struct vfs_mount *m, struct iso_record *r)
{
	uint64_t at = r->at + r->raw[REC_LEN];
	uint8_t len = 0;
	int err = at % ISO_SECTOR ? meta_read(m, at, &len, 1) : 0;

	if (err)
		return err;
	return iso_read_record(m, len ? at : ALIGN_UP(at, ISO_SECTOR), r);
}

/* --- directories ----------------------------------------------------------------------------- */

/* A directory while it is gone through. */
struct dir {
	uint64_t at;
	uint32_t size;
};

static int open_dir(struct vfs_mount *m, vfs_ino ino, struct dir *dir)
{
	struct iso_record r;
	int err = iso_read_record(m, ino, &r);

	if (err)
		return err;
	if (!(r.raw[REC_FLAGS] & REC_DIR))
		return -ENOTDIR;
	dir->size = get_le32(r.raw + REC_SIZE);
	if (dir->size > DIR_MAX)
		return iso_bad(m, "size of the directory of the record at", ino);
	return iso_place(m, &r, &dir->at);
}

/* The record at *off or behind it, as it stands there. @return 1; 0: there is no more */
static int next_record(struct vfs_mount *m, const struct dir *dir, uint32_t *off,
		       struct iso_record *r)
{
	while (*off < dir->size) {
		uint8_t len;
		int err = meta_read(m, dir->at + *off, &len, 1);

		if (!err && len)
			err = iso_read_record(m, dir->at + *off, r);
		if (err)
			return err;
		if (len) {
			*off += len;
			return 1;
		}
		*off += ISO_SECTOR - (uint32_t)((dir->at + *off) % ISO_SECTOR);
	}
	return 0;
}

static bool is_dot(const struct iso_record *r)
{
	return r->raw[REC_NAME_LEN] == 1 && r->raw[REC_NAME] <= 1;
}

/* The name without Rock Ridge: without a version, or a dot that nothing is behind. */
static size_t plain_name(struct iso *fs, const struct iso_record *r)
{
	const uint8_t *raw = r->raw + REC_NAME;
	size_t len = r->raw[REC_NAME_LEN], n = 0;
	uint16_t wide[128];

	if (fs->names == ISO_JOLIET) {
		for (n = 0; n < len / 2 && (raw[2 * n] || raw[2 * n + 1] != ';'); n++)
			wide[n] = (uint16_t)(raw[2 * n] << 8 | raw[2 * n + 1]);
		return utf8_from_utf16(fs->name, wide, n);
	}
	for (; n < len && raw[n] != ';'; n++)
		fs->name[n] = (char)(raw[n] >= 'A' && raw[n] <= 'Z' ? raw[n] - 'A' + 'a' : raw[n]);
	return n > 1 && fs->name[n - 1] == '.' ? n - 1 : n;
}

/* @return 1: it has a name, in fs->name; 0: it is not to be seen */
static int name_of(struct vfs_mount *m, const struct iso_record *r, struct iso_rock *rock)
{
	struct iso *fs = m->priv;
	size_t n;
	int err = 0;

	if (is_dot(r) || (r->raw[REC_FLAGS] & REC_ASSOCIATED))
		return 0;
	memset(rock, 0, sizeof(*rock));
	if (fs->names == ISO_ROCK_RIDGE)
		err = iso_rock_read(m, r, rock);
	if (err || rock->relocated)
		return err;
	n = rock->has_name ? rock->name_len : plain_name(fs, r);
	/* A slash would be two components, a NUL an end. */
	for (size_t i = 0; i < n; i++)
		if (!fs->name[i] || fs->name[i] == '/')
			fs->name[i] = '?';
	fs->name[n] = '\0';
	return n && strcmp(fs->name, ".") && strcmp(fs->name, "..");
}

/*
 * The next node from *off on; behind it and all of its sections *off is then.
 * @return 1, 0 at the end
 */
static int next_node(struct vfs_mount *m, const struct dir *dir, uint32_t *off,
		     struct iso_record *r, struct iso_rock *rock)
{
	struct iso_record more;
	int got, named;

	while ((got = next_record(m, dir, off, r)) > 0) {
		named = name_of(m, r, rock);
		if (named < 0)
			return named;
		more = *r;
		while (more.raw[REC_FLAGS] & REC_MORE) {
			got = next_record(m, dir, off, &more);
			if (got <= 0)
				return got ? got : iso_bad(m, "sections of the record at", r->at);
		}
		if (named)
			return 1;
	}
	return got;
}

static bool same_name(const struct iso *fs, const char *name, size_t len)
{
	const char *own = fs->name;

	if (strlen(own) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (fs->names == ISO_PLAIN && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (own[i] != c)
			return false;
	}
	return true;
}

/* A folder that is too deep for the standard is elsewhere: its own first record is the node. */
static vfs_ino node_of(const struct iso *fs, const struct iso_record *r,
		       const struct iso_rock *rock)
{
	return rock->child ? (uint64_t)rock->child * fs->block_size : r->at;
}

static int iso_lookup(struct vfs_mount *m, vfs_ino ino, const char *name, size_t len, vfs_ino *out)
{
	const struct iso *fs = m->priv;
	struct iso_rock rock;
	struct iso_record r;
	uint32_t off = 0;
	struct dir dir;
	int got = open_dir(m, ino, &dir);

	if (got)
		return got;
	while ((got = next_node(m, &dir, &off, &r, &rock)) > 0) {
		if (!same_name(fs, name, len))
			continue;
		*out = node_of(fs, &r, &rock);
		return 0;
	}
	return got ? got : -ENOENT;
}

static enum vfs_type type_of(const struct iso_record *r, const struct iso_rock *rock)
{
	if ((r->raw[REC_FLAGS] & REC_DIR) || rock->child)
		return VFS_DIR;
	if (rock->is_link)
		return VFS_LINK;
	return !rock->mode || (rock->mode & MODE_TYPE) == MODE_FILE ? VFS_FILE : VFS_OTHER;
}

static int iso_readdir(struct vfs_mount *m, vfs_ino ino, uint64_t *pos, struct vfs_dirent *ent)
{
	const struct iso *fs = m->priv;
	uint32_t off = (uint32_t)*pos;
	struct iso_rock rock;
	struct iso_record r;
	struct dir dir;
	int got = open_dir(m, ino, &dir);

	if (got)
		return got;
	while ((got = next_node(m, &dir, &off, &r, &rock)) > 0) {
		*pos = off;
		if (strlen(fs->name) >= sizeof(ent->name))
			continue;
		strlcpy(ent->name, fs->name, sizeof(ent->name));
		ent->type = type_of(&r, &rock);
		return 1;
	}
	return got;
}

/* --- nodes ----------------------------------------------------------------------------------- */

static vfs_ino iso_root(struct vfs_mount *m)
{
	return ((const struct iso *)m->priv)->root;
}

/* The record of a node, and what Rock Ridge says of it. */
static int get_node(struct vfs_mount *m, vfs_ino ino, struct iso_record *r, struct iso_rock *rock)
{
	const struct iso *fs = m->priv;
	int err = iso_read_record(m, ino, r);

	memset(rock, 0, sizeof(*rock));
	if (!err && fs->names == ISO_ROCK_RIDGE)
		err = iso_rock_read(m, r, rock);
	return err;
}

static int file_size(struct vfs_mount *m, const struct iso_record *first, uint64_t *size)
{
	struct iso_record r = *first;
	int err;

	*size = get_le32(r.raw + REC_SIZE);
	for (unsigned n = 1; r.raw[REC_FLAGS] & REC_MORE; n++) {
		err = n < SECTIONS_MAX ? next_section(m, &r)
				       : iso_bad(m, "sections of the record at", first->at);
		if (err)
			return err;
		*size += get_le32(r.raw + REC_SIZE);
	}
	return 0;
}

static int iso_stat(struct vfs_mount *m, vfs_ino ino, struct vfs_stat *st)
{
	struct iso_rock rock;
	struct iso_record r;
	int err = get_node(m, ino, &r, &rock);

	if (err)
		return err;
	st->type = type_of(&r, &rock);
	st->size = 0;
	if (st->type == VFS_FILE)
		err = file_size(m, &r, &st->size);
	else if (st->type == VFS_LINK)
		st->size = rock.link_len;
	st->used = st->type == VFS_FILE ? ALIGN_UP(st->size, ISO_SECTOR) : 0;
	st->mode = rock.mode ? rock.mode & 07777 : st->type == VFS_DIR ? 0555 : 0444;
	st->mtime = rock.has_time ? rock.mtime : iso_date(r.raw + REC_DATE);
	return err;
}

static int unreadable(struct vfs_mount *m, const char *why)
{
	if (!m->complaints) {
		m->complaints++;
		log_warn("iso9660 at '%s/': a file is %s, which cannot be read here", m->path, why);
	}
	return -ENOTSUP;
}

/* Where byte `off` of a file is, and how many follow it there. -ENOENT: it has ended */
static int find_section(struct vfs_mount *m, vfs_ino ino, uint64_t off, uint64_t *at,
			uint64_t *left)
{
	struct iso_rock rock;
	struct iso_record r;
	int err = get_node(m, ino, &r, &rock);

	if (!err && rock.compressed)
		return unreadable(m, "compressed (zisofs)");
	for (unsigned n = 0; !err && n < SECTIONS_MAX; n++) {
		uint32_t size = get_le32(r.raw + REC_SIZE);

		if (off < size) {
			if (r.raw[REC_UNIT] || r.raw[REC_GAP])
				return unreadable(m, "interleaved");
			err = iso_place(m, &r, at);
			*at += off;
			*left = size - off;
			return err;
		}
		off -= size;
		if (!(r.raw[REC_FLAGS] & REC_MORE))
			return -ENOENT;
		err = next_section(m, &r);
	}
	return err ? err : iso_bad(m, "sections of the record at", ino);
}

static int64_t iso_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		uint64_t at, left;
		int err = find_section(m, ino, off + done, &at, &left);

		if (err == -ENOENT)
			break;
		left = MIN_T(uint64_t, left, n - done);
		if (!err)
			err = data_read(m, at, (uint8_t *)buf + done, (size_t)left);
		if (err)
			return err;
		done += (size_t)left;
	}
	return (int64_t)done;
}

static int iso_extent(struct vfs_mount *m, vfs_ino ino, uint64_t off, struct vfs_extent *ext)
{
	int err = find_section(m, ino, off, &ext->at, &ext->len);

	if (err == -ENOENT) {
		ext->at = VFS_HOLE;
		ext->len = 0;
		return 0;
	}
	return err;
}

static int iso_readlink(struct vfs_mount *m, vfs_ino ino, char *buf, size_t n)
{
	const struct iso *fs = m->priv;
	struct iso_rock rock;
	struct iso_record r;
	int err = get_node(m, ino, &r, &rock);

	if (err)
		return err;
	if (rock.link_len >= n || rock.link_len == ISO_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(buf, fs->link, rock.link_len + 1);
	return 0;
}

/* In memory a file of one section is as it is. */
static const void *iso_map(struct vfs_mount *m, vfs_ino ino)
{
	uint64_t at, left, size;
	struct iso_record r;

	if (!m->image || iso_read_record(m, ino, &r) || file_size(m, &r, &size) ||
	    find_section(m, ino, 0, &at, &left) || left != size)
		return NULL;
	return m->image + at;
}

static int iso_space(struct vfs_mount *m, struct vfs_space *space)
{
	space->size = ((const struct iso *)m->priv)->size;
	return 0;
}

/* --- mounting -------------------------------------------------------------------------------- */

/* Joliet's directory is told by how it writes letters: UCS-2 of three levels. */
static bool is_joliet(const uint8_t *d)
{
	const uint8_t *e = d + VD_ESCAPE;

	return d[VD_TYPE] == VD_SUPPLEMENTARY && e[0] == '%' && e[1] == '/' &&
	       (e[2] == '@' || e[2] == 'C' || e[2] == 'E');
}

/* The descriptors that are of use. @return -ENOEXEC: it is no such volume */
static int find_descriptors(struct vfs_mount *m, uint8_t *primary, uint8_t *joliet)
{
	uint8_t d[VD_SIZE];

	primary[VD_TYPE] = joliet[VD_TYPE] = 0;
	for (unsigned i = 0; i < DESCRIPTORS_MAX; i++) {
		int err = data_read(m, (FIRST_DESCRIPTOR + i) * (uint64_t)ISO_SECTOR, d, sizeof(d));

		if (err && err != -ERANGE)
			return err;
		if (err || memcmp(d + VD_ID, "CD001", 5) || d[VD_TYPE] == VD_END)
			break;
		if (d[VD_TYPE] == VD_PRIMARY && !primary[VD_TYPE])
			memcpy(primary, d, sizeof(d));
		else if (is_joliet(d) && !joliet[VD_TYPE])
			memcpy(joliet, d, sizeof(d));
	}
	return primary[VD_TYPE] ? 0 : -ENOEXEC;
}

static int read_sizes(struct vfs_mount *m, struct iso *fs, const uint8_t *d)
{
	fs->block_size = get_le16(d + VD_BLOCK_SIZE);
	fs->size = (uint64_t)get_le32(d + VD_BLOCKS) * fs->block_size;
	if ((fs->block_size != 512 && fs->block_size != 1024 && fs->block_size != ISO_SECTOR) ||
	    !fs->size) {
		log_error("iso9660 at '%s/': the volume descriptor is damaged", m->path);
		return -EUCLEAN;
	}
	if (fs->size > m->size) {
		log_error("iso9660 at '%s/': the image is cut off: %llu of %llu bytes", m->path,
			  (unsigned long long)m->size, (unsigned long long)fs->size);
		return -EUCLEAN;
	}
	return 0;
}

/* The first record of the root directory of a descriptor, its "." */
static int read_root(struct vfs_mount *m, const uint8_t *d, struct iso_record *dot)
{
	struct iso *fs = m->priv;
	struct iso_record r = { 0 };
	int err;

	memcpy(r.raw, d + VD_ROOT, REC_MIN);
	err = iso_place(m, &r, &fs->root);
	if (!err)
		err = iso_read_record(m, fs->root, dot);
	if (!err && (!is_dot(dot) || !(dot->raw[REC_FLAGS] & REC_DIR)))
		err = iso_bad(m, "root directory at", fs->root);
	return err;
}

static int choose_names(struct vfs_mount *m, const uint8_t *primary, const uint8_t *joliet)
{
	struct iso *fs = m->priv;
	struct iso_record dot;
	bool rock = false;
	int err = read_root(m, primary, &dot);

	if (!err)
		err = iso_find_rock(m, &dot, &rock);
	if (rock)
		fs->names = ISO_ROCK_RIDGE;
	if (err || rock || !joliet[VD_TYPE])
		return err;
	fs->names = ISO_JOLIET;
	return read_root(m, joliet, &dot);
}

static int iso_mount(struct vfs_mount *m)
{
	uint8_t primary[VD_SIZE], joliet[VD_SIZE];
	struct iso *fs;
	int err = find_descriptors(m, primary, joliet);

	if (err)
		return err;
	fs = heap_zalloc(sizeof(*fs));
	if (!fs)
		return -ENOMEM;
	m->priv = fs;
	err = read_sizes(m, fs, primary);
	if (!err)
		err = cache_open(m, fs->block_size);
	if (!err)
		err = choose_names(m, primary, joliet);
	if (err) {
		cache_close(m);
		heap_free(fs);
	}
	return err;
}

static void iso_unmount(struct vfs_mount *m)
{
	cache_close(m);
	heap_free(m->priv);
}

VFS_FS(iso9660) {
	.name = "iso9660",
	.mount = iso_mount,
	.unmount = iso_unmount,
	.root = iso_root,
	.lookup = iso_lookup,
	.stat = iso_stat,
	.read = iso_read,
	.readdir = iso_readdir,
	.readlink = iso_readlink,
	.map = iso_map,
	.space = iso_space,
	.extent = iso_extent,
};
