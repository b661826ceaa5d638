/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic timer (DDI 0487, D11) of a guest: counters, the virtual and the physical timer, their
 * interrupts, waking from WFI. "late=" on the command line: microseconds that an interrupt may be
 * late (a busy build machine needs more). "qemu-gicv2": the host's interrupt controller is that.
 */
#include "gic.h"

#define ENABLE	1
#define IMASK	2
#define ISTATUS 4
/* Not the end of the scale: where CNTVOFF_EL2 is not zero QEMU 7.2 adds it, and loops for ever. */
#define FAR_AWAY (UINT64_MAX >> 2)

struct kind {
	const char *name;
	unsigned irq;
	uint64_t (*count)(void);
	uint64_t (*ctl)(void);
	void (*set_ctl)(uint64_t v);
	uint64_t (*cval)(void);
	void (*set_cval)(uint64_t v);
	uint64_t (*tval)(void);
	void (*set_tval)(uint64_t v);
};

#define REG(name, reg)                                                                             \
	static uint64_t get_##name(void)                                                           \
	{                                                                                          \
		isb();                                                                             \
		return READ_SYSREG(reg);                                                           \
	}                                                                                          \
	static void set_##name(uint64_t v)                                                         \
	{                                                                                          \
		WRITE_SYSREG(reg, v);                                                              \
		isb();                                                                             \
	}
REG(vctl, cntv_ctl_el0)
REG(vcval, cntv_cval_el0)
REG(vtval, cntv_tval_el0)
REG(pctl, cntp_ctl_el0)
REG(pcval, cntp_cval_el0)
REG(ptval, cntp_tval_el0)
#undef REG

static uint64_t physical_count(void)
{
	isb();
	return READ_SYSREG(cntpct_el0);
}

static const struct kind kinds[] = {
	{ "virtual", IRQ_VTIMER, counter, get_vctl, set_vctl, get_vcval, set_vcval, get_vtval,
	  set_vtval },
	{ "physical", IRQ_PTIMER, physical_count, get_pctl, set_pctl, get_pcval, set_pcval,
	  get_ptval, set_ptval },
};
#define for_each_kind(k) for (const struct kind *k = kinds; k < kinds + ARRAY_SIZE(kinds); k++)

static const struct kind *current;
static volatile unsigned fired;
static volatile uint64_t fired_at;

static uint64_t late_limit(void)
{
	return ticks_of_us(boot_arg_number("late", 200000));
}

static void on_timer(unsigned irq)
{
	fired_at = current->count();
	fired++;
	current->set_ctl(0);
}

static void prepare(const struct kind *k)
{
	current = k;
	fired = 0;
	k->set_ctl(0);
	irq_handlers[k->irq] = on_timer;
	gic_set_edge(k->irq, false);
	gic_enable(k->irq);
}

static void finish(const struct kind *k)
{
	k->set_ctl(0);
	gic_disable(k->irq);
	irq_window();
	irq_handlers[k->irq] = NULL;
}

TEST(frequency)
{
	uint64_t freq = READ_SYSREG(cntfrq_el0);

	EXPECT(freq >= 1000000 && freq <= 1000000000);
}

TEST(counters_go_up)
{
	uint64_t last = counter(), now;

	for (unsigned i = 0; i < 20000; i++, last = now) {
		now = counter();
		if (now < last) {
			FAIL("back from 0x%lx to 0x%lx", last, now);
			return;
		}
	}
	last = physical_count();
	delay_us(1000);
	EXPECT(physical_count() - last >= ticks_of_us(1000));
	/* The virtual counter is behind the physical one by a fixed offset. */
	last = counter();
	EXPECT(physical_count() >= last);
}

TEST(condition)
{
	for_each_kind(k) {
		k->set_ctl(0);
		k->set_cval(k->count() + ticks_of_us(1000000));
		k->set_ctl(ENABLE | IMASK);
		EXPECT_EQ(k->ctl(), ENABLE | IMASK);
		k->set_cval(k->count());
		EXPECT_EQ(k->ctl(), ENABLE | IMASK | ISTATUS);
		k->set_cval(FAR_AWAY);
		EXPECT_EQ(k->ctl(), ENABLE | IMASK);
		EXPECT_EQ(k->cval(), FAR_AWAY);
		k->set_ctl(0);
	}
}

