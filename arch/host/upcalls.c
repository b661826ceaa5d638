/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core supplies to a port, for tests that do not link the file of core which has it: weak, so
 * that the real function takes its place. Those that only look whether something is to be done do
 * nothing; the others end the program.
 */
#include <core/cpu.h>
#include <core/shell.h>
#include <core/time.h>
#include <port/host.h>

weak_fn void sched_ipi(void)
{
}

weak_fn void sched_preempt(void)
{
}

weak_fn void timer_expired(void)
{
	host_violation("a timer fired, but core/time/time.c is not part of this test");
}

weak_fn void thread_entry(void)
{
	host_violation("a thread began, but core/sched/sched.c is not part of this test");
}

weak_fn void out_printf(struct shell_out *out, const char *fmt, ...)
{
	host_violation("text for a shell, but core/shell/out.c is not part of this test");
}
