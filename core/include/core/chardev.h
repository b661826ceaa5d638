/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Character devices of the host: UARTs, later others. Receive goes through a
 * FIFO filled in interrupt context; transmit is by the driver, polled or queued.
 *
 * One of them is the console: messages of the log go there without destroying
 * what a person is typing at it (struct console_line).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/thread.h>
#include <libs/list.h>
#include <libs/ringbuf.h>

struct chardev;
struct dt_node;

struct chardev_ops {
	/** Send all n bytes. Any context; one caller at a time, but for a panic. */
	void (*write)(struct chardev *cd, const void *buf, size_t n);
	/**
	 * Wait until n bytes (or what is possible) can be sent without loss; for those whose
	 * bytes wait in a queue. Thread context. May be NULL.
	 */
	void (*make_room)(struct chardev *cd, size_t n);
	/**
	 * Take no more from the hardware, whose sender then waits, or go on: the one from
	 * chardev_receive(), the other from a reader's thread. IRQs masked, cd->lock held, so it
	 * must not call chardev_receive(). NULL: what comes when nobody reads is lost.
	 */
	void (*hold)(struct chardev *cd, bool hold);
	/** With hold(): bytes that may still come after it, CHARDEV_RX / 2 at most. */
	uint16_t batch;
};

#define CHARDEV_RX    1024
#define CHARDEV_BATCH 64 /* of a UART: what its FIFO has, at most */

struct chardev {
	struct list link;
	char name[24];
	const struct chardev_ops *ops;
	void *priv;
	struct dt_node *node;	/* set by the driver before it registers; NULL: none */
	spinlock_t lock;	/* receive FIFO, filter */
	struct ringbuf rx;
	uint8_t rx_buf[CHARDEV_RX];
	struct waitq readers;
	bool held;		/* the driver was told to wait */
	bool gone;		/* whoever was at it has left: nothing more can be read */
	uint64_t rx_bytes, tx_bytes, rx_dropped;
	uint32_t tx_owner;	/* logical CPU that sends, plus one; 0: none */
	uint8_t tx_last;	/* byte sent last */
	/**
	 * When set, received bytes go here first (Ctrl-C); true: consumed. Interrupt context, lock
	 * held.
	 */
	bool (*filter)(void *arg, uint8_t byte);
	void *filter_arg;
};

/**
 * Register; the name is made unique ("uart0"). The first one, or the one that
 * /chosen stdout-path names, becomes the console. Thread context.
 *
 * @param cd         name, lock and FIFO are set here; ops, priv and node by the driver
 * @param base_name  name without number
 * @return 0 or -ENOSPC when there are too many of that name
 */
must_check int chardev_register(struct chardev *cd, const char *base_name);
/** Take it out of the list; nobody may be using it. */
void chardev_unregister(struct chardev *cd);
/** By name, or by device-tree path of its node. @return NULL if none */
struct chardev *chardev_find(const char *name);
/** Iterate: NULL gives the first. */
struct chardev *chardev_next(struct chardev *prev);
/**
 * From the driver's interrupt handler. What does not fit is counted and dropped: never a batch of a
 * driver that can be held.
 */
void chardev_receive(struct chardev *cd, const uint8_t *buf, size_t n);
/**
 * Read up to n bytes; waits until there is one or the moment passes. Thread context.
 *
 * @param deadline  absolute, time_now() scale; 0: do not wait; UINT64_MAX: for ever
 * @return bytes, 0 when the moment passed
 */
size_t chardev_read(struct chardev *cd, void *buf, size_t n, uint64_t deadline);
/**
 * Whoever is at this terminal has left: what runs there gets Ctrl-C, readers read nothing. Any
 * context.
 */
void chardev_hangup(struct chardev *cd);
/** Is there something to read? A hint for waiters on cd->readers. */
bool chardev_readable(struct chardev *cd);
/** Send bytes as they are. Any context. */
void chardev_write(struct chardev *cd, const void *buf, size_t n);
/** Send text: a CR is added before each LF that has none. Any context. */
void chardev_write_text(struct chardev *cd, const char *s, size_t n);
/** Look at received bytes before they are queued; NULL ends it. Any context. */
void chardev_set_filter(struct chardev *cd, bool (*filter)(void *arg, uint8_t byte), void *arg);

/* --- the console --------------------------------------------------------------------- */

/** The one that the log and the management terminal use: /chosen stdout-path, else the first. */
struct chardev *chardev_console(void);
void chardev_set_console(struct chardev *cd);

/** The console's last line belongs to somebody who can take it away and bring it back. */
struct console_line {
	/** Leave the cursor at the start of an empty line. */
	void (*hide)(struct console_line *line);
	void (*show)(struct console_line *line);
	bool spoilt; /* written over from an interrupt: show it again when it is next changed */
};

/**
 * Hold messages back while the console's line is changed. IRQs stay enabled, preemption is
 * off until console_unlock(): no sleeping.
 *
 * @return false when this CPU holds it already (an interrupt on top): go on, but do not touch the
 * line
 */
bool console_lock(void);
/** Who owns the console's last line; NULL: nobody. Between console_lock() and console_unlock(). */
void console_set_line(struct console_line *line);
/** @param taken  what console_lock() returned */
void console_unlock(bool taken);
/**
 * Write whole lines of a message, above the line that is being edited: the log's output. Goes to
 * the console when there is one, else to arch_early_puts(). Adds CR before LF. Any context.
 */
void console_write(const char *s, size_t n);
