/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel gigabit Ethernet: 82540EM and its family (PCI/PCI-X Family Software Developer's Manual,
 * 317453) and 82574L (data sheet 323126), which have registers and descriptors in common. The
 * receive ring is the poll thread's; nic->lock guards the transmit ring. Where the hardware does
 * not see what is in the CPUs' caches, descriptors, which share lines of them, are not cached, and
 * buffers are cleaned, or forgotten, as they change hands.
 */
#include <arch/barrier.h>
#include <arch/cache.h>
#include <arch/mmio.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/net.h>
#include <core/netpoll.h>
#include <core/pci.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/seg.h>
#include <libs/string.h>

enum {
	REG_CTRL = 0x0000,
	REG_STATUS = 0x0008,
	REG_ICR = 0x00c0,
	REG_ITR = 0x00c4,
	REG_IMS = 0x00d0,
	REG_IMC = 0x00d8,
	REG_RCTL = 0x0100,
	REG_TCTL = 0x0400,
	REG_TIPG = 0x0410,
	REG_RDBAL = 0x2800,
	REG_RDBAH = 0x2804,
	REG_RDLEN = 0x2808,
	REG_RDH = 0x2810,
	REG_RDT = 0x2818,
	REG_TDBAL = 0x3800,
	REG_TDBAH = 0x3804,
	REG_TDLEN = 0x3808,
	REG_TDH = 0x3810,
	REG_TDT = 0x3818,
	REG_TXDCTL = 0x3828,
	REG_RXCSUM = 0x5000,
	REG_MTA = 0x5200,
	REG_RAL0 = 0x5400,
	REG_RAH0 = 0x5404,
};

#define REGS_SIZE	 0x6000
#define CTRL_ASDE	 BIT32(5)  /* speed as negotiated */
#define CTRL_SLU	 BIT32(6)  /* link on */
#define CTRL_FORCED	 (BIT32(3) | BIT32(7) | BIT32(11) | BIT32(12) | BIT32(30) | BIT32(31))
#define CTRL_RST	 BIT32(26)
#define STATUS_LU	 BIT32(1)
#define INT_LSC		 BIT32(2)
#define INT_RXDMT0	 BIT32(4)
#define INT_RXO		 BIT32(6)
#define INT_RXT0	 BIT32(7)
#define INT_RX		 (INT_RXDMT0 | INT_RXO | INT_RXT0)
#define RCTL_EN		 BIT32(1)
#define RCTL_UPE	 BIT32(3)  /* all addresses */
#define RCTL_MPE	 BIT32(4)
#define RCTL_BAM	 BIT32(15)
#define RCTL_SECRC	 BIT32(26) /* without frame check sequence */
#define TCTL_EN		 BIT32(1)
#define TCTL_PSP	 BIT32(3)
#define TCTL_CT		 (0x0f << 4)
#define TCTL_COLD	 (0x40 << 12)
#define TIPG_COPPER	 (10 | 10 << 10 | 10 << 20)
#define TXDCTL_COMMON	 (BIT32(22) | BIT32(24)) /* one bit is to be set, of 82571 and later */
#define RAH_AV		 BIT32(31)
/* Interrupts at most so often: in units of 256 ns. */
#define ITR_20000	 195

/* Descriptors: of legacy format to receive, of the extended one to send. */
struct rx_desc {
	uint64_t address;
	uint16_t length, checksum;
	uint8_t status, errors;
	uint16_t special;
};
struct tx_desc {
	union {
		uint64_t address;
		struct {	/* of a context: where checksums are made */
			uint32_t ip;
			uint8_t start, place;
			uint16_t end;
		};
	};
	uint32_t command;	/* with length */
	uint8_t status, options;
	uint16_t special;
};

#define RX_DD	 BIT32(0)
#define RX_EOP	 BIT32(1)
#define RX_ERROR 0x97 /* CRC, symbol, sequence, carrier extension, data */
#define TX_DATA	 BIT32(20)
#define TX_EOP	 BIT32(24)
#define TX_IFCS	 BIT32(25)
#define TX_RS	 BIT32(27)
#define TX_DEXT	 BIT32(29)
#define TX_DD	 BIT32(0)
#define TX_TXSM	 BIT32(1) /* option: the context's second checksum */

#define RX_DESCS  128
#define TX_DESCS  128
#define BUFFER	  2048
#define BURST	  64
#define FRAME_MAX 1522
#define RESET_NS  10000000ull

struct e1000 {
	struct netdev nd;
	struct pci_dev *pci;
	uint8_t *regs;
	struct net_poll poll;
	struct rx_desc *rx;
	struct tx_desc *tx;
	uint8_t *rx_buffers, *tx_buffers;
	hpa_t rings;		/* of rx, with tx behind it */
	unsigned rx_at;		/* next that the hardware fills */
	spinlock_t lock;
	unsigned tx_at, tx_done; /* next to fill; oldest not known to be sent */
	bool bell;		/* filled since the tail was written */
};

