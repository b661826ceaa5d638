/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between virtqueue.c and the ring formats: looking up guest memory, and the walk along the buffers
 * of a request. All of it under the queue's lock.
 */
#pragma once

#include <core/guest.h>
#include <libs/byteorder.h>
#include <libs/util.h>

#include "virtio.h"
#include "virtqueue.h"

/* Descriptors (2.7.5, 2.8.8). */
#define DESC_SIZE     16
#define DESC_NEXT     0x1
#define DESC_WRITE    0x2
#define DESC_INDIRECT 0x4

/** A walk along one request's buffers, which become segments of the chain. */
struct vq_walk {
	struct virtqueue *vq;
	struct vq_chain *chain;
	unsigned n, room; /* segments: there are, there is space for */
};

/** What a walk comes to: 0, VQ_BROKEN (said in the log), VQ_NO_ROOM (for more segments). */
#define VQ_BROKEN  (-1)
#define VQ_NO_ROOM (-2)

/** One 16-byte descriptor, copied once. */
struct vq_desc {
	uint64_t addr;
	uint64_t rest; /* length in the low half, then two fields of 16 bits */
};

static inline uint32_t desc_len(const struct vq_desc *d)
{
	return (uint32_t)d->rest;
}

/** Split: flags; packed: buffer id. */
static inline uint16_t desc_third(const struct vq_desc *d)
{
	return (uint16_t)(d->rest >> 32);
}

/** Split: next; packed: flags. */
static inline uint16_t desc_fourth(const struct vq_desc *d)
{
	return (uint16_t)(d->rest >> 48);
}

static inline struct guest *vq_guest(const struct virtqueue *vq)
{
	return vq->vd->dev->guest;
}

static inline uint16_t load16(const uint16_t *p)
{
	return le16_to_cpu(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, cpu_to_le16(v), __ATOMIC_RELAXED);
}

/**
 * Address of something in a ring; a whole naturally aligned field never crosses a page. Not NULL
 * once vq_enable() has looked at all of the ring, because a guest's memory does not change.
 */
static inline void *vq_ring_ptr(const struct virtqueue *vq, uint8_t *va, gpa_t base, size_t off,
				bool write)
{
	if (likely(va))
		return va + off;
	return guest_mem_ptr(vq_guest(vq), base + off, write, NULL);
}

/** A table of descriptors: the ring's own or an indirect one. */
struct vq_table {
	gpa_t base;
	const uint8_t *va; /* NULL: not contiguous */
	uint32_t count;
};

/** Copy descriptor i, which is in the table. @return false: it is not in memory */
bool vq_read_desc_slow(const struct virtqueue *vq, const struct vq_table *table, uint32_t i,
		       struct vq_desc *desc);
static inline bool vq_read_desc(const struct virtqueue *vq, const struct vq_table *table,
				uint32_t i, struct vq_desc *desc)
{
	const uint64_t *p;

	if (unlikely(!table->va || (uintptr_t)table->va & 7))
		return vq_read_desc_slow(vq, table, i, desc);
	p = (const void *)(table->va + (size_t)DESC_SIZE * i);
	desc->addr = le64_to_cpu(__atomic_load_n(&p[0], __ATOMIC_RELAXED));
	desc->rest = le64_to_cpu(__atomic_load_n(&p[1], __ATOMIC_RELAXED));
	return true;
}

/** Say what is wrong with a request. @return VQ_BROKEN */
int vq_walk_broken(struct vq_walk *w, const char *what);
/** Begin with the table of an indirect descriptor (2.7.5.3). @return 0 or VQ_BROKEN */
int vq_enter_indirect(struct vq_walk *w, const struct vq_desc *desc, struct vq_table *table);
/** vq_walk_add() for buffers that are in no window, or in pieces. */
int vq_walk_add_slow(struct vq_walk *w, uint64_t addr, uint32_t len, bool write);

/** The window for an address: the right one or another. */
static inline struct vq_window *vq_window(struct virtqueue *vq, uint64_t addr)
{
	return &vq->windows[(addr >> 21) % VQ_WINDOWS];
}

/** Add a buffer to the chain. @return 0, VQ_BROKEN, VQ_NO_ROOM */
static inline int vq_walk_add(struct vq_walk *w, uint64_t addr, uint32_t len, bool write)
{
	const struct vq_window *win = vq_window(w->vq, addr);
	struct vq_chain *chain = w->chain;
	uint64_t off = addr - win->gpa;

	if (unlikely(off >= win->size || len > win->size - off || !len || w->n == w->room ||
		     (!write && chain->nr_in)))
		return vq_walk_add_slow(w, addr, len, write);
	chain->segs[w->n++] = (struct mem_seg){ win->va + off, len };
	if (write) {
		chain->nr_in++;
		chain->in_len += len;
	} else {
		chain->nr_out++;
		chain->out_len += len;
	}
	return 0;
}

/* --- what a ring format supplies -------------------------------------------------------------- */

/** Are size and places right, and all of it memory? @return what is wrong, or NULL */
const char *split_enable(struct virtqueue *vq);
/** Is there a request? @return 1, 0, VQ_BROKEN */
int split_peek(struct virtqueue *vq);
/** After split_peek(): its buffers. @return 0, VQ_BROKEN, VQ_NO_ROOM */
int split_walk(struct vq_walk *w);
/** The request walked along is taken; and the opposite. */
void split_advance(struct virtqueue *vq, const struct vq_chain *chain);
void split_retreat(struct virtqueue *vq, const struct vq_chain *chain);
void split_quiet(struct virtqueue *vq);
bool split_listen(struct virtqueue *vq);
/* These under used_lock: */
void split_fill(struct virtqueue *vq, const struct vq_chain *chain, uint32_t written);
void split_publish(struct virtqueue *vq);
/** Does the driver want an interrupt for what was given back since the last one? */
bool split_wants_interrupt(struct virtqueue *vq);

/** Is all of [gpa, gpa+size) memory? *va gets its address where it is contiguous. */
bool vq_map_ring(struct virtqueue *vq, gpa_t gpa, size_t size, bool write, uint8_t **va);
