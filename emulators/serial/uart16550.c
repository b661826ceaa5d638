/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 16550A serial port (National Semiconductor PC16550D) behind eight ports or bytes of memory.
 * Sending is done at once, so the transmitter is always empty; received characters come from a
 * vserial port as fast as the guest takes them.
 *
 * One spin lock guards the state, taken with IRQs masked.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/vserial.h>
#include <libs/errno.h>
#include <libs/string.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define IER_RX	   0x01
#define IER_TX	   0x02
#define IER_LINE   0x04
#define IER_MODEM  0x08
#define IIR_NONE   0x01
#define IIR_MODEM  0x00
#define IIR_TX	   0x02
#define IIR_RX	   0x04
#define IIR_LINE   0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO   0xc0
#define FCR_ENABLE 0x01
#define FCR_CLEAR_RX 0x02
#define LCR_DLAB   0x80
#define MCR_LOOP   0x10
#define LSR_RX	   0x01
#define LSR_OVERRUN 0x02
#define LSR_EMPTY  0x60
#define MSR_PRESENT 0xb0 /* somebody is there: carrier, data set ready, clear to send */

#define FIFO	16

struct uart {
	struct emu_dev *dev;
	struct vserial *vs;
	spinlock_t lock;
	int irq; /* negative: none */
	bool line;
	bool tx_empty; /* the interrupt of it was not taken yet */
	uint8_t ier, lcr, mcr, lsr, msr_delta, scr, fcr;
	uint16_t divisor;
	uint8_t head, count;
	uint8_t fifo[FIFO];
};

static unsigned depth(const struct uart *s)
{
	return s->fcr & FCR_ENABLE ? FIFO : 1;
}

static unsigned trigger(const struct uart *s)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return s->fcr & FCR_ENABLE ? levels[s->fcr >> 6] : 1;
}

