/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time in nanoseconds since boot and one-shot timers, per CPU, without a tick.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/timer.h>
#include <libs/rbtree.h>
#include <libs/util.h>

/** What time_now() needs, set at boot: counter value then, and whether it counts nanoseconds. */
extern uint64_t time_boot_ticks;
extern bool time_same_unit;

uint64_t time_from_ticks(uint64_t ticks); /**< duration: counter ticks to ns */
/** time_now(), for files that are built small: they share it. */
uint64_t time_now_called(void);
/** Monotonic nanoseconds since boot. Any context. */
static always_inline_fn uint64_t time_now(void)
{
	uint64_t ticks;

	if (BUILT_SMALL)
		return time_now_called();
	ticks = arch_counter() - time_boot_ticks;
	return time_same_unit ? ticks : time_from_ticks(ticks);
}
uint64_t time_to_ticks(uint64_t ns);	  /**< duration: ns to counter ticks, rounded up */
/** The time_now() moment of an absolute counter value; 0 for one before boot. */
uint64_t time_of_ticks(uint64_t ticks);
/** Ticks per second of the counter. */
uint64_t time_counter_freq(void);
/** Absolute counter value for an absolute time_now() moment. */
uint64_t time_deadline_ticks(uint64_t ns);

struct timer;
typedef void (*timer_fn)(struct timer *timer);

/** A one-shot timer. fn runs in interrupt context, IRQs masked, on the CPU that armed it. */
struct timer {
	struct rbnode node;
	uint64_t deadline; /* ns, absolute */
	uint64_t now;	   /* fn's: time_now() when it was found to be due */
	timer_fn fn;
	int cpu;	   /* whose queue it is on, -1 when not armed */
};

void timer_init(struct timer *timer, timer_fn fn);
/**
 * (Re)arm on the calling CPU. Any context, without a lock: of calls on several CPUs at once, one
 * holds.
 *
 * @param timer     the timer
 * @param deadline  absolute, time_now() scale
 */
void timer_start(struct timer *timer, uint64_t deadline);
/**
 * Disarm; afterwards fn is not running on another CPU either (unless called from fn). Any
 * context.
 */
void timer_stop(struct timer *timer);
/**
 * Arm or disarm as a deadline says that others may change meanwhile: what it is at the end holds.
 * For those who set it under a lock that fn takes, and call this without it, fn among them. Does
 * not wait for fn, which has to look whether the deadline has come.
 *
 * @param timer     the timer
 * @param deadline  absolute, time_now() scale; 0: none
 */
void timer_follow(struct timer *timer, const uint64_t *deadline);
static inline bool timer_armed(const struct timer *timer)
{
	return __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED) >= 0;
}

/** Up-call of the port: this CPU's one-shot event fired. Interrupt context. */
void timer_expired(void);
/** Wall clock set by an RTC driver: seconds since 1970 at boot; 0 when there is no RTC. */
void time_set_wallclock(uint64_t epoch_seconds_now);
/** Seconds since 1970 as far as known, else since boot. */
uint64_t time_wallclock(void);

/** Boot: per-CPU queues; on each CPU. */
void time_init_cpu(void);
