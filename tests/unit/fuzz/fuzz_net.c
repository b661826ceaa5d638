/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Networks with any input: a switch with three ports that take different offloads, and a guest's
 * network device whose rings and buffers are filled from the input and change while they are looked
 * at. What a port gets is a frame that it can take: within its length, without offloads that it
 * does not know, and whole where checksums are done. Nothing outside the guest's memory is touched,
 * work is bounded, and a reset brings the device back.
 */
#include "fuzz.h"

#include <core/netswitch.h>
#include <libs/errno.h>

#include "../virtio_setup.h"

#define NUM    8
#define RING(q) (WORLD_RAM + 0x100 + 0x200 * (uint64_t)(q))
#define QUEUES 5
#define PORTS  3
#define FEATURES                                                                                   \
	(BIT(0) | BIT(1) | BIT(2) | BIT(7) | BIT(8) | BIT(11) | BIT(12) | BIT(13) | BIT(17) |      \
	 BIT(18) | BIT(19) | BIT(20) | BIT(21) | BIT(23) | BIT(28) | BIT(32) | BIT(54) | BIT(55) | \
	 BIT(56))

static struct net_port ports[PORTS];
static struct emu_dev *dev;
static struct fuzz_input *scribble;
static unsigned scribbles, delivered;

static bool deliver(struct net_port *port, const struct net_frame *frame)
{
	static uint8_t data[NET_FRAME_MAX];
	uint32_t most = (port->mtu ? port->mtu : NET_MTU) + NET_HDR_LEN + NET_VLAN_LEN;
	uint32_t have = port->caps;
	uint8_t gso = frame->gso_type & ~NET_GSO_ECN;
	struct net_iter it;

	delivered++;
	FUZZ_CHECK(frame->len >= NET_HDR_LEN && frame->len <= NET_FRAME_MAX);
	FUZZ_CHECK(frame->gso_type || frame->len <= most);
	FUZZ_CHECK(!(frame->flags & NET_NEEDS_CSUM) || have & NET_CAP_CSUM);
	FUZZ_CHECK(!gso || (frame->flags & NET_NEEDS_CSUM && frame->gso_size));
	FUZZ_CHECK(gso != NET_GSO_TCPV4 || have & NET_CAP_TSO4);
	FUZZ_CHECK(gso != NET_GSO_TCPV6 || have & NET_CAP_TSO6);
	FUZZ_CHECK(gso != NET_GSO_UDP_L4 || have & NET_CAP_USO);
	FUZZ_CHECK(!gso || gso == NET_GSO_TCPV4 || gso == NET_GSO_TCPV6 || gso == NET_GSO_UDP_L4);
	if (frame->flags & NET_NEEDS_CSUM)
		FUZZ_CHECK((uint32_t)frame->csum_start + frame->csum_offset + 2 <= frame->len);
	net_iter_init(&it, frame, 0);
	net_iter_copy(&it, data, frame->len);
	FUZZ_CHECK(!(data[6] & 1));
	return true;
}

static const struct net_port_ops ops = { .deliver = deliver };

/* Another vCPU writes to rings and buffers at the worst moment. */
static void change_memory(void)
{
	if (!scribble || !scribble->size || !scribbles)
		return;
	scribbles--;
	if (fuzz_byte(scribble) & 1)
		vd_poke(WORLD_RAM + (fuzz_u64(scribble) & 0x7fff), fuzz_byte(scribble));
}

static void set_up(uint64_t features)
{
	struct vdriver v = { .dev = dev };

	world_w32(dev, V_STATUS, 0);
	for (unsigned i = 0; i < 0x200 * QUEUES; i++)
		vd_poke(RING(0) + i, 0);
	FUZZ_CHECK(vd_negotiate(&v, features));
	for (unsigned q = 0; q < (features & BIT(22) ? QUEUES : 3); q++)
		vd_queue(&v, q, NUM, RING(q));
	vd_ready(&v);
	FUZZ_CHECK(world_r32(dev, V_STATUS) == 15);
}

/* An Ethernet frame that is mostly reasonable. @return its length */
static uint32_t build(struct fuzz_input *in, uint8_t *f, uint32_t max)
{
	uint8_t how = fuzz_byte(in);
	uint32_t len = how & 1 ? fuzz_byte(in) : (uint32_t)fuzz_u64(in) % max, l3 = 14, i, n;

	for (i = 0; i < 12; i++)
		f[i] = 0;
	f[0] = how & 2 ? 0xff : 2;
	f[5] = fuzz_byte(in) & 3;
	f[6] = 2;
	f[11] = fuzz_byte(in) & 7;
	if (how & 4) {
		put_be16(f + 12, 0x8100);
		put_be16(f + 14, fuzz_byte(in) & 7);
		l3 = 18;
	}
	put_be16(f + l3 - 2, how & 8 ? 0x86dd : 0x0800);
	memset(f + l3, 0, 80);
	f[l3] = how & 8 ? 0x60 : 0x45;
	f[l3 + (how & 8 ? 6 : 9)] = how & 16 ? 17 : 6;
	f[l3 + (how & 8 ? 40 : 20) + 12] = how & 32 ? 0x80 : 0x50;
	for (n = fuzz_byte(in) & 7; n; n--)
		f[fuzz_byte(in) % 90] = fuzz_byte(in);
	return len;
}

