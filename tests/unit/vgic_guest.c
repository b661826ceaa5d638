/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of the CPU interface in the world for the emulated GIC: how a guest opens it,
 * takes and ends interrupts, whatever it is made of.
 */
#include "vgic_world.h"

#include <core/vintc.h>
#include <libs/bits.h>

#include "unit.h"
#include "vgic_hw.h"

static uint64_t icc(unsigned vcpu, unsigned reg, bool is_write, uint64_t value)
{
	int err;

	vw_go(vcpu);
	vw_settle(vcpu);
	hw.masked = true;
	err = vw_guest()->vintc->sysreg(vw_vcpu(vcpu), reg, is_write, &value);
	hw.masked = false;
	vw_settle(vcpu);
	return err ? VW_BAD | EMU_NONE : value;
}

uint64_t vw_icc(unsigned vcpu, unsigned reg)
{
	return icc(vcpu, reg, false, 0);
}

uint64_t vw_set_icc(unsigned vcpu, unsigned reg, uint64_t value)
{
	return icc(vcpu, reg, true, value);
}

static uint64_t gicc(uint64_t offset)
{
	return vw_cpu() != vw_dist() ? offset : 0x10000 + offset;
}

void vw_interface(unsigned vcpu, unsigned groups, unsigned pmr, bool eoimode)
{
	struct interface *it = vw_go(vcpu);

	if (it->mode == VINTC_GICV3_SOFT) {
		vw_set_icc(vcpu, VINTC_ICC(4, 6, 0), pmr);
		vw_set_icc(vcpu, VINTC_ICC(12, 12, 4), eoimode ? 2 : 0);
		vw_set_icc(vcpu, VINTC_ICC(12, 12, 6), groups & 1);
		vw_set_icc(vcpu, VINTC_ICC(12, 12, 7), groups >> 1 & 1);
	} else if (it->mode == VINTC_NONE) {
		vw_write(vcpu, vw_cpu(), gicc(4), 4, pmr);
		vw_write(vcpu, vw_cpu(), gicc(0), 4, groups | 4 | (eoimode ? 0x200 : 0));
	} else {
		it->vmcr = (uint64_t)(pmr & 0xf8) << 24 | groups | (eoimode ? 0x200 : 0);
	}
}

bool vw_irq(unsigned vcpu)
{
	struct interface *it;

	vw_settle(vcpu);
	it = vw_go(vcpu);
	return vw_is_soft(it) ? it->irq || it->fiq : vw_best_slot(it) >= 0;
}

bool vw_fiq(unsigned vcpu)
{
	vw_settle(vcpu);
	return vw_go(vcpu)->fiq;
}

unsigned vw_ack(unsigned vcpu)
{
	struct interface *it;
	unsigned irq;
	int n;

	vw_settle(vcpu);
	it = vw_go(vcpu);
	if (it->mode == VINTC_GICV3_SOFT) {
		bool fiq = it->fiq, up = it->irq || fiq;

		/* Each line has its register; by the other's there is nothing to be taken. */
		CHECK_EQ(vw_icc(vcpu, VINTC_ICC(12, fiq ? 12 : 8, 0)), VW_SPURIOUS);
		irq = (unsigned)vw_icc(vcpu, VINTC_ICC(12, fiq ? 8 : 12, 0));
		CHECK_EQ(up, irq != VW_SPURIOUS);
		return irq;
	}
	if (it->mode == VINTC_NONE) {
		bool up = it->irq || it->fiq;

		irq = (unsigned)vw_read(vcpu, vw_cpu(), gicc(0xc), 4);
		if (irq != 1022) /* of group 1, to be taken by another register */
			CHECK_EQ(up, irq != VW_SPURIOUS);
		return irq;
	}
	n = vw_best_slot(it);
	if (n < 0)
		return VW_SPURIOUS;
	it->slot[n] &= ~VSLOT_STATE;
	if ((uint32_t)it->slot[n] < 8192 || hw.lpis_active)
		it->slot[n] |= VSLOT_ACTIVE;
	it->apr[it->slot[n] & VSLOT_GROUP1 ? 1 : 0] |=
		BIT32((it->slot[n] >> VSLOT_PRIO_SHIFT & 0xff) / 8);
	irq = it->slot[n] & 0xffff;
	vw_settle(vcpu);
	return irq;
}

/* Is what runs of group 0? By the active priorities. */
static bool runs_group0(unsigned vcpu)
{
	uint32_t apr[2] = { (uint32_t)vw_icc(vcpu, VINTC_ICC(12, 8, 4)),
			    (uint32_t)vw_icc(vcpu, VINTC_ICC(12, 9, 0)) };
	uint32_t active = apr[0] | apr[1];

	return apr[0] & active & -active;
}

void vw_eoi(unsigned vcpu, unsigned irq)
{
	struct interface *it = vw_go(vcpu);
	uint32_t active = it->apr[0] | it->apr[1];

	if (it->mode == VINTC_NONE) {
		vw_write(vcpu, vw_cpu(), gicc(0x10), 4, irq);
		return;
	}
	if (it->mode == VINTC_GICV3_SOFT) {
		vw_set_icc(vcpu, VINTC_ICC(12, runs_group0(vcpu) ? 8 : 12, 1), irq);
		return;
	}
	active &= -active;
	if (it->apr[0] & active)
		it->apr[0] &= ~active;
	else
		it->apr[1] &= ~active;
	if (!(it->vmcr & 0x200))
		vw_deactivate(it, irq);
	else if (hw.counts_drops && !vw_in_slot(it, irq))
		it->eoicount++;
	vw_settle(vcpu);
}

void vw_dir(unsigned vcpu, unsigned irq)
{
	struct interface *it = vw_go(vcpu);

	if (it->mode == VINTC_GICV3_SOFT) {
		vw_set_icc(vcpu, VINTC_ICC(12, 11, 1), irq);
	} else if (it->mode != VINTC_GICV3) {
		vw_write(vcpu, vw_cpu(), gicc(0x1000), 4, irq);
	} else if (it->trap_dir) {
		hw.masked = true;
		vw_guest()->vintc->dir(vw_vcpu(vcpu), irq);
		hw.masked = false;
	} else {
		vw_deactivate(it, irq);
	}
	vw_settle(vcpu);
}

bool vw_pending(unsigned vcpu)
{
	bool pending;

	vw_go(vcpu);
	hw.masked = true;
	pending = vw_guest()->vintc->pending(vw_vcpu(vcpu));
	hw.masked = false;
	return pending;
}

uint64_t vw_slot(unsigned vcpu, unsigned n)
{
	return hw.interface[vcpu].slot[n];
}

unsigned vw_slots_used(unsigned vcpu)
{
	unsigned n, used = 0;

	for (n = 0; n < hw.caps.slots; n++)
		used += !!(hw.interface[vcpu].slot[n] & VSLOT_STATE);
	return used;
}