TEST(timer_value)
{
	for_each_kind(k) {
		uint64_t begin = k->count();

		k->set_tval(ticks_of_us(1000000));
		EXPECT(k->cval() - begin >= ticks_of_us(1000000));
		EXPECT(k->tval() <= ticks_of_us(1000000));
		/* It is signed: a negative one is in the past. */
		k->set_tval((uint32_t)-1000);
		EXPECT(k->cval() < k->count());
		EXPECT(k->tval() >> 31);
	}
}

/* Fires once, not early, not very late. */
static void fire_after(const struct kind *k, uint64_t us, void (*wait)(void))
{
	uint64_t when;

	prepare(k);
	when = k->count() + ticks_of_us(us);
	k->set_cval(when);
	k->set_ctl(ENABLE);
	wait();
	if (!EXPECT_EQ(fired, 1) || fired_at < when || fired_at - when > late_limit())
		FAIL("%s timer: %u interrupts; %ld ticks late", k->name, fired, fired_at - when);
	finish(k);
}

static void spin(void)
{
	irq_enable();
	WAIT(fired);
	delay_us(200);
	irq_disable();
}

static void sleep_until_fired(void)
{
	SLEEP_UNTIL(fired);
}

TEST(fires_while_busy)
{
	for_each_kind(k) {
		fire_after(k, 100, spin);
		fire_after(k, 3000, spin);
	}
}

TEST(fires_in_wfi)
{
	for_each_kind(k) {
		fire_after(k, 100, sleep_until_fired);
		fire_after(k, 30000, sleep_until_fired);
	}
}

TEST(fires_at_once)
{
	for_each_kind(k) {
		prepare(k);
		k->set_cval(0);
		k->set_ctl(ENABLE);
		irq_window();
		EXPECT_EQ(fired, 1);
		finish(k);
	}
}

/* WFI ends with a pending interrupt although it is masked. */
TEST(wfi_masked)
{
	for_each_kind(k) {
		uint64_t when;

		prepare(k);
		when = k->count() + ticks_of_us(2000);
		k->set_cval(when);
		k->set_ctl(ENABLE);
		while (!gic_is_pending(k->irq))
			wfi();
		EXPECT(k->count() >= when);
		EXPECT_EQ(fired, 0);
		irq_window();
		EXPECT_EQ(fired, 1);
		finish(k);
	}
}

TEST(masked_does_not_fire)
{
	for_each_kind(k) {
		prepare(k);
		k->set_cval(k->count());
		k->set_ctl(ENABLE | IMASK);
		delay_us(500);
		irq_window();
		EXPECT_EQ(fired, 0);
		EXPECT(!gic_is_pending(k->irq));
		/* Unmasked it does. */
		k->set_ctl(ENABLE);
		irq_window();
		EXPECT_EQ(fired, 1);
		finish(k);
	}
}

/*
 * The line is a level: who takes it back before the interrupt is taken gets none. Where it is in a
 * list register already, linked to the hardware's, it is still delivered, once.
 */
TEST(taken_back)
{
	for_each_kind(k) {
		prepare(k);
		k->set_cval(k->count());
		k->set_ctl(ENABLE);
		delay_us(100);
		k->set_ctl(0);
		irq_window();
		EXPECT(fired <= !boot_arg("reference"));
		EXPECT(WAIT(!gic_is_pending(k->irq)));
		fired = 0;
		irq_window();
		EXPECT_EQ(fired, 0);
		finish(k);
	}
}

/* The state is the line's also while the interrupt is disabled, and nothing of it is left over. */
TEST(line_of_a_disabled_one)
{
	for_each_kind(k) {
		prepare(k);
		gic_disable(k->irq);
		irq_enable();
		k->set_cval(k->count() + ticks_of_us(10000000));
		k->set_ctl(ENABLE);
		EXPECT(!gic_is_pending(k->irq));
		k->set_cval(k->count() - 1);
		EXPECT(gic_is_pending(k->irq));
		k->set_cval(k->count() + ticks_of_us(10000000));
		EXPECT(!gic_is_pending(k->irq));
		k->set_cval(k->count() - 1);
		EXPECT(gic_is_pending(k->irq));
		k->set_ctl(0);
		EXPECT(!gic_is_pending(k->irq));
		gic_enable(k->irq);
		delay_us(100);
		irq_disable();
		EXPECT_EQ(fired, 0);
		finish(k);
	}
}

