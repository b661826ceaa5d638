/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * version: what was built, for which board, with what.
 */
#include <core/shell.h>

#include <libs/crc32.h>

#ifdef __clang__
#define COMPILER __VERSION__ /* says Clang itself */
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Code and constants of the image, of the linker script. */
extern const uint8_t _image_start[], _rodata_end[];

static int run_version(struct shell *sh, int argc, char **argv)
{
	/* The same bytes have the same number, wherever they were built. */
	uint32_t id = crc32_update(0, _image_start, (size_t)(_rodata_end - _image_start));

	sh_printf(sh, "hypervisor %s for %s/%s, build %08x, compiled by " COMPILER "\n",
		  CONFIG_VERSION, CONFIG_ARCH, CONFIG_BOARD, id);
	return 0;
}

static const struct command_sub subs[] = {
	{ NULL, "version, board and compiler", NULL, run_version },
	{ .run = NULL },
};

COMMAND(version) { "version", "what this hypervisor is", subs };
