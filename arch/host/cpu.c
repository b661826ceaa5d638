/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port's CPUs: interrupts, kicks, time, and the end of the machine. The state of a CPU is
 * only changed by the thread that plays it, but for kicks, which are atomic.
 */
#include <arch/cpu.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arch/cache.h>
#include <arch/irqflags.h>
#include <arch/smp.h>
#include <arch/timer.h>
#include <core/cpu.h>
#include <core/time.h>
#include <port/host.h>

void __sanitizer_print_stack_trace(void);

#define PENDING_MAX	32
#define SPINS_MAX	20000000u	/* then nobody will end the spin any more */
#define FLAGS_MAGIC	0x51a70000ul	/* marks what arch_irq_save() returns */
#define FIRST_MOMENT	1000000000ull
#define EARLY_MAX	4096

struct pending {
	void (*fn)(void *arg);
	void *arg;
};

struct host_cpu {
	struct cpu *cpu;
	bool masked;
	unsigned int depth;	/* interrupt handlers that run */
	struct pending pending[PENDING_MAX];
	unsigned int nr_pending;
	uint64_t armed;		/* counter value */
	uint32_t kicked;	/* atomic: kicks not delivered yet */
	uint32_t kick_seen;	/* atomic: for host_cpu_kicked() */
};

static struct host_cpu cpus[HOST_CPUS];
static unsigned int nr_cpus = 1;
static int smp_start_result;
static __thread unsigned int selected;
static __thread unsigned int spins;
static uint64_t counter = FIRST_MOMENT;
static uint64_t freq = 1000000000;
static void (*on_end)(enum host_end end);
static unsigned int ends[HOST_RESET + 1];
static char early_text[EARLY_MAX];
static size_t early_len;

static struct host_cpu *self(void)
{
	return &cpus[selected];
}

void host_violation(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "arch/host: CPU %u: ", selected);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	__sanitizer_print_stack_trace();
	abort();
}

void host_reset(void)
{
	unsigned int i;

	memset(cpus, 0, sizeof(cpus));
	for (i = 0; i < HOST_CPUS; i++)
		cpus[i].armed = UINT64_MAX;
	nr_cpus = 1;
	smp_start_result = 0;
	selected = 0;
	spins = 0;
	counter = FIRST_MOMENT;
	freq = 1000000000;
	on_end = NULL;
	memset(ends, 0, sizeof(ends));
	early_len = 0;
	early_text[0] = '\0';
	host_reset_memory();
	host_reset_vcpu();
	host_reset_thread();
}

__attribute__((constructor)) static void reset_at_start(void)
{
	host_reset();
}

/* ---- interrupts ----------------------------------------------------------------------- */

void host_check_masked(const char *function)
{
	if (!self()->masked)
		host_violation("%s() was called with interrupts unmasked", function);
}

bool host_in_interrupt(void)
{
	return self()->depth != 0;
}

static bool next_pending(struct pending *next)
{
	struct host_cpu *c = self();

	if (!c->nr_pending)
		return false;
	*next = c->pending[0];
	c->nr_pending--;
	memmove(c->pending, c->pending + 1, c->nr_pending * sizeof(c->pending[0]));
	return true;
}

static bool timer_due(void)
{
	return self()->armed <= counter;
}

/* Takes everything that is pending, as the vector of a real port would: masked, one by one. */
void host_deliver(void)
{
	struct host_cpu *c = self();
	struct pending next;

	if (c->masked)
		return;
	while (c->nr_pending || timer_due() || __atomic_load_n(&c->kicked, __ATOMIC_ACQUIRE)) {
		c->masked = true;
		c->depth++;
		if (__atomic_exchange_n(&c->kicked, 0, __ATOMIC_ACQUIRE)) {
			sched_ipi();
		} else if (timer_due()) {
			c->armed = UINT64_MAX;
			timer_expired();
		} else if (next_pending(&next)) {
			next.fn(next.arg);
		}
		if (!c->masked)
			host_violation("an interrupt handler returned with interrupts unmasked");
		c->depth--;
		/* May switch to another thread and come back much later, on another CPU. */
		sched_preempt();
		c = self();
		c->masked = false;
	}
}

void host_irq_disable(void)
{
	self()->masked = true;
}

void host_irq_enable(void)
{
	if (self()->depth)
		host_violation("arch_irq_enable() in an interrupt handler");
	spins = 0;
	self()->masked = false;
	host_deliver();
}

unsigned long host_irq_save(void)
{
	unsigned long flags = FLAGS_MAGIC | self()->masked;

	self()->masked = true;
	return flags;
}

void host_irq_restore(unsigned long flags)
{
	if ((flags & ~1ul) != FLAGS_MAGIC)
		host_violation("arch_irq_restore(%#lx): not from arch_irq_save()", flags);
	if (!self()->masked)
		host_violation("arch_irq_restore() with interrupts unmasked: unbalanced");
	if (!(flags & 1))
		host_irq_enable();
}

bool host_irq_disabled(void)
{
	return self()->masked;
}

void host_interrupt(void (*fn)(void *arg), void *arg)
{
	struct host_cpu *c = self();

	if (c->nr_pending == PENDING_MAX)
		host_violation("more than %d interrupts are pending", PENDING_MAX);
	c->pending[c->nr_pending++] = (struct pending){ fn, arg };
	host_deliver();
}

void host_relax(void)
{
	if (++spins > SPINS_MAX)
		host_violation("spins for ever: whoever holds the lock cannot run");
}

