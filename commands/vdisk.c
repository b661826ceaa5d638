/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdisk: disks of guests and what is in them. A disk is held while a command works on it.
 */
#include <core/vdisk.h>

#include <core/shell.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define MEDIUM_MAX 80

static int gone(struct shell *sh, const char *name)
{
	return sh_error(sh, -ENOENT, "disk %s has gone", name);
}

/* Is this a disk of the same guest as the one before? */
static bool same_guest(const struct vdisk *a, const struct vdisk *b)
{
	size_t n = strcspn(a->name, "/");

	return !strncmp(a->name, b->name, n + 1);
}

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|DISK|>SIZE|MODE|>READS|>WRITES|>ERRORS|MEDIUM");
	struct vdisk *vd = NULL, *before = NULL;
	char size[16], medium[MEDIUM_MAX];
	unsigned n = 0;

	vdisk_list_lock();
	while ((vd = vdisk_next(vd))) {
		n = before && same_guest(before, vd) ? n + 1 : 0;
		before = vd;
		vdisk_medium(vd, medium, sizeof(medium));
		table_row(t, "%s|disk%u|%s|%s|%lu|%lu|%lu|%s", vd->name, n,
			  format_size(size, sizeof(size), READ_ONCE(vd->sectors) * SECTOR_SIZE),
			  READ_ONCE(vd->read_only) ? "ro" : "rw", READ_ONCE(vd->reads),
			  READ_ONCE(vd->writes), READ_ONCE(vd->errors), medium);
	}
	vdisk_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

static int run_info(struct shell *sh, int argc, char **argv)
{
	struct vdisk *vd = vdisk_find(argv[0]);
	char size[16], medium[MEDIUM_MAX];

	if (!vd)
		return gone(sh, argv[0]);
	vdisk_medium(vd, medium, sizeof(medium));
	sh_printf(sh, "name        %s\n", vd->name);
	sh_printf(sh, "medium      %s\n", strcmp(medium, "-") ? medium : "none");
	sh_printf(sh, "size        %s, %" PRIu64 " sectors of %u bytes\n",
		  format_size(size, sizeof(size), READ_ONCE(vd->sectors) * SECTOR_SIZE),
		  READ_ONCE(vd->sectors), SECTOR_SIZE);
	sh_printf(sh, "block       %u bytes\n", READ_ONCE(vd->block_size));
	sh_printf(sh, "mode        %s\n",
		  READ_ONCE(vd->read_only) ? "read only" : "read and write");
	sh_printf(sh, "requests    %lu reads, %lu writes, %lu errors; %u in flight\n",
		  READ_ONCE(vd->reads), READ_ONCE(vd->writes), READ_ONCE(vd->errors),
		  vdisk_in_flight(vd));
	vdisk_put(vd);
	return 0;
}

static int run_attach(struct shell *sh, int argc, char **argv)
{
	struct vdisk *vd = vdisk_find(argv[0]);
	bool ro = argc > 2;
	char why[BLOCK_WHY_MAX];
	int err;

	if (!vd)
		return gone(sh, argv[0]);
	err = ro ? vdisk_attach_read_only(vd, argv[1], why, sizeof(why)) :
		   vdisk_attach(vd, argv[1], why, sizeof(why));
	if (err)
		sh_error(sh, err, "%s", why);
	else if (!ro && READ_ONCE(vd->read_only) && !vd->always_read_only)
		sh_printf(sh, "%s: %s can only be read\n", vd->name, argv[1]);
	vdisk_put(vd);
	return err;
}

static int run_detach(struct shell *sh, int argc, char **argv)
{
	struct vdisk *vd = vdisk_find(argv[0]);
	int err;

	if (!vd)
		return gone(sh, argv[0]);
	err = vdisk_detach(vd);
	if (err)
		sh_error(sh, err, "%s has nothing in it", vd->name);
	vdisk_put(vd);
	return err;
}

static const struct command_sub subs[] = {
	{ "list", "list disks of guests", NULL, run_list },
	{ "info", "what a disk is, and what is in it", ARGS(ARG(VDISK, "disk")), run_info },
	{ "attach", "put a block device or file in, in the place of what was",
	  ARGS(ARG(VDISK, "disk"), ARG(MEDIUM, "blockdev|file"), ARG_OPT_OF("mode", "ro")),
	  run_attach },
	{ "detach", "take out what is in; the guest's requests end with errors then",
	  ARGS(ARG(VDISK, "disk")), run_detach },
	{ .run = NULL },
};

COMMAND(vdisk) { "vdisk", "disks of guests", subs };
