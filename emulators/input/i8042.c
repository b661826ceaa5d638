/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keyboard controller of a PC (Intel 8042) with an AT keyboard and a PS/2 mouse:
 *
 *   intel,i8042            port 0x60; `interrupts` are those of keyboard and mouse
 *   intel,i8042-command    port 0x64
 *
 * One spin lock guards the state, taken with IRQs masked: input comes from anywhere.
 */
#include "i8042.h"

#include <core/emu.h>
#include <core/guest.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <libs/errno.h>
#include <libs/string.h>

#define STATUS_FULL    0x01
#define STATUS_SYSTEM  0x04
#define STATUS_COMMAND 0x08
#define STATUS_UNLOCK  0x10
#define STATUS_AUX     0x20

#define CONFIG_KBD_IRQ	 0x01
#define CONFIG_AUX_IRQ	 0x02
#define CONFIG_SYSTEM	 0x04
#define CONFIG_KBD_OFF	 0x10
#define CONFIG_AUX_OFF	 0x20
#define CONFIG_TRANSLATE 0x40

#define ACK    0xfa
#define RESEND 0xfe
#define QUEUE  32

enum { KBD, AUX };

struct queue {
	uint8_t head, count;
	uint8_t bytes[QUEUE];
};

struct ps2 {
	struct queue queue;
	uint8_t command; /* that waits for its parameter; 0: none */
	bool scans;	 /* reports by itself */
	uint8_t last;	 /* sent, for "resend" */
};

struct i8042 {
	struct emu_dev *dev;
	spinlock_t lock;
	int irq[2];	 /* negative: none */
	bool line[2];
	uint8_t config, command, out_port;
	uint8_t set;	 /* scan code set of the keyboard */
	bool released;	 /* translation: the next code is of a key that was let go */
	/* output buffer */
	bool full, from_aux;
	uint8_t data;
	struct ps2 device[2];
	/* mouse */
	uint8_t rate, resolution, scaling, buttons, id;
	uint8_t rates[2]; /* set before, for the sequence that switches the wheel on */
	bool remote;
};

/* --- queues and output buffer ------------------------------------------------------------ */

static bool put(struct ps2 *d, const uint8_t *bytes, unsigned n)
{
	struct queue *q = &d->queue;

	if (n > QUEUE - (unsigned)q->count)
		return false;
	for (unsigned i = 0; i < n; i++)
		q->bytes[(q->head + q->count++) % QUEUE] = bytes[i];
	return true;
}

static void put1(struct ps2 *d, uint8_t byte)
{
	put(d, &byte, 1);
}

/* Set 2 to set 1, for codes from 0 to 0x84; others are as they are. */
static const uint8_t set1[] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
	0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
	0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
	0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
	0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
	0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
	0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
	0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

/** @return false: it is no code of its own */
static bool translate(struct i8042 *s, uint8_t *byte)
{
	if (!(s->config & CONFIG_TRANSLATE))
		return true;
	if (*byte == 0xf0) {
		s->released = true;
		return false;
	}
	if (*byte < sizeof(set1))
		*byte = (uint8_t)(set1[*byte] | (s->released ? 0x80 : 0));
	s->released = false;
	return true;
}

static void set_line(struct i8042 *s, unsigned n, bool level)
{
	if (level == s->line[n])
		return;
	s->line[n] = level;
	if (s->irq[n] >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq[n], level);
}

static void fill(struct i8042 *s, uint8_t byte, bool aux)
{
	s->full = true;
	s->from_aux = aux;
	s->data = byte;
}

/** After any change: the next byte into the buffer, and the interrupt lines. */
static void update(struct i8042 *s)
{
	static const uint8_t off[] = { CONFIG_KBD_OFF, CONFIG_AUX_OFF };

	for (unsigned n = 0; n < 2 && !s->full; n++) {
		struct queue *q = &s->device[n].queue;

		while (!s->full && q->count && !(s->config & off[n])) {
			uint8_t byte = q->bytes[q->head];

			q->head = (q->head + 1) % QUEUE;
			q->count--;
			s->device[n].last = byte;
			if (n == AUX || translate(s, &byte))
				fill(s, byte, n);
		}
	}
	set_line(s, KBD, s->full && !s->from_aux && s->config & CONFIG_KBD_IRQ);
	set_line(s, AUX, s->full && s->from_aux && s->config & CONFIG_AUX_IRQ);
}

/* --- keyboard ---------------------------------------------------------------------------- */

static void flush(struct ps2 *d)
{
	d->queue.head = d->queue.count = 0;
}

static void keyboard_default(struct i8042 *s)
{
	s->set = 2;
	s->device[KBD].scans = true;
}

/* @return it was the parameter of the command before */
static bool keyboard_parameter(struct i8042 *s, uint8_t byte)
{
	struct ps2 *k = &s->device[KBD];
	uint8_t command = k->command;

	k->command = 0;
	if (!command || byte >= 0xed)
		return false;
	put1(k, ACK);
	if (command == 0xf0 && !byte)
		put1(k, s->set);
	else if (command == 0xf0 && byte <= 3)
		s->set = byte;
	return true;
}

