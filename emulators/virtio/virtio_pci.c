/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over PCI (Virtual I/O Device 1.2, 4.1), modern devices only: a function on a guest's bus
 * (core/vpci) with the standard's structures in BAR 0 and MSI-X in BAR 1. The node is that of
 * "virtio,mmio", without `interrupts`; one that has nothing behind it puts nothing onto the bus.
 *
 * Selectors and vectors are single words that any vCPU may change under the feet of another; they
 * are only compared and indexed. isr_lock (spin) guards the interrupt status of INTx.
 */
#include <core/vpci.h>

#include <core/mem.h>
#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "virtio.h"

#define VENDOR	     0x1af4
#define DEVICE_FIRST 0x1040 /* plus the device type (4.1.2) */

/* Structures in BAR 0: each has a page, so that one is told from the other by its number. */
#define BAR	     0
#define BAR_MSIX     1
#define BAR_SIZE     0x4000
#define PART_SIZE    0x1000
#define PART_COMMON  0
#define PART_ISR     1
#define PART_DEVICE  2
#define PART_NOTIFY  3
#define NOTIFY_WIDTH 4

/* Types of capabilities (4.1.4) and where things are in them. */
#define CAP_COMMON 1
#define CAP_NOTIFY 2
#define CAP_ISR	   3
#define CAP_DEVICE 4
#define CAP_CFG	   5
#define CAP_LEN	   16
#define CAP_LENGTH 12
#define CAP_OFFSET 8
#define CAP_BAR	   4
#define CAP_DATA   16 /* of CAP_CFG: a window; of CAP_NOTIFY: its multiplier */

/* Common configuration structure (4.1.4.3). */
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE	      0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE	      0x0c
#define CONFIG_VECTOR	      0x10
#define NUM_QUEUES	      0x12
#define DEVICE_STATUS	      0x14
#define CONFIG_GENERATION     0x15
#define QUEUE_SELECT	      0x16
#define QUEUE_SIZE	      0x18
#define QUEUE_VECTOR	      0x1a
#define QUEUE_ENABLE	      0x1c
#define QUEUE_NOTIFY_OFF      0x1e
#define QUEUE_DESC	      0x20
#define QUEUE_NOTIFY_DATA     0x38
#define QUEUE_RESET	      0x3a
#define COMMON_LEN	      0x3c

#define NO_VECTOR  0xffff
#define ISR_QUEUE  1
#define ISR_CONFIG 2

struct virtio_pci {
	struct vpci_function fn;
	struct virtio_dev *vd;
	uint32_t features_sel, driver_features_sel;
	uint16_t queue_sel;
	uint8_t cfg_cap;	 /* offset of the window into BARs */
	spinlock_t isr_lock;
	uint8_t isr;
	uint16_t config_vector;
	uint16_t queue_vectors[VIRTIO_QUEUES_MAX];
};

static const struct {
	uint32_t type, class_code;
} classes[] = {
	{ VIRTIO_ID_NET, 0x020000 },
	{ VIRTIO_ID_BLOCK, 0x010000 },
	{ VIRTIO_ID_CONSOLE, 0x078000 },
	{ VIRTIO_ID_BALLOON, 0x050000 },
};

/* --- interrupts --------------------------------------------------------------------------- */

static void interrupt(struct virtio_dev *vd, int queue)
{
	struct virtio_pci *p = vd->transport_priv;
	unsigned long flags;

	if (likely(vpci_msix_enabled(&p->fn))) {
		vpci_msix_notify(&p->fn, queue == VIRTIO_CONFIG_IRQ ?
					 READ_ONCE(p->config_vector) :
					 READ_ONCE(p->queue_vectors[queue]));
		return;
	}
	flags = spin_lock_irqsave(&p->isr_lock);
	p->isr |= queue == VIRTIO_CONFIG_IRQ ? ISR_CONFIG : ISR_QUEUE;
	vpci_intx_set(&p->fn, true);
	spin_unlock_irqrestore(&p->isr_lock, flags);
}

/** What it was; reading is what clears it (4.1.4.5). */
static uint8_t take_isr(struct virtio_pci *p)
{
	unsigned long flags = spin_lock_irqsave(&p->isr_lock);
	uint8_t isr = p->isr;

	p->isr = 0;
	vpci_intx_set(&p->fn, false);
	spin_unlock_irqrestore(&p->isr_lock, flags);
	return isr;
}

static void reset(struct virtio_dev *vd)
{
	struct virtio_pci *p = vd->transport_priv;
	unsigned i;

	WRITE_ONCE(p->features_sel, 0);
	WRITE_ONCE(p->driver_features_sel, 0);
	WRITE_ONCE(p->queue_sel, 0);
	WRITE_ONCE(p->config_vector, NO_VECTOR);
	for (i = 0; i < VIRTIO_QUEUES_MAX; i++)
		WRITE_ONCE(p->queue_vectors[i], NO_VECTOR);
	take_isr(p);
}

