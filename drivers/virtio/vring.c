/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueues (Virtual I/O Device 1.2, 2.7), driver side. What the device can write is
 * checked; descriptors that it has are never read back, so that it can only ever break itself.
 */
#include "vio.h"

#include <arch/barrier.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4
#define NO_INTERRUPT  1 /* avail.flags */
#define NO_NOTIFY     1 /* used.flags */

static size_t used_offset(uint16_t num)
{
	return ALIGN_UP(num * sizeof(struct vring_desc) + sizeof(struct vring_avail) +
			(num + 1u) * sizeof(uint16_t), (size_t)4);
}

static size_t ring_pages(uint16_t num)
{
	size_t used = sizeof(struct vring_used) + num * 8u + sizeof(uint16_t);

	return DIV_ROUND_UP(used_offset(num) + used, PAGE_SIZE);
}

static size_t table_pages(uint16_t num)
{
	return DIV_ROUND_UP(num * VRING_TABLE * sizeof(struct vring_desc), PAGE_SIZE);
}

int vring_init(struct vring *vr, uint16_t num, bool indirect)
{
	uint8_t *mem = page_alloc(ring_pages(num));
	uint16_t i;

	vr->slots = heap_calloc(num, sizeof(*vr->slots));
	vr->tables = indirect ? page_alloc(table_pages(num)) : NULL;
	if (!mem || !vr->slots || (indirect && !vr->tables)) {
		if (mem)
			page_free(mem, ring_pages(num));
		if (vr->tables)
			page_free(vr->tables, table_pages(num));
		heap_free(vr->slots);
		vr->slots = NULL;
		vr->tables = NULL;
		return -ENOMEM;
	}
	vr->num = num;
	vr->desc = (struct vring_desc *)(void *)mem;
	vr->avail = (struct vring_avail *)(void *)(mem + num * sizeof(struct vring_desc));
	vr->used = (struct vring_used *)(void *)(mem + used_offset(num));
	for (i = 0; i < num; i++)
		vr->slots[i].next = (uint16_t)(i + 1);
	vr->free = 0;
	vr->nr_free = num;
	return 0;
}

void vring_fini(struct vring *vr)
{
	if (!vr->desc)
		return;
	page_free(vr->desc, ring_pages(vr->num));
	if (vr->tables)
		page_free(vr->tables, table_pages(vr->num));
	heap_free(vr->slots);
	vr->desc = NULL;
	vr->tables = NULL;
	vr->slots = NULL;
}

/* --- giving ------------------------------------------------------------------------------ */

bool vring_begin(struct vring *vr, unsigned n)
{
	bool table = vr->tables && n > 1 && n <= VRING_TABLE;
	unsigned need = table ? 1 : n;
	struct vring_desc *desc;

	if (need > vr->nr_free || vr->broken)
		return false;
	vr->head = vr->tail = vr->free;
	vr->left = (uint16_t)n;
	vr->at = NULL;
	vr->slots[vr->head].count = (uint16_t)need;
	vr->nr_free -= (uint16_t)need;
	if (!table)
		return true;
	vr->at = vr->tables + (size_t)vr->head * VRING_TABLE;
	vr->free = vr->slots[vr->head].next;
	desc = &vr->desc[vr->head];
	desc->addr = cpu_to_le64(mem_va_to_hpa(vr->at));
	desc->len = cpu_to_le32((uint32_t)(n * sizeof(*desc)));
	desc->flags = cpu_to_le16(DESC_INDIRECT);
	return true;
}

void vring_put(struct vring *vr, const void *va, uint32_t len, bool device_writes)
{
	uint16_t flags = device_writes ? DESC_WRITE : 0, next = 0;
	struct vring_desc *desc;

	if (--vr->left)
		flags |= DESC_NEXT;
	if (vr->at) {
		desc = vr->at++;
		next = (uint16_t)(vr->at - (vr->tables + (size_t)vr->head * VRING_TABLE));
	} else {
		vr->tail = vr->free;
		vr->free = vr->slots[vr->tail].next;
		next = vr->free;
		desc = &vr->desc[vr->tail];
	}
	desc->addr = cpu_to_le64(mem_va_to_hpa(va));
	desc->len = cpu_to_le32(len);
	desc->flags = cpu_to_le16(flags);
	desc->next = cpu_to_le16(vr->left ? next : 0);
}

void vring_end(struct vring *vr, void *cookie)
{
	vr->slots[vr->head].cookie = cookie;
	vr->avail->ring[vr->avail_idx & (vr->num - 1)] = cpu_to_le16(vr->head);
	vr->avail_idx++;
	/* The device sees the chain before the index that says it is there. */
	arch_wmb();
	WRITE_ONCE(vr->avail->idx, cpu_to_le16(vr->avail_idx));
}

void vring_kick(struct vring *vr)
{
	uint16_t from = vr->kicked, event;
	bool wanted;

	if (vr->avail_idx == from)
		return;
	vr->kicked = vr->avail_idx;
	/* The index has to be there before we look whether the device wants to know (2.7.13.4). */
	arch_mb();
	if (vr->event_idx) {
		event = le16_to_cpu(READ_ONCE(*vring_avail_event(vr)));
		wanted = (uint16_t)(vr->avail_idx - event - 1) < (uint16_t)(vr->avail_idx - from);
	} else {
		wanted = !(le16_to_cpu(READ_ONCE(vr->used->flags)) & NO_NOTIFY);
	}
	if (wanted)
		vr->dev->ops->notify(vr->dev, vr);
}

/* --- taking ------------------------------------------------------------------------------ */

/* A chain's descriptors go to the free ones. */
static void release(struct vring *vr, uint16_t head)
{
	uint16_t last = head, n;

	for (n = vr->slots[head].count; n > 1; n--)
		last = vr->slots[last].next;
	vr->slots[last].next = vr->free;
	vr->free = head;
	vr->nr_free += vr->slots[head].count;
	vr->slots[head].cookie = NULL;
}

static bool something_used(const struct vring *vr)
{
	return le16_to_cpu(READ_ONCE(vr->used->idx)) != vr->last_used && !vr->broken;
}

void *vring_get(struct vring *vr, uint32_t *written)
{
	uint16_t at = vr->last_used & (vr->num - 1);
	uint32_t id;
	void *cookie;

	if (!something_used(vr))
		return NULL;
	arch_rmb();
	id = le32_to_cpu(READ_ONCE(vr->used->ring[at].id));
	cookie = id < vr->num ? vr->slots[id].cookie : NULL;
	if (!cookie) {
		log_error("%s: the device says that it has used descriptor %u of queue %u, which "
			  "it was not given; the queue is not used any more", vr->dev->name, id,
			  vr->index);
		vr->broken = true;
		return NULL;
	}
	if (written)
		*written = le32_to_cpu(READ_ONCE(vr->used->ring[at].len));
	vr->last_used++;
	release(vr, (uint16_t)id);
	return cookie;
}

void vring_quiet(struct vring *vr)
{
	/* With the event index: when the index comes round, which is as good as never. */
	if (vr->event_idx)
		WRITE_ONCE(*vring_used_event(vr), cpu_to_le16((uint16_t)(vr->last_used - 1)));
	else
		WRITE_ONCE(vr->avail->flags, cpu_to_le16(NO_INTERRUPT));
}

bool vring_listen(struct vring *vr)
{
	if (vr->event_idx)
		WRITE_ONCE(*vring_used_event(vr), cpu_to_le16(vr->last_used));
	else
		WRITE_ONCE(vr->avail->flags, 0);
	/* What was used before the device saw that is for us to find (2.7.7.1). */
	arch_mb();
	return something_used(vr);
}
