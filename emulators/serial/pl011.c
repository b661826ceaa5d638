/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARM PL011 serial port (ARM DDI 0183). Sending is done at once, so the transmit FIFO is always
 * empty; received characters come from a vserial port as fast as the guest takes them.
 *
 * One spin lock per device guards its state, taken with IRQs masked because the receive time-out
 * comes from a timer. The flag register is also read without it.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <core/vserial.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

/* Register offsets (table 3-1). */
#define DR     0x000
#define RSR    0x004
#define FR     0x018
#define ILPR   0x020
#define IBRD   0x024
#define FBRD   0x028
#define LCRH   0x02c
#define CR     0x030
#define IFLS   0x034
#define IMSC   0x038
#define RIS    0x03c
#define MIS    0x040
#define ICR    0x044
#define DMACR  0x048
#define IDS    0xfe0

/* Flag register (3.3.3). */
#define FR_CTS  BIT32(0)
#define FR_DSR  BIT32(1)
#define FR_DCD  BIT32(2)
#define FR_RXFE BIT32(4)
#define FR_RXFF BIT32(6)
#define FR_TXFE BIT32(7)
#define FR_RI   BIT32(8)
#define FR_MODEM (FR_CTS | FR_DSR | FR_DCD | FR_RI)

/* Line control (3.3.7), control (3.3.8). */
#define LCRH_FEN BIT32(4)
#define CR_LBE   BIT32(7)
#define CR_DTR   BIT32(10)
#define CR_RTS   BIT32(11)
#define CR_OUT1  BIT32(12)
#define CR_OUT2  BIT32(13)

/* Interrupt bits (3.3.10). */
#define INT_RI  BIT32(0)
#define INT_CTS BIT32(1)
#define INT_DCD BIT32(2)
#define INT_DSR BIT32(3)
#define INT_RX  BIT32(4)
#define INT_TX  BIT32(5)
#define INT_RT  BIT32(6)
#define INT_OE  BIT32(10)
#define INT_ALL 0x7ffu

/* A character in the FIFO: data, and error bits at the place where the data register has them. */
#define CHAR_OE BIT32(11)
#define RSR_OE  BIT32(3)

#define FIFO_MAX      32
#define FIFO_STANDARD 16
#define UART_CLOCK    24000000u /* Hz, as the generated device trees say */
#define TIMEOUT_BITS  32	/* silence after which what is in the FIFO is announced */
#define TIMEOUT_MAX   10000000u /* ns; also where the divisor is not set */

struct pl011 {
	struct emu_dev *dev;
	struct vserial *vs;
	struct timer rx_timeout;
	spinlock_t lock;
	int irq; /* negative: none */
	bool line;
	uint8_t depth; /* of the FIFO when it is on */
	uint8_t head, count;
	uint16_t fr, lcrh, cr, imsc, ris;
	uint8_t rsr;
	uint8_t ilpr, fbrd, ifls, dmacr;
	uint16_t ibrd;
	uint16_t last; /* what an empty FIFO reads */
	uint16_t fifo[FIFO_MAX];
};

