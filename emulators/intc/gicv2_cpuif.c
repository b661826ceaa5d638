/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU interface of GICv2 in software (IHI 0048B, 4.4), for guests whose machine cannot give
 * them one: a GIC without Security Extensions, both groups seen as by a secure access. It drives
 * the vCPU's IRQ and FIQ lines. State is struct vgic_cpuif, guarded by vgic.lock; a vCPU reaches
 * only its own.
 */
#include "vgic.h"

enum {
	GICC_CTLR = 0x00,
	GICC_PMR = 0x04,
	GICC_BPR = 0x08,
	GICC_IAR = 0x0c,
	GICC_EOIR = 0x10,
	GICC_RPR = 0x14,
	GICC_HPPIR = 0x18,
	GICC_ABPR = 0x1c,
	GICC_AIAR = 0x20,
	GICC_AEOIR = 0x24,
	GICC_AHPPIR = 0x28,
	GICC_APR0 = 0xd0,
	GICC_NSAPR0 = 0xe0,
	GICC_IIDR = 0xfc,
	GICC_DIR = 0x1000,
};

#define CTLR_ACKCTL  BIT32(2)
#define CTLR_FIQEN   BIT32(3)
#define CTLR_CBPR    BIT32(4)
#define CTLR_EOIMODE BIT32(9)
#define CTLR_MASK    0x3ffu
/* With five bits of priority: no finer split of group and subpriority than all bits. */
#define BPR_MIN	     2u
#define PRIO_SHIFT   3
#define RUNNING_IDLE    0xffu
#define SPURIOUS     1023u
#define OTHER_GROUP  1022u

/* The interrupt to take next. */
struct best {
	struct vgic_bank *b;
	unsigned irq, group;
	unsigned prio; /* 0x100: there is none */
};

static struct best find_best(struct vgic_cpu *c)
{
	struct best best = { .prio = 0x100 };
	struct vgic *g = c->gic;
	uint32_t hint, ready;

	for (hint = c->hint; hint; hint &= hint - 1) {
		unsigned n = ctz32(hint);
		struct vgic_bank *b = vgic_bank(g, c, n);

		ready = vgic_ready(g, b);
		if (!ready)
			c->hint &= ~BIT32(n);
		for (; ready; ready &= ready - 1) {
			unsigned i = ctz32(ready), group = b->group >> i & 1;

			if (b->prio[i] >= best.prio || (n && b->target[i] != c->id) ||
			    !(c->cpuif.ctlr >> group & 1))
				continue;
			best = (struct best){ b, n * 32 + i, group, b->prio[i] };
		}
	}
	return best;
}

static unsigned group_prio(const struct vgic_cpuif *i, unsigned prio, unsigned group)
{
	/* Group 1's own point counts the bits from one place higher. */
	unsigned point = group && !(i->ctlr & CTLR_CBPR) ? i->abpr - 1 : i->bpr;

	return prio & ~((2u << point) - 1) & 0xff;
}

static unsigned running_prio(const struct vgic_cpuif *i)
{
	uint32_t active = i->apr[0] | i->apr[1];

	return active ? ctz32(active) << PRIO_SHIFT : RUNNING_IDLE;
}

/** Is it more urgent than the mask and than what runs? */
static bool deliverable(const struct vgic_cpuif *i, const struct best *best)
{
	return best->prio < i->pmr && group_prio(i, best->prio, best->group) < running_prio(i);
}

void vgic_cpuif_update(struct vgic_cpu *c)
{
	struct vgic_cpuif *i = &c->cpuif;
	struct best best;
	bool irq = false, fiq = false;

	for (; c->hw_drop; c->hw_drop &= c->hw_drop - 1)
		arch_vintc_hw_active(c->hwirq[ctz32(c->hw_drop) - VGIC_SGIS], false);
	best = find_best(c);
	if (best.prio < 0x100 && deliverable(i, &best)) {
		fiq = !best.group && i->ctlr & CTLR_FIQEN;
		irq = !fiq;
	}
	if (irq == i->irq && fiq == i->fiq)
		return;
	i->irq = irq;
	i->fiq = fiq;
	arch_vintc_line(c->vcpu, irq, fiq);
}

