/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rate of the time stamp counter, measured by a clock whose rate is known: HPET, the ACPI
 * timer, or the PIT. Written once by the boot CPU.
 */
#include <arch/barrier.h>
#include <arch/mmio.h>
#include <arch/pio.h>
#include <arch/timer.h>
#include <core/log.h>
#include <port/boot.h>
#include "features.h"

#define PM_HZ  3579545u
#define PIT_HZ 1193182u
#define FEMTO  1000000000000000ULL
#define TRIES  8
#define STANDS_STILL 10000 /* reads of the same value */

static uint64_t tsc_freq;

/* A clock that counts up, and how it is read. */
struct clock {
	const char *name;
	uint64_t hz;
	uint64_t mask;
	uint64_t (*read)(void);
};

static const uint8_t *hpet;

static uint64_t hpet_read(void)
{
	return mmio_read32(hpet + 0xf0);
}

static uint64_t pm_read(void)
{
	return pio_read32(x86_platform.pm_timer);
}

/* Channel 2 counts down from 65536, gated by port 0x61. */
static uint64_t pit_read(void)
{
	uint32_t low;

	pio_write8(0x43, 0x80);
	low = pio_read8(0x42);
	return 0xffff - (low | (uint32_t)pio_read8(0x42) << 8);
}

static bool pm_start(struct clock *clock)
{
	*clock = (struct clock){ "ACPI timer", PM_HZ, 0xffffff, pm_read };
	return x86_platform.pm_timer;
}

static bool pit_start(struct clock *clock)
{
	pio_write8(0x61, (pio_read8(0x61) & ~2) | 1);
	pio_write8(0x43, 0xb4);
	pio_write8(0x42, 0xff);
	pio_write8(0x42, 0xff);
	*clock = (struct clock){ "PIT", PIT_HZ, 0xffff, pit_read };
	return true;
}

static bool hpet_start(struct clock *clock)
{
	uint8_t *regs;
	uint32_t period;

	if (!x86_platform.hpet)
		return false;
	regs = early_map_device(x86_platform.hpet);
	if (!regs)
		return false;
	period = mmio_read32(regs + 4);
	if (!period || period > 100000000)
		return false;
	mmio_write32(regs + 0x10, mmio_read32(regs + 0x10) | 1);
	hpet = regs;
	*clock = (struct clock){ "HPET", FEMTO / period, UINT32_MAX, hpet_read };
	return true;
}

/* Counter and clock at the same moment, as well as that can be told. @return the uncertainty */
static uint64_t sample(const struct clock *clock, uint64_t *tsc, uint64_t *value)
{
	uint64_t best = UINT64_MAX;
	unsigned i;

	for (i = 0; i < TRIES; i++) {
		uint64_t before = arch_counter(), v = clock->read(), after = arch_counter();

		if (after - before < best) {
			best = after - before;
			*tsc = before + best / 2;
			*value = v;
		}
	}
	return best;
}

/* Rate over about 10 ms. @param error receives by how much it may be wrong, Hz */
static uint64_t measure(const struct clock *clock, uint64_t *error)
{
	uint64_t tsc0, tsc1, v0, v1, want = clock->hz / 100, unsure, polls = 100000000;

	unsure = sample(clock, &tsc0, &v0);
	while ((v1 = (clock->read() - v0) & clock->mask) < want && --polls) {
		/* Each read takes a tenth of a microsecond at least: it stands still. */
		if (!v1 && polls < 100000000 - STANDS_STILL)
			return 0;
		arch_relax();
	}
	unsure += sample(clock, &tsc1, &v1);
	v1 = (v1 - v0) & clock->mask;
	if (!polls || !v1)
		return 0;
	*error = (unsure + (tsc1 - tsc0) / v1) * clock->hz / v1;
	return (uint64_t)((unsigned __int128)(tsc1 - tsc0) * clock->hz / v1);
}

/* Counters of emulated and of many real machines run at whole MHz. */
static uint64_t rounded(uint64_t hz, uint64_t error)
{
	uint64_t near = (hz + 500000) / 1000000 * 1000000;
	uint64_t off = near > hz ? near - hz : hz - near;

	return off <= error ? near : hz;
}

void tsc_init(void)
{
	static bool (*const start[])(struct clock *clock) = { hpet_start, pm_start, pit_start };
	struct clock clock;
	uint64_t error = 0;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(start) && !tsc_freq; i++) {
		if (!start[i](&clock))
			continue;
		tsc_freq = rounded(measure(&clock, &error), error);
		if (!tsc_freq)
			log_warn("the %s that firmware tells of does not run", clock.name);
	}
	if (!tsc_freq)
		panic("no clock runs to measure the processor's counter with: neither HPET nor "
		      "ACPI timer nor PIT");
	log_info("counter: %llu kHz, by the %s%s", (unsigned long long)tsc_freq / 1000, clock.name,
		 x86_features.tsc_invariant ? "" : "; it may change with the processor's speed");
}

uint64_t arch_counter_freq(void)
{
	return tsc_freq;
}

uint64_t tsc_measure(uint64_t (*what)(void), unsigned milliseconds)
{
	uint64_t start = arch_counter(), first = what(), span = tsc_freq / 1000 * milliseconds;
	uint64_t end, last;

	do {
		last = what();
		end = arch_counter();
	} while (end - start < span);
	return (uint64_t)((unsigned __int128)(last - first) * span / (end - start));
}

void tsc_delay_us(unsigned us)
{
	uint64_t end = arch_counter() + tsc_freq / 1000000 * us;

	while (arch_counter() < end)
		arch_relax();
}
