/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address types that every port shares. A host physical address is what the
 * CPU's second stage produces, a guest physical address is what it consumes.
 */
#pragma once

#include <stdint.h>

typedef uint64_t hpa_t; /**< host physical address */
typedef uint64_t gpa_t; /**< guest physical address (IPA) */
typedef uintptr_t va_t; /**< hypervisor virtual address */

#define PAGE_SHIFT  12
#define PAGE_SIZE   (1UL << PAGE_SHIFT)
#define PAGE_MASK   (~(PAGE_SIZE - 1))
#define BLOCK_SHIFT 21
#define BLOCK_SIZE  (1UL << BLOCK_SHIFT)
