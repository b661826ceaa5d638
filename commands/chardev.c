/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chardev: character devices of the host that others are connected to.
 */
#include <core/chardev.h>

#include <core/dt.h>
#include <core/shell.h>
#include <libs/printf.h>

static int run_chardev_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|CONSOLE|>RECEIVED|>SENT|>DROPPED|NODE");
	struct chardev *cd = NULL;
	char path[96];

	while ((cd = chardev_next(cd))) {
		if (cd->node)
			dt_path(cd->node, path, sizeof(path));
		table_row(t, "%s|%s|%" PRIu64 "|%" PRIu64 "|%" PRIu64 "|%s", cd->name,
			  cd == chardev_console() ? "yes" : "no", cd->rx_bytes, cd->tx_bytes,
			  cd->rx_dropped, cd->node ? path : "-");
	}
	table_print(t, shell_output(sh));
	return 0;
}

static const struct command_sub chardev_subs[] = {
	{ "list", "list character devices", NULL, run_chardev_list },
	{ .run = NULL },
};

COMMAND(chardev) { "chardev", "character devices of the host", chardev_subs };
