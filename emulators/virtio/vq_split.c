/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueues (Virtual I/O Device 1.2, 2.7), device side: a table of descriptors, a ring of
 * those that are available and a ring of those that were used. State is the queue's; the rings
 * belong to the guest, which may write to them at any time from any vCPU.
 */
#include "vq_ring.h"

#include <libs/bits.h>

/*
 * Available ring (2.7.6): flags, idx, ring[num], used_event. Used ring (2.7.8): the same with
 * pairs.
 */
#define RING_FLAGS	0
#define RING_IDX	2
#define RING_ENTRIES	4
#define NO_INTERRUPT	1 /* flag of the available ring */
#define NO_NOTIFY	1 /* flag of the used ring */

static size_t avail_size(unsigned num)
{
	return RING_ENTRIES + 2 * num + 2;
}

static size_t used_size(unsigned num)
{
	return RING_ENTRIES + 8 * num + 2;
}

static uint16_t *avail_field(const struct virtqueue *vq, size_t off)
{
	return vq_ring_ptr(vq, vq->driver_va, vq->driver, off, false);
}

static void *used_field(const struct virtqueue *vq, size_t off)
{
	return vq_ring_ptr(vq, vq->device_va, vq->device, off, true);
}

/** How far the driver has got; what it wrote before is visible afterwards. */
static uint16_t avail_idx(const struct virtqueue *vq)
{
	return le16_to_cpu(__atomic_load_n(avail_field(vq, RING_IDX), __ATOMIC_ACQUIRE));
}

const char *split_enable(struct virtqueue *vq)
{
	if (!is_pow2(vq->num))
		return "size is no power of two";
	if (vq->desc & 15 || vq->driver & 1 || vq->device & 3)
		return "rings are not aligned to 16, 2 and 4 bytes";
	if (!vq_map_ring(vq, vq->desc, (size_t)DESC_SIZE * vq->num, false, &vq->desc_va) ||
	    !vq_map_ring(vq, vq->driver, avail_size(vq->num), false, &vq->driver_va) ||
	    !vq_map_ring(vq, vq->device, used_size(vq->num), true, &vq->device_va))
		return "rings are not in the guest's memory";
	return NULL;
}

/* --- taking requests ------------------------------------------------------------------------ */

int split_peek(struct virtqueue *vq)
{
	uint16_t waiting = (uint16_t)(vq->avail_seen - vq->last_avail);

	if (waiting)
		return 1;
	vq->avail_seen = avail_idx(vq);
	waiting = (uint16_t)(vq->avail_seen - vq->last_avail);
	if (likely(waiting <= vq->num))
		return waiting != 0;
	virtio_broken(vq->vd, "queue %u: available index went from %u to %u, but it has %u entries",
		      vq->index, vq->last_avail, vq->avail_seen, vq->num);
	vq->avail_seen = vq->last_avail;
	return VQ_BROKEN;
}

int split_walk(struct vq_walk *w)
{
	struct virtqueue *vq = w->vq;
	struct vq_table table = { vq->desc, vq->desc_va, vq->num };
	size_t entry = vq->last_avail & (vq->num - 1);
	struct vq_desc desc;
	bool indirect = false;
	uint32_t i, left = vq->num;
	int err;

	w->chain->id = load16(avail_field(vq, RING_ENTRIES + 2 * entry));
	for (i = w->chain->id;; i = desc_fourth(&desc)) {
		uint16_t flags;

again:
		if (unlikely(i >= table.count))
			return vq_walk_broken(w, "a descriptor number beyond the table");
		if (unlikely(!vq_read_desc(vq, &table, i, &desc)))
			return vq_walk_broken(w, "a descriptor table that is not in memory");
		flags = desc_third(&desc);
		if (flags & DESC_INDIRECT) {
			if (indirect || flags & DESC_NEXT)
				return vq_walk_broken(w, "an indirect descriptor inside a table or "
						      "with a next one");
			err = vq_enter_indirect(w, &desc, &table);
			if (err)
				return err;
			indirect = true;
			left = table.count;
			i = 0;
			goto again;
		}
		/* What is longer than the table goes in circles. */
		if (unlikely(!left--))
			return vq_walk_broken(w, "a chain that is longer than the queue, or a "
					      "loop");
		err = vq_walk_add(w, desc.addr, desc_len(&desc), flags & DESC_WRITE);
		if (unlikely(err))
			return err;
		if (!(flags & DESC_NEXT))
			return 0;
	}
}

void split_advance(struct virtqueue *vq, const struct vq_chain *chain)
{
	vq->last_avail++;
}

void split_retreat(struct virtqueue *vq, const struct vq_chain *chain)
{
	vq->last_avail--;
}

void split_quiet(struct virtqueue *vq)
{
	/* With event indexes the driver is quiet until the index passes the last one we set. */
	if (!vq->event_idx)
		store16(used_field(vq, RING_FLAGS), NO_NOTIFY);
}

bool split_listen(struct virtqueue *vq)
{
	if (vq->event_idx)
		store16(used_field(vq, RING_ENTRIES + 8 * (size_t)vq->num), vq->last_avail);
	else
		store16(used_field(vq, RING_FLAGS), 0);
	/* The driver adds a request and then looks at our wish; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return avail_idx(vq) != vq->last_avail;
}

/* --- giving them back ------------------------------------------------------------------------ */

void split_fill(struct virtqueue *vq, const struct vq_chain *chain, uint32_t written)
{
	size_t entry = (vq->used_idx + vq->filled++) & (vq->num - 1);
	size_t off = RING_ENTRIES + 8 * entry;

	/* Each of the two words may be in a page of its own. */
	__atomic_store_n((uint32_t *)used_field(vq, off), cpu_to_le32(chain->id), __ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)used_field(vq, off + 4), cpu_to_le32(written),
			 __ATOMIC_RELAXED);
}

void split_publish(struct virtqueue *vq)
{
	vq->used_idx += vq->filled;
	vq->filled = 0;
	/* What was written to the buffers and the entries is visible before the index. */
	__atomic_store_n((uint16_t *)used_field(vq, RING_IDX), cpu_to_le16(vq->used_idx),
			 __ATOMIC_RELEASE);
}

bool split_wants_interrupt(struct virtqueue *vq)
{
	uint16_t old = vq->notified, event;

	vq->notified = vq->used_idx;
	if (!vq->event_idx)
		return !(load16(avail_field(vq, RING_FLAGS)) & NO_INTERRUPT);
	/* 2.7.7.2: interrupt if the index passed the one that the driver waits for. */
	event = load16(avail_field(vq, RING_ENTRIES + 2 * (size_t)vq->num));
	return (uint16_t)(vq->used_idx - event - 1) < (uint16_t)(vq->used_idx - old);
}
