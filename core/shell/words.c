/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kinds of words: what is checked of an argument before its command runs, and what it can be
 * completed to. Locks of the lists that are looked at are taken here, one at a time.
 */
#include "shell_priv.h"

#include <core/blockdev.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/guest.h>
#include <core/mem.h>
#include <core/vdisk.h>
#include <core/vfs.h>
#include <core/vserial.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

/* --- checking ----------------------------------------------------------------------------- */

static int check_choice(const char *choices, const char *word, struct shell_out *err)
{
	size_t len = strlen(word);

	for (const char *c = choices; *c;) {
		size_t n = strcspn(c, "|");

		if (n == len && !strncmp(c, word, n))
			return 0;
		c += n + (c[n] == '|');
	}
	out_printf(err, "'%s' is none of %s\n", word, choices);
	return -EINVAL;
}

static int check_number(enum arg_type type, const char *word, struct shell_out *err)
{
	uint64_t v;
	int e;

	if (type == ARG_U64)
		e = parse_u64(word, &v);
	else if (type == ARG_SIZE)
		e = parse_size(word, &v);
	else
		e = parse_u64(word, &v) ? parse_time_ns(word, &v) : 0;
	if (!e)
		return 0;
	out_printf(err, "'%s' is %s\n", word,
		   e == -ERANGE ? "too large" :
		   type == ARG_U64 ? "no number (decimal, or 0x...)" :
		   type == ARG_SIZE ? "no size (bytes, or with K, M, G)" :
				      "no time (seconds, or with ns, us, ms, s)");
	return e;
}

static int check_guest(const char *word, struct shell_out *err)
{
	struct guest *guest = guest_find(word);
	const char *before = "; there are: ";

	if (guest) {
		guest_put(guest);
		return 0;
	}
	out_printf(err, "no guest '%s'", word);
	guest_list_lock();
	while ((guest = guest_next(guest))) {
		out_printf(err, "%s%s", before, guest->name);
		before = ", ";
	}
	guest_list_unlock();
	out_puts(err, *before == ';' ? "; there are none\n" : "\n");
	return -ENOENT;
}

struct vcpu *arg_vcpu(const char *word, struct guest **held)
{
	char name[GUEST_NAME_MAX];
	size_t n = strcspn(word, "/");
	struct guest *guest;
	uint64_t id = 0;

	if (n >= sizeof(name))
		return NULL;
	strlcpy(name, word, n + 1);
	guest = guest_find(name);
	if (!guest)
		return NULL;
	word += n;
	if (*word) {
		word += strncmp(word, "/vcpu", 5) ? 1 : 5;
		if (parse_u64(word, &id))
			id = UINT64_MAX;
	} else if (guest->nr_vcpus != 1) {
		id = UINT64_MAX;
	}
	if (id >= guest->nr_vcpus) {
		guest_put(guest);
		return NULL;
	}
	*held = guest;
	return guest->vcpus[id];
}

static int check_vcpu(const char *word, struct shell_out *err)
{
	struct guest *guest;

	if (!arg_vcpu(word, &guest)) {
		out_printf(
			err,
			"no vCPU '%s'; they are called guest/vcpu0, ...; 'vcpu list' shows them\n",
			word);
		return -ENOENT;
	}
	guest_put(guest);
	return 0;
}

static int check_vserial(const char *word, struct shell_out *err)
{
	struct vserial *vs = vserial_find(word);

	if (!vs) {
		out_printf(err, "no serial port '%s' of a guest; 'vserial list' shows them\n",
			   word);
		return -ENOENT;
	}
	vserial_put(vs);
	return 0;
}

static int check_vdisk(const char *word, struct shell_out *err)
{
	struct vdisk *vd = vdisk_find(word);

	if (!vd) {
		out_printf(err, "no disk '%s' of a guest; they are called guest/node or "
			   "guest/disk0, ...; 'vdisk list' shows them\n", word);
		return -ENOENT;
	}
	vdisk_put(vd);
	return 0;
}

static int check_blockdev(const char *word, struct shell_out *err)
{
	struct blockdev *bd = blockdev_get(word);

	if (!bd) {
		out_printf(err, "no block device '%s'; 'blockdev list' shows them\n", word);
		return -ENOENT;
	}
	blockdev_put(bd);
	return 0;
}

