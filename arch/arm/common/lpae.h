/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of the long-descriptor format (VMSAv8-64 with 4 KiB granule, and LPAE of ARMv7; Arm DDI
 * 0487 D8.3), for EL2's stage 1 and for stage 2.
 */
#pragma once

#include <stdint.h>
#include <arch/pgtable.h>
#include <libs/util.h>
#include <port/sysreg.h>

#define LPAE_VALID	BIT(0)
#define LPAE_TABLE	BIT(1) /* table, or page at the last level */
#define LPAE_ADDR_MASK	GENMASK(47, 12)
#define LPAE_AF		BIT(10)
#define LPAE_SH_INNER	(3ULL << 8)
#define LPAE_S1_AP1	BIT(6) /* RES1 at EL2 */
#define LPAE_S1_RO	BIT(7)
#define LPAE_S1_PXN	BIT(53)
#define LPAE_XN		BIT(54)
#define LPAE_S2_READ	BIT(6)
#define LPAE_S2_WRITE	BIT(7)
#define LPAE_S2_NORMAL	(0xfULL << 2) /* MemAttr: inner and outer write-back */
#define LPAE_S2_NC	(0x5ULL << 2)
#define LPAE_S2_DEVICE	(0x1ULL << 2) /* Device-nGnRE */

/** Attribute bits of a stage 1 leaf, without address and without the page bit. */
static inline uint64_t lpae_stage1_bits(uint32_t attr)
{
	uint64_t e = LPAE_VALID | LPAE_AF | LPAE_S1_AP1;

	if (attr & PG_DEVICE)
		e |= (uint64_t)MAIR_DEVICE << 2;
	else if (attr & PG_NC)
		e |= ((uint64_t)MAIR_NC << 2) | LPAE_SH_INNER;
	else
		e |= ((uint64_t)MAIR_NORMAL << 2) | LPAE_SH_INNER;
	if (!(attr & PG_WRITE))
		e |= LPAE_S1_RO;
	if (!(attr & PG_EXEC))
		e |= LPAE_XN;
	return e;
}
