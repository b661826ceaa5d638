/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * List registers: what is ready in memory goes into the slots of the loaded vCPU, highest
 * priority first, and comes out again when the guest has finished it or something about it has
 * changed. Only the CPU where a vCPU is loaded touches its slots, with vgic.lock held and IRQs
 * masked.
 *
 * A slot is looked at only when there is a reason. One whose interrupt the guest has finished
 * stays "used" until the next look; that is what makes an exit cheap.
 */
#include "vgic_cpuif.h"
#include "vgic_lpi.h"

#define VMCR_EOIM BIT(9)

/* --- out of slots ------------------------------------------------------------------- */

/* In the private bank: its pending state is moved, as an edge's is, and not derived from a line. */
static uint32_t moved_word(const struct vgic_cpu *c, unsigned n, const struct vgic_bank *b)
{
	return n ? b->edge : b->edge | c->linked;
}

/** An interrupt has left a slot: memory has its state now. It may be for another vCPU. */
static void left_slot(struct vgic_cpu *c, unsigned n, struct vgic_bank *b, unsigned i)
{
	struct vgic *g = c->gic;

	b->held &= ~BIT32(i);
	if (unlikely(b->pulsed & BIT32(i))) {
		b->pulsed &= ~BIT32(i);
		b->latch |= BIT32(i);
	}
	if (!n) {
		if (vgic_ready(g, b) & BIT32(i))
			c->hint |= 1;
		return;
	}
	vgic_hint(c, n);
	if (b->target[i] != c->id && b->target[i] < g->nr_vcpus) {
		struct vgic_cpu *to = &g->cpus[b->target[i]];

		vgic_hint(to, n);
		if (vgic_ready(g, b) & BIT32(i))
			vgic_update(to);
	}
}

/** Slot s is empty: the guest has taken and finished what was in it. */
static void finished(struct vgic_cpu *c, unsigned s)
{
	unsigned irq = c->slot_irq[s], n = irq / 32, i = irq % 32;
	struct vgic_bank *b = vgic_bank(c->gic, c, n);
	uint32_t bit = BIT32(i);

	c->used &= ~BIT32(s);
	if (!(c->act_slots & BIT32(s)))
		b->latch &= ~bit | moved_word(c, n, b);
	if (unlikely(b->forced))
		b->forced &= ~bit;
	if (!n && c->hw_active & bit) {
		c->hw_active &= ~bit;
		if (!(c->hw_slots & BIT32(s))) /* else the hardware did it */
			arch_vintc_hw_active(c->hwirq[i - VGIC_SGIS], false);
	}
	left_slot(c, n, b, i);
}

static void finish_empty(struct vgic_cpu *c)
{
	uint32_t done;

	if (!c->used)
		return;
	for (done = c->used & arch_vintc_empty(); done; done &= done - 1)
		finished(c, ctz32(done));
}

/** Slot s with whatever state it has: into memory. */
static void unload_slot(struct vgic_cpu *c, unsigned s)
{
	unsigned irq = c->slot_irq[s], n = irq / 32, i = irq % 32;
	struct vgic_bank *b = vgic_bank(c->gic, c, n);
	uint64_t slot = arch_vintc_slot(s);
	bool sgi_v2 = irq < VGIC_SGIS && c->gic->version == 2;
	unsigned sender = slot >> 10 & 7;

	if (!(slot & VSLOT_STATE)) {
		/* Finished, with the end announced: such a slot does not count as empty. */
		if (slot)
			arch_vintc_set_slot(s, 0);
		finished(c, s);
		return;
	}
	arch_vintc_set_slot(s, 0);
	c->used &= ~BIT32(s);
	if (!(slot & VSLOT_PENDING)) {
		if (!(c->act_slots & BIT32(s)))
			b->latch &= ~BIT32(i) | moved_word(c, n, b);
	} else if (moved_word(c, n, b) & BIT32(i)) {
		b->latch |= BIT32(i);
		if (sgi_v2)
			b->senders[i] |= (uint8_t)BIT32(sender);
	}
	b->forced &= slot & VSLOT_ACTIVE ? UINT32_MAX : ~BIT32(i);
	/* An LPI has no active state; where a CPU shows one, its end needs no slot. */
	if (slot & VSLOT_ACTIVE && n < VGIC_LPI_BANK) {
		b->active |= BIT32(i);
		b->act_prio[i] = (uint8_t)(slot >> VSLOT_PRIO_SHIFT);
		c->act_hint |= BIT32(n);
		if (n)
			b->owner[i] = c->id;
		else if (sgi_v2)
			b->sender[i] = (uint8_t)sender;
	}
	left_slot(c, n, b, i);
}