int word_check(const struct arg_spec *spec, const char *word, struct shell_out *err)
{
	switch (spec->type) {
	case ARG_U64:
	case ARG_SIZE:
	case ARG_TIME:
		return check_number(spec->type, word, err);
	case ARG_CHOICE:
		return check_choice(spec->choices, word, err);
	case ARG_GUEST:
		return check_guest(word, err);
	case ARG_VCPU:
		return check_vcpu(word, err);
	case ARG_VSERIAL:
		return check_vserial(word, err);
	case ARG_VDISK:
		return check_vdisk(word, err);
	case ARG_BLOCKDEV:
		return check_blockdev(word, err);
	case ARG_DTPATH:
		if (dt_find(word))
			return 0;
		out_printf(err, "no device-tree node '%s'\n", word);
		return -ENOENT;
	case ARG_CHARDEV:
		if (chardev_find(word))
			return 0;
		out_printf(err, "no character device '%s'; 'chardev list' shows them\n", word);
		return -ENOENT;
	}
	return 0;
}

/* --- completing ---------------------------------------------------------------------------- */

/* Words separated by `mark`. */
static void complete_list(const char *choices, char mark, const char *before,
			  struct completion_list *list)
{
	char word[64], marks[3] = { mark, '|', '\0' };

	for (const char *c = choices; *c;) {
		size_t n = strcspn(c, marks);

		snprintf(word, sizeof(word), "%s%.*s", before, (int)n, c);
		complete_add(list, word, false);
		if (c[n] != mark)
			break;
		c += n + 1;
	}
}

/*
 * Split the prefix at its last slash: `before` of it and the folder go to path, "/" where there is
 * none.
 */
static size_t folder_of(const char *prefix, size_t before, char *path, size_t size)
{
	const char *slash = strrchr(prefix + before, '/');
	size_t n = slash ? (size_t)(slash - prefix) + 1 : before;

	if (n >= size)
		return 0;
	memcpy(path, prefix, n);
	path[n] = '\0';
	return n;
}

