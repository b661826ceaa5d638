/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel 8254 interval timer of a PC, and the port (0x61) that gates its third channel and shows its
 * output:
 *
 *   intel,i8254            its four ports; `interrupts` is the line of channel 0
 *   intel,i8254-control    port 0x61
 *
 * Counts are computed from the time; a timer runs only for channel 0 and its next interrupt. Ticks
 * that came too late are one. One spin lock guards the state, taken with IRQs masked.
 */
#include "i8254.h"

#include <core/emu.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define CLOCK	      1193182u /* Hz */
#define NS_PER_SECOND 1000000000u
#define CHANNELS      3
#define CONTROL	      3
/* A guest's own ticks are not to take all of its CPU's time: at least so many ns apart. */
#define PERIOD_MIN    50000u
/* Bit 4 of port 0x61 changes with each refresh of the memory that there once was. */
#define REFRESH_NS    15085u

/* Port 0x61. */
#define GATE	BIT32(0)
#define SPEAKER BIT32(1)
#define REFRESH BIT32(4)
#define OUTPUT	BIT32(5)

enum { LATCH, LOW, HIGH, WORD };

struct channel {
	uint32_t reload;    /* 1 to 65536, or 10000 */
	uint64_t start;	    /* ns */
	uint64_t stopped;   /* ticks at which it stands still, with running false */
	uint8_t mode, access;
	bool bcd, gate, running;
	bool loaded;	    /* a count was written since the mode */
	bool second_write, second_read;
	uint8_t low;	    /* written, waits for the high byte */
	bool latched, status_latched;
	uint16_t latch;
	uint8_t status;
};

struct pit {
	struct emu_dev *dev;
	spinlock_t lock;
	struct timer timer;
	int irq; /* negative: none */
	bool line, replaced;
	uint64_t next; /* ns, of channel 0's interrupt; 0: none */
	uint8_t port61;
	struct channel channel[CHANNELS];
};

/* --- counting ---------------------------------------------------------------------------- */

static uint64_t to_ticks(uint64_t ns)
{
	return ns / NS_PER_SECOND * CLOCK + ns % NS_PER_SECOND * CLOCK / NS_PER_SECOND;
}

/* Rounded up: by then the tick has come. */
static uint64_t to_ns(uint64_t ticks)
{
	return ticks / CLOCK * NS_PER_SECOND +
	       (ticks % CLOCK * NS_PER_SECOND + CLOCK - 1) / CLOCK;
}

static uint64_t elapsed(const struct channel *c, uint64_t now)
{
	return c->running ? to_ticks(now - c->start) : c->stopped;
}

static uint16_t to_bcd(uint32_t v)
{
	return (uint16_t)(v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 | v / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t v)
{
	return (v & 15) + (v >> 4 & 15) * 10 + (v >> 8 & 15) * 100 + (v >> 12 & 15) * 1000u;
}

static uint16_t count(const struct channel *c, uint64_t now)
{
	uint64_t d = elapsed(c, now), wrap = c->bcd ? 10000 : 65536;
	uint32_t v;

	if (c->mode == 2)
		v = c->reload - (uint32_t)(d % c->reload);
	else if (c->mode == 3)
		v = c->reload - (uint32_t)(2 * d % c->reload);
	else
		v = (uint32_t)((c->reload + wrap - d % wrap) % wrap);
	return c->bcd ? to_bcd(v) : (uint16_t)v;
}

static bool output(const struct channel *c, uint64_t now)
{
	uint64_t d = elapsed(c, now);

	if (!c->loaded)
		return c->mode != 0;
	switch (c->mode) {
	case 0:
	case 1:
		return d >= c->reload;
	case 2:
		return !c->gate || d % c->reload != c->reload - 1;
	case 3:
		return !c->gate || d % c->reload < (c->reload + 1) / 2;
	default:
		return d != c->reload;
	}
}

/* When channel 0 rises next after `now`; 0: not by itself. */
static uint64_t next_edge(const struct channel *c, uint64_t now)
{
	uint64_t d = elapsed(c, now), edge;

	if (!c->loaded || !c->running)
		return 0;
	if (c->mode == 2 || c->mode == 3) {
		edge = c->start + to_ns((d / c->reload + 1) * c->reload);
		if (to_ns(c->reload) < PERIOD_MIN)
			return MAX_T(uint64_t, edge, now + PERIOD_MIN);
		return edge;
	}
	edge = c->reload + (c->mode >= 4);
	return d < edge ? c->start + to_ns(edge) : 0;
}

/* --- interrupt --------------------------------------------------------------------------- */

static void set_line(struct pit *s, bool level)
{
	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0 && !s->replaced)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

void i8254_replace(struct emu_dev *dev, bool replaced)
{
	struct pit *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);

	s->replaced = replaced;
	if (s->irq >= 0)
		guest_irq_set(dev->guest, (unsigned)s->irq, s->line && !replaced);
	spin_unlock_irqrestore(&s->lock, flags);
}

