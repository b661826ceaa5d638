/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic timer (DDI 0487 D11): the hypervisor's own one-shot event is EL2's physical timer;
 * the guest has the EL1 virtual and physical timers to itself, their interrupts go to it through
 * hardware-linked slots. Per-CPU registers; IRQs masked.
 */
#include <arch/timer.h>
#include <core/cpu.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/guest.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <port/gtimer.h>
#include "port.h"

#define CTL_ENABLE  BIT(0)
#define CTL_IMASK   BIT(1)
#define CTL_ISTATUS BIT(2)

/* Order of `interrupts` in the binding arm,arch_timer. */
enum { PPI_SECURE, PPI_PHYS, PPI_VIRT, PPI_HYP };

static int virt_hwirq = -1, phys_hwirq = -1;
static uint64_t counter_freq;

uint64_t arch_counter_freq(void)
{
	if (!counter_freq)
		counter_freq = gtimer_freq();
	return counter_freq;
}

void arch_timer_arm(uint64_t ticks)
{
	if (ticks == UINT64_MAX) {
		gtimer_hyp_set_ctl(0);
		return;
	}
	gtimer_hyp_set_cval(ticks);
	gtimer_hyp_set_ctl(CTL_ENABLE);
}

static void hyp_irq(void *arg)
{
	gtimer_hyp_set_ctl(0);
	timer_expired();
}

/* A guest timer fired: into a slot of the loaded vCPU. None loaded: nobody's, so silence it. */
static void virt_irq(void *arg)
{
	struct vcpu *vcpu = this_cpu()->loaded;

	if (likely(vcpu)) {
		vcpu_linked_irq(vcpu, vcpu->arch.vtimer.virq, (unsigned)virt_hwirq);
	} else {
		gtimer_virt_set_ctl(0);
		irqchip_root()->deactivate((unsigned)virt_hwirq);
	}
}

static void phys_irq(void *arg)
{
	struct vcpu *vcpu = this_cpu()->loaded;

	if (likely(vcpu)) {
		vcpu_linked_irq(vcpu, vcpu->arch.ptimer.virq, (unsigned)phys_hwirq);
	} else {
		gtimer_phys_set_ctl(0);
		irqchip_root()->deactivate((unsigned)phys_hwirq);
	}
}

static uint64_t deadline_of(uint64_t ctl, uint64_t cval, uint64_t offset)
{
	if ((ctl & (CTL_ENABLE | CTL_IMASK)) != CTL_ENABLE || cval + offset < cval)
		return UINT64_MAX;
	return cval + offset;
}

uint64_t gtimer_deadline(struct vcpu *vcpu, bool loaded)
{
	const struct arch_vcpu *a = &vcpu->arch;
	uint64_t v, p;

	if (loaded) {
		v = deadline_of(gtimer_virt_ctl(), gtimer_virt_cval(), vcpu->guest->start_count);
		p = deadline_of(gtimer_phys_ctl(), gtimer_phys_cval(), 0);
	} else {
		v = deadline_of(a->vtimer.ctl, a->vtimer.cval, vcpu->guest->start_count);
		p = deadline_of(a->ptimer.ctl, a->ptimer.cval, 0);
	}
	return MIN(v, p);
}

static bool asserted(uint64_t ctl)
{
	return (ctl & (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS)) == (CTL_ENABLE | CTL_ISTATUS);
}

bool gtimer_asserted(void)
{
	return asserted(gtimer_virt_ctl()) || asserted(gtimer_phys_ctl());
}

static int timer_probe(struct device *dev)
{
	bool level;
	int err;

	err = irq_request_node(dev->node, PPI_HYP, "hyp-timer", hyp_irq, NULL);
	if (err < 0)
		return err;
	virt_hwirq = irq_of_node(dev->node, PPI_VIRT, &level);
	phys_hwirq = irq_of_node(dev->node, PPI_PHYS, &level);
	if (virt_hwirq < 0 || phys_hwirq < 0)
		return -EINVAL;
	err = irq_request_linked((unsigned)virt_hwirq, true, "guest-virt-timer", virt_irq, NULL);
	if (err >= 0)
		err = irq_request_linked((unsigned)phys_hwirq, true, "guest-phys-timer", phys_irq,
					 NULL);
	return err < 0 ? err : 0;
}

static const struct dt_match timer_match[] = {
	{ .compatible = "arm,armv8-timer" },
	{ .compatible = "arm,armv7-timer" },
	{ 0 },
};

DRIVER(gtimer) {
	.name = "arm-generic-timer",
	.class = DRIVER_TIMER,
	.match = timer_match,
	.probe = timer_probe,
};
