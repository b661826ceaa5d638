/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * High precision event timers (IA-PC HPET 1.0a): a counter of 100 MHz and three comparators, whose
 * interrupts are inputs of the IOAPIC, those of 8254 and clock ("legacy replacement"), or messages.
 *
 *   intel,ia-hpet    1 KiB of registers; `interrupts` are the inputs that replace 8254 and clock
 *
 * The count is computed from the time; a timer runs only for a comparator that is enabled. Ticks
 * that came too late are one. One spin lock guards the state, taken with IRQs masked.
 */
#include <core/emu.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/errno.h>
#include "i8254.h"

#define TICK_NS	   10u
#define TIMERS	   3
#define LEGACY	   2 /* of them replace others */
#define SIZE	   0x400
#define ROUTES	   0x00f00104u /* inputs 2, 8 and 20 to 23: nobody else's */
/* A guest's own ticks are not to take all of its CPU's time: at least so many ns apart. */
#define PERIOD_MIN 50000u

/* Registers of 64 bits; those of each comparator follow. */
enum { CAPABILITIES = 0x00, CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0, FIRST = 0x100 };
enum { TIMER_CONFIG = 0x00, COMPARATOR = 0x08, MESSAGE = 0x10, TIMER_SIZE = 0x20 };

#define CAPS_VALUE                                                                                 \
	((uint64_t)TICK_NS * 1000000 << 32 | 0x8086u << 16 | BIT32(15) | BIT32(13) |               \
	 (TIMERS - 1) << 8 | 1)
#define ENABLE	      BIT(0)
#define REPLACE	      BIT(1)
#define TIMER_LEVEL   BIT(1)
#define TIMER_ON      BIT(2)
#define TIMER_PERIOD  BIT(3)
#define TIMER_SET     BIT(6)
#define TIMER_32      BIT(8)
#define TIMER_ROUTE   (31u << 9)
#define TIMER_MESSAGE BIT(14)
#define TIMER_WRITE                                                                                \
	(TIMER_LEVEL | TIMER_ON | TIMER_PERIOD | TIMER_32 | TIMER_ROUTE | TIMER_MESSAGE)
/* Periodic, 64 bits, messages, and where it can be routed to. */
#define TIMER_CAPS    (BIT(4) | BIT(5) | BIT(15) | (uint64_t)ROUTES << 32)

struct comparator {
	struct hpet *hpet;
	struct timer timer;
	uint64_t config, value, period, message;
	uint64_t next; /* ns; 0: none */
};

struct hpet {
	struct emu_dev *dev, *pit;
	spinlock_t lock;
	int irq[LEGACY]; /* negative: none */
	uint64_t config, status;
	uint64_t base, start; /* count at a time in ns; it stands there while it is not enabled */
	struct comparator c[TIMERS];
};

/* --- counting ---------------------------------------------------------------------------- */

static uint64_t count(const struct hpet *s, uint64_t now)
{
	return s->config & ENABLE ? s->base + (now - s->start) / TICK_NS : s->base;
}

static uint64_t mask(const struct comparator *c)
{
	return c->config & TIMER_32 ? UINT32_MAX : UINT64_MAX;
}

/*
 * When the count comes to the comparator's value next; under the lock. One that was met just now
 * is met again when the count has gone all around, what is behind with 64 bits never.
 */
static void plan(struct comparator *c, bool met)
{
	const struct hpet *s = c->hpet;
	uint64_t now = time_now(), from = count(s, now), left = (c->value - from) & mask(c);
	uint64_t next = 0;

	if (met && !left)
		left = mask(c);
	if (s->config & ENABLE && c->config & TIMER_ON && left < INT64_MAX / TICK_NS) {
		next = s->start + (from + left - s->base) * TICK_NS;
		if (met)
			next = MAX_T(uint64_t, next, now + PERIOD_MIN);
	}
	WRITE_ONCE(c->next, next ? MAX_T(uint64_t, next, 1) : 0);
}

/* --- interrupts: under the lock ---------------------------------------------------------- */

/* The guest's number of a comparator's interrupt. @return negative: none */
static int irq_of(const struct comparator *c)
{
	const struct hpet *s = c->hpet;
	unsigned n = (unsigned)(c - s->c), route = (c->config & TIMER_ROUTE) >> 9;

	if (s->config & REPLACE && n < LEGACY)
		return s->irq[n];
	if (!(ROUTES >> route & 1))
		return -1;
	return route == 2 ? s->irq[0] : (int)route; /* the 8254's is this input */
}

