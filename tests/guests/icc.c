/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system registers of GICv3 between all that goes on in a CPU: exceptions, vectors that move,
 * both stacks, handlers that keep nothing. Where a CPU does not have these registers, a hypervisor
 * that gives them has to do so at exactly these places.
 */
#include "gic.h"

#define TABLES	   12
#define TABLE_SIZE 0x800
#define NOWHERE	   0x100000000ULL /* beyond all memory of the board */
#define ILLEGAL	   0x3c9	  /* SPSR: EL2h */

extern char icc_tables[], icc_first_table[], icc_bare_table[], icc_back_table[];
uint64_t icc_preserves(uint64_t nzcv);
uint64_t icc_with_sp0(uintptr_t device, uint64_t pmr);
uint64_t icc_forged(uint64_t spsr);

uint64_t icc_run_el0(uint64_t pc, uint64_t spsr);
extern char icc_el0_table[], icc_el0_code[];
extern uint64_t page_table[512];

volatile uint64_t icc_bare_irqs;

static bool absent(void)
{
	if (gic_version != 3)
		test_skip("no GICv3");
	return gic_version != 3;
}

/* Vectors, and an exit to a hypervisor if there is one, which looks where they are. */
static void use_vectors(const char *table)
{
	WRITE_SYSREG(vbar_el1, (uintptr_t)table);
	isb();
	(void)read32(GICD_BASE + GICD_TYPER);
}

TEST(registers_are_kept)
{
	if (absent())
		return;
	for (unsigned i = 0; i < 16; i++)
		EXPECT_EQ(icc_preserves((uint64_t)i << 28), 0);
}

/* What an earlier exception left stays until the next one. */
TEST(exception_registers_are_kept)
{
	if (absent())
		return;
	WRITE_SYSREG(elr_el1, 0x123456789abcULL);
	WRITE_SYSREG(spsr_el1, 0x600003c5);
	WRITE_SYSREG(esr_el1, 0x56000011);
	WRITE_SYSREG(far_el1, 0xcba987654321ULL);
	(void)read32(GICD_BASE + GICD_TYPER);
	for (unsigned i = 0; i < 3; i++) {
		gic_set_pmr(0xf8);
		EXPECT_EQ(gic_pmr(), 0xf8);
		EXPECT_EQ(READ_SYSREG(elr_el1), 0x123456789abcULL);
		EXPECT_EQ(READ_SYSREG(spsr_el1), 0x600003c5);
		EXPECT_EQ(READ_SYSREG(esr_el1), 0x56000011);
		EXPECT_EQ(READ_SYSREG(far_el1), 0xcba987654321ULL);
	}
}

static void one_of_each_exception(void)
{
	struct fault f;
	uint64_t here;

	f = CATCH(__asm__ volatile("adr %0, 1f\n1: .inst 0" : "=r"(here) : : "memory"));
	EXPECT(f.taken);
	EXPECT_EQ(f.esr, 0x02000000);
	EXPECT_EQ(f.elr, here);
	f = CATCH(__asm__ volatile("adr %0, 1f\n1: brk #0x1234" : "=r"(here) : : "memory"));
	EXPECT(f.taken);
	EXPECT_EQ(f.esr, 0xf2001234);
	EXPECT_EQ(f.elr, here);
	/* A supervisor call's return address is behind it already. */
	f = CATCH(__asm__ volatile("adr %0, 1f\n\tsvc #0x4321\n1: nop" : "=r"(here) : : "memory"));
	EXPECT(f.taken);
	EXPECT_EQ(f.esr, 0x56004321);
	EXPECT_EQ(f.elr, here);
	f = CATCH((void)read32(NOWHERE));
	EXPECT(f.taken);
	EXPECT_EQ(FAULT_EC(f), 0x25);
	EXPECT_EQ(f.far, NOWHERE);
}

TEST(other_exceptions)
{
	for (unsigned i = 0; i < 20; i++)
		one_of_each_exception();
}

/* In the wrong direction, or what is not there. */
TEST(undefined_accesses)
{
	struct fault f;

	if (absent())
		return;
	f = CATCH((void)READ_SYSREG(ICC_EOIR1_EL1));
	EXPECT(f.taken);
	EXPECT_EQ(FAULT_EC(f), 0);
	f = CATCH((void)READ_SYSREG(ICC_SGI1R_EL1));
	EXPECT(f.taken);
	f = CATCH(WRITE_SYSREG(ICC_IAR1_EL1, 0));
	EXPECT(f.taken);
	f = CATCH(WRITE_SYSREG(ICC_RPR_EL1, 0));
	EXPECT(f.taken);
	f = CATCH((void)READ_SYSREG(S3_0_C12_C10_0));
	EXPECT(f.taken);
	f = CATCH((void)READ_SYSREG(ICC_IAR1_EL1));
	EXPECT(!f.taken);
}

