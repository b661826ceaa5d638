/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixed hardware of ACPI (ACPI 6.4, 4.8): power button, sleep states and the timer of 3.579545 MHz,
 * behind 16 ports:
 *
 *   0  PM1a status    2  PM1a enable    4  PM1a control    8  timer (32 bits)
 *
 * `interrupts` is the line of the system control interrupt. Going to S5 (sleep type 5) ends the
 * guest. One spin lock guards the state, taken with IRQs masked.
 */
#include <core/emu.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <core/vpower.h>
#include <libs/errno.h>

enum { STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8, SIZE = 16 };

#define CLOCK	      3579545u /* Hz */
#define NS_PER_SECOND 1000000000u
#define HALF	      BIT(31) /* the timer's top bit: when it changes, that is an event */

#define EVENT_TIMER   BIT32(0)
#define EVENT_BUTTON  BIT32(8)
#define EVENT_SLEEP   BIT32(9)
#define EVENT_WAKE    BIT32(15)
#define EVENTS	      (EVENT_TIMER | BIT32(5) | EVENT_BUTTON | EVENT_SLEEP | BIT32(10))
#define CONTROL_SCI   BIT32(0)
#define CONTROL_SLEEP BIT32(13)
#define SLEEP_S5      5

struct acpi_pm {
	struct emu_dev *dev;
	struct vpower button;
	struct timer timer;
	spinlock_t lock;
	int irq; /* negative: none */
	bool line;
	uint16_t status, enable, control;
	uint64_t halves; /* changes of the top bit that are in the status already */
};

static uint64_t ticks(void)
{
	uint64_t now = time_now();

	return now / NS_PER_SECOND * CLOCK + now % NS_PER_SECOND * CLOCK / NS_PER_SECOND;
}

/* When the top bit changes next. */
static uint64_t next_half(uint64_t halves)
{
	uint64_t at = (halves + 1) * HALF;

	return at / CLOCK * NS_PER_SECOND + (at % CLOCK * NS_PER_SECOND + CLOCK - 1) / CLOCK;
}

/** Events of the timer, and the line; under the lock. */
static void update(struct acpi_pm *s)
{
	uint64_t halves = ticks() / HALF;
	bool level;

	if (halves != s->halves)
		s->status |= EVENT_TIMER;
	s->halves = halves;
	level = s->status & s->enable & EVENTS;
	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

static void expired(struct timer *timer)
{
	struct acpi_pm *s = container_of(timer, struct acpi_pm, timer);
	uint64_t next;

	spin_lock(&s->lock);
	update(s);
	next = s->enable & EVENT_TIMER ? next_half(s->halves) : 0;
	spin_unlock(&s->lock);
	if (next)
		timer_start(timer, next);
}

static int press(struct vpower *button)
{
	struct acpi_pm *s = container_of(button, struct acpi_pm, button);
	unsigned long flags = spin_lock_irqsave(&s->lock);

	s->status |= EVENT_BUTTON;
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	return 0;
}

/* The 16 bytes of registers as they are now; under the lock. */
static uint64_t read_bytes(struct acpi_pm *s, unsigned offset, unsigned size)
{
	uint64_t low, all[2];

	update(s);
	low = s->status | (uint64_t)s->enable << 16 | (uint64_t)s->control << 32;
	all[0] = low;
	all[1] = (uint32_t)ticks();
	if (offset < 8 && offset + size > 8)
		return all[0] >> 8 * offset | all[1] << (64 - 8 * offset);
	return all[offset / 8] >> 8 * (offset & 7);
}

/** One byte. @return the guest goes to sleep */
static bool write_byte(struct acpi_pm *s, unsigned offset, uint8_t value)
{
	unsigned shift = 8 * (offset & 1);
	uint16_t mask = (uint16_t)(0xff << shift), word = (uint16_t)(value << shift);

	switch (offset & ~1u) {
	case STATUS: /* ones clear */
		s->status &= (uint16_t)~word;
		break;
	case ENABLE:
		s->enable = (uint16_t)((s->enable & ~mask) | (word & EVENTS & ~EVENT_WAKE));
		break;
	case CONTROL:
		s->control = (uint16_t)((s->control & ~mask) | (word & 0x1c06 & mask) |
					CONTROL_SCI);
		return word & mask & CONTROL_SLEEP;
	}
	return false;
}

static void sleep(struct acpi_pm *s, const struct emu_access *acc)
{
	unsigned type = s->control >> 10 & 7;

	/* 0 is what the chip has, which firmware knows that sees it on the PCI bus */
	if (type == SLEEP_S5 || !type)
		guest_end(s->dev->guest, GUEST_EXIT_OFF, "powered off");
	else
		emu_complain(s->dev, acc, "sleep of type %u: the tables that it was given have "
			     "only S5, type %u", type, SLEEP_S5);
}

static enum emu_result pm_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct acpi_pm *s = dev->priv;
	unsigned long flags;
	bool sleeps = false, timed;

	if (acc->size > 4 || acc->offset + acc->size > SIZE)
		return EMU_WIDTH;
	flags = spin_lock_irqsave(&s->lock);
	if (!acc->is_write)
		acc->value = read_bytes(s, (unsigned)acc->offset, acc->size) &
			     ~0ull >> (64 - 8 * acc->size);
	for (unsigned i = 0; acc->is_write && i < acc->size; i++)
		sleeps |= write_byte(s, (unsigned)acc->offset + i, (uint8_t)(acc->value >> 8 * i));
	update(s);
	timed = acc->is_write && s->enable & EVENT_TIMER && !timer_armed(&s->timer);
	spin_unlock_irqrestore(&s->lock, flags);
	if (timed)
		timer_start(&s->timer, next_half(s->halves));
	if (sleeps)
		sleep(s, acc);
	return EMU_OK;
}

static void pm_reset(struct emu_dev *dev)
{
	struct acpi_pm *s = dev->priv;
	unsigned long flags;

	timer_stop(&s->timer);
	flags = spin_lock_irqsave(&s->lock);
	s->status = s->enable = 0;
	s->control = CONTROL_SCI;
	s->halves = ticks() / HALF;
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static int pm_probe(struct emu_dev *dev)
{
	struct acpi_pm *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	spin_init(&s->lock);
	timer_init(&s->timer, expired);
	pm_reset(dev);
	s->button.guest = dev->guest;
	s->button.press = press;
	vpower_register(&s->button);
	return 0;
}

static void pm_remove(struct emu_dev *dev)
{
	struct acpi_pm *s = dev->priv;

	vpower_unregister(&s->button);
	timer_stop(&s->timer);
	emu_state_free(dev);
}

static void pm_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct acpi_pm *s = dev->priv;

	out_printf(out, "status 0x%x, enable 0x%x, control 0x%x\n", s->status, s->enable,
		   s->control);
}

static const struct dt_match matches[] = {
	{ "acpi-pm", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(acpi_pm) {
	.name = "acpi-pm",
	.match = matches,
	.props = props,
	.probe = pm_probe,
	.remove = pm_remove,
	.reset = pm_reset,
	.access = pm_access,
	.show = pm_show,
};
