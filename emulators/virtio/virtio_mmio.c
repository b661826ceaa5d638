/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over memory-mapped registers (Virtual I/O Device 1.2, 4.2), modern devices only. A node
 * without a device (no virtio_type, or one that has nothing behind it) is an empty slot.
 *
 * Selectors are guarded by the device's mutex. The interrupt status has a spin lock of its own, so
 * that the guest's interrupt handler never waits for somebody who configures.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>

#include "virtio.h"

/* Register offsets (4.2.2). */
#define MAGIC_VALUE	    0x000
#define VERSION		    0x004
#define DEVICE_ID	    0x008
#define VENDOR_ID	    0x00c
#define DEVICE_FEATURES	    0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES	    0x020
#define DRIVER_FEATURES_SEL 0x024
#define LEGACY_PAGE_SIZE    0x028
#define QUEUE_SEL	    0x030
#define QUEUE_NUM_MAX	    0x034
#define QUEUE_NUM	    0x038
#define LEGACY_QUEUE_ALIGN  0x03c
#define QUEUE_READY	    0x044
#define QUEUE_NOTIFY	    0x050
#define INTERRUPT_STATUS    0x060
#define INTERRUPT_ACK	    0x064
#define STATUS		    0x070
#define QUEUE_DESC_LOW	    0x080
#define QUEUE_DESC_HIGH	    0x084
#define QUEUE_DRIVER_LOW    0x090
#define QUEUE_DRIVER_HIGH   0x094
#define QUEUE_DEVICE_LOW    0x0a0
#define QUEUE_DEVICE_HIGH   0x0a4
#define SHM_SEL		    0x0ac
#define SHM_LEN_LOW	    0x0b0
#define QUEUE_RESET	    0x0c0
#define CONFIG_GENERATION   0x0fc
#define CONFIG		    0x100

#define MAGIC	  0x74726976u /* "virt" */
#define VENDOR	  0x52535658u /* "XVSR" */
#define SLOT_SIZE 0x200

#define ISR_QUEUE  1u
#define ISR_CONFIG 2u

struct virtio_mmio {
	struct virtio_dev *vd; /* NULL: empty slot */
	/* any vCPU may change them under the feet of another: they are only compared and indexed */
	uint32_t features_sel, driver_features_sel, queue_sel;
	/* interrupt: any context */
	spinlock_t irq_lock;
	uint32_t isr;
	unsigned irq;
	bool line;
};

/* --- interrupt ---------------------------------------------------------------------------- */

/** The line follows the status; under irq_lock. */
static void update_line(struct virtio_mmio *m)
{
	bool level = m->isr;

	if (level == m->line)
		return;
	m->line = level;
	guest_irq_set(m->vd->dev->guest, m->irq, level);
}

static void interrupt(struct virtio_dev *vd, int queue)
{
	struct virtio_mmio *m = vd->transport_priv;
	unsigned long flags = spin_lock_irqsave(&m->irq_lock);

	m->isr |= queue == VIRTIO_CONFIG_IRQ ? ISR_CONFIG : ISR_QUEUE;
	update_line(m);
	spin_unlock_irqrestore(&m->irq_lock, flags);
}

static void acknowledge(struct virtio_mmio *m, uint32_t bits)
{
	unsigned long flags = spin_lock_irqsave(&m->irq_lock);

	m->isr &= ~bits;
	update_line(m);
	spin_unlock_irqrestore(&m->irq_lock, flags);
}

static void reset(struct virtio_dev *vd)
{
	struct virtio_mmio *m = vd->transport_priv;

	WRITE_ONCE(m->features_sel, 0);
	WRITE_ONCE(m->driver_features_sel, 0);
	WRITE_ONCE(m->queue_sel, 0);
	acknowledge(m, ~0u);
}

static const struct virtio_transport transport = {
	.features = VIRTIO_F_RING_RESET,
	.interrupt = interrupt,
	.reset = reset,
};

/* --- registers ------------------------------------------------------------------------------ */

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct virtio_mmio *m = dev->priv;
	struct virtio_dev *vd = m->vd;
	const struct virtqueue *vq = virtio_queue(vd, READ_ONCE(m->queue_sel));

	switch (acc->offset) {
	case DEVICE_ID:
		return vd->ops->type;
	case DEVICE_FEATURES:
		return virtio_features_word(vd->features, READ_ONCE(m->features_sel));
	case QUEUE_NUM_MAX:
		return vq ? vd->ops->queue_size : 0;
	case QUEUE_READY:
		return vq && vq->ready;
	case INTERRUPT_STATUS:
		return READ_ONCE(m->isr);
	case STATUS:
		return READ_ONCE(vd->status);
	case CONFIG_GENERATION:
		return READ_ONCE(vd->generation);
	default:
		return 0;
	}
}