/* Channel 0 as it is now; under the lock. */
static void update(struct pit *s)
{
	uint64_t now = time_now();

	set_line(s, output(&s->channel[0], now));
	WRITE_ONCE(s->next, next_edge(&s->channel[0], now));
}

/* The edge that has come, whoever finds that first; under the lock. */
static void look(struct pit *s)
{
	if (s->next && s->next <= time_now()) {
		/* A rising edge, however short the output was low. */
		set_line(s, false);
		set_line(s, true);
		WRITE_ONCE(s->next, next_edge(&s->channel[0], time_now()));
	}
}

static void expired(struct timer *timer)
{
	struct pit *s = container_of(timer, struct pit, timer);

	spin_lock(&s->lock);
	look(s);
	spin_unlock(&s->lock);
	timer_follow(&s->timer, &s->next);
}

/* --- ports ------------------------------------------------------------------------------- */

static void begin(struct channel *c, uint64_t now)
{
	c->start = now;
	c->stopped = 0;
	/* Modes 1 and 5 wait for the gate, modes 0, 2, 3 and 4 count while it is there. */
	c->running = c->gate && c->mode != 1 && c->mode != 5;
}

static void load(struct channel *c, uint16_t value)
{
	uint32_t v = c->bcd ? from_bcd(value) : value;

	c->reload = v ? v : c->bcd ? 10000 : 65536;
	/* These have no count of one. */
	if ((c->mode == 2 || c->mode == 3) && c->reload == 1)
		c->reload = 2;
	c->loaded = true;
	begin(c, time_now());
}

static void write_count(struct channel *c, uint8_t value)
{
	if (c->access == LOW) {
		load(c, value);
	} else if (c->access == HIGH) {
		load(c, (uint16_t)(value << 8));
	} else if (!c->second_write) {
		c->low = value;
		c->second_write = true;
		if (c->mode == 0) { /* the first byte stops it */
			c->running = false;
			c->loaded = false;
		}
	} else {
		c->second_write = false;
		load(c, (uint16_t)(c->low | value << 8));
	}
}

static uint8_t status(const struct channel *c)
{
	return (uint8_t)((output(c, time_now()) ? 0x80 : 0) | (c->loaded ? 0 : 0x40) |
			 c->access << 4 | c->mode << 1 | c->bcd);
}

static void latch(struct channel *c)
{
	if (c->latched)
		return;
	c->latched = true;
	c->latch = count(c, time_now());
	c->second_read = false;
}

static void read_back(struct pit *s, uint8_t value)
{
	for (unsigned i = 0; i < CHANNELS; i++) {
		struct channel *c = &s->channel[i];

		if (!(value & 2 << i))
			continue;
		if (!(value & 0x20))
			latch(c);
		if (!(value & 0x10) && !c->status_latched) {
			c->status_latched = true;
			c->status = status(c);
		}
	}
}

static void write_control(struct pit *s, uint8_t value)
{
	struct channel *c;

	if (value >> 6 == 3) {
		read_back(s, value);
		return;
	}
	c = &s->channel[value >> 6];
	if ((value >> 4 & 3) == LATCH) {
		latch(c);
		return;
	}
	c->access = value >> 4 & 3;
	c->mode = value >> 1 & 7;
	if (c->mode > 5)
		c->mode &= 3;
	c->bcd = value & 1;
	c->loaded = c->running = false;
	c->stopped = 0;
	c->second_write = c->second_read = c->latched = c->status_latched = false;
}

static uint8_t read_count(struct channel *c)
{
	uint16_t v;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	v = c->latched ? c->latch : count(c, time_now());
	if (c->access == WORD && !c->second_read) {
		c->second_read = true;
		/* Both bytes are of the same moment. */
		c->latched = true;
		c->latch = v;
		return (uint8_t)v;
	}
	c->second_read = false;
	c->latched = false;
	return (uint8_t)(c->access == LOW ? v : v >> 8);
}

