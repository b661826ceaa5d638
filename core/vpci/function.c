/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of functions on a guest's PCI bus: their header, BARs and capabilities as the emulator
 * declares them, and the list of the bus. The list changes only while the guest is made or
 * removed, when no vCPU runs.
 */
#include "vpci_priv.h"

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define HEADER_MULTI 0x80

void vpci_bus_init(struct vpci_bus *bus, struct guest *guest)
{
	memset(bus, 0, sizeof(*bus));
	bus->guest = guest;
	mutex_init(&bus->lock);
	spin_init(&bus->line_lock);
	list_init(&bus->functions);
	for (unsigned i = 0; i < ARRAY_SIZE(bus->irqs); i++)
		bus->irqs[i] = -1;
}

void vpci_function_init(struct vpci_function *fn, struct emu_dev *dev,
			const struct vpci_function_ops *ops, const struct vpci_ids *ids)
{
	uint8_t *c = fn->config;

	memset(fn, 0, sizeof(*fn));
	list_init(&fn->link);
	spin_init(&fn->lock);
	fn->dev = dev;
	fn->ops = ops;
	fn->cap_end = PCI_HEADER_END;
	for (unsigned i = 0; i < VPCI_BARS; i++) {
		fn->bars[i].fn = fn;
		fn->bars[i].index = (uint8_t)i;
		fn->bars[i].at = VPCI_NOWHERE;
	}
	put_le16(c + PCI_VENDOR_ID, ids->vendor);
	put_le16(c + PCI_DEVICE_ID, ids->device);
	put_le32(c + PCI_REVISION, ids->class_code << 8 | ids->revision);
	put_le16(c + PCI_SUBVENDOR_ID, ids->subvendor);
	put_le16(c + PCI_SUBDEVICE_ID, ids->subdevice);
	c[PCI_INTERRUPT_PIN] = ids->pin;
	put_le16(fn->writable + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
						     PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	fn->writable[PCI_CACHE_LINE] = 0xff;
	fn->writable[PCI_INTERRUPT_LINE] = 0xff;
}

void vpci_bar_init(struct vpci_function *fn, unsigned bar, uint64_t size, unsigned flags)
{
	struct vpci_bar *b = &fn->bars[bar];
	unsigned at = PCI_BAR0 + 4 * bar;

	b->size = size;
	b->flags = (uint8_t)flags;
	put_le32(fn->config + at, flags);
	put_le32(fn->writable + at, (uint32_t)~(size - 1));
	if (flags & VPCI_BAR_MEM64)
		put_le32(fn->writable + at + 4, (uint32_t)(~(size - 1) >> 32));
}

int vpci_capability_add(struct vpci_function *fn, uint8_t id, const void *data, unsigned len)
{
	unsigned at = fn->cap_end, end = ALIGN_UP(at + 2 + len, 4u);

	if (len > VPCI_CONFIG || end > VPCI_CONFIG)
		return -ENOSPC;
	fn->config[at] = id;
	if (data)
		memcpy(fn->config + at + 2, data, len);
	fn->config[fn->cap_last ? fn->cap_last + 1u : PCI_CAPABILITIES] = (uint8_t)at;
	fn->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
	fn->cap_last = (uint8_t)at;
	fn->cap_end = (uint16_t)end;
	return (int)at;
}

/* --- the bus --------------------------------------------------------------------------- */

struct vpci_function *vpci_find(struct vpci_bus *bus, unsigned devfn)
{
	struct vpci_function *fn;

	list_for_each_entry(fn, &bus->functions, link)
		if (fn->devfn == devfn)
			return fn;
	return NULL;
}

static bool slot_used(struct vpci_bus *bus, unsigned slot)
{
	struct vpci_function *fn;

	list_for_each_entry(fn, &bus->functions, link)
		if (fn->devfn >> 3 == slot)
			return true;
	return false;
}

/** @return the place that the node asks for, or the first free slot; negative errno, said */
static int choose_devfn(struct vpci_bus *bus, const struct vpci_function *fn)
{
	uint32_t slot, function = 0;

	if (!dt_u32(fn->dev->node, "slot", 0, &slot)) {
		if (dt_u32(fn->dev->node, "slot", 1, &function))
			function = 0;
		if (slot >= VPCI_SLOTS || function > 7)
			return emu_fail(fn->dev, -EINVAL, "slot %u, function %u: a PCI bus has "
					"slots 0 to 31 of functions 0 to 7", slot, function);
		if (!vpci_find(bus, slot << 3 | function))
			return (int)(slot << 3 | function);
		return emu_fail(fn->dev, -EBUSY, "slot %u, function %u of the PCI bus is taken "
				"by %s", slot, function,
				vpci_find(bus, slot << 3 | function)->dev->name);
	}
	for (slot = 0; slot < VPCI_SLOTS; slot++)
		if (!slot_used(bus, slot))
			return (int)(slot << 3);
	return emu_fail(fn->dev, -ENOSPC, "all %u slots of the PCI bus are taken", VPCI_SLOTS);
}

int vpci_function_add(struct vpci_function *fn)
{
	struct vpci_bus *bus = fn->dev->parent ? fn->dev->parent->bus : fn->dev->bus;
	struct vpci_function *at, *first;
	int devfn;

	if (!bus)
		return emu_fail(fn->dev, -ENODEV, "there is no PCI bus; the node belongs below "
				"that of a PCI host");
	devfn = choose_devfn(bus, fn);
	if (devfn < 0)
		return devfn;
	fn->devfn = (uint8_t)devfn;
	fn->bus = bus;
	list_for_each_entry(at, &bus->functions, link)
		if (at->devfn > devfn)
			break;
	list_add_before(&at->link, &fn->link);
	/* One with several functions says so in the first of them. */
	first = vpci_find(bus, devfn & ~7u);
	list_for_each_entry(at, &bus->functions, link)
		if (first && at->devfn >> 3 == devfn >> 3 && at->devfn & 7)
			first->config[PCI_HEADER_TYPE] |= HEADER_MULTI;
	return 0;
}

void vpci_function_remove(struct vpci_function *fn)
{
	if (fn->bus) {
		vpci_function_reset(fn);
		list_del(&fn->link);
		memset(fn->bus->hints, 0, sizeof(fn->bus->hints));
		fn->bus = NULL;
	}
	vpci_msix_free(fn);
}

void vpci_function_reset(struct vpci_function *fn)
{
	vpci_intx_set(fn, false);
	mutex_lock(&fn->bus->lock);
	for (unsigned i = 0; i < VPCI_CONFIG; i++)
		fn->config[i] &= (uint8_t)~fn->writable[i];
	vpci_msix_reset(fn);
	vpci_config_changed(fn);
	mutex_unlock(&fn->bus->lock);
}
