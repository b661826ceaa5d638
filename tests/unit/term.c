/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal of term.h, and the one thread that there is, over the fake port.
 */
#include "term.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <core/cpu.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/time.h>

#include "fake.h"
#include "unit.h"

struct chardev term;
struct screen term_screen;
bool (*term_idle)(uint64_t deadline);
uint64_t term_now;
bool term_panics;
void *term_thread_arg;

static char sent[65536], shown[65536];
static size_t sent_len;
static const char *input;
static jmp_buf leave;
static bool may_leave;
static struct cpu the_cpu;
static struct thread the_thread = { .name = "test" };
static bool woken;

/* --- the terminal ---------------------------------------------------------------------------- */

static void send(struct chardev *cd, const void *buf, size_t n)
{
	screen_write(&term_screen, buf, n);
	if (n > sizeof(sent) - 1 - sent_len)
		n = sizeof(sent) - 1 - sent_len;
	memcpy(sent + sent_len, buf, n);
	sent_len += n;
}

static const struct chardev_ops ops = { .write = send };

void term_begin(bool console)
{
	arch_set_this_cpu(&the_cpu);
	term_now = 1000000000;
	term_panics = false;
	term_idle = NULL;
	input = "";
	woken = false;
	sent_len = 0;
	screen_init(&term_screen, 80);
	memset(&term, 0, sizeof(term));
	term.ops = &ops;
	if (chardev_register(&term, "term"))
		abort();
	if (!console)
		chardev_set_console(NULL);
}

void term_end(void)
{
	chardev_unregister(&term);
}

const char *term_text(void)
{
	memcpy(shown, sent, sent_len);
	shown[sent_len] = '\0';
	sent_len = 0;
	return shown;
}

void term_input(const char *text)
{
	input = text;
}

void term_receive(const char *text)
{
	chardev_receive(&term, (const uint8_t *)text, strlen(text));
}

const char *term_interact(struct shell *sh)
{
	may_leave = true;
	if (!setjmp(leave))
		shell_interact(sh);
	may_leave = false;
	if (console_lock())
		console_set_line(NULL);
	else
		unit_fail(__FILE__, __LINE__, "the console was left locked");
	console_unlock(true);
	return term_text();
}

const char *term_run(struct shell *sh, const char *line)
{
	term_text();
	shell_run_line(sh, line);
	return term_text();
}

/* --- waiting --------------------------------------------------------------------------------- */

bool thread_block(uint64_t deadline)
{
	if (woken) {
		woken = false;
		return true;
	}
	if (the_cpu.preempt_off) {
		unit_fail(__FILE__, __LINE__, "waits although preemption is off");
		abort();
	}
	if (*input) {
		chardev_receive(&term, (const uint8_t *)input++, 1);
		woken = false;
		return true;
	}
	if (term_idle && term_idle(deadline)) {
		woken = false;
		return true;
	}
	if (deadline != UINT64_MAX) {
		if (term_now < deadline)
			term_now = deadline;
		return false;
	}
	if (!may_leave) {
		unit_fail(__FILE__, __LINE__, "waits for ever");
		abort();
	}
	longjmp(leave, 1);
}

void thread_wake(struct thread *thread)
{
	woken = true;
}

struct thread *thread_current(void)
{
	return &the_thread;
}

void thread_sleep(uint64_t ns)
{
	term_now += ns;
}

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg, int prio)
{
	static struct thread thread;

	thread = (struct thread){ .fn = fn, .arg = arg, .prio = prio };
	return &thread;
}

void thread_detach(struct thread *thread)
{
}

/* It runs at once, until nothing comes any more. */
void thread_start(struct thread *thread)
{
	term_thread_arg = thread->arg;
	may_leave = true;
	if (!setjmp(leave))
		thread->fn(thread->arg);
	may_leave = false;
}

void preempt_disable(void)
{
	the_cpu.preempt_off++;
}

void preempt_enable(void)
{
	if (!the_cpu.preempt_off--)
		abort();
}

void waitq_init(struct waitq *wq)
{
	list_init(&wq->waiters);
}

void waitq_add(struct waitq *wq, struct waiter *waiter)
{
	waiter->thread = &the_thread;
	list_add_tail(&wq->waiters, &waiter->link);
}

void waitq_remove(struct waitq *wq, struct waiter *waiter)
{
	list_del(&waiter->link);
}

void waitq_wake_all(struct waitq *wq)
{
	if (!list_empty(&wq->waiters))
		woken = true;
}

void mutex_init(struct mutex *m)
{
	m->owner = 0;
}

void mutex_lock(struct mutex *m)
{
	if (m->owner || the_cpu.preempt_off)
		abort();
	m->owner = (uintptr_t)&the_thread;
}

void mutex_unlock(struct mutex *m)
{
	if (!m->owner)
		abort();
	m->owner = 0;
}

/*
 * --- clock and panic ---------------------------------------------------------------------------
 */

/* The clock of time_now(): whatever the counter says. */
uint64_t time_boot_ticks;
bool time_same_unit;
uint64_t time_from_ticks(uint64_t ticks)
{
	return term_now;
}

bool panic_active(void)
{
	return term_panics;
}
