/* SPDX-License-Identifier: GPL-2.0-only */
/* Device registers: those of fake devices that a test has put at an address (host_mmio_add()). */
#pragma once

#include <port/host.h>

static inline uint8_t mmio_read8(const volatile void *a)
{
	return (uint8_t)host_mmio_read(a, 1);
}

static inline uint16_t mmio_read16(const volatile void *a)
{
	return (uint16_t)host_mmio_read(a, 2);
}

static inline uint32_t mmio_read32(const volatile void *a)
{
	return (uint32_t)host_mmio_read(a, 4);
}

static inline uint64_t mmio_read64(const volatile void *a)
{
	return host_mmio_read(a, 8);
}

static inline void mmio_write8(volatile void *a, uint8_t v)
{
	host_mmio_write(a, 1, v);
}

static inline void mmio_write16(volatile void *a, uint16_t v)
{
	host_mmio_write(a, 2, v);
}

static inline void mmio_write32(volatile void *a, uint32_t v)
{
	host_mmio_write(a, 4, v);
}

static inline void mmio_write64(volatile void *a, uint64_t v)
{
	host_mmio_write(a, 8, v);
}
