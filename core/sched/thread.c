/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads: making, ending, sleeping, waking. threads_lock guards the list of all threads.
 */
#include <arch/thread.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>
#include "sched_priv.h"

/* How often thread_abandon() looks whether the thread stands still, ns. */
#define ABANDON_POLL 100000

static spinlock_t threads_lock = SPINLOCK_INIT;
static struct list threads = LIST_INIT(threads);
static unsigned next_id;
static struct waitq exits = WAITQ_INIT(exits);

static void timed_out(struct timer *timer)
{
	struct thread *t = container_of(timer, struct thread, timeout);

	t->timed_out = true;
	thread_ready(t);
}

static struct thread *thread_new(const char *name, int prio)
{
	struct thread *t = heap_zalloc(sizeof(*t));
	unsigned long flags;

	if (!t)
		return NULL;
	strlcpy(t->name, name, sizeof(t->name));
	list_init(&t->link);
	list_init(&t->all);
	t->prio = prio;
	t->slice = TIME_SLICE_DEFAULT;
	t->affinity = UINT64_MAX;
	t->state = THREAD_NEW;
	timer_init(&t->timeout, timed_out);
	flags = spin_lock_irqsave(&threads_lock);
	t->id = next_id++;
	list_add_tail(&threads, &t->all);
	spin_unlock_irqrestore(&threads_lock, flags);
	return t;
}

static void thread_free(struct thread *t)
{
	unsigned long flags = spin_lock_irqsave(&threads_lock);

	list_del(&t->all);
	spin_unlock_irqrestore(&threads_lock, flags);
	timer_stop(&t->timeout);
	if (t->stack_top)
		stack_free(t->stack_top, t->stack_size);
	heap_free(t);
}

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg, int prio)
{
	struct thread *t = thread_new(name, prio);

	if (!t)
		return NULL;
	t->stack_size = STACK_SIZE;
	t->stack_top = stack_alloc(t->stack_size);
	if (!t->stack_top) {
		thread_free(t);
		return NULL;
	}
	t->fn = fn;
	t->arg = arg;
	t->sp = arch_thread_init(t->stack_top);
	t->cpu = this_cpu()->id;
	return t;
}

struct thread *thread_create_idle(unsigned cpu)
{
	char name[16];
	struct thread *t;

	snprintf(name, sizeof(name), "idle/%u", cpu);
	t = thread_new(name, 0);
	if (!t)
		panic("no memory for the idle thread of CPU %u", cpu);
	t->affinity = cpu < 64 ? BIT(cpu) : 0;
	return t;
}

void thread_start(struct thread *t)
{
	uint64_t idle = sched_idle_mask() & t->affinity;
	uint64_t may = t->affinity & (cpu_count() >= 64 ? UINT64_MAX : BIT(cpu_count()) - 1);
	unsigned long flags = arch_irq_save();
	unsigned to = this_cpu()->id;
	struct cpu *cpu;

	/* Its registers are nowhere yet: it may begin on any CPU. */
	if (idle)
		to = (unsigned)__builtin_ctzll(idle);
	else if (may && !(may & BIT(to)))
		to = (unsigned)__builtin_ctzll(may);
	cpu = sched_lock_cpu_of(t);
	/* Unless somebody has woken it already. */
	if (t->state == THREAD_NEW)
		WRITE_ONCE(t->cpu, to);
	spin_unlock(&cpu->rq_lock);
	thread_ready(t);
	arch_irq_restore(flags);
}

struct thread *thread_current(void)
{
	/* Between finding the CPU and looking at it, the caller could be moved to another one. */
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = this_cpu();
	struct thread *t = cpu ? cpu->current : NULL;

	arch_irq_restore(flags);
	return t;
}

void thread_exit(int code)
{
	struct thread *t = thread_current();

	arch_irq_disable();
	t->exit_code = code;
	t->asks = THREAD_ASKS_EXIT;
	sched_switch();
	panic("thread %s runs after its end", t->name);
}

void thread_dead(struct thread *t)
{
	unsigned long flags = spin_lock_irqsave(&threads_lock);
	bool detached = t->detached;

	__atomic_store_n(&t->exited, true, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&threads_lock, flags);
	if (detached)
		thread_free(t);
	else
		waitq_wake_all(&exits);
}

int thread_join(struct thread *t)
{
	int code;

	waitq_wait(&exits, __atomic_load_n(&t->exited, __ATOMIC_ACQUIRE));
	code = t->exit_code;
	thread_free(t);
	return code;
}

static bool stands_still(enum thread_state state)
{
	return state == THREAD_BLOCKED || state == THREAD_NEW;
}

void thread_abandon(struct thread *t)
{
	/*
	 * It may wait for this very CPU with a lower priority, so to yield would not be enough; and
	 * with its state blocked, it may still be on its way off its CPU.
	 */
	while (!stands_still(__atomic_load_n(&t->state, __ATOMIC_ACQUIRE)) ||
	       __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE))
		thread_sleep(ABANDON_POLL);
	thread_free(t);
}

void thread_detach(struct thread *t)
{
	unsigned long flags = spin_lock_irqsave(&threads_lock);
	bool exited = t->exited;

	t->detached = true;
	spin_unlock_irqrestore(&threads_lock, flags);
	if (exited)
		thread_free(t);
}

bool thread_block(uint64_t deadline)
{
	unsigned long flags = arch_irq_save();
	struct thread *t = thread_current();
	bool out;

	t->timed_out = false;
	if (deadline != UINT64_MAX)
		timer_start(&t->timeout, deadline);
	t->asks = THREAD_ASKS_BLOCK;
	sched_switch();
	if (deadline != UINT64_MAX)
		timer_stop(&t->timeout);
	out = t->timed_out;
	arch_irq_restore(flags);
	return !out;
}

void thread_wake(struct thread *t)
{
	thread_ready(t);
	sched_preempt_now();
}

void thread_sleep(uint64_t ns)
{
	uint64_t end = time_now() + ns;

	/* Wakes for other reasons do not end a sleep. */
	while (time_now() < end)
		thread_block(end);
}

void thread_for_each(void (*fn)(struct thread *, void *), void *arg)
{
	unsigned long flags = spin_lock_irqsave(&threads_lock);
	struct thread *t;

	list_for_each_entry(t, &threads, all)
		fn(t, arg);
	spin_unlock_irqrestore(&threads_lock, flags);
}
