/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to memory-mapped device registers; bodies in <port/mmio.h>.
 *
 *   uint8_t  mmio_read8(const volatile void *a)   ... 16, 32, 64
 *   void     mmio_write8(volatile void *a, uint8_t v) ... 16, 32, 64
 *
 * One instruction each that a hypervisor below us can decode (no write-back
 * forms). Little-endian devices. Ordered against each other; against normal
 * memory (DMA) the caller adds arch_wmb()/arch_rmb().
 */
#pragma once

#include <port/mmio.h>
