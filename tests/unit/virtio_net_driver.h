/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver of one virtio network device for tests, over virtio_driver.h; a port "peer" is in the
 * same switch.
 */
#pragma once

#include "net_world.h"
#include "virtio_driver.h"

#include "../../emulators/virtio/virtio_net.h"

#define BASE (ALL | F_MAC | F_STATUS)
#define RX   0
#define TX   1
#define CTRL 2
#define ENTRIES 16
#define RING(q) (RINGS + 0x200 * (q))
/* Buffers for receiving, and one to send from. */
#define RX_AT(i) (WORLD_RAM + 0x4000 + 0x800 * (uint64_t)(i))
#define TX_AT	 (WORLD_RAM + 0xd000)
#define CMD_AT	 (WORLD_RAM + 0xe000)

static struct tport peer;

static inline void make_net(uint32_t queues, const char *sw)
{
	struct dt_node *node;
	int err;

	world_begin();
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	tport_make(&peer, "peer");
	peer.port.mtu = NET_MTU_MAX;
	CHECK_EQ(net_port_attach(&peer.port, "lan"), 0);
	node = world_node("net", "virtio,mmio");
	err = dt_set_u32(node, "interrupts", V_IRQ) || dt_set_u32(node, "virtio_type", 1) ||
	      dt_set_string(node, "switch", sw) || dt_set_u32(node, "queues", queues) ||
	      dt_set_u32(node, "mtu", 9000);
	CHECK_EQ(err, 0);
	memset(&d, 0, sizeof(d));
	d.dev = world_probe(node, 0x200, &err);
	if (!d.dev)
		unit_fail(__FILE__, __LINE__, "no device: %d", err);
}

static inline void start_net(uint64_t features, uint32_t queues)
{
	unsigned i;

	make_net(queues, "lan");
	CHECK(vd_negotiate(&d, features));
	for (i = 0; i < 2 * queues + (features & F_CTRL_VQ ? 1 : 0); i++)
		vd_queue(&d, i, ENTRIES, RING(i));
	vd_ready(&d);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 15);
}

static inline void end_net(void)
{
	while (!list_empty(&world_guest()->devices))
		world_remove(list_first_entry(&world_guest()->devices, struct emu_dev, link));
	tport_drop(&peer);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK_EQ(world_end(), 0);
}

static struct net_port *port(void)
{
	struct net_port *p;

	net_list_lock();
	p = net_port_find("g/net0");
	net_list_unlock();
	return p;
}

static inline void put(uint64_t gpa, const void *data, size_t n)
{
	memcpy(world_mem(gpa), data, n);
}

/** Send a frame with this header (12 bytes), in one buffer. */
static inline void send_raw(const uint8_t *hdr, const void *frame, uint32_t len)
{
	uint32_t id, n;

	put(TX_AT, hdr, VNET_HDR_LEN);
	put(TX_AT + VNET_HDR_LEN, frame, len);
	vd_desc(&d, TX, 0, TX_AT, VNET_HDR_LEN + len, 0, 0);
	vd_offer(&d, TX, 0);
	vd_notify(&d, TX);
	CHECK(vd_used(&d, TX, &id, &n));
}

static const uint8_t no_hdr[VNET_HDR_LEN];

static inline void send_plain(uint32_t dst, uint32_t src)
{
	uint8_t f[64];

	send_raw(no_hdr, f, tframe_build(f, dst, src, -1));
}

/** Put buffers up for receiving: `n` of `len` bytes from RX_AT(0) on. */
static inline void give_buffers(unsigned n, uint32_t len)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		vd_desc(&d, RX, i, RX_AT(i), len, V_WRITE, 0);
		vd_offer(&d, RX, (uint16_t)i);
	}
	vd_notify(&d, RX);
}

static inline uint64_t features(void)
{
	return vd_offered(&d);
}
