/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For virtqueue.c and its two ring formats: looking up guest memory, and the walk along the buffers
 * of a request. Inline, because it is on the path of each request: the walk's state shall stay in
 * registers. All of it under the queue's lock.
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

/** What taking a request comes to: 0, VQ_BROKEN (said in the log), VQ_NO_ROOM (in the pool). */
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

static inline uint16_t load16(const uint16_t *p)
{
	return le16_to_cpu(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, cpu_to_le16(v), __ATOMIC_RELAXED);
}

/* --- out of line (virtqueue.c) ---------------------------------------------------------------- */

/** Is all of [gpa, gpa+size) memory? *va gets its address where it is contiguous. */
bool vq_map_ring(struct virtqueue *vq, gpa_t gpa, size_t size, bool write, uint8_t **va);
/** Say what is wrong with the request that begins at a descriptor. @return VQ_BROKEN */
int vq_bad_request(struct virtqueue *vq, unsigned at, const char *what);
/**
 * Look up guest memory that is not, or only in part, in the window of its address.
 * @param len  gets how many bytes there are
 * @return NULL: not (writable) memory, said in the log
 */
uint8_t *vq_look_up(struct virtqueue *vq, uint64_t addr, bool write, uint64_t *len);

/** A table of descriptors: the ring's own or an indirect one. */
struct vq_table {
	gpa_t base;
	const uint64_t *va; /* NULL: not contiguous or not aligned */
	uint32_t count;
};

/** Copy a descriptor that is anywhere. @return false: it is not in memory */
bool vq_read_desc_slow(struct virtqueue *vq, gpa_t gpa, struct vq_desc *desc);
/** Look up a table that is in no window. @return NULL: no memory, or not contiguous */
const uint64_t *vq_look_up_table(struct virtqueue *vq, uint64_t addr, uint32_t len);

/* --- memory ------------------------------------------------------------------------------- */

/**
 * Address of something in a ring; a whole naturally aligned field never crosses a page. Not NULL
 * once vq_enable() has looked at all of the ring, because a guest's memory does not change.
 */
static inline void *vq_ring_ptr(const struct virtqueue *vq, uint8_t *va, gpa_t base, size_t off,
				bool write)
{
	if (likely(va))
		return va + off;
	return guest_mem_ptr(vq->vd->dev->guest, base + off, write, NULL);
}

/** The window for an address: the right one or another. */
static always_inline_fn struct vq_window *vq_window(struct virtqueue *vq, uint64_t addr)
{
	return &vq->windows[addr / VQ_WINDOW_BLOCK % VQ_WINDOWS];
}

/** Memory at an address if it is in a window with all of its length. @return NULL: look it up */
static always_inline_fn uint8_t *vq_in_window(struct virtqueue *vq, uint64_t addr, uint32_t len)
{
	const struct vq_window *win = vq_window(vq, addr);
	uint64_t off = addr - win->gpa;

	/* No length fails too, as the largest. */
	return likely(off < win->size && len - 1ull < win->size - off) ? win->va + off : NULL;
}

/** Where a descriptor's buffer is, if that is simple. @return false: it is not */
static always_inline_fn bool vq_simple_buffer(struct virtqueue *vq, const struct vq_desc *desc,
					      struct vq_buffer *buffer)
{
	buffer->len = desc_len(desc);
	buffer->va = vq_in_window(vq, desc->addr, buffer->len);
	return buffer->va && buffer->len >= VQ_BUFFER_MIN;
}

/** Copy descriptor i, which is in the table. @return false: it is not in memory */
static always_inline_fn bool vq_read_desc(struct virtqueue *vq, const struct vq_table *table,
					  uint32_t i, struct vq_desc *desc)
{
	struct vq_desc slow;

	if (unlikely(!table->va)) {
		if (!vq_read_desc_slow(vq, table->base + (uint64_t)DESC_SIZE * i, &slow))
			return false;
		*desc = slow;
		return true;
	}
	desc->addr = le64_to_cpu(__atomic_load_n(&table->va[2 * (size_t)i], __ATOMIC_RELAXED));
	desc->rest = le64_to_cpu(__atomic_load_n(&table->va[2 * (size_t)i + 1], __ATOMIC_RELAXED));
	return true;
}

/* --- the walk --------------------------------------------------------------------------------- */

/** A walk along one request's buffers, which become segments. */
struct vq_walk {
	struct mem_seg *next, *end; /* segment to be filled, end of the room for them */
	unsigned nr_out;
	unsigned at;		    /* descriptor that the request begins with */
	uint64_t out_len, in_len;
};

/** Begin with the table of an indirect descriptor (2.7.5.3). @return 0 or VQ_BROKEN */
static always_inline_fn int vq_indirect(struct virtqueue *vq, const struct vq_walk *w,
					const struct vq_desc *desc, struct vq_table *table)
{
	uint32_t len = desc_len(desc);

	if (unlikely(!virtio_has(vq->vd, VIRTIO_F_INDIRECT_DESC)))
		return vq_bad_request(vq, w->at, "an indirect descriptor, which was not "
				      "negotiated");
	if (unlikely(!len || len % DESC_SIZE || len / DESC_SIZE > VQ_INDIRECT_MAX))
		return vq_bad_request(vq, w->at, "an indirect table that is empty, broken or "
				      "longer than 1024 descriptors");
	table->base = desc->addr;
	table->count = len / DESC_SIZE;
	table->va = desc->addr & 7 ? NULL : (void *)vq_in_window(vq, desc->addr, len);
	if (unlikely(!table->va && !(desc->addr & 7)))
		table->va = vq_look_up_table(vq, desc->addr, len);
	return 0;
}

/** Add a buffer that is in no window as a whole. @return 0, VQ_BROKEN, VQ_NO_ROOM */
static always_inline_fn int vq_walk_add_pieces(struct virtqueue *vq, struct vq_walk *w,
					       uint64_t addr, uint32_t len, bool write)
{
	if (!len || addr + len < addr)
		return vq_bad_request(vq, w->at, "a buffer without length or beyond all addresses");
	while (len) {
		uint64_t there;
		uint8_t *va = vq_look_up(vq, addr, write, &there);
		uint32_t part = (uint32_t)MIN_T(uint64_t, there, len);

		if (!va)
			return VQ_BROKEN;
		if (w->next == w->end)
			return VQ_NO_ROOM;
		*w->next++ = (struct mem_seg){ va, part };
		w->nr_out += !write;
		addr += part;
		len -= part;
	}
	return 0;
}

/** Add a buffer. @return 0, VQ_BROKEN, VQ_NO_ROOM */
static always_inline_fn int vq_walk_add(struct virtqueue *vq, struct vq_walk *w, uint64_t addr,
					uint32_t len, bool write)
{
	uint8_t *va = vq_in_window(vq, addr, len);

	if (write)
		w->in_len += len;
	else if (unlikely(w->in_len))
		return vq_bad_request(vq, w->at, "a buffer to read behind one to write");
	else
		w->out_len += len;
	if (unlikely(!va))
		return vq_walk_add_pieces(vq, w, addr, len, write);
	if (unlikely(w->next == w->end))
		return VQ_NO_ROOM;
	if (!write)
		w->nr_out++;
	w->next->va = va;
	w->next->len = len;
	w->next++;
	return 0;
}
