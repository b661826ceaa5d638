/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that misbehaves in the way that "mode=" on the command line names, for ever where that is
 * possible; "seed=" for other random numbers, "steps=" for an end ("HOSTILE done"). Whatever it
 * does, nobody else may notice. Modes that destroy this guest itself say so before: "HOSTILE goes".
 */
#include "hostile.h"

static uint64_t steps; /* 0: without end */

bool go_on(uint64_t i)
{
	return !steps || i < steps;
}

/* --- device registers --------------------------------------------------------------------- */

static const struct {
	uintptr_t base;
	uint32_t size;
} regions[] = {
	{ GICD_BASE, 0x10000 },	  { GICC_BASE, 0x10000 },   { GICR_BASE, 0x40000 },
	{ UART_BASE, 0x1000 },	  { RTC_BASE, 0x1000 },	    { GPIO_BASE, 0x1000 },
	{ VIRTIO_BASE, 0x4000 },  { FLASH_BASE, 0x80000 },  { FLASH_BASE + FLASH_BANK, 0x80000 },
	{ 0x0a004000, 0x1000 },	  { 0x08020000, 0x1000 },
};

/* Any width, aligned or not, as a read or a write. */
static void touch(uintptr_t at, unsigned how, uint64_t value)
{
	switch (how & 7) {
	case 0:
		write8(at, (uint8_t)value);
		break;
	case 1:
		write16(at, (uint16_t)value);
		break;
	case 2:
		write32(at, (uint32_t)value);
		break;
	case 3:
		write64(at, value);
		break;
	case 4:
		read8(at);
		break;
	case 5:
		read16(at);
		break;
	case 6:
		read32(at);
		break;
	case 7:
		read64(at);
		break;
	}
}

/* Forms that the processor does not describe to a hypervisor: pairs, write-back, atomics. */
static void touch_strangely(uintptr_t at, unsigned how)
{
	switch (how & 7) {
	case 0:
		__asm__ volatile("ldp x0, x1, [%0]" : : "r"(at) : "x0", "x1", "memory");
		break;
	case 1:
		__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(at) : "memory");
		break;
	case 2:
		__asm__ volatile("ldr x0, [%0], #8" : "+r"(at) : : "x0", "memory");
		break;
	case 3:
		__asm__ volatile("str wzr, [%0, #4]!" : "+r"(at) : : "memory");
		break;
	case 4:
		__asm__ volatile("ldxr x0, [%0]" : : "r"(at) : "x0", "memory");
		break;
	case 5:
		__asm__ volatile("stxr w0, xzr, [%0]" : : "r"(at) : "x0", "memory");
		break;
	case 6:
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
		break;
	case 7:
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
		break;
	}
}

/* Every register, with every width, in order, then at random. */
static void all_registers(void)
{
	for (unsigned r = 0; r < ARRAY_SIZE(regions); r++) {
		for (unsigned at = 0; at < 0x1000; at++)
			for (unsigned how = 0; how < 8; how++)
				CATCH(touch(regions[r].base + at, how, random64()));
	}
}

static void mode_registers(void)
{
	all_registers();
	for (uint64_t i = 0; go_on(i); i++) {
		unsigned r = random64() % ARRAY_SIZE(regions);
		uintptr_t at = regions[r].base + random64() % regions[r].size;
		uint64_t how = random64(), value = random64();

		/* Small values hit more. */
		if (how & 64)
			value = 1ULL << (value & 63);
		if (how & 128)
			at &= ~7UL;
		if (how & 256)
			CATCH(touch_strangely(at, (unsigned)how));
		else
			CATCH(touch(at, (unsigned)how, value));
	}
}

/* --- addresses that nobody has ------------------------------------------------------------ */

extern uint64_t page_table[512];

static void mode_nowhere(void)
{
	/* Entry 1 is this guest itself, entry 0 its devices. */
	for (uint64_t i = 0; go_on(i); i++) {
		uintptr_t at = 0x80000000 + random64() % (510UL << 30);
		uint64_t how = random64();

		if (how & 256)
			at = 0x0b000000 + random64() % 0x30000000;
		if (how & 512)
			CATCH(((void (*)(void))(at & ~3UL))());
		else if (how & 1024)
			CATCH(touch_strangely(at & ~15UL, (unsigned)how));
		else
			CATCH(touch(at, (unsigned)how, how));
	}
}

/* Translation tables where there is no memory, or that are devices. */
static void mode_tables(void)
{
	static const uint64_t places[] = { 0x3f000000, UART_BASE, GICD_BASE, FLASH_BASE,
					   0x80000000, 0xfffffff000, VIRTIO_BASE };

	for (uint64_t i = 0; go_on(i); i++) {
		page_table[200] = places[i % ARRAY_SIZE(places)] | 3;
		__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
		CATCH(read32((200UL << 30) + i * 4096));
		CATCH(write32((200UL << 30) + i * 4096, 0));
		CATCH(((void (*)(void))((200UL << 30) + i * 4096))());
		CATCH(__asm__ volatile("at s1e1r, %0" : : "r"((200UL << 30) + i * 4096)));
	}
}

