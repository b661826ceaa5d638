/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine as a whole, for commands: what its CPUs are, and its end. No data.
 */
#include <core/cpu.h>

#include <arch/cpu.h>
#include <core/shell.h>
#include <libs/string.h>

void cpu_describe(char *buf, size_t size)
{
	arch_cpu_describe(buf, size);
}

uint64_t cpu_hwid(unsigned id)
{
	return arch_cpu_hwid(id);
}

void machine_reset(void)
{
	arch_machine_reset();
}

void machine_off(int status)
{
	char word[4];

	if (bootarg("vmm.semihosting", word, sizeof(word)) && !strcmp(word, "1"))
		arch_machine_exit(status);
	arch_machine_off();
}
