/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end: a message, a backtrace, and what `vmm.panic=` says. The first CPU that
 * panics owns `panicking`; nothing here waits for a lock that another CPU may hold for ever.
 */
#include <core/log.h>

#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/smp.h>
#include <core/cpu.h>
#include <core/shell.h>
#include <core/symbol.h>
#include <libs/string.h>

enum panic_action { PANIC_STOP, PANIC_RESET, PANIC_OFF };

static enum panic_action action;
static uint32_t panicking;
static const void *begun_by; /* panic_begin(), until its panic() */

void log_init(void)
{
	enum log_level level;
	char word[16];

	if (bootarg("vmm.log", word, sizeof(word))) {
		if (log_parse_level(word, &level))
			log_warn("vmm.log=%s is no level: error, warning, info, debug, or 0 to 3",
				 word);
		else
			log_set_console_level(level);
	}
	if (bootarg("vmm.panic", word, sizeof(word))) {
		if (!strcmp(word, "reset"))
			action = PANIC_RESET;
		else if (!strcmp(word, "off"))
			action = PANIC_OFF;
		else if (strcmp(word, "stop"))
			log_warn("vmm.panic=%s is none of stop, reset, off", word);
	}
}

bool panic_active(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_RELAXED);
}

/* They see panic_active() when they take the interrupt, and stop. */
static void stop_others(void)
{
	struct cpu *me = this_cpu();
	unsigned i;

	for (i = 0; me && i < cpu_count(); i++)
		if (i != me->id)
			arch_smp_kick(i);
}

/* This CPU, or what stands for it before there is any. */
static const void *caller(void)
{
	const struct cpu *cpu = this_cpu();

	return cpu ? (const void *)cpu : &panicking;
}

void panic_begin(void)
{
	arch_irq_disable();
	/* A second CPU, or a fault in what follows: no further words. */
	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL))
		arch_cpu_halt();
	begun_by = caller();
	stop_others();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	if (begun_by != caller())
		panic_begin();
	begun_by = NULL;
	va_start(ap, fmt);
	log_vprint(LOG_ERROR, fmt, ap);
	va_end(ap);
	symbol_backtrace(0);
	log_error("panic: the hypervisor cannot go on");
	if (action == PANIC_RESET)
		arch_machine_reset();
	if (action == PANIC_OFF)
		arch_machine_off();
	arch_cpu_halt();
}