static void set_line(const struct comparator *c, bool level)
{
	int irq = irq_of(c);

	if (irq >= 0)
		guest_irq_set(c->hpet->dev->guest, (unsigned)irq, level);
}

static void fire(struct comparator *c)
{
	struct hpet *s = c->hpet;

	if (c->config & TIMER_MESSAGE) {
		guest_msi_send(s->dev->guest, 0, c->message >> 32, (uint32_t)c->message);
	} else if (c->config & TIMER_LEVEL) {
		s->status |= BIT(c - s->c);
		set_line(c, true);
	} else {
		set_line(c, true);
		set_line(c, false);
	}
}

/* The value moves on to what lies ahead. */
static void advance(struct comparator *c)
{
	uint64_t behind = (count(c->hpet, time_now()) - c->value) & mask(c);

	if (c->config & TIMER_PERIOD && c->period)
		c->value = (c->value + (behind / c->period + 1) * c->period) & mask(c);
}

/* What has come, whoever finds that first. */
static void look(struct comparator *c)
{
	if (c->next && c->next <= time_now()) {
		fire(c);
		advance(c);
		plan(c, true);
	}
}

static void expired(struct timer *timer)
{
	struct comparator *c = container_of(timer, struct comparator, timer);
	struct hpet *s = c->hpet;

	spin_lock(&s->lock);
	look(c);
	spin_unlock(&s->lock);
	timer_follow(&c->timer, &c->next);
}

/* --- registers: under the lock ----------------------------------------------------------- */

static uint64_t read_register(const struct hpet *s, unsigned reg)
{
	const struct comparator *c = &s->c[(reg - FIRST) / TIMER_SIZE % TIMERS];

	switch (reg < FIRST ? reg : FIRST + reg % TIMER_SIZE) {
	case CAPABILITIES:
		return CAPS_VALUE;
	case CONFIG:
		return s->config;
	case STATUS:
		return s->status;
	case COUNTER:
		return count(s, time_now());
	case FIRST + TIMER_CONFIG:
		return c->config | TIMER_CAPS;
	case FIRST + COMPARATOR:
		return c->value;
	case FIRST + MESSAGE:
		return c->message;
	}
	return 0;
}

/* What is asserted is taken back before it goes elsewhere. */
static void lower(struct hpet *s, uint64_t which)
{
	for (unsigned n = 0; n < TIMERS; n++)
		if (s->status & which & BIT(n))
			set_line(&s->c[n], false);
	s->status &= ~which;
}

static void write_config(struct hpet *s, uint64_t value)
{
	uint64_t now = time_now(), changed = s->config ^ value;

	if (changed & REPLACE)
		lower(s, BIT(LEGACY) - 1);
	if (changed & ENABLE) {
		s->base = count(s, now);
		s->start = now;
	}
	s->config = value & (ENABLE | REPLACE);
	if (changed & REPLACE && s->pit)
		i8254_replace(s->pit, value & REPLACE);
}

static void write_comparator(struct comparator *c, uint64_t bits, uint64_t value)
{
	if (c->config & TIMER_PERIOD)
		c->period = ((c->period & ~bits) | value) & mask(c);
	if (!(c->config & TIMER_PERIOD) || c->config & TIMER_SET)
		c->value = ((c->value & ~bits) | value) & mask(c);
	c->config &= ~TIMER_SET;
}

static void write_timer(struct comparator *c, unsigned reg, uint64_t bits, uint64_t value)
{
	switch (reg) {
	case TIMER_CONFIG:
		lower(c->hpet, BIT(c - c->hpet->c));
		c->config = (c->config & ~bits) | (value & (TIMER_WRITE | TIMER_SET));
		c->value &= mask(c);
		c->period &= mask(c);
		break;
	case COMPARATOR:
		write_comparator(c, bits, value);
		break;
	case MESSAGE:
		c->message = (c->message & ~bits) | value;
		break;
	}
}

