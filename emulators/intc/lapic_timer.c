/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timer of a local APIC: one-shot and periodic counts of a clock of 1 GHz by the divider, or
 * a moment of the time stamp counter. Ticks that nobody could take are one. lapic.timer_lock guards
 * its state; the timer itself is started without it.
 */
#include "apic.h"

#define MODE(lvt) ((lvt) >> 17 & 3)
enum { ONE_SHOT, PERIODIC, DEADLINE };
/* A guest's own ticks are not to take all of its CPU's time. */
#define PERIOD_MIN 50000u

/* Nanoseconds of a count: the divider is 2 to 128, or 1. */
static uint64_t unit(const struct lapic *a)
{
	unsigned code = (a->divide & 3) | (a->divide >> 1 & 4);

	return 1u << ((code + 1) & 7);
}

static void expired(struct timer *timer)
{
	struct lapic *a = container_of(timer, struct lapic, timer);
	uint64_t now = timer->now;
	bool due, goes_on;

	spin_lock(&a->timer_lock);
	due = a->deadline && a->deadline <= now;
	if (due) {
		if (MODE(a->lvt[LVT_TIMER]) == PERIODIC && a->period)
			a->deadline += ((now - a->deadline) / a->period + 1) * a->period;
		else
			a->deadline = 0;
		a->tsc_deadline = 0;
	}
	goes_on = a->deadline;
	spin_unlock(&a->timer_lock);
	if (due)
		lapic_local(a, LVT_TIMER);
	if (goes_on)
		timer_follow(&a->timer, &a->deadline);
}

void lapic_timer_init(struct lapic *a)
{
	spin_init(&a->timer_lock);
	timer_init(&a->timer, expired);
}

void lapic_timer_stop(struct lapic *a)
{
	unsigned long flags = spin_lock_irqsave(&a->timer_lock);

	a->deadline = 0;
	a->tsc_deadline = 0;
	spin_unlock_irqrestore(&a->timer_lock, flags);
	timer_stop(&a->timer);
}

uint32_t lapic_timer_count(struct lapic *a)
{
	unsigned long flags = spin_lock_irqsave(&a->timer_lock);
	uint64_t now = time_now(), left = 0;

	if (MODE(a->lvt[LVT_TIMER]) != DEADLINE && a->deadline > now)
		left = (a->deadline - now + unit(a) - 1) / unit(a);
	spin_unlock_irqrestore(&a->timer_lock, flags);
	return (uint32_t)MIN_T(uint64_t, left, a->initial);
}

/* The count runs from when it was written on. */
static void begin(struct lapic *a)
{
	uint64_t now = time_now();
	unsigned long flags = spin_lock_irqsave(&a->timer_lock);
	uint64_t ns = a->initial * unit(a);

	a->period = MODE(a->lvt[LVT_TIMER]) == PERIODIC ? MAX_T(uint64_t, ns, PERIOD_MIN) : ns;
	a->deadline = a->initial ? now + a->period : 0;
	spin_unlock_irqrestore(&a->timer_lock, flags);
	timer_follow(&a->timer, &a->deadline);
}

void lapic_timer_set_initial(struct lapic *a, uint32_t count)
{
	if (MODE(a->lvt[LVT_TIMER]) == DEADLINE)
		return;
	a->initial = count;
	begin(a);
}

void lapic_timer_set_divide(struct lapic *a, uint32_t divide)
{
	uint32_t left = lapic_timer_count(a);
	unsigned long flags;

	if (a->divide == (divide & 0xb))
		return;
	flags = spin_lock_irqsave(&a->timer_lock);
	a->divide = divide & 0xb;
	a->period = MAX_T(uint64_t, a->initial * unit(a), PERIOD_MIN);
	if (left && a->deadline)
		a->deadline = time_now() + left * unit(a);
	spin_unlock_irqrestore(&a->timer_lock, flags);
	timer_follow(&a->timer, &a->deadline);
}

void lapic_timer_set_mode(struct lapic *a, uint32_t was)
{
	uint32_t is = a->lvt[LVT_TIMER];

	if (MODE(is) == MODE(was))
		return;
	/* Between counts and moments nothing is kept; a count goes on, and ends as told now. */
	if (MODE(is) == DEADLINE || MODE(was) == DEADLINE) {
		lapic_timer_stop(a);
		a->initial = 0;
	} else if (MODE(is) == PERIODIC) {
		a->period = MAX_T(uint64_t, a->initial * unit(a), PERIOD_MIN);
	}
}

uint64_t lapic_timer_tsc_deadline(struct lapic *a)
{
	return MODE(a->lvt[LVT_TIMER]) == DEADLINE ? READ_ONCE(a->tsc_deadline) : 0;
}

void lapic_timer_set_tsc_deadline(struct lapic *a, uint64_t tsc)
{
	unsigned long flags;

	if (MODE(a->lvt[LVT_TIMER]) != DEADLINE)
		return;
	flags = spin_lock_irqsave(&a->timer_lock);
	a->tsc_deadline = tsc;
	/* The guest's counter began with it. Moments that never come are as none. */
	a->deadline = 0;
	if (tsc && tsc < UINT64_MAX - a->set->guest->start_count)
		a->deadline = MAX_T(uint64_t, time_of_ticks(tsc + a->set->guest->start_count), 1);
	spin_unlock_irqrestore(&a->timer_lock, flags);
	timer_follow(&a->timer, &a->deadline);
}
