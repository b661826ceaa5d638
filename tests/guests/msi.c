/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message-signalled interrupts: with a GICv2 the frame of a GICv2m, whose doorbell any CPU can
 * ring; with a GICv3 the ITS, where the command INT stands for the message of a device, and LPIs.
 */
#include "its.h"

#define DEVICE 0x21U
#define EVENTS 64U
#define SPIS   64U

#define V2M_TYPER  0x008
#define V2M_SETSPI 0x040

/* LPIs that were taken, in order; each CPU notes its own. */
static struct taken {
	volatile unsigned n;
	volatile uint32_t irq[256];
} taken[CPUS_MAX];

static void take(void)
{
	struct taken *t = &taken[this_cpu()->id];
	uint32_t irq = (uint32_t)READ_SYSREG(ICC_IAR1_EL1);

	if (irq >= 1020 && irq < LPI_FIRST)
		return;
	t->irq[t->n++ % ARRAY_SIZE(t->irq)] = irq;
	WRITE_SYSREG(ICC_EOIR1_EL1, irq);
}

/* Take all that waits, at most so many. @return how many */
static unsigned drain(void)
{
	struct taken *t = &taken[this_cpu()->id];
	unsigned before = t->n, last;

	do {
		last = t->n;
		for (unsigned i = 0; i < 4; i++)
			irq_window();
	} while (t->n != last);
	return t->n - before;
}

static bool have_its(void)
{
	static bool ready;

	if (!its_present()) {
		test_skip("no ITS");
		return false;
	}
	if (!ready) {
		its_init();
		its_mapc(0);
		its_mapd(DEVICE, 6);
		ready = true;
	}
	this_cpu()->irq = take;
	taken[0].n = 0;
	return true;
}

static bool map(uint32_t event, uint32_t lpi, uint8_t prio)
{
	its_config[lpi - LPI_FIRST] = prio | 1;
	dsb();
	return its_mapti(DEVICE, event, lpi, 0);
}

/* --- GICv2m ------------------------------------------------------------------------------- */

static bool have_v2m(void)
{
	if (gic_version == 2 && fdt_get("v2m@", 0, NULL, NULL))
		return true;
	test_skip("no GICv2m");
	return false;
}

TEST(v2m_range)
{
	uint32_t typer;

	if (!have_v2m())
		return;
	typer = read32(V2M_BASE + V2M_TYPER);
	EXPECT_EQ(typer >> 16 & 0x3ff, 80);
	EXPECT_EQ(typer & 0x3ff, SPIS);
	write32(V2M_BASE + V2M_TYPER, 0);
	EXPECT_EQ(read32(V2M_BASE + V2M_TYPER), typer);
}

TEST(v2m_each)
{
	if (!have_v2m())
		return;
	this_cpu()->irq = irq_default;
	for (unsigned irq = 80; irq < 80 + SPIS; irq++) {
		gic_set_edge(irq, true);
		gic_enable(irq);
		this_cpu()->seen[irq] = 0;
		write32(V2M_BASE + V2M_SETSPI, irq);
	}
	for (unsigned i = 0; i < 2 * SPIS; i++)
		irq_window();
	for (unsigned irq = 80; irq < 80 + SPIS; irq++) {
		EXPECT_EQ(this_cpu()->seen[irq], 1);
		gic_disable(irq);
	}
}

TEST(v2m_out_of_range)
{
	static const uint32_t values[] = { 0, 31, 32, 79, 144, 287, 1023, ~0U };
	unsigned before;

	if (!have_v2m())
		return;
	for (unsigned irq = 32; irq < gic_irqs && irq < 160; irq++)
		gic_enable(irq);
	before = this_cpu()->irqs;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		write32(V2M_BASE + V2M_SETSPI, values[i]);
		irq_window();
	}
	EXPECT_EQ(this_cpu()->irqs, before);
	for (unsigned irq = 32; irq < gic_irqs && irq < 160; irq++)
		gic_disable(irq);
}

/* --- ITS ---------------------------------------------------------------------------------- */

TEST(its_describes_itself)
{
	uint64_t typer;

	if (!have_its())
		return;
	typer = read64(ITS_BASE + GITS_TYPER);
	EXPECT(typer & 1);
	EXPECT(read32(GICD_BASE + GICD_TYPER) & BIT(17));
	EXPECT((read32(GICD_BASE + GICD_TYPER) >> 19 & 0x1f) >= 13);
	EXPECT(read64(this_cpu()->redist + GICR_TYPER) & 1);
	EXPECT_EQ(read32(ITS_BASE + 0xffe8) >> 4 & 0xf, 3);
	EXPECT_EQ(read64(ITS_BASE + GITS_BASER) >> 56 & 7, 1);
	EXPECT_EQ(read64(ITS_BASE + GITS_BASER + 8) >> 56 & 7, 4);
}

