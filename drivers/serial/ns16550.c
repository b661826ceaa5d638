/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 8250-family UARTs with FIFO: National 16550 (TI PC16550D data sheet) and Synopsys DesignWare APB
 * UART, in memory or, on an ISA bus, at I/O ports. Receives by interrupt, sends polled. What
 * firmware has set up (speed) stays. The hardware's state is the interrupt handler's for receiving
 * and chardev's one sender's for sending.
 */
#include <arch/mmio.h>
#include <arch/pio.h>
#include <core/chardev.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>

#include "uart.h"

/* Register numbers, before reg-shift. */
enum {
	UART_DATA = 0,	/* with LCR_DLAB: divisor, low byte */
	UART_IER = 1,	/* with LCR_DLAB: divisor, high byte */
	UART_IIR = 2,	/* read */
	UART_FCR = 2,	/* write */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_SCRATCH = 7,
	UART_DW_USR = 31,
};

#define IER_RX	     0x01
#define IIR_KIND     0x0f
#define IIR_DW_BUSY  0x07
#define IIR_TIMEOUT  0x0c
#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02
#define FCR_RX_HALF  0x80
#define LCR_8N1	     0x03
#define LCR_DLAB     0x80
#define MCR_DTR_RTS  0x03
#define MCR_OUT2     0x08 /* gates the interrupt line on PCs */
#define LSR_DATA     0x01
#define LSR_BAD	     0x1c /* parity, framing, break */
#define LSR_THRE     0x20
#define LSR_TEMT     0x40

struct ns16550 {
	struct chardev cd;
	uint8_t *regs;	/* NULL: at I/O ports */
	uint16_t port;
	uint32_t shift;
	uint32_t width;	/* bytes of an access */
	bool is_dw;
	bool stalled;
};

static uint32_t rd(struct ns16550 *uart, unsigned reg)
{
	const uint8_t *at;

	if (IS_ENABLED(CONFIG_PORT_SPACE) && !uart->regs)
		return pio_read8((uint16_t)(uart->port + reg));
	at = uart->regs + ((size_t)reg << uart->shift);
	switch (uart->width) {
	case 4:
		return mmio_read32(at) & 0xff;
	case 2:
		return mmio_read16(at) & 0xff;
	default:
		return mmio_read8(at);
	}
}

static void wr(struct ns16550 *uart, unsigned reg, uint8_t v)
{
	uint8_t *at;

	if (IS_ENABLED(CONFIG_PORT_SPACE) && !uart->regs) {
		pio_write8((uint16_t)(uart->port + reg), v);
		return;
	}
	at = uart->regs + ((size_t)reg << uart->shift);
	switch (uart->width) {
	case 4:
		mmio_write32(at, v);
		break;
	case 2:
		mmio_write16(at, v);
		break;
	default:
		mmio_write8(at, v);
	}
}

static bool has_room(void *priv)
{
	return rd(priv, UART_LSR) & LSR_THRE;
}

static bool is_idle(void *priv)
{
	return rd(priv, UART_LSR) & LSR_TEMT;
}

static void ns16550_write(struct chardev *cd, const void *buf, size_t n)
{
	struct ns16550 *uart = cd->priv;
	const uint8_t *bytes = buf;

	while (n--) {
		if (uart_wait_room(has_room, uart, &uart->stalled))
			wr(uart, UART_DATA, *bytes);
		bytes++;
	}
}

static void ns16550_interrupt(void *arg)
{
	struct ns16550 *uart = arg;
	uint32_t kind = rd(uart, UART_IIR) & IIR_KIND, lsr = 0;
	uint8_t bytes[CHARDEV_BATCH];
	unsigned n = 0, taken;

	if (uart->is_dw && kind == IIR_DW_BUSY)
		(void)rd(uart, UART_DW_USR);
	/* The line stays asserted while there are more. */
	for (taken = 0; taken < CHARDEV_BATCH; taken++) {
		uint8_t byte;

		lsr = rd(uart, UART_LSR);
		if (!(lsr & LSR_DATA))
			break;
		byte = (uint8_t)rd(uart, UART_DATA);
		if (!(lsr & LSR_BAD))
			bytes[n++] = byte;
	}
	/* DesignWare can report a time-out without data, which only a read of the data ends. */
	if (!taken && uart->is_dw && kind == IIR_TIMEOUT)
		(void)rd(uart, UART_DATA);
	if (n)
		chardev_receive(&uart->cd, bytes, n);
}

static void ns16550_hold(struct chardev *cd, bool hold)
{
	wr(cd->priv, UART_IER, hold ? 0 : IER_RX);
}

