/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts into the guest: one event at a time by the VMCB, and an exit as soon as a waiting one
 * could be taken. All of it is in the vCPU's VMCB.
 */
#include <arch/vintc.h>

#include <core/guest.h>
#include <core/vcpu.h>
#include <port/asm.h>
#include "svm.h"

void arch_vintc_setup(void)
{
	svm_init_cpu();
}

static void window(struct vmcb *vmcb, bool by_flag, bool by_priority)
{
	if (by_flag) {
		vmcb->int_control |= INT_V_IRQ | INT_V_IGN_TPR;
		vmcb->intercept[3] |= MISC1_VINTR;
	} else {
		vmcb->int_control &= ~(INT_V_IRQ | INT_V_IGN_TPR);
		vmcb->intercept[3] &= ~MISC1_VINTR;
	}
	/* CR8 is not intercepted otherwise: the CPU keeps it in int_control. */
	if (by_priority)
		vmcb->intercept[0] |= BIT32(16 + 8);
	else
		vmcb->intercept[0] &= ~BIT32(16 + 8);
}

bool arch_vintc_vector(struct vcpu *vcpu, int vector, bool ignore_tpr)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vmcb *vmcb = a->vmcb;
	bool low;

	if (vector < 0) {
		window(vmcb, false, false);
		return false;
	}
	low = !ignore_tpr && (unsigned)vector >> 4 <= (vmcb->int_control & 15);
	if (low || vmcb->event & EVENT_VALID || a->waits & (VCPU_WAITS_EVENT | VCPU_WAITS_ACCESS) ||
	    vmcb->int_shadow & 1 ||
	    !(vmcb->rflags & RFLAGS_IF)) {
		window(vmcb, !low, low);
		return false;
	}
	vmcb->event = EVENT_VALID | EVENT_INTR | (unsigned)vector;
	window(vmcb, false, false);
	return true;
}

uint8_t arch_vintc_tpr(const struct vcpu *vcpu)
{
	return (uint8_t)((vcpu->arch.vmcb->int_control & 15) << 4);
}

void arch_vintc_set_tpr(struct vcpu *vcpu, uint8_t tpr)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;

	vmcb->int_control = (vmcb->int_control & ~0xffu) | tpr >> 4;
}

bool arch_vintc_masked(const struct vcpu *vcpu)
{
	return !(vcpu->arch.vmcb->rflags & RFLAGS_IF);
}

void arch_vintc_nmi(struct vcpu *vcpu)
{
	vcpu->arch.waits |= VCPU_WAITS_NMI;
}