void vgic_cpuif_reset(struct vgic_cpu *c)
{
	c->cpuif = (struct vgic_cpuif){ .bpr = BPR_MIN, .abpr = BPR_MIN + 1 };
}

/* --- taking and ending -------------------------------------------------------------- */

/** INTID, with an SGI's sender, as IAR and HPPIR show it. */
static uint32_t shown(const struct best *best)
{
	uint32_t value = best->irq;

	if (best->irq < VGIC_SGIS)
		value |= ctz32(best->b->senders[best->irq]) << 10;
	return value;
}

/** The interrupt that a read of a register of a group sees, or the special number instead. */
static uint32_t seen(const struct vgic_cpuif *i, const struct best *best, bool alias)
{
	if (best->prio >= i->pmr)
		return SPURIOUS;
	if (alias && !best->group)
		return SPURIOUS;
	if (!alias && best->group && !(i->ctlr & CTLR_ACKCTL))
		return OTHER_GROUP;
	return shown(best);
}

static uint32_t acknowledge(struct vgic_cpu *c, bool alias)
{
	struct vgic_cpuif *i = &c->cpuif;
	struct best best = find_best(c);
	uint32_t value = seen(i, &best, alias), bit = BIT32(best.irq % 32);

	if ((value & 0x3ff) >= OTHER_GROUP)
		return value;
	if (!deliverable(i, &best))
		return SPURIOUS;
	i->apr[best.group] |= BIT32(group_prio(i, best.prio, best.group) >> PRIO_SHIFT);
	best.b->active |= bit;
	if (best.irq < VGIC_SGIS) {
		unsigned sender = value >> 10 & 7;

		best.b->sender[best.irq] = (uint8_t)sender;
		best.b->senders[best.irq] &= (uint8_t)~BIT32(sender);
		if (best.b->senders[best.irq])
			return value; /* latch stays: the next sender's */
	} else if (best.irq >= VGIC_PRIVATE) {
		best.b->owner[best.irq % 32] = c->id;
	}
	best.b->latch &= ~bit;
	return value;
}

static void deactivate(struct vgic_cpu *c, uint32_t value)
{
	unsigned irq = value & 0x3ff, n = irq / 32, i = irq % 32;
	struct vgic_bank *b;

	if (irq >= c->gic->nr_irqs)
		return;
	b = vgic_bank(c->gic, c, n);
	if (!(b->active >> i & 1) || (n && b->owner[i] != c->id) ||
	    (irq < VGIC_SGIS && b->sender[i] != (value >> 10 & 7)))
		return;
	vgic_deactivate(c, n, b, i);
}

static void end_of_interrupt(struct vgic_cpu *c, uint32_t value, bool alias)
{
	struct vgic_cpuif *i = &c->cpuif;
	uint32_t active = i->apr[0] | i->apr[1];
	unsigned irq = value & 0x3ff, group;

	if (irq >= c->gic->nr_irqs || !active)
		return; /* a spurious one has nothing to end */
	active &= -active;
	group = alias || !(i->apr[0] & active);
	if (!(i->apr[group] & active))
		return; /* what runs is not of group 1 */
	i->apr[group] &= ~active;
	if (!(i->ctlr & CTLR_EOIMODE))
		deactivate(c, value);
}

/* --- registers ---------------------------------------------------------------------- */

static uint32_t read_locked(struct vgic_cpu *c, uint64_t offset)
{
	struct vgic_cpuif *i = &c->cpuif;
	struct best best;

	switch (offset) {
	case GICC_CTLR:
		return i->ctlr;
	case GICC_PMR:
		return i->pmr;
	case GICC_BPR:
		return i->bpr;
	case GICC_ABPR:
		return i->abpr;
	case GICC_IAR:
	case GICC_AIAR:
		return acknowledge(c, offset == GICC_AIAR);
	case GICC_RPR:
		return running_prio(i);
	case GICC_HPPIR:
	case GICC_AHPPIR:
		best = find_best(c);
		return seen(i, &best, offset == GICC_AHPPIR);
	case GICC_APR0:
		return i->apr[0];
	case GICC_NSAPR0:
		return i->apr[1];
	default:
		return 0;
	}
}