static void keyboard_write(struct i8042 *s, uint8_t byte)
{
	static const uint8_t id[] = { ACK, 0xab, 0x83 }, passed[] = { ACK, 0xaa };
	struct ps2 *k = &s->device[KBD];

	if (keyboard_parameter(s, byte))
		return;
	switch (byte) {
	case 0xed: /* lamps */
	case 0xf0: /* set */
	case 0xf3: /* rate */
		k->command = byte;
		put1(k, ACK);
		break;
	case 0xee:
		put1(k, 0xee);
		break;
	case 0xf2:
		put(k, id, sizeof(id));
		break;
	case 0xf4:
	case 0xf5:
	case 0xf6:
		flush(k);
		keyboard_default(s);
		k->scans = byte != 0xf5;
		put1(k, ACK);
		break;
	case 0xf7 ... 0xfd: /* of set 3 */
		put1(k, ACK);
		break;
	case 0xfe:
		put1(k, k->last);
		break;
	case 0xff:
		flush(k);
		keyboard_default(s);
		put(k, passed, sizeof(passed));
		break;
	default:
		put1(k, RESEND);
		break;
	}
}

bool i8042_key(struct emu_dev *dev, const uint8_t *bytes, unsigned n)
{
	struct i8042 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool taken = s->device[KBD].scans && put(&s->device[KBD], bytes, n);

	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	return taken;
}

/* --- mouse ------------------------------------------------------------------------------- */

static void mouse_default(struct i8042 *s)
{
	s->rate = 100;
	s->resolution = 2;
	s->scaling = 0;
	s->remote = false;
	s->device[AUX].scans = false;
}

static uint8_t clamp_move(int v)
{
	return (uint8_t)(v < -255 ? 1 : v > 255 ? 255 : v);
}

static bool mouse_report(struct i8042 *s, int dx, int dy, int wheel)
{
	uint8_t bytes[4];

	bytes[0] = (uint8_t)(8 | s->buttons | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0));
	bytes[1] = clamp_move(dx);
	bytes[2] = clamp_move(dy);
	bytes[3] = (uint8_t)(wheel < -8 ? -8 : wheel > 7 ? 7 : wheel);
	return put(&s->device[AUX], bytes, s->id ? 4 : 3);
}

/* Rates of 200, 100, 80 after another switch the wheel on. */
static void mouse_rate(struct i8042 *s, uint8_t rate)
{
	if (s->rates[0] == 200 && s->rates[1] == 100 && rate == 80)
		s->id = 3;
	s->rates[0] = s->rates[1];
	s->rates[1] = rate;
	s->rate = rate;
}

static bool mouse_parameter(struct i8042 *s, uint8_t byte)
{
	struct ps2 *m = &s->device[AUX];
	uint8_t command = m->command;

	m->command = 0;
	if (!command)
		return false;
	put1(m, ACK);
	if (command == 0xf3)
		mouse_rate(s, byte);
	else
		s->resolution = byte & 3;
	return true;
}

static void mouse_status(struct i8042 *s)
{
	uint8_t bytes[] = { ACK, 0, s->resolution, s->rate };

	bytes[1] = (uint8_t)((s->remote ? 0x40 : 0) | (s->device[AUX].scans ? 0x20 : 0) |
			     (s->scaling ? 0x10 : 0) | (s->buttons & 1) << 2 |
			     (s->buttons & 4) >> 1 | (s->buttons & 2) >> 1);
	put(&s->device[AUX], bytes, sizeof(bytes));
}

static void mouse_write(struct i8042 *s, uint8_t byte)
{
	struct ps2 *m = &s->device[AUX];
	uint8_t answer[3] = { ACK, 0xaa, 0 };

	if (mouse_parameter(s, byte))
		return;
	switch (byte) {
	case 0xe8:
	case 0xf3:
		m->command = byte;
		break;
	case 0xe6:
	case 0xe7:
		s->scaling = byte & 1;
		break;
	case 0xe9:
		mouse_status(s);
		return;
	case 0xea:
	case 0xf0:
		s->remote = byte == 0xf0;
		break;
	case 0xeb:
		put1(m, ACK);
		mouse_report(s, 0, 0, 0);
		return;
	case 0xf2:
		answer[1] = s->id;
		put(m, answer, 2);
		return;
	case 0xf4:
	case 0xf5:
		m->scans = byte == 0xf4;
		break;
	case 0xf6:
		mouse_default(s);
		break;
	case 0xff:
		flush(m);
		mouse_default(s);
		s->id = 0;
		put(m, answer, 3);
		return;
	default:
		put1(m, RESEND);
		return;
	}
	put1(m, ACK);
}

bool i8042_mouse(struct emu_dev *dev, int dx, int dy, unsigned buttons, int wheel)
{
	struct i8042 *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);
	bool taken;

	s->buttons = buttons & 7;
	taken = s->device[AUX].scans && !s->remote && mouse_report(s, dx, dy, wheel);
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	return taken;
}

/* --- controller -------------------------------------------------------------------------- */

