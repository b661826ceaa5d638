/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI host bridges whose configuration space is memory as PCI Express has it (ECAM: 4 KiB for each
 * function) and which firmware has set up. A bus's part is mapped when it is first looked at;
 * that, as all of PCI, is one thread's at boot.
 */
#include <arch/mmio.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/pci.h>
#include <libs/errno.h>

#define BUS_BYTES MIB

struct ecam {
	struct pci_host host;
	hpa_t pa;
	unsigned together;	/* buses that are mapped at once: as many as a block has, or one */
	uint8_t *buses[];	/* from host.first_bus on */
};

static void map_bus(struct ecam *ecam, unsigned n)
{
	unsigned first = ALIGN_DOWN(n, ecam->together), i;
	uint8_t *va = mem_map_device(ecam->pa + first * BUS_BYTES, ecam->together * BUS_BYTES);

	for (i = 0; va && i < ecam->together; i++)
		ecam->buses[first + i] = va + i * BUS_BYTES;
}

static uint8_t *where(struct pci_host *host, uint16_t bdf, unsigned reg)
{
	struct ecam *ecam = container_of(host, struct ecam, host);
	unsigned n = (bdf >> 8) - host->first_bus;

	if (bdf >> 8 < host->first_bus || bdf >> 8 > host->last_bus || reg >= 4096)
		return NULL;
	if (!ecam->buses[n])
		map_bus(ecam, n);
	return ecam->buses[n] ? ecam->buses[n] + ((bdf & 0xffu) << 12) + reg : NULL;
}

static uint32_t ecam_read(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width)
{
	const uint8_t *at = where(host, bdf, reg);

	if (!at)
		return UINT32_MAX;
	return width == 1 ? mmio_read8(at) : width == 2 ? mmio_read16(at) : mmio_read32(at);
}

static void ecam_write(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width,
		       uint32_t value)
{
	uint8_t *at = where(host, bdf, reg);

	if (!at)
		return;
	if (width == 1)
		mmio_write8(at, (uint8_t)value);
	else if (width == 2)
		mmio_write16(at, (uint16_t)value);
	else
		mmio_write32(at, value);
}

static const struct pci_host_ops ecam_ops = { ecam_read, ecam_write };

static int ecam_probe(struct device *dev)
{
	uint64_t pa, size, buses;
	uint32_t first, last;
	struct ecam *ecam;
	char path[96];
	int err = dt_reg(dev->node, 0, &pa, &size);

	if (err)
		return err;
	dt_path(dev->node, path, sizeof(path));
	if (dt_u32(dev->node, "bus-range", 0, &first) || dt_u32(dev->node, "bus-range", 1, &last)) {
		first = 0;
		last = 255;
	}
	buses = size / BUS_BYTES;
	if (first > 255 || last > 255 || last < first || !buses) {
		log_error("%s: bus-range %u ... %u of a PCI host bridge with room for %u buses",
			  path, first, last, (unsigned)buses);
		return -EINVAL;
	}
	last = (uint32_t)MIN_T(uint64_t, last, first + buses - 1);
	ecam = heap_zalloc(sizeof(*ecam) + (last - first + 1) * sizeof(ecam->buses[0]));
	if (!ecam)
		return -ENOMEM;
	ecam->pa = pa;
	ecam->together = IS_ALIGNED(pa | (last - first + 1) * BUS_BYTES, BLOCK_SIZE) ?
			 BLOCK_SIZE / BUS_BYTES : 1;
	ecam->host.ops = &ecam_ops;
	ecam->host.node = dev->node;
	ecam->host.first_bus = (uint8_t)first;
	ecam->host.last_bus = (uint8_t)last;
	err = pci_host_register(&ecam->host);
	/* What was found of it before is in the list of functions, and stays. */
	return err;
}

static const struct dt_match ecam_match[] = {
	{ "pci-host-ecam-generic", NULL },
	{ NULL, NULL },
};

DRIVER(pci_ecam) {
	.name = "pci-ecam",
	.class = DRIVER_OTHER,
	.match = ecam_match,
	.probe = ecam_probe,
};
