/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PSCI 1.1 (Arm DEN 0022) and the SMC calling convention (DEN 0028) as a guest sees them, wrong
 * arguments included. Modes of the command line: "reset" asks for a reset at once, "busy-off"
 * switches off while other CPUs are busy. "reference": this is bare QEMU.
 */
#include "gic.h"

#define PSCI32_CPU_ON	      0x84000003U
#define PSCI32_AFFINITY_INFO  0x84000004U
#define PSCI32_CPU_SUSPEND    0x84000001U
#define PSCI_UNKNOWN	      0x84000abcU
#define SMCCC_VERSION	      0x80000000U
#define NO_SUCH_CPU	      0x00ffff00ULL
#define EC_UNKNOWN	      0
#define CONTEXT		      0xfedcba9876543210ULL

/*
 * psci_asm.S: a call with patterns in x1 ... x17. @return which of x4 ... x17 changed, a bit each
 */
uint32_t psci_preserves(uint32_t fn);
/* psci_asm.S: first instructions of a CPU; fills psci_started and goes to secondary_start. */
extern void psci_probe_start(void);
extern volatile uint64_t psci_started[8];
enum { START_X0, START_EL, START_DAIF, START_SCTLR, START_MPIDR, START_ID };

static bool reference(void)
{
	return boot_arg("reference");
}

TEST(version)
{
	int64_t v = psci(PSCI_VERSION, 0, 0, 0);

	EXPECT(v >= 0x10000 && v < 0x20000);
	/* Only the lower half of the number counts; QEMU itself looks at all of it. */
	if (!reference())
		EXPECT_EQ(psci(PSCI_VERSION | 0xffffffff00000000ULL, 1, 2, 3), v);
}

TEST(features)
{
	static const uint32_t present[] = {
		PSCI_VERSION,	    PSCI_CPU_SUSPEND, PSCI_CPU_OFF,	 PSCI_CPU_ON,
		PSCI_AFFINITY_INFO, PSCI32_CPU_ON,    PSCI32_AFFINITY_INFO, PSCI_MIGRATE_TYPE,
		PSCI_SYSTEM_OFF,    PSCI_SYSTEM_RESET, PSCI_FEATURES,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(present); i++) {
		if (psci(PSCI_FEATURES, present[i], 0, 0) < 0)
			FAIL("function 0x%x is not there", present[i]);
	}
	EXPECT_EQ(psci(PSCI_FEATURES, PSCI_UNKNOWN, 0, 0), PSCI_NOT_SUPPORTED);
	/* There is no 64-bit form of this one. */
	EXPECT_EQ(psci(PSCI_FEATURES, 0xc4000008U, 0, 0), PSCI_NOT_SUPPORTED);
}

TEST(unknown_functions)
{
	static const uint32_t absent[] = { PSCI_UNKNOWN, 0xc4000008U, 0xc4000000U, 0x12345678U, 0,
					   0xffffffffU, 0x8400001fU, 0xbf00ff01U };

	for (unsigned i = 0; i < ARRAY_SIZE(absent); i++) {
		/* QEMU itself takes others than firmware's calls for undefined instructions. */
		int64_t got = PSCI_NOT_SUPPORTED;
		struct fault f = CATCH(got = psci(absent[i], 1, 2, 3));

		if (f.taken ? !reference() : (int32_t)got != PSCI_NOT_SUPPORTED)
			FAIL("function 0x%x gives 0x%lx", absent[i], (uint64_t)got);
	}
}

TEST(registers_are_kept)
{
	EXPECT_EQ(psci_preserves(PSCI_VERSION), 0);
	EXPECT_EQ(psci_preserves(PSCI_UNKNOWN), 0);
}

TEST(smc)
{
	int64_t got = 0;
	struct fault f = CATCH(got = psci_smc(PSCI_VERSION, 0, 0, 0));

	/* QEMU without EL3 has no SMC. */
	if (f.taken)
		EXPECT(reference());
	else
		EXPECT_EQ(got, psci(PSCI_VERSION, 0, 0, 0));
}