/* ---- CPUs ---------------------------------------------------------------------------- */

struct cpu *host_this_cpu(void)
{
	return self()->cpu;
}

void host_set_this_cpu(struct cpu *cpu)
{
	self()->cpu = cpu;
}

void host_cpu_count_set(unsigned int n)
{
	if (n < 1 || n > HOST_CPUS)
		host_violation("%u CPUs: 1 to %d are possible", n, HOST_CPUS);
	nr_cpus = n;
}

void host_cpu_select(unsigned int id)
{
	if (id >= nr_cpus)
		host_violation("there is no CPU %u: %u were set", id, nr_cpus);
	if (self()->depth)
		host_violation("the CPU is changed in an interrupt handler");
	selected = id;
	host_deliver();
}

unsigned int host_cpu_id(void)
{
	return selected;
}

unsigned int arch_smp_count(void)
{
	return nr_cpus;
}

void host_smp_start_result(int err)
{
	smp_start_result = err;
}

int arch_smp_start(struct cpu *cpu, va_t stack_top)
{
	if (cpu->id == 0 || cpu->id >= nr_cpus)
		host_violation("arch_smp_start() of CPU %u of %u", cpu->id, nr_cpus);
	if (!stack_top || stack_top % 16)
		host_violation("arch_smp_start(): stack %#" PRIxPTR " is not aligned", stack_top);
	if (smp_start_result)
		return smp_start_result;
	cpus[cpu->id].cpu = cpu;
	return 0;
}

void arch_smp_kick(unsigned int cpu_id)
{
	if (cpu_id >= nr_cpus)
		host_violation("arch_smp_kick(%u): there are %u CPUs", cpu_id, nr_cpus);
	__atomic_store_n(&cpus[cpu_id].kicked, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&cpus[cpu_id].kick_seen, 1, __ATOMIC_RELEASE);
	if (cpu_id == selected)
		host_deliver();
}

bool host_cpu_kicked(unsigned int id)
{
	return __atomic_exchange_n(&cpus[id].kick_seen, 0, __ATOMIC_ACQUIRE);
}

int arch_cpu_init(void)
{
	host_check_masked(__func__);
	return 0;
}

void arch_cpu_init_secondary(void)
{
	host_check_masked(__func__);
	if (selected == 0)
		host_violation("%s() on CPU 0", __func__);
}

/* Time passes until the event fires; with nothing to wait for the program would hang. */
void arch_cpu_idle(void)
{
	struct host_cpu *c = self();

	host_check_masked(__func__);
	if (c->nr_pending || __atomic_load_n(&c->kicked, __ATOMIC_ACQUIRE) || timer_due())
		return;
	if (c->armed == UINT64_MAX)
		host_violation("idles with nothing that could wake it: no timer, no interrupt");
	counter = c->armed;
}

uint64_t arch_cpu_hwid(unsigned int id)
{
	if (id >= nr_cpus)
		host_violation("arch_cpu_hwid(%u): there are %u CPUs", id, nr_cpus);
	return 0x80000000u | id;
}

void arch_cpu_describe(char *buf, size_t size)
{
	snprintf(buf, size, "fake CPU %u of %u", selected, nr_cpus);
}

unsigned int arch_backtrace(va_t fp, va_t *pcs, unsigned int max)
{
	if (max)
		pcs[0] = (va_t)__builtin_return_address(0);
	return max ? 1 : 0;
}

/* ---- the end --------------------------------------------------------------------------- */

void host_on_end(void (*fn)(enum host_end end))
{
	on_end = fn;
}

unsigned int host_end_count(enum host_end end)
{
	return ends[end];
}

static void end_machine(enum host_end end)
{
	ends[end]++;
	if (on_end)
		on_end(end);
}

void arch_cpu_halt(void)
{
	end_machine(HOST_HALTED);
	host_violation("arch_cpu_halt(): the test expected no halt");
}

void arch_machine_reset(void)
{
	end_machine(HOST_RESET);
}

void arch_machine_exit(int status)
{
	host_violation("%s(%d)", __func__, status);
}

void arch_machine_off(void)
{
	end_machine(HOST_OFF);
}

void arch_early_puts(const char *s, size_t n)
{
	if (n > EARLY_MAX - 1 - early_len)
		n = EARLY_MAX - 1 - early_len;
	memcpy(early_text + early_len, s, n);
	early_len += n;
	early_text[early_len] = '\0';
}

const char *host_early_text(void)
{
	return early_text;
}

/* ---- time ----------------------------------------------------------------------------- */

void host_clock_set_freq(uint64_t hz)
{
	freq = hz;
}

uint64_t host_counter(void)
{
	return counter;
}

uint64_t arch_counter_freq(void)
{
	return freq;
}

void arch_timer_arm(uint64_t ticks)
{
	host_check_masked(__func__);
	self()->armed = ticks;
}

uint64_t host_timer_armed(void)
{
	return self()->armed;
}

void host_clock_advance(uint64_t ticks)
{
	uint64_t end = counter + ticks;

	if (self()->depth)
		host_violation("the clock is moved in an interrupt handler");
	/* Handlers see the moment for which they were set, and may set the next before the end. */
	while (!self()->masked && self()->armed <= end) {
		if (self()->armed > counter)
			counter = self()->armed;
		host_deliver();
	}
	if (counter < end)
		counter = end;
	host_deliver();
}
