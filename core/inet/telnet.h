/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a telnet connection (RFC 854): commands are taken out of what comes in, the byte 255
 * is doubled in what goes out. No state but this; the caller's lock guards it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum telnet_state { TELNET_DATA, TELNET_IAC, TELNET_OPTION, TELNET_SUB, TELNET_SUB_IAC, TELNET_CR };

struct telnet_in {
	enum telnet_state state;
	uint8_t verb;
};

/** What a terminal is told first: we echo, and want single characters. */
extern const uint8_t telnet_hello[];
extern const size_t telnet_hello_len;

/**
 * Decode n bytes in place.
 * @param refuse  called for an option that the other side offers or wants and that we do not
 *                have; three bytes to be sent. May be NULL
 * @return bytes of data at the beginning of buf
 */
size_t telnet_decode(struct telnet_in *in, uint8_t *buf, size_t n,
		     void (*refuse)(void *arg, const uint8_t answer[3]), void *arg);