TEST(smccc)
{
	int64_t v = psci(SMCCC_VERSION, 0, 0, 0);

	if (psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0)
		test_skip("no SMCCC_VERSION");
	else
		EXPECT(v >= 0x10001);
}

TEST(migrate)
{
	EXPECT_EQ(psci(PSCI_MIGRATE_TYPE, 0, 0, 0), 2);
}

TEST(affinity_info)
{
	EXPECT_EQ(psci(PSCI_AFFINITY_INFO, cpus[0].mpidr, 0, 0), 0);
	EXPECT_EQ(psci(PSCI32_AFFINITY_INFO, cpus[0].mpidr, 0, 0), 0);
	EXPECT_EQ((int32_t)psci(PSCI_AFFINITY_INFO, NO_SUCH_CPU, 0, 0), PSCI_INVALID);
	EXPECT_EQ((int32_t)psci(PSCI_AFFINITY_INFO, ~0ULL, 0, 0), PSCI_INVALID);
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT_EQ(psci(PSCI_AFFINITY_INFO, cpus[i].mpidr, 0, 0), 1);
}

TEST(cpu_on_wrong)
{
	uint64_t entry = (uintptr_t)secondary_start;

	EXPECT_EQ((int32_t)psci(PSCI_CPU_ON, NO_SUCH_CPU, entry, 0), PSCI_INVALID);
	EXPECT_EQ((int32_t)psci(PSCI_CPU_ON, ~0ULL, entry, 0), PSCI_INVALID);
	EXPECT_EQ((int32_t)psci(PSCI_CPU_ON, cpus[0].mpidr, entry, 0), PSCI_ALREADY_ON);
	if (nr_cpus < 2 || reference())
		return;
	/* An entry that is no memory. */
	EXPECT_EQ((int32_t)psci(PSCI_CPU_ON, cpus[1].mpidr, 0x3f000000, 0), PSCI_INVALID_ADDRESS);
	EXPECT_EQ((int32_t)psci(PSCI_CPU_ON, cpus[1].mpidr, ~3ULL, 0), PSCI_INVALID_ADDRESS);
	EXPECT_EQ(psci(PSCI_AFFINITY_INFO, cpus[1].mpidr, 0, 0), 1);
}

static void nothing(void *arg)
{
}

/* What a CPU finds when it begins: PSCI, section "CPU_ON". */
TEST(cpu_on_state)
{
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	for (unsigned i = 1; i < nr_cpus; i++) {
		cpus[i].fn = nothing;
		psci_started[START_X0] = 0;
		psci_started[START_ID] = i;
		dsb();
		EXPECT_EQ(psci(PSCI_CPU_ON, cpus[i].mpidr, (uintptr_t)psci_probe_start, CONTEXT),
			  0);
		EXPECT(WAIT(psci_started[START_X0]));
		EXPECT(cpu_wait_off(i));
		EXPECT_EQ(psci_started[START_X0], CONTEXT);
		EXPECT_EQ(psci_started[START_EL], 1 << 2);
		EXPECT_EQ(psci_started[START_DAIF], 0xf << 6);
		EXPECT_EQ(psci_started[START_SCTLR] & 0x1005, 0); /* MMU and caches off */
		EXPECT_EQ(psci_started[START_MPIDR] & 0xff00ffffffULL, cpus[i].mpidr);
	}
}

static volatile bool go_on;

static void wait_for_go(void *arg)
{
	while (!go_on)
		;
}

