/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line, by the multiboot information. */
#include "kit.h"

extern uint32_t boot_info;

const char *boot_arg(const char *name)
{
	const uint32_t *info = (const uint32_t *)(uintptr_t)boot_info;
	const char *at = (const char *)(uintptr_t)info[4];
	unsigned i;

	if (!(info[0] & 4))
		return 0;
	for (; *at; at++) {
		for (i = 0; name[i] && at[i] == name[i]; i++)
			;
		if (!name[i] && at[i] == '=')
			return at + i + 1;
	}
	return 0;
}

uint64_t boot_arg_number(const char *name, uint64_t otherwise)
{
	const char *at = boot_arg(name);
	uint64_t v = 0;

	if (!at)
		return otherwise;
	while (*at >= '0' && *at <= '9')
		v = v * 10 + (uint64_t)(*at++ - '0');
	return v;
}
