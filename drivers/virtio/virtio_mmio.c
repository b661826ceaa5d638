/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over MMIO (Virtual I/O Device 1.2, 4.2), driver side. Selectors (queue, half of the
 * features) are written while the device is probed only, by one thread.
 */
#include "vio.h"

#include <arch/barrier.h>
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/errno.h>

enum {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_FEATURES = 0x010,
	REG_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_MAX = 0x034,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INT_STATUS = 0x060,
	REG_INT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_DRIVER = 0x090,
	REG_QUEUE_DEVICE = 0x0a0,
	REG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

#define MAGIC	       0x74726976 /* "virt" */
#define VERSION_LEGACY 1
#define VERSION_1      2
#define RESET_NS       1000000000ull

struct vio_mmio {
	struct vio_dev vd;
	struct device *dev;
	uint8_t *regs;
	int irq;
};

static struct vio_mmio *of(struct vio_dev *vd)
{
	return container_of(vd, struct vio_mmio, vd);
}

static uint32_t rd(struct vio_dev *vd, unsigned reg)
{
	return mmio_read32(of(vd)->regs + reg);
}

static void wr(struct vio_dev *vd, unsigned reg, uint32_t v)
{
	mmio_write32(of(vd)->regs + reg, v);
}

static uint8_t get_status(struct vio_dev *vd)
{
	return (uint8_t)rd(vd, REG_STATUS);
}

static void set_status(struct vio_dev *vd, uint8_t status)
{
	uint64_t limit = time_now() + RESET_NS;

	/* what it is to see of memory is there before DRIVER_OK */
	arch_wmb();
	wr(vd, REG_STATUS, status);
	while (!status && rd(vd, REG_STATUS)) {
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

	wr(vd, REG_FEATURES_SEL, 1);
	features = (uint64_t)rd(vd, REG_FEATURES) << 32;
	wr(vd, REG_FEATURES_SEL, 0);
	return features | rd(vd, REG_FEATURES);
}

static void set_features(struct vio_dev *vd, uint64_t features)
{
	wr(vd, REG_DRIVER_FEATURES_SEL, 1);
	wr(vd, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
	wr(vd, REG_DRIVER_FEATURES_SEL, 0);
	wr(vd, REG_DRIVER_FEATURES, (uint32_t)features);
}

/* Each field by one access of its own width (4.2.2.2). */
static uint32_t config_read(struct vio_dev *vd, unsigned offset, unsigned width)
{
	const uint8_t *at = of(vd)->regs + REG_CONFIG + offset;

	return width == 1 ? mmio_read8(at) : width == 2 ? mmio_read16(at) : mmio_read32(at);
}

static uint32_t config_generation(struct vio_dev *vd)
{
	return rd(vd, REG_GENERATION);
}

static uint16_t queue_max(struct vio_dev *vd, unsigned index)
{
	wr(vd, REG_QUEUE_SEL, index);
	return rd(vd, REG_QUEUE_READY) ? 0 : (uint16_t)MIN(rd(vd, REG_QUEUE_MAX), 32768u);
}

static void write_address(struct vio_dev *vd, unsigned reg, const void *va)
{
	hpa_t pa = mem_va_to_hpa(va);

	wr(vd, reg, (uint32_t)pa);
	wr(vd, reg + 4, (uint32_t)(pa >> 32));
}

static int queue_enable(struct vio_dev *vd, struct vring *vr)
{
	wr(vd, REG_QUEUE_SEL, vr->index);
	wr(vd, REG_QUEUE_NUM, vr->num);
	write_address(vd, REG_QUEUE_DESC, vr->desc);
	write_address(vd, REG_QUEUE_DRIVER, vr->avail);
	write_address(vd, REG_QUEUE_DEVICE, vr->used);
	arch_wmb();
	wr(vd, REG_QUEUE_READY, 1);
	return 0;
}

static void notify(struct vio_dev *vd, struct vring *vr)
{
	wr(vd, REG_QUEUE_NOTIFY, vr->index);
}

static void interrupt(void *arg)
{
	struct vio_dev *vd = arg;
	uint32_t causes = rd(vd, REG_INT_STATUS);

	wr(vd, REG_INT_ACK, causes);
	/* rings are looked at after the acknowledgement: what comes later interrupts again */
	arch_mb();
	vio_interrupt(vd, causes);
}

static int irqs_claim(struct vio_dev *vd)
{
	struct vio_mmio *vm = of(vd);

	vm->irq = irq_request_node(vm->dev->node, 0, vd->driver->name, interrupt, vd);
	return vm->irq < 0 ? vm->irq : 0;
}

static void irqs_free(struct vio_dev *vd)
{
	if (of(vd)->irq >= 0)
		irq_free((unsigned)of(vd)->irq);
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

/* A slot without a device is nothing to speak of, and there are many. */
static bool is_empty(const uint8_t *regs)
{
	return mmio_read32(regs + REG_MAGIC) == MAGIC && !mmio_read32(regs + REG_DEVICE_ID);
}

/* Is there a device that can be used? */
static int identify(struct vio_mmio *vm)
{
	uint32_t magic = mmio_read32(vm->regs + REG_MAGIC);
	uint32_t version = mmio_read32(vm->regs + REG_VERSION);

	if (magic != MAGIC) {
		log_error("%s: no virtio device: its first register is 0x%x", vm->vd.name, magic);
		return -ENODEV;
	}
	vm->vd.type = mmio_read32(vm->regs + REG_DEVICE_ID);
	if (version == VERSION_1)
		return 0;
	if (version == VERSION_LEGACY)
		log_error("%s: this virtio device (type %u) has the legacy interface, which is not "
			  "supported; add \"-global virtio-mmio.force-legacy=false\" to QEMU's "
			  "command line", vm->vd.name, vm->vd.type);
	else
		log_error("%s: version %u of virtio over MMIO is not known", vm->vd.name, version);
	return -ENODEV;
}

static int virtio_mmio_probe(struct device *dev)
{
	uint8_t *regs = device_map(dev, 0);
	struct vio_mmio *vm = NULL;
	int err = -ENODEV;

	if (!regs)
		return -ENXIO;
	if (is_empty(regs))
		goto err_unmap;
	err = irq_of_node(dev->node, 0, NULL);
	if (err == -EPROBE_DEFER)
		goto err_unmap;
	err = -ENOMEM;
	vm = heap_zalloc(sizeof(*vm));
	if (!vm)
		goto err_unmap;
	vm->vd.ops = &transport;
	vm->vd.coherent = dt_has(dev->node, "dma-coherent");
	vm->dev = dev;
	vm->irq = -1;
	vm->regs = regs;
	dt_path(dev->node, vm->vd.name, sizeof(vm->vd.name));
	err = identify(vm);
	if (!err)
		err = vio_register(&vm->vd);
	if (err)
		goto err_unmap;
	dev->priv = vm;
	return 0;
err_unmap:
	heap_free(vm);
	device_unmap(dev, 0, regs);
	return err;
}

static const struct dt_match virtio_mmio_match[] = {
	{ "virtio,mmio", NULL },
	{ NULL, NULL },
};

DRIVER(virtio_mmio) {
	.name = "virtio-mmio",
	.class = DRIVER_OTHER,
	.match = virtio_mmio_match,
	.probe = virtio_mmio_probe,
};