TEST(cpu_on_off)
{
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	for (unsigned round = 0; round < 50; round++) {
		unsigned id = 1 + round % (nr_cpus - 1);

		go_on = false;
		if (!cpu_start(id, wait_for_go, NULL))
			return;
		EXPECT_EQ(psci(PSCI_AFFINITY_INFO, cpus[id].mpidr, 0, 0), 0);
		EXPECT_EQ(
			(int32_t)psci(PSCI_CPU_ON, cpus[id].mpidr, (uintptr_t)secondary_start, id),
			PSCI_ALREADY_ON);
		go_on = true;
		if (!EXPECT(cpu_wait_off(id)))
			return;
	}
}

static volatile unsigned racers, winners, losers;
static uint64_t race_target;

/* All start the last CPU in the same moment: one succeeds. */
static void race(void *arg)
{
	int32_t err;

	__atomic_fetch_add(&racers, 1, __ATOMIC_SEQ_CST);
	while (racers < nr_cpus - 1)
		;
	err = (int32_t)psci(PSCI_CPU_ON, race_target, (uintptr_t)secondary_start, nr_cpus - 1);
	if (!err)
		__atomic_fetch_add(&winners, 1, __ATOMIC_SEQ_CST);
	else if (err == PSCI_ALREADY_ON || err == PSCI_ON_PENDING)
		__atomic_fetch_add(&losers, 1, __ATOMIC_SEQ_CST);
}

TEST(cpu_on_race)
{
	if (nr_cpus < 3) {
		test_skip("fewer than three CPUs");
		return;
	}
	race_target = cpus[nr_cpus - 1].mpidr;
	for (unsigned round = 0; round < 20; round++) {
		racers = winners = losers = 0;
		go_on = false;
		cpus[nr_cpus - 1].fn = wait_for_go;
		cpus[nr_cpus - 1].up = false;
		for (unsigned i = 1; i < nr_cpus - 1; i++)
			cpu_start(i, race, NULL);
		race(NULL);
		EXPECT(WAIT(winners + losers == nr_cpus - 1));
		/* In QEMU's own firmware there is a moment in which two can win. */
		EXPECT(winners == 1 || (reference() && winners));
		EXPECT(WAIT(cpus[nr_cpus - 1].up));
		go_on = true;
		for (unsigned i = 1; i < nr_cpus; i++)
			EXPECT(cpu_wait_off(i));
	}
}

/* Standby ends with an interrupt, also with one that is masked at the CPU. */
static void suspend(uint32_t fn)
{
	uint64_t begin = counter();

	gic_enable(IRQ_VTIMER);
	WRITE_SYSREG(cntv_cval_el0, begin + ticks_of_us(2000));
	WRITE_SYSREG(cntv_ctl_el0, 1);
	EXPECT_EQ(psci(fn, 0, 0, 0), 0);
	EXPECT(counter() - begin >= ticks_of_us(2000));
	WRITE_SYSREG(cntv_ctl_el0, 0);
	gic_disable(IRQ_VTIMER);
	irq_window();
}

TEST(suspend)
{
	suspend(PSCI_CPU_SUSPEND);
	suspend(PSCI32_CPU_SUSPEND);
}

/* Bits of the power state that have to be zero. */
TEST(suspend_wrong)
{
	int32_t got;

	gic_sgi(0, 1); /* so that it ends in any case */
	got = (int32_t)psci(PSCI_CPU_SUSPEND, 0xffffffff, 0, 0);
	EXPECT_EQ(got, PSCI_INVALID);
	irq_window();
}

TEST(system_reset2_wrong)
{
	int32_t got = (int32_t)psci(PSCI_SYSTEM_RESET2, 0x7fffffff, 0, 0);

	EXPECT(got == PSCI_NOT_SUPPORTED || got == PSCI_INVALID);
}

void guest_main(void)
{
	if (boot_arg("reset")) {
		print("RESET now\n");
		system_reset();
	}
	if (boot_arg("busy-off")) {
		go_on = false;
		for (unsigned i = 1; i < nr_cpus; i++)
			cpu_start(i, wait_for_go, NULL);
		print("OFF now\n");
		system_off();
	}
	tests_run();
}
