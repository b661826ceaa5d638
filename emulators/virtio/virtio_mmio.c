/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over memory-mapped registers (Virtual I/O Device 1.1, 4.2), modern devices only. A node
 * without a device (no virtio_type, or one that has nothing behind it) is an empty slot.
 *
 * Each device has a mutex for its registers and queues. The interrupt status has a spin lock of its
 * own, so that the guest's interrupt handler never waits for a request that is being served.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

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
#define CONFIG_GENERATION   0x0fc
#define CONFIG		    0x100

#define MAGIC	   0x74726976u /* "virt" */
#define VENDOR	   0x52535658u /* "XVSR" */
#define CONFIG_MAX 64
#define SLOT_SIZE  0x200

#define TRANSPORT_FEATURES (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1)

static const struct virtio_ops *const kinds[] = {
	IS_ENABLED(CONFIG_EMU_VIRTIO_BLK) ? &virtio_blk_ops : NULL,
	IS_ENABLED(CONFIG_EMU_VIRTIO_CONSOLE) ? &virtio_console_ops : NULL,
	IS_ENABLED(CONFIG_EMU_VIRTIO_RNG) ? &virtio_rng_ops : NULL,
};

static const struct virtio_ops *find_kind(uint32_t type)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i] && kinds[i]->type == type)
			return kinds[i];
	}
	return NULL;
}

/* --- interrupt ---------------------------------------------------------------------------- */

/** The line follows the status; under irq_lock. */
static void update_line(struct virtio_dev *vd)
{
	bool level = vd->isr;

	if (level == vd->line)
		return;
	vd->line = level;
	if (vd->irq >= 0)
		guest_irq_set(vd->dev->guest, (unsigned)vd->irq, level);
}

void virtio_interrupt(struct virtio_dev *vd, uint32_t bits)
{
	unsigned long flags = spin_lock_irqsave(&vd->irq_lock);

	vd->isr |= bits;
	update_line(vd);
	spin_unlock_irqrestore(&vd->irq_lock, flags);
}

static void acknowledge(struct virtio_dev *vd, uint32_t bits)
{
	unsigned long flags = spin_lock_irqsave(&vd->irq_lock);

	vd->isr &= ~bits;
	update_line(vd);
	spin_unlock_irqrestore(&vd->irq_lock, flags);
}

void virtio_broken(struct virtio_dev *vd, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emu_complain(vd->dev, NULL, "virtio %s stopped until its driver resets it: %s",
		     vd->ops->name, text);
	WRITE_ONCE(vd->status, vd->status | VIRTIO_S_NEEDS_RESET);
	if (vd->status & VIRTIO_S_DRIVER_OK)
		virtio_interrupt(vd, 2);
}

/* --- serving -------------------------------------------------------------------------------- */

/** Body of the thread that serves what a notification left over, a batch at a time. */
static void work(void *arg)
{
	struct virtio_dev *vd = arg;

	for (;;) {
		uint32_t queues = __atomic_exchange_n(&vd->left_over, 0, __ATOMIC_ACQUIRE);
		unsigned i;

		if (__atomic_load_n(&vd->stop_worker, __ATOMIC_ACQUIRE))
			return;
		if (!queues) {
			thread_block(UINT64_MAX);
			continue;
		}
		for (i = 0; i < vd->ops->nr_queues; i++) {
			if (!(queues & BIT32(i)))
				continue;
			mutex_lock(&vd->lock);
			if (virtio_live(vd) && vd->ops->serve(vd, &vd->queues[i]))
				__atomic_fetch_or(&vd->left_over, BIT32(i), __ATOMIC_RELEASE);
			mutex_unlock(&vd->lock);
			if (vd->ops->after)
				vd->ops->after(vd);
		}
		/* As any vCPU of the same priority would. */
		thread_yield();
	}
}

/**
 * Let a thread go on with a queue, so that a guest which adds requests as fast as they are
 * served stays interruptible. Under the lock.
 */
static void leave_to_worker(struct virtio_dev *vd, unsigned queue)
{
	if (!vd->worker) {
		char name[24];

		snprintf(name, sizeof(name), "virtio-%s", vd->dev->node->name);
		vd->worker = thread_create(name, work, vd, thread_current()->prio);
		if (!vd->worker) {
			virtio_broken(vd, "no memory for a thread that serves its many requests");
			return;
		}
		thread_start(vd->worker);
	}
	__atomic_fetch_or(&vd->left_over, BIT32(queue), __ATOMIC_RELEASE);
	thread_wake(vd->worker);
}

static void stop_worker(struct virtio_dev *vd)
{
	if (!vd->worker)
		return;
	__atomic_store_n(&vd->stop_worker, true, __ATOMIC_RELEASE);
	thread_wake(vd->worker);
	thread_join(vd->worker);
	vd->worker = NULL;
}

