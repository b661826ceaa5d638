/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of Intel 8259A interrupt controllers of a PC, with the registers that choose edge or
 * level for each line (ELCR):
 *
 *   intel,i8259          the first one's two ports
 *   intel,i8259-slave    those of the second, which is at input 2 of the first
 *   intel,i8259-elcr     edge or level, 8 lines each
 *
 * Their output goes to the first vCPU's local APIC. apic_set.lock guards the state.
 */
#include "apic.h"

#include <core/mem.h>
#include <core/shell.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>

#define CASCADE 2
/* Lines whose trigger cannot be chosen: timer, keyboard, cascade; clock, coprocessor. */
static const uint8_t elcr_mask[2] = { 0xf8, 0xde };

struct chip {
	uint8_t lines; /* levels of the inputs */
	uint8_t irr, isr, imr, elcr;
	uint8_t base;  /* of vectors */
	uint8_t lowest; /* input of the lowest priority */
	uint8_t step;  /* of initialisation: 0 done, else the next command word */
	bool icw4, single;
	bool auto_eoi, rotate_auto, special_mask, special_nested, read_isr, poll;
};

struct pic {
	struct apic_set *set;
	struct chip chip[2];
	bool output;
};

/* The input of the highest priority among bits, counted from the highest. @return 8: none */
static unsigned rank(const struct chip *c, uint8_t bits)
{
	uint8_t turn = (c->lowest + 1) & 7;
	uint8_t turned = (uint8_t)(bits >> turn | bits << (8 - turn));

	return turned ? ctz32(turned) : 8;
}

static unsigned input(const struct chip *c, unsigned rank)
{
	return (rank + c->lowest + 1) & 7;
}

/** The input that asks for service. @return -1: none */
static int asking(const struct chip *c, bool master)
{
	unsigned ask = rank(c, c->irr & ~c->imr);
	uint8_t busy = c->isr;

	if (c->special_mask)
		busy &= ~c->imr;
	/* In special fully nested mode the second chip may interrupt itself. */
	if (master && c->special_nested)
		busy &= (uint8_t)~BIT32(CASCADE);
	if (ask == 8 || ask >= rank(c, busy))
		return -1;
	return (int)input(c, ask);
}

static void set_input(struct chip *c, unsigned n, bool level)
{
	uint8_t bit = (uint8_t)BIT32(n);

	if (c->elcr & bit)
		c->irr = level ? c->irr | bit : c->irr & ~bit;
	else if (level && !(c->lines & bit))
		c->irr |= bit;
	c->lines = level ? c->lines | bit : c->lines & ~bit;
}

/** After any change: cascade and output. */
static void update(struct pic *pic)
{
	bool second = asking(&pic->chip[1], false) >= 0, output;

	set_input(&pic->chip[0], CASCADE, second);
	if (!second)
		pic->chip[0].irr &= (uint8_t)~BIT32(CASCADE);
	output = asking(&pic->chip[0], true) >= 0;
	if (output == pic->output)
		return;
	pic->output = output;
	if (pic->set)
		lapic_extint_changed(pic->set, output);
}

void pic_set_line(struct pic *pic, unsigned irq, bool level)
{
	set_input(&pic->chip[irq / 8], irq % 8, level);
	update(pic);
}

/* Without a request that is still there the answer is that of input 7. */
static unsigned answer(const struct chip *c, bool master, unsigned *n)
{
	int ask = asking(c, master);

	*n = ask < 0 ? 7 : (unsigned)ask;
	return c->base + *n;
}

unsigned pic_vector(const struct pic *pic)
{
	unsigned n, vector = answer(&pic->chip[0], true, &n);

	return n == CASCADE ? answer(&pic->chip[1], false, &n) : vector;
}

static void end(struct chip *c, unsigned n)
{
	c->isr &= (uint8_t)~BIT32(n);
}

