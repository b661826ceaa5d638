/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What UART drivers share: a clock from the device tree and a wait that ends. No data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dt_node;

#define UART_BAUD_DEFAULT 115200

/**
 * Rate of a UART's input clock, from `clock-frequency` or the first of `clocks`.
 * @return Hz, 0 when the tree does not say
 */
uint32_t uart_clock(const struct dt_node *node);

/** Speed that the tree asks for (`current-speed`), else the usual one. */
uint32_t uart_baud(const struct dt_node *node);

/**
 * Wait until a transmitter has room, but not for ever: a UART whose clock stands, or
 * whose flow control holds it, must not hold the hypervisor. After one wait in vain
 * only one look is taken until there was room again.
 * @param has_room  looks at the hardware once
 * @param stalled   the driver's memory of a wait in vain
 * @return whether there is room
 */
bool uart_wait_room(bool (*has_room)(void *uart), void *uart, bool *stalled);
