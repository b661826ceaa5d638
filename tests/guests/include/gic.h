/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controller for the tiny guests: GICv2 (IHI 0048B) and GICv3 (IHI 0069, one security
 * state) behind the same calls. Private interrupts (0 ... 31) are those of the calling CPU.
 */
#pragma once

#include "kit.h"

#define GIC_SPURIOUS 1023
#define GIC_PRIO_LOW 0xf8 /* an interrupt can have it, and PMR 0xff lets it through */
#define GIC_PRIO_MID 0xa0

/* Distributor and the SGI frame of a redistributor. */
#define GICD_CTLR	0x000
#define GICD_TYPER	0x004
#define GICD_IIDR	0x008
#define GIC_IGROUPR	0x080
#define GIC_ISENABLER	0x100
#define GIC_ICENABLER	0x180
#define GIC_ISPENDR	0x200
#define GIC_ICPENDR	0x280
#define GIC_ISACTIVER	0x300
#define GIC_ICACTIVER	0x380
#define GIC_IPRIORITYR	0x400
#define GICD_ITARGETSR	0x800
#define GIC_ICFGR	0xc00
#define GICD_SGIR	0xf00
#define GICD_CPENDSGIR	0xf10
#define GICD_SPENDSGIR	0xf20
#define GICD_IROUTER	0x6000
#define GICD_PIDR2_V2	0xfe8
#define GICD_PIDR2_V3	0xffe8
#define GICR_CTLR	0x00
#define GICR_IIDR	0x04
#define GICR_TYPER	0x08
#define GICR_WAKER	0x14
#define GICR_SGI_FRAME	0x10000
#define GICR_STRIDE	0x20000
/* GICv2's CPU interface. */
#define GICC_CTLR	0x00
#define GICC_PMR	0x04
#define GICC_BPR	0x08
#define GICC_IAR	0x0c
#define GICC_EOIR	0x10
#define GICC_RPR	0x14
#define GICC_HPPIR	0x18
#define GICC_ABPR	0x1c
#define GICC_AIAR	0x20
#define GICC_AEOIR	0x24
#define GICC_AHPPIR	0x28
#define GICC_IIDR	0xfc
#define GICC_DIR	0x1000

extern unsigned gic_version; /* 2 or 3 */
extern unsigned gic_irqs;    /* interrupt numbers that exist */

/** The distributor: everything disabled, priority GIC_PRIO_MID, group 1 on GICv3. Once. */
void gic_init(void);
/** The calling CPU's interface: everything let through. */
void gic_init_cpu(void);

/** The frame with the registers of this interrupt. */
uintptr_t gic_frame(unsigned irq);
/** Read or write one interrupt's bit of a register array. */
bool gic_bit(unsigned irq, unsigned reg);
void gic_set_bit(unsigned irq, unsigned reg);

static inline void gic_enable(unsigned irq)
{
	gic_set_bit(irq, GIC_ISENABLER);
}

static inline void gic_disable(unsigned irq)
{
	gic_set_bit(irq, GIC_ICENABLER);
}

static inline bool gic_is_pending(unsigned irq)
{
	return gic_bit(irq, GIC_ISPENDR);
}

static inline bool gic_is_active(unsigned irq)
{
	return gic_bit(irq, GIC_ISACTIVER);
}

static inline void gic_set_prio(unsigned irq, uint8_t prio)
{
	write8(gic_frame(irq) + GIC_IPRIORITYR + irq, prio);
}

static inline uint8_t gic_prio(unsigned irq)
{
	return read8(gic_frame(irq) + GIC_IPRIORITYR + irq);
}

/** Edge-triggered or level-sensitive. */
void gic_set_edge(unsigned irq, bool edge);
bool gic_edge(unsigned irq);
/** Group 1 or group 0. */
void gic_set_group(unsigned irq, bool group1);
/** Which CPU a shared interrupt goes to. */
void gic_set_target(unsigned irq, unsigned cpu);

/** Send a software-generated interrupt to a CPU; to all but the calling one. */
void gic_sgi(unsigned cpu, unsigned sgi);
void gic_sgi_others(unsigned sgi);

/* The calling CPU's interface. What gic_ack() gives goes to gic_eoi() and gic_dir(). */
uint32_t gic_ack(void);
void gic_eoi(uint32_t iar);
void gic_dir(uint32_t iar);
uint32_t gic_pmr(void);
void gic_set_pmr(uint32_t pmr);
uint32_t gic_rpr(void);
uint32_t gic_hppir(void);
void gic_set_bpr(uint32_t bpr);
/** EOI only drops the priority, deactivation is gic_dir(). */
void gic_set_eoimode(bool split);

static inline unsigned gic_intid(uint32_t iar)
{
	return iar & 0x3ff;
}
