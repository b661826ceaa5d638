/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port's half of page tables: entries of long mode, for core's walker. No data but the
 * geometry.
 */
#include <arch/pgtable.h>
#include "features.h"
#include "paging.h"

/* The hypervisor is in the lower half of the address space. */
static struct pgtable_format formats[] = {
	[PGTABLE_STAGE1] = {
		.levels = 4,
		.root_pages = 1,
		.input_bits = 47,
		.shift = { 39, 30, 21, 12 },
		.leaf_ok = { false, false, true, true },
	},
	[PGTABLE_STAGE2] = {
		.levels = 4,
		.root_pages = 1,
		.input_bits = 48,
		.shift = { 39, 30, 21, 12 },
		.leaf_ok = { false, false, true, true },
	},
};

void paging_init(void)
{
	formats[PGTABLE_STAGE1].leaf_ok[1] = x86_features.page1gb;
	formats[PGTABLE_STAGE2].leaf_ok[1] = x86_features.page1gb;
}

const struct pgtable_format *arch_pgtable_format(enum pgtable_stage stage)
{
	return &formats[stage];
}

static bool last_level(unsigned level)
{
	return level == 3;
}

uint64_t arch_pgtable_leaf(enum pgtable_stage s, unsigned level, hpa_t pa, uint32_t attr)
{
	uint64_t e = page_bits(attr);

	if (s == PGTABLE_STAGE2)
		e = (e & ~PTE_G) | PTE_U;
	return pa | e | (last_level(level) ? 0 : PTE_PS);
}

uint64_t arch_pgtable_table(enum pgtable_stage s, hpa_t table)
{
	return table | PTE_P | PTE_W | PTE_A | (s == PGTABLE_STAGE2 ? PTE_U : 0);
}

bool arch_pgtable_valid(uint64_t entry)
{
	return entry & PTE_P;
}

bool arch_pgtable_is_leaf(enum pgtable_stage s, unsigned level, uint64_t entry)
{
	return last_level(level) || entry & PTE_PS;
}

hpa_t arch_pgtable_addr(enum pgtable_stage s, unsigned level, uint64_t entry)
{
	/* Bit 12 of a larger leaf would be its PAT bit, which is not used. */
	return entry & PTE_ADDR;
}

uint32_t arch_pgtable_attr(enum pgtable_stage s, uint64_t entry)
{
	uint32_t attr = PG_READ;

	if (entry & PTE_W)
		attr |= PG_WRITE;
	if (!(entry & PTE_NX))
		attr |= PG_EXEC;
	if (entry & PTE_PCD)
		attr |= PG_DEVICE;
	else if (entry & PTE_PWT)
		attr |= PG_NC;
	return attr;
}

/* Table walks are coherent; stores are seen in order. */
void arch_pgtable_sync(void)
{
	__asm__ volatile("" : : : "memory");
}
