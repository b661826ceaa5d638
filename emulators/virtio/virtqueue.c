/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueues, device side. State is the device's, under its lock; the rings belong to the
 * guest, which may write to them at any time from any vCPU.
 */
#include "virtqueue.h"

#include <core/guest.h>
#include <libs/bits.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "virtio.h"

/* Descriptors (2.6.5). */
#define DESC_SIZE     16
#define DESC_NEXT     0x1
#define DESC_WRITE    0x2
#define DESC_INDIRECT 0x4

struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/*
 * Available ring (2.6.6): flags, idx, ring[num], used_event. Used ring (2.6.8): the same with
 * pairs.
 */
#define RING_FLAGS	0
#define RING_IDX	2
#define RING_ENTRIES	4
#define NO_INTERRUPT	1 /* flag of the available ring */
#define NO_NOTIFY	1 /* flag of the used ring */

static struct guest *guest_of(const struct virtqueue *vq)
{
	return vq->vd->dev->guest;
}

static size_t avail_size(unsigned num)
{
	return RING_ENTRIES + 2 * num + 2;
}

static size_t used_size(unsigned num)
{
	return RING_ENTRIES + 8 * num + 2;
}

/* --- the rings in memory ------------------------------------------------------------------ */

/**
 * Address of something in a ring; a whole naturally aligned field never crosses a page. Not NULL
 * once vq_enable() has looked at all of the ring, because a guest's memory does not change.
 */
static void *ring_ptr(const struct virtqueue *vq, uint8_t *va, gpa_t base, size_t off, bool write)
{
	uint64_t avail;

	if (likely(va))
		return va + off;
	return guest_mem_ptr(guest_of(vq), base + off, write, &avail);
}

static uint16_t *avail_field(const struct virtqueue *vq, size_t off)
{
	return ring_ptr(vq, vq->avail_va, vq->avail, off, false);
}

static void *used_field(const struct virtqueue *vq, size_t off)
{
	return ring_ptr(vq, vq->used_va, vq->used, off, true);
}

static uint16_t load16(const uint16_t *p)
{
	return le16_to_cpu(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, cpu_to_le16(v), __ATOMIC_RELAXED);
}

/** How far the driver has got; what it wrote before is visible afterwards. */
static uint16_t avail_idx(const struct virtqueue *vq)
{
	return le16_to_cpu(__atomic_load_n(avail_field(vq, RING_IDX), __ATOMIC_ACQUIRE));
}

/** Is all of [gpa, gpa+size) memory? *va gets its address where it is contiguous. */
static bool map_ring(struct virtqueue *vq, gpa_t gpa, size_t size, bool write, uint8_t **va)
{
	uint64_t done = 0;

	*va = NULL;
	if (gpa + size < gpa)
		return false;
	while (done < size) {
		uint64_t avail = 0;
		uint8_t *p = guest_mem_ptr(guest_of(vq), gpa + done, write, &avail);

		if (!p || !avail)
			return false;
		if (!done && avail >= size)
			*va = p;
		done += avail;
	}
	return true;
}

int vq_enable(struct virtqueue *vq)
{
	const char *wrong = NULL;

	if (!is_pow2(vq->num) || vq->num > VQ_NUM_MAX)
		wrong = "size is no power of two up to 128";
	else if (vq->desc & 15 || vq->avail & 1 || vq->used & 3)
		wrong = "rings are not aligned to 16, 2 and 4 bytes";
	else if (!map_ring(vq, vq->desc, (size_t)DESC_SIZE * vq->num, false, &vq->desc_va) ||
		 !map_ring(vq, vq->avail, avail_size(vq->num), false, &vq->avail_va) ||
		 !map_ring(vq, vq->used, used_size(vq->num), true, &vq->used_va))
		wrong = "rings are not in the guest's memory";
	if (wrong) {
		virtio_broken(vq->vd, "queue %u: %s (size %u, descriptors 0x%llx, available "
			      "0x%llx, used 0x%llx)", vq->index, wrong, vq->num,
			      (unsigned long long)vq->desc, (unsigned long long)vq->avail,
			      (unsigned long long)vq->used);
		return -EINVAL;
	}
	vq->last_avail = 0;
	vq->used_idx = 0;
	vq->notified = 0;
	vq->pending = false;
	vq->ready = true;
	return 0;
}

void vq_disable(struct virtqueue *vq)
{
	struct virtio_dev *vd = vq->vd;
	uint16_t index = vq->index;

	memset(vq, 0, sizeof(*vq));
	vq->vd = vd;
	vq->index = index;
}

/* --- taking requests ------------------------------------------------------------------------ */

/** Where descriptors are read from: the ring's own table or an indirect one. */
struct desc_table {
	gpa_t base;
	const uint8_t *va; /* NULL: not contiguous */
	uint32_t count;
};