static void acknowledge(struct chip *c, unsigned n)
{
	uint8_t bit = (uint8_t)BIT32(n);

	if (!(c->irr & bit & ~c->imr))
		return; /* spurious */
	if (!(c->elcr & bit))
		c->irr &= ~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->rotate_auto)
		c->lowest = (uint8_t)n;
}

void pic_acknowledge(struct pic *pic)
{
	unsigned n, second;

	answer(&pic->chip[0], true, &n);
	if (n == CASCADE) {
		answer(&pic->chip[1], false, &second);
		acknowledge(&pic->chip[1], second);
	}
	acknowledge(&pic->chip[0], n);
	/* The next request is a new edge of the output. */
	pic->output = false;
	update(pic);
	if (!pic->output && pic->set)
		lapic_extint_changed(pic->set, false);
}

/* --- registers --------------------------------------------------------------------------- */

static void begin_init(struct chip *c, uint8_t value)
{
	uint8_t lines = c->lines, elcr = c->elcr;

	memset(c, 0, sizeof(*c));
	c->lines = lines;
	c->elcr = elcr;
	c->irr = lines & elcr;
	c->lowest = 7;
	c->icw4 = value & 1;
	c->single = value & 2;
	c->step = 2;
}

static void command_eoi(struct chip *c, uint8_t value)
{
	unsigned n = value & 7, in_service = rank(c, c->isr);

	switch (value >> 5) {
	case 0: /* rotation in automatic mode */
	case 4:
		c->rotate_auto = value >> 7;
		break;
	case 1: /* end of the highest in service */
	case 5:
		if (in_service == 8)
			break;
		n = input(c, in_service);
		end(c, n);
		if (value >> 7)
			c->lowest = (uint8_t)n;
		break;
	case 3:
		end(c, n);
		break;
	case 7:
		end(c, n);
		c->lowest = (uint8_t)n;
		break;
	case 6:
		c->lowest = (uint8_t)n;
		break;
	}
}

static void write_command(struct chip *c, uint8_t value)
{
	if (value & 0x10) {
		begin_init(c, value);
	} else if (value & 0x08) {
		if (value & 0x04)
			c->poll = true;
		else if (value & 0x02)
			c->read_isr = value & 1;
		if (value & 0x40)
			c->special_mask = value & 0x20;
	} else {
		command_eoi(c, value);
	}
}

static void write_data(struct chip *c, uint8_t value)
{
	switch (c->step) {
	case 0:
		c->imr = value;
		break;
	case 2:
		c->base = value & 0xf8;
		c->step = c->single ? (c->icw4 ? 4 : 0) : 3;
		break;
	case 3: /* where the chips are connected cannot be changed */
		c->step = c->icw4 ? 4 : 0;
		break;
	case 4:
		c->auto_eoi = value & 2;
		c->special_nested = value & 0x10;
		c->step = 0;
		break;
	}
}

/* A poll is an acknowledgement that answers here. */
static uint8_t read_poll(struct chip *c, bool master)
{
	int ask = asking(c, master);

	c->poll = false;
	if (ask < 0)
		return 0;
	acknowledge(c, (unsigned)ask);
	return (uint8_t)(0x80 | ask);
}

