/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over PCI (Virtual I/O Device 1.2, 4.1), driver side: modern devices, and transitional ones
 * used as such. Selectors are written while the device is probed only, by one thread.
 */
#include "vio.h"

#include <arch/barrier.h>
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/pci.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define VENDOR_VIRTIO	    0x1af4
#define DEVICE_TRANSITIONAL 0x1000 /* to 0x103f */
#define DEVICE_MODERN	    0x1040 /* + type, to 0x107f */
#define NO_VECTOR	    0xffff
#define RESET_NS	    1000000000ull

/* Kinds of structures that capabilities tell of (4.1.4). */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };

enum {
	CAP_TYPE = 3,
	CAP_BAR = 4,
	CAP_OFFSET = 8,
	CAP_LENGTH = 12,
	CAP_NOTIFY_MULTIPLIER = 16,
};

/* Common structure (4.1.4.3). */
enum {
	COMMON_FEATURES_SEL = 0,
	COMMON_FEATURES = 4,
	COMMON_DRIVER_FEATURES_SEL = 8,
	COMMON_DRIVER_FEATURES = 12,
	COMMON_MSIX = 16,
	COMMON_STATUS = 20,
	COMMON_GENERATION = 21,
	COMMON_QUEUE_SEL = 22,
	COMMON_QUEUE_SIZE = 24,
	COMMON_QUEUE_MSIX = 26,
	COMMON_QUEUE_ENABLE = 28,
	COMMON_QUEUE_NOTIFY = 30,
	COMMON_QUEUE_DESC = 32,
	COMMON_QUEUE_DRIVER = 40,
	COMMON_QUEUE_DEVICE = 48,
	COMMON_SIZE = 56,
};

struct region {
	uint8_t *at;
	uint32_t size;
};

struct vio_pci {
	struct vio_dev vd;
	struct pci_dev *pci;
	struct region common, isr, config, doorbells;
	uint32_t multiplier;
	int vectors;
	bool own_vectors;	/* one for configuration, one for each ring */
};

static struct vio_pci *of(struct vio_dev *vd)
{
	return container_of(vd, struct vio_pci, vd);
}

static uint8_t *common(struct vio_dev *vd, unsigned reg)
{
	return of(vd)->common.at + reg;
}

static uint8_t get_status(struct vio_dev *vd)
{
	return mmio_read8(common(vd, COMMON_STATUS));
}

static void set_status(struct vio_dev *vd, uint8_t status)
{
	uint64_t limit = time_now() + RESET_NS;

	/* what it is to see of memory is there before DRIVER_OK */
	arch_wmb();
	mmio_write8(common(vd, COMMON_STATUS), status);
	while (!status && get_status(vd)) {
		if (time_now() > limit) {
			log_error("%s: the virtio device does not end its reset", vd->name);
			return;
		}
		arch_relax();
	}
}

static uint64_t get_features(struct vio_dev *vd)
{
	uint64_t features;

	mmio_write32(common(vd, COMMON_FEATURES_SEL), 1);
	features = (uint64_t)mmio_read32(common(vd, COMMON_FEATURES)) << 32;
	mmio_write32(common(vd, COMMON_FEATURES_SEL), 0);
	return features | mmio_read32(common(vd, COMMON_FEATURES));
}

static void set_features(struct vio_dev *vd, uint64_t features)
{
	mmio_write32(common(vd, COMMON_DRIVER_FEATURES_SEL), 1);
	mmio_write32(common(vd, COMMON_DRIVER_FEATURES), (uint32_t)(features >> 32));
	mmio_write32(common(vd, COMMON_DRIVER_FEATURES_SEL), 0);
	mmio_write32(common(vd, COMMON_DRIVER_FEATURES), (uint32_t)features);
}

/* What a device has left out at the end of its configuration reads as zeros. */
static uint32_t config_read(struct vio_dev *vd, unsigned offset, unsigned width)
{
	const struct region *config = &of(vd)->config;

	if (offset + width > config->size)
		return 0;
	return width == 1 ? mmio_read8(config->at + offset) :
	       width == 2 ? mmio_read16(config->at + offset) : mmio_read32(config->at + offset);
}

