/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio devices: what one kind of device supplies, what the core (virtio.c) does for it, and what
 * a transport (virtio_mmio.c) adds. Names and numbers are those of Virtual I/O Device 1.2.
 *
 * Locks: virtio_dev.lock (mutex) guards what the driver configures, and status changes; below it
 * come the locks of the queues (virtqueue.h). The status alone is also changed by virtio_broken().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/emu.h>
#include <core/thread.h>
#include <libs/util.h>

#include "virtqueue.h"

/* Device types (5). */
#define VIRTIO_ID_NET	  1
#define VIRTIO_ID_BLOCK	  2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_ENTROPY 4
#define VIRTIO_ID_BALLOON 5

/* Device status (2.1). */
#define VIRTIO_S_ACKNOWLEDGE 0x01
#define VIRTIO_S_DRIVER	     0x02
#define VIRTIO_S_DRIVER_OK   0x04
#define VIRTIO_S_FEATURES_OK 0x08
#define VIRTIO_S_NEEDS_RESET 0x40
#define VIRTIO_S_FAILED	     0x80

/* Features of every device (6). */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX     BIT(29)
#define VIRTIO_F_VERSION_1     BIT(32)
#define VIRTIO_F_RING_PACKED   BIT(34)
#define VIRTIO_F_RING_RESET    BIT(40)

#define VIRTIO_CONFIG_MAX 64 /* bytes of configuration space */
#define VIRTIO_QUEUES_MAX 64

/** One kind of device. */
struct virtio_ops {
	const char *name;
	uint32_t type;
	unsigned nr_queues;
	uint16_t queue_size;	/* most entries of a queue: a power of two up to VQ_NUM_MAX */
	uint16_t request_size;	/* bytes of its own with each request: vq_private() */
	uint32_t pool_size;	/* bytes of a queue's requests under way, with their segments */
	uint64_t features;	/* that every instance offers, besides those of all devices */
	unsigned config_len;	/* bytes of configuration space */
	/** How many queues this instance has, at most VIRTIO_QUEUES_MAX. NULL: nr_queues. */
	unsigned (*count_queues)(const struct emu_dev *dev);
	/** Check a node's properties as emulator.check does. May be NULL. */
	unsigned (*check)(const struct dt_node *node, const char *path, struct shell_out *out);
	/** Sets vd->priv, adds to vd->features. @return 0 or negative errno, said in the log */
	int (*probe)(struct virtio_dev *vd);
	/** All queues are stopped. */
	void (*remove)(struct virtio_dev *vd);
	/** Reset by the driver; all queues are stopped. Device's lock held. May be NULL. */
	void (*reset)(struct virtio_dev *vd);
	/**
	 * A queue is about to be stopped and its requests are waited for: end those which would
	 * wait for something that need not come. Device's lock held. May be NULL.
	 */
	void (*cancel)(struct virtio_dev *vd, struct virtqueue *vq);
	/** The driver is ready: queues are in use from now on. Device's lock held. May be NULL. */
	void (*start)(struct virtio_dev *vd);
	/**
	 * Serve requests of a queue, as many as one exit may take (vq_serve()); its lock is held.
	 * Never waits for a disk or for another guest.
	 * @return true when there are more
	 */
	bool (*serve)(struct virtio_dev *vd, struct virtqueue *vq);
	/** After serve() or start(), in the same thread; no lock held. May be NULL. */
	void (*after)(struct virtio_dev *vd);
	/** Copy configuration space into buf (zeroed). Device's lock held. */
	void (*config_read)(struct virtio_dev *vd, uint8_t *buf);
	/** Write of n bytes within it. Device's lock held. NULL: read-only. */
	void (*config_write)(struct virtio_dev *vd, unsigned offset, unsigned n, uint64_t value);
	/** More for `guest devices -v`: whole lines. May be NULL. Lock not held. */
	void (*show)(struct virtio_dev *vd, struct shell_out *out);
};

#define VIRTIO_CONFIG_IRQ (-1)

/** How a device reaches its driver. */
struct virtio_transport {
	uint64_t features; /* that it adds to those of all devices */
	/** Interrupt for a queue, or VIRTIO_CONFIG_IRQ. Any context. */
	void (*interrupt)(struct virtio_dev *vd, int queue);
	/** Reset: interrupts off, registers as at the beginning. Device's lock held. */
	void (*reset)(struct virtio_dev *vd);
};

struct virtio_dev {
	struct emu_dev *dev;
	const struct virtio_ops *ops;
	void *priv;			/* of ops */
	const struct virtio_transport *transport;
	void *transport_priv;
	struct guest_mem_watch watch;	/* pointers that the queues keep */
	struct mutex lock;
	uint32_t status;		/* atomic */
	uint32_t generation;		/* of the configuration */
	uint64_t features, driver_features;
	/* requests left over by a notification: served by a thread, made when first needed */
	struct mutex worker_lock;	/* making it; below the queues' locks */
	struct thread *worker;		/* atomic */
	uint64_t left_over;		/* queues; atomic */
	bool stop_worker;
	unsigned nr_queues;
	struct virtqueue queues[];
};