/** Which register of a queue is at this offset. */
static enum virtio_queue_reg queue_reg(uint64_t offset)
{
	switch (offset) {
	case QUEUE_NUM:
		return VIRTIO_Q_SIZE;
	case QUEUE_READY:
		return VIRTIO_Q_ENABLE;
	case QUEUE_DESC_LOW:
		return VIRTIO_Q_DESC;
	case QUEUE_DESC_HIGH:
		return VIRTIO_Q_DESC_HIGH;
	case QUEUE_DRIVER_LOW:
		return VIRTIO_Q_DRIVER;
	case QUEUE_DRIVER_HIGH:
		return VIRTIO_Q_DRIVER_HIGH;
	case QUEUE_DEVICE_LOW:
		return VIRTIO_Q_DEVICE;
	default:
		return VIRTIO_Q_DEVICE_HIGH;
	}
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct virtio_mmio *m = dev->priv;
	uint32_t v = (uint32_t)value;

	switch (acc->offset) {
	case DEVICE_FEATURES_SEL:
		WRITE_ONCE(m->features_sel, v);
		break;
	case DRIVER_FEATURES:
		virtio_set_features(m->vd, acc, READ_ONCE(m->driver_features_sel), v);
		break;
	case DRIVER_FEATURES_SEL:
		WRITE_ONCE(m->driver_features_sel, v);
		break;
	case QUEUE_SEL:
		WRITE_ONCE(m->queue_sel, v);
		break;
	case STATUS:
		virtio_set_status(m->vd, acc, v);
		break;
	case SHM_SEL:
		break;
	case QUEUE_RESET:
		if (v & 1 && virtio_has(m->vd, VIRTIO_F_RING_RESET))
			virtio_set_queue(m->vd, acc, READ_ONCE(m->queue_sel), VIRTIO_Q_ENABLE, 0);
		break;
	default:
		virtio_set_queue(m->vd, acc, READ_ONCE(m->queue_sel), queue_reg(acc->offset), v);
		break;
	}
}

#define ROW(at, r, w, text)                                                                        \
	{ .offset = (at), .size = 4, .widths = 4, .read = (r), .write = (w), .name = (text) }
#define CONSTANT(at, value, text)                                                                  \
	{ .offset = (at), .size = 4, .widths = 4, .reset = (value), .name = (text) }

static const struct emu_reg rows[] = {
	CONSTANT(MAGIC_VALUE, MAGIC, "MagicValue"),
	CONSTANT(VERSION, 2, "Version"),
	ROW(DEVICE_ID, read_reg, NULL, "DeviceID"),
	CONSTANT(VENDOR_ID, VENDOR, "VendorID"),
	ROW(DEVICE_FEATURES, read_reg, NULL, "DeviceFeatures"),
	ROW(DEVICE_FEATURES_SEL, NULL, write_reg, "DeviceFeaturesSel"),
	ROW(DRIVER_FEATURES, NULL, write_reg, "DriverFeatures"),
	ROW(DRIVER_FEATURES_SEL, NULL, write_reg, "DriverFeaturesSel"),
	/* Some drivers write registers of the older interface too (4.2.4): nothing happens. */
	CONSTANT(LEGACY_PAGE_SIZE, 0, "GuestPageSize"),
	ROW(QUEUE_SEL, NULL, write_reg, "QueueSel"),
	ROW(QUEUE_NUM_MAX, read_reg, NULL, "QueueNumMax"),
	ROW(QUEUE_NUM, NULL, write_reg, "QueueNum"),
	CONSTANT(LEGACY_QUEUE_ALIGN, 0, "QueueAlign"),
	ROW(QUEUE_READY, read_reg, write_reg, "QueueReady"),
	/* These two when they are read; writes are served by virtio_access(). */
	CONSTANT(QUEUE_NOTIFY, 0, "QueueNotify"),
	ROW(INTERRUPT_STATUS, read_reg, NULL, "InterruptStatus"),
	CONSTANT(INTERRUPT_ACK, 0, "InterruptACK"),
	ROW(STATUS, read_reg, write_reg, "Status"),
	ROW(QUEUE_DESC_LOW, NULL, write_reg, "QueueDescLow"),
	ROW(QUEUE_DESC_HIGH, NULL, write_reg, "QueueDescHigh"),
	ROW(QUEUE_DRIVER_LOW, NULL, write_reg, "QueueDriverLow"),
	ROW(QUEUE_DRIVER_HIGH, NULL, write_reg, "QueueDriverHigh"),
	ROW(QUEUE_DEVICE_LOW, NULL, write_reg, "QueueDeviceLow"),
	ROW(QUEUE_DEVICE_HIGH, NULL, write_reg, "QueueDeviceHigh"),
	ROW(SHM_SEL, NULL, write_reg, "SHMSel"),
	/* No shared memory region: length and base are all ones (4.2.2). */
	{ .offset = SHM_LEN_LOW, .size = 16, .widths = 4, .reset = ~0u, .name = "SHMLen, SHMBase" },
	/* It reads as zero: a queue that is being reset is so before the write ends (2.6.1). */
	ROW(QUEUE_RESET, NULL, write_reg, "QueueReset"),
	ROW(CONFIG_GENERATION, read_reg, NULL, "ConfigGeneration"),
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), false };

