/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU interface in software: what it offers, takes and ends, whatever the registers of the
 * guest's version look like (gicv2_cpuif.c, gicv3_cpuif.c). It drives the vCPU's IRQ and FIQ lines.
 * State is struct vgic_cpuif, guarded by vgic.lock; a vCPU reaches only its own.
 */
#include "vgic_cpuif.h"
#include "vgic_lpi.h"

#define PRIO_SHIFT   3
#define RUNNING_IDLE 0xffu

/** A bank's interrupts that are ready, if they are more urgent. */
static void consider(struct vgic_cpu *c, unsigned n, uint32_t ready, struct vgic_best *best)
{
	struct vgic_bank *b = vgic_bank(c->gic, c, n);

	for (; ready; ready &= ready - 1) {
		unsigned i = ctz32(ready), group = b->group >> i & 1;

		if (b->prio[i] >= best->prio || (n && b->target[i] != c->id) ||
		    !(c->cpuif.ctlr >> group & 1))
			continue;
		*best = (struct vgic_best){ b, n * 32 + i, group, b->prio[i] };
	}
}

struct vgic_best vgic_cpuif_best(struct vgic_cpu *c)
{
	struct vgic_best best = { .prio = 0x100 };
	struct vgic *g = c->gic;
	uint32_t hint, ready;
	unsigned n;

	for (hint = c->hint; hint; hint &= hint - 1) {
		n = ctz32(hint);
		ready = vgic_ready(g, vgic_bank(g, c, n));
		if (!ready)
			c->hint &= ~BIT32(n);
		consider(c, n, ready, &best);
	}
	if (likely(!vgic_lpi_hint(c)))
		return best;
	n = vgic_lpi_next(c, 0);
	if (!n)
		c->lpi_hint = 0;
	for (; n; n = vgic_lpi_next(c, n))
		consider(c, n, vgic_ready(g, vgic_bank(g, c, n)), &best);
	return best;
}

static unsigned group_prio(const struct vgic_cpuif *i, unsigned prio, unsigned group)
{
	/* Group 1's own point counts the bits from one place higher. */
	unsigned point = group && !(i->ctlr & VGIC_CPUIF_CBPR) ? i->abpr - 1 : i->bpr;

	return prio & ~((2u << point) - 1) & 0xff;
}

unsigned vgic_cpuif_running(const struct vgic_cpuif *i)
{
	uint32_t active = i->apr[0] | i->apr[1];

	return active ? ctz32(active) << PRIO_SHIFT : RUNNING_IDLE;
}

bool vgic_cpuif_deliverable(const struct vgic_cpuif *i, const struct vgic_best *best)
{
	return best->prio < i->pmr &&
	       group_prio(i, best->prio, best->group) < vgic_cpuif_running(i);
}

static void set_lines(struct vgic_cpu *c, bool irq, bool fiq)
{
	if (irq == c->cpuif.irq && fiq == c->cpuif.fiq)
		return;
	c->cpuif.irq = irq;
	c->cpuif.fiq = fiq;
	arch_vintc_line(c->vcpu, irq, fiq);
}

void vgic_cpuif_update(struct vgic_cpu *c)
{
	const struct vgic_cpuif *i = &c->cpuif;
	struct vgic_best best;
	bool irq = false, fiq = false;

	for (; c->hw_drop; c->hw_drop &= c->hw_drop - 1)
		arch_vintc_hw_active(c->hwirq[ctz32(c->hw_drop) - VGIC_SGIS], false);
	best = vgic_cpuif_best(c);
	if (best.prio < 0x100 && vgic_cpuif_deliverable(i, &best)) {
		fiq = !best.group && i->ctlr & VGIC_CPUIF_FIQEN;
		irq = !fiq;
	}
	set_lines(c, irq, fiq);
}

void vgic_cpuif_taken(struct vgic_cpu *c)
{
	const struct vgic_cpuif *i = &c->cpuif;

	if (i->ctlr & VGIC_CPUIF_CBPR || i->bpr + 1 == i->abpr)
		set_lines(c, false, false);
	else
		vgic_cpuif_update(c);
}

void vgic_cpuif_reset(struct vgic_cpu *c)
{
	c->cpuif = (struct vgic_cpuif){ .bpr = VGIC_BPR_MIN, .abpr = VGIC_BPR_MIN + 1 };
	if (c->gic->version == 3)
		c->cpuif.ctlr = VGIC_CPUIF_FIQEN; /* group 0 is always FIQ */
}

void vgic_cpuif_take(struct vgic_cpu *c, const struct vgic_best *best)
{
	struct vgic_cpuif *i = &c->cpuif;
	struct vgic_bank *b = best->b;
	unsigned at = best->irq % 32;

	i->apr[best->group] |= BIT32(group_prio(i, best->prio, best->group) >> PRIO_SHIFT);
	if (best->irq < VGIC_LPI_FIRST) /* LPIs have no such state */
		b->active |= BIT32(at);
	if (best->irq >= VGIC_PRIVATE) {
		b->owner[at] = c->id;
	} else if (best->irq < VGIC_SGIS && c->gic->version == 2) {
		unsigned sender = ctz32(b->senders[at]);

		b->sender[at] = (uint8_t)sender;
		b->senders[at] &= (uint8_t)~BIT32(sender);
		if (b->senders[at])
			return; /* latch stays: the next sender's */
	}
	b->latch &= ~BIT32(at);
}

void vgic_cpuif_deactivate(struct vgic_cpu *c, unsigned irq, unsigned sender)
{
	unsigned n = irq / 32, i = irq % 32;
	struct vgic_bank *b;

	if (irq >= c->gic->nr_irqs)
		return;
	b = vgic_bank(c->gic, c, n);
	if (!(b->active >> i & 1) || (n && b->owner[i] != c->id) ||
	    (irq < VGIC_SGIS && c->gic->version == 2 && b->sender[i] != sender))
		return;
	vgic_deactivate(c, n, b, i);
}

bool vgic_cpuif_drop(struct vgic_cpuif *i, int group)
{
	uint32_t active = i->apr[0] | i->apr[1];

	active &= -active;
	if (group < 0)
		group = !(i->apr[0] & active);
	if (!(i->apr[group] & active))
		return false;
	i->apr[group] &= ~active;
	return true;
}
