/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio devices (Virtual I/O Device 1.2), apart from how they reach their drivers: life, status,
 * features, configuration space, notifications. Each device has a mutex for what its driver
 * configures; queues have locks of their own (virtqueue.h), so that requests of different queues
 * do not wait for each other.
 */
#include "virtio.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define DEVICE_FEATURES                                                                            \
	(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 |                        \
	 (IS_ENABLED(CONFIG_EMU_VIRTIO_PACKED) ? VIRTIO_F_RING_PACKED : 0))

static const struct virtio_ops *const kinds[] = {
	IS_ENABLED(CONFIG_EMU_VIRTIO_BALLOON) ? &virtio_balloon_ops : NULL,
	IS_ENABLED(CONFIG_EMU_VIRTIO_BLK) ? &virtio_blk_ops : NULL,
	IS_ENABLED(CONFIG_EMU_VIRTIO_CONSOLE) ? &virtio_console_ops : NULL,
	IS_ENABLED(CONFIG_EMU_VIRTIO_NET) ? &virtio_net_ops : NULL,
	IS_ENABLED(CONFIG_EMU_VIRTIO_RNG) ? &virtio_rng_ops : NULL,
};

const char *const virtio_props[] = {
	"virtio_type", "switch", "local-mac-address", "queues", "mtu", "blkdev", "serial",
	"read-only", "ports", "port_names", "node_ns_name", NULL,
};

static cold_fn const struct virtio_ops *find_kind(uint32_t type)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i] && kinds[i]->type == type)
			return kinds[i];
	}
	return NULL;
}

cold_fn void virtio_broken(struct virtio_dev *vd, const char *fmt, ...)
{
	uint32_t before;
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emu_complain(vd->dev, NULL, "virtio %s stopped until its driver resets it: %s",
		     vd->ops->name, text);
	before = __atomic_fetch_or(&vd->status, VIRTIO_S_NEEDS_RESET, __ATOMIC_RELAXED);
	if (before & VIRTIO_S_DRIVER_OK)
		vd->transport->interrupt(vd, VIRTIO_CONFIG_IRQ);
}

cold_fn void virtio_config_changed(struct virtio_dev *vd)
{
	mutex_lock(&vd->lock);
	WRITE_ONCE(vd->generation, vd->generation + 1);
	if (READ_ONCE(vd->status) & VIRTIO_S_DRIVER_OK)
		vd->transport->interrupt(vd, VIRTIO_CONFIG_IRQ);
	mutex_unlock(&vd->lock);
}

/* --- serving -------------------------------------------------------------------------------- */

static void serve_left_over(struct virtio_dev *vd, struct virtqueue *vq)
{
	bool more;

	mutex_lock(&vq->lock);
	more = vd->ops->serve(vd, vq);
	mutex_unlock(&vq->lock);
	if (more)
		__atomic_fetch_or(&vd->left_over, BIT(vq->index), __ATOMIC_RELEASE);
	if (vd->ops->after)
		vd->ops->after(vd);
}

/** Body of the thread that serves what a notification left over, a batch at a time. */
static void work(void *arg)
{
	struct virtio_dev *vd = arg;

	for (;;) {
		uint64_t queues = __atomic_exchange_n(&vd->left_over, 0, __ATOMIC_ACQUIRE);
		unsigned i;

		if (__atomic_load_n(&vd->stop_worker, __ATOMIC_ACQUIRE))
			return;
		if (!queues) {
			thread_block(UINT64_MAX);
			continue;
		}
		for (i = 0; i < vd->nr_queues; i++) {
			if (queues & BIT(i))
				serve_left_over(vd, &vd->queues[i]);
		}
		/* As any vCPU of the same priority would. */
		thread_yield();
	}
}

