/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system registers of GICv3's CPU interface in software (IHI 0069, 12.2), for guests whose
 * machine has none: one security state, so group 0 is FIQ and group 1 IRQ. Five bits of priority,
 * hence one active-priority register for each group. What the interface does is in vgic_cpuif.c;
 * vgic.lock guards the state.
 */
#include "vgic_cpuif.h"
#include "vgic_lpi.h"

#include <libs/errno.h>

enum {
	ICC_PMR = VINTC_ICC(4, 6, 0),
	ICC_IAR0 = VINTC_ICC(12, 8, 0),
	ICC_EOIR0 = VINTC_ICC(12, 8, 1),
	ICC_HPPIR0 = VINTC_ICC(12, 8, 2),
	ICC_BPR0 = VINTC_ICC(12, 8, 3),
	ICC_AP0R0 = VINTC_ICC(12, 8, 4),
	ICC_AP1R0 = VINTC_ICC(12, 9, 0),
	ICC_DIR = VINTC_ICC(12, 11, 1),
	ICC_RPR = VINTC_ICC(12, 11, 3),
	ICC_IAR1 = VINTC_ICC(12, 12, 0),
	ICC_EOIR1 = VINTC_ICC(12, 12, 1),
	ICC_HPPIR1 = VINTC_ICC(12, 12, 2),
	ICC_BPR1 = VINTC_ICC(12, 12, 3),
	ICC_CTLR = VINTC_ICC(12, 12, 4),
	ICC_SRE = VINTC_ICC(12, 12, 5),
	ICC_IGRPEN0 = VINTC_ICC(12, 12, 6),
	ICC_IGRPEN1 = VINTC_ICC(12, 12, 7),
};

#define CTLR_CBPR    BIT32(0)
#define CTLR_EOIMODE BIT32(1)
#define CTLR_FIXED   (4u << 8 | BIT32(15)) /* PRIbits: five; A3V as GICD_TYPER says */
#define SRE_FIXED    7u			   /* SRE, no bypass; only this interface is there */
#define SPURIOUS     1023u
#define INTID_MASK   0xffffffu

/* Group 1's binary point, as a shared one shows it. */
static unsigned read_bpr1(const struct vgic_cpuif *i)
{
	return i->ctlr & VGIC_CPUIF_CBPR ? MIN(i->bpr + 1, 7u) : i->abpr;
}

static uint32_t read_ctlr(const struct vgic_cpuif *i)
{
	return CTLR_FIXED | (i->ctlr & VGIC_CPUIF_CBPR ? CTLR_CBPR : 0) |
	       (i->ctlr & VGIC_CPUIF_EOIMODE ? CTLR_EOIMODE : 0);
}

static uint32_t acknowledge(struct vgic_cpu *c, unsigned group)
{
	struct vgic_best best = vgic_cpuif_best(c);

	if (best.prio > 0xff || best.group != group || !vgic_cpuif_deliverable(&c->cpuif, &best))
		return SPURIOUS;
	vgic_cpuif_take(c, &best);
	vgic_cpuif_taken(c);
	return best.irq;
}

static uint32_t highest_pending(struct vgic_cpu *c, unsigned group)
{
	struct vgic_best best = vgic_cpuif_best(c);

	return best.prio > 0xff || best.group != group ? SPURIOUS : best.irq;
}

static int read_locked(struct vgic_cpu *c, unsigned reg, uint64_t *value)
{
	const struct vgic_cpuif *i = &c->cpuif;

	switch (reg) {
	case ICC_PMR:
		*value = i->pmr;
		return 0;
	case ICC_IAR0:
	case ICC_IAR1:
		*value = acknowledge(c, reg == ICC_IAR1);
		return 0;
	case ICC_HPPIR0:
	case ICC_HPPIR1:
		*value = highest_pending(c, reg == ICC_HPPIR1);
		return 0;
	case ICC_BPR0:
		*value = i->bpr;
		return 0;
	case ICC_BPR1:
		*value = read_bpr1(i);
		return 0;
	case ICC_AP0R0:
	case ICC_AP1R0:
		*value = i->apr[reg == ICC_AP1R0];
		return 0;
	case ICC_RPR:
		*value = vgic_cpuif_running(i);
		return 0;
	case ICC_CTLR:
		*value = read_ctlr(i);
		return 0;
	case ICC_SRE:
		*value = SRE_FIXED;
		return 0;
	case ICC_IGRPEN0:
	case ICC_IGRPEN1:
		*value = i->ctlr >> (reg == ICC_IGRPEN1) & 1;
		return 0;
	default:
		return -ENOENT;
	}
}

static void write_ctlr(struct vgic_cpuif *i, uint64_t value)
{
	i->ctlr &= ~(VGIC_CPUIF_CBPR | VGIC_CPUIF_EOIMODE);
	i->ctlr |= (value & CTLR_CBPR ? VGIC_CPUIF_CBPR : 0) |
		   (value & CTLR_EOIMODE ? VGIC_CPUIF_EOIMODE : 0);
}

static void end_of_interrupt(struct vgic_cpu *c, unsigned group, unsigned irq)
{
	if (irq >= c->gic->nr_irqs && !vgic_is_lpi(c->gic, irq))
		return; /* a spurious one has nothing to end */
	if (vgic_cpuif_drop(&c->cpuif, (int)group) && !(c->cpuif.ctlr & VGIC_CPUIF_EOIMODE))
		vgic_cpuif_deactivate(c, irq, 0);
}

static void enable_group(struct vgic_cpu *c, unsigned group, bool on)
{
	c->cpuif.ctlr = (c->cpuif.ctlr & ~BIT32(group)) | (on ? BIT32(group) : 0);
	c->hint = vgic_all_banks(c->gic);
}

static int write_locked(struct vgic_cpu *c, unsigned reg, uint64_t value)
{
	struct vgic_cpuif *i = &c->cpuif;

	switch (reg) {
	case ICC_PMR:
		i->pmr = value & VGIC_PRIO_MASK;
		return 0;
	case ICC_EOIR0:
	case ICC_EOIR1:
		end_of_interrupt(c, reg == ICC_EOIR1, value & INTID_MASK);
		return 0;
	case ICC_DIR:
		if (i->ctlr & VGIC_CPUIF_EOIMODE)
			vgic_cpuif_deactivate(c, value & INTID_MASK, 0);
		return 0;
	case ICC_BPR0:
		i->bpr = MAX((uint32_t)value & 7, VGIC_BPR_MIN);
		return 0;
	case ICC_BPR1:
		if (!(i->ctlr & VGIC_CPUIF_CBPR))
			i->abpr = MAX((uint32_t)value & 7, VGIC_BPR_MIN + 1);
		return 0;
	case ICC_AP0R0:
	case ICC_AP1R0:
		i->apr[reg == ICC_AP1R0] = (uint32_t)value;
		return 0;
	case ICC_CTLR:
		write_ctlr(i, value);
		return 0;
	case ICC_SRE:
		return 0;
	case ICC_IGRPEN0:
	case ICC_IGRPEN1:
		enable_group(c, reg == ICC_IGRPEN1, value & 1);
		return 0;
	default:
		return -ENOENT;
	}
}

int gicv3_op_icc(struct vcpu *vcpu, unsigned reg, bool is_write, uint64_t *value)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;
	int err;

	if (g->mode != VINTC_NONE)
		return -ENOENT;
	spin_lock(&g->lock);
	err = is_write ? write_locked(c, reg, *value) : read_locked(c, reg, value);
	if (is_write)
		vgic_cpuif_update(c);
	spin_unlock(&g->lock);
	return err;
}
