/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interrupts over a fake chip that remembers what it was told and counts what is wrong.
 */
#include "dtc.h"
#include "fake.h"

#include <stdarg.h>
#include <string.h>

#include <core/dt.h>
#include <core/irq.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <port/host.h>

#include "../../core/dt/dt_priv.h"

#define CHIP_IRQS 96

static struct cpu the_cpus[2];
static bool enabled[2][CHIP_IRQS], active[CHIP_IRQS], level_of[CHIP_IRQS];
static unsigned target[CHIP_IRQS], pending[8], nr_pending, inits;

/* --- the chip ------------------------------------------------------------------ */

static bool *enable_bit(unsigned hwirq)
{
	return &enabled[hwirq < 32 ? this_cpu()->id : 0][hwirq];
}

static void chip_entry(void)
{
	while (nr_pending) {
		unsigned hwirq = pending[--nr_pending];

		active[hwirq] = true;
		if (irq_dispatch(hwirq))
			active[hwirq] = false;
	}
}

static void chip_enable(unsigned hwirq)
{
	*enable_bit(hwirq) = true;
}

static void chip_disable(unsigned hwirq)
{
	*enable_bit(hwirq) = false;
}

static void chip_deactivate(unsigned hwirq)
{
	active[hwirq] = false;
}

static bool chip_is_active(unsigned hwirq)
{
	return active[hwirq];
}

static void chip_set_active(unsigned hwirq, bool on)
{
	active[hwirq] = on;
}

static int chip_set_type(unsigned hwirq, bool level)
{
	CHECK(!*enable_bit(hwirq));	/* changing an enabled interrupt may make it fire */
	if (hwirq == 95)
		return -EINVAL;
	level_of[hwirq] = level;
	return 0;
}

static int chip_set_cpu(unsigned hwirq, unsigned cpu)
{
	CHECK(hwirq >= 32);
	if (cpu > 1)
		return -EINVAL;
	target[hwirq] = cpu;
	return 0;
}

static int chip_xlate(const uint32_t *cells, unsigned n, bool *level)
{
	if (n != 3 || cells[1] >= CHIP_IRQS - 32)
		return -EINVAL;
	*level = cells[2] == 4;
	return (int)(cells[0] ? 16 + cells[1] : 32 + cells[1]);
}

static void chip_init_cpu(void)
{
	inits++;
}

static void chip_kick(unsigned cpu)
{
}

static const struct irqchip chip = {
	.name = "FAKE", .nr_irqs = CHIP_IRQS, .nr_private = 32, .entry = chip_entry,
	.enable = chip_enable, .disable = chip_disable, .deactivate = chip_deactivate,
	.is_active = chip_is_active, .set_active = chip_set_active, .set_type = chip_set_type,
	.set_cpu = chip_set_cpu, .xlate = chip_xlate, .init_cpu = chip_init_cpu, .kick = chip_kick,
};

static const char machine[] =
	"/dts-v1/;\n"
	"/ { interrupt-parent = <&gic>; #address-cells = <1>; #size-cells = <1>;\n"
	"	cpus { #address-cells = <1>; #size-cells = <0>;\n"
	"		cpu@0 { device_type = \"cpu\"; reg = <0>; };\n"
	"		cpu@1 { device_type = \"cpu\"; reg = <1>; }; };\n"
	"	gic: intc { interrupt-controller; #interrupt-cells = <3>;\n"
	"		interrupts = <1 9 4>; };\n"
	"	other: gpio { interrupt-controller; #interrupt-cells = <2>; };\n"
	"	plain { };\n"
	"	uart { interrupts = <0 1 4>, <0 2 1>; };\n"
	"	bad { interrupts = <0 1>; };\n"
	"	beyond { interrupts = <0 900 4>; };\n"
	"	button { interrupt-parent = <&other>; interrupts = <3 1>; };\n"
	"	both { interrupts-extended = <&other 1 2>, <&gic 0 5 4>, <&gic 1 3 1>; };\n"
	"	broken { interrupts-extended = <&gic 0 5>; };\n"
	"	nobody { interrupts-extended = <0xabcdef 0 5>; };\n"
	"};\n";

