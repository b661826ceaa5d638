/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reset and shutdown: the end of the machine, by its firmware. The line that `shutdown` prints
 * last has a status for whoever reads the console of a machine that runs unattended.
 */
#include <core/shell.h>

#include <core/cpu.h>
#include <libs/errno.h>

static int run_reset(struct shell *sh, int argc, char **argv)
{
	sh_printf(sh, "vmm: reset\n");
	machine_reset();
	return sh_error(sh, -EIO, "the firmware does not reset this machine");
}

static int run_shutdown(struct shell *sh, int argc, char **argv)
{
	uint64_t status = argc ? arg_u64(argv[0]) : 0;

	if (status > 255)
		return sh_error(sh, -ERANGE, "a status is 0 ... 255");
	sh_printf(sh, "vmm: power off, status %u\n", (unsigned)status);
	machine_off((int)status);
	return sh_error(sh, -EIO, "the firmware does not power this machine off");
}

static const struct command_sub reset_subs[] = {
	{ NULL, "reset the host at once", NULL, run_reset },
	{ .run = NULL },
};
static const struct command_sub shutdown_subs[] = {
	{ NULL, "power the host off at once; the status (0) is printed for CI, and given to "
	  "semihosting with vmm.semihosting=1",
	  ARGS(ARG_OPT(U64, "status")), run_shutdown },
	{ .run = NULL },
};

COMMAND(reset) { "reset", "reset the host", reset_subs };
COMMAND(shutdown) { "shutdown", "power the host off", shutdown_subs };
