/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The space of I/O ports, on CPUs that have one (CONFIG_PORT_SPACE); bodies in <port/pio.h>.
 * Elsewhere the functions are declared only: what calls them stands behind
 * IS_ENABLED(CONFIG_PORT_SPACE).
 *
 *   uint8_t pio_read8(uint16_t port)            ... 16, 32
 *   void    pio_write8(uint16_t port, uint8_t v) ... 16, 32
 */
#pragma once

#include <stdint.h>
#include <libs/util.h>

#if IS_ENABLED(CONFIG_PORT_SPACE)
#include <port/pio.h>
#else
uint8_t pio_read8(uint16_t port);
uint16_t pio_read16(uint16_t port);
uint32_t pio_read32(uint16_t port);
void pio_write8(uint16_t port, uint8_t v);
void pio_write16(uint16_t port, uint16_t v);
void pio_write32(uint16_t port, uint32_t v);
#endif
