/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measures what operations cost a guest on a PC, in ticks of its counter. On QEMU with -icount
 * shift=0 a tick is one instruction, the hypervisor's included. Prints "BENCH name value max value"
 * and in the end "BENCH done". Runs on the bare machine as well.
 */
#include "kit.h"

#define SAMPLES	  200
#define AHEAD	  20000
#define BLOCK	  5000000
#define LAPIC	  0xfee00000
#define IOAPIC	  0xfec00000
#define VECTOR	  0x40

extern char interrupt_entry[], exception_entry[];

static struct {
	uint64_t low, high;
} idt[256] __attribute__((aligned(16)));

static uint64_t zero; /* what measuring itself costs */
static uint64_t sum, max, count;

static void add(uint64_t ticks)
{
	ticks = ticks > zero ? ticks - zero : 0;
	sum += ticks;
	count++;
	if (ticks > max)
		max = ticks;
}

static void report(const char *name)
{
	print_text("BENCH ");
	print_text(name);
	print_text(" ");
	print_number((sum + count / 2) / count);
	print_text(" max ");
	print_number(max);
	print_text("\n");
	sum = max = count = 0;
}

#define MEASURE(name, ...)                                                                          \
	do {                                                                                        \
		for (unsigned i_ = 0; i_ < SAMPLES; i_++) {                                         \
			uint64_t from_ = rdtsc();                                                   \
			__VA_ARGS__;                                                                \
			add(rdtsc() - from_);                                                       \
		}                                                                                   \
		report(name);                                                                       \
	} while (0)

static inline void do_cpuid(void)
{
	uint32_t a = 0x40000001, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

static inline void do_vmmcall(void)
{
	uint64_t a = 0x7fffffff;

	__asm__ volatile("vmmcall" : "+a"(a) : : "memory", "rbx", "rcx", "rdx");
}

static inline void do_rdmsr(uint32_t msr)
{
	uint32_t a, d;

	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(msr) : "memory");
}

static void set_gate(unsigned n, const char *to)
{
	uint64_t at = (uintptr_t)to;

	idt[n].low = (at & 0xffff) | 8 << 16 | 0x8e00ULL << 32 | (at >> 16 & 0xffff) << 48;
	idt[n].high = at >> 32;
}

static void interrupts_init(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };
	unsigned n;

	for (n = 0; n < 256; n++)
		set_gate(n, n < 32 ? exception_entry : interrupt_entry);
	__asm__ volatile("lidt %0" : : "m"(idtr));
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	mmio_write(LAPIC + 0xf0, 0x1ff);
	mmio_write(LAPIC + 0x3e0, 0xb);
	mmio_write(LAPIC + 0x320, VECTOR);
	__asm__ volatile("sti");
}

static void measure_self_ipi(void)
{
	unsigned i;

	for (i = 0; i < SAMPLES; i++) {
		uint32_t before = interrupts;
		uint64_t from = rdtsc();

		mmio_write(LAPIC + 0x300, 0x44000 | VECTOR);
		while (interrupts == before)
			;
		add(interrupt_tsc - from);
	}
	report("self_ipi");
}

/* Ticks of the APIC's timer are nanoseconds, or the bus' own on another machine. */
static void measure_timer(const char *name, int halt)
{
	unsigned i;

	/* The first one is not counted: nobody has been here yet. */
	for (i = 0; i <= SAMPLES / 4; i++) {
		uint32_t before = interrupts;
		uint64_t due = rdtsc() + AHEAD;

		__asm__ volatile("cli");
		mmio_write(LAPIC + 0x380, AHEAD);
		if (halt)
			__asm__ volatile("sti\n\thlt" : : : "memory");
		__asm__ volatile("sti" : : : "memory");
		while (interrupts == before)
			;
		if (i)
			add(interrupt_tsc > due ? interrupt_tsc - due : 0);
	}
	report(name);
}

static void measure_block(void)
{
	uint64_t from = rdtsc(), rounds = BLOCK / 2;

	__asm__ volatile("1: decq %0\n\tjnz 1b" : "+r"(rounds));
	sum = rdtsc() - from;
	sum = max = sum > BLOCK ? sum - BLOCK : 0;
	count = 1;
	report("block_excess");
}

void guest_main(void)
{
	uint64_t from = rdtsc();

	zero = rdtsc() - from;
	interrupts_init();
	MEASURE("cpuid", do_cpuid());
	MEASURE("vmmcall", do_vmmcall());
	MEASURE("uart_in", inb(0x3fd));
	MEASURE("uart_out", outb(0x3ff, 0));
	MEASURE("pit_in", inb(0x40));
	MEASURE("pic_in", inb(0x21));
	MEASURE("rdmsr", do_rdmsr(0x8b));
	MEASURE("lapic_read", mmio_read(LAPIC + 0x30));
	MEASURE("lapic_eoi", mmio_write(LAPIC + 0xb0, 0));
	MEASURE("ioapic_read", mmio_read(IOAPIC + 0x10));
	measure_self_ipi();
	measure_timer("timer_busy", 0);
	measure_timer("timer_hlt", 1);
	measure_block();
	print_text("BENCH done\n");
	outw(0x604, 0x3400); /* off, where QEMU's q35 and our board have it */
}