/**
 * The most urgent of what is active on c and in no slot; what the guest has taken goes before
 * what it has only declared active. @return false when there is nothing
 */
static bool find_active(struct vgic_cpu *c, unsigned *bank, unsigned *index)
{
	struct vgic *g = c->gic;
	unsigned best = 0x200;
	uint32_t hint, word;

	for (hint = c->act_hint; hint; hint &= hint - 1) {
		unsigned n = ctz32(hint);
		struct vgic_bank *b = vgic_bank(g, c, n);

		for (word = b->active & ~b->held; word; word &= word - 1) {
			unsigned i = ctz32(word);
			unsigned key = b->act_prio[i] | (b->forced >> i & 1) << 8;

			if ((n && b->owner[i] != c->id) || key >= best)
				continue;
			best = key;
			*bank = n;
			*index = i;
		}
	}
	return best < 0x200;
}

/*
 * The guest has ended interrupts that are in no slot; the hardware only counts them. They end in
 * the reverse order of their beginning, so it was the most urgent one each time. Not so with a
 * separate deactivation, EOImode 1, in any order: then each comes to vgic_op_dir(), and what some
 * CPUs count nevertheless (QEMU 7.2) are the drops of priority before.
 */
static void fold_eoicount(struct vgic_cpu *c)
{
	unsigned count = arch_vintc_eoicount(), n, i;

	if (unlikely(count) && (c->dir_trapped || c->gic->version == 2) &&
	    arch_vintc_vmcr() & VMCR_EOIM)
		return;
	while (count-- && find_active(c, &n, &i)) {
		struct vgic_bank *b = vgic_bank(c->gic, c, n);
		uint32_t bit = BIT32(i);

		b->active &= ~bit;
		b->forced &= ~bit;
		if (!n && c->hw_active & bit) {
			c->hw_active &= ~bit;
			arch_vintc_hw_active(c->hwirq[i - VGIC_SGIS], false);
		}
		b->held |= bit; /* as if it had been in a slot: one way for what follows */
		left_slot(c, n, b, i);
	}
}

void vgic_unload(struct vgic_cpu *c)
{
	uint32_t left;

	if (c->act_hint)
		fold_eoicount(c);
	for (left = c->used; left; left &= left - 1)
		unload_slot(c, ctz32(left));
}

/* --- into slots --------------------------------------------------------------------- */

/** What is ready in a bank for this vCPU. */
static uint32_t ready_for(struct vgic_cpu *c, unsigned n, const struct vgic_bank *b)
{
	uint32_t ready = vgic_ready(c->gic, b), left;

	if (!n)
		return ready;
	for (left = ready; left; left &= left - 1) {
		unsigned i = ctz32(left);

		if (b->target[i] != c->id)
			ready &= ~BIT32(i);
	}
	return ready;
}

static inline uint64_t slot_base(const struct vgic_bank *b, unsigned n, unsigned i, unsigned prio)
{
	return n * 32 + i + ((uint64_t)prio << VSLOT_PRIO_SHIFT) +
	       (b->group >> i & 1 ? VSLOT_GROUP1 : 0);
}

static void put_slot(struct vgic_cpu *c, unsigned s, unsigned irq, uint64_t slot)
{
	uint32_t bit = BIT32(s);

	c->used |= bit;
	c->hw_slots = (c->hw_slots & ~bit) | (slot & VSLOT_HW ? bit : 0);
	c->act_slots = (c->act_slots & ~bit) | (slot & VSLOT_ACTIVE ? bit : 0);
	c->slot_irq[s] = (uint16_t)irq;
	/* Bit 41 of a linked slot belongs to the number of the host's interrupt. */
	c->again[s] = slot & VSLOT_ACTIVE || (slot & VSLOT_EOI && !(slot & VSLOT_HW)) ? 0 : slot;
	if (irq < VGIC_PRIVATE)
		c->priv_slot[irq] = (uint8_t)s;
	arch_vintc_set_slot(s, slot);
}