static void set_gate(struct channel *c, bool gate)
{
	uint64_t now = time_now();

	if (gate == c->gate)
		return;
	if (!gate && c->mode != 1 && c->mode != 5) {
		c->stopped = elapsed(c, now);
		c->running = false;
	}
	c->gate = gate;
	if (!gate || !c->loaded)
		return;
	if (c->mode == 0 || c->mode == 4) { /* goes on */
		c->start = now - to_ns(c->stopped);
	} else {
		c->start = now;
		c->stopped = 0;
	}
	c->running = true;
}

static uint8_t read_port61(const struct pit *s)
{
	uint64_t now = time_now();

	return (uint8_t)(s->port61 | (now / REFRESH_NS & 1 ? REFRESH : 0) |
			 (output(&s->channel[2], now) ? OUTPUT : 0));
}

static void write_port61(struct pit *s, uint8_t value)
{
	s->port61 = value & 0x0f;
	set_gate(&s->channel[2], value & GATE);
}

static void access_byte(struct pit *s, unsigned port, uint8_t *value, bool is_write)
{
	if (!is_write)
		*value = port < CHANNELS ? read_count(&s->channel[port]) : 0xff;
	else if (port < CHANNELS)
		write_count(&s->channel[port], *value);
	else
		write_control(s, *value);
}

static enum emu_result pit_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct pit *s = dev->priv;
	unsigned long flags;
	uint8_t value = (uint8_t)acc->value;
	bool control = dev->match_data;

	if (acc->size != 1 || !s)
		return EMU_WIDTH;
	flags = spin_lock_irqsave(&s->lock);
	/* The timer may be late: what is to be computed anew would be missed. */
	if (acc->is_write && !control)
		look(s);
	if (!control)
		access_byte(s, (unsigned)acc->offset, &value, acc->is_write);
	else if (acc->is_write)
		write_port61(s, value);
	else
		value = read_port61(s);
	if (acc->is_write && !control)
		update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (acc->is_write && !control)
		timer_follow(&s->timer, &s->next);
	acc->value = value;
	return EMU_OK;
}

/* --- life -------------------------------------------------------------------------------- */

static void pit_reset(struct emu_dev *dev)
{
	struct pit *s = dev->priv;
	unsigned long flags;

	if (dev->match_data)
		return;
	flags = spin_lock_irqsave(&s->lock);
	memset(s->channel, 0, sizeof(s->channel));
	for (unsigned i = 0; i < CHANNELS; i++) {
		s->channel[i].mode = 3;
		s->channel[i].access = WORD;
		s->channel[i].reload = 65536;
		s->channel[i].gate = i < 2;
	}
	s->port61 = 0;
	s->next = 0;
	set_line(s, false);
	spin_unlock_irqrestore(&s->lock, flags);
	timer_stop(&s->timer);
}

static int pit_probe(struct emu_dev *dev)
{
	struct pit *s;
	int irq, err;

	if (dev->match_data)
		return 0;
	err = emu_state_alloc(dev, sizeof(*s), &irq);
	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	spin_init(&s->lock);
	timer_init(&s->timer, expired);
	pit_reset(dev);
	return 0;
}

static const struct dt_match matches[] = {
	{ "intel,i8254", NULL },
	{ "intel,i8254-control", "control" },
	{ NULL, NULL },
};

struct emu_dev *i8254_of(const struct guest *guest)
{
	struct emu_dev *dev;

	list_for_each_entry(dev, &guest->devices, link) {
		if (dev->emu->reset == pit_reset && !dev->match_data)
			return dev;
	}
	return NULL;
}

static int pit_ready(struct emu_dev *dev)
{
	struct emu_dev *other;

	if (!dev->match_data)
		return 0;
	other = i8254_of(dev->guest);
	if (other)
		dev->priv = other->priv;
	return dev->priv ? 0 : emu_fail(dev, -ENODEV, "there is no 8254, of which this is a part");
}

static void pit_remove(struct emu_dev *dev)
{
	struct pit *s = dev->priv;

	if (!dev->match_data) {
		timer_stop(&s->timer);
		heap_free(s);
	}
	dev->priv = NULL;
}

static void pit_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct pit *s = dev->priv;

	for (unsigned i = 0; !dev->match_data && i < CHANNELS; i++) {
		const struct channel *c = &s->channel[i];

		out_printf(out, "channel %u: mode %u, count %u%s\n", i, c->mode, c->reload,
			   c->running ? "" : ", stopped");
	}
}

static const char *const props[] = { NULL };

EMULATOR(i8254) {
	.name = "i8254",
	.match = matches,
	.props = props,
	.probe = pit_probe,
	.remove = pit_remove,
	.reset = pit_reset,
	.ready = pit_ready,
	.access = pit_access,
	.show = pit_show,
};