/* --- exceptions without end --------------------------------------------------------------- */

static void make_devices_executable(void)
{
	page_table[0] &= ~(BIT(53) | BIT(54));
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
}

static void mode_no_vectors(void)
{
	print("HOSTILE goes\n");
	make_devices_executable();
	WRITE_SYSREG(vbar_el1, 0x3f000000);
	isb();
	__asm__ volatile(".inst 0");
}

static void mode_device_vectors(void)
{
	print("HOSTILE goes\n");
	make_devices_executable();
	WRITE_SYSREG(vbar_el1, UART_BASE);
	isb();
	__asm__ volatile(".inst 0");
}

/* The vectors may not be executed: the guest takes one exception after the other by itself. */
static void mode_fault_loop(void)
{
	print("HOSTILE goes\n");
	WRITE_SYSREG(vbar_el1, UART_BASE);
	isb();
	__asm__ volatile(".inst 0");
}

/* The handler is the fault: it never ends, and the hypervisor never sees it. */
static void mode_vector_loop(void)
{
	static uint32_t table[512] __attribute__((aligned(2048)));

	print("HOSTILE goes\n");
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = 0;
	__asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
	WRITE_SYSREG(vbar_el1, (uintptr_t)table);
	isb();
	__asm__ volatile(".inst 0");
}

/* --- floods ------------------------------------------------------------------------------- */

static void mode_console(void)
{
	for (uint64_t i = 0; go_on(i); i++)
		write32(UART_BASE, 'a' + i % 26);
}

static void mode_console_lines(void)
{
	for (uint64_t i = 0; go_on(i); i++)
		print("%lu \033[2J\033[31m XVisor# panic: %lx\n", i, random64());
}

static void mode_sgi(void)
{
	irq_enable();
	for (uint64_t i = 0; go_on(i); i++) {
		gic_sgi(0, i % 16);
		if (i % 64 == 0)
			gic_sgi_others(i / 64 % 16);
	}
}

static void storm(void *arg)
{
	irq_enable();
	for (uint64_t i = 0; go_on(i); i++)
		gic_sgi_others(i % 16);
}

static void mode_sgi_all(void)
{
	for (unsigned i = 1; i < nr_cpus; i++)
		cpu_start(i, storm, NULL);
	storm(NULL);
}

/* A timer whose line never falls: an interrupt after each instruction. */
static void mode_timer(void)
{
	gic_enable(IRQ_VTIMER);
	gic_enable(IRQ_PTIMER);
	WRITE_SYSREG(cntv_cval_el0, 0);
	WRITE_SYSREG(cntp_cval_el0, 0);
	WRITE_SYSREG(cntv_ctl_el0, 1);
	WRITE_SYSREG(cntp_ctl_el0, 1);
	irq_enable();
	for (uint64_t i = 0; go_on(i); i++)
		;
}

static void timer_off(unsigned irq)
{
	WRITE_SYSREG(cntv_ctl_el0, 0);
	isb();
}

static void mode_timer_set(void)
{
	irq_handlers[IRQ_VTIMER] = timer_off;
	gic_enable(IRQ_VTIMER);
	for (uint64_t i = 0; go_on(i); i++) {
		WRITE_SYSREG(cntv_cval_el0, counter() + i % 64);
		WRITE_SYSREG(cntv_ctl_el0, 1);
		if (i % 2)
			wfi();
		irq_window();
		WRITE_SYSREG(cntv_ctl_el0, 0);
	}
}

static void mode_idle(void)
{
	gic_sgi(0, 1);
	for (uint64_t i = 0; go_on(i); i++) {
		wfi();
		wfe();
		__asm__ volatile("yield");
	}
}

static void mode_calls(void)
{
	static const uint32_t numbers[] = {
		PSCI_VERSION, PSCI_CPU_SUSPEND, PSCI_CPU_ON, PSCI_AFFINITY_INFO, 0x84000003U,
		PSCI_FEATURES, 0x84000005U, PSCI_MIGRATE_TYPE, PSCI_SYSTEM_RESET2, 0x80000000U,
	};

	gic_sgi(0, 1); /* CPU_SUSPEND ends at once */
	for (uint64_t i = 0; go_on(i); i++) {
		uint64_t fn = random64(), a = random64(), b = random64();

		if (fn & 1)
			fn = numbers[(fn >> 1) % ARRAY_SIZE(numbers)];
		if (fn == PSCI_SYSTEM_OFF || fn == PSCI_SYSTEM_RESET || fn == PSCI_CPU_OFF)
			continue;
		if (a & 1)
			a = cpus[(a >> 1) % nr_cpus].mpidr;
		/* No type of SYSTEM_RESET2 but 0 is obeyed. */
		if (fn == PSCI_SYSTEM_RESET2)
			a |= 1;
		if (b & 1)
			b = (uintptr_t)secondary_start;
		cpus[1].fn = storm;
		if (i & 1)
			CATCH(psci_smc(fn, a, b, 1));
		else
			CATCH(psci(fn, a, b, 1));
	}
}