static inline uint64_t hw_link(unsigned hwirq)
{
	return VSLOT_HW | (uint64_t)hwirq << VSLOT_HWIRQ_SHIFT;
}

/** A ready interrupt into a free slot. */
static void put_ready(struct vgic_cpu *c, unsigned s, unsigned n, struct vgic_bank *b, unsigned i)
{
	uint64_t slot = slot_base(b, n, i, b->prio[i]) | VSLOT_PENDING;
	uint32_t bit = BIT32(i);

	b->held |= bit;
	if (n)
		b->owner[i] = c->id;
	if (moved_word(c, n, b) & bit) {
		b->latch &= ~bit;
		if (n) {
			/* A shared edge: that is all. */
		} else if (c->hw_active & bit) {
			slot |= hw_link(c->hwirq[i - VGIC_SGIS]);
		} else if (b->senders[i] && i < VGIC_SGIS) {
			unsigned sender = ctz32(b->senders[i]);

			/* GICv2: one sender at a time; the end of this one brings the next. */
			slot |= sender << 10;
			b->senders[i] &= (uint8_t)~BIT32(sender);
			if (b->senders[i]) {
				b->latch |= bit;
				slot |= VSLOT_EOI;
			}
		}
	} else if (b->line & bit) {
		slot |= VSLOT_EOI; /* if the line is still up then, it is pending again */
	}
	put_slot(c, s, n * 32 + i, slot);
}

/** An active interrupt into a free slot; if it is pending too, its end is announced. */
static void put_active(struct vgic_cpu *c, unsigned s, unsigned n, struct vgic_bank *b, unsigned i)
{
	uint64_t slot = slot_base(b, n, i, b->act_prio[i]) | VSLOT_ACTIVE;
	uint32_t bit = BIT32(i);

	b->active &= ~bit;
	if (!n && i < VGIC_SGIS && c->gic->version == 2)
		slot |= (uint64_t)b->sender[i] << 10;
	if (!(vgic_pending_word(b) & bit)) {
		if (!n && c->hw_active & bit)
			slot |= hw_link(c->hwirq[i - VGIC_SGIS]);
	} else if (b->edge & vgic_ready(c->gic, b) & bit && b->prio[i] == b->act_prio[i] &&
		   (n ? b->target[i] == c->id : !b->senders[i])) {
		/* The edge waits in the same slot. */
		b->latch &= ~bit;
		slot |= VSLOT_PENDING;
	} else {
		slot |= VSLOT_EOI;
	}
	b->held |= bit;
	put_slot(c, s, n * 32 + i, slot);
}

/** Active interrupts into free slots, at most max. @return how many */
static unsigned put_actives(struct vgic_cpu *c, unsigned max)
{
	struct vgic *g = c->gic;
	unsigned count = 0, n, i;

	while (count < max && find_active(c, &n, &i)) {
		put_active(c, ctz32(~c->used & g->slots_mask), n, vgic_bank(g, c, n), i);
		count++;
	}
	if (count < max)
		c->act_hint = 0; /* nothing was left */
	return count;
}

/** Insert a key into an ascending list of at most room keys. @return the new number */
static unsigned insert_key(uint32_t *keys, unsigned count, unsigned room, uint32_t key)
{
	unsigned at = count < room ? count++ : room;

	if (at == room) {
		if (!room || keys[room - 1] < key)
			return count;
		at--;
	}
	for (; at > 0 && keys[at - 1] > key; at--)
		keys[at] = keys[at - 1];
	keys[at] = key;
	return count;
}

/** Where choose() puts what it finds. */
struct choice {
	uint64_t vmcr;
	uint32_t *keys;
	unsigned room, count, total;
};

static void choose_in(struct vgic_cpu *c, unsigned n, struct choice *to)
{
	struct vgic_bank *b = vgic_bank(c->gic, c, n);
	uint32_t ready;

	for (ready = ready_for(c, n, b); ready; ready &= ready - 1) {
		unsigned i = ctz32(ready);
		bool shut = !(to->vmcr >> (b->group >> i & 1) & 1);
		uint32_t key = (uint32_t)shut << 24 | (uint32_t)b->prio[i] << 16;

		to->count = insert_key(to->keys, to->count, to->room, key | (n * 32 + i));
		to->total++;
	}
}

