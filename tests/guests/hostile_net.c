/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Misbehaving at a network: floods, frames that are none, rings that lie.
 */
#include "hostile.h"
#include "vnet.h"

static uint8_t frame[VNET_FRAME];

static void fill(void *p, unsigned len)
{
	uint8_t *to = p;

	for (unsigned i = 0; i < len; i++)
		to[i] = (uint8_t)(random64() >> 24);
}

/* Frames for everybody, for nobody, for addresses that others have, from ever other addresses. */
void mode_net_flood(void)
{
	if (!vnet_find())
		return;
	vnet_begin(0);
	fill(frame, sizeof(frame));
	for (uint64_t i = 0; go_on(i); i++) {
		uint64_t r = random64();
		unsigned len = r & 0x100 ? 60 : 60 + (unsigned)(r >> 16) % 1455;

		memset(frame, r & 3 ? 0xff : 0x02, 6);
		frame[5] = r & 3 ? 0xff : (uint8_t)(r >> 32);
		for (unsigned k = 7; k < 12; k++)
			frame[k] = (uint8_t)(r >> 4 * k);
		frame[6] = 2;
		while (!vnet_put(frame, len))
			vnet_kick();
		if (i % 32 == 0)
			vnet_kick();
	}
}

/* Any length, any header in front, in pieces of any length, of what looks like IP or VLANs. */
void mode_net_frames(void)
{
	static const uint16_t types[] = { 0x0008, 0x0081, 0xdd86, 0x0608, 0xa888 };

	if (!vnet_find())
		return;
	for (uint64_t i = 0; go_on(i); i++) {
		uint64_t r = random64();
		unsigned entry = (unsigned)i % VNET_QUEUE, len = (unsigned)(r >> 8) % 1600;
		uint8_t *buf = vnet_tx.buf[entry];

		if (i % 4096 == 0)
			vnet_begin(r & 0x3801 & ~BIT(12));
		fill(buf, 64 + VNET_HDR_LEN);
		buf[0] &= 1;
		buf[1] &= 0x85;
		buf[VNET_HDR_LEN] = buf[VNET_HDR_LEN + 6] = (uint8_t)(r & 1 ? 2 : 0xff);
		*(volatile uint16_t *)(buf + VNET_HDR_LEN + 12) = types[(r >> 1) % 5];
		vnet_tx.desc[entry] = (struct vring_desc){ (uintptr_t)buf, len, 0, 0 };
		if (r & 0x1000000) {
			vnet_tx.desc[entry].len = (unsigned)(r >> 32) % 40;
			vnet_tx.desc[entry].flags = VRING_NEXT;
			vnet_tx.desc[entry].next = (uint16_t)((entry + 1) % VNET_QUEUE);
		}
		if (r & 0x2000000)
			vnet_tx.desc[entry].len = (uint32_t)(r >> 32);
		vnet_tx.avail.ring[entry] = (uint16_t)entry;
		dsb();
		*(volatile uint16_t *)&vnet_tx.avail.idx = (uint16_t)(vnet_tx.avail.idx + 1);
		if (i % 16 == 0)
			vnet_kick();
		/* The device wants no more of us. */
		if (read32(vnet_base + VIRTIO_STATUS) & 0x40)
			vnet_begin(0);
	}
}

/* Rings that change at random while they are used, queues that come and go. */
void mode_net_rings(void)
{
	if (!vnet_find())
		return;
	vnet_begin(0);
	for (uint64_t i = 0; go_on(i); i++) {
		uint64_t r = random64();
		struct vring *ring = r & 1 ? &vnet_rx : &vnet_tx;
		struct vring_desc *d = &ring->desc[(r >> 8) % VNET_QUEUE];

		switch (r >> 1 & 7) {
		case 0:
			d->addr = r & 0x10000 ? random64() :
						(uintptr_t)ring - 64 + (r >> 20 & 0xffff);
			break;
		case 1:
			d->len = (uint32_t)random64();
			break;
		case 2:
			d->flags = (uint16_t)(r >> 16 & 7);
			d->next = (uint16_t)(r >> 32 & 0x4f);
			break;
		case 3:
			ring->avail.ring[(r >> 8) % VNET_QUEUE] = (uint16_t)(r >> 32 & 0x4f);
			break;
		case 4:
			ring->avail.idx = (uint16_t)(ring->avail.idx + (r >> 16 & 0x1f));
			break;
		case 5:
			ring->avail.idx = (uint16_t)(r & 0xf000000 ? ring->used.idx + 8U : r >> 32);
			break;
		case 6:
			write32(vnet_base + VIRTIO_NOTIFY, (uint32_t)(r >> 8 & 3));
			break;
		case 7:
			if (r & 0xff00000 && !(read32(vnet_base + VIRTIO_STATUS) & 0x40))
				break;
			if (r & 0x10000)
				write32(vnet_base + VIRTIO_QUEUE_READY, 0);
			vnet_begin(r >> 32 & 0x8001);
			break;
		}
	}
}
