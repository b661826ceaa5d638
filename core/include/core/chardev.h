/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Character devices of the host: UARTs, later others. Receive goes through a
 * FIFO filled in interrupt context; transmit is by the driver, polled or queued.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/thread.h>
#include <libs/list.h>
#include <libs/ringbuf.h>

struct chardev;

struct chardev_ops {
	/** Send all n bytes. Any context (panic included). */
	void (*write)(struct chardev *cd, const void *buf, size_t n);
};

#define CHARDEV_RX 1024

struct chardev {
	struct list link;
	char name[24];
	const struct chardev_ops *ops;
	void *priv;
	spinlock_t lock;	/* receive FIFO */
	struct ringbuf rx;
	uint8_t rx_buf[CHARDEV_RX];
	struct waitq readers;
	uint64_t rx_bytes, tx_bytes, rx_dropped;
	/** When set, received bytes go here first (console escape handling); true: consumed. Interrupt context. */
	bool (*filter)(struct chardev *cd, uint8_t byte);
};

/** Register; the name is made unique ("uart0"). @return 0 or negative errno */
must_check int chardev_register(struct chardev *cd, const char *base_name);
void chardev_unregister(struct chardev *cd);
/** By name, or by device-tree path of its node. */
struct chardev *chardev_find(const char *name);
struct chardev *chardev_next(struct chardev *prev);
/** From the driver's interrupt handler. */
void chardev_receive(struct chardev *cd, const uint8_t *buf, size_t n);
/** Read up to n bytes; waits until there is one or the moment passes (0: do not wait). @return bytes */
size_t chardev_read(struct chardev *cd, void *buf, size_t n, uint64_t deadline);
/** Any context. */
void chardev_write(struct chardev *cd, const void *buf, size_t n);
/** The one that the log and the management terminal use: /chosen stdout-path, else the first. */
struct chardev *chardev_console(void);
void chardev_set_console(struct chardev *cd);
/** Log's output: the console when there is one, else arch_early_puts(). Adds CR before LF. Any context. */
void console_write(const char *s, size_t n);
