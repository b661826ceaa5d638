/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UART drivers over models of their chips: what is programmed and when, receiving with errors,
 * transmitters that stand still, and probes that fail half-way.
 */
#include "dtc.h"
#include "fake.h"

#include <string.h>

#include <core/chardev.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/mem.h>
#include <core/table.h>
#include <libs/errno.h>
#include <port/host.h>

#include "../../core/dt/dt_priv.h"

TABLE(struct driver, driver);

#define BASE 0x10000

static const char machine[] =
	"/dts-v1/;\n"
	"/ { #address-cells = <1>; #size-cells = <1>;\n"
	"	clk: clk { clock-frequency = <24000000>; };\n"
	"	pl011 { reg = <0x10000 0x1000>; clocks = <&clk &clk>; };\n"
	"	slow { reg = <0x10000 0x1000>; clocks = <&clk>; current-speed = <9600>; };\n"
	"	noclk { reg = <0x10000 0x1000>; };\n"
	"	ns { reg = <0x10000 0x100>; clock-frequency = <1843200>; };\n"
	"	dw { reg = <0x10000 0x100>; reg-shift = <2>; reg-io-width = <4>; };\n"
	"	wide { reg = <0x10000 0x100>; reg-shift = <1>; reg-io-width = <4>; };\n"
	"	small { reg = <0x10000 0x10>; reg-shift = <2>; };\n"
	"};\n";

/* --- the rest of core ------------------------------------------------------------------ */

static struct chardev *registered;
static int register_result, irq_result, mapped;
static irq_handler irq_fn;
static void *irq_arg;
static char received[512];
static size_t nr_received;

int chardev_register(struct chardev *cd, const char *base_name)
{
	if (register_result)
		return register_result;
	snprintf(cd->name, sizeof(cd->name), "%s0", base_name);
	registered = cd;
	return 0;
}

void chardev_receive(struct chardev *cd, const uint8_t *buf, size_t n)
{
	CHECK(cd == registered && n > 0);
	memcpy(received + nr_received, buf, n);
	nr_received += n;
}

int irq_of_node(struct dt_node *node, unsigned n, bool *level)
{
	return irq_result;
}

int irq_request_node(struct dt_node *node, unsigned n, const char *name, irq_handler fn, void *arg)
{
	irq_fn = fn;
	irq_arg = arg;
	return irq_result;
}

void *device_map(struct device *dev, unsigned n)
{
	uint64_t pa, size;

	if (dt_reg(dev->node, n, &pa, &size))
		return NULL;
	mapped++;
	return (void *)(uintptr_t)pa;
}

void device_unmap(struct device *dev, unsigned n, void *va)
{
	CHECK(va == (void *)BASE);
	mapped--;
}

/* --- models of the chips --------------------------------------------------------------- */

static struct {
	uint32_t reg[32];	/* as last written; of the 16550: 8 + n with DLAB */
	uint32_t rx[128];	/* data with error bits (PL011) or LSR bits in the upper byte */
	unsigned nr_rx, rx_at;
	char sent[256];
	size_t nr_sent;
	unsigned polls;
	bool stuck;
	unsigned writes, bad_writes;
	uint32_t iir;
	unsigned usr_reads;
} uart;

static uint64_t pl011_read(void *priv, uint64_t offset, unsigned size)
{
	CHECK_EQ(size, 4);
	switch (offset) {
	case 0x00:
		return uart.rx_at < uart.nr_rx ? uart.rx[uart.rx_at++] : 0;
	case 0x18:
		uart.polls++;
		return (uart.stuck ? 0x20 : 0) | (uart.rx_at == uart.nr_rx ? 0x10 : 0);
	default:
		return uart.reg[offset / 4];
	}
}

static void pl011_write(void *priv, uint64_t offset, unsigned size, uint64_t value)
{
	CHECK_EQ(size, 4);
	uart.writes++;
	if (offset == 0) {
		if (uart.stuck)
			uart.bad_writes++;
		uart.sent[uart.nr_sent++] = (char)value;
		return;
	}
	/* line control and divisor of an enabled UART */
	if (offset >= 0x24 && offset <= 0x2c && (uart.reg[0x30 / 4] & 1))
		uart.bad_writes++;
	uart.reg[offset / 4] = (uint32_t)value;
}

static unsigned ns_stride;

static uint64_t ns_read(void *priv, uint64_t offset, unsigned size)
{
	unsigned n = (unsigned)offset / ns_stride;
	bool dlab = uart.reg[3] & 0x80;

	CHECK_EQ(size, ns_stride == 4 ? 4 : 1);
	CHECK(offset % ns_stride == 0);
	if (n == 31) {
		uart.usr_reads++;
		return 0;
	}
	if (n == 5) {
		uint32_t lsr = uart.rx_at < uart.nr_rx ? 1 | uart.rx[uart.rx_at] >> 8 : 0;

		uart.polls++;
		return lsr | (uart.stuck ? 0 : 0x60);
	}
	if (dlab && n < 2)
		return uart.reg[8 + n];
	if (n == 0)
		return uart.rx_at < uart.nr_rx ? uart.rx[uart.rx_at++] & 0xff : 0;
	return n == 2 ? uart.iir : uart.reg[n];
}

