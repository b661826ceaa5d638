/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port's CPUs, interrupts, time and threads (arch/host): they do what the contract says,
 * and end the program when a caller does not.
 */
#include <setjmp.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/smp.h>
#include <arch/thread.h>
#include <arch/timer.h>
#include <core/cpu.h>
#include <libs/errno.h>
#include <port/host.h>

#include "unit.h"

static unsigned int interrupts, timers, kicks;

static void on_interrupt(void *arg)
{
	CHECK(arch_irq_disabled() && host_in_interrupt());
	interrupts++;
	if (arg)
		*(unsigned int *)arg = interrupts;
}

/* Up-calls of core, counted here. */
void timer_expired(void)
{
	CHECK(arch_irq_disabled() && host_in_interrupt());
	timers++;
	/* A periodic one, up to three times. */
	if (timers % 3)
		arch_timer_arm(arch_counter() + 100);
}

void sched_ipi(void)
{
	kicks++;
}

static void begin(void)
{
	host_reset();
	interrupts = timers = kicks = 0;
}

TEST(interrupts_wait_until_they_are_unmasked)
{
	unsigned long outer, inner;
	unsigned int order[2] = { 0 };

	begin();
	host_interrupt(on_interrupt, NULL);
	CHECK_EQ(interrupts, 1);
	outer = arch_irq_save();
	host_interrupt(on_interrupt, &order[0]);
	host_interrupt(on_interrupt, &order[1]);
	inner = arch_irq_save();
	arch_irq_restore(inner);
	CHECK_EQ(interrupts, 1);
	CHECK(arch_irq_disabled());
	arch_irq_restore(outer);
	CHECK(order[0] == 2 && order[1] == 3);
	CHECK(!arch_irq_disabled() && !host_in_interrupt());
}

static void unmask_in_handler(void *arg)
{
	arch_irq_enable();
}

TEST(wrong_use_of_interrupt_flags_aborts)
{
	begin();
	CHECK_ABORTS(arch_irq_restore(0));
	CHECK_ABORTS({
		unsigned long flags = arch_irq_save();

		arch_irq_restore(flags);
		arch_irq_restore(flags);
	});
	CHECK_ABORTS(host_interrupt(unmask_in_handler, NULL));
	CHECK_ABORTS(arch_timer_arm(5));
	CHECK_ABORTS(arch_cpu_idle());
	CHECK_ABORTS({
		arch_irq_disable();
		arch_cpu_idle();
	});
	CHECK_ABORTS(for (;;) host_relax());
}

TEST(time_passes_when_the_test_says)
{
	uint64_t start;

	begin();
	start = arch_counter();
	arch_irq_disable();
	arch_timer_arm(start + 1000);
	arch_irq_enable();
	host_clock_advance(999);
	CHECK_EQ(timers, 0);
	host_clock_advance(1);
	CHECK_EQ(timers, 1);
	/* The next two fall into one advance. */
	host_clock_advance(1000);
	CHECK_EQ(timers, 3);
	CHECK_EQ(arch_counter() - start, 2000);
	CHECK(host_timer_armed() == UINT64_MAX);
}

TEST(a_masked_timer_fires_later_and_idle_goes_there)
{
	begin();
	timers = 2;
	arch_irq_disable();
	arch_timer_arm(arch_counter() + 500);
	host_clock_advance(600);
	CHECK_EQ(timers, 2);
	arch_irq_enable();
	CHECK_EQ(timers, 3);
	timers = 2;
	arch_irq_disable();
	arch_timer_arm(arch_counter() + 70000);
	arch_cpu_idle();
	CHECK_EQ(timers, 2);
	arch_irq_enable();
	CHECK_EQ(timers, 3);
	CHECK_EQ(arch_counter(), 1000070600);
}

TEST(cpus_have_their_own_state)
{
	struct cpu a = { .id = 0 }, b = { .id = 1 };

	begin();
	CHECK_EQ(arch_smp_count(), 1);
	host_cpu_count_set(2);
	arch_set_this_cpu(&a);
	host_smp_start_result(-ENODEV);
	CHECK_EQ(arch_smp_start(&b, 4096), -ENODEV);
	host_smp_start_result(0);
	CHECK_EQ(arch_smp_start(&b, 4096), 0);
	arch_irq_disable();
	host_cpu_select(1);
	CHECK(arch_this_cpu() == &b && !arch_irq_disabled());
	arch_smp_kick(0);
	arch_smp_kick(1);
	CHECK_EQ(kicks, 1);
	host_cpu_select(0);
	CHECK(arch_this_cpu() == &a && arch_irq_disabled());
	CHECK_EQ(kicks, 1);
	arch_irq_enable();
	CHECK_EQ(kicks, 2);
	CHECK(host_cpu_kicked(0) && host_cpu_kicked(1) && !host_cpu_kicked(0));
	CHECK_ABORTS(arch_smp_kick(2));
	CHECK_ABORTS(host_cpu_select(2));
}

static jmp_buf back;

static void leave(enum host_end end)
{
	longjmp(back, 1 + (int)end);
}

TEST(the_end_of_the_machine_is_seen)
{
	begin();
	arch_machine_off();
	CHECK_EQ(host_end_count(HOST_OFF), 1);
	CHECK_ABORTS(arch_cpu_halt());
	host_on_end(leave);
	if (setjmp(back) == 0)
		arch_cpu_halt();
	CHECK_EQ(host_end_count(HOST_HALTED), 1);
	arch_early_puts("boot", 4);
	arch_early_puts("ing", 2);
	CHECK_STR(host_early_text(), "bootin");
}

/* ---- threads --------------------------------------------------------------------------- */

static va_t main_sp, thread_sp[2];
static unsigned int steps;
static unsigned int starting;

/* Each of two threads goes three times to the other one and then back to the test. */
void thread_entry(void)
{
	unsigned int me = starting, i;

	for (i = 0; i < 3; i++) {
		volatile char local[2000];

		memset((char *)local, (int)me, sizeof(local));
		steps++;
		if (me == 0 && i == 0)
			starting = 1;
		arch_thread_switch(&thread_sp[me], thread_sp[!me]);
		CHECK(local[1999] == (char)me);
	}
	for (;;)
		arch_thread_switch(&thread_sp[me], main_sp);
}

TEST(threads_switch_and_keep_their_stacks)
{
	static char stacks[2][64] __attribute__((aligned(16)));

	begin();
	steps = 0;
	starting = 0;
	thread_sp[0] = arch_thread_init((va_t)stacks[0] + 64);
	thread_sp[1] = arch_thread_init((va_t)stacks[1] + 64);
	arch_irq_disable();
	arch_thread_switch(&main_sp, thread_sp[0]);
	CHECK_EQ(steps, 6);
	arch_thread_switch(&main_sp, thread_sp[1]);
	CHECK_EQ(steps, 6);
	arch_irq_enable();
	CHECK_ABORTS(arch_thread_switch(&main_sp, thread_sp[0]));
	CHECK_ABORTS({
		arch_irq_disable();
		arch_thread_switch(&main_sp, (va_t)stacks[0]);
	});
	CHECK_ABORTS(arch_thread_init((va_t)stacks[0] + 8));
	host_reset();
}
