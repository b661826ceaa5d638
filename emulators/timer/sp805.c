/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARM SP805 watchdog (ARM DDI 0270): a counter that raises an interrupt when it reaches zero,
 * starts again, and resets the guest when it reaches zero a second time with the interrupt not
 * cleared.
 *
 * One spin lock per device, taken with IRQs masked because the counter's end comes from a timer.
 * The timer runs only while its event changes something, so that no guest can make it a storm.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/errno.h>

/* Register offsets (table 3-1). */
#define LOAD	0x000
#define VALUE	0x004
#define CONTROL 0x008
#define INTCLR	0x00c
#define RIS	0x010
#define MIS	0x014
#define LOCK	0xc00
#define ITCR	0xf00
#define ITOP	0xf04
#define IDS	0xfe0

#define CONTROL_INTEN BIT32(0)
#define CONTROL_RESEN BIT32(1)
#define LOCK_KEY      0x1acce551u
#define ITOP_RES      BIT32(0)
#define ITOP_INT      BIT32(1)

#define NS_PER_SECOND 1000000000ull
#define CLOCK_DEFAULT 1000000u /* Hz */

struct sp805 {
	struct emu_dev *dev;
	struct timer timer;
	struct work reset_work;
	spinlock_t lock;
	int irq; /* negative: none */
	bool line, ris, locked;
	bool expired;	    /* it ran out and stopped */
	uint32_t clock; /* Hz */
	uint32_t load, control, itcr, itop;
	uint32_t first;	    /* counter value at `since` */
	uint64_t since;	    /* ns: when the counter was loaded last */
	uint32_t stopped;   /* counter value while it does not run */
	uint64_t deadline;  /* ns: next event of the timer; 0: none */
};

static bool running(const struct sp805 *s)
{
	return (s->control & CONTROL_INTEN) && !s->expired;
}

static uint64_t ns_to_ticks(const struct sp805 *s, uint64_t ns)
{
	return ns / NS_PER_SECOND * s->clock + ns % NS_PER_SECOND * s->clock / NS_PER_SECOND;
}

/** Duration of that many ticks, rounded up so that they have passed by then. */
static uint64_t ticks_to_ns(const struct sp805 *s, uint64_t ticks)
{
	return ticks / s->clock * NS_PER_SECOND +
	       DIV_ROUND_UP(ticks % s->clock * NS_PER_SECOND, s->clock);
}

/** Counter value: from the first value down to zero, then again and again from the load value. */
static uint32_t value_now(const struct sp805 *s)
{
	uint64_t ticks;

	if (!running(s))
		return s->stopped;
	ticks = ns_to_ticks(s, time_now() - s->since);
	if (ticks <= s->first)
		return (uint32_t)(s->first - ticks);
	return (uint32_t)(s->load - (ticks - s->first - 1) % ((uint64_t)s->load + 1));
}

static void update_line(struct sp805 *s)
{
	bool level = s->itcr & 1 ? !!(s->itop & ITOP_INT) :
				   s->ris && (s->control & CONTROL_INTEN);

	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

/** When the counter reaches zero next, if that changes anything; under the lock. */
static void plan(struct sp805 *s)
{
	uint64_t now = time_now();

	WRITE_ONCE(s->deadline, 0);
	if (!running(s) || (s->ris && !(s->control & CONTROL_RESEN)))
		return;
	WRITE_ONCE(s->deadline, now + ticks_to_ns(s, value_now(s)));
}

static void reload(struct sp805 *s)
{
	s->first = s->load;
	s->since = time_now();
	s->stopped = s->load;
}

/** The reset itself ends vCPUs, which is nothing for an interrupt handler. */
static void do_reset(struct work *work)
{
	struct sp805 *s = container_of(work, struct sp805, reset_work);

	log_guest(LOG_WARN, s->dev->guest, NULL, "%s: the watchdog ran out, the guest is reset",
		  s->dev->name);
	guest_request_reset(s->dev->guest);
}

/** The counter is at zero; under the lock. @return whether the guest is to be reset */
static bool reached_zero(struct sp805 *s)
{
	if (s->ris && (s->control & CONTROL_RESEN)) {
		s->stopped = 0;
		s->expired = true;
		WRITE_ONCE(s->deadline, 0);
		return true;
	}
	s->ris = true;
	update_line(s);
	/* It goes on with the load value in the next tick. */
	s->first = s->load;
	s->since = time_now() + ticks_to_ns(s, 1);
	WRITE_ONCE(s->deadline,
		   s->control & CONTROL_RESEN ? s->since + ticks_to_ns(s, s->load) : 0);
	return false;
}

static void timer_event(struct timer *timer)
{
	struct sp805 *s = container_of(timer, struct sp805, timer);
	bool reset = false;

	spin_lock(&s->lock);
	if (running(s) && s->deadline && time_now() >= s->deadline)
		reset = reached_zero(s);
	spin_unlock(&s->lock);
	timer_follow(&s->timer, &s->deadline);
	if (reset)
		work_queue(&s->reset_work);
}

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct sp805 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	uint64_t v = 0;

	switch (acc->offset) {
	case LOAD:
		v = s->load;
		break;
	case VALUE:
		v = value_now(s);
		break;
	case CONTROL:
		v = s->control;
		break;
	case RIS:
		v = s->ris;
		break;
	case MIS:
		v = s->ris && (s->control & CONTROL_INTEN);
		break;
	case LOCK:
		v = s->locked;
		break;
	case ITCR:
		v = s->itcr;
		break;
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return v;
}

static void write_control(struct sp805 *s, uint32_t value)
{
	uint32_t old = s->control;

	if (running(s) && !(value & CONTROL_INTEN))
		s->stopped = value_now(s);
	s->control = value & (CONTROL_INTEN | CONTROL_RESEN);
	if (!(old & CONTROL_INTEN) && (value & CONTROL_INTEN))
		reload(s);
}

/** Under the lock. @return whether the guest is to be reset */
static bool write_locked(struct sp805 *s, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case LOAD:
		s->load = value;
		reload(s);
		break;
	case CONTROL:
		write_control(s, value);
		break;
	case INTCLR:
		s->ris = false;
		reload(s);
		break;
	case ITCR:
		s->itcr = value & 1;
		break;
	case ITOP:
		s->itop = value & (ITOP_INT | ITOP_RES);
		break;
	}
	update_line(s);
	plan(s);
	return s->itcr & 1 && s->itop & ITOP_RES;
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct sp805 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool locked = s->locked, reset = false;

	if (acc->offset == LOCK)
		s->locked = (uint32_t)value != LOCK_KEY;
	else if (!locked)
		reset = write_locked(s, acc->offset, (uint32_t)value);
	spin_unlock_irqrestore(&s->lock, flags);
	if (acc->offset == LOCK)
		return;
	if (locked) {
		emu_complain(dev, acc, "write to offset 0x%x while the registers are locked: write "
			     "0x%x to 0x%x first", (unsigned)acc->offset, LOCK_KEY, LOCK);
		return;
	}
	timer_follow(&s->timer, &s->deadline);
	if (reset)
		work_queue(&s->reset_work);
}

