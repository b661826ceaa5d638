/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The eight ports by which a PC reaches PCI configuration space (PCI Local Bus 3.0, 3.2.2.3.2): an
 * address at 0, data at 4; and, between them, the port that resets the machine (0xcf9). The bus is
 * that of the guest's PCI host bridge, which has memory for the same.
 *
 * The address is one word, so that two vCPUs which use it without a lock of theirs harm themselves
 * only.
 */
#include <core/vpci.h>

#include <core/guest.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>

enum { ADDRESS = 0, RESET = 1, DATA = 4 };

#define ADDRESS_ENABLE BIT32(31)
#define ADDRESS_BITS   0x80fffffcu
#define RESET_SYSTEM   0x02 /* and the CPU's at the change of */
#define RESET_CPU      0x04

struct cf8 {
	struct vpci_bus *bus;
	uint32_t address;
	uint8_t reset;
};

static enum emu_result access_data(struct cf8 *s, struct emu_access *acc)
{
	uint32_t address = READ_ONCE(s->address);
	struct emu_access config = *acc;

	if (!(address & ADDRESS_ENABLE)) {
		acc->value = ~0ull >> (64 - 8 * acc->size);
		return EMU_OK;
	}
	/* Bus, device and function are 4 bits higher in memory. */
	config.offset = (uint64_t)(address & 0xffff00) << 4 | (address & 0xfc) |
			(acc->offset & 3);
	vpci_config_access(s->bus, config.offset, &config);
	acc->value = config.value;
	return EMU_OK;
}

static void write_reset(struct emu_dev *dev, uint8_t value)
{
	struct cf8 *s = dev->priv;
	bool rises = value & ~s->reset & RESET_CPU;

	s->reset = value & (RESET_SYSTEM | RESET_CPU | 8);
	if (rises)
		guest_request_reset(dev->guest);
}

static enum emu_result cf8_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct cf8 *s = dev->priv;

	if (acc->offset >= DATA)
		return acc->size <= 4 && (acc->offset & 3) + acc->size <= 4 ? access_data(s, acc)
									    : EMU_WIDTH;
	if (acc->offset == ADDRESS && acc->size == 4) {
		if (acc->is_write)
			WRITE_ONCE(s->address, (uint32_t)acc->value & ADDRESS_BITS);
		else
			acc->value = READ_ONCE(s->address);
		return EMU_OK;
	}
	if (acc->offset == RESET && acc->size == 1) {
		if (acc->is_write)
			write_reset(dev, (uint8_t)acc->value);
		else
			acc->value = s->reset;
		return EMU_OK;
	}
	return EMU_WIDTH;
}

static void cf8_reset(struct emu_dev *dev)
{
	struct cf8 *s = dev->priv;

	s->address = 0;
	s->reset = 0;
}

static int cf8_probe(struct emu_dev *dev)
{
	dev->priv = heap_zalloc(sizeof(struct cf8));
	return dev->priv ? 0 : -ENOMEM;
}

static int cf8_ready(struct emu_dev *dev)
{
	struct cf8 *s = dev->priv;
	struct emu_dev *host;

	list_for_each_entry(host, &dev->guest->devices, link) {
		if (!host->parent && host->emu->bus && !strcmp(host->emu->bus, VPCI_BUS)) {
			s->bus = host->bus;
			return 0;
		}
	}
	return emu_fail(dev, -ENOENT, "there is no PCI host; these ports need the region with "
			"compatible \"pci-host-ecam-generic\"");
}

static void cf8_remove(struct emu_dev *dev)
{
	heap_free(dev->priv);
	dev->priv = NULL;
}

static void cf8_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct cf8 *s = dev->priv;

	out_printf(out, "address 0x%08x\n", s->address);
}

static const struct dt_match matches[] = {
	{ "pci-host-cf8", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(pci_cf8) {
	.name = "pci-cf8",
	.match = matches,
	.props = props,
	.probe = cf8_probe,
	.remove = cf8_remove,
	.reset = cf8_reset,
	.ready = cf8_ready,
	.access = cf8_access,
	.show = cf8_show,
};
