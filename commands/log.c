/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log: what happened, and how much of it the console shows.
 */
#include <core/log.h>

#include <core/shell.h>

#define LEVELS "error|warning|info|debug"

static int run_show(struct shell *sh, int argc, char **argv)
{
	enum log_level level = LOG_DEBUG;
	int err = argc ? log_parse_level(argv[0], &level) : 0;

	if (!err)
		log_show(shell_output(sh), level);
	return err;
}

static int run_level(struct shell *sh, int argc, char **argv)
{
	enum log_level level;
	int err = argc ? log_parse_level(argv[0], &level) : 0;

	if (argc && !err)
		log_set_console_level(level);
	if (!argc)
		sh_printf(sh, "%s\n", log_level_name(log_console_level()));
	return err;
}

static int run_clear(struct shell *sh, int argc, char **argv)
{
	log_clear();
	return 0;
}

static const struct command_sub subs[] = {
	{ "show", "print the log, only what is as grave as this or graver",
	  ARGS(ARG_OPT_OF("level", LEVELS)), run_show },
	{ "level", "what the console shows of it; without argument, say it",
	  ARGS(ARG_OPT_OF("level", LEVELS)), run_level },
	{ "clear", "forget all of it", NULL, run_clear },
	{ .run = NULL },
};

COMMAND(log) { "log", "the log of the hypervisor", subs };
