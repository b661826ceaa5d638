/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Terminals by telnet: a TCP port is the management terminal, or a guest's serial port. Off until
 * asked for; whoever can reach the port is let in, so it belongs on a network of its own. Thread
 * context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libs/util.h>

struct telnetd_info {
	uint16_t port;
	const char *what;   /* "shell", or the name of a serial port */
	uint32_t idle;	    /* seconds; 0: no limit */
	bool connected;
	uint32_t peer;	    /* address of who is connected */
	uint16_t peer_port;
};

/**
 * Listen.
 * @param what  "shell", or the name of a guest's serial port, looked up when somebody connects
 * @param idle  seconds without a key after which a connection is closed; 0: never
 * @return 0, -EADDRINUSE, -EINVAL (port 0), -ENOMEM
 */
must_check int telnetd_start(uint16_t port, const char *what, uint32_t idle);
/** Close and listen no more. @return 0, -ENOENT, -EBUSY from the terminal that would be closed */
must_check int telnetd_stop(uint16_t port);
void telnetd_for_each(void (*fn)(const struct telnetd_info *info, void *arg), void *arg);
