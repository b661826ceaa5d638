/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * version: what was built, for which board, with what.
 */
#include <core/shell.h>

#ifdef __clang__
#define COMPILER __VERSION__ /* says Clang itself */
#else
#define COMPILER "gcc " __VERSION__
#endif

static int run_version(struct shell *sh, int argc, char **argv)
{
	sh_printf(sh, "hypervisor %s for %s/%s, compiled by " COMPILER "\n", CONFIG_VERSION,
		  CONFIG_ARCH, CONFIG_BOARD);
	return 0;
}

static const struct command_sub subs[] = {
	{ NULL, "version, board and compiler", NULL, run_version },
	{ .run = NULL },
};

COMMAND(version) { "version", "what this hypervisor is", subs };