static void ns_write(void *priv, uint64_t offset, unsigned size, uint64_t value)
{
	unsigned n = (unsigned)offset / ns_stride;
	bool dlab = uart.reg[3] & 0x80;

	CHECK_EQ(size, ns_stride == 4 ? 4 : 1);
	if (dlab && n < 2)
		uart.reg[8 + n] = (uint32_t)value;
	else if (n == 0)
		uart.sent[uart.nr_sent++] = (char)value;
	else
		uart.reg[n] = (uint32_t)value;
}

/* --- the frame of each test -------------------------------------------------------------- */

static size_t live_before;
static struct device dev;

static void begin(bool pl011)
{
	static const struct host_mmio models[] = {
		{ ns_read, ns_write, NULL }, { pl011_read, pl011_write, NULL },
	};
	size_t size;
	void *blob = dtc(machine, &size);

	host_reset();
	host_mmio_add(BASE, 0x1000, &models[pl011]);
	memset(&uart, 0, sizeof(uart));
	ns_stride = 1;
	registered = NULL;
	irq_fn = NULL;
	register_result = 0;
	irq_result = 33;
	nr_received = 0;
	fake_log_clear();
	live_before = fake_heap_live();
	REQUIRE(blob && dt_init(blob) == 0);
	free(blob);
}

/* Probe a node with the driver that has this compatible. */
static int probe(const char *path, const char *compatible)
{
	memset(&dev, 0, sizeof(dev));
	dev.node = dt_find(path);
	table_for_each(struct driver, at, driver) {
		const struct dt_match *m;

		for (m = (*at)->match; m->compatible; m++) {
			if (strcmp(m->compatible, compatible))
				continue;
			dev.driver = *at;
			dev.match_data = m->data;
			return (*at)->probe(&dev);
		}
	}
	return -ENOENT;
}

static void end(void)
{
	heap_free(dev.priv);
	mapped = 0;
	dt_forget();
	CHECK_EQ(fake_heap_live(), live_before);
}

static void send(const char *s)
{
	registered->ops->write(registered, s, strlen(s));
}

/* --- PL011 ---------------------------------------------------------------------------------- */

TEST(pl011_from_reset)
{
	begin(true);
	REQUIRE(probe("/pl011", "arm,pl011") == 0);
	CHECK_EQ(uart.reg[0x24 / 4], 13);	/* 24 MHz / (16 * 115200) = 13 + 1/64 */
	CHECK_EQ(uart.reg[0x28 / 4], 1);
	CHECK_EQ(uart.reg[0x2c / 4], 0x70);	/* 8 bits, FIFO */
	CHECK_EQ(uart.reg[0x30 / 4], 0x301);
	CHECK_EQ(uart.reg[0x38 / 4], 0x50);	/* receive and its time-out */
	CHECK_EQ(uart.bad_writes, 0);
	send("hello");
	CHECK_MEM(uart.sent, "hello", 6);
	end();
}

TEST(pl011_keeps_what_firmware_set)
{
	begin(true);
	uart.reg[0x24 / 4] = 77;
	uart.reg[0x30 / 4] = 0xc01;
	REQUIRE(probe("/pl011", "arm,pl011") == 0);
	CHECK_EQ(uart.reg[0x24 / 4], 77);
	CHECK_EQ(uart.reg[0x30 / 4], 0xf01);
	CHECK_EQ(uart.bad_writes, 0);
	end();
	begin(true);
	REQUIRE(probe("/slow", "arm,pl011") == 0);
	CHECK_EQ(uart.reg[0x24 / 4], 156);	/* 24 MHz / (16 * 9600) = 156.25 */
	CHECK_EQ(uart.reg[0x28 / 4], 16);
	end();
	begin(true);
	REQUIRE(probe("/noclk", "arm,pl011") == 0);
	CHECK_EQ(uart.reg[0x24 / 4], 0);
	end();
}

TEST(sbsa_is_only_used)
{
	begin(true);
	REQUIRE(probe("/pl011", "arm,sbsa-uart") == 0);
	CHECK_EQ(uart.reg[0x30 / 4], 0);
	CHECK_EQ(uart.reg[0x2c / 4], 0);
	CHECK_EQ(uart.reg[0x38 / 4], 0x50);
	end();
}