static uint8_t read_port(struct chip *c, bool master, unsigned port)
{
	if (c->poll)
		return read_poll(c, master);
	if (port)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static void access_byte(struct pic *pic, unsigned n, unsigned port, uint8_t *value, bool is_write)
{
	struct chip *c = &pic->chip[n];

	if (!is_write)
		*value = read_port(c, !n, port);
	else if (port)
		write_data(c, *value);
	else
		write_command(c, *value);
}

static void access_elcr(struct pic *pic, unsigned n, uint8_t *value, bool is_write)
{
	struct chip *c = &pic->chip[n];

	if (!is_write) {
		*value = c->elcr;
		return;
	}
	c->elcr = *value & elcr_mask[n];
	/* Levels are requests as they are. */
	c->irr = (c->irr & ~c->elcr) | (c->lines & c->elcr);
}

enum part { FIRST, SECOND, ELCR };

static enum emu_result pic_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct apic_set *set = apic_set_of(dev->guest);
	enum part part = (enum part)(uintptr_t)dev->match_data;
	unsigned long flags;

	if (acc->size > 2 || acc->offset + acc->size > 2 || !set || !set->pic)
		return EMU_WIDTH;
	/* Registers are bytes: nothing is torn, and reading changes nothing. */
	if (acc->size == 1 && !acc->is_write && part != ELCR && !set->pic->chip[part].poll) {
		acc->value = read_port(&set->pic->chip[part], !part, (unsigned)acc->offset);
		return EMU_OK;
	}
	flags = spin_lock_irqsave(&set->lock);
	for (unsigned i = 0; i < acc->size; i++) {
		unsigned port = (unsigned)acc->offset + i;
		uint8_t value = (uint8_t)(acc->value >> 8 * i);

		if (part == ELCR)
			access_elcr(set->pic, port, &value, acc->is_write);
		else
			access_byte(set->pic, part, port, &value, acc->is_write);
		if (!acc->is_write)
			acc->value = (acc->value & ~(0xffull << 8 * i)) |
				     (uint64_t)value << 8 * i;
	}
	if (!acc->is_write)
		acc->value &= ~0ull >> (64 - 8 * acc->size);
	update(set->pic);
	spin_unlock_irqrestore(&set->lock, flags);
	return EMU_OK;
}

/* --- life -------------------------------------------------------------------------------- */

static void pic_reset(struct emu_dev *dev)
{
	struct pic *pic = dev->priv;

	if (!pic)
		return;
	for (unsigned i = 0; i < 2; i++) {
		begin_init(&pic->chip[i], 0);
		pic->chip[i].elcr = 0;
		pic->chip[i].irr = 0;
		pic->chip[i].step = 0;
		/* Nothing passes before it is initialised. */
		pic->chip[i].imr = 0xff;
	}
	pic->output = false;
	if (pic->set)
		pic->set->extint = false;
}

static int pic_probe(struct emu_dev *dev)
{
	if (dev->match_data)
		return 0;
	dev->priv = heap_zalloc(sizeof(struct pic));
	if (!dev->priv)
		return -ENOMEM;
	pic_reset(dev);
	return 0;
}

static int pic_ready(struct emu_dev *dev)
{
	struct apic_set *set = apic_set_of(dev->guest);
	struct pic *pic = dev->priv;

	if (!set)
		return emu_fail(dev, -ENODEV, "there are no local APICs; the 8259s need the region "
				"with compatible \"intel,ce4100-lapic\"");
	if (!pic)
		return 0;
	if (set->pic)
		return emu_fail(dev, -EEXIST, "there is another pair of 8259s");
	pic->set = set;
	set->pic = pic;
	return 0;
}

static void pic_remove(struct emu_dev *dev)
{
	struct apic_set *set = apic_set_of(dev->guest);

	if (set && set->pic && set->pic == dev->priv)
		set->pic = NULL;
	heap_free(dev->priv);
	dev->priv = NULL;
}

static void pic_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct pic *pic = dev->priv;

	for (unsigned i = 0; pic && i < 2; i++) {
		const struct chip *c = &pic->chip[i];

		out_printf(out, "chip %u: vectors from 0x%x, asked 0x%02x, in service 0x%02x, "
			   "masked 0x%02x, level 0x%02x\n", i, c->base, c->irr, c->isr, c->imr,
			   c->elcr);
	}
}

static const struct dt_match matches[] = {
	{ "intel,i8259", (const void *)FIRST },
	{ "intel,i8259-slave", (const void *)SECOND },
	{ "intel,i8259-elcr", (const void *)ELCR },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(i8259) {
	.name = "i8259",
	.match = matches,
	.props = props,
	.probe = pic_probe,
	.remove = pic_remove,
	.reset = pic_reset,
	.ready = pic_ready,
	.access = pic_access,
	.show = pic_show,
};