/* What waits, the most urgent first. Below the trigger it is told as a time-out, at once. */
static uint8_t pending(const struct uart *s)
{
	if (s->ier & IER_LINE && s->lsr & LSR_OVERRUN)
		return IIR_LINE;
	if (s->ier & IER_RX && s->count)
		return s->count >= trigger(s) ? IIR_RX : IIR_TIMEOUT;
	if (s->ier & IER_TX && s->tx_empty)
		return IIR_TX;
	if (s->ier & IER_MODEM && s->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update(struct uart *s)
{
	bool level = pending(s) != IIR_NONE;

	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

static void push(struct uart *s, uint8_t c)
{
	if (s->count >= depth(s)) {
		s->lsr |= LSR_OVERRUN;
		return;
	}
	s->fifo[(s->head + s->count) % FIFO] = c;
	s->count++;
}

/* Input for the guest, from vserial. */
static size_t receive(void *priv, const uint8_t *buf, size_t n)
{
	struct uart *s = priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	size_t took = 0;

	if (!(s->mcr & MCR_LOOP)) {
		while (took < n && s->count < depth(s))
			push(s, buf[took++]);
	}
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	return took;
}

/* In a loop the modem's inputs are our own outputs. */
static uint8_t modem(const struct uart *s)
{
	uint8_t m = s->mcr;

	if (!(m & MCR_LOOP))
		return MSR_PRESENT;
	return (uint8_t)((m & 1) << 5 | (m & 2) << 3 | (m & 4) << 4 | (m & 8) << 4);
}

static void write_mcr(struct uart *s, uint8_t value)
{
	uint8_t was = modem(s), changed;

	s->mcr = value & 0x1f;
	changed = was ^ modem(s);
	/* Of the ring indicator only the end is told. */
	s->msr_delta |= changed >> 4 & 0x0b;
	if (was & ~modem(s) & 0x40)
		s->msr_delta |= 4;
}

static void write_fcr(struct uart *s, uint8_t value)
{
	if ((value ^ s->fcr) & FCR_ENABLE || value & FCR_CLEAR_RX)
		s->head = s->count = 0;
	s->fcr = value & 0xc9;
}

/** @return there is room for more input */
static bool write_locked(struct uart *s, unsigned reg, uint8_t value)
{
	switch (reg) {
	case DATA:
		if (s->lcr & LCR_DLAB)
			s->divisor = (uint16_t)((s->divisor & 0xff00) | value);
		else if (s->mcr & MCR_LOOP)
			push(s, value);
		if (!(s->lcr & LCR_DLAB))
			s->tx_empty = true;
		break;
	case IER:
		if (s->lcr & LCR_DLAB) {
			s->divisor = (uint16_t)((s->divisor & 0xff) | value << 8);
			break;
		}
		/* The transmitter is empty: told once more to who asks anew. */
		if (value & ~s->ier & IER_TX)
			s->tx_empty = true;
		s->ier = value & 0x0f;
		break;
	case IIR:
		write_fcr(s, value);
		return true;
	case LCR:
		s->lcr = value;
		break;
	case MCR:
		write_mcr(s, value);
		return true;
	case SCR:
		s->scr = value;
		break;
	}
	return false;
}

static void write_register(struct uart *s, unsigned reg, uint8_t value)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool sends = reg == DATA && !(s->lcr & LCR_DLAB) && !(s->mcr & MCR_LOOP);
	bool room = write_locked(s, reg, value);

	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (sends)
		vserial_output(s->vs, &value, 1);
	if (room)
		vserial_ready(s->vs);
}

static uint8_t read_data(struct uart *s)
{
	uint8_t c;

	if (!s->count)
		return 0;
	c = s->fifo[s->head];
	s->head = (s->head + 1) % FIFO;
	s->count--;
	return c;
}

static uint8_t read_locked(struct uart *s, unsigned reg)
{
	uint8_t v;

	switch (reg) {
	case DATA:
		return s->lcr & LCR_DLAB ? (uint8_t)s->divisor : read_data(s);
	case IER:
		return s->lcr & LCR_DLAB ? (uint8_t)(s->divisor >> 8) : s->ier;
	case IIR:
		v = pending(s);
		if (v == IIR_TX)
			s->tx_empty = false;
		return v | (s->fcr & FCR_ENABLE ? IIR_FIFO : 0);
	case LCR:
		return s->lcr;
	case MCR:
		return s->mcr;
	case LSR:
		v = s->lsr | LSR_EMPTY | (s->count ? LSR_RX : 0);
		s->lsr = 0;
		return v;
	case MSR:
		v = modem(s) | s->msr_delta;
		s->msr_delta = 0;
		return v;
	default:
		return s->scr;
	}
}

static uint8_t read_register(struct uart *s, unsigned reg)
{
	unsigned long flags = spin_lock_irqsave(&s->lock);
	uint8_t v = read_locked(s, reg);
	bool empty = reg == DATA && !s->count;

	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (empty)
		vserial_ready(s->vs);
	return v;
}

/* Wider accesses are those of a bus of 8 bits: one byte after the other. */
static enum emu_result uart_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct uart *s = dev->priv;
	uint64_t v = 0;

	if (acc->size > 4 || acc->offset + acc->size > 8)
		return EMU_WIDTH;
	for (unsigned i = 0; i < acc->size; i++) {
		unsigned reg = (unsigned)acc->offset + i;

		if (acc->is_write)
			write_register(s, reg, (uint8_t)(acc->value >> 8 * i));
		else
			v |= (uint64_t)read_register(s, reg) << 8 * i;
	}
	if (!acc->is_write)
		acc->value = v;
	return EMU_OK;
}

static void uart_reset(struct emu_dev *dev)
{
	struct uart *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);

	s->ier = s->lcr = s->lsr = s->msr_delta = s->scr = s->fcr = 0;
	s->mcr = 0;
	s->divisor = 12; /* 9600 baud */
	s->head = s->count = 0;
	s->tx_empty = false;
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static int uart_probe(struct emu_dev *dev)
{
	struct uart *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	spin_init(&s->lock);
	uart_reset(dev);
	s->vs = vserial_create(dev->guest, dev->node->name, VSERIAL_HISTORY, receive, s);
	if (!s->vs) {
		log_error("%s: no memory for its serial port, or another device has that name",
			  dev->name);
		emu_state_free(dev);
		return -ENOMEM;
	}
	return 0;
}

static void uart_remove(struct emu_dev *dev)
{
	struct uart *s = dev->priv;

	vserial_destroy(s->vs);
	emu_state_free(dev);
}

static void uart_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct uart *s = dev->priv;
	uint64_t sent, got, lost;

	vserial_counts(s->vs, &sent, &got, &lost);
	out_printf(out, "port %s: %llu bytes out, %llu in; IER 0x%x, LCR 0x%x, MCR 0x%x, %u in the "
		   "FIFO\n", vserial_name(s->vs), (unsigned long long)sent,
		   (unsigned long long)got, s->ier, s->lcr, s->mcr, s->count);
}

static const struct dt_match matches[] = {
	{ "ns16550a", NULL },
	{ "ns8250", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(uart16550) {
	.name = "16550",
	.match = matches,
	.props = props,
	.probe = uart_probe,
	.remove = uart_remove,
	.reset = uart_reset,
	.access = uart_access,
	.show = uart_show,
};
