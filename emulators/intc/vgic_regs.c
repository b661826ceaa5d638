/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the registers of a distributor or redistributor do, for GICv2 and GICv3 alike: a bit, byte
 * or two-bit field for each interrupt. Each takes vgic.lock itself unless it says otherwise.
 *
 * What is pending or active may be known only to a slot of another vCPU. Registers that read or
 * change that first claim the interrupts: their vCPUs empty their slots and keep them empty until
 * the access is done. That needs the other CPU to come out of its guest, so the caller sleeps;
 * whoever sleeps has emptied its own slots before, so two that claim from each other both go on.
 */
#include "vgic.h"

#include <core/time.h>

/* Another vCPU answers within a trap; this is for one that does not get its CPU. */
#define CLAIM_NS 20000000ull

/* --- claims ------------------------------------------------------------------------- */

void vgic_op_begin(struct vgic_op *op, struct vgic *g)
{
	op->gic = g;
	op->frozen = 0;
	op->deadline = 0;
	op->flags = spin_lock_irqsave(&g->lock);
}

static void freeze(struct vgic_op *op, struct vgic_cpu *c)
{
	if (!c->used || op->frozen & BIT(c->id))
		return;
	op->frozen |= BIT(c->id);
	c->frozen++;
	if (vgic_is_local(c))
		vgic_unload(c);
}

/* The vCPU whose state this CPU holds goes first, whichever the access is about. */
static void freeze_local(struct vgic_op *op)
{
	struct vcpu *vcpu = this_cpu()->loaded;

	if (vcpu && vcpu->guest == op->gic->guest && vgic_is_local(vgic_cpu_of(vcpu)))
		freeze(op, vgic_cpu_of(vcpu));
}

/**
 * Wait until those that were frozen have empty slots. The lock is given up meanwhile.
 * @return false: somebody did not answer in time
 */
static bool wait_frozen(struct vgic_op *op)
{
	struct vgic *g = op->gic;
	uint64_t left;

	for (left = op->frozen; left; left &= left - 1) {
		struct vgic_cpu *c = &g->cpus[ctz64(left)];
		bool done;

		if (!c->used)
			continue;
		if (!op->deadline) {
			op->deadline = time_now() + CLAIM_NS;
			freeze_local(op);
		}
		vcpu_request(c->vcpu, VCPU_REQ_VINTC);
		g->waiters++;
		spin_unlock_irqrestore(&g->lock, op->flags);
		done = waitq_wait_until(&g->drained, !READ_ONCE(c->used), op->deadline);
		op->flags = spin_lock_irqsave(&g->lock);
		g->waiters--;
		if (!done)
			return false;
	}
	return true;
}

void vgic_op_claim(struct vgic_op *op, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic *g = op->gic;
	struct vgic_bank *b = vgic_bank(g, c, n);
	uint32_t left;

	/* While this waited for one vCPU, another may have taken something into its slots. */
	while (bits & b->held) {
		if (!n)
			freeze(op, c);
		for (left = n ? bits & b->held : 0; left; left &= left - 1)
			freeze(op, &g->cpus[b->owner[ctz32(left)]]);
		if (!wait_frozen(op))
			return;
	}
}

void vgic_op_claim_all(struct vgic_op *op)
{
	unsigned i;

	for (i = 0; i < op->gic->nr_vcpus; i++)
		freeze(op, &op->gic->cpus[i]);
	(void)wait_frozen(op);
}

void vgic_op_end(struct vgic_op *op)
{
	uint64_t left;

	for (left = op->frozen; left; left &= left - 1) {
		struct vgic_cpu *c = &op->gic->cpus[ctz64(left)];

		if (!--c->frozen)
			vgic_update(c);
	}
	spin_unlock_irqrestore(&op->gic->lock, op->flags);
}

/* --- a bit for each interrupt ------------------------------------------------------- */

/*
 * What the host's interrupt made pending is so for as long as the line is up, which the guest may
 * have taken back without an exit: a timer that it has set anew.
 */
static noinline_fn void look_at_lines(struct vgic *g, struct vgic_cpu *c, struct vgic_bank *b)
{
	uint32_t left = b->latch & c->hw_active & ~(b->active | b->held), gone = 0;

	for (; left; left &= left - 1) {
		unsigned i = ctz32(left);

		if (arch_vintc_hw_pending(c->hwirq[i - VGIC_SGIS]))
			continue;
		gone |= BIT32(i);
		vgic_release_hw(c, i);
	}
	b->latch &= ~gone;
	vgic_notify(g, c, 0, gone);
}

