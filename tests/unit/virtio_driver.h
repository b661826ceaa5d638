/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio driver for tests: sets a device up and gives it requests, by the letter of the standard.
 * Rings lie in the guest's RAM of emu_world.h.
 */
#pragma once

#include <string.h>

#include <core/blockdev.h>
#include <libs/byteorder.h>

#include "emu_world.h"
#include "fake.h"
#include "unit.h"

/* Registers. */
#define V_MAGIC	    0x000
#define V_VERSION   0x004
#define V_DEVICE_ID 0x008
#define V_VENDOR_ID 0x00c
#define V_FEATURES  0x010
#define V_FEATURES_SEL 0x014
#define V_DRIVER_FEATURES 0x020
#define V_DRIVER_FEATURES_SEL 0x024
#define V_QUEUE_SEL 0x030
#define V_QUEUE_NUM_MAX 0x034
#define V_QUEUE_NUM 0x038
#define V_QUEUE_READY 0x044
#define V_NOTIFY    0x050
#define V_ISR	    0x060
#define V_ACK	    0x064
#define V_RESET	    0x0c0
#define V_STATUS    0x070
#define V_DESC	    0x080
#define V_AVAIL	    0x090
#define V_USED	    0x0a0
#define V_CONFIG    0x100

#define V_NEXT	    1
#define V_WRITE	    2
#define V_INDIRECT  4

#define V_F_INDIRECT BIT(28)
#define V_F_EVENT    BIT(29)
#define V_F_VERSION1 BIT(32)
#define V_F_PACKED   BIT(34)
#define V_F_RESET    BIT(40)

#define V_IRQ 48

struct vdriver {
	struct emu_dev *dev;
	uint64_t features; /* accepted */
	struct vdqueue {
		uint16_t num;
		uint64_t desc, avail, used;
		uint16_t avail_idx, used_idx;
	} q[9];
};

static inline void vd_write16(uint64_t gpa, uint16_t v)
{
	put_le16(world_mem(gpa), v);
}

static inline uint16_t vd_read16(uint64_t gpa)
{
	return get_le16(world_mem(gpa));
}

static inline void vd_reg64(struct vdriver *v, uint32_t reg, uint64_t value)
{
	world_w32(v->dev, reg, (uint32_t)value);
	world_w32(v->dev, reg + 4, (uint32_t)(value >> 32));
}

static inline uint64_t vd_offered(struct vdriver *v)
{
	uint64_t f;

	world_w32(v->dev, V_FEATURES_SEL, 1);
	f = (uint64_t)world_r32(v->dev, V_FEATURES) << 32;
	world_w32(v->dev, V_FEATURES_SEL, 0);
	return f | world_r32(v->dev, V_FEATURES);
}

/** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK. @return whether the device agreed */
static inline bool vd_negotiate(struct vdriver *v, uint64_t features)
{
	v->features = features;
	world_w32(v->dev, V_STATUS, 0);
	world_w32(v->dev, V_STATUS, 1);
	world_w32(v->dev, V_STATUS, 3);
	world_w32(v->dev, V_DRIVER_FEATURES_SEL, 0);
	world_w32(v->dev, V_DRIVER_FEATURES, (uint32_t)features);
	world_w32(v->dev, V_DRIVER_FEATURES_SEL, 1);
	world_w32(v->dev, V_DRIVER_FEATURES, (uint32_t)(features >> 32));
	world_w32(v->dev, V_STATUS, 11);
	return world_r32(v->dev, V_STATUS) == 11;
}

/** Set a queue up at an address: descriptors, available ring, used ring one behind the other. */
static inline void vd_queue(struct vdriver *v, unsigned index, uint16_t num, uint64_t at)
{
	struct vdqueue *q = &v->q[index];

	q->num = num;
	q->desc = at;
	q->avail = at + 16 * num;
	q->used = (q->avail + 6 + 2 * num + 3) & ~3ull;
	q->avail_idx = 0;
	q->used_idx = 0;
	vd_write16(q->avail, 0);
	vd_write16(q->avail + 2, 0);
	vd_write16(q->used, 0);
	vd_write16(q->used + 2, 0);
	world_w32(v->dev, V_QUEUE_SEL, index);
	world_w32(v->dev, V_QUEUE_NUM, num);
	vd_reg64(v, V_DESC, q->desc);
	vd_reg64(v, V_AVAIL, q->avail);
	vd_reg64(v, V_USED, q->used);
	world_w32(v->dev, V_QUEUE_READY, 1);
}

static inline void vd_ready(struct vdriver *v)
{
	world_w32(v->dev, V_STATUS, 15);
}

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