/* The core has one root chip for ever, as a machine has: it is registered once. */
static void setup(void)
{
	static bool done;
	size_t size;
	void *blob;

	the_cpus[0].id = 0;
	the_cpus[1].id = 1;
	fake_log_clear();
	if (done)
		return;
	done = true;
	arch_set_this_cpu(&the_cpus[0]);
	blob = dtc(machine, &size);
	REQUIRE(blob && dt_init(blob) == 0);
	free(blob);
	CHECK_EQ(irq_of_node(dt_find("/uart"), 0, NULL), -EPROBE_DEFER);
	CHECK_EQ(irq_request_node(dt_find("/uart"), 0, "x", NULL, NULL), -EPROBE_DEFER);
	CHECK_EQ(irq_request(40, true, "x", (irq_handler)chip_init_cpu, NULL), -EPROBE_DEFER);
	CHECK(!irqchip_root());
	irq_host_entry();	/* nothing to ask: nothing happens */
	CHECK_EQ(irqchip_register(&chip, dt_find("/plain")), -EINVAL);
	CHECK_EQ(irqchip_register(&chip, dt_find("/intc")), 0);
	CHECK_EQ(irqchip_register(&chip, dt_find("/gpio")), -EBUSY);
	CHECK(irqchip_root() == &chip && irqchip_root_node() == dt_find("/intc"));
}

unsigned cpus_online = 2;

static void raise(unsigned hwirq)
{
	pending[nr_pending++] = hwirq;
	irq_host_entry();
}

static unsigned calls;
static void *last_arg;

static void handler(void *arg)
{
	calls++;
	last_arg = arg;
}

TEST(numbers_from_the_tree)
{
	bool level = false;

	setup();
	CHECK_EQ(irq_of_node(dt_find("/uart"), 0, &level), 33);
	CHECK(level);
	CHECK_EQ(irq_of_node(dt_find("/uart"), 1, &level), 34);
	CHECK(!level);
	CHECK_EQ(irq_of_node(dt_find("/uart"), 2, &level), -ENOENT);
	CHECK_EQ(irq_of_node(dt_find("/plain"), 0, NULL), -ENOENT);
	CHECK_EQ(irq_of_node(dt_find("/bad"), 0, NULL), -EINVAL);
	CHECK_EQ(irq_of_node(dt_find("/beyond"), 0, NULL), -EINVAL);
	CHECK_EQ(irq_of_node(dt_find("/button"), 0, NULL), -ENXIO);
	CHECK_EQ(irq_of_node(dt_find("/intc"), 0, NULL), 25);
	CHECK_EQ(irq_of_node(dt_find("/both"), 0, NULL), -ENXIO);
	CHECK_EQ(irq_of_node(dt_find("/both"), 1, NULL), 37);
	CHECK_EQ(irq_of_node(dt_find("/both"), 2, NULL), 19);
	CHECK_EQ(irq_of_node(dt_find("/both"), 3, NULL), -ENOENT);
	CHECK_EQ(irq_of_node(dt_find("/broken"), 0, NULL), -EINVAL);
	CHECK_EQ(irq_of_node(dt_find("/nobody"), 0, NULL), -EINVAL);
}