uint32_t vgic_read_word(struct vgic *g, struct vgic_cpu *c, unsigned n, enum vgic_word which)
{
	struct vgic_bank *b;
	struct vgic_op op;
	uint32_t word = 0;

	if (n >= g->nr_banks)
		return 0;
	b = vgic_bank(g, c, n);
	vgic_op_begin(&op, g);
	switch (which) {
	case VGIC_ENABLED:
		word = b->enabled;
		break;
	case VGIC_GROUP:
		word = b->group;
		break;
	case VGIC_PENDING:
		vgic_op_claim(&op, c, n, UINT32_MAX);
		if (!n && c->hw_active && vgic_is_local(c))
			look_at_lines(g, c, b);
		word = vgic_pending_word(b);
		break;
	case VGIC_ACTIVE:
		vgic_op_claim(&op, c, n, UINT32_MAX);
		word = b->active;
		break;
	}
	vgic_op_end(&op);
	return word & vgic_valid(n);
}

/*
 * What waits for its enabling. A linked interrupt of this CPU is as its line is now: the host's
 * is let come again, if it still wants to.
 */
static noinline_fn void enabled_pending(struct vgic *g, struct vgic_cpu *c, unsigned n,
					uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, c, n);
	uint32_t again;

	if (!n && vgic_is_local(c)) {
		again = bits & b->latch & c->hw_active & ~(b->active | b->held);
		b->latch &= ~again;
		for (; again; again &= again - 1)
			vgic_release_hw(c, ctz32(again));
	}
	vgic_notify(g, c, n, bits);
}

void vgic_set_enabled(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b;
	unsigned long flags;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	flags = spin_lock_irqsave(&g->lock);
	bits &= ~b->enabled;
	b->enabled |= bits;
	bits &= vgic_pending_word(b);
	if (unlikely(bits))
		enabled_pending(g, c, n, bits);
	spin_unlock_irqrestore(&g->lock, flags);
}

void vgic_clear_enabled(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b;
	struct vgic_op op;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	if (!n && g->version == 2)
		bits &= ~(BIT32(VGIC_SGIS) - 1); /* always enabled */
	vgic_op_begin(&op, g);
	bits &= b->enabled;
	if (unlikely(bits & b->held))
		vgic_op_claim(&op, c, n, bits);
	b->enabled &= ~bits;
	vgic_notify(g, c, n, bits);
	vgic_op_end(&op);
}

void vgic_set_pending(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_op op;

	if (n >= g->nr_banks)
		return;
	bits &= vgic_valid(n);
	if (!n && g->version == 2)
		bits &= ~(BIT32(VGIC_SGIS) - 1); /* there are registers of their own for these */
	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, n, bits);
	vgic_bank(g, c, n)->latch |= bits;
	vgic_notify(g, c, n, bits);
	vgic_op_end(&op);
}

void vgic_clear_pending(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b;
	struct vgic_op op;
	uint32_t ended;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	if (!n && g->version == 2)
		bits &= ~(BIT32(VGIC_SGIS) - 1);
	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, n, bits);
	bits &= b->latch & ~b->held;
	b->latch &= ~bits;
	/* A linked one that is not active any more: if its line is still up, it comes at once. */
	ended = n ? 0 : bits & c->hw_active & ~b->active;
	for (; ended; ended &= ended - 1)
		vgic_release_hw(c, ctz32(ended));
	vgic_notify(g, c, n, bits);
	vgic_op_end(&op);
}

void vgic_set_active(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b;
	struct vgic_op op;
	uint64_t look = 0;
	uint32_t left;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, n, bits);
	bits &= vgic_valid(n) & ~(b->active | b->held);
	b->active |= bits;
	b->forced |= bits;
	for (left = bits; left; left &= left - 1) {
		unsigned i = ctz32(left);
		struct vgic_cpu *owner = c;

		b->act_prio[i] = b->prio[i];
		if (n) {
			owner = &g->cpus[b->target[i] < g->nr_vcpus ? b->target[i] : c->id];
			b->owner[i] = owner->id;
		} else if (i < VGIC_SGIS) {
			b->sender[i] = 0;
		}
		if (g->mode != VINTC_NONE)
			owner->act_hint |= BIT32(n);
		look |= BIT(owner->id);
	}
	vgic_notify(g, c, n, bits);
	for (; look && g->mode != VINTC_NONE; look &= look - 1)
		vgic_update(&g->cpus[ctz64(look)]); /* it belongs into a slot */
	vgic_op_end(&op);
}

