/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LPIs of a guest's GICv3: what the other parts of it and the ITS ask vgic_lpi.c for. State and
 * lock are those of struct vgic.
 */
#pragma once

#include "vgic.h"

#define VGIC_LPI_ID_BITS 14 /**< of an INTID: 8192 LPIs */
#define VGIC_LPI_BANKS	 (32 * VGIC_LPI_GROUP)
#define VGIC_RCTLR_LPIS	 BIT32(0) /**< GICR_CTLR: LPIs are on */
#define VGIC_RCTLR_CES	 BIT32(1) /**< they can be switched off again */

static inline bool vgic_is_lpi(const struct vgic *g, unsigned irq)
{
	return vgic_has_lpis(g) && irq - VGIC_LPI_FIRST < VGIC_LPI_BANKS * 32;
}

/** LPIs are possible: before the guest runs. */
void vgic_lpi_enable(struct vgic *g);
/** All as after power on; the guest does not run. */
void vgic_lpi_reset(struct vgic *g);
/** The first INTID that is none, by what the guest's table of properties has room for. */
unsigned vgic_lpi_end(const struct vgic *g);
/** The bank behind n (0: the first) where LPIs are ready for somebody; 0: no more. Lock held. */
unsigned vgic_lpi_next(struct vgic_cpu *c, unsigned n);

/* For the ITS; vcpu is a number, or VGIC_NOWHERE. Thread context, no lock held. */

/** An LPI is used from now on. @return 0 or -ENOMEM */
must_check int vgic_lpi_map(struct vgic *g, unsigned lpi, unsigned vcpu);
/** And not any more. */
void vgic_lpi_unmap(struct vgic *g, unsigned lpi);
void vgic_lpi_route(struct vgic *g, unsigned lpi, unsigned vcpu);
void vgic_lpi_move_all(struct vgic *g, unsigned from, unsigned to);
/** It is not pending any more. */
void vgic_lpi_clear(struct vgic *g, unsigned lpi);
/** Priority and enable are as the table in memory says now. */
void vgic_lpi_renew(struct vgic *g, unsigned lpi);
void vgic_lpi_renew_all(struct vgic *g);
/** It becomes pending. Any context. */
void vgic_lpi_pend(struct vgic *g, unsigned lpi);

/* Registers of redistributors. Thread context. */

uint32_t vgic_lpi_read_ctlr(const struct vgic_cpu *c);
void vgic_lpi_write_ctlr(struct vgic_cpu *c, uint32_t value);
/** GICR_PENDBASER or GICR_PROPBASER. */
uint64_t vgic_lpi_read_base(const struct vgic_cpu *c, bool pend);
void vgic_lpi_write_base(struct vgic_cpu *c, bool pend, uint64_t value);