static uint32_t rd(const struct e1000 *nic, unsigned reg)
{
	return mmio_read32(nic->regs + reg);
}

static void wr(struct e1000 *nic, unsigned reg, uint32_t v)
{
	mmio_write32(nic->regs + reg, v);
}

/* Bytes of a buffer, written here or by the hardware, are the other's to read. */
static void hand_over(const struct e1000 *nic, const void *data, size_t len)
{
	if (unlikely(!nic->pci->host->coherent))
		arch_cache_clean_inval(data, len);
}

/* --- receiving ---------------------------------------------------------------------------- */

static bool receive(struct e1000 *nic)
{
	struct rx_desc *desc = &nic->rx[nic->rx_at];
	uint8_t *data = nic->rx_buffers + (size_t)nic->rx_at * BUFFER;
	uint8_t status = READ_ONCE(desc->status);
	struct mem_seg seg = { data, 0 };
	struct net_frame frame = { .segs = &seg, .nr_segs = 1 };

	if (!(status & RX_DD))
		return false;
	arch_rmb();
	seg.len = frame.len = MIN_T(uint32_t, le16_to_cpu(desc->length), BUFFER);
	hand_over(nic, data, seg.len);
	if (status & RX_EOP && !(desc->errors & RX_ERROR))
		netdev_receive(&nic->nd, &frame);
	desc->status = 0;
	nic->rx_at = (nic->rx_at + 1) % RX_DESCS;
	return true;
}

static bool e1000_poll(struct net_poll *np)
{
	struct e1000 *nic = container_of(np, struct e1000, poll);
	unsigned n;

	for (n = 0; n < BURST && receive(nic); n++)
		;
	netdev_receive_end(&nic->nd);
	if (n) {
		arch_wmb();
		/* up to the one before the next: a full ring must not look like an empty one */
		wr(nic, REG_RDT, (nic->rx_at + RX_DESCS - 1) % RX_DESCS);
	}
	if (n == BURST)
		return true;
	wr(nic, REG_IMS, INT_RX);
	return READ_ONCE(nic->rx[nic->rx_at].status) & RX_DD;
}

static void look_at_link(struct e1000 *nic)
{
	bool up = rd(nic, REG_STATUS) & STATUS_LU;

	if (up != nic->nd.link_up && nic->nd.name[0])
		log_info("%s: link is %s", nic->nd.name, up ? "up" : "down");
	WRITE_ONCE(nic->nd.link_up, up);
}

static void interrupt(void *arg)
{
	struct e1000 *nic = arg;
	uint32_t causes = rd(nic, REG_ICR);

	if (causes & INT_LSC)
		look_at_link(nic);
	if (causes & INT_RX) {
		wr(nic, REG_IMC, INT_RX);
		net_poll_kick(&nic->poll);
	}
}

/* --- sending --------------------------------------------------------------------------------- */

/* Lock held. @return descriptors that are not in use; one never is, as full must not look empty */
static unsigned reclaim(struct e1000 *nic)
{
	while (nic->tx_done != nic->tx_at && READ_ONCE(nic->tx[nic->tx_done].status) & TX_DD)
		nic->tx_done = (nic->tx_done + 1) % TX_DESCS;
	return (nic->tx_done + TX_DESCS - nic->tx_at - 1) % TX_DESCS;
}

/* Lock held. */
static void next_tx(struct e1000 *nic)
{
	nic->tx[nic->tx_at].status = 0;
	nic->tx_at = (nic->tx_at + 1) % TX_DESCS;
	nic->bell = true;
}

/* Tell where the frames that follow have a checksum: from start to the end, written at place. */
static void put_context(struct e1000 *nic, const struct net_frame *frame)
{
	struct tx_desc *desc = &nic->tx[nic->tx_at];

	desc->ip = 0;
	desc->start = (uint8_t)frame->csum_start;
	desc->place = (uint8_t)(frame->csum_start + frame->csum_offset);
	desc->end = 0;
	desc->command = cpu_to_le32(TX_DEXT | TX_RS);
	desc->options = 0;
	next_tx(nic);
}

static void put_frame(struct e1000 *nic, const struct net_frame *frame)
{
	struct tx_desc *desc = &nic->tx[nic->tx_at];
	uint8_t *buffer = nic->tx_buffers + (size_t)nic->tx_at * BUFFER;
	struct net_iter it;

	net_iter_init(&it, frame, 0);
	net_iter_copy(&it, buffer, frame->len);
	hand_over(nic, buffer, frame->len);
	desc->address = cpu_to_le64(mem_va_to_hpa(buffer));
	desc->command = cpu_to_le32(frame->len | TX_DATA | TX_DEXT | TX_EOP | TX_IFCS | TX_RS);
	desc->options = frame->flags & NET_NEEDS_CSUM ? TX_TXSM : 0;
	next_tx(nic);
}

