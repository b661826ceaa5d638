/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space of a guest's PCI functions. It is bytes with a mask of what can be written;
 * an access of any width and alignment is served byte by byte within its function's 256 bytes.
 * bus->lock guards it.
 */
#include "vpci_priv.h"

#define ECAM_BUS_SHIFT	 20
#define ECAM_DEVFN_SHIFT 12

void vpci_config_changed(struct vpci_function *fn)
{
	vpci_bars_update(fn);
	vpci_msix_update(fn);
	vpci_intx_update(fn);
}

static uint64_t config_read(struct vpci_function *fn, unsigned offset, unsigned n)
{
	uint64_t value = 0;

	if (offset < PCI_STATUS + 2 && offset + n > PCI_STATUS) {
		fn->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTERRUPT;
		if (READ_ONCE(fn->intx))
			fn->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	}
	if (fn->ops->config_read)
		fn->ops->config_read(fn, offset, n);
	for (unsigned i = 0; i < n; i++)
		value |= (uint64_t)fn->config[offset + i] << 8 * i;
	return value;
}

static void config_write(struct vpci_function *fn, unsigned offset, unsigned n, uint64_t value)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t mask = fn->writable[offset + i];
		uint8_t *byte = &fn->config[offset + i];

		WRITE_ONCE(*byte, (uint8_t)((*byte & ~mask) | (value >> 8 * i & mask)));
	}
	if (offset < PCI_HEADER_END || vpci_msix_owns(fn, offset) ||
	    vpci_msix_owns(fn, offset + n - 1))
		vpci_config_changed(fn);
	if (offset + n > PCI_HEADER_END && fn->ops->config_written)
		fn->ops->config_written(fn, offset, n);
}

void vpci_config_access(struct vpci_bus *bus, uint64_t offset, struct emu_access *acc)
{
	unsigned at = offset & (BIT32(ECAM_DEVFN_SHIFT) - 1);
	unsigned devfn = offset >> ECAM_DEVFN_SHIFT & 0xff;
	struct vpci_function *fn = NULL;

	if (!(offset >> ECAM_BUS_SHIFT) && at < VPCI_CONFIG && acc->size <= VPCI_CONFIG - at)
		fn = vpci_find(bus, devfn);
	if (!fn) {
		/* As without an answer from the bus. */
		if (!acc->is_write)
			acc->value = ~0ull >> (64 - 8 * acc->size);
		return;
	}
	mutex_lock(&bus->lock);
	if (acc->is_write)
		config_write(fn, at, acc->size, acc->value);
	else
		acc->value = config_read(fn, at, acc->size);
	mutex_unlock(&bus->lock);
}
