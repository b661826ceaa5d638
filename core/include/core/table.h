/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linker tables: arrays of pointers that one declaration per leaf fills. The linker script defines
 * table_<name>_start and table_<name>_end around section .table.<name>.
 */
#pragma once

#define TABLE(type, name)                                                                           \
	extern const type *const table_##name##_start[];                                            \
	extern const type *const table_##name##_end[]

#define table_for_each(type, entry, name)                                                           \
	for (const type *const *entry = table_##name##_start; entry < table_##name##_end; entry++)