static bool e1000_transmit(struct netdev *nd, const struct net_frame *frame)
{
	bool sums = frame->flags & NET_NEEDS_CSUM;
	struct e1000 *nic = nd->priv;
	unsigned long flags;
	bool room;

	if (!READ_ONCE(nd->link_up) || frame->len > FRAME_MAX)
		return false;
	/* the hardware has eight bits for where they are */
	if (sums && frame->csum_start + frame->csum_offset > UINT8_MAX)
		return false;
	flags = spin_lock_irqsave(&nic->lock);
	room = reclaim(nic) >= 1u + sums;
	if (room && sums)
		put_context(nic, frame);
	if (room)
		put_frame(nic, frame);
	spin_unlock_irqrestore(&nic->lock, flags);
	return room;
}

static void e1000_burst_end(struct netdev *nd)
{
	struct e1000 *nic = nd->priv;
	unsigned long flags = spin_lock_irqsave(&nic->lock);

	if (nic->bell) {
		arch_wmb();
		wr(nic, REG_TDT, nic->tx_at);
		nic->bell = false;
	}
	spin_unlock_irqrestore(&nic->lock, flags);
}

/* --- opening ------------------------------------------------------------------------------- */

#define RING_PAGES   DIV_ROUND_UP(RX_DESCS * sizeof(struct rx_desc) +                               \
				  TX_DESCS * sizeof(struct tx_desc), PAGE_SIZE)
#define BUFFER_PAGES ((RX_DESCS + TX_DESCS) * BUFFER / PAGE_SIZE)

/* Descriptors as the CPU is to see them, and nothing of what the hardware writes in a cache. */
static struct rx_desc *map_rings(struct e1000 *nic, void *rings)
{
	nic->rings = mem_va_to_hpa(rings);
	if (nic->pci->host->coherent)
		return rings;
	hand_over(nic, rings, RING_PAGES * PAGE_SIZE);
	hand_over(nic, nic->rx_buffers, BUFFER_PAGES * PAGE_SIZE);
	return mem_map_device(nic->rings, RING_PAGES * PAGE_SIZE);
}

static int make_rings(struct e1000 *nic)
{
	void *rings;
	unsigned i;

	if (nic->rx)
		return 0;
	nic->rx_buffers = page_alloc(BUFFER_PAGES);
	rings = page_alloc(RING_PAGES);
	if (nic->rx_buffers && rings)
		nic->rx = map_rings(nic, rings);
	if (!nic->rx) {
		page_free(nic->rx_buffers, BUFFER_PAGES);
		page_free(rings, RING_PAGES);
		return -ENOMEM;
	}
	nic->tx = (struct tx_desc *)(void *)(nic->rx + RX_DESCS);
	nic->tx_buffers = nic->rx_buffers + RX_DESCS * BUFFER;
	for (i = 0; i < RX_DESCS; i++)
		nic->rx[i].address = cpu_to_le64(mem_va_to_hpa(nic->rx_buffers + i * BUFFER));
	return 0;
}

static void set_ring(struct e1000 *nic, unsigned base, hpa_t pa, unsigned bytes)
{
	wr(nic, base, (uint32_t)pa);
	wr(nic, base + REG_RDBAH - REG_RDBAL, (uint32_t)(pa >> 32));
	wr(nic, base + REG_RDLEN - REG_RDBAL, bytes);
	wr(nic, base + REG_RDH - REG_RDBAL, 0);
	wr(nic, base + REG_RDT - REG_RDBAL, 0);
}

