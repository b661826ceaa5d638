/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of 4-level page tables (AMD APM volume 2, 5.3), for the hypervisor's own tables and for
 * nested ones, which have the same format.
 */
#pragma once

#include <stdint.h>
#include <arch/pgtable.h>
#include <libs/util.h>

#define PTE_P	 BIT(0)
#define PTE_W	 BIT(1)
#define PTE_U	 BIT(2) /* nested tables: in each entry, all accesses are of user level */
#define PTE_PWT	 BIT(3)
#define PTE_PCD	 BIT(4)
#define PTE_A	 BIT(5)
#define PTE_D	 BIT(6)
#define PTE_PS	 BIT(7) /* a leaf above the last level */
#define PTE_G	 BIT(8)
#define PTE_NX	 BIT(63)
#define PTE_ADDR GENMASK(51, 12)

/**
 * Page attribute table, as after reset but for entry 1 (PTE_PWT): write-combining, not
 * write-through.
 */
#define PAT_VALUE 0x0007040600070106ULL

/** Attribute bits of a leaf of stage 1, without address and without PTE_PS. */
static inline uint64_t page_bits(uint32_t attr)
{
	uint64_t e = PTE_P | PTE_A | PTE_G;

	if (attr & PG_WRITE)
		e |= PTE_W | PTE_D;
	if (!(attr & PG_EXEC))
		e |= PTE_NX;
	if (attr & PG_DEVICE)
		e |= PTE_PCD | PTE_PWT;
	else if (attr & PG_NC)
		e |= PTE_PWT;
	return e;
}