static uint32_t config_generation(struct vio_dev *vd)
{
	return mmio_read8(common(vd, COMMON_GENERATION));
}

static uint16_t queue_max(struct vio_dev *vd, unsigned index)
{
	mmio_write16(common(vd, COMMON_QUEUE_SEL), (uint16_t)index);
	if (mmio_read16(common(vd, COMMON_QUEUE_ENABLE)))
		return 0;
	return MIN_T(uint16_t, mmio_read16(common(vd, COMMON_QUEUE_SIZE)), 32768);
}

/* --- interrupts ---------------------------------------------------------------------------- */

/* By line or by one message: the device tells what it is. Reading that takes it back. */
static void interrupt(void *arg)
{
	struct vio_dev *vd = arg;
	uint32_t causes = of(vd)->pci->irq_kind == PCI_IRQ_MSIX ? VIO_INT_RING | VIO_INT_CONFIG :
								  mmio_read8(of(vd)->isr.at);

	arch_mb();
	if (causes)
		vio_interrupt(vd, causes);
}

static void config_interrupt(void *arg)
{
	vio_interrupt(arg, VIO_INT_CONFIG);
}

static void ring_interrupt(void *arg)
{
	struct vring *vr = arg;

	vr->callback(vr);
}

static void irqs_free(struct vio_dev *vd)
{
	pci_irqs_free(of(vd)->pci);
}

static int irqs_claim(struct vio_dev *vd)
{
	struct vio_pci *vp = of(vd);
	const char *name = vd->driver->name;
	unsigned i, n = vd->nr_rings + 1;
	int err;

	vp->vectors = pci_irqs_alloc(vp->pci, n);
	if (vp->vectors < 0)
		return vp->vectors;
	vp->own_vectors = vp->pci->irq_kind == PCI_IRQ_MSIX && (unsigned)vp->vectors == n;
	err = pci_irq_request(vp->pci, 0, name, vp->own_vectors ? config_interrupt : interrupt, vd);
	for (i = 0; i < vd->nr_rings && vp->own_vectors && !err; i++)
		if (vd->rings[i].callback)
			err = pci_irq_request(vp->pci, i + 1, name, ring_interrupt, &vd->rings[i]);
	if (err) {
		irqs_free(vd);
		return err;
	}
	if (vp->pci->irq_kind == PCI_IRQ_MSIX)
		mmio_write16(common(vd, COMMON_MSIX), 0);
	return 0;
}

/* --- rings ---------------------------------------------------------------------------------- */

static void write_address(struct vio_dev *vd, unsigned reg, const void *va)
{
	hpa_t pa = mem_va_to_hpa(va);

	mmio_write32(common(vd, reg), (uint32_t)pa);
	mmio_write32(common(vd, reg + 4), (uint32_t)(pa >> 32));
}

static int queue_enable(struct vio_dev *vd, struct vring *vr)
{
	struct vio_pci *vp = of(vd);
	uint16_t vector = !vr->callback ? NO_VECTOR :
			  vp->own_vectors ? (uint16_t)(vr->index + 1) : 0;
	uint64_t doorbell;

	mmio_write16(common(vd, COMMON_QUEUE_SEL), vr->index);
	doorbell = (uint64_t)mmio_read16(common(vd, COMMON_QUEUE_NOTIFY)) * vp->multiplier;
	if (doorbell + 2 > vp->doorbells.size) {
		log_error("%s: the virtio device has no place to notify queue %u", vd->name,
			  vr->index);
		return -ENXIO;
	}
	vr->priv = vp->doorbells.at + doorbell;
	mmio_write16(common(vd, COMMON_QUEUE_SIZE), vr->num);
	if (vp->pci->irq_kind == PCI_IRQ_MSIX) {
		mmio_write16(common(vd, COMMON_QUEUE_MSIX), vector);
		if (mmio_read16(common(vd, COMMON_QUEUE_MSIX)) != vector)
			return -ENOSPC;
	}
	write_address(vd, COMMON_QUEUE_DESC, vr->desc);
	write_address(vd, COMMON_QUEUE_DRIVER, vr->avail);
	write_address(vd, COMMON_QUEUE_DEVICE, vr->used);
	arch_wmb();
	mmio_write16(common(vd, COMMON_QUEUE_ENABLE), 1);
	return 0;
}

