/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that misbehaves in the way that "mode=" on the command line names, for ever where that is
 * possible. Whatever it does, nobody else may notice. Its own exceptions bring it back to
 * attempt(), unless the mode is about just that.
 */
#include "kit.h"

#define LAPIC	0xfee00000u
#define IOAPIC	0xfec00000u
#define ECAM	0xb0000000u
#define PCI_MEM 0xc0000000u
#define HPET	0xfed00000u
#define NOWHERE 0xa0000000u
#define AP_PAGE 0x8000u
#define RECURSE 8 /* entries of the root that are not in use */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int attempt(void (*fn)(uint64_t a, uint64_t b), uint64_t a, uint64_t b);
void instruction(uint64_t bytes, uint64_t at);
extern char exception_entries[], interrupt_entry[], other_cpu[], other_cpu_end[];
extern uint64_t page_root[512];

static struct {
	uint64_t low, high;
} idt[256] __attribute__((aligned(16)));

static uint64_t random64(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Emulated machines take long for what costs a thousand instructions here. */
static void rest(void)
{
	uint64_t n = 1000;

	__asm__ volatile("1: decq %0\n\tjnz 1b" : "+r"(n) : : "cc");
}

static void load_idt(uint16_t limit)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { limit, (uintptr_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

static void tables_init(void)
{
	for (unsigned n = 0; n < 256; n++) {
		uint64_t at = n < 32 ? (uintptr_t)exception_entries + 16 * n
				     : (uintptr_t)interrupt_entry;

		idt[n].low = (at & 0xffff) | 8 << 16 | 0x8e00ULL << 32 |
			     (at >> 16 & 0xffff) << 48;
		idt[n].high = at >> 32;
	}
	load_idt(sizeof(idt) - 1);
	/* SSE is there for those who ask. */
	__asm__ volatile("mov %0, %%cr4" : : "r"(0x620UL));
}

/* --- ports ----------------------------------------------------------------------------------- */

/* Writes there end or reset the guest, and reset is not what this is about. */
static int is_end(unsigned port)
{
	return port == 0x64 || port == 0x92 || (port >= 0xcf8 && port <= 0xcff) ||
	       (port >= 0xf1 && port < 0xf8) || (port >= 0x4fe && port < 0x505) ||
	       (port >= 0x5fd && port < 0x610);
}

static void in(uint64_t port, uint64_t width)
{
	uint32_t v;

	if (width == 1)
		__asm__ volatile("inb %w1, %b0" : "=a"(v) : "d"((uint32_t)port));
	else if (width == 2)
		__asm__ volatile("inw %w1, %w0" : "=a"(v) : "d"((uint32_t)port));
	else
		__asm__ volatile("inl %w1, %0" : "=a"(v) : "d"((uint32_t)port));
}

static void out(uint64_t port, uint64_t width)
{
	uint32_t v = (uint32_t)random64();

	if (is_end((unsigned)port))
		return;
	if (width == 1)
		__asm__ volatile("outb %b0, %w1" : : "a"(v), "d"((uint32_t)port));
	else if (width == 2)
		__asm__ volatile("outw %w0, %w1" : : "a"(v), "d"((uint32_t)port));
	else
		__asm__ volatile("outl %0, %w1" : : "a"(v), "d"((uint32_t)port));
}

static void in_string(uint64_t port, uint64_t at)
{
	uint64_t n = 40;

	__asm__ volatile("rep insb" : "+c"(n), "+D"(at) : "d"((uint32_t)port) : "memory");
}

static void out_string(uint64_t port, uint64_t at)
{
	uint64_t n = 40;

	if (is_end((unsigned)port))
		return;
	__asm__ volatile("rep outsw" : "+c"(n), "+S"(at) : "d"((uint32_t)port) : "memory");
}

static void mode_ports(void)
{
	static const uint64_t strange[] = { LAPIC,	IOAPIC,	    NOWHERE,
					    1ULL << 63, ~0ULL - 3,  0x1ffff8 };

	for (unsigned port = 0; port < 0x10000; port += port < 0x1000 ? 1 : 61) {
		for (unsigned width = 1; width <= 4; width *= 2) {
			attempt(in, port, width);
			attempt(out, port, width);
		}
	}
	for (;;) {
		uint64_t r = random64(), at = strange[r % COUNT(strange)];

		attempt(r & 1 << 20 ? in_string : out_string, r >> 32 & 0xfff, at);
		attempt(r & 1 << 21 ? in : out, r >> 16 & 0xffff, 1u << (r >> 8) % 3);
		rest();
	}
}

/* --- registers of devices --------------------------------------------------------------------- */

static const uint32_t devices[] = { LAPIC, IOAPIC, ECAM, PCI_MEM, HPET, NOWHERE, 0xfffff000u };

static void touch(uint64_t at, uint64_t how)
{
	volatile uint8_t *p = (volatile uint8_t *)at;
	uint64_t v = random64();

	switch (how & 7) {
	case 0:
		*p = (uint8_t)v;
		break;
	case 1:
		*(volatile uint16_t *)p = (uint16_t)v;
		break;
	case 2:
		*(volatile uint32_t *)p = (uint32_t)v;
		break;
	case 3:
		*(volatile uint64_t *)p = v;
		break;
	case 4:
		(void)*p;
		break;
	case 5:
		(void)*(volatile uint16_t *)p;
		break;
	case 6:
		(void)*(volatile uint32_t *)p;
		break;
	case 7:
		(void)*(volatile uint64_t *)p;
		break;
	}
}

/* The command register of an APIC can do away with the guest. */
static int is_command(uint64_t at)
{
	return (at & ~0xffffULL) == LAPIC && (at & 0xfff) + 8 > 0x300 && (at & 0xfff) < 0x310;
}

static void mode_registers(void)
{
	for (unsigned d = 0; d < COUNT(devices); d++)
		for (unsigned at = 0; at < 0x400; at++)
			for (unsigned how = 0; how < 8; how++)
				if (!is_command(devices[d] + at))
					attempt(touch, devices[d] + at, how);
	for (;;) {
		uint64_t r = random64(), at = devices[r % COUNT(devices)] + (r >> 16 & 0x1ffff);

		if (!is_command(at))
			attempt(touch, at, r >> 8);
		rest();
	}
}

/* --- instructions ----------------------------------------------------------------------------- */

/* With RDI, RSI and RBX at a device, or where nothing is; padded with NOPs. */
static const uint64_t instructions[] = {
	0x909090909007110f, /* movups %xmm0, (%rdi) */
	0x909090909007100f, /* movups (%rdi), %xmm0 */
	0x909090907f0f6690 | 0x07ULL << 56, /* nop; movdqa */
	0x9090909007c70ff0, /* lock cmpxchg8b-like, undefined form */
	0x90909090900fc70f, /* cmpxchg8b (%rdi) */
	0x909090900fc70f48, /* cmpxchg16b (%rdi) */
	0x9090909007ae0f90, /* fxsave (%rdi) */
	0x909090900fae0f90, /* fxrstor (%rdi) */
	0x9090909027ae0f90, /* xsave (%rdi) */
	0x90909090909037ff, /* push (%rdi) */
	0x909090909090078f, /* pop (%rdi) */
	0x90909090909017ff, /* call *(%rdi) */
	0x90909090909027ff, /* jmp *(%rdi) */
	0x9090909090901fff, /* lcall *(%rdi) */
	0x909090909090a4f3, /* rep movsb */
	0x909090909090a7f3, /* rep cmpsd */
	0x909090909090abf3, /* rep stosd */
	0x909090909007c10f, /* xadd %eax, (%rdi) */
	0x9090909007b10ff0, /* lock cmpxchg %eax, (%rdi) */
	0x90909090909037f7, /* div (%rdi) */
	0x90909090909007d9, /* fld (%rdi) */
	0x90909090909007db, /* fild (%rdi) */
	0x909090909090c907, /* undefined in 64-bit code */
	0x9090909090900b0f, /* ud2 */
	0x6666666666666666, /* prefixes without end */
	0x90909090901f010f, /* lidt (%rdi) at a device */
	0x9090909090d8010f, /* vmrun */
	0x9090909090d9010f, /* vmmcall */
	0x9090909090da010f, /* vmload */
	0x9090909090db010f, /* vmsave */
	0x9090909090dc010f, /* stgi */
	0x9090909090dd010f, /* clgi */
	0x9090909090de010f, /* skinit */
	0x9090909090df010f, /* invlpga */
	0x9090909090c8010f, /* monitor */
	0x9090909090c9010f, /* mwait */
	0x9090909090d1010f, /* xsetbv */
	0x9090909090fd010f, /* rdpru */
	0x9090909090c1010f, /* vmcall of others */
	0x909090909090330f, /* rdpmc */
	0x909090909090080f, /* invd */
	0x909090909090090f, /* wbinvd */
	0x909090909090aa0f, /* rsm */
	0x90909090903f010f, /* invlpg (%rdi) */
	0x909090909090050f, /* syscall, nowhere to go */
	0x909090909090350f, /* sysexit */
};

static void jump(uint64_t at, uint64_t unused)
{
	(void)unused;
	((void (*)(void))at)();
}

static void mode_instructions(void)
{
	/* Where devices' registers may send it. */
	for (volatile char *p = (char *)1; p < (char *)0x6000; p++)
		*p = (char)0xcc;
	for (volatile char *p = (char *)0x30000; p < (char *)0x9f000; p++)
		*p = (char)0xcc;
	for (uint64_t n = 0;; n++) {
		uint64_t where = devices[n / COUNT(instructions) % COUNT(devices)];

		if (instructions[n % COUNT(instructions)] == 0x90909090901f010f)
			load_idt(sizeof(idt) - 1);
		else
			attempt(instruction, instructions[n % COUNT(instructions)], where);
		if (n % COUNT(instructions) == 0)
			attempt(jump, where == LAPIC ? LAPIC + 0x1000 : where, 0);
	}
}

/* Random bytes in the place of instructions; it may end itself by them in some way. */
static void mode_code(void)
{
	for (;;)
		attempt(instruction, random64(), LAPIC + (random64() & 0x3ff));
}

/* --- page tables ------------------------------------------------------------------------------ */

static void set_root(unsigned n, uint64_t entry)
{
	page_root[n] = entry;
	__asm__ volatile("mov %%cr3, %%rax\n\tmov %%rax, %%cr3" : : : "rax", "memory");
}

/* Tables that lead to themselves, to reserved bits, and then to where there is no memory. */
static void mode_tables(void)
{
	uint64_t self = (uintptr_t)page_root | 7;

	for (unsigned i = 0; i < 2000; i++) {
		uint64_t at = (uint64_t)RECURSE << 39 | (random64() & 0x7fffffffff);

		set_root(RECURSE, self);
		attempt(touch, at, 4 + (i & 3));
		set_root(RECURSE, self | random64() << 40);
		attempt(touch, at, 4 + (i & 3));
		attempt(in_string, 0x3fd, at);
	}
	set_root(RECURSE, (boot_arg_number("at", NOWHERE) & ~0xfffULL) | 7);
	attempt(touch, (uint64_t)RECURSE << 39, 7);
	for (;;)
		attempt(in_string, 0x3fd, (uint64_t)RECURSE << 39);
}

/* --- system registers ------------------------------------------------------------------------- */

static void write_msr(uint64_t msr, uint64_t v)
{
	wrmsr((uint32_t)msr, v);
}

static void read_msr(uint64_t msr, uint64_t unused)
{
	(void)unused;
	(void)rdmsr((uint32_t)msr);
}

static void mode_msrs(void)
{
	static const uint32_t bases[] = { 0, 0x200, 0x800, 0x40000000, 0x4b564d00, 0xc0000080,
					  0xc0000100, 0xc0010000, 0xc0010110, 0xc0011020 };

	for (;;) {
		uint64_t r = random64(), v = random64();
		uint32_t msr = bases[r % COUNT(bases)] + (r >> 16 & 0x7f);

		attempt(read_msr, msr, 0);
		/* Not FS and GS, which are this program's, nor the APIC's commands and its base. */
		if (msr != 0x1b && msr != 0x830)
			attempt(write_msr, msr, r & 1 << 30 ? v : v & 0xfff);
		rest();
	}
}

static void write_cr(uint64_t n, uint64_t v)
{
	switch (n) {
	case 0:
		__asm__ volatile("mov %0, %%cr0" : : "r"(v | 0x80000001));
		break;
	case 1:
		__asm__ volatile("mov %0, %%cr4" : : "r"(v | 0x20));
		break;
	case 2:
		__asm__ volatile("mov %0, %%cr8" : : "r"(v));
		break;
	case 3:
		__asm__ volatile("mov %0, %%dr7" : : "r"(v & ~0xffULL));
		break;
	case 4:
		__asm__ volatile("mov %0, %%dr6" : : "r"(v));
		break;
	case 5:
		__asm__ volatile("xsetbv" : : "c"((uint32_t)(v >> 60)), "a"((uint32_t)v), "d"(0));
		break;
	case 6:
		__asm__ volatile("mov %0, %%dr1" : : "r"(v));
		break;
	default:
		wrmsr(0xc0000080, v);
		break;
	}
}

static void mode_control(void)
{
	for (;;) {
		uint64_t r = random64();

		attempt(write_cr, r & 7, r & 8 ? random64() : 1ULL << (r >> 8 & 63));
		write_cr(0, 0x31);
		attempt(write_cr, 1, 0x620);
	}
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void apic_init(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	mmio_write(LAPIC + 0xf0, 0x1ff);
	__asm__ volatile("sti");
}

/*
 * Of all kinds to itself, NMIs and those that only real buses know too, and to those who are not
 * there. Vectors from 16 on can be interrupts.
 */
static void mode_ipis(void)
{
	static const uint32_t kinds[] = { 0x200, 0x300, 0x400, 0x700 };

	for (unsigned n = 16; n < 32; n++)
		idt[n] = idt[32];
	idt[2] = idt[32];
	apic_init();
	for (;;) {
		uint64_t r = random64();

		mmio_write(LAPIC + 0x310, (uint32_t)(r >> 8 & 0xff) << 24);
		mmio_write(LAPIC + 0x300, 0x44000 | (32 + r % 224));
		mmio_write(LAPIC + 0x300, 0x84000 | (r & 0xff));
		mmio_write(LAPIC + 0x300, 0x04100 | (r >> 16 & 0xff));
		mmio_write(LAPIC + 0x300, 0x44000 | kinds[r >> 24 & 3] | (r & 0xff));
		mmio_write(LAPIC + 0x300, 0x84000 | kinds[r >> 26 & 3] | (r & 0xff));
		rest();
	}
}

/* INIT to itself, which is a reset of the machine each time. */
static void mode_resets(void)
{
	apic_init();
	for (;;)
		mmio_write(LAPIC + 0x300, 0x44500);
}

/* --- tasks ------------------------------------------------------------------------------------ */

uint64_t tasks_gdt[10], tasks_idt[129];
static uint32_t task_states[3][26];

/* A descriptor of a task's state. */
static uint64_t task(uint64_t base, uint64_t limit, uint64_t type)
{
	return limit | (base & 0xffffff) << 16 | type << 40 | (base >> 24) << 56;
}

static void mode_tasks(void)
{
	static uint8_t stacks[3][256];
	extern char tasks_recover[], task_called[], task_jumped[];
	char *const begin[3] = { tasks_recover, task_called, task_jumped };
	void tasks(void);

	tasks_gdt[1] = 0x00cf9b000000ffff;
	tasks_gdt[2] = 0x00cf93000000ffff;
	for (unsigned n = 0; n < 3; n++) {
		uint32_t *t = task_states[n];

		t[8] = (uint32_t)(uintptr_t)begin[n];
		t[9] = 2;
		t[14] = (uint32_t)(uintptr_t)(stacks[n] + sizeof(stacks[n]));
		t[19] = 8;
		t[18] = t[20] = t[21] = t[22] = t[23] = 0x10;
		tasks_gdt[3 + n] = task((uintptr_t)t, sizeof(task_states[n]) - 1, 0x89);
	}
	/* Too short, nowhere, a device, not present. */
	tasks_gdt[6] = task((uintptr_t)task_states[1], 0x20, 0x89);
	tasks_gdt[7] = task(NOWHERE, 0x67, 0x89);
	tasks_gdt[8] = task(LAPIC, 0x67, 0x89);
	tasks_gdt[9] = task((uintptr_t)task_states[2], 0x67, 0x09);
	for (unsigned n = 0; n < 32; n++)
		tasks_idt[n] = ((uintptr_t)tasks_recover & 0xffff) | 8 << 16 | 0x8eULL << 40 |
			       (uint64_t)((uintptr_t)tasks_recover >> 16) << 48;
	tasks_idt[128] = 0x20 << 16 | 0x85ULL << 40;
	tasks();
}

/* INIT and start of another processor, over and over. */
static void mode_starts(void)
{
	uint32_t destination = 1u << 24;

	for (char *p = other_cpu; p < other_cpu_end; p++)
		((volatile char *)AP_PAGE)[p - other_cpu] = *p;
	apic_init();
	for (;;) {
		mmio_write(LAPIC + 0x310, destination);
		mmio_write(LAPIC + 0x300, 0x4500);
		mmio_write(LAPIC + 0x310, destination);
		mmio_write(LAPIC + 0x300, 0x4600 | AP_PAGE >> 12);
		mmio_write(LAPIC + 0x300, 0x4600 | (random64() & 0xff));
		rest();
	}
}

/* All timers as fast as they go. */
static void mode_timers(void)
{
	apic_init();
	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xfe);
	outb(0x43, 0x34);
	outb(0x40, 2);
	outb(0x40, 0);
	outb(0x70, 0xa);
	outb(0x71, 0x21);
	outb(0x70, 0xb);
	outb(0x71, 0x72);
	mmio_write(LAPIC + 0x3e0, 0xb);
	mmio_write(LAPIC + 0x320, 0x20040);
	for (;;) {
		mmio_write(LAPIC + 0x380, 1);
		__asm__ volatile("sti\n\thlt");
		outb(0x70, 0xc);
		(void)inb(0x71);
	}
}

/* Leaving as often as possible. */
static void mode_calls(void)
{
	for (;;) {
		uint32_t a = (uint32_t)random64(), b, c = (uint32_t)random64() & 0xff, d;

		__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		__asm__ volatile("vmmcall" : "+a"(a) : : "rbx", "rcx", "rdx");
		if (!(d & 63))
			__asm__ volatile("pause");
	}
}

/* --- ends ------------------------------------------------------------------------------------- */

static void mode_triple(void)
{
	load_idt(0);
	__asm__ volatile("ud2");
}

/* Where the next instruction would be there is nothing, and neither are its vectors. */
static void mode_lost(void)
{
	for (unsigned n = 0; n < 32; n++)
		idt[n].low = (idt[n].low & 0x0000ffffffff0000) | (uint64_t)(NOWHERE >> 16) << 48;
	((void (*)(void))(uintptr_t)NOWHERE)();
}

static void mode_stack(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"((uint64_t)NOWHERE + 0x1000));
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "ports", mode_ports },	{ "registers", mode_registers },
	{ "insns", mode_instructions }, { "code", mode_code },
	{ "tables", mode_tables },	{ "msrs", mode_msrs },
	{ "control", mode_control },	{ "ipis", mode_ipis },
	{ "starts", mode_starts },	{ "timers", mode_timers },
	{ "calls", mode_calls },	{ "triple", mode_triple },
	{ "lost", mode_lost },		{ "stack", mode_stack },
	{ "tasks", mode_tasks },	{ "resets", mode_resets },
};

void guest_main(void)
{
	const char *wanted = boot_arg("mode");

	tables_init();
	for (unsigned n = 0; wanted && n < COUNT(modes); n++) {
		unsigned i;

		for (i = 0; modes[n].name[i] && modes[n].name[i] == wanted[i]; i++)
			;
		if (!modes[n].name[i] && (!wanted[i] || wanted[i] == ' '))
			modes[n].run();
	}
	print_text("FAIL: no such mode\n");
}