/* A name may be anything; one that would move the cursor is not offered. */
static bool is_printable(const char *s)
{
	for (; *s; s++)
		if ((uint8_t)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* Files below the folder that was typed; the first `before` bytes of the prefix are a key. */
static void complete_path(struct completion_list *list, size_t before, bool folders)
{
	struct {
		struct vfs_file dir;
		struct vfs_dirent ent;
		char text[VFS_PATH_MAX + 40];
	} *w = heap_alloc(sizeof(*w));
	uint64_t pos = 0;
	size_t n = 0;

	if (w)
		n = folder_of(list->prefix, before, w->text, sizeof(w->text));
	if (n == before && w) { /* paths begin with a slash */
		strlcpy(w->text + n, "/", 2);
		complete_add(list, w->text, true);
	} else if (n && !vfs_open(w->text + before, &w->dir)) {
		list->shown = n;
		while (vfs_readdir(&w->dir, &pos, &w->ent) == 1) {
			bool folder = w->ent.type == VFS_DIR;

			if ((folders && !folder) || !is_printable(w->ent.name))
				continue;
			snprintf(w->text + n, sizeof(w->text) - n, "%s%s", w->ent.name,
				 folder ? "/" : "");
			complete_add(list, w->text, folder);
		}
		vfs_close(&w->dir);
	}
	heap_free(w);
}

static void complete_dt(struct completion_list *list)
{
	struct dt_node *node, *child;
	char text[160];
	size_t n = folder_of(list->prefix, 0, text, sizeof(text));

	if (n > 1)
		text[n - 1] = '\0';
	node = n ? dt_find(text) : NULL;
	if (!node) {
		complete_add(list, "/", true);
		return;
	}
	list->shown = n;
	text[n - 1] = '/';
	dt_for_each_child(child, node) {
		strlcpy(text + n, child->name, sizeof(text) - n);
		complete_add(list, text, !list_empty(&child->children));
	}
}

static void complete_guests(struct completion_list *list, bool vcpus)
{
	struct guest *guest = NULL;
	char text[GUEST_NAME_MAX + 16];

	guest_list_lock();
	while ((guest = guest_next(guest))) {
		if (!vcpus)
			complete_add(list, guest->name, false);
		for (unsigned i = 0; vcpus && i < guest->nr_vcpus; i++) {
			snprintf(text, sizeof(text), "%s/vcpu%u", guest->name, i);
			complete_add(list, text, false);
		}
	}
	guest_list_unlock();
}

static void complete_vserials(struct completion_list *list)
{
	struct vserial *vs = NULL;

	vserial_list_lock();
	while ((vs = vserial_next(vs)))
		complete_add(list, vserial_name(vs), false);
	vserial_list_unlock();
}

static void complete_vdisks(struct completion_list *list)
{
	struct vdisk *vd = NULL;

	vdisk_list_lock();
	while ((vd = vdisk_next(vd)))
		complete_add(list, vd->name, false);
	vdisk_list_unlock();
}

/* The first `before` bytes of the prefix are a key. */
static void complete_blockdevs(struct completion_list *list, size_t before)
{
	struct blockdev *bd = NULL;
	char text[64];

	if (before > sizeof(text) - BLOCK_NAME_MAX)
		return;
	memcpy(text, list->prefix, before);
	blockdev_list_lock();
	while ((bd = blockdev_next(bd))) {
		strlcpy(text + before, bd->name, sizeof(text) - before);
		complete_add(list, text, false);
	}
	blockdev_list_unlock();
}

static void complete_medium(struct completion_list *list, size_t before)
{
	if (list->prefix[before] != '/')
		complete_blockdevs(list, before);
	complete_path(list, before, false);
}

static void complete_boards(const char *key, struct completion_list *list)
{
	const struct guest_board *board = NULL;

	while ((board = guest_board_next(board)))
		completion_add(list, key, board->name);
}

void completion_add(struct completion_list *list, const char *key, const char *word)
{
	char text[96];

	snprintf(text, sizeof(text), "%s%s", key, word);
	complete_add(list, text, false);
}

/* key=value: the keys, or values of the key that was typed. */
static void complete_keys(const struct arg_spec *spec, struct completion_list *list)
{
	size_t typed = strcspn(list->prefix, "=");
	char key[32];

	for (const char *c = spec->choices; *c;) {
		size_t n = strcspn(c, "=") + 1;

		strlcpy(key, c, MIN(n + 1, sizeof(key)));
		c += n;
		if (list->prefix[typed] != '=') {
			complete_add(list, key, true);
		} else if (n == typed + 1 && !strncmp(key, list->prefix, n)) {
			if (*c == '@')
				complete_path(list, n, false);
			else if (*c == '%')
				complete_medium(list, n);
			else if (*c == '#')
				complete_boards(key, list);
			else if (*c == '!')
				spec->offer(list, key);
			else if (*c && *c != '|')
				complete_list(c, ',', key, list);
		}
		c += strcspn(c, "|");
		c += *c == '|';
	}
}

void word_complete(const struct arg_spec *spec, struct completion_list *list)
{
	const struct command *cmd = NULL;
	struct chardev *cd = NULL;

	switch (spec->type) {
	case ARG_WORD:
		if (spec->offer)
			spec->offer(list, "");
		break;
	case ARG_CHOICE:
		complete_list(spec->choices, '|', "", list);
		break;
	case ARG_KEYS:
		complete_keys(spec, list);
		break;
	case ARG_FILE:
	case ARG_DIR:
		complete_path(list, 0, spec->type == ARG_DIR);
		break;
	case ARG_DTPATH:
		complete_dt(list);
		break;
	case ARG_GUEST:
	case ARG_VCPU:
		complete_guests(list, spec->type == ARG_VCPU);
		break;
	case ARG_VSERIAL:
		complete_guests(list, false);
		complete_vserials(list);
		break;
	case ARG_VDISK:
		complete_vdisks(list);
		break;
	case ARG_BLOCKDEV:
		complete_blockdevs(list, 0);
		break;
	case ARG_MEDIUM:
		complete_medium(list, 0);
		break;
	case ARG_COMMAND:
		while ((cmd = command_next(cmd)))
			complete_add(list, cmd->name, false);
		break;
	case ARG_CHARDEV:
		while ((cd = chardev_next(cd)))
			complete_add(list, cd->name, false);
		break;
	}
}
