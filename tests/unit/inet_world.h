/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world for core/inet: its port's frames come from and go to the test, its thread runs when the
 * test says so, time stands still until it is moved.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define W_FRAMES 64 /* sent ones that are kept */

struct w_frame {
	uint8_t data[1518];
	size_t len;
};
extern struct w_frame w_sent[W_FRAMES];
extern unsigned w_nr_sent;

/** The hypervisor's hardware address, known behind inet_attach(). */
const uint8_t *w_mac(void);
/** A frame comes. */
void w_receive(const void *frame, size_t len);
/** Let the thread do all that it can do now. @return when it wants to run again */
uint64_t w_run(void);
/** Move time, and let the thread run whenever it wants until then. */
void w_pass(uint64_t ns);
void w_forget(void);
uint64_t w_now(void);
/** Begin again: nothing attached, nothing leaked. @return blocks of the heap that are left */
size_t w_end(void);

/* Making frames; checksums are right. */

/** An Ethernet frame of type IPv4 to us with an IP packet. @return its length */
size_t w_ip(uint8_t *out, uint32_t from, uint32_t to, uint8_t proto, const void *data, size_t n);
struct w_tcp {
	uint32_t from;
	uint16_t port, to;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
};
/** A TCP segment comes to `to_addr`. */
void w_tcp(const struct w_tcp *t, uint32_t to_addr, const void *data, size_t n);
/** A neighbour asks for us, and is known from then on. */
void w_arp_request(uint32_t from, uint32_t to);