/**
 * The keys of the most urgent ready interrupts: priority, then number. One of a group that the
 * guest's CPU interface does not let through must not keep others from a slot.
 * @return how many are ready in all
 */
static unsigned choose(struct vgic_cpu *c, uint64_t vmcr, uint32_t *keys, unsigned room)
{
	struct choice to = { .vmcr = vmcr, .keys = keys, .room = room };
	uint32_t hint;
	unsigned n;

	for (hint = c->hint; hint; hint &= hint - 1)
		choose_in(c, ctz32(hint), &to);
	for (n = 0; vgic_lpi_hint(c) && (n = vgic_lpi_next(c, n));)
		choose_in(c, n, &to);
	return to.total;
}

/** Have separate deactivations trapped exactly while something active is in no slot. */
static void trap_dir(struct vgic_cpu *c, bool on)
{
	if (c->dir_trapped == on || c->gic->version == 2)
		return; /* GICC_DIR is never mapped */
	/* Where it cannot be, the count is all there is. */
	c->dir_trapped = arch_vintc_trap_dir(on) && on;
}

/*
 * More is ready than there are slots, or active ones are to be put back: all out, and the most
 * urgent in. Of the active ones only that which ends next keeps a slot, others wait in memory,
 * where their end is counted; with separate deactivation all keep one but the last. Service is
 * asked for when the last offered one was taken.
 */
static noinline_fn void fill_best(struct vgic_cpu *c)
{
	uint32_t keys[VGIC_SLOTS_MAX];
	struct vgic *g = c->gic;
	uint64_t vmcr = arch_vintc_vmcr();
	unsigned room = g->nr_slots, total, k;

	vgic_unload(c);
	if (c->act_hint)
		room -= put_actives(c, vmcr & VMCR_EOIM ? room - 1 : MIN(room - 1, 1u));
	total = choose(c, vmcr, keys, room);
	for (k = 0; k < MIN(total, room); k++) {
		unsigned irq = keys[k] & 0xffff;

		put_ready(c, ctz32(~c->used & g->slots_mask), irq / 32, vgic_bank(g, c, irq / 32),
			  irq % 32);
	}
	if (total < room && c->act_hint)
		put_actives(c, room - total);
	trap_dir(c, vmcr & VMCR_EOIM && c->act_hint);
	if (c->overflow != (total > room)) {
		c->overflow = total > room;
		arch_vintc_underflow(c->overflow);
	}
}

/** LPIs into the slots that are free. @return false: more is ready */
static noinline_fn bool fill_lpis(struct vgic_cpu *c, uint32_t free)
{
	unsigned n = 0;
	uint32_t ready;

	while ((n = vgic_lpi_next(c, n))) {
		struct vgic_bank *b = vgic_bank(c->gic, c, n);

		for (ready = ready_for(c, n, b); ready; ready &= ready - 1) {
			if (!free)
				return false;
			put_ready(c, ctz32(free), n, b, ctz32(ready));
			free &= free - 1;
		}
	}
	c->lpi_hint = 0;
	return true;
}

/** Fill free slots with what is ready. */
static inline void fill(struct vgic_cpu *c)
{
	struct vgic *g = c->gic;
	uint32_t free = ~c->used & g->slots_mask, hint, ready;

	for (hint = c->hint; hint; hint &= hint - 1) {
		unsigned n = ctz32(hint);
		struct vgic_bank *b = vgic_bank(g, c, n);

		for (ready = ready_for(c, n, b); ready; ready &= ready - 1) {
			if (unlikely(!free)) {
				fill_best(c);
				return;
			}
			put_ready(c, ctz32(free), n, b, ctz32(ready));
			free &= free - 1;
		}
		c->hint &= ~BIT32(n);
	}
	if (unlikely(vgic_lpi_hint(c)) && !fill_lpis(c, free)) {
		fill_best(c);
		return;
	}
	if (unlikely(c->overflow)) {
		c->overflow = false;
		arch_vintc_underflow(false);
	}
	if (unlikely(c->dir_trapped))
		trap_dir(c, false);
}

