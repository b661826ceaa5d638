/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueues (Virtual I/O Device 1.2, 2.7), device side: a table of descriptors, a ring of
 * those that are available and a ring of those that were used. State is the queue's; the rings
 * belong to the guest, which may write to them at any time from any vCPU. For virtqueue.c only.
 */
#pragma once

#include <libs/bits.h>

#include "vq_walk.h"

/*
 * Available ring (2.7.6): flags, idx, ring[num], used_event. Used ring (2.7.8): the same with
 * pairs.
 */
#define RING_FLAGS	0
#define RING_IDX	2
#define RING_ENTRIES	4
#define NO_INTERRUPT	1 /* flag of the available ring */
#define NO_NOTIFY	1 /* flag of the used ring */

static inline uint16_t *avail_field(const struct virtqueue *vq, size_t off)
{
	return vq_ring_ptr(vq, vq->driver_va, vq->driver, off, false);
}

static inline void *used_field(const struct virtqueue *vq, size_t off)
{
	return vq_ring_ptr(vq, vq->device_va, vq->device, off, true);
}

/** How far the driver has got; what it wrote before is visible afterwards. */
static inline uint16_t avail_idx(const struct virtqueue *vq)
{
	return le16_to_cpu(__atomic_load_n(avail_field(vq, RING_IDX), __ATOMIC_ACQUIRE));
}

/** Are size and places right, and all of it memory? @return what is wrong, or NULL */
static const char *split_enable(struct virtqueue *vq)
{
	size_t num = vq->num;

	if (!is_pow2(num))
		return "size is no power of two";
	if (vq->desc & 15 || vq->driver & 1 || vq->device & 3)
		return "rings are not aligned to 16, 2 and 4 bytes";
	if (!vq_map_ring(vq, vq->desc, DESC_SIZE * num, false, &vq->desc_va) ||
	    !vq_map_ring(vq, vq->driver, RING_ENTRIES + 2 * num + 2, false, &vq->driver_va) ||
	    !vq_map_ring(vq, vq->device, RING_ENTRIES + 8 * num + 2, true, &vq->device_va))
		return "rings are not in the guest's memory";
	return NULL;
}

/* --- taking requests ------------------------------------------------------------------------ */

static noinline_fn int split_bad_index(struct virtqueue *vq, uint16_t idx)
{
	virtio_broken(vq->vd, "queue %u: available index went from %u to %u, but it has %u entries",
		      vq->index, vq->last_avail, idx, vq->num);
	return VQ_BROKEN;
}

/** Is there a request? @return 1, 0, VQ_BROKEN */
static inline int split_peek(struct virtqueue *vq)
{
	uint16_t idx = vq->avail_seen;

	if (idx != vq->last_avail)
		return 1;
	idx = avail_idx(vq);
	if (unlikely((uint16_t)(idx - vq->last_avail) > vq->num))
		return split_bad_index(vq, idx);
	vq->avail_seen = idx;
	return idx != vq->last_avail;
}

/** After split_peek(): its buffers become segments. @return 0, VQ_BROKEN, VQ_NO_ROOM */
static inline int split_walk(struct virtqueue *vq, struct vq_walk *walk)
{
	struct vq_table table = { vq->desc, (const void *)vq->desc_va, vq->num };
	struct vq_walk w = *walk;
	size_t entry = vq->last_avail & (vq->num - 1u);
	uint32_t i, left = vq->num;
	struct vq_desc desc;
	bool indirect = false;
	uint16_t flags;
	int err;

	i = load16(avail_field(vq, RING_ENTRIES + 2 * entry));
	w.at = i;
	for (;;) {
		if (unlikely(i >= table.count))
			return vq_bad_request(vq, w.at, "a descriptor number beyond the table");
		/* What is longer than the table goes in circles. */
		if (unlikely(!left--))
			return vq_bad_request(vq, w.at, "a chain that is longer than the queue, "
					      "or a loop");
		if (unlikely(!vq_read_desc(vq, &table, i, &desc)))
			return vq_bad_request(vq, w.at, "a descriptor table that is not in "
					      "memory");
		flags = desc_third(&desc);
		if (flags & DESC_INDIRECT) {
			if (unlikely(indirect || flags & DESC_NEXT))
				return vq_bad_request(vq, w.at, "an indirect descriptor inside a "
						      "table or with a next one");
			err = vq_indirect(vq, &w, &desc, &table);
			if (unlikely(err))
				return err;
			indirect = true;
			left = table.count;
			i = 0;
			continue;
		}
		err = vq_walk_add(vq, &w, desc.addr, desc_len(&desc), flags & DESC_WRITE);
		if (unlikely(err))
			return err;
		if (!(flags & DESC_NEXT))
			break;
		i = desc_fourth(&desc);
	}
	*walk = w;
	return 0;
}