void vgic_clear_active(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b;
	struct vgic_op op;
	uint32_t left;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, n, bits);
	bits &= b->active;
	b->active &= ~bits;
	b->forced &= ~bits;
	for (left = n ? 0 : bits; left; left &= left - 1)
		vgic_release_hw(c, ctz32(left));
	vgic_notify(g, c, n, bits);
	vgic_op_end(&op);
}

void vgic_write_group(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t value)
{
	struct vgic_bank *b;
	unsigned long flags;
	uint32_t changed;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	flags = spin_lock_irqsave(&g->lock);
	changed = b->group ^ value;
	b->group = value;
	vgic_notify(g, c, n, changed);
	spin_unlock_irqrestore(&g->lock, flags);
}

/* --- priority, configuration, control ----------------------------------------------- */

uint64_t vgic_read_prio(struct vgic *g, struct vgic_cpu *c, unsigned irq, unsigned size)
{
	uint64_t value = 0;
	unsigned k;

	if (irq / 32 >= g->nr_banks)
		return 0;
	for (k = 0; k < size; k++)
		value |= (uint64_t)vgic_bank(g, c, irq / 32)->prio[irq % 32 + k] << 8 * k;
	return value;
}

void vgic_write_prio(struct vgic *g, struct vgic_cpu *c, unsigned irq, unsigned size,
		     uint64_t value)
{
	unsigned n = irq / 32, i = irq % 32, k;
	uint32_t changed = 0;
	struct vgic_bank *b;
	unsigned long flags;

	if (n >= g->nr_banks)
		return;
	b = vgic_bank(g, c, n);
	flags = spin_lock_irqsave(&g->lock);
	for (k = 0; k < size; k++) {
		uint8_t prio = value >> 8 * k & VGIC_PRIO_MASK;

		if (b->prio[i + k] != prio)
			changed |= BIT32(i + k);
		b->prio[i + k] = prio;
	}
	vgic_notify(g, c, n, changed);
	spin_unlock_irqrestore(&g->lock, flags);
}

/* Bit 16 * (n & 1) + k of a bank's word <-> bits 2k+1 of the register; bits 2k read as zero. */
uint32_t vgic_read_config(struct vgic *g, struct vgic_cpu *c, unsigned n)
{
	uint32_t edge, value = 0;
	unsigned k;

	if (n / 2 >= g->nr_banks)
		return 0;
	edge = (vgic_bank(g, c, n / 2)->edge & vgic_valid(n / 2)) >> 16 * (n & 1);
	for (k = 0; k < 16; k++)
		value |= (edge >> k & 1) << (2 * k + 1);
	return value;
}

void vgic_write_config(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t value)
{
	uint32_t edge = 0, half = 0xffffu << 16 * (n & 1), changed;
	struct vgic_bank *b;
	struct vgic_op op;
	unsigned k;

	if (n == 0 || n / 2 >= g->nr_banks)
		return; /* software-generated interrupts are edges for ever */
	b = vgic_bank(g, c, n / 2);
	for (k = 0; k < 16; k++)
		edge |= (value >> (2 * k + 1) & 1) << k;
	edge <<= 16 * (n & 1);
	vgic_op_begin(&op, g);
	changed = (b->edge ^ edge) & half;
	vgic_op_claim(&op, c, n / 2, changed);
	changed &= ~b->held;
	b->edge ^= changed;
	vgic_notify(g, c, n / 2, changed);
	vgic_op_end(&op);
}

uint32_t vgic_read_groups_on(const struct vgic *g)
{
	return (g->group_on[0] & 1) | (g->group_on[1] & 2);
}

void vgic_write_groups_on(struct vgic *g, uint32_t value)
{
	struct vgic_op op;
	unsigned i;

	vgic_op_begin(&op, g);
	if (value != vgic_read_groups_on(g)) {
		vgic_op_claim_all(&op);
		g->group_on[0] = value & 1 ? UINT32_MAX : 0;
		g->group_on[1] = value & 2 ? UINT32_MAX : 0;
		for (i = 0; i < g->nr_vcpus; i++) {
			g->cpus[i].hint = vgic_all_banks(g);
			g->cpus[i].lpi_hint = g->cpus[i].lpis_on ? UINT32_MAX : 0;
			vgic_update(&g->cpus[i]);
		}
	}
	vgic_op_end(&op);
}
