/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARM PL031 real-time clock (ARM DDI 0224): seconds since 1970 as the host knows them, moved by
 * what the guest loads, and an interrupt when they reach the match register.
 *
 * One spin lock per device, taken with IRQs masked because the match comes from a timer.
 */
#include <core/emu.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/errno.h>

/* Register offsets (table 3-1). */
#define DR   0x000
#define MR   0x004
#define LR   0x008
#define CR   0x00c
#define IMSC 0x010
#define RIS  0x014
#define MIS  0x018
#define ICR  0x01c
#define IDS  0xfe0

#define NS_PER_SECOND 1000000000ull

struct pl031 {
	struct emu_dev *dev;
	struct timer alarm;
	spinlock_t lock;
	int irq; /* negative: none */
	bool line, ris, imsc;
	uint32_t offset;   /* counter minus host's seconds */
	uint32_t match, load;
	uint64_t deadline; /* of the alarm, time_now() scale; 0: the match is not to come */
};

static uint32_t count(const struct pl031 *s)
{
	return (uint32_t)time_wallclock() + s->offset;
}

static void update_line(struct pl031 *s)
{
	bool level = s->ris && s->imsc;

	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

/** Raise the interrupt when the counter is at the match now, else say when; under the lock. */
static void plan_alarm(struct pl031 *s)
{
	uint32_t seconds = s->match - count(s);

	WRITE_ONCE(s->deadline, seconds ? time_now() + seconds * NS_PER_SECOND : 0);
	if (!seconds) {
		s->ris = true;
		update_line(s);
	}
}

static void alarm(struct timer *timer)
{
	struct pl031 *s = container_of(timer, struct pl031, alarm);

	spin_lock(&s->lock);
	if (s->deadline && time_now() >= s->deadline) {
		WRITE_ONCE(s->deadline, 0);
		/* The host's clock may have been set back meanwhile. */
		if ((int32_t)(count(s) - s->match) >= 0) {
			s->ris = true;
			update_line(s);
		} else {
			plan_alarm(s);
		}
	}
	spin_unlock(&s->lock);
	timer_follow(&s->alarm, &s->deadline);
}

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct pl031 *s = dev->priv;

	switch (acc->offset) {
	case DR:
		return count(s);
	case MR:
		return s->match;
	case LR:
		return s->load;
	case CR:
		return 1;
	case IMSC:
		return s->imsc;
	case RIS:
		return READ_ONCE(s->ris);
	case MIS:
		return READ_ONCE(s->ris) && s->imsc;
	default:
		return 0;
	}
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct pl031 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool plan = acc->offset == MR || acc->offset == LR;

	switch (acc->offset) {
	case MR:
		s->match = (uint32_t)value;
		break;
	case LR:
		s->load = (uint32_t)value;
		s->offset = s->load - (uint32_t)time_wallclock();
		break;
	case IMSC:
		s->imsc = value & 1;
		break;
	case ICR:
		if (value & 1)
			s->ris = false;
		break;
	}
	update_line(s);
	if (plan)
		plan_alarm(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (plan)
		timer_follow(&s->alarm, &s->deadline);
}

static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	static const uint8_t ids[] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return ids[index / 4];
}

#define ROW(at, r, w, text)                                                                        \
	{ .offset = (at), .size = 4, .widths = 7, .read = (r), .write = (w), .name = (text) }

static const struct emu_reg rows[] = {
	ROW(DR, read_reg, NULL, "DR"),
	ROW(MR, read_reg, write_reg, "MR"),
	ROW(LR, read_reg, write_reg, "LR"),
	/* The counter runs always: the bit that starts it cannot be cleared (3.3.4). */
	ROW(CR, read_reg, NULL, "CR"),
	ROW(IMSC, read_reg, write_reg, "IMSC"),
	ROW(RIS, read_reg, NULL, "RIS"),
	ROW(MIS, read_reg, NULL, "MIS"),
	ROW(ICR, NULL, write_reg, "ICR"),
	{ .offset = IDS, .size = 0x20, .widths = 7, .read = read_id, .name = "ID" },
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), true };

static void pl031_reset(struct emu_dev *dev)
{
	struct pl031 *s = dev->priv;
	unsigned long flags;

	timer_stop(&s->alarm);
	flags = spin_lock_irqsave(&s->lock);
	s->deadline = 0;
	s->offset = 0;
	s->match = 0;
	s->load = 0;
	s->imsc = false;
	s->ris = false;
	update_line(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static int pl031_probe(struct emu_dev *dev)
{
	struct pl031 *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	spin_init(&s->lock);
	timer_init(&s->alarm, alarm);
	return 0;
}

static void pl031_remove(struct emu_dev *dev)
{
	struct pl031 *s = dev->priv;

	timer_stop(&s->alarm);
	emu_state_free(dev);
}

static void pl031_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct pl031 *s = dev->priv;

	out_printf(out, "time %u, match %u, interrupt %s%s\n", count(s), s->match,
		   s->imsc ? "on" : "off", s->ris ? ", raised" : "");
}

static const struct dt_match matches[] = {
	{ "primecell,pl031", NULL },
	{ "primecell,arm,pl031", NULL },
	{ "arm,pl031", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(pl031) {
	.name = "pl031",
	.match = matches,
	.props = props,
	.probe = pl031_probe,
	.remove = pl031_remove,
	.reset = pl031_reset,
	.regs = &regs,
	.show = pl031_show,
};