static void write_locked(struct vgic_cpu *c, uint64_t offset, uint32_t value)
{
	struct vgic_cpuif *i = &c->cpuif;

	switch (offset) {
	case GICC_CTLR:
		i->ctlr = value & CTLR_MASK;
		c->hint = vgic_all_banks(c->gic);
		break;
	case GICC_PMR:
		i->pmr = value & VGIC_PRIO_MASK;
		break;
	case GICC_BPR:
		i->bpr = MAX(value & 7, BPR_MIN);
		break;
	case GICC_ABPR:
		i->abpr = MAX(value & 7, BPR_MIN + 1);
		break;
	case GICC_EOIR:
	case GICC_AEOIR:
		end_of_interrupt(c, value, offset == GICC_AEOIR);
		break;
	case GICC_DIR:
		if (i->ctlr & CTLR_EOIMODE)
			deactivate(c, value);
		break;
	case GICC_APR0:
		i->apr[0] = value;
		break;
	case GICC_NSAPR0:
		i->apr[1] = value;
		break;
	}
}

static uint64_t read_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_cpu *c = vgic_accessor(g, acc);
	unsigned long flags = spin_lock_irqsave(&g->lock);
	uint32_t value = read_locked(c, acc->offset);

	if (acc->offset == GICC_IAR || acc->offset == GICC_AIAR)
		vgic_update(c);
	spin_unlock_irqrestore(&g->lock, flags);
	return value;
}

static void write_reg(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_cpu *c = vgic_accessor(g, acc);
	unsigned long flags = spin_lock_irqsave(&g->lock);

	write_locked(c, acc->offset, (uint32_t)value);
	vgic_update(c);
	spin_unlock_irqrestore(&g->lock, flags);
}

#define ROW(at, r, w, text)                                                                        \
	{ .offset = (at), .size = 4, .widths = 4, .read = (r), .write = (w), .name = (text) }

static const struct emu_reg rows[] = {
	ROW(GICC_CTLR, read_reg, write_reg, "GICC_CTLR"),
	ROW(GICC_PMR, read_reg, write_reg, "GICC_PMR"),
	ROW(GICC_BPR, read_reg, write_reg, "GICC_BPR"),
	ROW(GICC_IAR, read_reg, NULL, "GICC_IAR"),
	ROW(GICC_EOIR, NULL, write_reg, "GICC_EOIR"),
	ROW(GICC_RPR, read_reg, NULL, "GICC_RPR"),
	ROW(GICC_HPPIR, read_reg, NULL, "GICC_HPPIR"),
	ROW(GICC_ABPR, read_reg, write_reg, "GICC_ABPR"),
	ROW(GICC_AIAR, read_reg, NULL, "GICC_AIAR"),
	ROW(GICC_AEOIR, NULL, write_reg, "GICC_AEOIR"),
	ROW(GICC_AHPPIR, read_reg, NULL, "GICC_AHPPIR"),
	ROW(GICC_APR0, read_reg, write_reg, "GICC_APR0"),
	{ .offset = 0xd4, .size = 12, .widths = 4, .name = "GICC_APR1-3" },
	ROW(GICC_NSAPR0, read_reg, write_reg, "GICC_NSAPR0"),
	{ .offset = 0xe4, .size = 12, .widths = 4, .name = "GICC_NSAPR1-3" },
	{ .offset = GICC_IIDR, .size = 4, .widths = 4, .reset = 2u << 16 | VGIC_IMPLEMENTER,
	  .name = "GICC_IIDR" },
	ROW(GICC_DIR, NULL, write_reg, "GICC_DIR"),
};

static const struct emu_regs regs = { .rows = rows, .count = ARRAY_SIZE(rows) };

enum emu_result vgic_cpuif_access(struct emu_dev *dev, struct emu_access *acc)
{
	return emu_regs_access(dev, &regs, acc);
}