static void notify(struct vio_dev *vd, struct vring *vr)
{
	mmio_write16(vr->priv, vr->index);
}

static const struct vio_transport transport = {
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.config_read = config_read,
	.config_generation = config_generation,
	.queue_max = queue_max,
	.irqs_claim = irqs_claim,
	.irqs_free = irqs_free,
	.queue_enable = queue_enable,
	.notify = notify,
};

/* --- probe ---------------------------------------------------------------------------------- */

/* The first structure of a kind that can be mapped (4.1.4.1). @return its capability, 0: none */
static unsigned map_region(struct vio_pci *vp, uint8_t type, uint32_t least, struct region *out)
{
	struct pci_dev *pci = vp->pci;
	unsigned cap, bar;

	for (cap = pci_find_cap(pci, PCI_CAP_VENDOR, 0); cap;
	     cap = pci_find_cap(pci, PCI_CAP_VENDOR, cap)) {
		bar = pci_read8(pci, cap + CAP_BAR);
		if (pci_read8(pci, cap + CAP_TYPE) != type || bar >= PCI_BARS)
			continue;
		out->size = pci_read32(pci, cap + CAP_LENGTH);
		if (out->size < least)
			continue;
		out->at = pci_map_bar(pci, bar, pci_read32(pci, cap + CAP_OFFSET), out->size);
		if (out->at)
			return cap;
	}
	out->size = 0;
	return 0;
}

static void unmap_region(struct region *r)
{
	if (r->at)
		mem_unmap_device(r->at, r->size);
	r->at = NULL;
}

static int map_regions(struct vio_pci *vp)
{
	unsigned cap;

	if (!map_region(vp, CAP_COMMON, COMMON_SIZE, &vp->common)) {
		log_error("%s: this virtio device has the legacy interface only, which is not "
			  "supported; remove \"disable-modern=on\" from QEMU's command line",
			  vp->vd.name);
		return -ENODEV;
	}
	cap = map_region(vp, CAP_NOTIFY, 2, &vp->doorbells);
	if (!cap || !map_region(vp, CAP_ISR, 1, &vp->isr)) {
		log_error("%s: the virtio device lacks structures that it has to have",
			  vp->vd.name);
		return -ENODEV;
	}
	vp->multiplier = pci_read32(vp->pci, cap + CAP_NOTIFY_MULTIPLIER);
	(void)map_region(vp, CAP_DEVICE, 1, &vp->config);
	return 0;
}

static int virtio_pci_probe(struct pci_dev *pci, const struct pci_match *match)
{
	struct vio_pci *vp;
	int err;

	if (pci->device < DEVICE_TRANSITIONAL || pci->device >= DEVICE_MODERN + 0x40)
		return -ENODEV;
	vp = heap_zalloc(sizeof(*vp));
	if (!vp)
		return -ENOMEM;
	vp->vd.ops = &transport;
	vp->vd.coherent = pci->host->coherent;
	vp->vd.type = pci->device >= DEVICE_MODERN ? pci->device - DEVICE_MODERN :
						     pci_read16(pci, PCI_SUBSYSTEM_ID);
	vp->pci = pci;
	strlcpy(vp->vd.name, pci->name, sizeof(vp->vd.name));
	err = map_regions(vp);
	if (!err) {
		pci_enable(pci);
		err = vio_register(&vp->vd);
	}
	if (!err) {
		pci->priv = vp;
		return 0;
	}
	pci_disable(pci);
	unmap_region(&vp->common);
	unmap_region(&vp->isr);
	unmap_region(&vp->config);
	unmap_region(&vp->doorbells);
	heap_free(vp);
	return err;
}

static const struct pci_match virtio_pci_match[] = {
	{ VENDOR_VIRTIO, PCI_ANY, NULL },
	{ 0, 0, NULL },
};

PCI_DRIVER(virtio_pci) {
	.name = "virtio-pci",
	.match = virtio_pci_match,
	.probe = virtio_pci_probe,
};
