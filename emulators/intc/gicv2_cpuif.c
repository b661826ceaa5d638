/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU interface of GICv2 in software (IHI 0048B, 4.4), for guests whose machine cannot give
 * them one: a GIC without Security Extensions, both groups seen as by a secure access. What it does
 * is in vgic_cpuif.c; vgic.lock guards the state.
 */
#include "vgic_cpuif.h"

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

#define CTLR_ACKCTL BIT32(2)
#define CTLR_MASK   0x3ffu
#define SPURIOUS    1023u
#define OTHER_GROUP 1022u

/* --- taking and ending -------------------------------------------------------------- */

/** INTID, with an SGI's sender, as IAR and HPPIR show it. */
static uint32_t shown(const struct vgic_best *best)
{
	uint32_t value = best->irq;

	if (best->irq < VGIC_SGIS)
		value |= ctz32(best->b->senders[best->irq]) << 10;
	return value;
}

/** The interrupt that a read of a register of a group sees, or the special number instead. */
static uint32_t seen(const struct vgic_cpuif *i, const struct vgic_best *best, bool alias)
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
	struct vgic_best best = vgic_cpuif_best(c);
	uint32_t value = seen(&c->cpuif, &best, alias);

	if ((value & 0x3ff) >= OTHER_GROUP)
		return value;
	if (!vgic_cpuif_deliverable(&c->cpuif, &best))
		return SPURIOUS;
	vgic_cpuif_take(c, &best);
	return value;
}

static void deactivate(struct vgic_cpu *c, uint32_t value)
{
	vgic_cpuif_deactivate(c, value & 0x3ff, value >> 10 & 7);
}

static void end_of_interrupt(struct vgic_cpu *c, uint32_t value, bool alias)
{
	if ((value & 0x3ff) >= c->gic->nr_irqs)
		return; /* a spurious one has nothing to end */
	if (vgic_cpuif_drop(&c->cpuif, alias ? 1 : -1) && !(c->cpuif.ctlr & VGIC_CPUIF_EOIMODE))
		deactivate(c, value);
}

/* --- registers ---------------------------------------------------------------------- */

static uint32_t read_locked(struct vgic_cpu *c, uint64_t offset)
{
	struct vgic_cpuif *i = &c->cpuif;
	struct vgic_best best;

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
		return vgic_cpuif_running(i);
	case GICC_HPPIR:
	case GICC_AHPPIR:
		best = vgic_cpuif_best(c);
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
		i->bpr = MAX(value & 7, VGIC_BPR_MIN);
		break;
	case GICC_ABPR:
		i->abpr = MAX(value & 7, VGIC_BPR_MIN + 1);
		break;
	case GICC_EOIR:
	case GICC_AEOIR:
		end_of_interrupt(c, value, offset == GICC_AEOIR);
		break;
	case GICC_DIR:
		if (i->ctlr & VGIC_CPUIF_EOIMODE)
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
