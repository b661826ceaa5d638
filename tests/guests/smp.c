/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several CPUs of a guest at once: interrupts between them in masses, atomics, and the broadcast of
 * TLB and cache maintenance. With more vCPUs than CPUs too. "rounds=" on the command line.
 */
#include "gic.h"

static unsigned rounds(unsigned otherwise)
{
	return (unsigned)boot_arg_number("rounds", otherwise);
}

static volatile unsigned ready;

/* All CPUs begin a test in the same moment. */
static void meet(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (ready < nr_cpus)
		;
}

static void on_all(void (*fn)(void *arg))
{
	ready = 0;
	for (unsigned i = 1; i < nr_cpus; i++)
		cpu_start(i, fn, NULL);
	fn(NULL);
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(WAIT(!cpus[i].up) && cpu_wait_off(i));
}

/* --- interrupts --------------------------------------------------------------------------- */

static volatile unsigned arrived[CPUS_MAX];

static void count(unsigned irq)
{
	arrived[this_cpu()->id]++;
}

/* Each sends to the next one and waits until that has it: sent before, two would be one. */
static void ring(void *arg)
{
	unsigned id = this_cpu()->id, next = (id + 1) % nr_cpus;

	meet();
	irq_enable();
	for (unsigned i = 1; i <= rounds(300); i++) {
		gic_sgi(next, 2);
		if (!WAIT(arrived[next] >= i)) {
			FAIL("CPU %u: %u of %u interrupts came", next, arrived[next], i);
			break;
		}
	}
	WAIT(arrived[id] >= rounds(300));
	irq_disable();
}

TEST(ring)
{
	memset((void *)arrived, 0, sizeof(arrived));
	irq_handlers[2] = count;
	on_all(ring);
	for (unsigned i = 0; i < nr_cpus; i++)
		EXPECT_EQ(arrived[i], rounds(300));
}

/* The same with the waiting ones asleep. */
static void ring_asleep(void *arg)
{
	unsigned id = this_cpu()->id, next = (id + 1) % nr_cpus;

	meet();
	for (unsigned i = 1; i <= rounds(100); i++) {
		if (id || i > 1)
			SLEEP_UNTIL(arrived[id] >= i - !id);
		gic_sgi(next, 3);
	}
}

TEST(ring_asleep)
{
	memset((void *)arrived, 0, sizeof(arrived));
	irq_handlers[3] = count;
	on_all(ring_asleep);
	irq_window();
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT_EQ(arrived[i], rounds(100));
}

/* Everybody sends to everybody as fast as possible; then all still answer. */
static void storm(void *arg)
{
	uint64_t end;

	meet();
	irq_enable();
	end = counter() + ticks_of_us(200000);
	for (unsigned i = 0; counter() < end; i++) {
		gic_sgi(i % nr_cpus, 4 + i % 8);
		gic_sgi_others(4 + i % 8);
	}
	irq_disable();
	for (unsigned i = 0; i < 32; i++)
		irq_window();
}

TEST(storm)
{
	for (unsigned i = 4; i < 12; i++)
		irq_handlers[i] = count;
	memset((void *)arrived, 0, sizeof(arrived));
	on_all(storm);
	for (unsigned i = 0; i < nr_cpus; i++)
		EXPECT(arrived[i] > 0 || nr_cpus == 1);
	memset((void *)arrived, 0, sizeof(arrived));
	irq_handlers[2] = count;
	on_all(ring);
}

/* --- memory ------------------------------------------------------------------------------- */

static volatile uint64_t counted;
static uint64_t locked_count;
static struct lock counter_lock;

static void count_up(void *arg)
{
	meet();
	for (unsigned i = 0; i < 20000; i++) {
		__atomic_fetch_add(&counted, 1, __ATOMIC_SEQ_CST);
		lock(&counter_lock);
		locked_count++;
		unlock(&counter_lock);
	}
}

TEST(atomics)
{
	counted = locked_count = 0;
	on_all(count_up);
	EXPECT_EQ(counted, 20000 * nr_cpus);
	EXPECT_EQ(locked_count, 20000 * nr_cpus);
}

/* WFE ends with the event of another CPU's store, release or SEV. */
static volatile unsigned turn;

static void take_turns(void *arg)
{
	unsigned id = this_cpu()->id;

	meet();
	for (unsigned i = 0; i < 100; i++) {
		while (turn % nr_cpus != id)
			wfe();
		turn++;
		__asm__ volatile("dsb sy\n\tsev" : : : "memory");
	}
}

TEST(events)
{
	turn = 0;
	on_all(take_turns);
	EXPECT_EQ(turn, 100 * nr_cpus);
}

extern uint64_t page_table[512];
#define WINDOW (300UL << 30) /* far from everything else */

static volatile uint64_t seen[CPUS_MAX];
static volatile unsigned step, answered;

static void look(void *arg)
{
	unsigned last = 0;

	while (last < 40) {
		if (step == last)
			continue;
		last = step;
		seen[this_cpu()->id] = *(volatile uint64_t *)WINDOW;
		__atomic_fetch_add(&answered, 1, __ATOMIC_SEQ_CST);
	}
}

/* The window shows one gigabyte or the other; after a broadcast TLBI all CPUs see the new one. */
TEST(tlb_broadcast)
{
	uint64_t entry = page_table[1];
	uint64_t there = *(volatile uint64_t *)RAM_BASE;

	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	step = 0;
	page_table[300] = entry;
	dsb();
	for (unsigned i = 1; i < nr_cpus; i++)
		cpu_start(i, look, NULL);
	for (unsigned i = 1; i <= 40; i++) {
		/* Odd: RAM; even: flash, through the first gigabyte. */
		page_table[300] = 0;
		dsb();
		__asm__ volatile("tlbi vaae1is, %0\n\tdsb sy\n\tisb" : : "r"(WINDOW >> 12));
		page_table[300] = i % 2 ? entry : page_table[0];
		dsb();
		isb();
		answered = 0;
		step = i;
		if (!EXPECT(WAIT(answered == nr_cpus - 1)))
			break;
		for (unsigned k = 1; k < nr_cpus; k++)
			EXPECT_EQ(seen[k], i % 2 ? there : *(volatile uint64_t *)FLASH_BASE);
	}
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_wait_off(i));
	page_table[300] = 300ULL << 30 | (entry & 0xfff);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" : : : "memory");
}

static uint32_t code[2] __attribute__((aligned(64)));

static void run_code(void *arg)
{
	unsigned last = 0;

	while (last < 40) {
		if (step == last)
			continue;
		last = step;
		isb();
		seen[this_cpu()->id] = ((uint64_t(*)(void))(uintptr_t)code)();
		__atomic_fetch_add(&answered, 1, __ATOMIC_SEQ_CST);
	}
}

/* Code changed by one CPU is what others execute, after maintenance by address. */
TEST(changed_code)
{
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	step = 0;
	for (unsigned i = 1; i < nr_cpus; i++)
		cpu_start(i, run_code, NULL);
	for (unsigned i = 1; i <= 40; i++) {
		*(volatile uint32_t *)&code[0] = 0xd2800000 | i << 5; /* mov x0, #i */
		*(volatile uint32_t *)&code[1] = 0xd65f03c0;	      /* ret */
		__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
				 : : "r"(code) : "memory");
		answered = 0;
		step = i;
		if (!EXPECT(WAIT(answered == nr_cpus - 1)))
			break;
		for (unsigned k = 1; k < nr_cpus; k++)
			EXPECT_EQ(seen[k], i);
	}
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_wait_off(i));
}