static const struct virtio_transport transport = {
	.features = VIRTIO_F_RING_RESET,
	.interrupt = interrupt,
	.reset = reset,
};

/* --- common configuration ------------------------------------------------------------------- */

static struct virtio_pci *of(struct emu_dev *dev)
{
	return dev->priv;
}

static struct virtqueue *selected(struct virtio_pci *p)
{
	return virtio_queue(p->vd, READ_ONCE(p->queue_sel));
}

static uint64_t read_common(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct virtio_pci *p = of(dev);
	const struct virtqueue *vq = selected(p);

	switch (acc->offset) {
	case DEVICE_FEATURE_SELECT:
		return READ_ONCE(p->features_sel);
	case DEVICE_FEATURE:
		return virtio_features_word(p->vd->features, READ_ONCE(p->features_sel));
	case DRIVER_FEATURE_SELECT:
		return READ_ONCE(p->driver_features_sel);
	case DRIVER_FEATURE:
		return virtio_features_word(p->vd->driver_features,
					    READ_ONCE(p->driver_features_sel));
	case CONFIG_VECTOR:
		return READ_ONCE(p->config_vector);
	case NUM_QUEUES:
		return p->vd->nr_queues;
	case DEVICE_STATUS:
		return READ_ONCE(p->vd->status);
	case CONFIG_GENERATION:
		return (uint8_t)READ_ONCE(p->vd->generation);
	case QUEUE_SELECT:
		return READ_ONCE(p->queue_sel);
	case QUEUE_SIZE:
		return vq ? vq->num : 0;
	case QUEUE_VECTOR:
		return vq ? READ_ONCE(p->queue_vectors[vq->index]) : NO_VECTOR;
	case QUEUE_ENABLE:
		return vq && vq->ready;
	case QUEUE_NOTIFY_OFF:
		return vq ? vq->index : 0;
	default: /* a queue that is being reset is so before its write ends */
		return 0;
	}
}

/** A vector that the function has not reads back as none (4.1.5.1.2.1). */
static uint16_t valid_vector(const struct virtio_pci *p, uint32_t value)
{
	return value < p->fn.vectors ? (uint16_t)value : NO_VECTOR;
}

static void write_common(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			 uint64_t value)
{
	struct virtio_pci *p = of(dev);
	uint32_t v = (uint32_t)value, queue = READ_ONCE(p->queue_sel);
	const struct virtqueue *vq = selected(p);

	switch (acc->offset) {
	case DEVICE_FEATURE_SELECT:
		WRITE_ONCE(p->features_sel, v);
		break;
	case DRIVER_FEATURE_SELECT:
		WRITE_ONCE(p->driver_features_sel, v);
		break;
	case DRIVER_FEATURE:
		virtio_set_features(p->vd, acc, READ_ONCE(p->driver_features_sel), v);
		break;
	case CONFIG_VECTOR:
		WRITE_ONCE(p->config_vector, valid_vector(p, v));
		break;
	case DEVICE_STATUS:
		virtio_set_status(p->vd, acc, v);
		break;
	case QUEUE_SELECT:
		WRITE_ONCE(p->queue_sel, (uint16_t)v);
		break;
	case QUEUE_SIZE:
		virtio_set_queue(p->vd, acc, queue, VIRTIO_Q_SIZE, v);
		break;
	case QUEUE_VECTOR:
		if (vq)
			WRITE_ONCE(p->queue_vectors[vq->index], valid_vector(p, v));
		break;
	case QUEUE_ENABLE:
		/* Only a reset switches off. */
		if (v & 1)
			virtio_set_queue(p->vd, acc, queue, VIRTIO_Q_ENABLE, 1);
		break;
	case QUEUE_RESET:
		if (v & 1 && virtio_has(p->vd, VIRTIO_F_RING_RESET))
			virtio_set_queue(p->vd, acc, queue, VIRTIO_Q_ENABLE, 0);
		break;
	}
}

/** Addresses of the rings: 64 bits each, or two halves. */
static void write_address(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			  uint64_t value)
{
	struct virtio_pci *p = of(dev);
	enum virtio_queue_reg reg = VIRTIO_Q_DESC + index / 4;

	virtio_set_queue(p->vd, acc, READ_ONCE(p->queue_sel), reg, (uint32_t)value);
	if (acc->size == 8)
		virtio_set_queue(p->vd, acc, READ_ONCE(p->queue_sel), reg + 1,
				 (uint32_t)(value >> 32));
}

static uint64_t read_address(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct virtqueue *vq = selected(of(dev));
	uint64_t at = !vq ? 0 : index < 8 ? vq->desc : index < 16 ? vq->driver : vq->device;

	return at >> 8 * (index & 4);
}

