/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * help: what commands there are and how they are used, from the commands' own tables.
 */
#include <core/shell.h>

static int run_help(struct shell *sh, int argc, char **argv)
{
	int err = shell_help(sh, argc ? argv[0] : NULL);

	if (!err && !argc)
		sh_printf(
			sh,
			"\n'help <command>' tells more. Tab completes; ; && || separate commands; "
			"$? is the last exit code.\n");
	return err;
}

static const struct command_sub subs[] = {
	{ NULL, "commands, or the use of one", ARGS(ARG_OPT(COMMAND, "command")), run_help },
	{ .run = NULL },
};

COMMAND(help) { "help", "commands and how they are used", subs };
