/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the drivers of GICv2 and GICv3 share. No data.
 */
#include "gic.h"

#include <core/cpu.h>
#include <core/irq.h>
#include <libs/errno.h>

/* All host interrupts have the same priority: they do not preempt each other. */
#define PRIORITY_ALL 0xa0a0a0a0

void gic_reset_bank(uint8_t *bank, unsigned first, unsigned end)
{
	unsigned irq;

	for (irq = first; irq < end; irq += 32) {
		mmio_write32(bank + GICD_ICENABLER + irq / 8, UINT32_MAX);
		mmio_write32(bank + GICD_ICPENDR + irq / 8, UINT32_MAX);
		mmio_write32(bank + GICD_ICACTIVER + irq / 8, UINT32_MAX);
	}
	for (irq = first; irq < end; irq += 4)
		mmio_write32(bank + GICD_IPRIORITYR + irq, PRIORITY_ALL);
}

int gic_set_type(uint8_t *bank, unsigned irq, bool level)
{
	uint8_t *reg = bank + GICD_ICFGR + irq / 16 * 4;
	uint32_t edge = BIT32(irq % 16 * 2 + 1);
	uint32_t old = mmio_read32(reg);
	uint32_t want = level ? old & ~edge : old | edge;

	if (want == old)
		return 0;
	mmio_write32(reg, want);
	/* Private interrupts may be wired one way whatever the tree says; that does no harm. */
	return irq < GIC_SPI_FIRST || mmio_read32(reg) == want ? 0 : -EINVAL;
}

int gic_xlate(const uint32_t *cells, unsigned n, bool *level)
{
	if (n < 3)
		return -EINVAL;
	/* flags: 1 rising edge, 4 high level; shared interrupts know no others */
	*level = !(cells[2] & 3);
	if (cells[0] == 0 && cells[1] < GIC_SPECIAL - GIC_SPI_FIRST)
		return (int)cells[1] + GIC_SPI_FIRST;
	if (cells[0] == 1 && cells[1] < 16)
		return (int)cells[1] + 16;
	return -EINVAL;
}

static void kicked(void *arg)
{
	sched_ipi();
}

int gic_request_kick(void)
{
	return irq_request(GIC_SGI_KICK, false, "kick", kicked, NULL);
}