static void ns16550_setup(struct ns16550 *uart, const struct dt_node *node)
{
	uint32_t clock = uart_clock(node);
	bool stalled = false;

	/* DesignWare ignores line control while it sends. */
	(void)uart_wait_room(is_idle, uart, &stalled);
	wr(uart, UART_IER, 0);
	wr(uart, UART_LCR, LCR_8N1 | LCR_DLAB);
	if (!rd(uart, UART_DATA) && !rd(uart, UART_IER) && clock) {
		uint32_t baud = uart_baud(node);
		uint32_t div = (uint32_t)(((uint64_t)clock + 8 * (uint64_t)baud) /
					  (16 * (uint64_t)baud));

		wr(uart, UART_DATA, (uint8_t)div);
		wr(uart, UART_IER, (uint8_t)(div >> 8));
	}
	wr(uart, UART_LCR, LCR_8N1);
	wr(uart, UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_RX_HALF);
	wr(uart, UART_MCR, MCR_DTR_RTS | MCR_OUT2);
}

static const struct chardev_ops ns16550_ops = {
	.write = ns16550_write, .hold = ns16550_hold, .batch = CHARDEV_BATCH,
};

/* Where and how wide the registers are. */
static int ns16550_layout(struct ns16550 *uart, struct device *dev)
{
	uint64_t base, size, need;
	char path[128];

	uart->shift = dt_u32_or(dev->node, "reg-shift", 0);
	uart->width = dt_u32_or(dev->node, "reg-io-width", 1);
	uart->is_dw = dev->match_data != NULL;
	dt_path(dev->node, path, sizeof(path));
	if (uart->shift > 3 || (uart->width != 1 && uart->width != 2 && uart->width != 4) ||
	    uart->width > (1u << uart->shift)) {
		log_error("%s: reg-shift %u and reg-io-width %u do not go together", path,
			  uart->shift, uart->width);
		return -EINVAL;
	}
	need = dt_u32_or(dev->node, "reg-offset", 0) + ((uint64_t)8 << uart->shift);
	if (dt_reg(dev->node, 0, &base, &size) || size < need) {
		log_error("%s: reg must have %u bytes or more", path, (unsigned)need);
		return -EINVAL;
	}
	/* the busy register is far behind the common eight */
	if (size < need + ((uint64_t)(UART_DW_USR - 7) << uart->shift))
		uart->is_dw = false;
	return 0;
}

/* Ports that a PC may have: the scratch register tells whether there is something. */
static bool ns16550_answers(struct ns16550 *uart)
{
	wr(uart, UART_SCRATCH, 0x5a);
	return rd(uart, UART_SCRATCH) == 0x5a;
}

/* Reach the registers. @return 0; -ENODEV: nobody is there */
static int ns16550_find(struct ns16550 *uart, struct device *dev)
{
	unsigned size;
	uint8_t *mapped;
	int err;

	if (IS_ENABLED(CONFIG_PORT_SPACE) && !dt_port(dev->node, 0, &uart->port, &size))
		return size >= 8 && ns16550_answers(uart) ? 0 : -ENODEV;
	err = ns16550_layout(uart, dev);
	if (err)
		return err;
	mapped = device_map(dev, 0);
	if (!mapped)
		return -ENXIO;
	uart->regs = mapped + dt_u32_or(dev->node, "reg-offset", 0);
	return 0;
}

static int ns16550_probe(struct device *dev)
{
	int irq = irq_of_node(dev->node, 0, NULL), err;
	struct ns16550 *uart;

	if (irq == -EPROBE_DEFER)
		return irq;
	uart = heap_zalloc(sizeof(*uart));
	if (!uart)
		return -ENOMEM;
	err = ns16550_find(uart, dev);
	if (err)
		goto err_free;
	ns16550_setup(uart, dev->node);
	uart->cd.ops = &ns16550_ops;
	uart->cd.priv = uart;
	uart->cd.node = dev->node;
	err = chardev_register(&uart->cd, "uart");
	if (err)
		goto err_unmap;
	irq = irq_request_node(dev->node, 0, uart->cd.name, ns16550_interrupt, uart);
	if (irq < 0)
		log_warn("%s has no usable interrupt (%s): it can send but not receive",
			 uart->cd.name, error_text(irq));
	else
		wr(uart, UART_IER, IER_RX);
	dev->priv = uart;
	return 0;
err_unmap:
	if (uart->regs)
		device_unmap(dev, 0, uart->regs - dt_u32_or(dev->node, "reg-offset", 0));
err_free:
	heap_free(uart);
	return err;
}

static const struct dt_match ns16550_match[] = {
	{ "snps,dw-apb-uart", "dw" },
	{ "ns16550a", NULL },
	{ "ns16550", NULL },
	{ NULL, NULL },
};

DRIVER(ns16550) {
	.name = "ns16550",
	.class = DRIVER_SERIAL,
	.match = ns16550_match,
	.probe = ns16550_probe,
};
