/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A region that reads as zero and ignores writes, in the place of a device that a guest touches but
 * does not need. No state.
 */
#include <core/emu.h>

static enum emu_result zero_access(struct emu_dev *dev, struct emu_access *acc)
{
	if (!acc->is_write)
		acc->value = 0;
	return EMU_OK;
}

static int zero_probe(struct emu_dev *dev)
{
	return 0;
}

static void zero_nothing(struct emu_dev *dev)
{
}

static const struct dt_match matches[] = {
	{ "zero", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(zero) {
	.name = "zero",
	.match = matches,
	.props = props,
	.probe = zero_probe,
	.remove = zero_nothing,
	.reset = zero_nothing,
	.access = zero_access,
};