TEST(vectors_move)
{
	if (absent())
		return;
	for (unsigned i = 0; i < 5 * TABLES; i++) {
		unsigned n = i * 7 % TABLES, before = this_cpu()->irqs;

		use_vectors(icc_tables + n * TABLE_SIZE);
		gic_set_pmr(8 * n);
		EXPECT_EQ(gic_pmr(), 8 * n);
		one_of_each_exception();
		gic_set_pmr(0xff);
		gic_sgi(this_cpu()->id, n);
		irq_window();
		EXPECT_EQ(this_cpu()->irqs, before + 1);
	}
	use_vectors(vectors);
}

/* As a kernel does that has others while it runs programs: here and there without an exit. */
TEST(vectors_alternate)
{
	if (absent())
		return;
	use_vectors(icc_tables);
	use_vectors(vectors);
	for (unsigned i = 0; i < 100; i++) {
		WRITE_SYSREG(vbar_el1, (uintptr_t)(i & 1 ? vectors : icc_tables));
		isb();
		gic_set_pmr(8 * (i % 32));
		EXPECT_EQ(gic_pmr(), 8 * (i % 32));
	}
	gic_set_pmr(0xff);
	use_vectors(vectors);
}

TEST(vector_begins_with_an_access)
{
	if (absent())
		return;
	use_vectors(icc_first_table);
	for (unsigned i = 0; i < 10; i++) {
		one_of_each_exception();
		gic_set_pmr(8 * i);
		EXPECT_EQ(gic_pmr(), 8 * i);
	}
	gic_set_pmr(0xff);
	use_vectors(vectors);
}

TEST(other_stack)
{
	if (absent())
		return;
	for (unsigned pmr = 0; pmr < 256; pmr += 8)
		EXPECT_EQ(icc_with_sp0(GICD_BASE + GICD_TYPER, pmr), pmr);
	gic_set_pmr(0xff);
}

/* An interrupt handler that has not saved where it came from takes and ends interrupts. */
TEST(handler_that_keeps_nothing)
{
	unsigned sum = 0;

	if (absent())
		return;
	use_vectors(icc_bare_table);
	icc_bare_irqs = 0;
	/* Taken at once. */
	irq_enable();
	for (unsigned i = 0; i < 100; i++) {
		gic_sgi(this_cpu()->id, i % 16);
		EXPECT(WAIT(icc_bare_irqs == i + 1));
		sum += i;
	}
	irq_disable();
	EXPECT_EQ(icc_bare_irqs, 100);
	/* Taken later, at a place that nobody was told. */
	for (unsigned i = 0; i < 100; i++) {
		gic_sgi(this_cpu()->id, i % 16);
		for (unsigned k = 0; k < i; k++)
			barrier();
		irq_window();
		EXPECT(WAIT(icc_bare_irqs == 101 + i));
		sum += i;
	}
	EXPECT_EQ(icc_bare_irqs, 200);
	EXPECT_EQ(sum, 2 * 4950);
	use_vectors(vectors);
}

TEST(forged_exception)
{
	if (absent())
		return;
	use_vectors(icc_back_table);
	EXPECT_EQ(icc_forged(ILLEGAL), 1);
	EXPECT_EQ(icc_forged(0x3cd), 1); /* EL3h */
	EXPECT_EQ(icc_forged(0x1d3), 1); /* AArch32 */
	EXPECT_EQ(READ_SYSREG(CurrentEL) >> 2, 1);
	use_vectors(vectors);
}

/* Debug registers can be written and are as written; those that are not there are undefined. */
TEST(debug_registers)
{
	uint64_t dfr0 = READ_SYSREG(id_aa64dfr0_el1);

	EXPECT((dfr0 >> 12 & 15) >= 1);
	EXPECT((dfr0 >> 20 & 15) >= 1);
	WRITE_SYSREG(oslar_el1, 1);
	EXPECT_EQ(READ_SYSREG(oslsr_el1) & 2, 2);
	WRITE_SYSREG(oslar_el1, 0);
	EXPECT_EQ(READ_SYSREG(oslsr_el1) & 2, 0);
	WRITE_SYSREG(dbgbvr0_el1, 0x12340);
	WRITE_SYSREG(dbgbvr1_el1, 0x23450);
	WRITE_SYSREG(dbgwvr1_el1, 0x34560);
	WRITE_SYSREG(dbgbcr0_el1, 0x1e4); /* not enabled */
	EXPECT_EQ(READ_SYSREG(dbgbvr0_el1), 0x12340);
	EXPECT_EQ(READ_SYSREG(dbgbvr1_el1), 0x23450);
	EXPECT_EQ(READ_SYSREG(dbgwvr1_el1), 0x34560);
	EXPECT_EQ(READ_SYSREG(dbgbcr0_el1) & 0x1e7, 0x1e4);
	WRITE_SYSREG(mdscr_el1, BIT(13)); /* KDE */
	EXPECT_EQ(READ_SYSREG(mdscr_el1), BIT(13));
	if (gic_version == 3) {
		gic_set_pmr(0x88);
		EXPECT_EQ(gic_pmr(), 0x88);
		gic_set_pmr(0xff);
	}
	WRITE_SYSREG(mdscr_el1, 0);
	EXPECT_EQ(READ_SYSREG(mdscr_el1), 0);
	one_of_each_exception();
	if ((dfr0 >> 12 & 15) < 15)
		EXPECT(CATCH((void)READ_SYSREG(dbgbvr15_el1)).taken);
}

