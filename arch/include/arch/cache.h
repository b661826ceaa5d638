/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache maintenance by virtual address range of the hypervisor. Any context.
 */
#pragma once

#include <stddef.h>

/** Clean and invalidate [va, va+size) to the point of coherency. */
void arch_cache_clean_inval(const void *va, size_t size);

/** Make instructions written to [va, va+size) visible to instruction fetch of all CPUs. */
void arch_cache_sync_code(const void *va, size_t size);

/** Fill [va, va+size) with zeros by the fastest means of the CPU; page-aligned normal memory. */
void arch_cache_zero(void *va, size_t size);