TEST(lpi_comes)
{
	if (!have_its())
		return;
	EXPECT(map(0, LPI_FIRST, 0xa0));
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT_EQ(drain(), 1);
	EXPECT_EQ(taken[0].irq[0], LPI_FIRST);
	/* Again and again. */
	for (unsigned i = 0; i < 20; i++) {
		EXPECT(its_event_command(ITS_INT, DEVICE, 0));
		EXPECT_EQ(drain(), 1);
	}
	/* Several before it is taken are one. */
	for (unsigned i = 0; i < 20; i++)
		EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT_EQ(drain(), 1);
}

TEST(lpi_by_priority)
{
	if (!have_its())
		return;
	for (unsigned i = 0; i < 16; i++)
		EXPECT(map(i, LPI_FIRST + 40 + i, (uint8_t)(0xf0 - i * 8)));
	for (unsigned i = 0; i < 16; i++)
		EXPECT(its_event_command(ITS_INT, DEVICE, i));
	EXPECT_EQ(drain(), 16);
	for (unsigned i = 0; i < 16; i++)
		EXPECT_EQ(taken[0].irq[i], LPI_FIRST + 40 + 15 - i);
}

TEST(lpi_many)
{
	uint64_t seen = 0;

	if (!have_its())
		return;
	for (unsigned i = 0; i < EVENTS; i++)
		EXPECT(map(i, LPI_FIRST + 100 + i * 2, 0xa0));
	for (unsigned i = 0; i < EVENTS; i++)
		EXPECT(its_event_command(ITS_INT, DEVICE, i));
	EXPECT_EQ(drain(), EVENTS);
	for (unsigned i = 0; i < EVENTS; i++)
		seen |= BIT((taken[0].irq[i] - LPI_FIRST - 100) / 2 & 63);
	EXPECT_EQ(seen, ~0ULL);
}

TEST(lpi_disabled)
{
	if (!have_its())
		return;
	EXPECT(map(0, LPI_FIRST, 0xa0));
	its_config[0] = 0xa0;
	dsb();
	EXPECT(its_event_command(ITS_INV, DEVICE, 0));
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT_EQ(drain(), 0);
	its_config[0] = 0xa1;
	dsb();
	EXPECT(its_command(ITS_INVALL, 0, 0));
	EXPECT_EQ(drain(), 1);
}

TEST(lpi_cleared_and_discarded)
{
	if (!have_its())
		return;
	EXPECT(map(0, LPI_FIRST, 0xa0));
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT(its_event_command(ITS_CLEAR, DEVICE, 0));
	EXPECT_EQ(drain(), 0);
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT(its_event_command(ITS_DISCARD, DEVICE, 0));
	EXPECT_EQ(drain(), 0);
	EXPECT(map(0, LPI_FIRST, 0xa0));
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT_EQ(drain(), 1);
}

/* A shared interrupt between LPIs: each has its turn by priority. */
TEST(lpi_among_others)
{
	unsigned irq = 96;

	if (!have_its())
		return;
	EXPECT(map(0, LPI_FIRST, 0x40));
	EXPECT(map(1, LPI_FIRST + 1, 0xc0));
	gic_set_edge(irq, true);
	gic_set_prio(irq, 0x80);
	gic_enable(irq);
	EXPECT(its_event_command(ITS_INT, DEVICE, 1));
	gic_set_bit(irq, GIC_ISPENDR);
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT_EQ(drain(), 3);
	EXPECT_EQ(taken[0].irq[0], LPI_FIRST);
	EXPECT_EQ(taken[0].irq[1], irq);
	EXPECT_EQ(taken[0].irq[2], LPI_FIRST + 1);
	gic_disable(irq);
}

/* --- to other CPUs ------------------------------------------------------------------------ */

static volatile bool other_ready, other_stop;

static void other(void *arg)
{
	this_cpu()->irq = take;
	taken[this_cpu()->id].n = 0;
	its_init_cpu();
	other_ready = true;
	irq_enable();
	while (!other_stop)
		;
	irq_disable();
}

TEST(lpi_moves)
{
	if (!have_its())
		return;
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	other_ready = false;
	other_stop = false;
	EXPECT(map(0, LPI_FIRST, 0xa0));
	EXPECT(cpu_start(1, other, NULL));
	EXPECT(WAIT(other_ready));
	EXPECT(its_mapc(1));
	EXPECT(its_command(ITS_MOVI | (uint64_t)DEVICE << 32, 0, 1));
	for (unsigned i = 1; i <= 50; i++) {
		EXPECT(its_event_command(ITS_INT, DEVICE, 0));
		if (!EXPECT(WAIT(taken[1].n == i)))
			break;
	}
	EXPECT_EQ(taken[1].irq[0], LPI_FIRST);
	EXPECT_EQ(drain(), 0);
	EXPECT(its_command(ITS_MOVI | (uint64_t)DEVICE << 32, 0, 0));
	EXPECT(its_event_command(ITS_INT, DEVICE, 0));
	EXPECT(WAIT((drain(), taken[0].n)));
	EXPECT_EQ(taken[0].n, 1);
	EXPECT_EQ(taken[1].n, 50);
	other_stop = true;
	EXPECT(cpu_wait_off(1));
}