#define ROW(at, bytes, w, text)                                                                    \
	{ .offset = (at), .size = (bytes), .widths = (bytes), .read = read_common, .write = (w),   \
	  .name = (text) }

static const struct emu_reg rows[] = {
	ROW(DEVICE_FEATURE_SELECT, 4, write_common, "device_feature_select"),
	ROW(DEVICE_FEATURE, 4, NULL, "device_feature"),
	ROW(DRIVER_FEATURE_SELECT, 4, write_common, "driver_feature_select"),
	ROW(DRIVER_FEATURE, 4, write_common, "driver_feature"),
	ROW(CONFIG_VECTOR, 2, write_common, "config_msix_vector"),
	ROW(NUM_QUEUES, 2, NULL, "num_queues"),
	ROW(DEVICE_STATUS, 1, write_common, "device_status"),
	ROW(CONFIG_GENERATION, 1, NULL, "config_generation"),
	ROW(QUEUE_SELECT, 2, write_common, "queue_select"),
	ROW(QUEUE_SIZE, 2, write_common, "queue_size"),
	ROW(QUEUE_VECTOR, 2, write_common, "queue_msix_vector"),
	ROW(QUEUE_ENABLE, 2, write_common, "queue_enable"),
	ROW(QUEUE_NOTIFY_OFF, 2, NULL, "queue_notify_off"),
	{ .offset = QUEUE_DESC, .size = 24, .widths = 4 | 8, .read = read_address,
	  .write = write_address, .name = "queue_desc, queue_driver, queue_device" },
	ROW(QUEUE_NOTIFY_DATA, 2, NULL, "queue_notify_data"),
	ROW(QUEUE_RESET, 2, write_common, "queue_reset"),
};

static const struct emu_regs common = { rows, ARRAY_SIZE(rows), false };

/* --- accesses ------------------------------------------------------------------------------- */

static enum emu_result bar_access(struct vpci_function *fn, unsigned bar, struct emu_access *acc)
{
	struct virtio_pci *p = fn->priv;
	uint64_t at = acc->offset % PART_SIZE;

	switch (acc->offset / PART_SIZE) {
	case PART_NOTIFY:
		if (acc->is_write)
			virtio_notify(p->vd, acc, (uint32_t)at / NOTIFY_WIDTH);
		else
			acc->value = 0;
		return EMU_OK;
	case PART_ISR:
		if (!acc->is_write)
			acc->value = at ? 0 : take_isr(p);
		return EMU_OK;
	case PART_DEVICE:
		return virtio_config_access(p->vd, acc, at);
	default:
		/* It is the first part: offsets in it are those in the BAR. */
		return emu_regs_access(fn->dev, &common, acc);
	}
}

/** What the window of the configuration space (4.1.4.9) is at; false: at nothing. */
static bool window(struct virtio_pci *p, struct emu_access *acc)
{
	const uint8_t *cap = p->fn.config + p->cfg_cap;
	uint32_t offset = get_le32(cap + CAP_OFFSET), length = get_le32(cap + CAP_LENGTH);

	if (cap[CAP_BAR] != BAR || (length != 1 && length != 2 && length != 4) ||
	    offset % length || offset >= BAR_SIZE)
		return false;
	acc->vcpu = NULL;
	acc->offset = offset;
	acc->size = (uint8_t)length;
	acc->value = 0;
	return true;
}

static bool in_window(const struct virtio_pci *p, unsigned offset, unsigned n)
{
	unsigned data = p->cfg_cap + CAP_DATA;

	return offset < data + 4 && offset + n > data;
}

static void config_read(struct vpci_function *fn, unsigned offset, unsigned n)
{
	struct virtio_pci *p = fn->priv;
	struct emu_access acc = { .is_write = false };

	if (!in_window(p, offset, n) || !window(p, &acc))
		return;
	if (bar_access(fn, BAR, &acc) != EMU_OK)
		acc.value = ~0ull;
	put_le32(fn->config + p->cfg_cap + CAP_DATA, (uint32_t)acc.value);
}

static void config_written(struct vpci_function *fn, unsigned offset, unsigned n)
{
	struct virtio_pci *p = fn->priv;
	struct emu_access acc = { .is_write = true };

	if (!in_window(p, offset, n) || !window(p, &acc))
		return;
	acc.value = get_le32(fn->config + p->cfg_cap + CAP_DATA) & ~0ull >> (64 - 8 * acc.size);
	(void)bar_access(fn, BAR, &acc);
}

static const struct vpci_function_ops fn_ops = {
	.bar_access = bar_access,
	.config_read = config_read,
	.config_written = config_written,
};

/* --- life ------------------------------------------------------------------------------------ */