static void notify(struct virtio_dev *vd, const struct emu_access *acc, uint32_t queue)
{
	if (queue >= vd->ops->nr_queues) {
		emu_complain(vd->dev, acc, "notification of queue %u, of which there are %u", queue,
			     vd->ops->nr_queues);
		return;
	}
	if (virtio_live(vd) && vd->ops->serve(vd, &vd->queues[queue]))
		leave_to_worker(vd, queue);
}

/* --- status --------------------------------------------------------------------------------- */

static void reset_device(struct virtio_dev *vd)
{
	unsigned i;

	WRITE_ONCE(vd->status, 0);
	for (i = 0; i < vd->ops->nr_queues; i++)
		vq_disable(&vd->queues[i]);
	if (vd->ops->reset)
		vd->ops->reset(vd);
	vd->driver_features = 0;
	vd->features_sel = 0;
	vd->driver_features_sel = 0;
	vd->queue_sel = 0;
	acknowledge(vd, ~0u);
}

/** 3.1.1 step 5: are the driver's features ones that we have, and is it a modern driver? */
static bool features_ok(struct virtio_dev *vd, const struct emu_access *acc)
{
	uint64_t unknown = vd->driver_features & ~vd->features;

	if (unknown) {
		emu_complain(vd->dev, acc, "driver wants features 0x%llx that virtio %s does not "
			     "have", (unsigned long long)unknown, vd->ops->name);
		return false;
	}
	if (!virtio_has(vd, VIRTIO_F_VERSION_1)) {
		emu_complain(vd->dev, acc, "driver does not know virtio 1.0 (feature 32), and the "
			     "older interface is not supported");
		return false;
	}
	return true;
}

static void start_device(struct virtio_dev *vd, const struct emu_access *acc)
{
	if (!(vd->status & VIRTIO_S_FEATURES_OK)) {
		virtio_broken(vd, "driver said DRIVER_OK without FEATURES_OK");
		return;
	}
	if (!vd->segs)
		vd->segs = heap_alloc(VQ_NUM_MAX * sizeof(*vd->segs));
	if (!vd->segs) {
		virtio_broken(vd, "no memory for its requests");
		return;
	}
	WRITE_ONCE(vd->status, vd->status | VIRTIO_S_DRIVER_OK);
	if (vd->ops->start && virtio_live(vd))
		vd->ops->start(vd);
}

static void write_status(struct virtio_dev *vd, const struct emu_access *acc, uint32_t value)
{
	uint32_t fresh = value & ~vd->status & 0xff;

	if (!value) {
		reset_device(vd);
		return;
	}
	/* Bits are only ever added (2.1.1); NEEDS_RESET is ours. */
	if ((fresh & VIRTIO_S_FEATURES_OK) && !features_ok(vd, acc))
		fresh &= ~VIRTIO_S_FEATURES_OK;
	WRITE_ONCE(vd->status, vd->status | (fresh & (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |
						      VIRTIO_S_FEATURES_OK | VIRTIO_S_FAILED)));
	if (fresh & VIRTIO_S_DRIVER_OK)
		start_device(vd, acc);
}

/* --- registers ------------------------------------------------------------------------------ */

static struct virtqueue *selected(struct virtio_dev *vd)
{
	return vd->queue_sel < vd->ops->nr_queues ? &vd->queues[vd->queue_sel] : NULL;
}

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct virtio_dev *vd = dev->priv;
	const struct virtqueue *vq = selected(vd);

	switch (acc->offset) {
	case DEVICE_ID:
		return vd->ops->type;
	case DEVICE_FEATURES:
		return vd->features_sel < 2 ? (uint32_t)(vd->features >> 32 * vd->features_sel) : 0;
	case QUEUE_NUM_MAX:
		return vq ? VQ_NUM_MAX : 0;
	case QUEUE_READY:
		return vq && vq->ready;
	case INTERRUPT_STATUS:
		return READ_ONCE(vd->isr);
	case STATUS:
		return READ_ONCE(vd->status);
	default:
		return 0;
	}
}

static void set_low(gpa_t *addr, uint32_t value)
{
	*addr = (*addr & ~0xffffffffull) | value;
}

static void set_high(gpa_t *addr, uint32_t value)
{
	*addr = (*addr & 0xffffffffull) | (uint64_t)value << 32;
}