/* @param bits  those of the register that are written */
static void write_register(struct hpet *s, unsigned reg, uint64_t bits, uint64_t value)
{
	/* The timer of one that is met may be late, and planned anew it would be missed. */
	for (unsigned n = 0; n < TIMERS; n++)
		look(&s->c[n]);
	switch (reg) {
	case CONFIG:
		write_config(s, (s->config & ~bits) | value);
		break;
	case STATUS:
		lower(s, value);
		break;
	case COUNTER:
		s->base = (count(s, time_now()) & ~bits) | value;
		s->start = time_now();
		break;
	default:
		if (reg >= FIRST)
			write_timer(&s->c[(reg - FIRST) / TIMER_SIZE], reg % TIMER_SIZE, bits,
				    value);
		break;
	}
	for (unsigned n = 0; n < TIMERS; n++)
		plan(&s->c[n], false);
}

static enum emu_result hpet_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct hpet *s = dev->priv;
	unsigned reg = (unsigned)acc->offset & ~7u, shift = 8 * (acc->offset & 7);
	uint64_t bits = ~0ull >> (64 - 8 * acc->size);
	unsigned long flags;

	if (acc->size < 4 || acc->offset & (acc->size - 1))
		return EMU_WIDTH;
	if (reg >= FIRST + TIMERS * TIMER_SIZE) {
		acc->value = 0; /* comparators that there are not */
		return EMU_OK;
	}
	flags = spin_lock_irqsave(&s->lock);
	if (acc->is_write)
		write_register(s, reg, bits << shift, (acc->value & bits) << shift);
	else
		acc->value = read_register(s, reg) >> shift & bits;
	spin_unlock_irqrestore(&s->lock, flags);
	for (unsigned n = 0; acc->is_write && n < TIMERS; n++)
		timer_follow(&s->c[n].timer, &s->c[n].next);
	return EMU_OK;
}

/* --- life -------------------------------------------------------------------------------- */

static void hpet_reset(struct emu_dev *dev)
{
	struct hpet *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);

	lower(s, ~0ull);
	if (s->config & REPLACE && s->pit)
		i8254_replace(s->pit, false);
	s->config = s->base = 0;
	for (unsigned n = 0; n < TIMERS; n++) {
		struct comparator *c = &s->c[n];

		c->config = c->period = c->message = c->next = 0;
		c->value = UINT64_MAX;
	}
	spin_unlock_irqrestore(&s->lock, flags);
	for (unsigned n = 0; n < TIMERS; n++)
		timer_stop(&s->c[n].timer);
}

static int hpet_probe(struct emu_dev *dev)
{
	struct hpet *s = heap_zalloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->dev = dev;
	spin_init(&s->lock);
	for (unsigned n = 0; n < LEGACY; n++)
		s->irq[n] = emu_irq(dev, n);
	for (unsigned n = 0; n < TIMERS; n++) {
		s->c[n].hpet = s;
		timer_init(&s->c[n].timer, expired);
	}
	dev->priv = s;
	hpet_reset(dev);
	return 0;
}

/* The 8254 that it takes the place of, if there is one. */
static int hpet_ready(struct emu_dev *dev)
{
	struct hpet *s = dev->priv;

	s->pit = i8254_of(dev->guest);
	return 0;
}

static void hpet_remove(struct emu_dev *dev)
{
	struct hpet *s = dev->priv;

	for (unsigned n = 0; n < TIMERS; n++)
		timer_stop(&s->c[n].timer);
	heap_free(s);
	dev->priv = NULL;
}

static void hpet_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct hpet *s = dev->priv;

	out_printf(out, "%s%s\n", s->config & ENABLE ? "counts" : "stands still",
		   s->config & REPLACE ? ", for 8254 and clock" : "");
	for (unsigned n = 0; n < TIMERS; n++) {
		const struct comparator *c = &s->c[n];

		if (c->config & TIMER_ON)
			out_printf(out, "comparator %u: at 0x%llx, period %llu, interrupt %d%s\n",
				   n, (unsigned long long)c->value,
				   (unsigned long long)c->period, irq_of(c),
				   c->config & TIMER_MESSAGE ? " (message)" : "");
	}
}

static const struct dt_match matches[] = {
	{ "intel,ia-hpet", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(hpet) {
	.name = "hpet",
	.match = matches,
	.props = props,
	.probe = hpet_probe,
	.remove = hpet_remove,
	.reset = hpet_reset,
	.ready = hpet_ready,
	.access = hpet_access,
	.show = hpet_show,
};