/** Did the driver accept this feature? */
static inline bool virtio_has(const struct virtio_dev *vd, uint64_t feature)
{
	return vd->driver_features & feature;
}

/** Is the device in use: driver ready, not broken? */
static inline bool virtio_live(const struct virtio_dev *vd)
{
	return (READ_ONCE(vd->status) & (VIRTIO_S_DRIVER_OK | VIRTIO_S_NEEDS_RESET)) ==
	       VIRTIO_S_DRIVER_OK;
}

/* --- for kinds of devices -------------------------------------------------------------------- */

/**
 * The guest broke the rules: say so, stop the device until the driver resets it (2.1.2). Thread
 * context.
 */
void virtio_broken(struct virtio_dev *vd, const char *fmt, ...) printf_like(2, 3);
/** Configuration space has changed: a new generation, and an interrupt. Thread context, no lock. */
void virtio_config_changed(struct virtio_dev *vd);
/**
 * Let the device's worker serve a queue. Any context, if virtio_need_worker() was true before.
 */
void virtio_wake_worker(struct virtio_dev *vd, const struct virtqueue *vq);
/** Make the worker unless there is one. Thread context. @return false: no memory, broken now */
must_check bool virtio_need_worker(struct virtio_dev *vd);

extern const struct virtio_ops virtio_balloon_ops;
extern const struct virtio_ops virtio_blk_ops;
extern const struct virtio_ops virtio_console_ops;
extern const struct virtio_ops virtio_net_ops;
extern const struct virtio_ops virtio_rng_ops;

/* --- for transports: thread context, no lock held ------------------------------------------- */

/** emulator.props of both transports. */
extern const char *const virtio_props[];
/** emulator.check for a node with virtio_type: @return errors, all printed */
unsigned virtio_check(const struct dt_node *node, const char *path, struct shell_out *out);
/** Is a node without anything behind it: an empty slot? */
bool virtio_empty(const struct dt_node *node);
/**
 * Make the device that a node describes.
 * @param out  NULL when the node is an empty slot (said in the log if it has a type)
 * @return 0 or negative errno, said in the log
 */
must_check int virtio_create(struct emu_dev *dev, const struct virtio_transport *transport,
			     void *transport_priv, struct virtio_dev **out);
/** vCPUs do not run any more. */
void virtio_destroy(struct virtio_dev *vd);
/** Reset by the driver or of the guest; waits for requests under way. */
void virtio_reset(struct virtio_dev *vd);
/** The driver writes the status. @param acc  for the log */
void virtio_set_status(struct virtio_dev *vd, const struct emu_access *acc, uint32_t value);
/** The driver writes 32 of its feature bits. @param word  which; above 1: none */
void virtio_set_features(struct virtio_dev *vd, const struct emu_access *acc, uint32_t word,
			 uint32_t value);
/** Half of a 64-bit set of features. */
static inline uint32_t virtio_features_word(uint64_t features, uint32_t word)
{
	return word < 2 ? (uint32_t)(features >> 32 * word) : 0;
}

/** What the driver sets of a queue. */
enum virtio_queue_reg {
	VIRTIO_Q_SIZE,
	VIRTIO_Q_ENABLE,
	VIRTIO_Q_DESC, /* and the high half; likewise below */
	VIRTIO_Q_DESC_HIGH,
	VIRTIO_Q_DRIVER,
	VIRTIO_Q_DRIVER_HIGH,
	VIRTIO_Q_DEVICE,
	VIRTIO_Q_DEVICE_HIGH,
};
/** A register of queue number `queue`, whether there is such a queue or not. */
void virtio_set_queue(struct virtio_dev *vd, const struct emu_access *acc, uint32_t queue,
		      enum virtio_queue_reg reg, uint32_t value);
/** A queue by the driver's number; NULL: none. */
static inline struct virtqueue *virtio_queue(struct virtio_dev *vd, uint32_t queue)
{
	return queue < vd->nr_queues ? &vd->queues[queue] : NULL;
}
/** The driver notifies a queue. */
void virtio_notify(struct virtio_dev *vd, const struct emu_access *acc, uint32_t queue);
/** An access to configuration space; acc->offset is not looked at, acc->value gets what is read. */
enum emu_result virtio_config_access(struct virtio_dev *vd, struct emu_access *acc, uint64_t off);
/** State for `guest devices -v`. */
void virtio_show(struct virtio_dev *vd, struct shell_out *out);
