/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines of any bytes: as a line, as keys at a terminal (with completion and editing), as a
 * script. Nothing faults, waits for ever or is lost, and the terminal is sent only what the
 * simplest one understands.
 */
#include "fuzz.h"

#include "../../../core/dt/dt_priv.h"
#include "../../../core/shell/shell_priv.h"

#include <core/dt.h>
#include <core/vfs.h>
#include <libfdt.h>

#include "../fake.h"
#include "../fake_guests.h"
#include "../term.h"
#include "../unit.h"

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, fmt);
	abort();
}

/* An archive whose file "s" is the input. */
static char *archive(const uint8_t *data, size_t size, size_t *total)
{
	char *image = calloc(1, size + 400), *at = image;

	at += sprintf(at, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08X%08Xs", 1,
		      0100644, 0, 0, 1, 0, size, 0, 0, 0, 0, 2, 0);
	at = image + (at - image + 4) / 4 * 4;
	memcpy(at, data, size);
	at += (size + 3) / 4 * 4;
	at += sprintf(at, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08XTRAILER!!!", 0,
		      0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0) +
	      1;
	*total = (size_t)(at - image);
	return image;
}

static struct shell *sh;
static unsigned tries;

/* A command that waits is interrupted, a console is left. */
static bool interrupt_command(uint64_t deadline)
{
	if (!sh->depth)
		return false;
	FUZZ_CHECK(tries++ < 100000);
	term_receive(tries % 2 ? "\x03" : "\x1bxq");
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t blob[64];
	char *text, *image;
	size_t total;

	if (!blob[0])
		FUZZ_CHECK(!fdt_create_empty_tree(blob, sizeof(blob)));
	FUZZ_CHECK(!dt_init(blob) && dt_add_node(dt_root(), "guests"));
	term_begin(true);
	term_screen.may_clear = true;
	fake_guests_clear();
	fake_guests_add("web", 2)->node = dt_find("/guests");
	term_idle = interrupt_command;
	tries = 0;
	sh = shell_create(&term);
	text = fuzz_string(data, size);
	image = archive(data, size, &total);
	FUZZ_CHECK(!vfs_mount_image("/", image, total));

	shell_run_line(sh, text);
	FUZZ_CHECK(shell_status(sh) >= 0 && shell_status(sh) <= 255);
	term_input(text);
	term_interact(sh);
	shell_run_script(sh, "/s");
	FUZZ_CHECK(!sh->depth && !fake_guests_held());

	while (!vfs_unmount("/"))
		;
	shell_destroy(sh);
	term_end();
	dt_forget();
	free(text);
	free(image);
	FUZZ_CHECK(fake_heap_live() == 0);
	return 0;
}