/** Size and addresses of the selected queue, while it is not in use. */
static void write_queue(struct virtio_dev *vd, const struct emu_access *acc, uint32_t value)
{
	struct virtqueue *vq = selected(vd);

	if (!vq || (vq->ready && acc->offset != QUEUE_READY)) {
		emu_complain(vd->dev, acc, "write to register 0x%x for queue %u, which %s",
			     (unsigned)acc->offset, vd->queue_sel,
			     vq ? "is in use" : "does not exist");
		return;
	}
	switch (acc->offset) {
	case QUEUE_NUM:
		vq->num = (uint16_t)MIN(value, UINT16_MAX + 0u);
		break;
	case QUEUE_READY:
		if (!(value & 1))
			vq->ready = false;
		else if (!vq->ready && vq_enable(vq))
			vq->ready = false;
		break;
	case QUEUE_DESC_LOW:
		set_low(&vq->desc, value);
		break;
	case QUEUE_DESC_HIGH:
		set_high(&vq->desc, value);
		break;
	case QUEUE_DRIVER_LOW:
		set_low(&vq->avail, value);
		break;
	case QUEUE_DRIVER_HIGH:
		set_high(&vq->avail, value);
		break;
	case QUEUE_DEVICE_LOW:
		set_low(&vq->used, value);
		break;
	case QUEUE_DEVICE_HIGH:
		set_high(&vq->used, value);
		break;
	}
}

static void write_driver_features(struct virtio_dev *vd, const struct emu_access *acc,
				  uint32_t value)
{
	if (vd->status & VIRTIO_S_FEATURES_OK)
		emu_complain(vd->dev, acc, "driver changes features after FEATURES_OK");
	else if (vd->driver_features_sel == 0)
		set_low(&vd->driver_features, value);
	else if (vd->driver_features_sel == 1)
		set_high(&vd->driver_features, value);
}

static void write_locked(struct virtio_dev *vd, const struct emu_access *acc, uint32_t value)
{
	switch (acc->offset) {
	case DEVICE_FEATURES_SEL:
		vd->features_sel = value;
		break;
	case DRIVER_FEATURES:
		write_driver_features(vd, acc, value);
		break;
	case DRIVER_FEATURES_SEL:
		vd->driver_features_sel = value;
		break;
	case QUEUE_SEL:
		vd->queue_sel = value;
		break;
	case QUEUE_NOTIFY:
		notify(vd, acc, value);
		break;
	case STATUS:
		write_status(vd, acc, value);
		break;
	case SHM_SEL:
		break;
	default:
		write_queue(vd, acc, value);
		break;
	}
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct virtio_dev *vd = dev->priv;

	mutex_lock(&vd->lock);
	write_locked(vd, acc, (uint32_t)value);
	mutex_unlock(&vd->lock);
	if ((acc->offset == QUEUE_NOTIFY || acc->offset == STATUS) && vd->ops->after)
		vd->ops->after(vd);
}

static void write_ack(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	acknowledge(dev->priv, (uint32_t)value);
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
	ROW(QUEUE_NOTIFY, NULL, write_reg, "QueueNotify"),
	ROW(INTERRUPT_STATUS, read_reg, NULL, "InterruptStatus"),
	ROW(INTERRUPT_ACK, NULL, write_ack, "InterruptACK"),
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
	CONSTANT(CONFIG_GENERATION, 0, "ConfigGeneration"),
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), false };

/** The kind's own configuration space, any width; beyond its end it reads as zero. */
static enum emu_result access_config(struct virtio_dev *vd, struct emu_access *acc)
{
	uint8_t space[CONFIG_MAX + 8] = { 0 };
	uint64_t off = acc->offset - CONFIG;

	if (acc->offset & (acc->size - 1))
		return EMU_WIDTH;
	if (off >= vd->ops->config_len) {
		if (!acc->is_write)
			acc->value = 0;
		return EMU_OK;
	}
	mutex_lock(&vd->lock);
	if (!acc->is_write) {
		vd->ops->config_read(vd, space);
		acc->value = 0;
		memcpy(&acc->value, space + off, acc->size);
	} else if (vd->ops->config_write) {
		vd->ops->config_write(vd, (unsigned)off, acc->size, acc->value);
	}
	mutex_unlock(&vd->lock);
	return EMU_OK;
}

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
	struct virtio_dev *vd = dev->priv;

	if (!vd)
		return access_empty(acc);
	if (acc->offset >= CONFIG)
		return access_config(vd, acc);
	return emu_regs_access(dev, &regs, acc);
}

/* --- life ------------------------------------------------------------------------------------ */

static void virtio_reset(struct emu_dev *dev)
{
	struct virtio_dev *vd = dev->priv;

	if (!vd)
		return;
	mutex_lock(&vd->lock);
	reset_device(vd);
	mutex_unlock(&vd->lock);
}

