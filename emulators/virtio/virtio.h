/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio devices: what one kind of device supplies, and what the transport (virtio_mmio.c) does for
 * it. Names and numbers are those of Virtual I/O Device 1.1.
 *
 * The device's mutex is held in all functions of struct virtio_ops but probe and remove.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/emu.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <libs/util.h>

#include "virtqueue.h"

/* Device types (5). */
#define VIRTIO_ID_NET	  1
#define VIRTIO_ID_BLOCK	  2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_ENTROPY 4

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

struct virtio_ops {
	const char *name;
	uint32_t type;
	unsigned nr_queues;
	uint64_t features;   /* that every instance offers, besides those of the transport */
	unsigned config_len; /* bytes of configuration space */
	/** Check a node's properties as emulator.check does. May be NULL. */
	unsigned (*check)(const struct dt_node *node, const char *path, struct shell_out *out);
	/** Sets vd->priv, adds to vd->features. @return 0 or negative errno, said in the log */
	int (*probe)(struct virtio_dev *vd);
	void (*remove)(struct virtio_dev *vd);
	/** The driver reset the device. May be NULL. */
	void (*reset)(struct virtio_dev *vd);
	/** The driver is ready: queues are in use from now on. May be NULL. */
	void (*start)(struct virtio_dev *vd);
	/**
	 * Serve requests of a queue, as many as one exit may take (vq_serve()).
	 * @return true when there are more
	 */
	bool (*serve)(struct virtio_dev *vd, struct virtqueue *vq);
	/** After requests were served or the driver became ready; no lock held. May be NULL. */
	void (*after)(struct virtio_dev *vd);
	/** Copy configuration space into buf. */
	void (*config_read)(struct virtio_dev *vd, uint8_t *buf);
	/** Write of n bytes within it. NULL: read-only. */
	void (*config_write)(struct virtio_dev *vd, unsigned offset, unsigned n, uint64_t value);
	/** More for `guest devices -v`; one line, no newline. May be NULL. Lock not held. */
	void (*show)(struct virtio_dev *vd, struct shell_out *out);
};

struct virtio_dev {
	struct emu_dev *dev;
	const struct virtio_ops *ops;
	void *priv;
	struct mutex lock;
	/* registers */
	uint32_t status;
	uint32_t features_sel, driver_features_sel, queue_sel;
	uint64_t features, driver_features;
	/* interrupt: any context */
	spinlock_t irq_lock;
	uint32_t isr;
	int irq;		/* negative: none */
	bool line;
	/* requests left over by a notification: served by a thread, made when first needed */
	struct thread *worker;
	uint32_t left_over;	/* queues; atomic */
	bool stop_worker;
	struct vq_seg *segs;	/* VQ_NUM_MAX, of the chain popped last; made at DRIVER_OK */
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
	return (vd->status & (VIRTIO_S_DRIVER_OK | VIRTIO_S_NEEDS_RESET)) == VIRTIO_S_DRIVER_OK;
}

/** The guest broke the rules: say so, stop the device until the driver resets it (2.1.2). */
void virtio_broken(struct virtio_dev *vd, const char *fmt, ...) printf_like(2, 3);
/** Raise bits of the interrupt status (1: used buffer, 2: configuration change). Any context. */
void virtio_interrupt(struct virtio_dev *vd, uint32_t bits);

extern const struct virtio_ops virtio_blk_ops;
extern const struct virtio_ops virtio_console_ops;
extern const struct virtio_ops virtio_rng_ops;
