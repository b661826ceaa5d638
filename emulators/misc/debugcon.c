/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port for the messages of firmware, as QEMU's isa-debugcon: what is written comes out of a
 * serial port named as the device, reading tells that it is there. No state of its own.
 */
#include <core/emu.h>
#include <core/shell.h>
#include <core/vserial.h>
#include <libs/errno.h>

#define PRESENT 0xe9

/* Nobody reads what is typed here. */
static size_t receive(void *priv, const uint8_t *buf, size_t n)
{
	return n;
}

static enum emu_result debugcon_access(struct emu_dev *dev, struct emu_access *acc)
{
	uint8_t byte = (uint8_t)acc->value;

	if (acc->is_write)
		vserial_output(dev->priv, &byte, 1);
	else
		acc->value = PRESENT;
	return EMU_OK;
}

static int debugcon_probe(struct emu_dev *dev)
{
	dev->priv = vserial_create(dev->guest, dev->node->name, VSERIAL_HISTORY, receive, NULL);
	return dev->priv ? 0 : -ENOMEM;
}

static void debugcon_remove(struct emu_dev *dev)
{
	vserial_destroy(dev->priv);
	dev->priv = NULL;
}

static void debugcon_show(struct emu_dev *dev, struct shell_out *out)
{
	uint64_t sent, got, lost;

	vserial_counts(dev->priv, &sent, &got, &lost);
	out_printf(out, "%s: %llu bytes sent\n", vserial_name(dev->priv),
		   (unsigned long long)sent);
}

static const struct dt_match matches[] = {
	{ "isa-debugcon", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(debugcon) {
	.name = "debugcon",
	.match = matches,
	.props = props,
	.probe = debugcon_probe,
	.remove = debugcon_remove,
	.access = debugcon_access,
	.show = debugcon_show,
};
