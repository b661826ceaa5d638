/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resetting the machine and switching it off, as ACPI says or as PCs always did it. Any context, a
 * panic included. No data of its own.
 */
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <arch/pio.h>
#include <port/asm.h>
#include "features.h"

/* QEMU's isa-debug-exit: ends with twice the value plus one. */
#define DEBUG_EXIT 0xf4
#define SLEEP_ENABLE 0x2000

static void reset_by_acpi(void)
{
	if (x86_platform.reset_space == 1 && x86_platform.reset_address <= UINT16_MAX)
		pio_write8((uint16_t)x86_platform.reset_address, x86_platform.reset_value);
	/* PCI configuration space of bus 0: function << 16 | register, device << 32 */
	if (x86_platform.reset_space == 2) {
		uint64_t a = x86_platform.reset_address;
		uint32_t at = (uint32_t)(a >> 32 & 31) << 11 | (uint32_t)(a >> 16 & 7) << 8 |
			      (a & 0xfc);

		pio_write32(0xcf8, 0x80000000u | at);
		pio_write8((uint16_t)(0xcfc + (a & 3)), x86_platform.reset_value);
	}
}

void arch_machine_reset(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	reset_by_acpi();
	tsc_delay_us(1000);
	pio_write8(0xcf9, 0x02);
	pio_write8(0xcf9, 0x06);
	tsc_delay_us(1000);
	pio_write8(0x64, 0xfe); /* the keyboard controller's line */
	tsc_delay_us(1000);
	/* An exception without a table for it shuts the processor down. */
	__asm__ volatile("lidt %0\n\tud2" : : "m"(nothing));
}

static void sleep(uint16_t port, uint16_t type)
{
	if (port && type != UINT16_MAX)
		pio_write16(port, (uint16_t)((pio_read16(port) & 0xc3ff) | type << 10 |
					     SLEEP_ENABLE));
}

void arch_machine_off(void)
{
	sleep(x86_platform.pm1a_control, x86_platform.s5a);
	sleep(x86_platform.pm1b_control, x86_platform.s5b);
	tsc_delay_us(10000);
}

void arch_machine_exit(int status)
{
	pio_write32(DEBUG_EXIT, (uint32_t)status);
}
