/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State that a CPU has to itself: floating-point and vector registers, system registers, keys of
 * pointer authentication, breakpoints and watchpoints. Each CPU fills all with values of its own,
 * computes for a while so that others get the processor, and looks whether they are what they were.
 * Run several of them, and with more vCPUs than CPUs. "rounds=", "seed=" on the command line.
 */
#include "gic.h"

#define VECTORS	    32
#define HAS_PAUTH() (READ_SYSREG(id_aa64isar1_el1) & 0xff0 || READ_SYSREG(id_aa64isar1_el1) >> 24)

struct vectors {
	uint64_t q[VECTORS][2];
	uint64_t fpcr, fpsr;
};

/* state_asm.S */
void vectors_load(const struct vectors *v);
void vectors_save(struct vectors *v);
extern char spots[]; /* functions that do nothing, SPOT_SIZE each */

#define SPOTS	    8
#define SPOT_SIZE   8
#define MDSCR_ON    (BIT(15) | BIT(13)) /* MDE, KDE */
#define BCR_ON	    (0xf << 5 | 1 << 1 | BIT(0)) /* an address at EL1 */
#define WCR_ON	    (0xff << 5 | 3 << 3 | 1 << 1 | BIT(0)) /* read or written at EL1 */
#define EC_BREAK    0x31
#define EC_WATCH    0x35

struct mine {
	struct vectors in, out;
	uint64_t regs[32], tpidr2;
	uint64_t random, far_away; /* the latter: a word to be watched */
	uint64_t spot; /* where this CPU's breakpoint is */
	unsigned wrong;
	bool done;
};

static struct mine mine[CPUS_MAX];

static uint64_t next_random(struct mine *m)
{
	m->random = m->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return m->random;
}

/* Registers without an effect here, and the bits of them that keep what is written. */
#define REGISTERS(X)                                                                               \
	X(tpidr_el0, UINT64_MAX)                                                                   \
	X(tpidrro_el0, UINT64_MAX)                                                                 \
	X(sp_el0, UINT64_MAX)                                                                      \
	X(contextidr_el1, UINT32_MAX)                                                              \
	X(far_el1, UINT64_MAX)                                                                     \
	X(esr_el1, 0xffffffff)                                                                     \
	X(elr_el1, 0x0000ffffffffffffULL)                                                          \
	X(amair_el1, 0)                                                                            \
	X(cntkctl_el1, 0x3)                                                                        \
	X(par_el1, 1)                                                                              \
	X(ttbr1_el1, 0x0000fffffffff000ULL)                                                        \
	X(csselr_el1, 0x1)

#define PAUTH_KEYS(X)                                                                              \
	X(S3_0_C2_C1_0)                                                                            \
	X(S3_0_C2_C1_1)                                                                            \
	X(S3_0_C2_C2_0)                                                                            \
	X(S3_0_C2_C2_1)                                                                            \
	X(S3_0_C2_C3_0)                                                                            \
	X(S3_0_C2_C3_1)

/* Of SME, which is hidden; but this register cannot be, so it has to be switched. */
#define TPIDR2 S3_3_C13_C0_5

static void fill_registers(struct mine *m)
{
	unsigned n = 0;

	/* First: a fault writes to registers that are to be compared. */
	m->tpidr2 = next_random(m);
	CATCH(WRITE_SYSREG(TPIDR2, m->tpidr2));
#define FILL(name, mask)                                                                           \
	m->regs[n] = next_random(m) & (mask);                                                      \
	WRITE_SYSREG(name, m->regs[n++]);
	REGISTERS(FILL)
#undef FILL
	if (!HAS_PAUTH())
		return;
#define FILL(name)                                                                                 \
	m->regs[n] = next_random(m);                                                               \
	WRITE_SYSREG(name, m->regs[n++]);
	PAUTH_KEYS(FILL)
#undef FILL
}

static void compare(struct mine *m, const char *name, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	m->wrong++;
	print("  CPU %u: %s is 0x%lx, was 0x%lx\n", this_cpu()->id, name, got, want);
}

