/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual CPU interface of the world for the emulated GIC: list registers as Arm IHI 0069, 12.4
 * describes them. Bad use of the contract ends the program.
 */
#include "vgic_hw.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libs/bits.h>

#include "../../emulators/intc/vgic.h"

struct vw_hw hw;
const unsigned vw_ppis[VW_TIMERS] = { 27, 30 };

void vw_broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

/* --- the port's inline parts -------------------------------------------------------- */

unsigned long host_irq_save(void)
{
	unsigned long was = hw.masked;

	hw.masked = true;
	return was;
}

void host_irq_restore(unsigned long flags)
{
	hw.masked = flags;
}

void host_irq_disable(void)
{
	hw.masked = true;
}

void host_irq_enable(void)
{
	hw.masked = false;
}

bool host_irq_disabled(void)
{
	return hw.masked;
}

void host_relax(void)
{
	vw_broken("a spin lock is taken twice");
}

struct cpu *host_this_cpu(void)
{
	return &hw.cpu[hw.cpu_id];
}

/* --- virtual CPU interface: the hypervisor's side ----------------------------------- */

struct interface *vw_interface_of(const struct vcpu *v)
{
	return &hw.interface[v->id];
}

bool vw_is_soft(const struct interface *it)
{
	return it->mode == VINTC_NONE || it->mode == VINTC_GICV3_SOFT;
}

static struct interface *loaded_interface(const char *function)
{
	struct vcpu *v = hw.loaded[hw.cpu_id];

	if (!hw.masked)
		vw_broken("%s() with interrupts on", function);
	if (!v)
		vw_broken("%s() with no vCPU loaded", function);
	if (vw_is_soft(vw_interface_of(v)))
		vw_broken("%s() of a vCPU without slots", function);
	return vw_interface_of(v);
}

const struct vintc_caps *arch_vintc_caps(void)
{
	return &hw.caps;
}

int vw_cpu_of(const struct vcpu *v)
{
	int i;

	for (i = 0; i < VW_CPUS; i++) {
		if (hw.cpu[i].loaded == v)
			return i;
	}
	return -1;
}

void arch_vintc_init(struct vcpu *v, enum vintc_mode mode)
{
	struct interface *it = vw_interface_of(v);
	bool timer[VW_TIMERS];

	if (vw_cpu_of(v) >= 0)
		vw_broken("%s() of a loaded vCPU", __func__);
	memcpy(timer, it->timer, sizeof(timer));
	if (mode == VINTC_GICV3_SOFT && hw.soft_gicv3)
		vw_broken("%s(): the vCPU cannot have that", __func__);
	*it = (struct interface){ .mode = mode };
	memcpy(it->timer, timer, sizeof(timer));
}

int arch_vintc_soft_gicv3(struct vcpu *v)
{
	if (vw_cpu_of(v) >= 0)
		vw_broken("%s() of a loaded vCPU", __func__);
	return hw.soft_gicv3;
}

uint64_t arch_vintc_slot(unsigned n)
{
	struct interface *it = loaded_interface(__func__);

	if (n >= hw.caps.slots)
		vw_broken("there is no slot %u", n);
	return it->slot[n];
}

void arch_vintc_set_slot(unsigned n, uint64_t slot)
{
	struct interface *it = loaded_interface(__func__);
	unsigned i;

	if (n >= hw.caps.slots)
		vw_broken("there is no slot %u", n);
	for (i = 0; slot & VSLOT_STATE && i < hw.caps.slots; i++) {
		if (i != n && it->slot[i] & VSLOT_STATE &&
		    vw_intid(it->slot[i]) == vw_intid(slot))
			vw_broken("interrupt %u is in slots %u and %u",
				  vw_intid(slot), i, n);
	}
	if (slot & VSLOT_HW && (slot & VSLOT_STATE) == VSLOT_STATE)
		vw_broken("a linked slot may not be pending and active");
	if (slot & VSLOT_HW && slot & VSLOT_EOI)
		vw_broken("slot %u: bit 41 is of the link", n);
	if (slot & VSLOT_STATE && vw_intid(slot) >= VGIC_IRQS_MAX && vw_intid(slot) < 8192)
		vw_broken("slot %u: special number %u", n, vw_intid(slot));
	if ((uint32_t)slot >= 8192 && slot & (VSLOT_ACTIVE | VSLOT_HW))
		vw_broken("slot %u: an LPI is active or linked", n);
	it->slot[n] = slot;
}

/* As the hardware: a slot whose end is announced is not empty (ICH_ELRSR_EL2). */
uint32_t arch_vintc_empty(void)
{
	struct interface *it = loaded_interface(__func__);
	uint32_t empty = 0;
	unsigned n;

	for (n = 0; n < hw.caps.slots; n++) {
		uint64_t slot = it->slot[n];

		if (!(slot & VSLOT_STATE) && (slot & VSLOT_HW || !(slot & VSLOT_EOI)))
			empty |= BIT32(n);
	}
	return empty;
}

