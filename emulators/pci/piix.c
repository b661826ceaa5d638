/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What firmware and old systems for PCs look for on the PCI bus beside its host bridge:
 *
 *   intel,piix3      the bridge to ISA devices (82371SB): it takes the lines INTA to INTD to inputs
 *                    of the 8259s, by four registers
 *   intel,piix4-pm   power management (82371AB): tells where ACPI's ports are, `ports`
 *
 * Configuration spaces are core/vpci's, guarded by its lock; there is no other state.
 */
#include <core/vpci.h>

#include <core/mem.h>
#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define CLASS_ISA_BRIDGE   0x060100
#define CLASS_OTHER_BRIDGE 0x068000

/* Registers: routes, with a bit that switches one off; where the ports are, whether they are. */
enum { PIRQ = 0x60, PM_BASE = 0x40, PM_SMI = 0x5b, PM_ENABLE = 0x80 };
#define PM_SMI_DONE 0x02 /* system management is set up: firmware has not to wait for that */
#define PIRQ_OFF   0x80
#define PIRQ_LINES 4u
#define PM_DEFAULT 0x600u

static const struct vpci_ids isa_ids = {
	.vendor = 0x8086,
	.device = 0x7000,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class_code = CLASS_ISA_BRIDGE,
};

static const struct vpci_ids pm_ids = {
	.vendor = 0x8086,
	.device = 0x7113,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class_code = CLASS_OTHER_BRIDGE,
	.revision = 3,
};

/* Register 0 has the line of pin A of slot 1, so they are one behind the lines. */
static void route(struct vpci_function *fn, unsigned offset, unsigned n)
{
	for (unsigned i = 0; i < PIRQ_LINES; i++) {
		uint8_t value = fn->config[PIRQ + i];

		vpci_bus_route(fn->bus, (i + 1) % PIRQ_LINES, value & PIRQ_OFF ? 0 : value & 15);
	}
}

static const struct vpci_function_ops isa_ops = { .config_written = route };
static const struct vpci_function_ops pm_ops = { 0 };

static void piix_remove(struct emu_dev *dev)
{
	struct vpci_function *fn = dev->priv;

	vpci_function_remove(fn);
	heap_free(fn);
	dev->priv = NULL;
}

static void piix_reset(struct emu_dev *dev)
{
	struct vpci_function *fn = dev->priv;

	vpci_function_reset(fn);
	if (dev->match_data == &isa_ids) {
		memset(fn->config + PIRQ, PIRQ_OFF, PIRQ_LINES);
		route(fn, PIRQ, PIRQ_LINES);
	}
}

static int piix_probe(struct emu_dev *dev)
{
	bool isa = dev->match_data == &isa_ids;
	struct vpci_function *fn = heap_alloc(sizeof(*fn));
	int err;

	if (!fn)
		return -ENOMEM;
	vpci_function_init(fn, dev, isa ? &isa_ops : &pm_ops, dev->match_data);
	if (isa) {
		memset(fn->config + PIRQ, PIRQ_OFF, PIRQ_LINES);
		memset(fn->writable + PIRQ, 0xff, PIRQ_LINES);
	} else {
		put_le32(fn->config + PM_BASE, dt_u32_or(dev->node, "ports", PM_DEFAULT) | 1);
		fn->config[PM_SMI] = PM_SMI_DONE;
		fn->config[PM_ENABLE] = 1;
	}
	dev->priv = fn;
	err = vpci_function_add(fn);
	if (err) {
		heap_free(fn);
		dev->priv = NULL;
	}
	return err;
}

static void piix_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct vpci_function *fn = dev->priv;

	if (dev->match_data == &isa_ids)
		out_printf(out, "routes 0x%08x\n", get_le32(fn->config + PIRQ));
}

static const struct dt_match matches[] = {
	{ "intel,piix3", &isa_ids },
	{ "intel,piix4-pm", &pm_ids },
	{ NULL, NULL },
};

static const char *const props[] = { "slot", "ports", NULL };

EMULATOR(piix) {
	.name = "piix",
	.match = matches,
	.props = props,
	.probe = piix_probe,
	.remove = piix_remove,
	.reset = piix_reset,
	.show = piix_show,
	.on = VPCI_BUS,
};