static void again(unsigned irq)
{
	fired++;
	/* Three times without touching the timer: the line is still there. */
	if (fired >= 3)
		current->set_ctl(0);
}

TEST(level_comes_again)
{
	if (boot_arg("qemu-gicv2")) {
		test_skip("QEMU's GICv2 forgets the level of an interrupt that a guest ends");
		return;
	}
	for_each_kind(k) {
		prepare(k);
		irq_handlers[k->irq] = again;
		k->set_cval(k->count());
		k->set_ctl(ENABLE);
		irq_enable();
		WAIT(fired >= 3);
		irq_disable();
		EXPECT_EQ(fired, 3);
		finish(k);
	}
}

static void tick(unsigned irq)
{
	uint64_t next = current->cval() + ticks_of_us(500), now = current->count();

	fired++;
	/* On a machine that is late, not one that is over already. */
	current->set_cval(next > now ? next : now + ticks_of_us(100));
}

TEST(periodic)
{
	for_each_kind(k) {
		uint64_t begin;

		prepare(k);
		irq_handlers[k->irq] = tick;
		begin = k->count();
		k->set_cval(begin + ticks_of_us(500));
		k->set_ctl(ENABLE);
		SLEEP_UNTIL(fired >= 100);
		EXPECT(k->count() - begin >= ticks_of_us(50000));
		finish(k);
	}
}

static volatile unsigned both;

static void on_both(unsigned irq)
{
	both |= irq == IRQ_VTIMER ? 1 : 2;
	if (irq == IRQ_VTIMER)
		set_vctl(0);
	else
		set_pctl(0);
}

TEST(both_at_once)
{
	for (unsigned round = 0; round < 20; round++) {
		both = 0;
		for_each_kind(k) {
			prepare(k);
			irq_handlers[k->irq] = on_both;
			k->set_cval(k->count() + ticks_of_us(300));
			k->set_ctl(ENABLE);
		}
		SLEEP_UNTIL(both == 3);
		for_each_kind(k)
			finish(k);
	}
}

static volatile unsigned cpus_done;

/* Each CPU has its own: all at the same time, with different periods. */
static void own_timer(void *arg)
{
	uint64_t period = ticks_of_us(300 + 100 * this_cpu()->id);
	uint64_t next = counter() + period;

	gic_enable(IRQ_VTIMER);
	for (unsigned i = 0; i < 40; i++, next += period) {
		set_vcval(next);
		set_vctl(ENABLE);
		while (!gic_is_pending(IRQ_VTIMER))
			wfi();
		if (counter() < next)
			FAIL("CPU %u: early", this_cpu()->id);
		set_vctl(0);
		irq_window();
	}
	gic_disable(IRQ_VTIMER);
	__atomic_fetch_add(&cpus_done, 1, __ATOMIC_SEQ_CST);
}

TEST(all_cpus)
{
	cpus_done = 0;
	for (unsigned i = 1; i < nr_cpus; i++)
		cpu_start(i, own_timer, NULL);
	own_timer(NULL);
	EXPECT(WAIT(cpus_done == nr_cpus));
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_wait_off(i));
}

static volatile uint64_t ball;

static void return_ball(void *arg)
{
	for (unsigned i = 0; i < 200; i++) {
		while (!(ball & 1))
			;
		ball = counter() & ~1ULL;
	}
}

/* What one CPU saw is never in another's future. */
TEST(counters_agree)
{
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	ball = 0;
	cpu_start(1, return_ball, NULL);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t mine = counter() & ~1ULL, theirs;

		ball = mine | 1;
		if (!WAIT(!(ball & 1))) {
			FAIL("the other CPU stands still");
			return;
		}
		theirs = ball;
		if (theirs < mine || (counter() | 1) < theirs) {
			FAIL("0x%lx, there 0x%lx, then 0x%lx", mine, theirs, counter());
			return;
		}
	}
	EXPECT(cpu_wait_off(1));
}
