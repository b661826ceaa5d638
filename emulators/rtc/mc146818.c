/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MC146818 real-time clock and battery-backed memory of a PC, behind an index and a data port. It
 * has the host's time, moved by what the guest sets. The memory tells firmware how much RAM there
 * is.
 *
 * One spin lock guards the state, taken with IRQs masked because interrupts come from a timer,
 * which runs only while some are enabled. Those that came too late are one.
 */
#include <core/emu.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/date.h>
#include <libs/errno.h>
#include <libs/string.h>

#define NS_PER_SECOND 1000000000ull
#define UPDATE_NS     244000u /* the bit "update in progress" is there before each second */

enum {
	SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH,
	YEAR, REG_A, REG_B, REG_C, REG_D, CENTURY = 0x32, SIZE = 128,
};

#define A_UIP  0x80
#define B_SET  0x80
#define B_PIE  0x40
#define B_AIE  0x20
#define B_UIE  0x10
#define B_DM   0x04 /* binary */
#define B_24H  0x02
#define C_IRQF 0x80
#define C_PF   0x40
#define C_AF   0x20
#define C_UF   0x10
#define D_VRT  0x80
#define ANY    0xc0 /* an alarm's field that always matches */

struct rtc {
	struct emu_dev *dev;
	spinlock_t lock;
	struct timer timer;
	int irq; /* negative: none */
	bool line;
	uint8_t index;
	uint8_t ram[SIZE];
	int64_t offset;	   /* seconds: guest's time minus host's */
	uint64_t stopped;  /* with B_SET: guest's seconds since 1970 */
	uint64_t seen;	   /* ns: flags are up to date until here */
	uint64_t next;	   /* ns, of the timer; 0: none */
};

/* --- time -------------------------------------------------------------------------------- */

static uint64_t seconds(const struct rtc *s)
{
	return s->ram[REG_B] & B_SET ? s->stopped : time_wallclock() + (uint64_t)s->offset;
}

static uint8_t encode(const struct rtc *s, unsigned v)
{
	return (uint8_t)(s->ram[REG_B] & B_DM ? v : v / 10 << 4 | v % 10);
}

static unsigned decode(const struct rtc *s, uint8_t v)
{
	return s->ram[REG_B] & B_DM ? v : (v >> 4) * 10u + (v & 15);
}