/** @param more  what is behind the common part: 0 or 4 bytes. @return offset or -ENOSPC */
static int add_cap(struct vpci_function *fn, uint8_t type, unsigned part, uint32_t length,
		   unsigned more)
{
	uint8_t cap[CAP_LEN + 4] = { 0 };

	cap[2] = (uint8_t)(CAP_LEN + more);
	cap[3] = type;
	cap[CAP_BAR] = BAR;
	put_le32(cap + CAP_OFFSET, part * PART_SIZE);
	put_le32(cap + CAP_LENGTH, length);
	put_le32(cap + CAP_DATA, NOTIFY_WIDTH);
	return vpci_capability_add(fn, PCI_CAP_VENDOR, cap + 2, CAP_LEN + more - 2);
}

static int add_caps(struct virtio_pci *p)
{
	const struct virtio_dev *vd = p->vd;
	struct vpci_function *fn = &p->fn;
	int at = vpci_msix_init(fn, BAR_MSIX, vd->nr_queues + 1);

	if (at >= 0)
		at = add_cap(fn, CAP_COMMON, PART_COMMON, COMMON_LEN, 0);
	if (at >= 0)
		at = add_cap(fn, CAP_NOTIFY, PART_NOTIFY, vd->nr_queues * NOTIFY_WIDTH, 4);
	if (at >= 0)
		at = add_cap(fn, CAP_ISR, PART_ISR, 1, 0);
	if (at >= 0 && vd->ops->config_len)
		at = add_cap(fn, CAP_DEVICE, PART_DEVICE, vd->ops->config_len, 0);
	if (at >= 0)
		at = add_cap(fn, CAP_CFG, 0, 0, 4);
	if (at < 0)
		return at;
	p->cfg_cap = (uint8_t)at;
	put_le32(fn->config + at + CAP_DATA, 0);
	fn->writable[at + CAP_BAR] = 0xff;
	put_le32(fn->writable + at + CAP_OFFSET, ~0u);
	put_le32(fn->writable + at + CAP_LENGTH, ~0u);
	put_le32(fn->writable + at + CAP_DATA, ~0u);
	return 0;
}

static int add_function(struct virtio_pci *p, struct emu_dev *dev)
{
	struct vpci_ids ids = {
		.vendor = VENDOR,
		.device = (uint16_t)(DEVICE_FIRST + p->vd->ops->type),
		.subvendor = VENDOR,
		.subdevice = 0x1100, /* as QEMU's: nothing in particular, 0x40 or more (4.1.2.1) */
		.class_code = 0x00ff00,
		.revision = 1,
		.pin = 1,
	};
	unsigned i;
	int err;

	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].type == p->vd->ops->type)
			ids.class_code = classes[i].class_code;
	}
	vpci_function_init(&p->fn, dev, &fn_ops, &ids);
	p->fn.priv = p;
	vpci_bar_init(&p->fn, BAR, BAR_SIZE, VPCI_BAR_MEM32);
	err = add_caps(p);
	if (!err) {
		reset(p->vd);
		err = vpci_function_add(&p->fn);
	}
	if (err)
		vpci_function_remove(&p->fn);
	return err;
}

static cold_fn int pci_probe(struct emu_dev *dev)
{
	struct virtio_pci *p = heap_zalloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	spin_init(&p->isr_lock);
	err = virtio_create(dev, &transport, p, &p->vd);
	if (err || !p->vd) {
		heap_free(p);
		return err;
	}
	dev->priv = p;
	err = add_function(p, dev);
	if (err) {
		virtio_destroy(p->vd);
		heap_free(p);
		dev->priv = NULL;
	}
	return err;
}

static void pci_remove(struct emu_dev *dev)
{
	struct virtio_pci *p = of(dev);

	if (!p)
		return;
	virtio_destroy(p->vd);
	vpci_function_remove(&p->fn);
	heap_free(p);
	dev->priv = NULL;
}

static void pci_reset(struct emu_dev *dev)
{
	struct virtio_pci *p = of(dev);

	if (!p)
		return;
	virtio_reset(p->vd);
	vpci_function_reset(&p->fn);
}

static void pci_show(struct emu_dev *dev, struct shell_out *out)
{
	struct virtio_pci *p = of(dev);

	if (!p) {
		out_puts(out, "empty slot\n");
		return;
	}
	out_printf(out, "slot %u, %s; ", p->fn.devfn >> 3,
		   vpci_msix_enabled(&p->fn) ? "MSI-X" : "INTx");
	virtio_show(p->vd, out);
}

static const struct dt_match matches[] = {
	{ "virtio,pci", NULL },
	{ NULL, NULL },
};

EMULATOR(virtio_pci) {
	.name = "virtio-pci",
	.match = matches,
	.on = VPCI_BUS,
	.check = virtio_check,
	.props = virtio_props,
	.probe = pci_probe,
	.remove = pci_remove,
	.reset = pci_reset,
	.show = pci_show,
};
