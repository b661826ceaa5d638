/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ID registers (DDI 0487, D17.2) say what a guest may use: all can be read, what is said to be
 * there works, what is not is undefined, and all CPUs say the same. "reference": bare QEMU, which
 * gives its guest everything.
 */
#include "gic.h"

#define EC_UNKNOWN 0
#define EC_SYSREG  0x18

static bool reference(void)
{
	return boot_arg("reference");
}

static unsigned field(uint64_t reg, unsigned shift)
{
	return reg >> shift & 0xf;
}

/* Op0 3, Op1 0, CRn 0, CRm 0 ... 7: what is not an ID register reads as zero. */
#define ID_ROW(X, m) X(m, 0) X(m, 1) X(m, 2) X(m, 3) X(m, 4) X(m, 5) X(m, 6) X(m, 7)
#define ID_ALL(X)                                                                                  \
	ID_ROW(X, 1) ID_ROW(X, 2) ID_ROW(X, 3) ID_ROW(X, 4) ID_ROW(X, 5) ID_ROW(X, 6) ID_ROW(X, 7)

static uint64_t values[CPUS_MAX][56];

static void read_all(void *arg)
{
	uint64_t *out = values[this_cpu()->id];

#define READ(m, op2) *out++ = READ_SYSREG(S3_0_C0_C##m##_##op2);
	ID_ALL(READ)
#undef READ
}

TEST(all_can_be_read)
{
	struct fault f = CATCH(read_all(NULL));

	EXPECT(!f.taken);
}

TEST(all_cpus_are_alike)
{
	for (unsigned cpu = 1; cpu < nr_cpus; cpu++) {
		cpu_start(cpu, read_all, NULL);
		EXPECT(cpu_wait_off(cpu));
		for (unsigned i = 0; i < ARRAY_SIZE(values[0]); i++) {
			if (values[cpu][i] != values[0][i])
				FAIL("CPU %u: CRm %u, op2 %u is 0x%lx, not 0x%lx", cpu, 1 + i / 8,
				     i % 8, values[cpu][i], values[0][i]);
		}
	}
}

/* What the hypervisor does not switch, or keeps for itself, is hidden. */
TEST(hidden)
{
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1), pfr1 = READ_SYSREG(id_aa64pfr1_el1);
	uint64_t dfr0 = READ_SYSREG(id_aa64dfr0_el1);

	if (reference()) {
		test_skip("the whole machine");
		return;
	}
	EXPECT_EQ(field(pfr0, 8), 0);	/* EL2 */
	EXPECT_EQ(field(pfr0, 12), 0);	/* EL3 */
	EXPECT_EQ(field(pfr0, 32), 0);	/* SVE */
	EXPECT_EQ(field(pfr0, 40), 0);	/* MPAM */
	EXPECT_EQ(field(pfr0, 44), 0);	/* AMU */
	EXPECT_EQ(field(pfr1, 8), 0);	/* MTE */
	EXPECT_EQ(field(pfr1, 24), 0);	/* SME */
	EXPECT_EQ(field(dfr0, 8), 0);	/* PMU */
	EXPECT_EQ(field(dfr0, 32), 0);	/* SPE */
	EXPECT_EQ(field(dfr0, 4), 0);	/* trace */
	EXPECT_EQ(READ_SYSREG(S3_0_C0_C4_4), 0); /* ID_AA64ZFR0_EL1 */
	EXPECT_EQ(READ_SYSREG(S3_0_C0_C4_5), 0); /* ID_AA64SMFR0_EL1 */
}

TEST(interrupt_controller)
{
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1);
	struct fault f;

	if (reference()) {
		test_skip("QEMU says what the CPU could");
		return;
	}
	EXPECT_EQ(field(pfr0, 24) != 0, gic_version == 3);
	f = CATCH(READ_SYSREG(ICC_PMR_EL1));
	EXPECT_EQ(f.taken, gic_version == 2);
	f = CATCH(READ_SYSREG(ICC_IAR1_EL1));
	EXPECT_EQ(f.taken, gic_version == 2);
}

/* Undefined is undefined: class 0, at the instruction. */
static void expect_undefined(const char *what, struct fault f)
{
	if (!f.taken)
		FAIL("%s works", what);
	else if (FAULT_EC(f) != EC_UNKNOWN)
		FAIL("%s gives class 0x%lx", what, FAULT_EC(f));
}

