/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the second CPU again and again, whatever it does at that moment, and what ends its HLT:
 * an interrupt that it takes, nothing else. "rounds=" starts; prints "SMP ok name" for each, and
 * "SMP done". Runs on the bare machine as well.
 */
#include "kit.h"

#define LAPIC	0xfee00000u
#define OTHER	(1u << 24)
#define INIT	0x4500u
#define STARTUP 0x4600u
#define NMI	0x4400u
#define FIXED	0x4040u
#define AP_PAGE 0x8000u

enum { SPINS, MASKED, PRIORITY };

/* What both have of each other; at 0x7000 (smp_asm.S). */
static volatile struct told {
	uint32_t starts, how, ready, wakes, nmis, taken;
} *const told = (volatile struct told *)0x7000;

extern const char ap_begin[], ap_end[];

static unsigned wrong;

static void result(const char *name, int good)
{
	wrong += !good;
	print_text(good ? "SMP ok " : "SMP FAIL ");
	print_text(name);
	if (!good) {
		print_text(": starts ");
		print_number(told->starts);
		print_text(" wakes ");
		print_number(told->wakes);
		print_text(" NMIs ");
		print_number(told->nmis);
		print_text(" interrupts ");
		print_number(told->taken);
	}
	print_text("\n");
}

static void send(uint32_t what)
{
	while (mmio_read(LAPIC + 0x300) & 0x1000)
		;
	mmio_write(LAPIC + 0x310, OTHER);
	mmio_write(LAPIC + 0x300, what);
}

/* @return whether it came to that, within a minute of a counter of some GHz */
static int becomes(volatile uint32_t *word, uint32_t value)
{
	uint64_t begin = rdtsc();

	while (*word != value && rdtsc() - begin < 200000000000)
		__asm__ volatile("pause");
	return *word == value;
}

static int start(uint32_t how, unsigned inits)
{
	uint32_t before = told->starts;

	while (inits--)
		send(INIT);
	told->how = how;
	told->ready = told->wakes = told->nmis = told->taken = 0;
	send(STARTUP | AP_PAGE >> 12);
	return becomes(&told->starts, before + 1);
}

/* It sleeps through interrupts that it does not take, and wakes up for the one that it does. */
static void sleeps(const char *name, uint32_t how)
{
	int good = start(how, 1) && becomes(&told->ready, 1);

	for (unsigned n = 0; n < 200; n++) {
		send(FIXED);
		for (unsigned i = 0; i < 50; i++)
			(void)mmio_read(LAPIC + 0x20);
	}
	good = good && !told->wakes && !told->taken;
	send(NMI);
	good = good && becomes(&told->wakes, 1) && told->nmis == 1 && !told->taken;
	result(name, good);
}

void guest_main(void)
{
	uint64_t rounds = boot_arg_number("rounds", 300), n;

	for (const char *p = ap_begin; p < ap_end; p++)
		((volatile char *)(uintptr_t)AP_PAGE)[p - ap_begin] = *p;
	told->starts = 0;
	mmio_write(LAPIC + 0xf0, 0x1ff);
	for (n = 0; n < rounds; n++) {
		if (!start((uint32_t)(n % 3), (unsigned)(n / 3 % 3) + 1))
			break;
		if (n & 1 && !becomes(&told->ready, 1))
			break;
	}
	result("starts", n == rounds);
	sleeps("masked", MASKED);
	sleeps("priority", PRIORITY);
	print_text(wrong ? "SMP wrong\n" : "SMP done\n");
	outb(0x501, wrong ? 1 : 0);
}
