/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio driver for tests: sets a device up and gives it requests, by the letter of the standard.
 * Rings lie in the guest's RAM of emu_world.h.
 */
#pragma once

#include <string.h>

#include <core/blockdev.h>
#include <libs/byteorder.h>

#include "fake.h"
#include "unit.h"
#include "virtio_setup.h"

#define V_IRQ 48

static inline void vd_desc_at(uint64_t table, unsigned i, uint64_t addr, uint32_t len,
			      uint16_t flags, uint16_t next)
{
	uint64_t at = table + 16 * i;
	unsigned b;
	uint8_t raw[16];

	put_le64(raw, addr);
	put_le32(raw + 8, len);
	put_le16(raw + 12, flags);
	put_le16(raw + 14, next);
	for (b = 0; b < 16; b++)
		*world_mem(at + b) = raw[b];
}

static inline void vd_desc(struct vdriver *v, unsigned index, unsigned i, uint64_t addr,
			   uint32_t len, uint16_t flags, uint16_t next)
{
	vd_desc_at(v->q[index].desc, i, addr, len, flags, next);
}

/** Make the chain at head available, without a notification. */
static inline void vd_offer(struct vdriver *v, unsigned index, uint16_t head)
{
	struct vdqueue *q = &v->q[index];

	vd_write16(q->avail + 4 + 2 * (q->avail_idx % q->num), head);
	q->avail_idx++;
	vd_write16(q->avail + 2, q->avail_idx);
}

static inline void vd_notify(struct vdriver *v, unsigned index)
{
	world_w32(v->dev, V_NOTIFY, index);
}

/** Next used entry. @return false when there is none */
static inline bool vd_used(struct vdriver *v, unsigned index, uint32_t *id, uint32_t *len)
{
	struct vdqueue *q = &v->q[index];
	uint64_t at = q->used + 4 + 8 * (q->used_idx % q->num);

	if (vd_read16(q->used + 2) == q->used_idx)
		return false;
	q->used_idx++;
	*id = (uint32_t)vd_read16(at) | (uint32_t)vd_read16(at + 2) << 16;
	*len = (uint32_t)vd_read16(at + 4) | (uint32_t)vd_read16(at + 6) << 16;
	return true;
}

static inline bool vd_broken(struct vdriver *v)
{
	return world_r32(v->dev, V_STATUS) & 0x40;
}

/* --- one device, ready to use ------------------------------------------------------------ */

#define RINGS	(WORLD_RAM + 0x1000)
#define BUFFERS (WORLD_RAM + 0x4000)
#define ALL	(V_F_VERSION1 | V_F_INDIRECT | V_F_EVENT)
#define DISK_SECTORS 512

static struct vdriver d;
static struct blockdev *disk;

/**
 * A device of a type in slot "virtio" of a new world; for disks a RAM disk of 512 sectors behind
 * it.
 */
static inline void make(uint32_t type)
{
	struct dt_node *node;
	int err;

	world_begin();
	node = world_node("virtio", "virtio,mmio");
	CHECK_EQ(dt_set_u32(node, "interrupts", V_IRQ), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", type), 0);
	if (type == 2) {
		CHECK_EQ(ramdisk_create("rd", DISK_SECTORS * 512, NULL, 0, &disk), 0);
		CHECK_EQ(dt_set_string(node, "blkdev", "rd0"), 0);
	}
	memset(&d, 0, sizeof(d));
	d.dev = world_probe(node, 0x200, &err);
	if (!d.dev)
		unit_fail(__FILE__, __LINE__, "no device: %d", err);
}

/** The same, set up with these features and its queues in use. */
static inline void start(uint32_t type, uint64_t features)
{
	make(type);
	CHECK(vd_negotiate(&d, features));
	vd_queue(&d, 0, 8, RINGS);
	if (type == 3)
		vd_queue(&d, 1, 8, RINGS + 0x1000);
	vd_ready(&d);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 15);
}

/** Ends the world; nothing may be lost. */
static inline void teardown(void)
{
	long lost = 0;

	while (!list_empty(&world_guest()->devices))
		world_remove(list_last_entry(&world_guest()->devices, struct emu_dev, link));
	if (disk)
		CHECK_EQ(blockdev_unregister(disk), 0);
	disk = NULL;
	lost = world_end();
	CHECK_EQ(lost, 0);
}