static void check_registers(struct mine *m)
{
	uint64_t value = 0;
	unsigned n = 0;

#define CHECK(name, mask)                                                                          \
	compare(m, #name, READ_SYSREG(name) & (mask), m->regs[n]);                                 \
	n++;
	REGISTERS(CHECK)
#undef CHECK
	if (!CATCH(value = READ_SYSREG(TPIDR2)).taken)
		compare(m, "tpidr2_el0", value, m->tpidr2);
	if (!HAS_PAUTH())
		return;
#define CHECK(name)                                                                                \
	compare(m, #name, READ_SYSREG(name), m->regs[n]);                                          \
	n++;
	PAUTH_KEYS(CHECK)
#undef CHECK
}

static void check_vectors(struct mine *m)
{
	for (unsigned i = 0; i < VECTORS; i++) {
		if (m->in.q[i][0] == m->out.q[i][0] && m->in.q[i][1] == m->out.q[i][1])
			continue;
		m->wrong++;
		print("  CPU %u: q%u is 0x%lx:%lx, was 0x%lx:%lx\n", this_cpu()->id, i,
		      m->out.q[i][1], m->out.q[i][0], m->in.q[i][1], m->in.q[i][0]);
	}
	compare(m, "fpcr", m->out.fpcr, m->in.fpcr);
	compare(m, "fpsr", m->out.fpsr, m->in.fpsr);
}

/*
 * Of three rounds one has its breakpoint and watchpoint enabled, one has them there, but disabled
 * as a whole, and one does not touch what the last one left.
 */
static void fill_debug(struct mine *m, unsigned round)
{
	if (round % 3 == 2)
		return;
	m->spot = next_random(m) % SPOTS;
	WRITE_SYSREG(dbgbvr0_el1, (uintptr_t)spots + m->spot * SPOT_SIZE);
	WRITE_SYSREG(dbgbcr0_el1, BCR_ON);
	WRITE_SYSREG(dbgwvr1_el1, (uintptr_t)&m->far_away);
	WRITE_SYSREG(dbgwcr1_el1, WCR_ON);
	WRITE_SYSREG(mdscr_el1, round % 3 == 1 ? MDSCR_ON : 0);
	isb();
}

static void check_debug(struct mine *m)
{
	bool on = READ_SYSREG(mdscr_el1) & MDSCR_ON;
	struct fault f;

	compare(m, "dbgbvr0_el1", READ_SYSREG(dbgbvr0_el1), (uintptr_t)spots + m->spot * SPOT_SIZE);
	compare(m, "dbgbcr0_el1", READ_SYSREG(dbgbcr0_el1), BCR_ON);
	compare(m, "dbgwvr1_el1", READ_SYSREG(dbgwvr1_el1), (uintptr_t)&m->far_away);
	compare(m, "dbgwcr1_el1", READ_SYSREG(dbgwcr1_el1), WCR_ON);
	if ((READ_SYSREG(id_aa64dfr0_el1) >> 12 & 0xf) == 1)
		return; /* two breakpoints are what a guest sees whose breakpoints do nothing */
	__asm__ volatile("msr daifclr, #8");
	for (unsigned i = 0; i < SPOTS; i++) {
		f = CATCH(((void (*)(void))(spots + i * SPOT_SIZE))());
		compare(m, "hit", f.taken ? FAULT_EC(f) : 0, on && i == m->spot ? EC_BREAK : 0);
	}
	for (unsigned i = 0; i < nr_cpus; i++) {
		f = CATCH(*(volatile uint64_t *)&mine[i].far_away = 1);
		compare(m, "watch", f.taken ? FAULT_EC(f) : 0, on && m == &mine[i] ? EC_WATCH : 0);
	}
	__asm__ volatile("msr daifset, #8");
}

static void round_of(struct mine *m, unsigned round)
{
	for (unsigned i = 0; i < VECTORS; i++) {
		m->in.q[i][0] = next_random(m);
		m->in.q[i][1] = next_random(m);
	}
	m->in.fpcr = (next_random(m) & 3) << 22;
	m->in.fpsr = next_random(m) & 0x9f;
	fill_debug(m, round / 2);
	vectors_load(&m->in);
	fill_registers(m);
	if (round % 3 == 0) {
		/* Give the processor away at once: an interrupt ends it. */
		WRITE_SYSREG(cntv_cval_el0, counter() + ticks_of_us(500));
		WRITE_SYSREG(cntv_ctl_el0, 1);
		while (!gic_is_pending(IRQ_VTIMER))
			wfi();
		WRITE_SYSREG(cntv_ctl_el0, 0);
	} else {
		delay_us(3000 + next_random(m) % 20000);
	}
	check_registers(m);
	vectors_save(&m->out);
	check_vectors(m);
	check_debug(m);
}

static void work(void *arg)
{
	unsigned rounds = (unsigned)boot_arg_number("rounds", 30);
	struct mine *m = &mine[this_cpu()->id];

	gic_enable(IRQ_VTIMER);
	WRITE_SYSREG(cpacr_el1, 3 << 20);
	WRITE_SYSREG(oslar_el1, 0);
	isb();
	m->random = random_state + this_cpu()->id * 1000003;
	for (unsigned i = 0; i < rounds && m->wrong < 10; i++)
		round_of(m, i);
	WRITE_SYSREG(mdscr_el1, 0);
	gic_disable(IRQ_VTIMER);
	irq_window();
	m->done = true;
}

TEST(state_is_kept)
{
	for (unsigned i = 1; i < nr_cpus; i++)
		cpu_start(i, work, NULL);
	work(NULL);
	for (unsigned i = 0; i < nr_cpus; i++) {
		EXPECT(WAIT(*(volatile bool *)&mine[i].done));
		EXPECT_EQ(mine[i].wrong, 0);
	}
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_wait_off(i));
}

static struct vectors first;

/* Of others there is nothing in the registers of a CPU that begins. */
TEST(nothing_of_others)
{
	WRITE_SYSREG(cpacr_el1, 3 << 20);
	isb();
	if (!boot_arg("fresh")) {
		test_skip("not the first test");
		return;
	}
	vectors_save(&first);
	for (unsigned i = 0; i < VECTORS; i++)
		EXPECT(!first.q[i][0] && !first.q[i][1]);
}