static bool read_desc(const struct virtqueue *vq, const struct desc_table *table, uint32_t i,
		      struct vring_desc *desc)
{
	uint8_t copy[DESC_SIZE];

	if (table->va)
		memcpy(copy, table->va + (size_t)DESC_SIZE * i, DESC_SIZE);
	else if (guest_mem_read(guest_of(vq), table->base + (uint64_t)DESC_SIZE * i, copy,
				DESC_SIZE))
		return false;
	desc->addr = get_le64(copy);
	desc->len = get_le32(copy + 8);
	desc->flags = get_le16(copy + 12);
	desc->next = get_le16(copy + 14);
	return true;
}

/** Go on in the indirect table of a descriptor (2.6.5.3). @return what is wrong with it, or NULL */
static const char *enter_indirect(struct virtqueue *vq, const struct vring_desc *desc,
				  struct desc_table *table, bool *indirect)
{
	uint64_t avail = 0;

	if (!virtio_has(vq->vd, VIRTIO_F_INDIRECT_DESC))
		return "an indirect descriptor, which was not negotiated";
	if (*indirect || (desc->flags & DESC_NEXT))
		return "an indirect descriptor inside a table or with a next one";
	if (!desc->len || desc->len % DESC_SIZE || desc->len / DESC_SIZE > VQ_NUM_MAX)
		return "an indirect table that is empty, broken or longer than the queue";
	*indirect = true;
	table->base = desc->addr;
	table->count = desc->len / DESC_SIZE;
	table->va = guest_mem_ptr(guest_of(vq), desc->addr, false, &avail);
	if (avail < desc->len)
		table->va = NULL;
	return NULL;
}

static const char *add_seg(struct vq_chain *chain, const struct vring_desc *desc)
{
	unsigned n = chain->nr_out + chain->nr_in;
	struct vq_seg *seg = &chain->vq->vd->segs[n];

	if (n >= VQ_NUM_MAX)
		return "a chain that is longer than the queue, or a loop";
	if (!desc->len || desc->addr + desc->len < desc->addr)
		return "a buffer without length or beyond all addresses";
	seg->addr = desc->addr;
	seg->len = desc->len;
	if (desc->flags & DESC_WRITE) {
		chain->nr_in++;
		chain->in_len += desc->len;
	} else if (chain->nr_in) {
		return "a buffer to read behind one to write";
	} else {
		chain->nr_out++;
		chain->out_len += desc->len;
	}
	return NULL;
}

/** Copy the chain that begins at head. @return what is wrong with it, or NULL */
static const char *walk(struct virtqueue *vq, struct vq_chain *chain)
{
	struct desc_table table = { vq->desc, vq->desc_va, vq->num };
	const char *wrong = NULL;
	bool indirect = false;
	uint32_t i = chain->head;

	for (;;) {
		struct vring_desc desc;

		if (i >= table.count)
			return "a descriptor number beyond the table";
		if (!read_desc(vq, &table, i, &desc))
			return "a descriptor table that is not in memory";
		if (desc.flags & DESC_INDIRECT) {
			wrong = enter_indirect(vq, &desc, &table, &indirect);
			i = 0;
			if (!wrong)
				continue;
		} else {
			wrong = add_seg(chain, &desc);
		}
		if (wrong || !(desc.flags & DESC_NEXT))
			return wrong;
		i = desc.next;
	}
}

int vq_pop(struct virtqueue *vq, struct vq_chain *chain)
{
	uint16_t idx, waiting;
	const char *wrong;

	if (!vq->ready || !virtio_live(vq->vd))
		return 0;
	idx = avail_idx(vq);
	waiting = (uint16_t)(idx - vq->last_avail);
	if (!waiting)
		return 0;
	if (waiting > vq->num) {
		virtio_broken(vq->vd, "queue %u: available index went from %u to %u, but it has "
			      "%u entries", vq->index, vq->last_avail, idx, vq->num);
		return -EINVAL;
	}
	memset(chain, 0, sizeof(*chain));
	chain->vq = vq;
	chain->segs = vq->vd->segs;
	chain->head = load16(avail_field(vq, RING_ENTRIES +
					 2 * (size_t)(vq->last_avail & (vq->num - 1))));
	wrong = walk(vq, chain);
	if (wrong) {
		virtio_broken(vq->vd, "queue %u: request at descriptor %u has %s", vq->index,
			      chain->head, wrong);
		return -EINVAL;
	}
	vq->last_avail++;
	return 1;
}

/* --- giving them back ------------------------------------------------------------------------ */

