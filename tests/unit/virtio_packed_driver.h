/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packed ring's part of a virtio driver for tests: one queue, by the letter of the standard
 * (Virtual I/O Device 1.2, 2.8).
 */
#pragma once

#include "virtio_driver.h"

#define VP_AVAIL 0x80
#define VP_USED	 0x8000

/** Event suppression. */
#define VP_ENABLE  0
#define VP_DISABLE 1
#define VP_DESC	   2

struct vpqueue {
	uint16_t num, next, used;
	bool avail_wrap, used_wrap;
	uint64_t ring, driver, device;
};

/** Set queue `index` up at an address: ring, then driver's and device's areas. */
static inline void vp_queue(struct vpqueue *q, unsigned index, uint16_t num, uint64_t at)
{
	*q = (struct vpqueue){ .num = num, .avail_wrap = true, .used_wrap = true, .ring = at,
			       .driver = at + 16u * num, .device = at + 16u * num + 4 };
	for (unsigned i = 0; i < 16u * num + 8; i++)
		*world_mem(at + i) = 0;
	world_w32(d.dev, V_QUEUE_SEL, index);
	world_w32(d.dev, V_QUEUE_NUM, num);
	vd_reg64(&d, V_DESC, q->ring);
	vd_reg64(&d, V_AVAIL, q->driver);
	vd_reg64(&d, V_USED, q->device);
	world_w32(d.dev, V_QUEUE_READY, 1);
}

/** A descriptor with any flags, where the ring is not looked after. */
static inline void vp_raw(uint64_t table, unsigned i, uint64_t addr, uint32_t len, uint16_t id,
			  uint16_t flags)
{
	vd_desc_at(table, i, addr, len, id, flags);
}

/** Put the next descriptor of a request into the ring. */
static inline void vp_add(struct vpqueue *q, uint64_t addr, uint32_t len, uint16_t id,
			  uint16_t flags)
{
	flags |= q->avail_wrap ? VP_AVAIL : VP_USED;
	vp_raw(q->ring, q->next, addr, len, id, flags);
	if (++q->next == q->num) {
		q->next = 0;
		q->avail_wrap = !q->avail_wrap;
	}
}

/** Next used request, which took so many descriptors. @return false when there is none */
static inline bool vp_get(struct vpqueue *q, unsigned slots, uint16_t *id, uint32_t *len,
			  uint16_t *flags)
{
	uint64_t at = q->ring + 16u * q->used;
	uint16_t f = vd_read16(at + 14);

	if (!(f & VP_AVAIL) != !q->used_wrap || !(f & VP_USED) != !q->used_wrap)
		return false;
	*len = (uint32_t)vd_read16(at + 8) | (uint32_t)vd_read16(at + 10) << 16;
	*id = vd_read16(at + 12);
	*flags = f;
	q->used = (uint16_t)(q->used + slots);
	if (q->used >= q->num) {
		q->used = (uint16_t)(q->used - q->num);
		q->used_wrap = !q->used_wrap;
	}
	return true;
}

/** What the driver wants: an event flag, and the descriptor with the counter for VP_DESC. */
static inline void vp_want(struct vpqueue *q, uint16_t flags, uint16_t at, bool wrap)
{
	vd_write16(q->driver, (uint16_t)(at | wrap << 15));
	vd_write16(q->driver + 2, flags);
}
