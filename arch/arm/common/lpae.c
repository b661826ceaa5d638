/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port's half of page tables: entries of the long-descriptor format, for core's walker.
 * No data but the geometry, which is fixed when the first CPU has read its features.
 */
#include <arch/pgtable.h>
#include "lpae.h"
#include "port.h"

static const struct pgtable_format stage1_format = {
	.levels = 4,
	.root_pages = 1,
	.input_bits = 48,
	.shift = { 39, 30, 21, 12 },
	.leaf_ok = { false, true, true, true },
};

/*
 * 40 bits of guest physical address, or what the CPU has: starting at level 1 with the root of two
 * concatenated tables is enough for all guest boards, and one level less to walk.
 */
static struct pgtable_format stage2_format = {
	.levels = 3,
	.root_pages = 2,
	.input_bits = 40,
	.shift = { 30, 21, 12 },
	.leaf_ok = { true, true, true },
};

void lpae_set_stage2_bits(unsigned bits)
{
	stage2_format.input_bits = bits;
	stage2_format.root_pages = bits > 39 ? 1U << (bits - 39) : 1;
}

const struct pgtable_format *arch_pgtable_format(enum pgtable_stage stage)
{
	return stage == PGTABLE_STAGE1 ? &stage1_format : &stage2_format;
}

static bool last_level(enum pgtable_stage s, unsigned level)
{
	return level + 1 == arch_pgtable_format(s)->levels;
}

static uint64_t stage2_bits(uint32_t attr)
{
	uint64_t e = LPAE_VALID | LPAE_AF;

	if (attr & PG_DEVICE)
		e |= LPAE_S2_DEVICE;
	else
		e |= (attr & PG_NC ? LPAE_S2_NC : LPAE_S2_NORMAL) | LPAE_SH_INNER;
	if (attr & PG_READ)
		e |= LPAE_S2_READ;
	if (attr & PG_WRITE)
		e |= LPAE_S2_WRITE;
	if (!(attr & PG_EXEC))
		e |= LPAE_XN;
	return e;
}

uint64_t arch_pgtable_leaf(enum pgtable_stage s, unsigned level, hpa_t pa, uint32_t attr)
{
	uint64_t e = s == PGTABLE_STAGE1 ? lpae_stage1_bits(attr) : stage2_bits(attr);

	return e | (pa & LPAE_ADDR_MASK) | (last_level(s, level) ? LPAE_TABLE : 0);
}

uint64_t arch_pgtable_table(enum pgtable_stage s, hpa_t table)
{
	return table | LPAE_VALID | LPAE_TABLE;
}

bool arch_pgtable_valid(uint64_t entry)
{
	return entry & LPAE_VALID;
}

bool arch_pgtable_is_leaf(enum pgtable_stage s, unsigned level, uint64_t entry)
{
	return last_level(s, level) || !(entry & LPAE_TABLE);
}

hpa_t arch_pgtable_addr(enum pgtable_stage s, unsigned level, uint64_t entry)
{
	return entry & LPAE_ADDR_MASK;
}

uint32_t arch_pgtable_attr(enum pgtable_stage s, uint64_t entry)
{
	uint32_t attr = entry & LPAE_XN ? 0 : PG_EXEC;
	uint64_t type = FIELD_GET(GENMASK(5, 2), entry);

	if (s == PGTABLE_STAGE1) {
		type = FIELD_GET(GENMASK(4, 2), entry);
		attr |= PG_READ | (entry & LPAE_S1_RO ? 0 : PG_WRITE);
		attr |= type == MAIR_DEVICE ? PG_DEVICE : type == MAIR_NC ? PG_NC : 0;
		return attr;
	}
	attr |= (entry & LPAE_S2_READ ? PG_READ : 0) | (entry & LPAE_S2_WRITE ? PG_WRITE : 0);
	attr |= type < 4 ? PG_DEVICE : type == 5 ? PG_NC : 0;
	return attr;
}

void arch_pgtable_sync(void)
{
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}
