/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packed virtqueues (Virtual I/O Device 1.2, 2.8), device side: one ring of descriptors, which the
 * driver makes available and the device overwrites with those used; two flags of each, compared
 * with a counter that changes when the ring is gone round, tell whose it is. State is the queue's;
 * the ring belongs to the guest. For virtqueue.c only.
 */
#pragma once

#include "vq_walk.h"

/* Flags besides those of all descriptors (2.8.8). */
#define PACKED_AVAIL BIT32(7)
#define PACKED_USED  BIT32(15)

/* Event suppression areas (2.8.14): of the driver and of the device. */
#define EVENT_POS	0 /* descriptor that is waited for, and in bit 15 the counter */
#define EVENT_FLAGS	2
#define EVENT_SIZE	4
#define EVENT_ENABLE	0
#define EVENT_DISABLE	1
#define EVENT_DESC	2

static const char *packed_enable(struct virtqueue *vq)
{
	if (vq->desc & 15 || vq->driver & 3 || vq->device & 3)
		return "ring and areas are not aligned to 16, 4 and 4 bytes";
	if (!vq_map_ring(vq, vq->desc, (size_t)DESC_SIZE * vq->num, true, &vq->desc_va) ||
	    !vq_map_ring(vq, vq->driver, EVENT_SIZE, false, &vq->driver_va) ||
	    !vq_map_ring(vq, vq->device, EVENT_SIZE, true, &vq->device_va))
		return "ring and areas are not in the guest's memory";
	vq->avail_wrap = true;
	vq->used_wrap = true;
	return NULL;
}

static inline uint64_t *packed_desc(const struct virtqueue *vq, uint32_t i)
{
	return vq_ring_ptr(vq, vq->desc_va, vq->desc, (size_t)DESC_SIZE * i, true);
}

/** The second half of a descriptor; if it is available, the rest of its request is visible. */
static inline uint64_t packed_rest(const struct virtqueue *vq, uint32_t i)
{
	return le64_to_cpu(__atomic_load_n(packed_desc(vq, i) + 1, __ATOMIC_ACQUIRE));
}

/* --- taking requests ------------------------------------------------------------------------ */

static inline bool packed_peek(const struct virtqueue *vq)
{
	uint32_t flags = (uint32_t)(packed_rest(vq, vq->last_avail) >> 48);

	return !(flags & PACKED_AVAIL) != vq->avail_wrap &&
	       !(flags & PACKED_USED) == vq->avail_wrap;
}

/** All descriptors of an indirect table, one behind the other. */
static always_inline_fn int packed_indirect(struct virtqueue *vq, struct vq_walk *w,
				  const struct vq_desc *first)
{
	struct vq_table table = { 0 };
	struct vq_desc desc;
	int err = vq_indirect(vq, w, first, &table);
	uint32_t i;

	for (i = 0; !err && i < table.count; i++) {
		if (unlikely(!vq_read_desc(vq, &table, i, &desc)))
			return vq_bad_request(vq, w->at, "a descriptor table that is not in "
					      "memory");
		if (unlikely(desc_fourth(&desc) & DESC_INDIRECT))
			return vq_bad_request(vq, w->at, "an indirect descriptor inside a table or "
					      "with a next one");
		err = vq_walk_add(vq, w, desc.addr, desc_len(&desc),
				  desc_fourth(&desc) & DESC_WRITE);
	}
	return err;
}

/**
 * After packed_peek(): its buffers become segments.
 * @param id     gets the buffer id
 * @param slots  gets how many descriptors of the ring it takes
 * @return 0, VQ_BROKEN, VQ_NO_ROOM
 */
static inline int packed_walk(struct virtqueue *vq, struct vq_walk *walk, uint16_t *id,
			      uint16_t *slots)
{
	uint32_t i = vq->last_avail, n = 0;
	struct vq_walk w = *walk;
	struct vq_desc desc;
	uint16_t flags;
	int err;

	w.at = i;
	do {
		if (unlikely(n++ == vq->num))
			return vq_bad_request(vq, w.at, "a chain that is longer than the queue, "
					      "or a loop");
		desc.rest = packed_rest(vq, i);
		desc.addr = le64_to_cpu(__atomic_load_n(packed_desc(vq, i), __ATOMIC_RELAXED));
		flags = desc_fourth(&desc);
		if (flags & DESC_INDIRECT) {
			if (unlikely(n > 1 || flags & DESC_NEXT))
				return vq_bad_request(vq, w.at, "an indirect descriptor inside a "
						      "table or with a next one");
			err = packed_indirect(vq, &w, &desc);
		} else {
			err = vq_walk_add(vq, &w, desc.addr, desc_len(&desc), flags & DESC_WRITE);
		}
		if (unlikely(err))
			return err;
		i = i + 1 == vq->num ? 0 : i + 1;
	} while (flags & DESC_NEXT);
	*walk = w;
	*id = desc_third(&desc);
	*slots = (uint16_t)n;
	return 0;
}

static inline void packed_advance(struct virtqueue *vq, uint16_t slots)
{
	uint32_t i = vq->last_avail + (uint32_t)slots;

	if (i >= vq->num) {
		i -= vq->num;
		vq->avail_wrap = !vq->avail_wrap;
	}
	vq->last_avail = (uint16_t)i;
}

