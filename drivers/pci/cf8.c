/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI host bridge of PCs without PCI Express: configuration space by an address port and a data
 * port (PCI 2.1, mechanism 1). lock guards the pair; only the boot CPU enumerates, drivers come
 * later from any.
 */
#include <arch/pio.h>
#include <core/dt.h>
#include <core/mem.h>
#include <core/pci.h>
#include <core/spinlock.h>
#include <libs/errno.h>

struct cf8 {
	struct pci_host host;
	uint16_t port;
	spinlock_t lock;
};

static uint32_t address_of(uint16_t bdf, unsigned reg)
{
	return 0x80000000u | (uint32_t)bdf << 8 | (reg & 0xfc);
}

static uint32_t cf8_read(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width)
{
	struct cf8 *cf8 = container_of(host, struct cf8, host);
	uint16_t data = (uint16_t)(cf8->port + 4 + (reg & 3));
	unsigned long flags;
	uint32_t v;

	if (reg >= 256)
		return UINT32_MAX;
	flags = spin_lock_irqsave(&cf8->lock);
	pio_write32(cf8->port, address_of(bdf, reg));
	v = width == 1 ? pio_read8(data) : width == 2 ? pio_read16(data) : pio_read32(data);
	spin_unlock_irqrestore(&cf8->lock, flags);
	return v;
}

static void cf8_write(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width,
		      uint32_t value)
{
	struct cf8 *cf8 = container_of(host, struct cf8, host);
	uint16_t data = (uint16_t)(cf8->port + 4 + (reg & 3));
	unsigned long flags;

	if (reg >= 256)
		return;
	flags = spin_lock_irqsave(&cf8->lock);
	pio_write32(cf8->port, address_of(bdf, reg));
	if (width == 1)
		pio_write8(data, (uint8_t)value);
	else if (width == 2)
		pio_write16(data, (uint16_t)value);
	else
		pio_write32(data, value);
	spin_unlock_irqrestore(&cf8->lock, flags);
}

static const struct pci_host_ops cf8_ops = { cf8_read, cf8_write };

static int cf8_probe(struct device *dev)
{
	struct cf8 *cf8;
	uint32_t port;

	if (dt_u32(dev->node, "io-port", 0, &port) || port > 0xfff8)
		return -EINVAL;
	/* Where it is, the address reads back; where it is not, nothing does. */
	pio_write32((uint16_t)port, address_of(0, 0));
	if (pio_read32((uint16_t)port) != address_of(0, 0))
		return -ENODEV;
	cf8 = heap_zalloc(sizeof(*cf8));
	if (!cf8)
		return -ENOMEM;
	cf8->port = (uint16_t)port;
	spin_init(&cf8->lock);
	cf8->host.ops = &cf8_ops;
	cf8->host.node = dev->node;
	cf8->host.last_bus = 255;
	/* What was found of it is in the list of functions, and stays. */
	return pci_host_register(&cf8->host);
}

static const struct dt_match cf8_match[] = {
	{ "pci-host-cf8", NULL },
	{ NULL, NULL },
};

DRIVER(pci_cf8) {
	.name = "pci-cf8",
	.class = DRIVER_OTHER,
	.match = cf8_match,
	.probe = cf8_probe,
};