bool vgic_offer(struct vgic_cpu *c, unsigned i)
{
	uint32_t free = ~c->used & c->gic->slots_mask;

	if (unlikely(!free)) {
		finish_empty(c);
		free = ~c->used & c->gic->slots_mask;
		if (!free)
			return false; /* also with the CPU interface in software: no slots */
	}
	put_ready(c, ctz32(free), 0, &c->priv, i);
	return true;
}

/** What is due since another vCPU asked for it. */
static noinline_fn void flush_rare(struct vgic_cpu *c)
{
	struct vgic *g = c->gic;

	for (; c->hw_drop; c->hw_drop &= c->hw_drop - 1)
		arch_vintc_hw_active(c->hwirq[ctz32(c->hw_drop) - VGIC_SGIS], false);
	if (c->act_hint)
		fold_eoicount(c);
	if (c->recheck || c->frozen) {
		c->recheck = false;
		vgic_unload(c);
	}
	if (c->frozen && g->waiters)
		waitq_wake_all(&g->drained);
}

void vgic_flush(struct vgic_cpu *c)
{
	finish_empty(c);
	if (unlikely(c->hw_drop | c->act_hint | c->recheck | c->frozen)) {
		flush_rare(c);
		if (c->frozen)
			return;
		if (c->act_hint) {
			fill_best(c);
			return;
		}
	}
	fill(c);
}

/* --- vintc_ops ---------------------------------------------------------------------- */

void vgic_op_maintenance(struct vcpu *vcpu)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;

	spin_lock(&g->lock);
	/* Also when nothing active is out of slots: a guest may end what never began. */
	fold_eoicount(c);
	c->recheck = true;
	vgic_flush(c);
	spin_unlock(&g->lock);
}

bool vgic_op_pending(struct vcpu *vcpu)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;
	uint64_t vmcr;
	uint32_t left;

	if (READ_ONCE(c->hint) | READ_ONCE(c->lpi_hint)) {
		spin_lock(&g->lock);
		if (g->mode == VINTC_NONE)
			vgic_cpuif_update(c);
		else
			vgic_flush(c);
		spin_unlock(&g->lock);
	}
	if (g->mode == VINTC_NONE)
		return c->cpuif.irq || c->cpuif.fiq;
	if (READ_ONCE(c->frozen))
		return c->hint | c->lpi_hint; /* one look too many is no harm */
	vmcr = arch_vintc_vmcr();
	for (left = c->used; left; left &= left - 1) {
		uint64_t slot = arch_vintc_slot(ctz32(left));

		if ((slot & VSLOT_STATE) == VSLOT_PENDING && vmcr & (slot & VSLOT_GROUP1 ? 2 : 1) &&
		    (slot >> VSLOT_PRIO_SHIFT & VSLOT_PRIO_MASK) < (vmcr >> 24 & 0xff))
			return true;
	}
	return false;
}