TEST(absent_is_undefined)
{
	if (reference()) {
		test_skip("the whole machine");
		return;
	}
	WRITE_SYSREG(cpacr_el1, 3 << 20 | 3 << 16 | 3 << 24); /* FP, SVE, SME: no traps of ours */
	isb();
	expect_undefined("PMCR_EL0", CATCH(READ_SYSREG(S3_3_C9_C12_0)));
	expect_undefined("PMCCNTR_EL0", CATCH(READ_SYSREG(S3_3_C9_C13_0)));
	expect_undefined("writing PMCNTENSET_EL0", CATCH(WRITE_SYSREG(S3_3_C9_C12_1, 1)));
	expect_undefined("PMSCR_EL1", CATCH(READ_SYSREG(S3_0_C9_C9_0)));
	expect_undefined("TRCPRGCTLR", CATCH(READ_SYSREG(S2_1_C0_C1_0)));
	expect_undefined("ZCR_EL1", CATCH(READ_SYSREG(S3_0_C1_C2_0)));
	expect_undefined("RDVL", CATCH(__asm__ volatile(".inst 0x04bf5020" : : : "x0")));
	expect_undefined("SMCR_EL1", CATCH(READ_SYSREG(S3_0_C1_C2_6)));
	expect_undefined("MPAM1_EL1", CATCH(READ_SYSREG(S3_0_C10_C5_0)));
	expect_undefined("AMCR_EL0", CATCH(READ_SYSREG(S3_3_C13_C2_0)));
	expect_undefined("RGSR_EL1", CATCH(READ_SYSREG(S3_0_C1_C0_5)));
	expect_undefined("SCXTNUM_EL1", CATCH(READ_SYSREG(S3_0_C13_C0_7)));
	expect_undefined("HCR_EL2", CATCH(READ_SYSREG(S3_4_C1_C1_0)));
	expect_undefined("VBAR_EL2", CATCH(WRITE_SYSREG(S3_4_C12_C0_0, 0)));
	expect_undefined("SCR_EL3", CATCH(READ_SYSREG(S3_6_C1_C1_0)));
	expect_undefined("writing ID_AA64PFR0_EL1", CATCH(WRITE_SYSREG(S3_0_C0_C4_0, 0)));
}

/* --- what is there works ------------------------------------------------------------------ */

static void expect_works(const char *what, bool there, struct fault f)
{
	if (there && f.taken)
		FAIL("%s is said to be there: ESR 0x%lx", what, f.esr);
	if (!there && !f.taken)
		FAIL("%s works, but is said not to be there", what);
}

TEST(instructions)
{
	uint64_t isar0 = READ_SYSREG(id_aa64isar0_el1);
	uint64_t word __attribute__((aligned(16))) = 0;

	expect_works("CRC32", field(isar0, 16), CATCH(__asm__ volatile(".inst 0x1ac14000"
								       : : : "x0")));
	/* LDADD x0, x1, [x2] */
	expect_works("atomics", field(isar0, 20),
		     CATCH(__asm__ volatile("mov x2, %0\n\tmov x0, #1\n\t.inst 0xf8200041"
					    : : "r"(&word) : "x0", "x1", "x2", "memory")));
	expect_works("RNDR", field(isar0, 60), CATCH(READ_SYSREG(S3_3_C2_C4_0)));
	/* CFINV */
	expect_works("flag manipulation", field(isar0, 52) >= 1,
		     CATCH(__asm__ volatile(".inst 0xd500401f" : : : "cc")));
}

TEST(registers)
{
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1), mmfr1 = READ_SYSREG(id_aa64mmfr1_el1);
	uint64_t mmfr2 = READ_SYSREG(id_aa64mmfr2_el1), isar1 = READ_SYSREG(id_aa64isar1_el1);
	uint64_t pfr1 = READ_SYSREG(id_aa64pfr1_el1);

	expect_works("PAN", field(mmfr1, 20), CATCH(READ_SYSREG(S3_0_C4_C2_3)));
	expect_works("UAO", field(mmfr2, 4), CATCH(READ_SYSREG(S3_0_C4_C2_4)));
	expect_works("DIT", field(pfr0, 48), CATCH(READ_SYSREG(S3_3_C4_C2_5)));
	expect_works("SSBS", field(pfr1, 4) >= 2, CATCH(READ_SYSREG(S3_3_C4_C2_6)));
	if (!reference())
		expect_works("RAS", field(pfr0, 28), CATCH(READ_SYSREG(S3_0_C5_C3_0)));
	expect_works("pointer authentication",
		     field(isar1, 4) || field(isar1, 8) || field(isar1, 24) || field(isar1, 28),
		     CATCH(READ_SYSREG(S3_0_C2_C1_0)));
}

