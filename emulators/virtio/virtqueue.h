/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtqueues (Virtual I/O Device 1.2, 2.6 to 2.8), device side, used in place in guest memory.
 *
 * The guest may change all of it at any time. So every index and descriptor is copied once and
 * what is checked and used is the copy; the buffers of a request are looked up when it is taken,
 * and from then on are pieces of memory that is the guest's. A guest that breaks the rules gets its
 * device stopped (virtio_broken()) and a sentence in the log.
 *
 * A queue has two sides with a lock each. Requests are taken under `lock`, a mutex, by any thread:
 * a vCPU that notifies, the device's own worker, a sender in another guest. They are given back
 * under `used_lock`, in any order and any context, by functions that take it themselves. A thread
 * that holds the lock of a queue which sends may take the one of another device's queue which
 * receives, never the other way round. Nobody takes a device's lock (virtio.h) under a queue's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/guest.h>
#include <core/guest_hole.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <libs/seg.h>
#include <libs/util.h>

struct virtio_dev;

/** Largest queue of any device. */
#define VQ_NUM_MAX 1024
/** Longest table of an indirect descriptor. */
#define VQ_INDIRECT_MAX 1024
/** Windows of guest memory that a queue remembers. */
#define VQ_WINDOWS 8
/** Addresses that share one of them. */
#define VQ_WINDOW_BLOCK (2 * MIB)

/** Guest memory that was looked up: contiguous, writable, valid as long as the guest. */
struct vq_window {
	gpa_t gpa;
	uint64_t size;
	uint8_t *va;
};

/** A request, from vq_pop() until it is given back: first what the device reads, then what it
 * writes (2.6.4.2). Behind it lie the bytes that the device asked for (virtio_ops.request_size).
 */
struct vq_chain {
	struct virtqueue *vq;
	struct mem_seg *segs;	  /* nr_out to read, then nr_in to write */
	uint16_t nr_out, nr_in;
	uint16_t id;		  /* split: first descriptor; packed: buffer id */
	uint16_t slots;		  /* packed: descriptors of the ring that it takes */
	uint32_t record;	  /* bytes in the queue's pool */
	bool done;		  /* given back; used_lock */
	uint64_t out_len, in_len; /* bytes */
};

struct virtqueue {
	struct virtio_dev *vd;
	uint16_t index;	     /* of the queue in the device */
	/* as the driver chose them; the device's lock, constant while ready */
	uint16_t num;
	gpa_t desc, driver, device;
	uint8_t *desc_va, *driver_va, *device_va; /* NULL: not contiguous, looked up each time */
	bool packed, event_idx;
	bool raw;	     /* vq_set_raw() */
	struct guest_mem_pin pins[3]; /* of the rings */
	unsigned nr_pins;
	bool ready;	     /* changes under both of the queue's locks and the device's */
	/* taking: lock */
	struct mutex lock;
	bool full;	     /* the last vq_pop() had no room for what is there */
	bool avail_wrap;     /* packed: the driver's wrap counter at last_avail */
	uint16_t last_avail; /* next entry of the available ring; packed: next descriptor */
	uint16_t avail_seen; /* split: the driver's index when it was read last */
	struct vq_window windows[VQ_WINDOWS];
	/* giving back: used_lock */
	spinlock_t used_lock;
	bool batch;	     /* vq_serve() is at work and will interrupt at its end */
	bool starved;	     /* requests wait for room in the pool */
	bool used_wrap;	     /* packed */
	uint16_t used_idx;   /* next entry of the used ring; packed: next descriptor */
	uint16_t filled;     /* entries behind it, not yet published */
	uint32_t unsignalled; /* entries since the last look whether to interrupt */
	uint64_t first_used; /* packed: second half of the first descriptor filled */
	/*
	 * Requests under way: a ring of records, made when the queue is enabled. head: lock, tail:
	 * used_lock, each read by the other side.
	 */
	uint8_t *pool;
	uint32_t pool_size, pool_head, pool_tail;
	uint32_t head_size;  /* of a record, before its segments */
	uint32_t pool_end;   /* where records end before they go on at 0; ~0: nowhere */
	struct waitq idle;   /* for vq_disable(): the pool is empty */
};

/* --- for the device's core (virtio.c) ----------------------------------------------------- */

void vq_init(struct virtqueue *vq, struct virtio_dev *vd, unsigned index);
/**
 * The driver enables a queue: check size, alignment and that all of the rings is memory, make the
 * pool. The device's lock is held.
 * @return 0, -EINVAL or -ENOMEM, said in the log
 */
