/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine on a network that asks and answers: 10.0.0.N with "addr=N" on the command line, on
 * VLAN V, with tags, with "vlan=V". It answers ARP and echo requests; with "peers=M" it asks
 * 10.0.0.1 ... M, again and again, until each has answered: "NET reached all". "again=S" begins
 * anew S seconds later, "size=B" asks with so many bytes.
 */
#include "gic.h"
#include "vnet.h"

#define PEERS_MAX 64
#define PACE_US	  200000
#define ETH_LEN	  14U
#define ETH_ARP	  0x0806
#define ETH_IP	  0x0800
#define ETH_VLAN  0x8100
#define ICMP_LEN  (20U + 8U)

static struct peer {
	uint8_t mac[6];
	bool known, answered;
} peers[PEERS_MAX + 1];

static unsigned own, nr_peers, vlan, size;
static bool timer_rang;

/* --- bytes -------------------------------------------------------------------------------- */

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The Internet's checksum (RFC 1071) of an even number of bytes and whatever follows as zero. */
static unsigned checksum(const uint8_t *p, unsigned len)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16)) & 0xffff;
}

static void put_address(uint8_t *p, unsigned n)
{
	p[0] = 10;
	p[1] = p[2] = 0;
	p[3] = (uint8_t)n;
}

static bool is_address(const uint8_t *p)
{
	return p[0] == 10 && !p[1] && !p[2] && p[3] && p[3] <= PEERS_MAX;
}

/* --- frames ------------------------------------------------------------------------------- */

/* Send what is behind an Ethernet header, which is made here. */
static void send(const uint8_t *to, unsigned type, const uint8_t *payload, unsigned len)
{
	static uint8_t frame[VNET_FRAME];
	unsigned at = 12;

	memcpy(frame, to, 6);
	memcpy(frame + 6, vnet_mac, 6);
	if (vlan) {
		put16(frame + 12, ETH_VLAN);
		put16(frame + 14, vlan);
		at = 16;
	}
	put16(frame + at, type);
	memcpy(frame + at + 2, payload, len);
	if (vnet_put(frame, at + 2 + len))
		vnet_kick();
}

static void arp(unsigned op, const uint8_t *to, unsigned target)
{
	uint8_t p[28] = { 0, 1, 8, 0, 6, 4, 0, (uint8_t)op };

	memcpy(p + 8, vnet_mac, 6);
	put_address(p + 14, own);
	if (op == 2)
		memcpy(p + 18, to, 6);
	put_address(p + 24, target);
	send(to, ETH_ARP, p, sizeof(p));
}

static void ask(unsigned n)
{
	static uint8_t p[VNET_FRAME];
	unsigned len = ICMP_LEN + size;

	memset(p, 0, ICMP_LEN);
	p[0] = 0x45;
	put16(p + 2, len);
	p[8] = 64;
	p[9] = 1;
	put_address(p + 12, own);
	put_address(p + 16, n);
	put16(p + 10, checksum(p, 20));
	p[20] = 8;
	p[25] = (uint8_t)n;
	for (unsigned i = 0; i < size; i++)
		p[ICMP_LEN + i] = (uint8_t)(i * 7 + n);
	put16(p + 22, checksum(p + 20, len - 20));
	send(peers[n].mac, ETH_IP, p, len);
}

static void on_arp(const uint8_t *p, unsigned len)
{
	struct peer *peer = &peers[p[17]];

	if (len < 28 || get16(p + 2) != ETH_IP || !is_address(p + 14) || p[17] == own)
		return;
	memcpy(peer->mac, p + 8, 6);
	peer->known = true;
	if (is_address(p + 24) && p[27] == own && get16(p + 6) == 1)
		arp(2, peer->mac, p[17]);
}

static void on_ip(uint8_t *p, unsigned len, const uint8_t *from)
{
	unsigned total = get16(p + 2);

	if (len < ICMP_LEN || p[0] != 0x45 || p[9] != 1 || total < ICMP_LEN || total > len ||
	    !is_address(p + 12) || !is_address(p + 16) || p[19] != own || checksum(p, 20) ||
	    checksum(p + 20, total - 20))
		return;
	if (p[20] == 0 && total == ICMP_LEN + size && p[25] == p[15]) {
		peers[p[15]].answered = true;
	} else if (p[20] == 8) {
		p[20] = 0;
		put_address(p + 16, p[15]);
		put_address(p + 12, own);
		put16(p + 22, 0);
		put16(p + 22, checksum(p + 20, total - 20));
		send(from, ETH_IP, p, total);
	}
}

static void on_frame(uint8_t *frame, unsigned len)
{
	uint8_t from[6];
	unsigned at = 12;

	if (len < 60 - 18 || len > VNET_FRAME || (vlan && get16(frame + 12) != ETH_VLAN))
		return;
	if (vlan) {
		if ((get16(frame + 14) & 0xfff) != vlan)
			return;
		at = 16;
	}
	memcpy(from, frame + 6, 6);
	if (get16(frame + at) == ETH_ARP)
		on_arp(frame + at + 2, len - at - 2);
	else if (get16(frame + at) == ETH_IP)
		on_ip(frame + at + 2, len - at - 2, from);
}

/* --- life --------------------------------------------------------------------------------- */

static void on_timer(unsigned irq)
{
	WRITE_SYSREG(cntv_ctl_el0, 0);
	timer_rang = true;
}

static void set_timer(uint64_t us)
{
	timer_rang = false;
	WRITE_SYSREG(cntv_cval_el0, counter() + ticks_of_us(us));
	WRITE_SYSREG(cntv_ctl_el0, 1);
	isb();
}

/* @return how many have not answered */
static unsigned ask_all(void)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	unsigned left = 0;

	for (unsigned n = 1; n <= nr_peers; n++) {
		if (n == own || peers[n].answered)
			continue;
		left++;
		if (peers[n].known)
			ask(n);
		else
			arp(1, all, n);
	}
	return left;
}

static void serve(void)
{
	unsigned len;
	uint8_t *frame;

	while (!timer_rang) {
		while ((frame = vnet_receive(&len))) {
			on_frame(frame, len);
			vnet_done();
		}
		wfi();
		irq_window();
	}
}

void guest_main(void)
{
	uint64_t again = boot_arg_number("again", 0);
	bool told = false;

	own = (unsigned)boot_arg_number("addr", 1);
	nr_peers = (unsigned)boot_arg_number("peers", 0);
	vlan = (unsigned)boot_arg_number("vlan", 0);
	size = (unsigned)boot_arg_number("size", 56);
	if (!vnet_find() || own > PEERS_MAX || nr_peers > PEERS_MAX || size > 1400) {
		print("NET: no device, or a number that cannot be\n");
		return;
	}
	irq_handlers[IRQ_VTIMER] = on_timer;
	gic_enable(IRQ_VTIMER);
	vnet_begin(0);
	print("NET begins as 10.0.0.%u\n", own);
	for (;;) {
		set_timer(PACE_US);
		if (nr_peers && !ask_all() && !told) {
			print("NET reached all %u\n", nr_peers - 1);
			told = true;
			set_timer(again ? again * 1000000 : PACE_US);
		} else if (told && again) {
			told = false;
			for (unsigned n = 0; n <= PEERS_MAX; n++)
				peers[n].answered = false;
		}
		serve();
	}
}