void arch_vintc_underflow(bool on)
{
	loaded_interface(__func__)->no_pending = on;
}

bool arch_vintc_trap_dir(bool on)
{
	loaded_interface(__func__)->trap_dir = on;
	return true;
}

unsigned arch_vintc_eoicount(void)
{
	struct interface *it = loaded_interface(__func__);
	unsigned count = it->eoicount;

	it->eoicount = 0;
	return count;
}

uint64_t arch_vintc_vmcr(void)
{
	return loaded_interface(__func__)->vmcr;
}

void arch_vintc_set_vmcr(uint64_t vmcr)
{
	loaded_interface(__func__)->vmcr = vmcr;
}

unsigned vw_timer_index(uint32_t hwirq)
{
	unsigned t;

	for (t = 0; t < VW_TIMERS; t++) {
		if (hwirq == VW_HWIRQ(vw_ppis[t]))
			return t;
	}
	vw_broken("there is no linked host interrupt %u", hwirq);
	return 0;
}

void arch_vintc_hw_active(uint32_t hwirq, bool active)
{
	if (!hw.masked)
		vw_broken("%s() with interrupts on", __func__);
	hw.active[hw.cpu_id][vw_timer_index(hwirq)] = active;
}

bool arch_vintc_hw_pending(uint32_t hwirq)
{
	if (!hw.masked)
		vw_broken("%s() with interrupts on", __func__);
	return hw.loaded[hw.cpu_id] &&
	       vw_interface_of(hw.loaded[hw.cpu_id])->timer[vw_timer_index(hwirq)];
}

void arch_vintc_line(struct vcpu *v, bool irq, bool fiq)
{
	int cpu = vw_cpu_of(v);

	if (cpu >= 0 && cpu != (int)hw.cpu_id)
		vw_broken("%s() of a vCPU that runs elsewhere", __func__);
	if (irq && fiq)
		vw_broken("both lines are up");
	vw_interface_of(v)->irq = irq;
	vw_interface_of(v)->fiq = fiq;
}

/* --- what the hardware does with its slots ------------------------------------------- */

bool vw_wants_service(const struct interface *it)
{
	bool pending = false;
	unsigned n;

	if (vw_is_soft(it))
		return false;
	if (it->eoicount)
		return true;
	for (n = 0; n < hw.caps.slots; n++) {
		uint64_t slot = it->slot[n];

		if (!(slot & VSLOT_STATE) && !(slot & VSLOT_HW) && slot & VSLOT_EOI)
			return true;
		pending = pending || (slot & VSLOT_STATE) == VSLOT_PENDING;
	}
	return it->no_pending && !pending;
}

static unsigned running(const struct interface *it)
{
	uint32_t active = it->apr[0] | it->apr[1];

	return active ? (unsigned)ctz32(active) * 8 : 0x100;
}

/* The slot that the hardware would offer, -1: none is urgent enough. */
int vw_best_slot(const struct interface *it)
{
	unsigned best_prio = 0x100, n;
	int best = -1;

	for (n = 0; n < hw.caps.slots; n++) {
		uint64_t slot = it->slot[n];
		unsigned prio = slot >> VSLOT_PRIO_SHIFT & 0xff;

		if ((slot & VSLOT_STATE) != VSLOT_PENDING ||
		    !(it->vmcr & (slot & VSLOT_GROUP1 ? 2 : 1)) || prio >= best_prio)
			continue;
		best_prio = prio;
		best = (int)n;
	}
	return best_prio < (it->vmcr >> 24 & 0xff) && best_prio < running(it) ? best : -1;
}

bool vw_in_slot(const struct interface *it, unsigned irq)
{
	unsigned n;

	for (n = 0; n < hw.caps.slots; n++)
		if (it->slot[n] & VSLOT_ACTIVE && vw_intid(it->slot[n]) == irq)
			return true;
	return false;
}

void vw_deactivate(struct interface *it, unsigned irq)
{
	unsigned n;

	for (n = 0; n < hw.caps.slots; n++) {
		uint64_t slot = it->slot[n];

		if (!(slot & VSLOT_ACTIVE) || (slot & 0xffff) != irq)
			continue;
		it->slot[n] &= ~VSLOT_ACTIVE;
		if (slot & VSLOT_HW)
			hw.active[hw.cpu_id][vw_timer_index(slot >> VSLOT_HWIRQ_SHIFT &
						       VSLOT_HWIRQ_MASK)] = false;
		return;
	}
	/* An LPI has nothing to deactivate. */
	it->eoicount += irq < 8192;
}
