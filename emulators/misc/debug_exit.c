/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port by which a test program ends itself, as QEMU's isa-debug-exit: what is written is its
 * result, 0 for success. No state.
 */
#include <core/emu.h>

static enum emu_result exit_access(struct emu_dev *dev, struct emu_access *acc)
{
	if (!acc->is_write) {
		acc->value = 0;
		return EMU_OK;
	}
	guest_end(dev->guest, acc->value ? GUEST_EXIT_CRASH : GUEST_EXIT_OFF,
		  "ended itself with %llu at its debug port", (unsigned long long)acc->value);
	return EMU_OK;
}

static int exit_probe(struct emu_dev *dev)
{
	return 0;
}

static const struct dt_match matches[] = {
	{ "isa-debug-exit", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(debug_exit) {
	.name = "debug-exit",
	.match = matches,
	.props = props,
	.probe = exit_probe,
	.access = exit_access,
};