static inline void packed_retreat(struct virtqueue *vq, uint16_t slots)
{
	uint32_t i = vq->last_avail;

	if (i < slots) {
		i += vq->num;
		vq->avail_wrap = !vq->avail_wrap;
	}
	vq->last_avail = (uint16_t)(i - slots);
}

/** As vq_has_more(): drivers make descriptors available in their order. */
static inline bool packed_has_more(const struct virtqueue *vq, unsigned n)
{
	uint32_t i = vq->last_avail + n, flags;
	bool wrap = vq->avail_wrap;

	if (i >= vq->num) {
		i -= vq->num;
		wrap = !wrap;
	}
	flags = (uint32_t)(packed_rest(vq, i) >> 48);
	return (flags & (PACKED_AVAIL | PACKED_USED)) == (wrap ? PACKED_AVAIL : PACKED_USED);
}

/** As vq_take_buffers(). */
static inline unsigned packed_take_buffers(struct virtqueue *vq, struct vq_buffer *buffers,
					   unsigned max, uint64_t bytes)
{
	uint32_t i = vq->last_avail;
	bool wrap = vq->avail_wrap;
	struct vq_desc desc;
	uint64_t room = 0;
	uint32_t flags;
	unsigned n;

	for (n = 0; n < max && room < bytes; n++) {
		desc.rest = packed_rest(vq, i);
		flags = desc_fourth(&desc);
		/* Available: the first flag is as the counter, the second is not. */
		if ((flags & (PACKED_AVAIL | PACKED_USED)) != (wrap ? PACKED_AVAIL : PACKED_USED) ||
		    (flags & (DESC_NEXT | DESC_WRITE | DESC_INDIRECT)) != DESC_WRITE)
			return 0;
		desc.addr = le64_to_cpu(__atomic_load_n(packed_desc(vq, i), __ATOMIC_RELAXED));
		if (unlikely(!vq_simple_buffer(vq, &desc, &buffers[n])))
			return 0;
		buffers[n].id = desc_third(&desc);
		room += buffers[n].len;
		if (++i == vq->num) {
			i = 0;
			wrap = !wrap;
		}
	}
	if (room < bytes)
		return 0;
	vq->last_avail = (uint16_t)i;
	vq->avail_wrap = wrap;
	return n;
}

static inline uint16_t *device_event(const struct virtqueue *vq, size_t field)
{
	return vq_ring_ptr(vq, vq->device_va, vq->device, field, true);
}

static inline void packed_quiet(struct virtqueue *vq)
{
	/* With event indexes the driver is quiet until it passes the position we set last. */
	if (!vq->event_idx)
		store16(device_event(vq, EVENT_FLAGS), EVENT_DISABLE);
}

static inline bool packed_listen(struct virtqueue *vq)
{
	if (vq->event_idx) {
		store16(device_event(vq, EVENT_POS),
			(uint16_t)(vq->last_avail | vq->avail_wrap << 15));
		/* The driver looks at the flags first. */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		store16(device_event(vq, EVENT_FLAGS), EVENT_DESC);
	} else {
		store16(device_event(vq, EVENT_FLAGS), EVENT_ENABLE);
	}
	/* The driver adds a request and then looks at our wish; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return packed_peek(vq);
}

/* --- giving them back: used_lock -------------------------------------------------------------- */

/** Behind what is published; the first one stays the driver's until packed_publish(). */
static inline void packed_fill(struct virtqueue *vq, uint16_t id, uint16_t slots, uint32_t written)
{
	uint32_t i = vq->used_idx + (uint32_t)vq->filled;
	bool wrap = vq->used_wrap;
	uint64_t rest = written | (uint64_t)id << 32, flags;

	if (i >= vq->num) {
		i -= vq->num;
		wrap = !wrap;
	}
	flags = (wrap ? PACKED_AVAIL | PACKED_USED : 0u) | (written ? DESC_WRITE : 0u);
	if (!vq->filled)
		vq->first_used = rest | flags << 48;
	else
		__atomic_store_n(packed_desc(vq, i) + 1, cpu_to_le64(rest | flags << 48),
				 __ATOMIC_RELAXED);
	vq->filled += slots;
}

static inline void packed_publish(struct virtqueue *vq)
{
	uint32_t i = vq->used_idx + (uint32_t)vq->filled;

	/* What was written to the buffers and further descriptors is visible before this one. */
	__atomic_store_n(packed_desc(vq, vq->used_idx) + 1, cpu_to_le64(vq->first_used),
			 __ATOMIC_RELEASE);
	vq->unsignalled += vq->filled;
	vq->filled = 0;
	if (i >= vq->num) {
		i -= vq->num;
		vq->used_wrap = !vq->used_wrap;
	}
	vq->used_idx = (uint16_t)i;
}

static inline bool packed_wants_interrupt(const struct virtqueue *vq)
{
	const uint16_t *area = vq_ring_ptr(vq, vq->driver_va, vq->driver, 0, false);
	uint16_t flags = load16(&area[EVENT_FLAGS / 2]), at;
	int32_t event;

	if (flags != EVENT_DESC || !vq->event_idx)
		return flags != EVENT_DISABLE;
	/* Interrupt if the ring was used past the descriptor that the driver waits for. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	at = load16(&area[EVENT_POS / 2]);
	event = at & 0x7fff;
	if (at >> 15 != vq->used_wrap)
		event -= vq->num;
	return (uint32_t)(vq->used_idx - event - 1) < vq->unsignalled;
}
