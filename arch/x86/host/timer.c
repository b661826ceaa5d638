/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one-shot event of each CPU: the local APIC's timer, in deadline mode or counting down. Its
 * node is in the tree that the port makes, so that it is probed when timers are.
 */
#include <arch/timer.h>
#include <core/dev.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/time.h>
#include <libs/errno.h>
#include "features.h"

/* Counter ticks to the APIC timer's: v * mult >> 32, rounded up. */
static uint64_t ratio;

void arch_timer_arm(uint64_t ticks)
{
	uint64_t now, count;

	if (ticks == UINT64_MAX) {
		apic_timer_stop();
		return;
	}
	if (apic_timer_deadline()) {
		apic_timer_set(ticks ? ticks : 1);
		return;
	}
	now = arch_counter();
	if (ticks <= now) {
		apic_timer_count(1);
		return;
	}
	/*
	 * What is farther away than the timer can count comes early, and is armed again. A tick
	 * more than the quotient is never too early.
	 */
	count = (uint64_t)((unsigned __int128)(ticks - now) * ratio >> 32) + 1;
	apic_timer_count((uint32_t)MIN_T(uint64_t, count, UINT32_MAX));
}

static void timer_irq(void *arg)
{
	timer_expired();
}

static int timer_probe(struct device *dev)
{
	int err;

	if (!apic_timer_deadline()) {
		if (!apic_timer_freq())
			return -EIO;
		ratio = (uint64_t)((((unsigned __int128)apic_timer_freq() << 32) +
				    arch_counter_freq() - 1) / arch_counter_freq());
	}
	err = irq_request_node(dev->node, 0, "apic-timer", timer_irq, NULL);
	return err < 0 ? err : 0;
}

static const struct dt_match timer_match[] = {
	{ .compatible = "intel,apic-timer" },
	{ 0 },
};

DRIVER(apic_timer) {
	.name = "apic-timer",
	.class = DRIVER_TIMER,
	.match = timer_match,
	.probe = timer_probe,
};
