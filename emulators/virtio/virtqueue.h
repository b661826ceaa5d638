/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueues (Virtual I/O Device 1.1, 2.6), device side, used in place in guest memory.
 *
 * The guest may change all of it at any time. So every index and descriptor is copied once and
 * what is checked and used is the copy; a pointer into guest memory is only ever used for data. A
 * guest that breaks the rules gets its device stopped (virtio_broken()) and a sentence in the log.
 *
 * All functions: thread context, the device's lock held.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/guest.h>
#include <libs/util.h>

struct virtio_dev;

/** Largest queue, and so the longest chain of descriptors. */
#define VQ_NUM_MAX 128

struct virtqueue {
	struct virtio_dev *vd;
	uint16_t index;	     /* of the queue in the device */
	uint16_t num;	     /* size, as the driver chose it */
	bool ready;
	uint16_t last_avail; /* next entry of the available ring */
	uint16_t used_idx;   /* next entry of the used ring */
	uint16_t notified;   /* used_idx at the last interrupt */
	bool pending;	     /* used entries since the last look whether to interrupt */
	gpa_t desc, avail, used;
	uint8_t *desc_va, *avail_va, *used_va; /* NULL: not contiguous, looked up each time */
};

/** One buffer of a chain: a copy of its descriptor. */
struct vq_seg {
	gpa_t addr;
	uint32_t len;
};

/** A request: first what the device reads, then what it writes (2.6.4.2). */
struct vq_chain {
	struct virtqueue *vq;
	const struct vq_seg *segs; /* of the device: one chain at a time */
	uint16_t head;
	uint16_t nr_out, nr_in;	   /* segments to read, to write */
	uint64_t out_len, in_len;  /* bytes */
	/* where the last access ended, for each direction */
	uint16_t at_seg[2];
	uint64_t at_off[2];
};

/**
 * The driver sets QueueReady: check size, alignment and that all of the rings is memory.
 * @return 0 or -EINVAL, said in the log
 */
must_check int vq_enable(struct virtqueue *vq);
/** Forget everything: reset. */
void vq_disable(struct virtqueue *vq);

/**
 * Take the next request.
 * @return 1 and *chain filled, 0 when there is none, -EINVAL when the device is broken now
 */
must_check int vq_pop(struct virtqueue *vq, struct vq_chain *chain);
/** Give a request back. @param written  bytes written to its buffers */
void vq_push(struct virtqueue *vq, uint16_t head, uint32_t written);
/** After requests were given back: interrupt the guest if it wants that. */
void vq_signal(struct virtqueue *vq);

/** Ask the driver not to notify while we are looking anyway. */
void vq_quiet(struct virtqueue *vq);
/** Ask for notifications again. @return true when requests came meanwhile: look again */
must_check bool vq_listen(struct virtqueue *vq);

/**
 * Serve what is there: pop each request and hand it to `one`, which gives it back; in the end
 * interrupt the guest and listen again. Stops after what one exit may take, notifications being
 * off then.
 * @param one  false: the device is broken
 * @return true when it stopped early: to be called again
 */
must_check bool vq_serve(struct virtqueue *vq, bool (*one)(struct vq_chain *chain));

/**
 * Contiguous memory of a request.
 * @param write  false: of what the device reads; true: of what it writes
 * @param off    offset in that part, below its length
 * @param len    gets the bytes that lie there contiguously, at least 1
 * @return NULL when the guest named something that is not (writable) memory: the device is broken
 * now
 */
void *vq_piece(struct vq_chain *chain, bool write, uint64_t off, uint64_t *len);
/** Copy from what the device reads; off + n is within. @return 0 or -EFAULT: broken */
must_check int vq_read(struct vq_chain *chain, uint64_t off, void *buf, size_t n);
/** Copy to what the device writes. */
must_check int vq_write(struct vq_chain *chain, uint64_t off, const void *buf, size_t n);
