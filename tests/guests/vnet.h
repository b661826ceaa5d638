/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver of virtio network devices over MMIO (Virtual I/O Device 1.2, 4.2.2, 5.1) for the tiny
 * guests: one device, one pair of split rings, frames copied.
 */
#pragma once

#include "kit.h"

#define VNET_QUEUE   64U
#define VNET_FRAME   1536U /* room for one, without its header */
#define VNET_HDR_LEN 12U

/* Registers (4.2.2). */
#define VIRTIO_DEVICE_ID	0x008
#define VIRTIO_DRIVER_FEATURES	0x020
#define VIRTIO_DRIVER_SELECT	0x024
#define VIRTIO_QUEUE_SELECT	0x030
#define VIRTIO_QUEUE_NUM	0x038
#define VIRTIO_QUEUE_READY	0x044
#define VIRTIO_NOTIFY		0x050
#define VIRTIO_INTERRUPT_STATUS 0x060
#define VIRTIO_INTERRUPT_ACK	0x064
#define VIRTIO_STATUS		0x070
#define VIRTIO_QUEUE_DESC	0x080
#define VIRTIO_QUEUE_DRIVER	0x090
#define VIRTIO_QUEUE_DEVICE	0x0a0
#define VIRTIO_CONFIG		0x100

#define VIRTIO_ID_NET	1
#define VIRTIO_DRIVER_OK 0xf /* with all that comes before it */

#define VRING_NEXT  1
#define VRING_WRITE 2

struct vring {
	struct vring_desc {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc[VNET_QUEUE] __attribute__((aligned(16)));
	struct {
		uint16_t flags, idx, ring[VNET_QUEUE], event;
	} avail;
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[VNET_QUEUE];
		uint16_t event;
	} used __attribute__((aligned(4)));
	uint8_t buf[VNET_QUEUE][VNET_HDR_LEN + VNET_FRAME];
	uint16_t seen; /* entries of the used ring that were taken */
};

extern struct vring vnet_rx, vnet_tx;
extern uintptr_t vnet_base; /* 0: no device */
extern uint8_t vnet_mac[6];

/** Find the device. @return false: there is none */
bool vnet_find(void);
/** Reset it and begin: the receive ring is full of buffers, interrupts come. */
void vnet_begin(uint64_t features);
/** Next frame that came. @return NULL: none; until vnet_done() it is the caller's */
uint8_t *vnet_receive(unsigned *len);
/** Give its buffer back. */
void vnet_done(void);
/** Put a frame up; vnet_kick() sends. @return false: no room */
bool vnet_put(const void *frame, unsigned len);
void vnet_kick(void);