static void build_offloads(struct fuzz_input *in, struct net_frame *frame)
{
	static const uint8_t types[] = { 0, 1, 4, 5, 0x81, 0x84, 3, 0xff };
	uint8_t how = fuzz_byte(in);

	frame->flags = how & 1;
	frame->gso_type = types[how >> 1 & 7];
	frame->csum_start = how & 16 ? 34 : how & 32 ? 54 : fuzz_byte(in);
	frame->csum_offset = how & 64 ? 16 : how & 128 ? 6 : fuzz_byte(in);
	frame->gso_size = (uint16_t)(fuzz_byte(in) << (fuzz_byte(in) & 7));
	frame->hdr_len = fuzz_byte(in);
}

/* A frame from a port, in pieces. */
static void send_frame(struct fuzz_input *in)
{
	static uint8_t f[NET_FRAME_MAX + 1000];
	struct net_frame frame = { 0 };
	struct mem_seg segs[8];
	struct net_burst burst;
	uint32_t at = 0;

	frame.len = build(in, f, sizeof(f));
	build_offloads(in, &frame);
	frame.segs = segs;
	while (frame.nr_segs < 7) {
		uint32_t n = MIN_T(uint32_t, fuzz_byte(in), frame.len - at);

		segs[frame.nr_segs++] = (struct mem_seg){ f + at, n };
		at += n;
	}
	segs[frame.nr_segs++] = (struct mem_seg){ f + at, frame.len - at };
	net_burst_begin(&burst, &ports[fuzz_byte(in) % PORTS]);
	net_send(&burst, &frame);
	FUZZ_CHECK(burst.work <= (PORTS + 2) * (NET_SEGMENTS_MAX + 2));
	net_burst_end(&burst);
}

static void fill_desc(struct fuzz_input *in, uint64_t table, unsigned i)
{
	static const uint64_t bases[] = { WORLD_RAM + 0x1000, WORLD_RAM + 0x2000,
					  WORLD_RAM + 0x4000, WORLD_RAM + WORLD_PIECE - 0x80,
					  WORLD_RAM + WORLD_RAM_SIZE - 0x100, WORLD_ROM, 0,
					  UINT64_MAX - 0x100 };
	uint8_t what = fuzz_byte(in), raw[16];
	unsigned b;

	put_le64(raw, bases[what & 7] + fuzz_byte(in));
	put_le32(raw + 8, (uint32_t)fuzz_byte(in) << (what >> 3 & 7));
	put_le16(raw + 12, fuzz_byte(in) & 7);
	put_le16(raw + 14, fuzz_byte(in) % (NUM + 1));
	for (b = 0; b < 16; b++)
		vd_poke(table + 16 * i + b, raw[b]);
}

static void make_available(struct fuzz_input *in, unsigned q, unsigned n)
{
	uint64_t idx = RING(q) + 16 * NUM + 2;
	uint16_t i = (uint16_t)(*world_mem(idx) | *world_mem(idx + 1) << 8);

	vd_poke(RING(q) + 16 * NUM + 4 + 2 * (i % NUM), fuzz_byte(in) % (NUM + 1));
	i = (uint16_t)(i + n);
	vd_poke(idx, (uint8_t)i);
	vd_poke(idx + 1, (uint8_t)(i >> 8));
	world_w32(dev, V_NOTIFY, q);
}

/* A frame of the guest's, with its header. */
static void guest_frame(struct fuzz_input *in)
{
	static uint8_t f[0x4000];
	struct net_frame frame = { 0 };
	uint64_t at = WORLD_RAM + 0x2000;
	uint32_t len = build(in, f + 12, 0x3000), i;
	uint8_t desc[16];

	build_offloads(in, &frame);
	f[0] = frame.flags;
	f[1] = frame.gso_type;
	put_le16(f + 2, frame.hdr_len);
	put_le16(f + 4, frame.gso_size);
	put_le16(f + 6, frame.csum_start);
	put_le16(f + 8, frame.csum_offset);
	for (i = 0; i < 110; i++)
		vd_poke(at + i, f[i]);
	put_le64(desc, at);
	put_le32(desc + 8, len + 12);
	put_le32(desc + 12, 0);
	for (i = 0; i < 16; i++)
		vd_poke(RING(1) + i, desc[i]);
	vd_poke(RING(1) + 16 * NUM + 4 + 2 * (*world_mem(RING(1) + 16 * NUM + 2) % NUM), 0);
	make_available(in, 1, 1);
}

