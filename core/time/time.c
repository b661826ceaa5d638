/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock and the timers of each CPU, without a tick: the one-shot event is set to the earliest
 * deadline and to nothing else. cpu->timer_lock guards a CPU's queue.
 */
#include <core/time.h>

#include <core/cpu.h>
#include <core/log.h>
#include <arch/barrier.h>

/* A conversion: value * mult >> shift, rounded so that no result is too small. */
struct ratio {
	uint64_t mult;
	unsigned shift; /* 1 ... 63 */
};

uint64_t time_boot_ticks;
bool time_same_unit;
static struct ratio to_ns, to_ticks;
static uint64_t wall_offset;		   /* seconds since 1970 at boot */

/* num / den as exactly as 64 bits can say it: errors stay below a tick for centuries. */
static struct ratio ratio_of(uint64_t num, uint64_t den)
{
	uint64_t mult = num / den, rest = num % den;
	unsigned shift = 0;

	/* Long division: a bit of the quotient for each turn, as long as there is room for one. */
	while (shift < 63 && !(mult >> 63)) {
		rest <<= 1;
		mult = mult << 1 | (rest >= den);
		rest -= rest >= den ? den : 0;
		shift++;
	}
	return (struct ratio){ mult + (rest ? 1 : 0), shift };
}

static uint64_t convert(const struct ratio *r, uint64_t value)
{
	unsigned __int128 product = (unsigned __int128)value * r->mult;
	uint64_t high = (uint64_t)(product >> 64);

	if (unlikely(high >> r->shift))
		return UINT64_MAX;
	return high << (64 - r->shift) | (uint64_t)product >> r->shift;
}

static void conversions_init(void)
{
	uint64_t freq = arch_counter_freq();

	if (!freq)
		panic("the CPU's counter frequency is zero: firmware has not set CNTFRQ_EL0");
	time_same_unit = freq == 1000000000;
	to_ns = ratio_of(1000000000, freq);
	to_ticks = ratio_of(freq, 1000000000);
	time_boot_ticks = arch_counter();
}

uint64_t time_now_called(void)
{
	return time_from_ticks(arch_counter() - time_boot_ticks);
}

uint64_t time_from_ticks(uint64_t ticks)
{
	return time_same_unit ? ticks : convert(&to_ns, ticks);
}

uint64_t time_to_ticks(uint64_t ns)
{
	uint64_t ticks;

	if (time_same_unit)
		return ns;
	/* Never too early: the clock has to have reached the moment when the event comes. */
	ticks = convert(&to_ticks, ns);
	return ticks == UINT64_MAX ? ticks : ticks + 1;
}

uint64_t time_deadline_ticks(uint64_t ns)
{
	uint64_t ticks = time_to_ticks(ns);

	return ticks > UINT64_MAX - time_boot_ticks ? UINT64_MAX : time_boot_ticks + ticks;
}

uint64_t time_of_ticks(uint64_t ticks)
{
	return ticks > time_boot_ticks ? time_from_ticks(ticks - time_boot_ticks) : 0;
}

uint64_t time_counter_freq(void)
{
	return arch_counter_freq();
}

void time_set_wallclock(uint64_t epoch_seconds_now)
{
	wall_offset = epoch_seconds_now - time_now() / 1000000000;
}

uint64_t time_wallclock(void)
{
	return wall_offset + time_now() / 1000000000;
}

static struct timer *first_timer(struct cpu *cpu)
{
	struct rbnode *node = rb_first(&cpu->timers);

	return node ? rb_entry(node, struct timer, node) : NULL;
}

/* Set the hardware to the first deadline, if it is not there already. This CPU, lock held. */
static always_inline_fn void rearm(struct cpu *cpu)
{
	struct timer *t = first_timer(cpu);
	uint64_t ticks = UINT64_MAX;

	if (t)
		ticks = likely(time_same_unit) ? time_boot_ticks + t->deadline :
						 time_deadline_ticks(t->deadline);
	if (ticks == cpu->timer_armed)
		return;
	cpu->timer_armed = ticks;
	arch_timer_arm(ticks);
}

static int earlier(const struct rbnode *a, const struct rbnode *b)
{
	uint64_t da = rb_entry(a, struct timer, node)->deadline;
	uint64_t db = rb_entry(b, struct timer, node)->deadline;

	return da < db ? -1 : da > db;
}