/* Deactivation of an interrupt wherever it is: GICC_DIR, ICC_DIR_EL1. */
void vgic_op_dir(struct vcpu *vcpu, uint64_t value)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;
	unsigned irq = value & (g->version == 2 ? 0x3ff : 0xffffff), n = irq / 32, i = irq % 32;
	unsigned long flags = spin_lock_irqsave(&g->lock);

	/* Without separate deactivation it does nothing. */
	if (irq < g->nr_irqs && arch_vintc_vmcr() & VMCR_EOIM) {
		struct vgic_bank *b = vgic_bank(g, c, n);

		vgic_unload(c);
		if (b->active & BIT32(i) && (!n || b->owner[i] == c->id) &&
		    (g->version == 3 || irq >= VGIC_SGIS || b->sender[i] == (value >> 10 & 7)))
			vgic_deactivate(c, n, b, i);
		vgic_flush(c);
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

/*
 * It is in no slot, as after another vCPU had this CPU, and there is room: into one.
 * @return whether it could be
 */
static bool linked_again(struct vgic_cpu *c, unsigned i, unsigned hwirq)
{
	uint32_t bit = BIT32(i), free = ~c->used & c->gic->slots_mask;
	struct vgic_bank *b = &c->priv;
	uint64_t slot;
	unsigned s;

	if (unlikely(!(c->linked & b->enabled & bit) || (b->held | b->active) & bit || c->rare ||
		     !free || !(b->group & bit ? c->gic->group_on[1] : c->gic->group_on[0])))
		return false;
	s = ctz32(free);
	slot = slot_base(b, 0, i, b->prio[i]) | VSLOT_PENDING | hw_link(hwirq);
	b->held |= bit;
	b->latch &= ~bit;
	c->hw_active |= bit;
	c->used |= BIT32(s);
	c->hw_slots |= BIT32(s);
	c->act_slots &= ~BIT32(s);
	c->slot_irq[s] = (uint16_t)i;
	c->again[s] = slot;
	c->priv_slot[i] = (uint8_t)s;
	arch_vintc_set_slot(s, slot);
	return true;
}

/* The longer way: it was made pending by software, or is not enabled, or there is no room. */
static noinline_fn void linked_rare(struct vgic_cpu *c, unsigned i)
{
	struct vgic_bank *b = &c->priv;
	uint32_t bit = BIT32(i);

	if (unlikely(b->held & bit)) {
		vgic_unload(c); /* the slot may have no link; all are filled again below */
		c->recheck = true;
	}
	c->linked |= bit;
	c->hw_active |= bit;
	if (!(b->active & bit))
		b->latch |= bit;
	if (likely(!c->rare && vgic_ready(c->gic, b) & bit && vgic_offer(c, i)))
		return;
	c->hint |= 1;
	if (c->gic->mode == VINTC_NONE)
		vgic_cpuif_update(c);
	else
		vgic_flush(c);
}

void vgic_op_linked(struct vcpu *vcpu, unsigned virq, unsigned hwirq)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;
	uint64_t slot;
	unsigned s;

	if (unlikely(virq - VGIC_SGIS >= VGIC_PRIVATE - VGIC_SGIS))
		return;
	spin_lock(&g->lock);
	/* Its slot of the last time is empty, or the host's could not have come. */
	slot = vgic_again(c, virq, &s);
	if (likely(slot & VSLOT_HW)) {
		c->hw_active |= BIT32(virq);
		arch_vintc_set_slot(s, slot);
	} else if (!linked_again(c, virq, hwirq)) {
		c->hwirq[virq - VGIC_SGIS] = (uint16_t)hwirq;
		linked_rare(c, virq);
	}
	spin_unlock(&g->lock);
}

/*
 * The host's interrupt is active exactly as long as the loaded vCPU has its own pending or
 * active: so it comes neither twice nor for the next vCPU's timer not at all.
 */
static noinline_fn void save_rare(struct vgic_cpu *c)
{
	struct vgic *g = c->gic;
	uint32_t left;

	vgic_unload(c);
	if (c->overflow) {
		c->overflow = false;
		arch_vintc_underflow(false);
	}
	if (c->dir_trapped)
		trap_dir(c, false);
	for (left = c->hw_active | c->hw_drop; left; left &= left - 1)
		arch_vintc_hw_active(c->hwirq[ctz32(left) - VGIC_SGIS], false);
	c->hw_drop = 0;
	c->recheck = false;
	if (g->waiters)
		waitq_wake_all(&g->drained);
}

void vgic_op_save(struct vcpu *vcpu)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;

	spin_lock(&g->lock);
	if (c->used | c->hw_active | c->hw_drop | c->act_hint | c->rare)
		save_rare(c);
	c->loaded = false;
	spin_unlock(&g->lock);
}

static noinline_fn void load_rare(struct vgic_cpu *c)
{
	uint32_t left;

	for (left = c->hw_active; left; left &= left - 1)
		arch_vintc_hw_active(c->hwirq[ctz32(left) - VGIC_SGIS], true);
	if (c->hint | c->act_hint | c->lpi_hint && c->gic->mode != VINTC_NONE)
		vgic_flush(c);
}

void vgic_op_load(struct vcpu *vcpu)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;

	spin_lock(&g->lock);
	c->loaded = true;
	/* Most come back with nothing to do. */
	if (c->hw_active | c->hint | c->act_hint | c->lpi_hint)
		load_rare(c);
	spin_unlock(&g->lock);
}