/**
 * Nothing is plugged in: DeviceID 0 tells the driver to leave it alone (4.2.2.1). One region may be
 * any number of such slots.
 */
static enum emu_result access_empty(struct emu_access *acc)
{
	uint64_t reg = acc->offset % SLOT_SIZE;

	if (acc->is_write)
		return EMU_OK;
	acc->value = acc->size != 4 ? 0 : reg == MAGIC_VALUE ? MAGIC : reg == VERSION ? 2 : 0;
	return EMU_OK;
}

static enum emu_result virtio_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct virtio_mmio *m = dev->priv;

	if (unlikely(!m))
		return access_empty(acc);
	/* The three of each request first. */
	if (likely(acc->size == 4)) {
		if (!acc->is_write && acc->offset == INTERRUPT_STATUS) {
			acc->value = READ_ONCE(m->isr);
			return EMU_OK;
		}
		if (acc->offset == QUEUE_NOTIFY && acc->is_write) {
			virtio_notify(m->vd, acc, (uint32_t)acc->value);
			return EMU_OK;
		}
		if (acc->offset == INTERRUPT_ACK && acc->is_write) {
			acknowledge(m, (uint32_t)acc->value);
			return EMU_OK;
		}
	}
	if (acc->offset >= CONFIG)
		return virtio_config_access(m->vd, acc, acc->offset - CONFIG);
	return emu_regs_access(dev, &regs, acc);
}

/* --- life ------------------------------------------------------------------------------------ */

static void mmio_reset(struct emu_dev *dev)
{
	struct virtio_mmio *m = dev->priv;

	if (m)
		virtio_reset(m->vd);
}

static unsigned mmio_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	if (!virtio_empty(node) && !dt_has(node, "interrupts")) {
		out_printf(out, "%s: interrupts is missing: a virtio device needs the number of a "
			   "guest interrupt.\n", path);
		return 1;
	}
	return virtio_check(node, path, out);
}

static int mmio_probe(struct emu_dev *dev)
{
	struct virtio_mmio *m;
	int err, irq = 0;

	if (!virtio_empty(dev->node)) {
		irq = emu_irq(dev, 0);
		if (irq == -ENOENT)
			log_error("%s: interrupts is missing", dev->name);
		if (irq < 0)
			return irq;
	}
	m = heap_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	spin_init(&m->irq_lock);
	m->irq = (unsigned)irq;
	err = virtio_create(dev, &transport, m, &m->vd);
	if (err || !m->vd) {
		heap_free(m);
		return err;
	}
	dev->priv = m;
	return 0;
}

static void mmio_remove(struct emu_dev *dev)
{
	struct virtio_mmio *m = dev->priv;

	if (!m)
		return;
	virtio_destroy(m->vd);
	heap_free(m);
	dev->priv = NULL;
}

static void mmio_show(struct emu_dev *dev, struct shell_out *out)
{
	struct virtio_mmio *m = dev->priv;

	if (!m) {
		out_puts(out, "empty slot\n");
		return;
	}
	out_printf(out, "interrupt %u, status %u; ", m->irq, READ_ONCE(m->isr));
	virtio_show(m->vd, out);
}

static const struct dt_match matches[] = {
	{ "virtio,mmio", NULL },
	{ NULL, NULL },
};

EMULATOR(virtio_mmio) {
	.name = "virtio-mmio",
	.match = matches,
	.check = mmio_check,
	.props = virtio_props,
	.probe = mmio_probe,
	.remove = mmio_remove,
	.reset = mmio_reset,
	.access = virtio_access,
	.show = mmio_show,
};