must_check int vq_enable(struct virtqueue *vq);
/**
 * Stop a queue and forget what the driver said of it: waits until nobody uses it and every request
 * that was taken has ended. The device's lock is held. Thread context.
 */
void vq_disable(struct virtqueue *vq);
/**
 * Forget windows of guest memory. @return whether a request under way uses this memory, which is
 * the guest's no more (guest_mem_watch.uses)
 */
bool vq_uses(struct virtqueue *vq, const uint8_t *va, uint64_t size);
/** Requests taken and not given back. Any context. */
static inline bool vq_busy(const struct virtqueue *vq)
{
	return __atomic_load_n(&vq->pool_head, __ATOMIC_ACQUIRE) !=
	       __atomic_load_n(&vq->pool_tail, __ATOMIC_ACQUIRE);
}

/* --- taking requests: the queue's lock is held, thread context ------------------------------ */

/**
 * Take the next request.
 * @return NULL when there is none, when there is no room for more at once (vq->full; some are
 * under way then), or the device is broken
 */
struct vq_chain *vq_pop(struct virtqueue *vq);
/** Put the request taken last back as if it had not been; several: the newest first. */
void vq_unpop(struct vq_chain *chain);
/** Ask the driver not to notify while we are looking anyway. */
void vq_quiet(struct virtqueue *vq);
/** Ask for notifications again. @return true when requests came meanwhile: look again */
must_check bool vq_listen(struct virtqueue *vq);
/**
 * Serve what is there: take each request and hand it to `one`, which gives it back now or later;
 * in the end interrupt the guest for those given back meanwhile, and listen again. Stops after what
 * one exit may take, notifications being off then. When more requests are under way than there is
 * room for, the device's worker goes on later.
 * @param one  false: the device is broken
 * @return true when it stopped early: to be called again
 */
must_check bool vq_serve(struct virtqueue *vq, bool (*one)(struct vq_chain *chain));

/**
 * Buffers of this queue are places, not contents: they are not looked up, and the pointer in a
 * segment is what vq_seg_gpa() makes the guest's address of. Before the queue is enabled.
 */
static inline void vq_set_raw(struct virtqueue *vq, bool raw)
{
	vq->raw = raw;
}
static inline gpa_t vq_seg_gpa(const struct mem_seg *seg)
{
	return (uintptr_t)seg->va - 1;
}

/** A simple buffer to be written: one descriptor, one piece of memory. */
struct vq_buffer {
	uint8_t *va;
	uint32_t len;
	uint16_t id;
};
#define VQ_BUFFER_MIN 16 /**< bytes that a simple buffer has at least */

/**
 * Take buffers for so many bytes at once, without a record of each: for requests that end before
 * the queue's lock is given back, by vq_return_buffers().
 * @return how many; 0: there are not enough, or not all are simple: vq_pop() knows
 */
unsigned vq_take_buffers(struct virtqueue *vq, struct vq_buffer *buffers, unsigned max,
			 uint64_t bytes);
/** Are there more than n (less than the queue's size) descriptors to be taken? */
bool vq_has_more(struct virtqueue *vq, unsigned n);
/** Give all of them back; `len` of each is now how many bytes were written. */
void vq_return_buffers(struct virtqueue *vq, const struct vq_buffer *buffers, unsigned n);

/* --- giving them back: any context ------------------------------------------------------------ */

/**
 * Give a request back, which ends it. Nothing is said to the guest when the queue was stopped.
 * @param written  bytes written to its buffers
 */
void vq_push(struct vq_chain *chain, uint32_t written);
/**
 * The same in two steps, so that several buffers appear at once: all but vq_publish() leave the
 * driver in ignorance. Nobody else may give requests of this queue back meanwhile.
 */
void vq_fill(struct vq_chain *chain, uint32_t written);
void vq_publish(struct virtqueue *vq);
/** After requests were given back: interrupt the guest if it wants that. */
void vq_signal(struct virtqueue *vq);
/** vq_push(), and vq_signal() unless vq_serve() is at work and will do it: for completions. */
void vq_complete(struct vq_chain *chain, uint32_t written);

/* --- data: any context ---------------------------------------------------------------------- */

/** The device's own part of a request, request_size bytes, not initialised. */
static inline void *vq_private(struct vq_chain *chain)
{
	return chain + 1;
}

/** Copy from what the device reads, from byte off on. @return bytes: less than n at the end */
size_t vq_read(const struct vq_chain *chain, uint64_t off, void *buf, size_t n);
/** Copy to what the device writes. */
size_t vq_write(const struct vq_chain *chain, uint64_t off, const void *buf, size_t n);
