/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests' serial ports, between emulated UARTs and consoles. What a guest sends is
 * kept in a ring (its last output can be read later) and passed to whoever listens.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/thread.h>
#include <libs/list.h>

struct guest;
struct vserial;

/** History of a port that nobody has another wish for, in bytes: what the heap has in a page. */
#define VSERIAL_HISTORY 4032

/**
 * Listener to a guest's output. fn: any context, the port's lock held: must not sleep or call back.
 */
struct vserial_sink {
	struct list link;
	void (*fn)(struct vserial_sink *sink, const uint8_t *buf, size_t n);
};

/**
 * Make a port; its name is "<guest>/<name>".
 * @param receive called with input for the guest, thread context, one call at a time; returns how
 *                many bytes it took. The rest is kept and offered again at vserial_ready().
 * @param ring    bytes of output history kept; memory is taken when something is sent
 * @return NULL when out of memory, or when the guest has a port of that name
 */
struct vserial *vserial_create(struct guest *guest, const char *name, size_t ring,
			       size_t (*receive)(void *priv, const uint8_t *buf, size_t n),
			       void *priv);
/**
 * The device goes away: receive() does not run any more. Who holds the port keeps its history.
 * Thread context.
 */
void vserial_destroy(struct vserial *vs);
/** From the emulator: the guest sent this. Any context. */
void vserial_output(struct vserial *vs, const uint8_t *buf, size_t n);
/**
 * From the emulator: there is room for input again. May call receive(). Thread context, no locks
 * held.
 */
void vserial_ready(struct vserial *vs);
/**
 * Input for the guest; what the guest does not take waits in a bounded queue. @return bytes
 * accepted. Thread context.
 */
size_t vserial_input(struct vserial *vs, const uint8_t *buf, size_t n);
/** Bytes that vserial_input() would accept now, if nobody else adds some. Any context. */
size_t vserial_room(struct vserial *vs);

/** "guest/uart0", or "guest" for its first port. Holds it until vserial_put(). */
struct vserial *vserial_find(const char *name);
void vserial_put(struct vserial *vs);
/** Iterate under the list's lock of vserial_list_lock(). */
void vserial_list_lock(void);
void vserial_list_unlock(void);
struct vserial *vserial_next(struct vserial *prev);
const char *vserial_name(const struct vserial *vs);
/** @return NULL when the device has gone */
struct guest *vserial_guest(const struct vserial *vs);
/** Counters: bytes out, in, and of the output those lost before anybody saw them. */
void vserial_counts(const struct vserial *vs, uint64_t *out, uint64_t *in, uint64_t *dropped);
/**
 * Start listening; the ring's contents not yet seen by anybody are delivered first when `history`.
 */
void vserial_attach(struct vserial *vs, struct vserial_sink *sink, bool history);
void vserial_detach(struct vserial *vs, struct vserial_sink *sink);
/** Copy the last bytes of the ring. @return bytes */
size_t vserial_history(struct vserial *vs, uint8_t *buf, size_t n);