TEST(pl011_receives)
{
	unsigned i;

	begin(true);
	REQUIRE(probe("/pl011", "arm,pl011") == 0);
	uart.rx[0] = 'a';
	uart.rx[1] = 'b' | 0x100;	/* framing error */
	uart.rx[2] = 'c' | 0x400;	/* break */
	uart.rx[3] = 'd' | 0x800;	/* overrun: others were lost, not this one */
	uart.nr_rx = 4;
	irq_fn(irq_arg);
	CHECK_EQ(nr_received, 2);
	CHECK_MEM(received, "ad", 2);
	/* a flood does not keep the handler for ever */
	nr_received = 0;
	uart.rx_at = 0;
	uart.nr_rx = 128;
	for (i = 0; i < 128; i++)
		uart.rx[i] = 'x';
	irq_fn(irq_arg);
	CHECK(nr_received > 0 && nr_received < 128);
	while (uart.rx_at < uart.nr_rx)
		irq_fn(irq_arg);
	CHECK_EQ(nr_received, 128);
	irq_fn(irq_arg);	/* nothing there */
	CHECK_EQ(nr_received, 128);
	end();
}

TEST(stuck_transmitter)
{
	unsigned polls;

	begin(true);
	REQUIRE(probe("/pl011", "arm,pl011") == 0);
	uart.stuck = true;
	send("x");
	CHECK_EQ(uart.nr_sent, 0);
	polls = uart.polls;
	send("a long text that nobody will ever see");
	CHECK(uart.polls - polls < 100);
	uart.stuck = false;
	send("again");
	CHECK_MEM(uart.sent, "again", 6);
	CHECK_EQ(uart.bad_writes, 0);
	end();
}

/* --- 16550 ----------------------------------------------------------------------------------- */

TEST(ns16550_from_reset)
{
	begin(false);
	REQUIRE(probe("/ns", "ns16550a") == 0);
	CHECK_EQ(uart.reg[8], 1);	/* 1.8432 MHz / (16 * 115200) */
	CHECK_EQ(uart.reg[9], 0);
	CHECK_EQ(uart.reg[3], 0x03);
	CHECK_EQ(uart.reg[2] & 1, 1);
	CHECK_EQ(uart.reg[4], 0x0b);
	CHECK_EQ(uart.reg[1], 1);
	send("hello");
	CHECK_MEM(uart.sent, "hello", 6);
	end();
}

TEST(ns16550_receives)
{
	begin(false);
	REQUIRE(probe("/ns", "ns16550") == 0);
	uart.rx[0] = 'a';
	uart.rx[1] = 'b' | 0x0800;	/* framing error */
	uart.rx[2] = 'c' | 0x0200;	/* overrun */
	uart.nr_rx = 3;
	irq_fn(irq_arg);
	CHECK_EQ(nr_received, 2);
	CHECK_MEM(received, "ac", 2);
	CHECK_EQ(uart.usr_reads, 0);
	end();
}

TEST(designware)
{
	begin(false);
	ns_stride = 4;
	REQUIRE(probe("/dw", "snps,dw-apb-uart") == 0);
	send("wide");
	CHECK_MEM(uart.sent, "wide", 5);
	uart.iir = 7;		/* busy: ends by a look at the status */
	irq_fn(irq_arg);
	CHECK_EQ(uart.usr_reads, 1);
	/* a time-out without data ends by a read of the data */
	uart.iir = 0xc;
	uart.rx_at = 0;
	irq_fn(irq_arg);
	CHECK_EQ(nr_received, 0);
	end();
}

TEST(ns16550_bad_layout)
{
	begin(false);
	CHECK_EQ(probe("/wide", "ns16550a"), -EINVAL);
	CHECK(strstr(fake_log_text(), "/wide") && strstr(fake_log_text(), "reg-io-width"));
	CHECK_EQ(probe("/small", "ns16550a"), -EINVAL);
	CHECK(strstr(fake_log_text(), "/small"));
	CHECK_EQ(mapped, 0);
	CHECK(!registered);
	end();
}

/* --- both --------------------------------------------------------------------------- */

static void check_probe_undone(bool pl011)
{
	const char *path = pl011 ? "/pl011" : "/ns", *name = pl011 ? "arm,pl011" : "ns16550a";

	begin(pl011);
	irq_result = -EPROBE_DEFER;
	CHECK_EQ(probe(path, name), -EPROBE_DEFER);
	irq_result = 33;
	register_result = -ENOSPC;
	CHECK_EQ(probe(path, name), -ENOSPC);
	register_result = 0;
	CHECK_EQ(probe("/clk", name), pl011 ? -ENXIO : -EINVAL);
	fake_heap_fail_at(1);
	CHECK_EQ(probe(path, name), -ENOMEM);
	fake_heap_fail_at(0);
	CHECK(mapped == 0 && !registered && !irq_fn);
	end();
	/* without an interrupt it can still send */
	begin(pl011);
	irq_result = -ENOENT;
	CHECK_EQ(probe(path, name), 0);
	CHECK(strstr(fake_log_text(), "no usable interrupt"));
	CHECK_EQ(pl011 ? uart.reg[0x38 / 4] : uart.reg[1], 0);
	send("out");
	CHECK_EQ(uart.nr_sent, 3);
	end();
}

TEST(probe_is_undone)
{
	check_probe_undone(true);
	check_probe_undone(false);
}
