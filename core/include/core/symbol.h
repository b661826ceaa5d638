/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the hypervisor's own functions, for backtraces.
 */
#pragma once

#include <stddef.h>
#include <arch/types.h>

/** Name of the function that contains pc and the offset in it. @return NULL when unknown */
const char *symbol_name(va_t pc, size_t *offset);
/** Print a backtrace to the console and log, from frame pointer fp (0: the caller's). */
void symbol_backtrace(va_t fp);