static uint8_t encode_hour(const struct rtc *s, unsigned hour)
{
	if (s->ram[REG_B] & B_24H)
		return encode(s, hour);
	return encode(s, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

static unsigned decode_hour(const struct rtc *s, uint8_t v)
{
	if (s->ram[REG_B] & B_24H)
		return decode(s, v);
	return decode(s, v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}

/* The registers of the time as they are now. */
static void show_time(struct rtc *s)
{
	uint64_t now = seconds(s);
	struct date d;

	date_from_epoch(now, &d);
	s->ram[SECONDS] = encode(s, d.second);
	s->ram[MINUTES] = encode(s, d.minute);
	s->ram[HOURS] = encode_hour(s, d.hour);
	s->ram[WEEKDAY] = encode(s, (unsigned)((now / 86400 + 4) % 7 + 1));
	s->ram[DAY] = encode(s, d.day);
	s->ram[MONTH] = encode(s, d.month);
	s->ram[YEAR] = encode(s, d.year % 100);
	s->ram[CENTURY] = encode(s, d.year / 100 % 100);
}

static uint64_t set_seconds(const struct rtc *s)
{
	struct date d = {
		.year = decode(s, s->ram[CENTURY]) * 100 + decode(s, s->ram[YEAR]) % 100,
		.month = (uint8_t)CLAMP(decode(s, s->ram[MONTH]), 1u, 12u),
		.day = (uint8_t)CLAMP(decode(s, s->ram[DAY]), 1u, 31u),
		.hour = (uint8_t)(decode_hour(s, s->ram[HOURS]) % 24),
		.minute = (uint8_t)(decode(s, s->ram[MINUTES]) % 60),
		.second = (uint8_t)(decode(s, s->ram[SECONDS]) % 60),
	};

	if (d.year < 1970)
		d.year += 100;
	return d.year < 1970 ? 0 : date_to_epoch(&d);
}

/* Takes over what was written to the registers of the time. */
static void take_time(struct rtc *s)
{
	uint64_t now = set_seconds(s);

	s->stopped = now;
	s->offset = (int64_t)(now - time_wallclock());
}

/* --- interrupts -------------------------------------------------------------------------- */

/* ns between periodic interrupts, 0: none. */
static uint64_t period(const struct rtc *s)
{
	unsigned rate = s->ram[REG_A] & 15;

	if (!rate || (s->ram[REG_A] & 0x70) != 0x20)
		return 0;
	if (rate < 3) /* 256 and 128 Hz */
		rate += 7;
	return NS_PER_SECOND >> (16 - rate);
}

static bool field_matches(uint8_t alarm, unsigned value, unsigned now)
{
	return (alarm & ANY) == ANY || value == now;
}

/* Seconds until the alarm, 1 to 86400; 0: never. */
static uint64_t alarm_in(const struct rtc *s)
{
	uint64_t now = seconds(s), at = now + 1;

	while (at <= now + 86400) {
		unsigned day = (unsigned)(at % 86400);

		if (!field_matches(s->ram[HOURS_ALARM], decode_hour(s, s->ram[HOURS_ALARM]),
				   day / 3600))
			at += 3600 - day % 3600;
		else if (!field_matches(s->ram[MINUTES_ALARM], decode(s, s->ram[MINUTES_ALARM]),
					day / 60 % 60))
			at += 60 - day % 60;
		else if (!field_matches(s->ram[SECONDS_ALARM], decode(s, s->ram[SECONDS_ALARM]),
					day % 60))
			at++;
		else
			return at - now;
	}
	return 0;
}

/* Did the alarm's moment come in the last n seconds? */
static bool alarm_came(const struct rtc *s, uint64_t n)
{
	uint64_t in = alarm_in(s);

	/* It comes once a day, an hour, a minute or a second. */
	if (!in)
		return false;
	if ((s->ram[HOURS_ALARM] & ANY) != ANY)
		return in + n > 86400;
	if ((s->ram[MINUTES_ALARM] & ANY) != ANY)
		return in + n > 3600;
	return (s->ram[SECONDS_ALARM] & ANY) == ANY || in + n > 60;
}

/* Flags of what has happened, and the line; under the lock. */
static void update(struct rtc *s)
{
	uint64_t now = time_now(), past, each = period(s);
	uint8_t *c = &s->ram[REG_C];
	bool level;

	past = now / NS_PER_SECOND - s->seen / NS_PER_SECOND;
	if (past && !(s->ram[REG_B] & B_SET)) {
		*c |= C_UF;
		if (!(*c & C_AF) && alarm_came(s, past))
			*c |= C_AF;
	}
	if (each && now / each != s->seen / each)
		*c |= C_PF;
	s->seen = now;
	level = *c & s->ram[REG_B] & (C_PF | C_AF | C_UF);
	*c = (uint8_t)((*c & ~C_IRQF) | (level ? C_IRQF : 0));
	if (level == s->line)
		return;
	s->line = level;
	if (s->irq >= 0)
		guest_irq_set(s->dev->guest, (unsigned)s->irq, level);
}

/* When to look again; under the lock. An interrupt that waits for the guest needs no other. */
static void plan(struct rtc *s)
{
	uint64_t now = time_now(), each = period(s), next = UINT64_MAX, n;
	uint8_t on = s->ram[REG_B];

	if (!s->line && on & B_PIE && each)
		next = (now / each + 1) * each;
	if (!s->line && on & B_UIE && !(on & B_SET))
		next = MIN_T(uint64_t, next, (now / NS_PER_SECOND + 1) * NS_PER_SECOND);
	if (!s->line && on & B_AIE && !(on & B_SET)) {
		n = alarm_in(s);
		if (n)
			next = MIN_T(uint64_t, next, (now / NS_PER_SECOND + n) * NS_PER_SECOND);
	}
	WRITE_ONCE(s->next, next == UINT64_MAX ? 0 : next);
}

static void expired(struct timer *timer)
{
	struct rtc *s = container_of(timer, struct rtc, timer);

	spin_lock(&s->lock);
	update(s);
	plan(s);
	spin_unlock(&s->lock);
	timer_follow(&s->timer, &s->next);
}

/* --- ports ------------------------------------------------------------------------------- */

static uint8_t read_ram(struct rtc *s)
{
	uint8_t v;

	switch (s->index) {
	case SECONDS:
	case MINUTES:
	case HOURS:
	case WEEKDAY ... YEAR:
	case CENTURY:
		if (!(s->ram[REG_B] & B_SET))
			show_time(s);
		return s->ram[s->index];
	case REG_A:
		v = s->ram[REG_A];
		if (!(s->ram[REG_B] & B_SET) &&
		    time_now() % NS_PER_SECOND >= NS_PER_SECOND - UPDATE_NS)
			v |= A_UIP;
		return v;
	case REG_C:
		update(s);
		v = s->ram[REG_C];
		s->ram[REG_C] = 0;
		update(s);
		return v;
	}
	return s->ram[s->index];
}

static void write_b(struct rtc *s, uint8_t value)
{
	if (value & ~s->ram[REG_B] & B_SET) {
		show_time(s);
		s->stopped = seconds(s);
		value &= (uint8_t)~B_UIE;
	} else if (s->ram[REG_B] & ~value & B_SET) {
		take_time(s);
	}
	s->ram[REG_B] = value;
}

static void write_ram(struct rtc *s, uint8_t value)
{
	switch (s->index) {
	case SECONDS:
	case MINUTES:
	case HOURS:
	case WEEKDAY ... YEAR:
	case CENTURY:
		if (!(s->ram[REG_B] & B_SET))
			show_time(s);
		s->ram[s->index] = value;
		if (s->index != WEEKDAY)
			take_time(s);
		break;
	case REG_A:
		s->ram[REG_A] = value & (uint8_t)~A_UIP;
		break;
	case REG_B:
		write_b(s, value);
		break;
	case REG_C:
	case REG_D:
		break;
	default:
		s->ram[s->index] = value;
		break;
	}
	update(s);
}

static enum emu_result rtc_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct rtc *s = dev->priv;
	unsigned long flags;
	bool plans;

	if (acc->size != 1)
		return EMU_WIDTH;
	flags = spin_lock_irqsave(&s->lock);
	if (!(acc->offset & 1)) {
		if (acc->is_write)
			s->index = acc->value & (SIZE - 1);
		else
			acc->value = 0xff;
	} else if (acc->is_write) {
		write_ram(s, (uint8_t)acc->value);
	} else {
		acc->value = read_ram(s);
	}
	/* Where to look next depends on few of the registers. */
	plans = acc->offset & 1 && s->index <= REG_C;
	if (plans)
		plan(s);
	spin_unlock_irqrestore(&s->lock, flags);
	if (plans)
		timer_follow(&s->timer, &s->next);
	return EMU_OK;
}

/* --- life -------------------------------------------------------------------------------- */

static void put16(struct rtc *s, unsigned at, uint64_t v)
{
	v = MIN_T(uint64_t, v, 0xffff);
	s->ram[at] = (uint8_t)v;
	s->ram[at + 1] = (uint8_t)(v >> 8);
}

/* How much RAM there is, as PCs' firmware looks for it. */
static void describe_ram(struct rtc *s)
{
	const struct guest *g = s->dev->guest;
	uint64_t low = 0, high = 0, v;

	for (unsigned i = 0; i < g->nr_regions; i++) {
		const struct region *r = &g->regions[i];

		if (!(r->flags & REGION_RAM))
			continue;
		if (r->gpa < 4 * GIB)
			low = MAX(low, r->gpa + r->size);
		else
			high += r->size;
	}
	put16(s, 0x15, 640);
	v = low > MIB ? MIN_T(uint64_t, (low - MIB) / KIB, 63 * 1024) : 0;
	put16(s, 0x17, v);
	put16(s, 0x30, v);
	put16(s, 0x34, low > 16 * MIB ? (low - 16 * MIB) >> 16 : 0);
	v = high >> 16;
	s->ram[0x5b] = (uint8_t)v;
	s->ram[0x5c] = (uint8_t)(v >> 8);
	s->ram[0x5d] = (uint8_t)(v >> 16);
	s->ram[0x5f] = (uint8_t)(g->nr_vcpus - 1);
	s->ram[0x38] = 0x10; /* start from the hard disk, then from the CD */
	s->ram[0x3d] = 0x32;
}

static void rtc_reset(struct emu_dev *dev)
{
	struct rtc *s = dev->priv;
	unsigned long flags = spin_lock_irqsave(&s->lock);

	/* The battery keeps the time and what was written to the memory. */
	s->index = 0;
	s->ram[REG_A] = 0x26;
	s->ram[REG_B] = (s->ram[REG_B] & B_DM) | B_24H;
	s->ram[REG_C] = 0;
	s->ram[REG_D] = D_VRT;
	s->seen = time_now();
	s->next = 0;
	describe_ram(s);
	update(s);
	spin_unlock_irqrestore(&s->lock, flags);
	timer_stop(&s->timer);
}

static int rtc_probe(struct emu_dev *dev)
{
	struct rtc *s;
	int irq, err = emu_state_alloc(dev, sizeof(*s), &irq);

	if (err)
		return err;
	s = dev->priv;
	s->dev = dev;
	s->irq = irq;
	spin_init(&s->lock);
	timer_init(&s->timer, expired);
	rtc_reset(dev);
	return 0;
}

static void rtc_remove(struct emu_dev *dev)
{
	struct rtc *s = dev->priv;

	timer_stop(&s->timer);
	emu_state_free(dev);
}

static void rtc_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct rtc *s = dev->priv;
	struct date d;

	date_from_epoch(seconds(s), &d);
	out_printf(out, "%u-%02u-%02u %02u:%02u:%02u, registers 0x%02x 0x%02x 0x%02x\n", d.year,
		   d.month, d.day, d.hour, d.minute, d.second, s->ram[REG_A], s->ram[REG_B],
		   s->ram[REG_C]);
}

static const struct dt_match matches[] = {
	{ "motorola,mc146818", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(mc146818) {
	.name = "mc146818",
	.match = matches,
	.props = props,
	.probe = rtc_probe,
	.remove = rtc_remove,
	.reset = rtc_reset,
	.access = rtc_access,
	.show = rtc_show,
};