/* Buffers for receiving that a driver might put up. */
static void guest_buffers(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in), desc[16];
	unsigned q = how & 1 ? 2 : 0, i, b;

	for (i = 0; i < NUM; i++) {
		bool next = how & 2 && !(i & 1);

		put_le64(desc, WORLD_RAM + 0x5000 + 0x1000 * i + (how & 4 ? 0 : fuzz_byte(in)));
		put_le32(desc + 8, how & 8 ? 0x800 : fuzz_byte(in));
		put_le16(desc + 12, next ? 3 : 2);
		put_le16(desc + 14, (uint16_t)(i + 1));
		for (b = 0; b < 16; b++)
			vd_poke(RING(q) + 16 * i + b, desc[b]);
		if (!(how & 2 && i & 1)) {
			uint16_t at = *world_mem(RING(q) + 16 * NUM + 2);

			vd_poke(RING(q) + 16 * NUM + 4 + 2 * (at % NUM), (uint8_t)i);
			vd_poke(RING(q) + 16 * NUM + 2, (uint8_t)(at + 1));
		}
	}
}

static void settings(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	const char *name = how & 1 ? "g/net0" : ports[how >> 1 & 1].name;
	uint32_t bits[128] = { fuzz_byte(in) };
	int err = 0;

	switch (how >> 4 & 7) {
	case 0:
		err = net_port_set_access(name, fuzz_byte(in) & 7);
		break;
	case 1:
		err = net_port_set_trunk(name, bits, fuzz_byte(in) & 7);
		break;
	case 2:
		err = net_port_set_rate(name, fuzz_u64(in) & 0xfffff, fuzz_byte(in));
		break;
	case 3:
		err = net_port_detach_name(name);
		break;
	case 4:
		err = net_port_attach_name(name, "lan");
		break;
	case 5:
		err = net_switch_flush("lan");
		break;
	case 6:
		world_advance(fuzz_u64(in) & 0xfffffffff);
		world_work();
		break;
	case 7:
		ports[how & 1].caps = fuzz_byte(in) & NET_CAP_ALL;
		break;
	}
	FUZZ_CHECK(err != -ENOENT);
}

static void step(struct fuzz_input *in)
{
	uint8_t op = fuzz_byte(in);
	unsigned q = (op >> 4) % QUEUES;

	switch (op & 15) {
	case 0:
		vd_poke(RING(q) + fuzz_byte(in), fuzz_byte(in));
		break;
	case 1:
		settings(in);
		break;
	case 2:
		world_threads(2);
		break;
	case 3:
		world_w32(dev, V_ACK, 3);
		break;
	case 4: /* a command */
		vd_poke(WORLD_RAM + 0x1000, fuzz_byte(in) % 7);
		vd_poke(WORLD_RAM + 0x1001, fuzz_byte(in) % 7);
		vd_poke(WORLD_RAM + 0x1002, fuzz_byte(in));
		make_available(in, q, 1);
		break;
	case 5:
	case 6:
		guest_frame(in);
		break;
	case 7:
	case 8:
		make_available(in, q, op & 128 ? fuzz_byte(in) : 1);
		break;
	case 9:
	case 10:
	case 11:
		send_frame(in);
		break;
	case 12:
		guest_buffers(in);
		break;
	default:
		fill_desc(in, RING(q), op >> 5);
		break;
	}
}

static void begin(void)
{
	static const char *const names[PORTS] = { "a", "b", "eth0" };
	static const uint32_t caps[PORTS] = { 0, NET_CAP_ALL, NET_CAP_CSUM };
	struct dt_node *node;
	unsigned i;
	int err;

	world_begin();
	err = net_switch_create("lan", NET_POLICY_BRIDGE);
	FUZZ_CHECK(!err);
	for (i = 0; i < PORTS; i++) {
		memset(&ports[i], 0, sizeof(ports[i]));
		strcpy(ports[i].name, names[i]);
		ports[i].ops = &ops;
		ports[i].caps = caps[i];
		ports[i].mtu = i == 1 ? NET_MTU_MAX : 0;
		err = net_port_register(&ports[i]) || net_port_attach(&ports[i], "lan");
		FUZZ_CHECK(!err);
	}
	node = world_node("net", "virtio,mmio");
	err = dt_set_u32(node, "interrupts", 40) || dt_set_u32(node, "virtio_type", 1) ||
	      dt_set_u32(node, "queues", 2) || dt_set_string(node, "switch", "lan");
	FUZZ_CHECK(!err);
	dev = world_probe(node, 0x200, &err);
	FUZZ_CHECK(dev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size }, second = { data + size / 2, size - size / 2 };
	uint8_t how = fuzz_byte(&in);
	uint64_t features = FEATURES | (how & 1 ? BIT(15) : 0) | (how & 2 ? BIT(22) : 0) |
			    (how & 4 ? BIT(29) : 0);
	unsigned steps = 0, i;

	begin();
	set_up(features);
	scribble = how & 8 ? &second : NULL;
	scribbles = 40;
	world_on_access(change_memory);
	while (in.size && steps++ < 100)
		step(&in);
	world_on_access(NULL);
	world_threads(1000);
	for (i = 0; i < WORLD_ROM_SIZE; i++)
		FUZZ_CHECK(!*world_mem(WORLD_ROM + i));
	set_up(features);
	world_remove(dev);
	for (i = 0; i < PORTS; i++)
		net_port_unregister(&ports[i]);
	FUZZ_CHECK(!net_switch_destroy("lan", NULL));
	FUZZ_CHECK(!world_end());
	return 0;
}
