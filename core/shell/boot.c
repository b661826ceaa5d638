/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The management terminal at boot: boot commands, then a person. No data of its own.
 */
#include "shell_priv.h"

#include <core/chardev.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/vfs.h>

#define BOOTCMD_SIZE 4096
#define BOOT_SCRIPT  "/boot.xscript"

/* What the command line says is done in the place of the boot script, which it may run itself. */
static void run_boot_commands(struct shell *sh)
{
	char *cmd = heap_alloc(BOOTCMD_SIZE);
	struct vfs_stat st;

	if (!cmd)
		return;
	if (bootarg("vmm.bootcmd", cmd, BOOTCMD_SIZE)) {
		if (shell_run_line(sh, cmd))
			out_printf(&sh->err, "vmm.bootcmd: exit code %d: %s\n", sh->status, cmd);
	} else if (!vfs_stat_path(BOOT_SCRIPT, true, &st)) {
		sh->status = shell_run_script(sh, BOOT_SCRIPT);
	}
	heap_free(cmd);
}

static void shell_main(void *arg)
{
	struct shell *sh = arg;

	run_boot_commands(sh);
	shell_interact(sh);
	shell_destroy(sh);
}

/* Another console than the one of the device tree; it is known by now, as all devices are. */
static void choose_console(void)
{
	char name[24];
	struct chardev *cd;

	if (!bootarg("vmm.console", name, sizeof(name)))
		return;
	cd = chardev_find(name);
	if (cd)
		chardev_set_console(cd);
	else
		log_error("vmm.console: there is no character device \"%s\" (chardev list)", name);
}

void shell_start(void)
{
	struct thread *thread;
	struct shell *sh;

	choose_console();
	sh = shell_create(chardev_console());
	thread = sh ? thread_create("shell", shell_main, sh, PRIO_SHELL) : NULL;
	if (!thread) {
		log_error("no memory for the management terminal");
		if (sh)
			shell_destroy(sh);
		return;
	}
	thread->shell = sh;
	thread_detach(thread);
	thread_start(thread);
}
