/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What UART drivers share. No data of its own.
 */
#include "uart.h"

#include <arch/barrier.h>
#include <core/dt.h>

/* Looks at the status register: some 100 ms and more of any bus, far above one character's time. */
#define ROOM_POLLS 2000000

uint32_t uart_clock(const struct dt_node *node)
{
	const struct dt_node *clock;
	uint32_t hz, phandle;

	if (!dt_u32(node, "clock-frequency", 0, &hz))
		return hz;
	if (dt_u32(node, "clocks", 0, &phandle))
		return 0;
	clock = dt_find_phandle(phandle);
	return clock ? dt_u32_or(clock, "clock-frequency", 0) : 0;
}

uint32_t uart_baud(const struct dt_node *node)
{
	uint32_t baud = dt_u32_or(node, "current-speed", UART_BAUD_DEFAULT);

	return baud ? baud : UART_BAUD_DEFAULT;
}

bool uart_wait_room(bool (*has_room)(void *uart), void *uart, bool *stalled)
{
	unsigned polls = *stalled ? 1 : ROOM_POLLS;

	for (; polls; polls--) {
		if (has_room(uart)) {
			*stalled = false;
			return true;
		}
		arch_relax();
	}
	*stalled = true;
	return false;
}