static void mode_maintenance(void)
{
	for (uint64_t i = 0; go_on(i); i++) {
		uint64_t v = random64();

		__asm__ volatile("tlbi vmalle1is" : : : "memory");
		__asm__ volatile("tlbi vae1is, %0" : : "r"(v) : "memory");
		CATCH(__asm__ volatile(".inst 0xd50c879f" : : : "memory")); /* TLBI ALLE1 */
		__asm__ volatile("ic ialluis" : : : "memory");
		CATCH(__asm__ volatile("dc cisw, %0" : : "r"(v & 0xfffffffe) : "memory"));
		CATCH(__asm__ volatile("dc isw, %0" : : "r"(v & 0xfffffffe) : "memory"));
		__asm__ volatile("dsb sy\n\tisb" : : : "memory");
	}
}

/* The flash goes from memory to registers and back while it is read and executed. */
static void mode_flash(void)
{
	static const uint32_t commands[] = { 0xff00ff, 0x400040, 0x200020, 0xd000d0,
					     0xe800e8, 0x980098, 0x700070, 0x900090 };

	for (uint64_t i = 0; go_on(i); i++) {
		uintptr_t at = FLASH_BASE + random64() % (2 * FLASH_BANK);

		CATCH(write32(at & ~3UL, commands[i % ARRAY_SIZE(commands)]));
		CATCH(write32(at & ~3UL, (uint32_t)random64()));
		CATCH(read32(at & ~3UL));
		CATCH(((void (*)(void))(at & ~3UL))());
	}
}

/* --- any instruction ---------------------------------------------------------------------- */

static uint32_t code[4] __attribute__((aligned(64)));

static uint64_t run_word(uint32_t word, uint64_t x0)
{
	code[0] = word;
	code[1] = 0xd65f03c0; /* ret */
	__asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
	return ((uint64_t(*)(uint64_t))(uintptr_t)code)(x0);
}

/* Every system register is read, and what could be read is written back. */
static void mode_sysregs(void)
{
	for (uint64_t i = 0; go_on(i); i++) {
		for (uint32_t op = 0; op < 0x8000; op++) {
			uint64_t value = 0;
			struct fault f;
			/* MRS x0: op0 2 or 3, op1, CRn, CRm, op2 in bits 19 ... 5 */
			uint32_t word = 0xd5300000 | op << 5;

			f = CATCH(value = run_word(word, 0));
			if (!f.taken)
				CATCH(run_word(word & ~0x00200000U, value));
			irq_disable();
		}
	}
}

/* Any exception of the random code leads here; so does its end. */
static uint32_t random_code[1024] __attribute__((aligned(4096)));
extern char hostile_vectors[];
void hostile_again(void);

static void recover(void)
{
	static uint64_t runs;

	if (!go_on(runs++)) {
		WRITE_SYSREG(vbar_el1, (uintptr_t)vectors);
		print("HOSTILE done\n");
		system_off();
	}
	for (unsigned i = 0; i < ARRAY_SIZE(random_code); i++) {
		uint32_t word = (uint32_t)random64();

		/* Many of the system instructions, loads and stores. */
		if (word % 4 == 0)
			word = 0xd5000000 | (word >> 2 & 0x3fffff);
		else if (word % 4 == 1)
			word = (word & 0xe0ffffff) | 0x18000000;
		random_code[i] = word;
	}
	__asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
	((void (*)(void))(uintptr_t)random_code)();
}

void hostile_again(void)
{
	for (;;)
		recover();
}

static void mode_code(void)
{
	print("HOSTILE goes\n");
	WRITE_SYSREG(vbar_el1, (uintptr_t)hostile_vectors);
	isb();
	hostile_again();
}

/* --- which -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "registers", mode_registers },
	{ "nowhere", mode_nowhere },
	{ "tables", mode_tables },
	{ "no-vectors", mode_no_vectors },
	{ "device-vectors", mode_device_vectors },
	{ "fault-loop", mode_fault_loop },
	{ "vector-loop", mode_vector_loop },
	{ "console", mode_console },
	{ "console-lines", mode_console_lines },
	{ "sgi-all", mode_sgi_all },
	{ "sgi", mode_sgi },
	{ "timer-set", mode_timer_set },
	{ "timer", mode_timer },
	{ "idle", mode_idle },
	{ "calls", mode_calls },
	{ "maintenance", mode_maintenance },
	{ "flash", mode_flash },
	{ "sysregs", mode_sysregs },
	{ "code", mode_code },
	{ "pci", mode_pci },
	{ "its", mode_its },
	{ "net-flood", mode_net_flood },
	{ "net-frames", mode_net_frames },
	{ "net-rings", mode_net_rings },
};

void guest_main(void)
{
	const char *mode = boot_arg("mode");

	steps = boot_arg_number("steps", 0);
	for (unsigned i = 0; mode && i < ARRAY_SIZE(modes); i++) {
		if (strncmp(mode, modes[i].name, strlen(modes[i].name)))
			continue;
		print("HOSTILE %s begins\n", modes[i].name);
		modes[i].run();
		print("HOSTILE done\n");
		return;
	}
	print("HOSTILE: there is no such mode\n");
}
