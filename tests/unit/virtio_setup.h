/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a driver sets a virtio device up, for tests and for fuzzers: registers of virtio-mmio,
 * negotiation, queues. Rings lie in the guest's RAM of emu_world.h.
 */
#pragma once

#include <libs/byteorder.h>

#include "emu_world.h"

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

/** Write where the guest has RAM; nothing elsewhere. */
static inline void vd_poke(uint64_t gpa, uint8_t v)
{
	if (gpa - WORLD_RAM < WORLD_RAM_SIZE)
		*world_mem(gpa) = v;
}