/* A signed pointer is not the pointer, and is it again after authentication. */
TEST(pointer_authentication)
{
	uint64_t isar1 = READ_SYSREG(id_aa64isar1_el1);
	uint64_t pointer = (uintptr_t)values, signed_pointer, back;

	if (!field(isar1, 4) && !field(isar1, 8)) {
		test_skip("not there");
		return;
	}
	WRITE_SYSREG(S3_0_C2_C1_0, 0x0123456789abcdefULL);
	WRITE_SYSREG(S3_0_C2_C1_1, 0xfedcba9876543210ULL);
	WRITE_SYSREG(sctlr_el1, READ_SYSREG(sctlr_el1) | BIT(31));
	isb();
	/* PACIA x0, x1; AUTIA x0, x1 */
	__asm__ volatile("mov x0, %2\n\tmov x1, #7\n\t.inst 0xdac10020\n\tmov %0, x0\n\t"
			 ".inst 0xdac11020\n\tmov %1, x0"
			 : "=&r"(signed_pointer), "=&r"(back) : "r"(pointer) : "x0", "x1");
	EXPECT(signed_pointer != pointer);
	EXPECT_EQ(back, pointer);
	WRITE_SYSREG(sctlr_el1, READ_SYSREG(sctlr_el1) & ~BIT(31));
	isb();
}

TEST(debug_registers)
{
	uint64_t breakpoint = 0x1000, value;
	struct fault f = CATCH(WRITE_SYSREG(dbgbvr0_el1, breakpoint));

	EXPECT(!f.taken);
	f = CATCH(value = READ_SYSREG(dbgbvr0_el1));
	EXPECT(!f.taken);
	EXPECT_EQ(value, breakpoint);
	WRITE_SYSREG(dbgbvr0_el1, 0);
	f = CATCH(READ_SYSREG(mdscr_el1));
	EXPECT(!f.taken);
	f = CATCH(READ_SYSREG(oslsr_el1));
	EXPECT(!f.taken);
	f = CATCH(WRITE_SYSREG(oslar_el1, 0));
	EXPECT(!f.taken);
	EXPECT_EQ(READ_SYSREG(oslsr_el1) & 2, 0);
}

/* idregs_asm.S: three words for each kind of instruction; how far one step goes. */
extern const uint32_t step_code[5][3];
uint64_t step_one(const uint32_t *at, uint64_t device);

/* Software step does one instruction, also where the hypervisor does it for the CPU. */
TEST(single_step)
{
	if (gic_version == 3 && boot_arg("qemu-gicv2")) {
		test_skip("the debug registers catch the interrupt controller's here");
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(step_code); i++) {
		uint64_t went = step_one(step_code[i], UART_BASE + 0x18);

		if (went != 4)
			FAIL("instruction %u: went on by %u bytes", i, (unsigned)went);
	}
}

TEST(affinity)
{
	EXPECT(READ_SYSREG(mpidr_el1) & BIT(31));
	for (unsigned i = 0; i < nr_cpus; i++) {
		for (unsigned k = 0; k < i; k++)
			EXPECT(cpus[i].mpidr != cpus[k].mpidr);
	}
}

/* Addresses up to what the tree says is memory are within what the CPU says it can. */
TEST(physical_addresses)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned range = field(READ_SYSREG(id_aa64mmfr0_el1), 0);
	unsigned len;
	const uint8_t *reg = fdt_get("memory@", 0, "reg", &len);
	uint64_t end;

	if (!EXPECT(range < ARRAY_SIZE(bits)) || !EXPECT(reg && len >= 16))
		return;
	end = ((uint64_t)fdt_u32(reg) << 32 | fdt_u32(reg + 4)) +
	      ((uint64_t)fdt_u32(reg + 8) << 32 | fdt_u32(reg + 12));
	EXPECT(end <= BIT(bits[range]));
}