/* --- single steps of a program ------------------------------------------------------------ */

#define EL0_ALIAS  0x80000000UL /* where EL0 sees the memory that begins at RAM_BASE */
#define EL0_ACCESS BIT(6)
#define MDSCR_SS   1
#define PSR_SS	   BIT(21)
#define PSR_EL0	   0x3c0 /* interrupts are masked */
#define EC_STEP	   0x32
#define EC_SVC	   0x15

static struct lock lonely;

static void expect_from_el0(uint64_t pc, bool step, unsigned ec, uint64_t elr)
{
	uint32_t pmr = gic_pmr();
	uint64_t esr = icc_run_el0(pc, PSR_EL0 | (step ? PSR_SS : 0));

	EXPECT_EQ(esr >> 26, ec);
	EXPECT_EQ(READ_SYSREG(elr_el1), elr);
	EXPECT_EQ(READ_SYSREG(spsr_el1) & 0x1f, 0);
	EXPECT_EQ(gic_pmr(), pmr);
}

TEST(single_steps_of_a_program)
{
	uint64_t pc = (uintptr_t)icc_el0_code - RAM_BASE + EL0_ALIAS;

	page_table[EL0_ALIAS >> 30] = page_table[RAM_BASE >> 30] | EL0_ACCESS;
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	use_vectors(icc_el0_table);
	WRITE_SYSREG(oslar_el1, 0);
	isb();
	for (unsigned i = 0; i < 3; i++) {
		expect_from_el0(pc, false, EC_SVC, pc + 24);
		WRITE_SYSREG(mdscr_el1, MDSCR_SS);
		isb();
		expect_from_el0(pc, true, EC_STEP, pc + 4);
		expect_from_el0(pc + 4, true, EC_STEP, pc + 8);
		expect_from_el0(pc + 8, true, EC_STEP, pc + 16); /* the branch */
		expect_from_el0(pc + 16, true, EC_STEP, pc + 20);
		expect_from_el0(pc + 20, true, EC_SVC, pc + 24);
		expect_from_el0(pc + 12, true, 0, pc + 12); /* undefined */
		/* Without a step to do, the next one is due. */
		expect_from_el0(pc, false, EC_STEP, pc);
		WRITE_SYSREG(mdscr_el1, 0);
		isb();
		expect_from_el0(pc, true, EC_SVC, pc + 24);
	}
	/* Exclusive accesses, which no step ever ends, end nevertheless. */
	WRITE_SYSREG(mdscr_el1, MDSCR_SS);
	isb();
	lock(&lonely);
	unlock(&lonely);
	WRITE_SYSREG(mdscr_el1, 0);
	isb();
	page_table[EL0_ALIAS >> 30] &= ~EL0_ACCESS;
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	use_vectors(vectors);
}

static void on_each_cpu(void *arg)
{
	unsigned *bad = arg;

	for (unsigned i = 0; i < 2000; i++) {
		unsigned pmr = (i + this_cpu()->id) * 8 % 256;

		gic_set_pmr(pmr);
		*bad += gic_pmr() != pmr;
		if (i % 50 == 0)
			use_vectors(icc_tables + (i / 50 + this_cpu()->id) % TABLES * TABLE_SIZE);
		if (i % 10 == 0)
			*bad += !CATCH(__asm__ volatile(".inst 0" : : : "memory")).taken;
	}
	use_vectors(vectors);
	gic_set_pmr(0xff);
}

/* All CPUs at once; with fewer of the machine they take turns. */
TEST(all_at_once)
{
	unsigned bad[CPUS_MAX] = { 0 };

	if (absent())
		return;
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_start(i, on_each_cpu, &bad[i]));
	on_each_cpu(&bad[0]);
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(WAIT(!*(volatile bool *)&cpus[i].up));
	for (unsigned i = 0; i < nr_cpus; i++)
		EXPECT_EQ(bad[i], 0);
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_wait_off(i));
}
