/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARM PL061 GPIO controller (ARM DDI 0190): eight lines. One input line is the guest's power
 * button, as on QEMU's "virt" machine; the others are not connected and read as low.
 *
 * One spin lock per device, taken with IRQs masked because the button is let go by a timer.
 */
#include <core/emu.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <core/vpower.h>
#include <libs/errno.h>

/* Register offsets (table 3-1). */
#define DATA  0x000
#define DIR   0x400
#define IS    0x404
#define IBE   0x408
#define IEV   0x40c
#define IE    0x410
#define RIS   0x414
#define MIS   0x418
#define IC    0x41c
#define AFSEL 0x420
#define IDS   0xfd0

#define LINES	     8
#define POWER_LINE   3
#define PRESS_NS     100000000ull /* how long a line is held: QEMU's gpio-key */

struct pl061 {
	struct emu_dev *dev;
	struct vpower button;
	struct timer release;
	spinlock_t lock;
	int irq; /* negative: none */
	bool line;
	uint8_t power_line;
	uint8_t pressed;  /* lines that the timer lets go */
	uint8_t inputs;	  /* levels from outside */
	uint8_t outputs;  /* what the guest wrote */
	uint8_t pins;	  /* levels of all lines, for edges */
	uint8_t edges;	  /* edge interrupts raised */
	uint8_t dir, is, ibe, iev, ie, afsel;
};

/** Raised interrupts: remembered edges, and levels as they are (3.3.7). */
static uint8_t raised(const struct pl061 *s)
{
	uint8_t active = (uint8_t)~(s->pins ^ s->iev);

	return (s->edges & ~s->is) | (active & s->is);
}

/** After any change: levels, edges, the interrupt line; under the lock. */
static void update(struct pl061 *s)
{
	uint8_t pins = (s->outputs & s->dir) | (s->inputs & ~s->dir);
	/* Only lines that are inputs make interrupts. */
	uint8_t changed = (pins ^ s->pins) & ~s->dir & ~s->is;
	bool level;

	s->pins = pins;
	s->edges |= changed & (s->ibe | (uint8_t)~(pins ^ s->iev));
	level = raised(s) & s->ie;
	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

static void release(struct timer *timer)
{
	struct pl061 *s = container_of(timer, struct pl061, release);

	spin_lock(&s->lock);
	s->inputs &= ~s->pressed;
	s->pressed = 0;
	update(s);
	spin_unlock(&s->lock);
}

static int press(struct vpower *button)
{
	struct pl061 *s = container_of(button, struct pl061, button);
	unsigned long flags = spin_lock_irqsave(&s->lock);

	s->pressed |= BIT32(s->power_line);
	s->inputs |= s->pressed;
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	timer_start(&s->release, time_now() + PRESS_NS);
	return 0;
}

/** The address bits 9:2 select the lines that are read or written (3.3.1). */
static uint8_t selected(uint32_t index)
{
	return (uint8_t)(index >> 2);
}

static uint64_t read_data(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct pl061 *s = dev->priv;

	return READ_ONCE(s->pins) & selected(index);
}

static void write_data(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct pl061 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	uint8_t lines = selected(index) & s->dir;

	s->outputs = (s->outputs & ~lines) | ((uint8_t)value & lines);
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct pl061 *s = dev->priv;

	switch (acc->offset) {
	case DIR:
		return s->dir;
	case IS:
		return s->is;
	case IBE:
		return s->ibe;
	case IEV:
		return s->iev;
	case IE:
		return s->ie;
	case RIS:
		return raised(s);
	case MIS:
		return raised(s) & s->ie;
	case AFSEL:
		return s->afsel;
	default:
		return 0;
	}
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct pl061 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	uint8_t v = (uint8_t)value;

	switch (acc->offset) {
	case DIR:
		s->dir = v;
		break;
	case IS:
		s->is = v;
		break;
	case IBE:
		s->ibe = v;
		break;
	case IEV:
		s->iev = v;
		break;
	case IE:
		s->ie = v;
		break;
	case IC:
		s->edges &= ~v;
		break;
	case AFSEL:
		s->afsel = v;
		break;
	}
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	static const uint8_t ids[] = { 0x00, 0x00, 0x00, 0x00, 0x61, 0x10,
				       0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return ids[index / 4];
}

#define ROW(at, r, w, text)                                                                        \
	{ .offset = (at), .size = 4, .widths = 7, .read = (r), .write = (w), .name = (text) }

static const struct emu_reg rows[] = {
	{ .offset = DATA, .size = 0x400, .widths = 7, .read = read_data,
	  .write = write_data, .name = "DATA" },
	ROW(DIR, read_reg, write_reg, "DIR"),
	ROW(IS, read_reg, write_reg, "IS"),
	ROW(IBE, read_reg, write_reg, "IBE"),
	ROW(IEV, read_reg, write_reg, "IEV"),
	ROW(IE, read_reg, write_reg, "IE"),
	ROW(RIS, read_reg, NULL, "RIS"),
	ROW(MIS, read_reg, NULL, "MIS"),
	ROW(IC, NULL, write_reg, "IC"),
	ROW(AFSEL, read_reg, write_reg, "AFSEL"),
	{ .offset = IDS, .size = 0x30, .widths = 7, .read = read_id, .name = "ID" },
};

static const struct emu_regs regs = { rows, ARRAY_SIZE(rows), true };

static void pl061_reset(struct emu_dev *dev)
{
	struct pl061 *s = dev->priv;
	unsigned long flags;

	timer_stop(&s->release);
	flags = spin_lock_irqsave(&s->lock);
	s->inputs = 0;
	s->pressed = 0;
	s->outputs = 0;
	s->pins = 0;
	s->dir = 0;
	s->is = 0;
	s->ibe = 0;
	s->iev = 0;
	s->ie = 0;
	s->afsel = 0;
	s->edges = 0;
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static unsigned pl061_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t line = dt_u32_or(node, "power_line", POWER_LINE);

	if (line < LINES)
		return 0;
	out_printf(out, "%s: power_line is %u: the device has lines 0 to %u.\n", path, line,
		   LINES - 1);
	return 1;
}

static int pl061_probe(struct emu_dev *dev)
{
	struct pl061 *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	s->power_line = dt_u32_or(dev->node, "power_line", POWER_LINE) % LINES;
	spin_init(&s->lock);
	timer_init(&s->release, release);
	s->button.guest = dev->guest;
	s->button.press = press;
	vpower_register(&s->button);
	return 0;
}

static void pl061_remove(struct emu_dev *dev)
{
	struct pl061 *s = dev->priv;

	vpower_unregister(&s->button);
	timer_stop(&s->release);
	emu_state_free(dev);
}

static void pl061_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct pl061 *s = dev->priv;

	out_printf(out, "lines 0x%02x, outputs 0x%02x, interrupts on 0x%02x, raised 0x%02x\n",
		   s->pins, s->dir, s->ie, raised(s));
}

static const struct dt_match matches[] = {
	{ "primecell,pl061", NULL },
	{ "primecell,arm,pl061", NULL },
	{ "arm,pl061", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { "power_line", NULL };

EMULATOR(pl061) {
	.name = "pl061",
	.match = matches,
	.check = pl061_check,
	.props = props,
	.probe = pl061_probe,
	.remove = pl061_remove,
	.reset = pl061_reset,
	.regs = &regs,
	.show = pl061_show,
};
