/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arm PrimeCell UART PL011 (Arm DDI 0183G) and the subset of it that SBSA prescribes. Receives
 * by interrupt, sends polled. What firmware has set up (speed) stays. The hardware's
 * state is the interrupt handler's for receiving and chardev's one sender's for sending.
 */
#include <arch/mmio.h>
#include <core/chardev.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>

#include "uart.h"

enum {
	UARTDR = 0x00,
	UARTFR = 0x18,
	UARTIBRD = 0x24,
	UARTFBRD = 0x28,
	UARTLCR_H = 0x2c,
	UARTCR = 0x30,
	UARTIFLS = 0x34,
	UARTIMSC = 0x38,
	UARTICR = 0x44,
};

#define DR_BAD	    0x700 /* framing, parity, break: the byte is worth nothing */
#define FR_BUSY	    BIT32(3)
#define FR_RXFE	    BIT32(4)
#define FR_TXFF	    BIT32(5)
#define LCR_FEN	    BIT32(4)
#define LCR_WLEN_8  (3u << 5)
#define CR_UARTEN   BIT32(0)
#define CR_TXE	    BIT32(8)
#define CR_RXE	    BIT32(9)
#define IFLS_RX_1_2 (2u << 3)
#define INT_RX	    BIT32(4)
#define INT_RT	    BIT32(6)
#define INT_ALL	    0x7ff

struct pl011 {
	struct chardev cd;
	uint8_t *regs;
	bool stalled;
};

static uint32_t rd(struct pl011 *uart, unsigned reg)
{
	return mmio_read32(uart->regs + reg);
}

static void wr(struct pl011 *uart, unsigned reg, uint32_t v)
{
	mmio_write32(uart->regs + reg, v);
}

static bool has_room(void *priv)
{
	return !(rd(priv, UARTFR) & FR_TXFF);
}

static bool is_idle(void *priv)
{
	return !(rd(priv, UARTFR) & FR_BUSY);
}

static void pl011_write(struct chardev *cd, const void *buf, size_t n)
{
	struct pl011 *uart = cd->priv;
	const uint8_t *bytes = buf;

	while (n--) {
		if (uart_wait_room(has_room, uart, &uart->stalled))
			wr(uart, UARTDR, *bytes);
		bytes++;
	}
}

static void pl011_interrupt(void *arg)
{
	struct pl011 *uart = arg;
	uint8_t bytes[CHARDEV_BATCH];
	unsigned n = 0, taken;

	/* The line stays asserted while there are more. */
	for (taken = 0; taken < CHARDEV_BATCH && !(rd(uart, UARTFR) & FR_RXFE); taken++) {
		uint32_t dr = rd(uart, UARTDR);

		if (!(dr & DR_BAD))
			bytes[n++] = (uint8_t)dr;
	}
	wr(uart, UARTICR, INT_ALL & ~(INT_RX | INT_RT));
	if (n)
		chardev_receive(&uart->cd, bytes, n);
}

static void pl011_hold(struct chardev *cd, bool hold)
{
	wr(cd->priv, UARTIMSC, hold ? 0 : INT_RX | INT_RT);
}

/* Line control and the divisor can be written only while the UART is off (DDI 0183G, 3.3.7). */
static void pl011_setup(struct pl011 *uart, const struct dt_node *node)
{
	uint32_t cr = rd(uart, UARTCR), clock = uart_clock(node);
	bool stalled = false;

	if (cr & CR_UARTEN)
		(void)uart_wait_room(is_idle, uart, &stalled);
	wr(uart, UARTCR, 0);
	if (!rd(uart, UARTIBRD) && clock) {
		/* in 64ths, rounded: clock / (16 * baud) */
		uint32_t div = (uint32_t)(((uint64_t)clock * 4 + uart_baud(node) / 2) /
					  uart_baud(node));

		wr(uart, UARTIBRD, div >> 6);
		wr(uart, UARTFBRD, div & 63);
	}
	wr(uart, UARTLCR_H, LCR_WLEN_8 | LCR_FEN);
	wr(uart, UARTIFLS, IFLS_RX_1_2);
	wr(uart, UARTCR, cr | CR_UARTEN | CR_TXE | CR_RXE);
}

static const struct chardev_ops pl011_ops = {
	.write = pl011_write, .hold = pl011_hold, .batch = CHARDEV_BATCH,
};

static int pl011_probe(struct device *dev)
{
	int irq = irq_of_node(dev->node, 0, NULL), err;
	struct pl011 *uart;

	if (irq == -EPROBE_DEFER)
		return irq;
	uart = heap_zalloc(sizeof(*uart));
	if (!uart)
		return -ENOMEM;
	uart->regs = device_map(dev, 0);
	if (!uart->regs) {
		err = -ENXIO;
		goto err_free;
	}
	wr(uart, UARTIMSC, 0);
	if (!dev->match_data)
		pl011_setup(uart, dev->node);
	uart->cd.ops = &pl011_ops;
	uart->cd.priv = uart;
	uart->cd.node = dev->node;
	err = chardev_register(&uart->cd, "uart");
	if (err)
		goto err_unmap;
	irq = irq_request_node(dev->node, 0, uart->cd.name, pl011_interrupt, uart);
	if (irq < 0)
		log_warn("%s has no usable interrupt (%s): it can send but not receive",
			 uart->cd.name, error_text(irq));
	else
		wr(uart, UARTIMSC, INT_RX | INT_RT);
	dev->priv = uart;
	return 0;
err_unmap:
	device_unmap(dev, 0, uart->regs);
err_free:
	heap_free(uart);
	return err;
}

static const struct dt_match pl011_match[] = {
	{ "arm,pl011", NULL },
	{ "arm,sbsa-uart", "sbsa" },	/* firmware sets it up; control registers may be absent */
	{ NULL, NULL },
};

DRIVER(pl011) {
	.name = "pl011",
	.class = DRIVER_SERIAL,
	.match = pl011_match,
	.probe = pl011_probe,
};
