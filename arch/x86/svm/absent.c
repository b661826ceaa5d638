/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests on x86: making one is refused, in words. What else core wants of a port for vCPUs is
 * behind that and has nothing to do. No data.
 */
#include <arch/guest.h>
#include <arch/pgtable.h>
#include <arch/vcpu_enter.h>
#include <arch/vintc.h>
#include <core/log.h>
#include <libs/errno.h>
#include "svm.h"

int arch_guest_init(struct guest *guest)
{
	log_error("guests cannot run on x86 yet");
	return -ENOTSUP;
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	return -ENOTSUP;
}

void svm_init_cpu(void)
{
}

void arch_vcpu_configure(struct vcpu *vcpu, bool narrow, uint32_t virt_timer_irq,
			 uint32_t phys_timer_irq)
{
}

void arch_vcpu_fini(struct vcpu *vcpu)
{
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg)
{
}

void arch_vcpu_load(struct vcpu *vcpu)
{
}

void arch_vcpu_save(struct vcpu *vcpu)
{
}

void arch_vcpu_prepare(struct vcpu *vcpu)
{
}

void arch_vcpu_complete(struct vcpu *vcpu, const struct vcpu_exit *exit, uint64_t value)
{
}

void arch_vcpu_skip(struct vcpu *vcpu)
{
}

uint64_t arch_vcpu_reg(const struct vcpu *vcpu, unsigned n)
{
	return 0;
}

void arch_vcpu_set_reg(struct vcpu *vcpu, unsigned n, uint64_t value)
{
}

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	return 0;
}

void arch_vcpu_set_pc(struct vcpu *vcpu, uint64_t pc)
{
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
}

void arch_vcpu_reflect(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
}

bool arch_vcpu_pending(struct vcpu *vcpu)
{
	return false;
}

uint64_t arch_vcpu_deadline(struct vcpu *vcpu)
{
	return UINT64_MAX;
}

void arch_vcpu_trap_idle(struct vcpu *vcpu, bool trap)
{
}

void arch_vcpu_dump(struct vcpu *vcpu, struct shell_out *out)
{
}

bool arch_vcpu_describe_taken(struct vcpu *vcpu, char *buf, size_t size)
{
	return false;
}

void arch_vcpu_describe(struct vcpu *vcpu, const struct vcpu_exit *exit, char *buf, size_t size)
{
}

void arch_vcpu_enter(struct vcpu *vcpu, struct arch_vcpu *arch, struct vcpu_exit *exit)
{
}

void arch_guest_fini(struct guest *guest)
{
}

void arch_guest_set_root(struct guest *guest, hpa_t root)
{
}

uint64_t arch_guest_root(const struct guest *guest)
{
	return 0;
}

gpa_t arch_guest_gpa_limit(void)
{
	return BIT(40);
}

void arch_tlb_flush_guest(uint64_t vmid_root)
{
}

void arch_tlb_flush_gpa(uint64_t vmid_root, gpa_t gpa, uint64_t size)
{
}

void arch_vintc_setup(void)
{
}
