/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs of a tiny guest: memory map, exceptions, starting and stopping. Each CPU writes only its own
 * struct cpu, but for what cpu_start() hands over.
 */
#include "kit.h"
#include "gic.h"

struct cpu cpus[CPUS_MAX];
unsigned nr_cpus = 1;
void (*irq_handlers[IRQS_MAX])(unsigned irq);

extern uint64_t page_table[512];
void kit_boot(const uint8_t *blob);
void kit_secondary(unsigned id);
void kit_exception(unsigned kind, struct frame *frame);

/* --- memory map --------------------------------------------------------------------------- */

#define MAIR_NORMAL 0xff /* attribute 0; attribute 1 is Device-nGnRnE */
#define LEAF_NORMAL (BIT(0) | BIT(10) | 3 << 8)
#define LEAF_DEVICE (BIT(0) | BIT(10) | 1 << 2 | BIT(53) | BIT(54))
#define TCR_39BIT   (25 | 1 << 8 | 1 << 10 | 3 << 12 | BIT(23) | 2ULL << 32)
#define SCTLR_RES1  0x30d00800
#define SCTLR_MCI   (BIT(0) | BIT(2) | BIT(12))

/* One block of 1 GiB an entry: devices in the first and from 256 GiB on, memory between. */
static void make_map(void)
{
	page_table[0] = LEAF_DEVICE;
	for (unsigned i = 1; i < 512; i++)
		page_table[i] = (uint64_t)i << 30 | (i < 256 ? LEAF_NORMAL : LEAF_DEVICE);
	dsb();
}

static void enter(struct cpu *cpu, unsigned id)
{
	WRITE_SYSREG(mair_el1, MAIR_NORMAL);
	WRITE_SYSREG(tcr_el1, TCR_39BIT);
	WRITE_SYSREG(ttbr0_el1, (uintptr_t)page_table);
	WRITE_SYSREG(vbar_el1, (uintptr_t)vectors);
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	WRITE_SYSREG(sctlr_el1, SCTLR_RES1 | SCTLR_MCI);
	isb();
	WRITE_SYSREG(tpidr_el1, (uintptr_t)cpu);
	cpu->id = id;
	cpu->mpidr = READ_SYSREG(mpidr_el1) & 0xff00ffffffULL;
	cpu->irq = irq_default;
	cpu->fiq = NULL;
	cpu->catching = false;
	__asm__ volatile("msr daifclr, #4" : : : "memory"); /* SError */
}

static void find_cpus(void)
{
	const uint8_t *reg;
	unsigned n, len;

	for (n = 0; n < CPUS_MAX && (reg = fdt_get("cpu@", n, "reg", &len)); n++)
		cpus[n].mpidr = len == 8 ? (uint64_t)fdt_u32(reg) << 32 | fdt_u32(reg + 4)
					 : fdt_u32(reg);
	nr_cpus = n ? n : 1;
}

void kit_boot(const uint8_t *blob)
{
	make_map();
	enter(&cpus[0], 0);
	fdt = blob && fdt_u32(blob) == 0xd00dfeed ? blob : NULL;
	find_cpus();
	random_state = boot_arg_number("seed", 1) * 0x9e3779b97f4a7c15ULL;
	gic_init();
	gic_init_cpu();
	guest_main();
	system_off();
}

/* --- exceptions --------------------------------------------------------------------------- */

void irq_default(void)
{
	struct cpu *cpu = this_cpu();
	uint32_t iar = gic_ack();
	unsigned irq = gic_intid(iar);

	if (irq >= IRQS_MAX) {
		cpu->spurious++;
		return;
	}
	cpu->irqs++;
	cpu->last_iar = iar;
	cpu->seen[irq]++;
	if (irq_handlers[irq])
		irq_handlers[irq](irq);
	gic_eoi(iar);
}

void irq_window(void)
{
	irq_enable();
	isb();
	__asm__ volatile("nop\n\tnop\n\tnop\n\tnop");
	irq_disable();
}

static void unexpected(unsigned kind, const struct frame *frame)
{
	print("FAIL exception: kind %u, ESR 0x%lx, FAR 0x%lx, PC 0x%lx, x30 0x%lx, CPU %u\n", kind,
	      READ_SYSREG(esr_el1), READ_SYSREG(far_el1), frame->elr, frame->x[30],
	      this_cpu()->id);
	print("DONE passed=0 failed=1\n");
	system_off();
}

/* Kinds are the rows of the vector table: 4 ... 7 come from EL1, 8 ... 11 from EL0. */
void kit_exception(unsigned kind, struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (kind == 4 && cpu->catching) {
		cpu->fault.esr = READ_SYSREG(esr_el1);
		cpu->fault.far = READ_SYSREG(far_el1);
		cpu->fault.elr = frame->elr;
		cpu->fault.taken = true;
		/* A fetch that failed: back to the caller. Else over the instruction. */
		frame->elr = FAULT_EC(cpu->fault) == 0x21 ? frame->x[30] : frame->elr + 4;
	} else if (kind == 5 && cpu->irq) {
		cpu->irq();
	} else if (kind == 6 && cpu->fiq) {
		cpu->fiq();
	} else if (kind == 7) {
		cpu->serrors++;
	} else {
		unexpected(kind, frame);
	}
}

/* --- other CPUs --------------------------------------------------------------------------- */

void kit_secondary(unsigned id)
{
	struct cpu *cpu = &cpus[id];

	enter(cpu, id);
	gic_init_cpu();
	dsb();
	cpu->begun = true;
	cpu->up = true;
	cpu->fn(cpu->arg);
	cpu->up = false;
	dsb();
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

bool cpu_start(unsigned id, void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = &cpus[id];
	int64_t err;

	cpu->fn = fn;
	cpu->arg = arg;
	cpu->begun = false;
	dsb();
	err = psci(PSCI_CPU_ON, cpu->mpidr, (uintptr_t)secondary_start, id);
	if (err) {
		FAIL("CPU_ON of CPU %u gives %d", id, (int)err);
		return false;
	}
	if (!WAIT(cpu->begun)) {
		FAIL("CPU %u does not come up", id);
		return false;
	}
	return true;
}

bool cpu_wait_off(unsigned id)
{
	return WAIT(psci(PSCI_AFFINITY_INFO, cpus[id].mpidr, 0, 0) == 1);
}

void system_off(void)
{
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

void system_reset(void)
{
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		wfi();
}

void lock(struct lock *l)
{
	while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE))
		;
}

void unlock(struct lock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

void delay_us(uint64_t us)
{
	uint64_t end = counter() + ticks_of_us(us);

	while (counter() < end)
		;
}