void vq_push(struct virtqueue *vq, uint16_t head, uint32_t written)
{
	size_t off = RING_ENTRIES + 8 * (size_t)(vq->used_idx & (vq->num - 1));

	__atomic_store_n((uint32_t *)used_field(vq, off), cpu_to_le32(head), __ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)used_field(vq, off + 4), cpu_to_le32(written),
			 __ATOMIC_RELAXED);
	vq->used_idx++;
	vq->pending = true;
	/* What was written to the buffers and the entry is visible before the index. */
	__atomic_store_n((uint16_t *)used_field(vq, RING_IDX), cpu_to_le16(vq->used_idx),
			 __ATOMIC_RELEASE);
}

void vq_signal(struct virtqueue *vq)
{
	uint16_t old = vq->notified, event;

	if (!vq->pending)
		return;
	vq->pending = false;
	vq->notified = vq->used_idx;
	/* The driver sets its wish and then looks at the index; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (virtio_has(vq->vd, VIRTIO_F_EVENT_IDX)) {
		/* 2.6.7.2: interrupt if the index passed the one that the driver waits for. */
		event = load16(avail_field(vq, RING_ENTRIES + 2 * (size_t)vq->num));
		if ((uint16_t)(vq->used_idx - event - 1) >= (uint16_t)(vq->used_idx - old))
			return;
	} else if (load16(avail_field(vq, RING_FLAGS)) & NO_INTERRUPT) {
		return;
	}
	virtio_interrupt(vq->vd, 1);
}

void vq_quiet(struct virtqueue *vq)
{
	/* With event indexes the driver is quiet until the index passes the last one we set. */
	if (vq->ready && !virtio_has(vq->vd, VIRTIO_F_EVENT_IDX))
		store16(used_field(vq, RING_FLAGS), NO_NOTIFY);
}

bool vq_listen(struct virtqueue *vq)
{
	if (!vq->ready || !virtio_live(vq->vd))
		return false;
	if (virtio_has(vq->vd, VIRTIO_F_EVENT_IDX))
		store16(used_field(vq, RING_ENTRIES + 8 * (size_t)vq->num), vq->last_avail);
	else
		store16(used_field(vq, RING_FLAGS), 0);
	/* The driver adds a request and then looks at our wish; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return avail_idx(vq) != vq->last_avail;
}

/* What one exit may take: a full queue of small requests, or a few large ones. */
#define SERVE_REQUESTS VQ_NUM_MAX
#define SERVE_BYTES    (4 * MIB)

bool vq_serve(struct virtqueue *vq, bool (*one)(struct vq_chain *chain))
{
	unsigned requests = 0;
	uint64_t bytes = 0;
	struct vq_chain chain;
	bool more;

	do {
		vq_quiet(vq);
		more = false;
		while (vq_pop(vq, &chain) > 0 && one(&chain)) {
			bytes += chain.out_len + chain.in_len;
			more = ++requests >= SERVE_REQUESTS || bytes >= SERVE_BYTES;
			if (more)
				break;
		}
	} while (!more && vq_listen(vq));
	vq_signal(vq);
	return more;
}

/* --- data ---------------------------------------------------------------------------------- */

void *vq_piece(struct vq_chain *chain, bool write, uint64_t off, uint64_t *len)
{
	const struct vq_seg *segs = chain->segs + (write ? chain->nr_out : 0);
	uint64_t start = chain->at_off[write], avail = 0;
	uint16_t i = chain->at_seg[write];
	void *p;

	if (off < start) {
		start = 0;
		i = 0;
	}
	while (off - start >= segs[i].len)
		start += segs[i++].len;
	chain->at_off[write] = start;
	chain->at_seg[write] = i;
	off -= start;
	p = guest_mem_ptr(guest_of(chain->vq), segs[i].addr + off, write, &avail);
	if (!p || !avail) {
		virtio_broken(chain->vq->vd, "queue %u: buffer at 0x%llx is not %smemory",
			      chain->vq->index, (unsigned long long)(segs[i].addr + off),
			      write ? "writable " : "");
		return NULL;
	}
	*len = MIN(avail, segs[i].len - off);
	return p;
}

int vq_read(struct vq_chain *chain, uint64_t off, void *buf, size_t n)
{
	uint8_t *to = buf;

	while (n) {
		uint64_t len;
		const void *p = vq_piece(chain, false, off, &len);

		if (!p)
			return -EFAULT;
		len = MIN_T(uint64_t, len, n);
		memcpy(to, p, len);
		to += len;
		off += len;
		n -= len;
	}
	return 0;
}

int vq_write(struct vq_chain *chain, uint64_t off, const void *buf, size_t n)
{
	const uint8_t *from = buf;

	while (n) {
		uint64_t len;
		void *p = vq_piece(chain, true, off, &len);

		if (!p)
			return -EFAULT;
		len = MIN_T(uint64_t, len, n);
		memcpy(p, from, len);
		from += len;
		off += len;
		n -= len;
	}
	return 0;
}