/** What a node without something behind it says about itself; NULL: it has a device. */
static const char *empty_because(const struct dt_node *node, uint32_t type)
{
	const char *behind;

	switch (type) {
	case 0:
		return "";
	case VIRTIO_ID_NET:
		behind = dt_string(node, "switch", 0);
		return behind && *behind ? NULL : "switch names no network";
	case VIRTIO_ID_BLOCK:
		behind = dt_string(node, "blkdev", 0);
		return behind && *behind ? NULL : "blkdev names no block device or file";
	default:
		return find_kind(type) ? NULL : "this type of device is not known";
	}
}

static unsigned virtio_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t type = dt_u32_or(node, "virtio_type", 0);
	const struct virtio_ops *ops = find_kind(type);

	if (empty_because(node, type))
		return 0;
	if (!dt_has(node, "interrupts")) {
		out_printf(out, "%s: interrupts is missing: a virtio device needs the number of a "
			   "guest interrupt.\n", path);
		return 1;
	}
	if (ops)
		return ops->check ? ops->check(node, path, out) : 0;
	if (type == VIRTIO_ID_NET)
		out_printf(out, "%s: virtio_type 1 (network) with switch=\"%s\": there are no "
			   "network switches in this version. Leave switch empty for an empty "
			   "slot.\n", path,
			   dt_string(node, "switch", 0));
	else
		out_printf(out, "%s: virtio_type %u is not built into this hypervisor (see "
			   "emulators/virtio in its configuration).\n", path, type);
	return 1;
}

static void free_device(struct virtio_dev *vd)
{
	heap_free(vd->segs);
	heap_free(vd);
}

static int virtio_probe(struct emu_dev *dev)
{
	uint32_t type = dt_u32_or(dev->node, "virtio_type", 0);
	const char *empty = empty_because(dev->node, type);
	const struct virtio_ops *ops = find_kind(type);
	struct virtio_dev *vd;
	unsigned i;
	int err, irq;

	if (empty) {
		if (*empty)
			log_info("%s: empty slot, because %s (virtio_type %u)", dev->name, empty,
				 type);
		return 0;
	}
	if (!ops) {
		log_error("%s: there is no virtio device of type %u in this hypervisor", dev->name,
			  type);
		return -ENOTSUP;
	}
	irq = emu_irq(dev, 0);
	if (irq < 0) {
		if (irq == -ENOENT)
			log_error("%s: interrupts is missing", dev->name);
		return irq;
	}
	vd = heap_zalloc(sizeof(*vd) + ops->nr_queues * sizeof(vd->queues[0]));
	if (!vd)
		return -ENOMEM;
	vd->dev = dev;
	vd->ops = ops;
	vd->irq = irq;
	vd->features = TRANSPORT_FEATURES | ops->features;
	mutex_init(&vd->lock);
	spin_init(&vd->irq_lock);
	for (i = 0; i < ops->nr_queues; i++) {
		vd->queues[i].vd = vd;
		vd->queues[i].index = (uint16_t)i;
	}
	err = ops->probe(vd);
	if (err) {
		free_device(vd);
		return err;
	}
	dev->priv = vd;
	return 0;
}

static void virtio_remove(struct emu_dev *dev)
{
	struct virtio_dev *vd = dev->priv;

	if (!vd)
		return;
	stop_worker(vd);
	vd->ops->remove(vd);
	free_device(vd);
	dev->priv = NULL;
}

static void virtio_show(struct emu_dev *dev, struct shell_out *out)
{
	struct virtio_dev *vd = dev->priv;
	unsigned i;

	if (!vd) {
		out_puts(out, "empty slot\n");
		return;
	}
	out_printf(out, "%s, status 0x%02x, features 0x%llx of 0x%llx, interrupt status %u\n",
		   vd->ops->name, vd->status, (unsigned long long)vd->driver_features,
		   (unsigned long long)vd->features, vd->isr);
	for (i = 0; i < vd->ops->nr_queues; i++) {
		const struct virtqueue *vq = &vd->queues[i];

		if (vq->ready)
			out_printf(out, "queue %u: size %u, taken %u, given back %u\n", i, vq->num,
				   vq->last_avail, vq->used_idx);
	}
	if (vd->ops->show)
		vd->ops->show(vd, out);
}

static const struct dt_match matches[] = {
	{ "virtio,mmio", NULL },
	{ NULL, NULL },
};

static const char *const props[] = {
	"virtio_type", "switch", "blkdev", "serial", "read-only", "node_ns_name", NULL,
};

EMULATOR(virtio_mmio) {
	.name = "virtio-mmio",
	.match = matches,
	.check = virtio_check,
	.props = props,
	.probe = virtio_probe,
	.remove = virtio_remove,
	.reset = virtio_reset,
	.access = virtio_access,
	.show = virtio_show,
};
