/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU does behind an instruction, where the hypervisor carried it out: single steps,
 * breakpoints, the shadow of STI; and NMIs, which do not come before the handler of the last one
 * has returned. Prints "TRAP ok name" for each, and "TRAPS done". Runs on the bare machine as well.
 */
#include "kit.h"

#define LAPIC	 0xfee00000u
#define ICR	 (LAPIC + 0x300)
#define VECTOR	 0x40
#define ICR_SELF 0x44000u
#define ICR_NMI	 0x400u

#define RFLAGS_TF 0x100u
#define RFLAGS_RF 0x10000u
#define DR6_STEP  0x4000u

enum { DB = 1, NMI = 2 };

struct frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

static struct {
	uint64_t low, high;
} idt[256] __attribute__((aligned(16)));

/* What came, and what the handler does. */
static struct {
	unsigned vector, count;
	uint64_t rip[4], dr6;
} seen;
static volatile unsigned nmis, nmi_depth, nmi_bad;
static unsigned wrong;

extern char trap_entries[];
void trap(struct frame *f);

static inline uint64_t read_dr6(void)
{
	uint64_t v;

	__asm__ volatile("mov %%dr6, %0" : "=r"(v));
	return v;
}

static inline void write_dr6(uint64_t v)
{
	__asm__ volatile("mov %0, %%dr6" : : "r"(v));
}

/* The second one is asked for while the first is handled. */
static void take_nmi(const struct frame *f)
{
	if (nmi_depth || f->rflags & RFLAGS_TF)
		nmi_bad++;
	nmi_depth++;
	if (++nmis == 1) {
		mmio_write(ICR, ICR_SELF | ICR_NMI);
		/* Long enough for it to come, if it could; with exits. */
		for (unsigned i = 0; i < 100; i++)
			(void)mmio_read(LAPIC + 0x20);
	}
	nmi_depth--;
}

void trap(struct frame *f)
{
	if (f->vector == NMI) {
		take_nmi(f);
		return;
	}
	seen.vector = (unsigned)f->vector;
	if (seen.count < 4)
		seen.rip[seen.count] = f->rip;
	seen.count++;
	if (f->vector == DB) {
		seen.dr6 = read_dr6();
		write_dr6(0xffff0ff0);
		f->rflags &= ~(uint64_t)RFLAGS_TF;
		/* Over a breakpoint. */
		if (seen.dr6 & 3)
			f->rflags |= RFLAGS_RF;
		else
			f->rflags &= ~(uint64_t)RFLAGS_RF;
	} else if (f->vector == VECTOR) {
		mmio_write(LAPIC + 0xb0, 0);
	} else {
		print_text("FAIL: exception ");
		print_number(f->vector);
		print_text(" at ");
		print_hex(f->rip);
		print_text("\n");
		for (;;)
			__asm__ volatile("hlt");
	}
}

static void forget(void)
{
	seen.vector = seen.count = 0;
	seen.dr6 = 0;
}

static void told(const char *kind, const char *name, int good)
{
	print_text(good ? "TRAP ok " : "TRAP FAIL ");
	print_text(kind);
	print_text(name);
	if (!good) {
		wrong++;
		print_text(": vector ");
		print_number(seen.vector);
		print_text(" count ");
		print_number(seen.count);
		print_text(" rip ");
		print_hex(seen.rip[0]);
		print_text(" then ");
		print_hex(seen.rip[1]);
		print_text(" dr6 ");
		print_hex(seen.dr6);
	}
	print_text("\n");
}

static void step(const char *name, void (*run)(void), const char *end)
{
	/* Twice: the second time the hypervisor may know the instruction. */
	for (unsigned n = 0; n < 2; n++) {
		forget();
		run();
		told("step ", name, seen.vector == DB && seen.count == 1 &&
		     seen.rip[0] == (uintptr_t)end && seen.dr6 & DR6_STEP);
	}
}

static void shadow(const char *name, void (*run)(void), const char *end)
{
	forget();
	mmio_write(ICR, ICR_SELF | VECTOR);
	run();
	told("shadow ", name, seen.vector == VECTOR && seen.count == 1 &&
	     seen.rip[0] == (uintptr_t)end);
}

#define PIECE(kind, name)                                                                           \
	do {                                                                                        \
		extern char kind##_##name##_end[];                                                  \
		void kind##_##name(void);                                                           \
		kind(#name, kind##_##name, kind##_##name##_end);                                    \
	} while (0)

static void breakpoints(void)
{
	extern char break_pair_at[], break_pair_end[];
	void break_pair(void);

	__asm__ volatile("mov %0, %%dr0\n\tmov %1, %%dr1\n\tmov %2, %%dr7"
			 : : "r"(break_pair_at), "r"(break_pair_end), "r"(0x40aUL));
	forget();
	break_pair();
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x400UL));
	told("", "breakpoints", seen.vector == DB && seen.count == 2 &&
	     seen.rip[0] == (uintptr_t)break_pair_at && seen.rip[1] == (uintptr_t)break_pair_end);
}

static void nmi(void)
{
	uint64_t end = rdtsc() + 60000000000; /* of a GHz and more: however slow the machine */

	forget();
	mmio_write(ICR, ICR_SELF | ICR_NMI);
	while (nmis < 2 && rdtsc() < end)
		;
	seen.count = nmis;
	seen.vector = nmi_bad;
	told("", "nmi", nmis == 2 && !nmi_bad);
}

void guest_main(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	for (unsigned n = 0; n < 256; n++) {
		uint64_t at = (uintptr_t)trap_entries + 16 * n;

		idt[n].low = (at & 0xffff) | 8 << 16 | 0x8e00ULL << 32 | (at >> 16 & 0xffff) << 48;
	}
	__asm__ volatile("lidt %0" : : "m"(idtr));
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	mmio_write(LAPIC + 0xf0, 0x1ff);
	PIECE(step, nop);
	PIECE(step, cpuid);
	PIECE(step, in);
	PIECE(step, out);
	PIECE(step, ins);
	PIECE(step, rdmsr);
	PIECE(step, load);
	PIECE(step, store);
	PIECE(step, add);
	PIECE(step, wbinvd);
	PIECE(step, tpr);
	PIECE(shadow, nop);
	PIECE(shadow, cpuid);
	PIECE(shadow, in);
	PIECE(shadow, load);
	PIECE(shadow, add);
	PIECE(shadow, rdmsr);
	breakpoints();
	nmi();
	print_text(wrong ? "TRAPS wrong\n" : "TRAPS done\n");
	outb(0x501, wrong ? 1 : 0);
}
