/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI host bridge whose configuration space is in memory (PCI Express, 7.2.2: ECAM), and the
 * windows through which its guest reaches what is on the bus:
 *
 *   pci-host-ecam-generic   configuration space; `interrupts` are the lines INTA to INTD; nodes
 *                           below are the functions on bus 0, the only one
 *   pci-host-i440fx         the same with the IDs of a PC
 *   pci-window              memory space, at the guest's own addresses
 *   pci-io-window           I/O space from 0 on; of a region of ports, at their numbers
 *
 * `pci_host` names a window's bridge where there are several.
 *
 * The bus itself is core/vpci's; nothing here has a lock.
 */
#include <core/vpci.h>

#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>

#define ECAM_BUS_SIZE 0x100000u
#define CLASS_HOST_BRIDGE 0x060000
/* Registers of the 82441FX: what is at each address below 1 MiB. */
enum { PAM = 0x59, SMRAM = 0x72 };

struct pci_host {
	struct vpci_bus bus;
	struct vpci_function bridge; /* 00:00.0 */
};

/* --- host bridge ----------------------------------------------------------------------- */

static enum emu_result bridge_access(struct emu_dev *dev, struct emu_access *acc)
{
	vpci_config_access(dev->bus, acc->offset, acc);
	return EMU_OK;
}

static const struct vpci_function_ops bridge_fn_ops = { 0 };

/* The generic bridge of QEMU's machines: so named by firmware and lists of devices. */
static const struct vpci_ids bridge_ids = {
	.vendor = 0x1b36,
	.device = 0x0008,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class_code = CLASS_HOST_BRIDGE,
};

/* That of a PC by Intel's 82441FX, which firmware for PCs wants. */
static const struct vpci_ids i440fx_ids = {
	.vendor = 0x8086,
	.device = 0x1237,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class_code = CLASS_HOST_BRIDGE,
	.revision = 2,
};

static int bridge_probe(struct emu_dev *dev)
{
	struct pci_host *host = heap_zalloc(sizeof(*host));
	int err;

	if (!host)
		return -ENOMEM;
	vpci_bus_init(&host->bus, dev->guest);
	for (unsigned i = 0; i < ARRAY_SIZE(host->bus.irqs); i++) {
		int irq = emu_irq(dev, i);

		if (irq == -ERANGE) {
			heap_free(host);
			return irq;
		}
		host->bus.irqs[i] = irq;
	}
	dev->priv = host;
	dev->bus = &host->bus;
	vpci_function_init(&host->bridge, dev, &bridge_fn_ops, dev->match_data);
	/* What firmware sets of the memory below 1 MiB, which is RAM and stays so. */
	if (dev->match_data == &i440fx_ids)
		memset(host->bridge.writable + PAM, 0xff, SMRAM + 1 - PAM);
	err = vpci_function_add(&host->bridge);
	if (err) {
		dev->bus = NULL;
		heap_free(host);
	}
	return err;
}

static void bridge_remove(struct emu_dev *dev)
{
	struct pci_host *host = dev->priv;

	vpci_function_remove(&host->bridge);
	dev->bus = NULL;
	heap_free(host);
}

static void bridge_reset(struct emu_dev *dev)
{
	struct pci_host *host = dev->priv;

	vpci_function_reset(&host->bridge);
}

static unsigned bridge_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint64_t size;

	if (dt_u64(node, "physical_size", &size) || size >= ECAM_BUS_SIZE)
		return 0;
	out_printf(out, "%s: physical_size is 0x%llx: the configuration space of a bus has 0x%x "
		   "bytes.\n", path, (unsigned long long)size, ECAM_BUS_SIZE);
	return 1;
}

static void show_function(const struct vpci_function *fn, struct shell_out *out)
{
	const uint8_t *c = fn->config;

	out_printf(out, "00:%02x.%u %02x%02x:%02x%02x class %02x%02x, command 0x%02x%02x",
		   fn->devfn >> 3, fn->devfn & 7, c[PCI_VENDOR_ID + 1], c[PCI_VENDOR_ID],
		   c[PCI_DEVICE_ID + 1], c[PCI_DEVICE_ID], c[PCI_CLASS + 2], c[PCI_CLASS + 1],
		   c[PCI_COMMAND + 1], c[PCI_COMMAND]);
	if (fn->vectors)
		out_printf(out, ", MSI-X of %u %s", fn->vectors, fn->msix_on ? "in use" : "off");
	out_printf(out, ", %s\n", fn->dev->parent ? fn->dev->node->name : "host bridge");
	for (unsigned i = 0; i < VPCI_BARS; i++) {
		const struct vpci_bar *b = &fn->bars[i];

		if (b->size && b->at != VPCI_NOWHERE)
			out_printf(out, "  BAR %u: %s 0x%llx, 0x%llx bytes%s\n", i,
				   b->flags & VPCI_BAR_IO ? "I/O" : "memory",
				   (unsigned long long)b->at, (unsigned long long)b->size,
				   b->alone ? "" : ", in part behind another");
	}
}

static void bridge_show(struct emu_dev *dev, struct shell_out *out)
{
	struct vpci_bus *bus = dev->bus;
	const struct vpci_function *fn;

	list_for_each_entry(fn, &bus->functions, link)
		show_function(fn, out);
}

static const struct dt_match bridge_matches[] = {
	{ "pci-host-ecam-generic", &bridge_ids },
	{ "pci-host-i440fx", &i440fx_ids },
	{ NULL, NULL },
};

static const char *const bridge_props[] = { NULL };

EMULATOR(pci_host) {
	.name = "pci-host",
	.match = bridge_matches,
	.check = bridge_check,
	.props = bridge_props,
	.probe = bridge_probe,
	.remove = bridge_remove,
	.reset = bridge_reset,
	.access = bridge_access,
	.show = bridge_show,
	.bus = VPCI_BUS,
};

/* --- windows --------------------------------------------------------------------------- */

static enum emu_result window_access(struct emu_dev *dev, struct emu_access *acc)
{
	bool io = dev->match_data;

	/* Ports have the numbers that they have on the bus. */
	if (!io || dev->region->flags & REGION_IO)
		return vpci_space_access(dev->priv, io, acc->offset + dev->region->gpa, acc);
	return vpci_space_access(dev->priv, io, acc->offset, acc);
}

static int window_probe(struct emu_dev *dev)
{
	return 0;
}

static void window_remove(struct emu_dev *dev)
{
}

/* The bridge may be at a higher address, so it is looked for when all devices are there. */
static int window_ready(struct emu_dev *dev)
{
	const char *name = dt_string(dev->node, "pci_host", 0);
	struct emu_dev *host;

	list_for_each_entry(host, &dev->guest->devices, link) {
		if (host->parent || !host->emu->bus || strcmp(host->emu->bus, VPCI_BUS) ||
		    (name && strcmp(name, host->node->name)))
			continue;
		dev->priv = host->bus;
		return 0;
	}
	return emu_fail(dev, -ENOENT, "there is no PCI host%s%s; a window needs the region with "
			"compatible \"pci-host-ecam-generic\"", name ? " " : "", name ? name : "");
}

static const struct dt_match window_matches[] = {
	{ "pci-window", NULL },
	{ "pci-io-window", "io" },
	{ NULL, NULL },
};

static const char *const window_props[] = { "pci_host", NULL };

EMULATOR(pci_window) {
	.name = "pci-window",
	.match = window_matches,
	.props = window_props,
	.probe = window_probe,
	.remove = window_remove,
	.ready = window_ready,
	.access = window_access,
};