/** As vq_has_more(). */
static inline bool split_has_more(struct virtqueue *vq, unsigned n)
{
	uint16_t end;

	if (likely((uint16_t)(vq->avail_seen - vq->last_avail) > n))
		return true;
	end = avail_idx(vq);
	/* What is wrong with the index is found when requests are taken. */
	return (uint16_t)(end - vq->last_avail) > n;
}

/** As vq_take_buffers(). */
static inline unsigned split_take_buffers(struct virtqueue *vq, struct vq_buffer *buffers,
					  unsigned max, uint64_t bytes)
{
	uint16_t at = vq->last_avail, end = vq->avail_seen;
	struct vq_table table = { vq->desc, (const void *)vq->desc_va, vq->num };
	struct vq_desc desc;
	uint64_t room = 0;
	unsigned n, i;

	for (n = 0; n < max && room < bytes; n++, at++) {
		if (at == end) {
			end = avail_idx(vq);
			/* What is wrong with the index is found when requests are taken singly. */
			if (end == at || (uint16_t)(end - vq->last_avail) > vq->num)
				return 0;
		}
		i = load16(avail_field(vq, RING_ENTRIES + 2 * (size_t)(at & (vq->num - 1u))));
		if (unlikely(i >= vq->num || !vq_read_desc(vq, &table, i, &desc) ||
			     desc_third(&desc) != DESC_WRITE ||
			     !vq_simple_buffer(vq, &desc, &buffers[n])))
			return 0;
		buffers[n].id = (uint16_t)i;
		room += buffers[n].len;
	}
	if (room < bytes)
		return 0;
	vq->avail_seen = end;
	vq->last_avail = at;
	return n;
}

static inline void split_quiet(struct virtqueue *vq)
{
	/* With event indexes the driver is quiet until the index passes the last one we set. */
	if (!vq->event_idx)
		store16(used_field(vq, RING_FLAGS), NO_NOTIFY);
}

static inline bool split_listen(struct virtqueue *vq)
{
	if (vq->event_idx)
		store16(used_field(vq, RING_ENTRIES + 8 * (size_t)vq->num), vq->last_avail);
	else
		store16(used_field(vq, RING_FLAGS), 0);
	/* The driver adds a request and then looks at our wish; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return avail_idx(vq) != vq->last_avail;
}

/* --- giving them back: used_lock -------------------------------------------------------------- */

static inline void split_fill(struct virtqueue *vq, uint16_t id, uint32_t written)
{
	size_t entry = (vq->used_idx + vq->filled++) & (vq->num - 1u);
	size_t off = RING_ENTRIES + 8 * entry;

	/* Each of the two words may be in a page of its own. */
	__atomic_store_n((uint32_t *)used_field(vq, off), cpu_to_le32(id), __ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)used_field(vq, off + 4), cpu_to_le32(written),
			 __ATOMIC_RELAXED);
}

static inline void split_publish(struct virtqueue *vq)
{
	vq->used_idx += vq->filled;
	vq->unsignalled += vq->filled;
	vq->filled = 0;
	/* What was written to the buffers and the entries is visible before the index. */
	__atomic_store_n((uint16_t *)used_field(vq, RING_IDX), cpu_to_le16(vq->used_idx),
			 __ATOMIC_RELEASE);
}

/** Does the driver want an interrupt for the entries that it was not yet told of? */
static inline bool split_wants_interrupt(const struct virtqueue *vq)
{
	uint16_t event;

	if (!vq->event_idx)
		return !(load16(avail_field(vq, RING_FLAGS)) & NO_INTERRUPT);
	/* 2.7.7.2: interrupt if the index passed the one that the driver waits for. */
	event = load16(avail_field(vq, RING_ENTRIES + 2 * (size_t)vq->num));
	return (uint16_t)(vq->used_idx - event - 1) < vq->unsignalled;
}