static const uint8_t ids_standard[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
/* r1p5: the one with 32 characters */
static const uint8_t ids_deep[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

/** Tell the interrupt controller; under the lock. */
static void update_line(struct pl011 *s)
{
	bool level = s->ris & s->imsc;

	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

static unsigned depth(const struct pl011 *s)
{
	return s->lcrh & LCRH_FEN ? s->depth : 1;
}

/** Characters in the FIFO from which on the receive interrupt is raised (3.3.9). */
static unsigned trigger(const struct pl011 *s)
{
	static const uint8_t eighths[] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	if (!(s->lcrh & LCRH_FEN))
		return 1;
	return s->depth * eighths[s->ifls >> 3 & 7] / 8;
}

/** The flag register's receive bits from the FIFO; under the lock. */
static void update_flags(struct pl011 *s)
{
	uint16_t fr = (s->fr & FR_MODEM) | FR_TXFE;

	if (!s->count)
		fr |= FR_RXFE;
	if (s->count >= depth(s))
		fr |= FR_RXFF;
	WRITE_ONCE(s->fr, fr);
}

/** A character comes in; under the lock. */
static void push(struct pl011 *s, uint16_t c)
{
	if (s->count >= depth(s)) {
		/* Only a loopback gets here: input from outside waits until there is room. */
		s->ris |= INT_OE;
		s->rsr |= RSR_OE;
		s->fifo[(s->head + s->count - 1) % FIFO_MAX] |= CHAR_OE;
		return;
	}
	s->fifo[(s->head + s->count) % FIFO_MAX] = c;
	s->count++;
	if (s->count >= trigger(s))
		s->ris |= INT_RX;
}

static void flush(struct pl011 *s)
{
	s->head = 0;
	s->count = 0;
	s->ris &= ~(INT_RX | INT_RT);
}

/** ns that 32 bits take at the baud rate that is set (2.4.2: 16 clocks a bit, divisor in 64ths). */
static uint64_t timeout_ns(const struct pl011 *s)
{
	uint64_t divisor = (uint64_t)s->ibrd * 64 + s->fbrd; /* 64ths */
	uint64_t ns = TIMEOUT_BITS * 16 * divisor * 1000000000u / 64 / UART_CLOCK;

	return ns && ns < TIMEOUT_MAX ? ns : TIMEOUT_MAX;
}

/** There are characters below the trigger: announce them when no more come. Without the lock. */
static void start_timeout(struct pl011 *s)
{
	if (!timer_armed(&s->rx_timeout))
		timer_start(&s->rx_timeout, time_now() + timeout_ns(s));
}

static void rx_timeout(struct timer *timer)
{
	struct pl011 *s = container_of(timer, struct pl011, rx_timeout);

	spin_lock(&s->lock);
	if (s->count) {
		s->ris |= INT_RT;
		update_line(s);
	}
	spin_unlock(&s->lock);
}

/** Input for the guest, from vserial. */
static size_t receive(void *priv, const uint8_t *buf, size_t n)
{
	struct pl011 *s = priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	size_t took = 0;

	/* What loops back would be mixed up with what comes from outside, which waits. */
	if (!(s->cr & CR_LBE)) {
		while (took < n && s->count < depth(s))
			push(s, buf[took++]);
	}
	update_flags(s);
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (took)
		start_timeout(s);
	return took;
}

static uint64_t read_dr(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct pl011 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool empty;
	uint16_t c;

	if (s->count) {
		s->last = s->fifo[s->head];
		s->head = (s->head + 1) % FIFO_MAX;
		s->count--;
		if (s->count < trigger(s))
			s->ris &= ~INT_RX;
		if (!s->count)
			s->ris &= ~INT_RT;
		s->rsr = s->last >> 8;
	}
	c = s->last;
	empty = !s->count;
	update_flags(s);
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (empty)
		vserial_ready(s->vs);
	else
		start_timeout(s);
	return c;
}

/*
 * QEMU's "virt" sends whether or not the UART is enabled, and so do we: firmware and test programs
 * made for it rely on that.
 */
static void write_dr(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct pl011 *s = dev->priv;
	uint8_t c = (uint8_t)value;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool loops = s->cr & CR_LBE;

	if (loops) {
		push(s, c);
		update_flags(s);
	}
	/* The FIFO has drained below its trigger as soon as the character is in. */
	s->ris |= INT_TX;
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (loops)
		start_timeout(s);
	vserial_output(s->vs, &c, 1);
}

static uint64_t read_fr(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct pl011 *s = dev->priv;

	return READ_ONCE(s->fr);
}

static uint64_t read_state(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct pl011 *s = dev->priv;

	switch (acc->offset) {
	case RSR:
		return s->rsr;
	case ILPR:
		return s->ilpr;
	case IBRD:
		return s->ibrd;
	case FBRD:
		return s->fbrd;
	case LCRH:
		return s->lcrh;
	case CR:
		return s->cr;
	case IFLS:
		return s->ifls;
	case IMSC:
		return s->imsc;
	case RIS:
		return READ_ONCE(s->ris);
	case MIS:
		return READ_ONCE(s->ris) & s->imsc;
	case DMACR:
		return s->dmacr;
	default:
		return 0;
	}
}

/** In loopback the modem's inputs are our own outputs (3.3.8); their changes are interrupts. */
static void update_modem(struct pl011 *s)
{
	static const struct {
		uint16_t cr, fr, irq;
	} lines[] = {
		{ CR_RTS, FR_CTS, INT_CTS },
		{ CR_DTR, FR_DSR, INT_DSR },
		{ CR_OUT1, FR_DCD, INT_DCD },
		{ CR_OUT2, FR_RI, INT_RI },
	};
	uint16_t fr = s->fr & ~FR_MODEM;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if ((s->cr & CR_LBE) && (s->cr & lines[i].cr))
			fr |= lines[i].fr;
		if ((fr ^ s->fr) & lines[i].fr)
			s->ris |= lines[i].irq;
	}
	WRITE_ONCE(s->fr, fr);
}

static void write_locked(struct pl011 *s, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case RSR:
		s->rsr = 0;
		break;
	case ILPR:
		s->ilpr = (uint8_t)value;
		break;
	case IBRD:
		s->ibrd = (uint16_t)value;
		break;
	case FBRD:
		s->fbrd = value & 0x3f;
		break;
	case LCRH:
		if ((value ^ s->lcrh) & LCRH_FEN)
			flush(s);
		s->lcrh = value & 0xff;
		break;
	case CR:
		s->cr = (uint16_t)value & ~0x78;
		update_modem(s);
		break;
	case IFLS:
		s->ifls = value & 0x3f;
		break;
	case IMSC:
		s->imsc = value & INT_ALL;
		break;
	case ICR:
		s->ris &= ~(value & INT_ALL);
		break;
	case DMACR:
		s->dmacr = value & 7;
		break;
	}
}

static void write_state(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct pl011 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool empty;

	write_locked(s, acc->offset, (uint32_t)value);
	empty = !s->count;
	update_flags(s);
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
	/* The FIFO was cleared or grew, or a loopback ended: there may be room. */
	if (empty && (acc->offset == LCRH || acc->offset == CR))
		vserial_ready(s->vs);
}

static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct pl011 *s = dev->priv;

	return (s->depth > FIFO_STANDARD ? ids_deep : ids_standard)[index / 4];
}