static int e1000_open(struct netdev *nd)
{
	struct e1000 *nic = nd->priv;
	unsigned i;
	int err = make_rings(nic);

	if (err)
		return err;
	for (i = 0; i < RX_DESCS; i++)
		nic->rx[i].status = 0;
	nic->rx_at = nic->tx_at = nic->tx_done = 0;
	nic->bell = false;
	arch_wmb();
	set_ring(nic, REG_RDBAL, nic->rings, RX_DESCS * sizeof(*nic->rx));
	set_ring(nic, REG_TDBAL, nic->rings + RX_DESCS * sizeof(*nic->rx),
		 TX_DESCS * sizeof(*nic->tx));
	wr(nic, REG_TIPG, TIPG_COPPER);
	wr(nic, REG_TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
	wr(nic, REG_RCTL, RCTL_EN | RCTL_UPE | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
	wr(nic, REG_RDT, RX_DESCS - 1);
	return net_poll_start(&nic->poll, nd->name);
}

static void e1000_close(struct netdev *nd)
{
	struct e1000 *nic = nd->priv;

	net_poll_stop(&nic->poll);
	wr(nic, REG_IMC, INT_RX);
	wr(nic, REG_RCTL, 0);
	wr(nic, REG_TCTL, 0);
	/* what it was doing has ended when it is opened again, or its memory stays its own */
	(void)rd(nic, REG_STATUS);
}

static const struct netdev_ops e1000_ops = {
	.open = e1000_open,
	.close = e1000_close,
	.transmit = e1000_transmit,
	.burst_end = e1000_burst_end,
};

/* --- probe --------------------------------------------------------------------------------- */

static int reset(struct e1000 *nic)
{
	uint64_t limit = time_now() + RESET_NS;
	unsigned i;

	wr(nic, REG_IMC, UINT32_MAX);
	wr(nic, REG_RCTL, 0);
	wr(nic, REG_TCTL, 0);
	wr(nic, REG_CTRL, rd(nic, REG_CTRL) | CTRL_RST);
	/* registers do not answer for a microsecond; the address comes from the EEPROM */
	thread_sleep(2000000);
	while (rd(nic, REG_CTRL) & CTRL_RST)
		if (time_now() > limit)
			return -ETIMEDOUT;
	wr(nic, REG_IMC, UINT32_MAX);
	(void)rd(nic, REG_ICR);
	wr(nic, REG_CTRL, (rd(nic, REG_CTRL) & ~CTRL_FORCED) | CTRL_SLU | CTRL_ASDE);
	for (i = 0; i < 128; i++)
		wr(nic, REG_MTA + 4 * i, 0);
	wr(nic, REG_RXCSUM, 0);
	wr(nic, REG_ITR, ITR_20000);
	wr(nic, REG_TXDCTL, TXDCTL_COMMON);
	return 0;
}

static int read_address(struct e1000 *nic)
{
	uint32_t low = rd(nic, REG_RAL0), high = rd(nic, REG_RAH0);

	put_le32(nic->nd.mac, low);
	put_le16(nic->nd.mac + 4, (uint16_t)high);
	if (high & RAH_AV && (low || high & 0xffff) && !(low & 1))
		return 0;
	log_error("%s: this network interface has no address of its own", nic->pci->name);
	return -EINVAL;
}

static int start(struct e1000 *nic, const struct pci_match *match)
{
	int err = reset(nic);

	if (!err)
		err = read_address(nic);
	if (!err)
		err = pci_irqs_alloc(nic->pci, 0);
	if (err < 0)
		return err;
	err = pci_irq_request(nic->pci, 0, match->data, interrupt, nic);
	if (err)
		goto err_irq;
	nic->nd.ops = &e1000_ops;
	nic->nd.priv = nic;
	nic->nd.driver = match->data;
	nic->nd.mtu = NET_MTU;
	nic->nd.caps = NET_CAP_CSUM;
	look_at_link(nic);
	wr(nic, REG_IMS, INT_LSC);
	err = netdev_register(&nic->nd);
	if (!err)
		return 0;
	wr(nic, REG_IMC, UINT32_MAX);
err_irq:
	pci_irqs_free(nic->pci);
	return err;
}

static int e1000_probe(struct pci_dev *pci, const struct pci_match *match)
{
	struct e1000 *nic;
	int err = -ENOMEM;

	nic = heap_zalloc(sizeof(*nic));
	if (!nic)
		return -ENOMEM;
	nic->pci = pci;
	spin_init(&nic->lock);
	net_poll_init(&nic->poll, e1000_poll);
	nic->regs = pci_map_bar(pci, 0, 0, REGS_SIZE);
	if (!nic->regs)
		goto err_free;
	pci_enable(pci);
	err = start(nic, match);
	if (!err) {
		pci->priv = nic;
		return 0;
	}
	pci_disable(pci);
	mem_unmap_device(nic->regs, REGS_SIZE);
err_free:
	heap_free(nic);
	return err;
}

static const struct pci_match e1000_match[] = {
	{ 0x8086, 0x100e, "e1000" },	/* 82540EM */
	{ 0x8086, 0x100f, "e1000" },	/* 82545EM, copper */
	{ 0x8086, 0x1010, "e1000" },	/* 82546EB */
	{ 0x8086, 0x1026, "e1000" },	/* 82545GM */
	{ 0x8086, 0x1076, "e1000" },	/* 82541GI */
	{ 0x8086, 0x10d3, "e1000e" },	/* 82574L */
	{ 0x8086, 0x10f6, "e1000e" },	/* 82574LA */
	{ 0x8086, 0x105e, "e1000e" },	/* 82571EB */
	{ 0x8086, 0x107d, "e1000e" },	/* 82572EI */
	{ 0, 0, NULL },
};

PCI_DRIVER(e1000) {
	.name = "e1000",
	.match = e1000_match,
	.probe = e1000_probe,
};