TEST(claim_and_take)
{
	int x;

	setup();
	target[33] = 1;
	CHECK_EQ(irq_request_node(dt_find("/uart"), 0, "uart0", handler, &x), 33);
	CHECK(enabled[0][33] && level_of[33] && target[33] == 0);
	CHECK_EQ(irq_request(33, true, "other", handler, NULL), -EBUSY);
	calls = 0;
	raise(33);
	CHECK_EQ(calls, 1);
	CHECK(last_arg == &x && !active[33]);
	CHECK_EQ(irq_set_cpu(33, 1), 0);
	CHECK_EQ(target[33], 1);
	CHECK_EQ(irq_set_cpu(33, 2), -EINVAL);
	CHECK_EQ(irq_set_cpu(25, 1), -EINVAL);
	irq_disable(33);
	CHECK(!enabled[0][33]);
	irq_enable(33);
	CHECK(enabled[0][33]);
	irq_free(33);
	CHECK(!enabled[0][33]);
	CHECK_EQ(irq_request(33, false, "again", handler, NULL), 0);
	CHECK(!level_of[33]);
	irq_free(33);
}

TEST(bad_claims)
{
	setup();
	CHECK_EQ(irq_request(CHIP_IRQS, true, "x", handler, NULL), -EINVAL);
	CHECK_EQ(irq_request(UINT32_MAX, true, "x", handler, NULL), -EINVAL);
	CHECK_EQ(irq_request(50, true, "x", NULL, NULL), -EINVAL);
	/* the chip does not take it: it is not claimed, and off */
	CHECK_EQ(irq_request(95, true, "x", handler, NULL), -EINVAL);
	CHECK(!enabled[0][95]);
	irq_free(94);	/* never claimed */
	irq_free(UINT32_MAX);
	irq_enable(UINT32_MAX);
}

TEST(linked_stays_active)
{
	setup();
	CHECK_EQ(irq_request_linked(27, true, "timer", handler, NULL), 0);
	calls = 0;
	raise(27);
	CHECK(calls == 1 && active[27]);
	irq_deactivate(27);
	CHECK(!active[27]);
	irq_free(27);
}

TEST(unclaimed_is_switched_off)
{
	setup();
	enabled[0][60] = true;
	calls = 0;
	raise(60);
	CHECK(!enabled[0][60] && !active[60] && !calls);
	CHECK(strstr(fake_log_text(), "60"));
	enabled[0][33] = true;	/* claimed before and given back */
	raise(33);
	CHECK(!enabled[0][33] && !calls);
}

TEST(further_cpu)
{
	setup();
	CHECK_EQ(irq_request(26, true, "private", handler, NULL), 0);
	CHECK_EQ(irq_request(40, true, "shared", handler, NULL), 0);
	memset(enabled[1], 0, sizeof(enabled[1]));
	arch_set_this_cpu(&the_cpus[1]);
	inits = 0;
	irq_init_cpu();
	CHECK_EQ(inits, 1);
	CHECK(enabled[1][26] && !enabled[1][27] && !enabled[1][40]);
	raise(26);
	arch_set_this_cpu(&the_cpus[0]);
}

/* --- irq_show ------------------------------------------------------------------- */

static char shown[2048];

void out_puts(struct shell_out *out, const char *s)
{
	strcat(shown, s);
}

void out_printf(struct shell_out *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), fmt, ap);
	va_end(ap);
}

TEST(shows_counts_per_cpu)
{
	unsigned irq, zero, one;
	char type[16], name[32], *line;

	setup();
	raise(40);
	raise(40);
	shown[0] = '\0';
	irq_show(NULL);
	line = strstr(shown, "   40");
	REQUIRE(line && sscanf(line, "%u %15s %u %u %31s", &irq, type, &zero, &one, name) == 5);
	CHECK(zero == 2 && one == 0);
	CHECK_STR(type, "level");
	CHECK_STR(name, "shared");
	line = strstr(shown, "   26");
	REQUIRE(line && sscanf(line, "%u %15s %u %u %31s", &irq, type, &zero, &one, name) == 5);
	CHECK(zero == 0 && one == 1);
	CHECK(!strstr(shown, "uart0"));
}

/* Each allocation fails in turn: the claim is refused and nothing is on. */
TEST(out_of_memory)
{
	unsigned n;
	int err = -ENOMEM;

	setup();
	for (n = 1; err == -ENOMEM && n < 10; n++) {
		fake_heap_fail_at(n);
		err = irq_request(70, true, "x", handler, NULL);
		if (err)
			CHECK(!enabled[0][70]);
	}
	fake_heap_fail_at(0);
	CHECK(err == 0 && n > 2);
	irq_free(70);
}