cold_fn bool virtio_need_worker(struct virtio_dev *vd)
{
	struct thread *worker = __atomic_load_n(&vd->worker, __ATOMIC_ACQUIRE);
	char name[24];

	if (worker)
		return true;
	mutex_lock(&vd->worker_lock);
	if (!vd->worker) {
		snprintf(name, sizeof(name), "virtio-%s", vd->dev->node->name);
		worker = thread_create(name, work, vd, thread_current()->prio);
		if (worker) {
			thread_start(worker);
			__atomic_store_n(&vd->worker, worker, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&vd->worker_lock);
	if (!vd->worker)
		virtio_broken(vd, "no memory for a thread that serves its many requests");
	return vd->worker;
}

void virtio_wake_worker(struct virtio_dev *vd, const struct virtqueue *vq)
{
	__atomic_fetch_or(&vd->left_over, BIT(vq->index), __ATOMIC_RELEASE);
	thread_wake(vd->worker);
}

static cold_fn void stop_worker(struct virtio_dev *vd)
{
	if (!vd->worker)
		return;
	__atomic_store_n(&vd->stop_worker, true, __ATOMIC_RELEASE);
	thread_wake(vd->worker);
	thread_join(vd->worker);
	vd->worker = NULL;
}

void virtio_notify(struct virtio_dev *vd, const struct emu_access *acc, uint32_t queue)
{
	struct virtqueue *vq = virtio_queue(vd, queue);
	bool more;

	if (unlikely(!vq)) {
		emu_complain(vd->dev, acc, "notification of queue %u, of which there are %u", queue,
			     vd->nr_queues);
		return;
	}
	/* So that a guest which adds requests as fast as they are served stays interruptible. */
	mutex_lock(&vq->lock);
	more = vd->ops->serve(vd, vq);
	mutex_unlock(&vq->lock);
	if (unlikely(more) && virtio_need_worker(vd))
		virtio_wake_worker(vd, vq);
	if (vd->ops->after)
		vd->ops->after(vd);
}

/* --- status --------------------------------------------------------------------------------- */

static cold_fn void reset_locked(struct virtio_dev *vd)
{
	unsigned i;

	/* The status is zero when the reset is done, not before (2.4.2). */
	__atomic_fetch_and(&vd->status, ~(uint32_t)VIRTIO_S_DRIVER_OK, __ATOMIC_RELAXED);
	for (i = 0; i < vd->nr_queues; i++)
		vq_disable(&vd->queues[i]);
	if (vd->ops->reset)
		vd->ops->reset(vd);
	vd->driver_features = 0;
	vd->transport->reset(vd);
	WRITE_ONCE(vd->status, 0);
}

void virtio_reset(struct virtio_dev *vd)
{
	mutex_lock(&vd->lock);
	reset_locked(vd);
	mutex_unlock(&vd->lock);
}

/** 3.1.1 step 5: are the driver's features ones that we have, and is it a modern driver? */
static cold_fn bool features_ok(struct virtio_dev *vd, const struct emu_access *acc)
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

static cold_fn void start_device(struct virtio_dev *vd)
{
	if (!(READ_ONCE(vd->status) & VIRTIO_S_FEATURES_OK)) {
		virtio_broken(vd, "driver said DRIVER_OK without FEATURES_OK");
		return;
	}
	__atomic_fetch_or(&vd->status, VIRTIO_S_DRIVER_OK, __ATOMIC_RELEASE);
	if (vd->ops->start && virtio_live(vd))
		vd->ops->start(vd);
}

static cold_fn void add_status(struct virtio_dev *vd, const struct emu_access *acc, uint32_t value)
{
	uint32_t fresh = value & ~READ_ONCE(vd->status) & 0xff;

	/* Bits are only ever added (2.1.1); NEEDS_RESET is ours. */
	if ((fresh & VIRTIO_S_FEATURES_OK) && !features_ok(vd, acc))
		fresh &= ~(uint32_t)VIRTIO_S_FEATURES_OK;
	__atomic_fetch_or(&vd->status, fresh & (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |
						VIRTIO_S_FEATURES_OK | VIRTIO_S_FAILED),
			  __ATOMIC_RELAXED);
	if (fresh & VIRTIO_S_DRIVER_OK)
		start_device(vd);
}

cold_fn void virtio_set_status(struct virtio_dev *vd, const struct emu_access *acc, uint32_t value)
{
	mutex_lock(&vd->lock);
	if (value)
		add_status(vd, acc, value);
	else
		reset_locked(vd);
	mutex_unlock(&vd->lock);
	if (vd->ops->after)
		vd->ops->after(vd);
}

/* --- configuration -------------------------------------------------------------------------- */

static void set_word(uint64_t *to, unsigned word, uint32_t value)
{
	*to = (*to & ~(0xffffffffull << 32 * word)) | (uint64_t)value << 32 * word;
}

cold_fn void virtio_set_features(struct virtio_dev *vd, const struct emu_access *acc,
				 uint32_t word, uint32_t value)
{
	mutex_lock(&vd->lock);
	if (READ_ONCE(vd->status) & VIRTIO_S_FEATURES_OK)
		emu_complain(vd->dev, acc, "driver changes features after FEATURES_OK");
	else if (word < 2)
		set_word(&vd->driver_features, word, value);
	mutex_unlock(&vd->lock);
}

static cold_fn void enable_queue(struct virtio_dev *vd, struct virtqueue *vq, bool on)
{
	if (!on)
		vq_disable(vq);
	else if (!(READ_ONCE(vd->status) & VIRTIO_S_FEATURES_OK))
		virtio_broken(vd, "driver enabled queue %u before FEATURES_OK", vq->index);
	else if (!vq->ready && vq_enable(vq))
		vq->ready = false;
}

cold_fn void virtio_set_queue(struct virtio_dev *vd, const struct emu_access *acc, uint32_t queue,
		      enum virtio_queue_reg reg, uint32_t value)
{
	struct virtqueue *vq = virtio_queue(vd, queue);

	mutex_lock(&vd->lock);
	if (!vq || (vq->ready && reg != VIRTIO_Q_ENABLE))
		emu_complain(vd->dev, acc, "write to register 0x%x for queue %u, which %s",
			     (unsigned)acc->offset, queue, vq ? "is in use" : "does not exist");
	else if (reg == VIRTIO_Q_ENABLE)
		enable_queue(vd, vq, value & 1);
	else if (reg == VIRTIO_Q_SIZE)
		vq->num = (uint16_t)MIN(value, UINT16_MAX + 0u);
	else
		set_word((uint64_t *[]){ &vq->desc, &vq->driver, &vq->device }
				 [(reg - VIRTIO_Q_DESC) / 2],
			 (reg - VIRTIO_Q_DESC) % 2, value);
	mutex_unlock(&vd->lock);
}

enum emu_result virtio_config_access(struct virtio_dev *vd, struct emu_access *acc, uint64_t off)
{
	uint8_t space[VIRTIO_CONFIG_MAX + 8] = { 0 };

	if (off & (acc->size - 1))
		return EMU_WIDTH;
	/* Beyond the end it reads as zero. */
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

/* --- life ------------------------------------------------------------------------------------ */

/** What a node without something behind it says about itself; NULL: it has a device. */
static const char *empty_because(const struct dt_node *node, uint32_t type)
{
	const struct virtio_ops *ops = find_kind(type);
	const char *behind;

	if (!type)
		return "";
	if (type == VIRTIO_ID_NET || type == VIRTIO_ID_BLOCK) {
		behind = dt_string(node, type == VIRTIO_ID_NET ? "switch" : "blkdev", 0);
		if (!behind || !*behind)
			return type == VIRTIO_ID_NET ? "switch names no network" :
						       "blkdev names no block device or file";
		return NULL;
	}
	return ops ? NULL : "this type of device is not known";
}

cold_fn unsigned virtio_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t type = dt_u32_or(node, "virtio_type", 0);
	const struct virtio_ops *ops = find_kind(type);

	if (empty_because(node, type))
		return 0;
	if (ops)
		return ops->check ? ops->check(node, path, out) : 0;
	if (type == VIRTIO_ID_NET)
		out_printf(out, "%s: virtio_type 1 (network) with switch=\"%s\": there are no "
			   "network devices in this hypervisor (see emulators/virtio in its "
			   "configuration). Leave switch empty for an empty slot.\n", path,
			   dt_string(node, "switch", 0));
	else
		out_printf(out, "%s: virtio_type %u is not built into this hypervisor (see "
			   "emulators/virtio in its configuration).\n", path, type);
	return 1;
}

bool virtio_empty(const struct dt_node *node)
{
	return empty_because(node, dt_u32_or(node, "virtio_type", 0));
}

static cold_fn struct virtio_dev *make(struct emu_dev *dev, const struct virtio_ops *ops)
{
	unsigned n = ops->count_queues ? ops->count_queues(dev) : ops->nr_queues, i;
	struct virtio_dev *vd = heap_zalloc(sizeof(*vd) + n * sizeof(vd->queues[0]));

	if (!vd)
		return NULL;
	vd->dev = dev;
	vd->ops = ops;
	vd->nr_queues = n;
	vd->features = DEVICE_FEATURES | ops->features;
	mutex_init(&vd->lock);
	mutex_init(&vd->worker_lock);
	for (i = 0; i < n; i++)
		vq_init(&vd->queues[i], vd, i);
	return vd;
}

static cold_fn bool watch_uses(struct guest_mem_watch *watch, const uint8_t *va, uint64_t size)
{
	struct virtio_dev *vd = container_of(watch, struct virtio_dev, watch);
	bool used = false;

	for (unsigned i = 0; i < vd->nr_queues; i++)
		used |= vq_uses(&vd->queues[i], va, size);
	return used;
}

cold_fn int virtio_create(struct emu_dev *dev, const struct virtio_transport *transport,
		  void *transport_priv, struct virtio_dev **out)
{
	uint32_t type = dt_u32_or(dev->node, "virtio_type", 0);
	const char *empty = empty_because(dev->node, type);
	const struct virtio_ops *ops = find_kind(type);
	struct virtio_dev *vd;
	int err;

	*out = NULL;
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
	vd = make(dev, ops);
	if (!vd)
		return -ENOMEM;
	vd->transport = transport;
	vd->transport_priv = transport_priv;
	vd->features |= transport->features;
	err = ops->probe(vd);
	if (err) {
		heap_free(vd);
		return err;
	}
	list_init(&vd->watch.link);
	vd->watch.uses = watch_uses;
	guest_mem_watch(dev->guest, &vd->watch);
	*out = vd;
	return 0;
}

cold_fn void virtio_destroy(struct virtio_dev *vd)
{
	unsigned i;

	mutex_lock(&vd->lock);
	__atomic_fetch_and(&vd->status, ~(uint32_t)VIRTIO_S_DRIVER_OK, __ATOMIC_RELAXED);
	for (i = 0; i < vd->nr_queues; i++)
		vq_disable(&vd->queues[i]);
	mutex_unlock(&vd->lock);
	stop_worker(vd);
	guest_mem_unwatch(vd->dev->guest, &vd->watch);
	vd->ops->remove(vd);
	heap_free(vd);
}

cold_fn void virtio_show(struct virtio_dev *vd, struct shell_out *out)
{
	unsigned i;

	out_printf(out, "%s, status 0x%02x, features 0x%llx of 0x%llx\n", vd->ops->name,
		   READ_ONCE(vd->status), (unsigned long long)vd->driver_features,
		   (unsigned long long)vd->features);
	for (i = 0; i < vd->nr_queues; i++) {
		const struct virtqueue *vq = &vd->queues[i];

		if (vq->ready)
			out_printf(out, "queue %u: size %u, taken %u, given back %u\n", i, vq->num,
				   vq->last_avail, vq->used_idx);
	}
	if (vd->ops->show)
		vd->ops->show(vd, out);
}
