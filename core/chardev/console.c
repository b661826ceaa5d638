/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console's messages: whole lines above the line that a person is editing. `owner` guards
 * that line: taken by one CPU at a time with preemption off and IRQs on, so that slow output
 * delays no interrupt; an interrupt on top of the owner writes without it and marks the
 * line spoilt.
 */
#include <core/chardev.h>

#include <arch/cpu.h>
#include <core/cpu.h>
#include <core/log.h>

static uint32_t owner; /* logical CPU plus one; 0: nobody */
static struct console_line *current_line;

bool console_lock(void)
{
	struct chardev *cd = chardev_console();
	uint32_t me, none;

	preempt_disable();
	me = this_cpu()->id + 1;
	/*
	 * An interrupt on top of a sender must not wait for an owner who may wait for that sender.
	 */
	if (cd && READ_ONCE(cd->tx_owner) == me)
		return false;
	for (;;) {
		none = 0;
		if (__atomic_compare_exchange_n(&owner, &none, me, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
		if (none == me || panic_active())
			return false;
		arch_relax();
	}
}

void console_unlock(bool taken)
{
	if (taken)
		__atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
	preempt_enable();
}

void console_set_line(struct console_line *line)
{
	if (line)
		line->spoilt = false;
	current_line = line;
}

/* Nothing but the boot CPU and its early console is there yet. */
static void early_write(const char *s, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\n')
			continue;
		arch_early_puts(s + from, i - from);
		arch_early_puts("\r\n", 2);
		from = i + 1;
	}
	arch_early_puts(s + from, n - from);
}

void console_write(const char *s, size_t n)
{
	struct chardev *cd = chardev_console();
	bool taken;

	if (!cd) {
		early_write(s, n);
		return;
	}
	taken = console_lock();
	if (taken && current_line)
		current_line->hide(current_line);
	else if (cd->tx_last != '\n')
		chardev_write(cd, "\r\n", 2);
	chardev_write_text(cd, s, n);
	if (taken && current_line)
		current_line->show(current_line);
	else if (current_line)
		current_line->spoilt = true;
	console_unlock(taken);
}