void timer_init(struct timer *timer, timer_fn fn)
{
	timer->fn = fn;
	timer->cpu = -1;
	timer->deadline = 0;
}

/* Take it off whichever queue it is on. IRQs masked. */
static void detach(struct timer *timer)
{
	for (;;) {
		int id = __atomic_load_n(&timer->cpu, __ATOMIC_ACQUIRE);
		struct cpu *cpu;

		if (id < 0)
			return;
		cpu = cpu_get((unsigned)id);
		spin_lock(&cpu->timer_lock);
		if (timer->cpu == id) {
			rb_erase(&cpu->timers, &timer->node);
			__atomic_store_n(&timer->cpu, -1, __ATOMIC_RELEASE);
			/* Another CPU's event may come too early then: it finds nothing to do. */
			if (cpu == this_cpu())
				rearm(cpu);
			spin_unlock(&cpu->timer_lock);
			return;
		}
		spin_unlock(&cpu->timer_lock);
	}
}

void timer_start(struct timer *timer, uint64_t deadline)
{
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = this_cpu();

	for (;;) {
		int none = -1;

		detach(timer);
		spin_lock(&cpu->timer_lock);
		/* Another CPU may be starting it too, under the lock of its own queue. */
		if (likely(__atomic_compare_exchange_n(&timer->cpu, &none, (int)cpu->id, false,
						       __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
			break;
		spin_unlock(&cpu->timer_lock);
	}
	timer->deadline = MIN(deadline, UINT64_MAX / 2); /* ticks of it have no overflow */
	rb_insert(&cpu->timers, &timer->node, earlier);
	rearm(cpu);
	spin_unlock(&cpu->timer_lock);
	arch_irq_restore(flags);
}

void timer_stop(struct timer *timer)
{
	unsigned long flags = arch_irq_save();

	do {
		detach(timer);
		/* Its function may be at work on another CPU; the caller may free it then. */
		for (unsigned i = 0; i < cpu_count(); i++) {
			struct cpu *cpu = cpu_get(i);

			if (cpu == this_cpu())
				continue;
			while (__atomic_load_n(&cpu->timer_running, __ATOMIC_ACQUIRE) == timer)
				arch_relax();
		}
	} while (timer_armed(timer)); /* by its function meanwhile */
	arch_irq_restore(flags);
}

/* Whoever changes it does this afterwards: who comes to the queue last sees the last change. */
void timer_follow(struct timer *timer, const uint64_t *deadline)
{
	unsigned long flags;
	uint64_t at;

	do {
		at = READ_ONCE(*deadline);
		if (at) {
			timer_start(timer, at);
		} else {
			flags = arch_irq_save();
			detach(timer);
			arch_irq_restore(flags);
		}
	} while (READ_ONCE(*deadline) != at);
}

/* Run the first timer if it is due. @return whether another one is due too */
static always_inline_fn bool expire_one(struct cpu *cpu)
{
	uint64_t now = time_now();
	struct timer *t, *next;
	bool more = false;

	spin_lock(&cpu->timer_lock);
	t = first_timer(cpu);
	if (unlikely(!t || t->deadline > now)) {
		rearm(cpu);
		spin_unlock(&cpu->timer_lock);
		return false;
	}
	rb_erase(&cpu->timers, &t->node);
	t->now = now;
	/* In this order: who sees it on no queue has to see that it runs. */
	WRITE_ONCE(cpu->timer_running, t);
	__atomic_store_n(&t->cpu, -1, __ATOMIC_RELEASE);
	next = first_timer(cpu);
	if (next && next->deadline <= now)
		more = true;
	else
		rearm(cpu);
	spin_unlock(&cpu->timer_lock);
	t->fn(t);
	__atomic_store_n(&cpu->timer_running, NULL, __ATOMIC_RELEASE);
	return more;
}

static noinline_fn void expire_more(struct cpu *cpu)
{
	while (expire_one(cpu))
		;
}

void timer_expired(void)
{
	struct cpu *cpu = this_cpu();

	cpu->timer_armed = UINT64_MAX; /* the port has silenced it */
	if (expire_one(cpu))
		expire_more(cpu);
}

void time_init_cpu(void)
{
	struct cpu *cpu = this_cpu();

	if (!to_ns.mult)
		conversions_init();
	rb_init(&cpu->timers);
	cpu->timer_armed = UINT64_MAX;
	cpu->boot_time = time_now();
}
