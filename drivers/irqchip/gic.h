/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What GICv2 and GICv3 have alike: a bank of registers for interrupts, in the distributor and
 * (first 32 only) in each redistributor of GICv3, with the same offsets (Arm IHI 0048B, 4.3; IHI
 * 0069, 12.8 to 12.11). No data; core's irq lock, or the hardware's registers that take one bit
 * each write, order accesses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/mmio.h>
#include <arch/types.h>
#include <libs/util.h>

#define GIC_SPI_FIRST 32
#define GIC_SPECIAL   1020 /* INTIDs from here on say that there is none */
#define GIC_SGI_KICK  0	   /* the interrupt that makes another CPU look at its work */

enum {
	GICD_CTLR = 0x000,
	GICD_TYPER = 0x004,
	GICD_IGROUPR = 0x080,
	GICD_ISENABLER = 0x100,
	GICD_ICENABLER = 0x180,
	GICD_ICPENDR = 0x280,
	GICD_ISACTIVER = 0x300,
	GICD_ICACTIVER = 0x380,
	GICD_IPRIORITYR = 0x400,
	GICD_ITARGETSR = 0x800,
	GICD_ICFGR = 0xc00,
	GICD_IGRPMODR = 0xd00,
	GICD_SGIR = 0xf00,
};

struct dt_node;

/** Write a one to an interrupt's bit of a set- or clear-register. */
static inline void gic_write_bit(uint8_t *bank, unsigned reg, unsigned irq)
{
	mmio_write32(bank + reg + irq / 32 * 4, BIT32(irq % 32));
}

static inline bool gic_read_bit(const uint8_t *bank, unsigned reg, unsigned irq)
{
	return mmio_read32(bank + reg + irq / 32 * 4) & BIT32(irq % 32);
}

/** Number of interrupts of a distributor. */
static inline unsigned gic_nr_irqs(const uint8_t *dist)
{
	return MIN_T(unsigned, 32 * ((mmio_read32(dist + GICD_TYPER) & 0x1f) + 1), GIC_SPECIAL);
}

/**
 * Interrupts first … end-1 (multiples of 32, or end the last) to a known state: disabled, neither
 * pending nor active, one priority.
 */
void gic_reset_bank(uint8_t *bank, unsigned first, unsigned end);
/** Level or edge. @return 0, -EINVAL when the hardware does not take it (shared interrupts only) */
int gic_set_type(uint8_t *bank, unsigned irq, bool level);
/** Specifier of three or more cells: kind, number, flags. @return INTID or -EINVAL */
int gic_xlate(const uint32_t *cells, unsigned n, bool *level);
/** Claim the kick IPI. */
must_check int gic_request_kick(void);

/* --- of GICv3, for its interrupt translation service --------------------------------------- */

struct gicv3_redist {
	uint8_t *regs;	/* control frame, first page */
	hpa_t pa;
	uint64_t typer;
};

/** The redistributor of a CPU that runs. @return false: there is none */
bool gicv3_redist(unsigned cpu, struct gicv3_redist *out);
/** GICD_TYPER; 0 when there is no GICv3. */
uint32_t gicv3_dist_typer(void);
