/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * echo and sleep: what scripts talk and wait with.
 */
#include <core/shell.h>

#include <core/time.h>
#include <libs/string.h>

static int run_echo(struct shell *sh, int argc, char **argv)
{
	bool newline = !(argc && !strcmp(argv[0], "-n"));
	const char *end = newline ? "\n" : "";

	/* The end with the last word: the log may come between what is printed apart. */
	for (int i = !newline; i < argc; i++)
		sh_printf(sh, "%s%s", argv[i], i + 1 < argc ? " " : end);
	if (!argc)
		sh_printf(sh, "%s", end);
	return 0;
}

static int run_sleep(struct shell *sh, int argc, char **argv)
{
	uint64_t now = time_now(), wait = arg_time(argv[0]);

	return shell_sleep(sh, wait > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + wait);
}

static const struct command_sub echo_subs[] = {
	{ NULL, "print words; -n: without a new line", ARGS(ARG_ANY(WORD, "word")), run_echo },
	{ .run = NULL },
};
static const struct command_sub sleep_subs[] = {
	{ NULL, "wait: seconds, or with a unit (100ms); Ctrl-C ends it", ARGS(ARG(TIME, "time")),
	  run_sleep },
	{ .run = NULL },
};

COMMAND(echo) { "echo", "print words", echo_subs };
COMMAND(sleep) { "sleep", "wait a time", sleep_subs };