#define ROW(at, r, w, text)                                                                        \
	{ .offset = (at), .size = 4, .widths = 7, .read = (r), .write = (w), .name = (text) }

static const struct emu_reg rows[] = {
	ROW(DR, read_dr, write_dr, "DR"),
	ROW(RSR, read_state, write_state, "RSR"),
	ROW(FR, read_fr, NULL, "FR"),
	ROW(ILPR, read_state, write_state, "ILPR"),
	ROW(IBRD, read_state, write_state, "IBRD"),
	ROW(FBRD, read_state, write_state, "FBRD"),
	ROW(LCRH, read_state, write_state, "LCR_H"),
	ROW(CR, read_state, write_state, "CR"),
	ROW(IFLS, read_state, write_state, "IFLS"),
	ROW(IMSC, read_state, write_state, "IMSC"),
	ROW(RIS, read_state, NULL, "RIS"),
	ROW(MIS, read_state, NULL, "MIS"),
	ROW(ICR, NULL, write_state, "ICR"),
	ROW(DMACR, read_state, write_state, "DMACR"),
	{ .offset = IDS, .size = 0x20, .widths = 7, .read = read_id, .name = "ID" },
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), true };

static void pl011_reset(struct emu_dev *dev)
{
	struct pl011 *s = dev->priv;
	unsigned long flags;

	timer_stop(&s->rx_timeout);
	flags = spin_lock_irqsave(&s->lock);
	flush(s);
	s->rsr = 0;
	s->ilpr = 0;
	s->ibrd = 0;
	s->fbrd = 0;
	s->lcrh = 0;
	s->cr = 0x300;
	s->ifls = 0x12;
	s->imsc = 0;
	s->ris = 0;
	s->dmacr = 0;
	s->last = 0;
	s->fr = 0;
	update_flags(s);
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static unsigned pl011_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t size = dt_u32_or(node, "fifo_size", FIFO_STANDARD);

	if (size)
		return 0;
	out_printf(out, "%s: fifo_size is 0: give the characters that the FIFO holds, 16 or 32, or "
		   "leave the property out.\n", path);
	return 1;
}

static int pl011_probe(struct emu_dev *dev)
{
	struct pl011 *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	/*
	 * The hardware comes with 16 or with 32; whatever is above that waits in the vserial port.
	 */
	s->depth = dt_u32_or(dev->node, "fifo_size", FIFO_STANDARD) >= FIFO_MAX ? FIFO_MAX :
										  FIFO_STANDARD;
	spin_init(&s->lock);
	timer_init(&s->rx_timeout, rx_timeout);
	pl011_reset(dev);
	s->vs = vserial_create(dev->guest, dev->node->name, VSERIAL_HISTORY, receive, s);
	if (!s->vs) {
		log_error("%s: no memory for its serial port, or another device has that name",
			  dev->name);
		emu_state_free(dev);
		return -ENOMEM;
	}
	return 0;
}

static void pl011_remove(struct emu_dev *dev)
{
	struct pl011 *s = dev->priv;

	vserial_destroy(s->vs);
	timer_stop(&s->rx_timeout);
	emu_state_free(dev);
}

static void pl011_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct pl011 *s = dev->priv;
	uint64_t sent, got, lost;

	vserial_counts(s->vs, &sent, &got, &lost);
	out_printf(out, "port %s: %llu bytes out, %llu in; CR 0x%x, LCR_H 0x%x, IMSC 0x%x, "
		   "RIS 0x%x, %u of %u in the FIFO\n", vserial_name(s->vs),
		   (unsigned long long)sent, (unsigned long long)got, s->cr, s->lcrh, s->imsc,
		   s->ris, s->count, depth(s));
}

static const struct dt_match matches[] = {
	{ "primecell,arm,pl011", NULL },
	{ "arm,pl011", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { "fifo_size", NULL };

EMULATOR(pl011) {
	.name = "pl011",
	.match = matches,
	.check = pl011_check,
	.props = props,
	.probe = pl011_probe,
	.remove = pl011_remove,
	.reset = pl011_reset,
	.regs = &regs,
	.show = pl011_show,
};