/** @return the guest asks for a reset */
static bool command(struct i8042 *s, uint8_t byte)
{
	s->command = 0;
	switch (byte) {
	case 0x20 ... 0x3f:
		fill(s, byte == 0x20 ? s->config : 0, false);
		break;
	case 0x60 ... 0x7f: /* with a parameter */
	case 0xd1 ... 0xd4:
		s->command = byte;
		break;
	case 0xa7:
	case 0xa8:
		s->config = (uint8_t)(byte & 1 ? s->config | CONFIG_AUX_OFF
					       : s->config & ~CONFIG_AUX_OFF);
		break;
	case 0xad:
	case 0xae:
		s->config = (uint8_t)(byte & 1 ? s->config | CONFIG_KBD_OFF
					       : s->config & ~CONFIG_KBD_OFF);
		break;
	case 0xa9:
	case 0xab:
		fill(s, 0, false);
		break;
	case 0xaa:
		s->config |= CONFIG_SYSTEM;
		fill(s, 0x55, false);
		break;
	case 0xc0:
		fill(s, 0x80, false);
		break;
	case 0xd0:
		fill(s, s->out_port, false);
		break;
	case 0xf0 ... 0xff:
		return !(byte & 1); /* a pulse on the line of the reset */
	}
	return false;
}

/** @return the guest asks for a reset */
static bool write_data(struct i8042 *s, uint8_t byte)
{
	uint8_t was = s->command;

	s->command = 0;
	switch (was) {
	case 0:
		s->config &= (uint8_t)~CONFIG_KBD_OFF;
		keyboard_write(s, byte);
		break;
	case 0x60:
		s->config = byte;
		break;
	case 0xd1: /* A20 is always on */
		s->out_port = byte | 2;
		return !(byte & 1);
	case 0xd2:
		fill(s, byte, false);
		break;
	case 0xd3:
		fill(s, byte, true);
		break;
	case 0xd4:
		mouse_write(s, byte);
		break;
	}
	return false;
}

static uint8_t status(const struct i8042 *s)
{
	return (uint8_t)(STATUS_UNLOCK | (s->config & CONFIG_SYSTEM ? STATUS_SYSTEM : 0) |
			 (s->full ? STATUS_FULL : 0) |
			 (s->full && s->from_aux ? STATUS_AUX : 0));
}

static uint8_t read_data(struct i8042 *s)
{
	/* Empty, it shows what was there last. */
	s->full = false;
	set_line(s, KBD, false);
	set_line(s, AUX, false);
	return s->data;
}

static enum emu_result i8042_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct i8042 *s = dev->priv;
	bool is_command = dev->match_data, reset = false;
	unsigned long flags;

	if (acc->size != 1)
		return EMU_WIDTH;
	flags = spin_lock_irqsave(&s->lock);
	if (!acc->is_write)
		acc->value = is_command ? status(s) : read_data(s);
	else if (is_command)
		reset = command(s, (uint8_t)acc->value);
	else
		reset = write_data(s, (uint8_t)acc->value);
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (reset)
		guest_request_reset(dev->guest);
	return EMU_OK;
}

/* --- life -------------------------------------------------------------------------------- */

static void i8042_reset(struct emu_dev *dev)
{
	struct i8042 *s = dev->priv;
	unsigned long flags;

	if (dev->match_data)
		return;
	flags = spin_lock_irqsave(&s->lock);
	memset(s->device, 0, sizeof(s->device));
	s->config = CONFIG_SYSTEM | CONFIG_TRANSLATE | CONFIG_KBD_IRQ;
	s->command = 0;
	s->out_port = 3;
	s->full = s->released = false;
	s->id = s->buttons = 0;
	keyboard_default(s);
	mouse_default(s);
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

static int i8042_probe(struct emu_dev *dev)
{
	struct i8042 *s;

	if (dev->match_data)
		return 0;
	s = heap_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->dev = dev;
	spin_init(&s->lock);
	for (unsigned n = 0; n < 2; n++)
		s->irq[n] = emu_irq(dev, n);
	dev->priv = s;
	i8042_reset(dev);
	return 0;
}

static int i8042_ready(struct emu_dev *dev)
{
	struct emu_dev *other;

	list_for_each_entry(other, &dev->guest->devices, link) {
		if (dev->match_data && other->emu == dev->emu && !other->match_data)
			dev->priv = other->priv;
	}
	return dev->priv ? 0 : emu_fail(dev, -ENODEV, "there is no 8042, of which this is a part");
}

static void i8042_remove(struct emu_dev *dev)
{
	if (!dev->match_data)
		heap_free(dev->priv);
	dev->priv = NULL;
}

static void i8042_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct i8042 *s = dev->priv;

	out_printf(out, "configuration 0x%02x, status 0x%02x, mouse %s\n", s->config, status(s),
		   s->device[AUX].scans ? "on" : "off");
}

static const struct dt_match matches[] = {
	{ "intel,i8042", NULL },
	{ "intel,i8042-command", "command" },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(i8042) {
	.name = "i8042",
	.match = matches,
	.props = props,
	.probe = i8042_probe,
	.remove = i8042_remove,
	.reset = i8042_reset,
	.ready = i8042_ready,
	.access = i8042_access,
	.show = i8042_show,
};
