/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first C functions after entry.S: on the boot CPU, on the others, and where there is no EL2.
 */
#include <arch/cpu.h>
#include <core/boot.h>
#include <core/cpu.h>
#include <core/log.h>
#include <libs/string.h>
#include <port/boot.h>

uintptr_t __stack_chk_guard; /* set by entry.S */

void boot_start(void);
void boot_no_el2(void);
void secondary_start(void);
void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	panic("stack protector: a function wrote past the end of its array");
}

void boot_start(void)
{
	early_uart_init((const void *)(uintptr_t)(VA_DIRECT + boot_fdt_pa));
	boot_main(boot_fdt_pa ? (const void *)(uintptr_t)(VA_DIRECT + boot_fdt_pa) : NULL);
}

static void say(const char *s)
{
	arch_early_puts(s, strlen(s));
}

/* Entered at EL1: nothing can be virtualised, but the person shall read why. */
void boot_no_el2(void)
{
	if (boot_fdt_pa)
		early_uart_init((const void *)(uintptr_t)(VA_DIRECT + boot_fdt_pa));
	say("\r\nXvisor: entered at EL1: this CPU, or the firmware before us, gives no EL2.\r\n"
	    "A hypervisor needs EL2. On QEMU: -M virt,virtualization=on; on a board: let the\r\n"
	    "firmware start the image at EL2. Stopped.\r\n");
	for (;;)
		__asm__ volatile("wfi");
}

void secondary_start(void)
{
	cpu_secondary_main();
}