static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	static const uint8_t ids[] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return ids[index / 4];
}

#define ROW(at, r, w, text)                                                                        \
	{ .offset = (at), .size = 4, .widths = 7, .read = (r), .write = (w), .name = (text) }

static const struct emu_reg rows[] = {
	ROW(LOAD, read_reg, write_reg, "Load"),
	ROW(VALUE, read_reg, NULL, "Value"),
	ROW(CONTROL, read_reg, write_reg, "Control"),
	ROW(INTCLR, NULL, write_reg, "IntClr"),
	ROW(RIS, read_reg, NULL, "RIS"),
	ROW(MIS, read_reg, NULL, "MIS"),
	ROW(LOCK, read_reg, write_reg, "Lock"),
	ROW(ITCR, read_reg, write_reg, "ITCR"),
	ROW(ITOP, NULL, write_reg, "ITOP"),
	{ .offset = IDS, .size = 0x20, .widths = 7, .read = read_id, .name = "ID" },
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), true };

static void sp805_reset(struct emu_dev *dev)
{
	struct sp805 *s = dev->priv;
	unsigned long flags;

	timer_stop(&s->timer);
	work_cancel(&s->reset_work); /* somebody else was first */
	flags = spin_lock_irqsave(&s->lock);
	s->load = UINT32_MAX;
	s->stopped = UINT32_MAX;
	s->control = 0;
	s->itcr = 0;
	s->itop = 0;
	s->ris = false;
	s->locked = false;
	s->expired = false;
	s->deadline = 0;
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static unsigned sp805_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t clock = dt_u32_or(node, "clock-frequency", CLOCK_DEFAULT);

	if (clock && clock <= NS_PER_SECOND)
		return 0;
	out_printf(out, "%s: clock-frequency is %u Hz: give 1 to 1000000000, or leave the property "
		   "out for %u.\n", path, clock, CLOCK_DEFAULT);
	return 1;
}

static int sp805_probe(struct emu_dev *dev)
{
	struct sp805 *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	s->clock = dt_u32_or(dev->node, "clock-frequency", CLOCK_DEFAULT);
	if (!s->clock || s->clock > NS_PER_SECOND)
		s->clock = CLOCK_DEFAULT;
	spin_init(&s->lock);
	timer_init(&s->timer, timer_event);
	work_init(&s->reset_work, do_reset);
	sp805_reset(dev);
	return 0;
}

static void sp805_remove(struct emu_dev *dev)
{
	struct sp805 *s = dev->priv;

	timer_stop(&s->timer);
	work_cancel(&s->reset_work);
	emu_state_free(dev);
}

static void sp805_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct sp805 *s = dev->priv;

	out_printf(out, "%s, %u of %u ticks left at %u Hz%s%s\n",
		   running(s) ? "running" : s->expired ? "ran out" : "stopped", value_now(s),
		   s->load, s->clock, s->ris ? ", interrupt raised" : "",
		   s->control & CONTROL_RESEN ? ", resets the guest" : "");
}

static const struct dt_match matches[] = {
	{ "primecell,sp805", NULL },
	{ "arm,sp805", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { "clock-frequency", NULL };

EMULATOR(sp805) {
	.name = "sp805",
	.match = matches,
	.check = sp805_check,
	.props = props,
	.probe = sp805_probe,
	.remove = sp805_remove,
	.reset = sp805_reset,
	.regs = &regs,
	.show = sp805_show,
};