/* --- shared interrupts, messages ---------------------------------------------------------- */

TEST(shared)
{
	size_t before;
	int a, b;

	setup();
	before = fake_heap_live();
	CHECK_EQ(irq_request_shared(45, "one", handler, &a), 0);
	CHECK_EQ(irq_request_shared(45, "two", handler, &b), 0);
	CHECK_EQ(irq_request(45, true, "x", handler, NULL), -EBUSY);
	calls = 0;
	raise(45);
	CHECK_EQ(calls, 2);
	shown[0] = '\0';
	irq_show(NULL);
	CHECK(strstr(shown, "one, two"));
	irq_free_shared(45, &a);
	CHECK(enabled[0][45]);
	calls = 0;
	raise(45);
	CHECK(calls == 1 && last_arg == &b);
	irq_free_shared(45, &a);	/* not there any more */
	CHECK(enabled[0][45]);
	irq_free_shared(45, &b);
	CHECK(!enabled[0][45]);
	CHECK_EQ(irq_request(45, false, "x", handler, NULL), 0);
	CHECK_EQ(irq_request_shared(45, "late", handler, &b), -EBUSY);
	irq_free(45);
	CHECK(fake_heap_live() <= before + 2);	/* descriptor and group stay */
}

#define LPIS 100

static bool lpi_on[LPIS];

static void lpi_enable(unsigned hwirq)
{
	lpi_on[hwirq - IRQ_LPI_FIRST] = true;
}

static void lpi_disable(unsigned hwirq)
{
	lpi_on[hwirq - IRQ_LPI_FIRST] = false;
}

static int lpi_set_type(unsigned hwirq, bool level)
{
	return level ? -EINVAL : 0;
}

static const struct irqchip lpi_chip = {
	.name = "LPI", .nr_irqs = LPIS, .enable = lpi_enable, .disable = lpi_disable,
	.set_type = lpi_set_type,
};

TEST(messages)
{
	int x;

	setup();
	CHECK_EQ(irq_request(IRQ_LPI_FIRST, false, "early", handler, NULL), -EINVAL);
	CHECK_EQ(irqchip_add_lpis(&lpi_chip), 0);
	CHECK_EQ(irqchip_add_lpis(&lpi_chip), -EBUSY);
	CHECK_EQ(irq_request(IRQ_LPI_FIRST + LPIS, false, "x", handler, NULL), -EINVAL);
	CHECK_EQ(irq_request(IRQ_LPI_FIRST - 1, false, "x", handler, NULL), -EINVAL);
	CHECK_EQ(irq_request(IRQ_LPI_FIRST + 99, true, "x", handler, NULL), -EINVAL);
	CHECK_EQ(irq_request(IRQ_LPI_FIRST + 99, false, "last", handler, &x), 0);
	CHECK(lpi_on[99]);
	calls = 0;
	irq_dispatch_lpi(IRQ_LPI_FIRST + 99);
	CHECK(calls == 1 && last_arg == &x);
	shown[0] = '\0';
	irq_show(NULL);
	CHECK(strstr(shown, " 8291  MSI"));
	irq_free(IRQ_LPI_FIRST + 99);
	CHECK(!lpi_on[99]);
	/* nobody's, and numbers that there are not */
	lpi_on[98] = true;
	irq_dispatch_lpi(IRQ_LPI_FIRST + 98);
	CHECK(!lpi_on[98]);
	irq_dispatch_lpi(IRQ_LPI_FIRST + LPIS);
	irq_dispatch_lpi(UINT32_MAX);
	CHECK_EQ(calls, 1);
	CHECK_EQ(irq_set_cpu(IRQ_LPI_FIRST, 1), -EINVAL);	/* this chip has no choice */
}
