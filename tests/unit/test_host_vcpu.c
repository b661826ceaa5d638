/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port's guests, vCPUs and slots for virtual interrupts (arch/host).
 */
#include <arch/guest.h>
#include <arch/irqflags.h>
#include <arch/vcpu_enter.h>
#include <arch/vintc.h>
#include <core/guest.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <port/host.h>

#include "unit.h"

static void read_register(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_MMIO;
	exit->size = 1;
	exit->reg = 3;
	exit->sign_extend = true;
}

TEST(a_vcpu_is_loaded_entered_and_saved)
{
	static struct vcpu vcpu, other;
	struct vcpu_exit exit;

	host_reset();
	CHECK_EQ(arch_vcpu_init(&vcpu), 0);
	CHECK_EQ(arch_vcpu_init(&other), 0);
	arch_vcpu_reset(&vcpu, 0x1000, 42);
	CHECK(arch_vcpu_pc(&vcpu) == 0x1000 && arch_vcpu_reg(&vcpu, 0) == 42);
	arch_irq_disable();
	arch_vcpu_load(&vcpu);
	CHECK(host_loaded() == &vcpu);
	CHECK_ABORTS(arch_vcpu_enter(&vcpu, &vcpu.arch, &exit));
	host_guest_program(read_register);
	arch_vcpu_enter(&vcpu, &vcpu.arch, &exit);
	CHECK_ABORTS(arch_vcpu_enter(&vcpu, &vcpu.arch, &exit));
	CHECK_ABORTS(arch_vcpu_complete(&vcpu, &exit, 0x100));
	arch_vcpu_complete(&vcpu, &exit, 0x80);
	CHECK_EQ(arch_vcpu_reg(&vcpu, 3), 0xffffff80);
	CHECK_EQ(arch_vcpu_pc(&vcpu), 0x1004);
	CHECK_ABORTS(arch_vcpu_complete(&vcpu, &exit, 0));
	CHECK_ABORTS(arch_vcpu_load(&other));
	CHECK_ABORTS(arch_vcpu_fini(&vcpu));
	CHECK_ABORTS(arch_vcpu_reset(&vcpu, 0, 0));
	CHECK(!arch_vcpu_pending(&vcpu));
	vcpu.arch.timer = 0;
	CHECK(arch_vcpu_pending(&vcpu));
	arch_vcpu_save(&vcpu);
	CHECK(!host_loaded());
	CHECK_ABORTS(arch_vcpu_enter(&vcpu, &vcpu.arch, &exit));
	arch_irq_enable();
	CHECK_ABORTS(arch_vcpu_load(&vcpu));
}

TEST(slots_of_virtual_interrupts)
{
	static struct vcpu vcpu;

	host_reset();
	CHECK_EQ(arch_vcpu_init(&vcpu), 0);
	arch_vintc_init(&vcpu, VINTC_GICV3);
	CHECK_ABORTS(arch_vintc_init(&vcpu, VINTC_GICV2));
	CHECK_ABORTS(arch_vintc_empty());
	arch_irq_disable();
	CHECK_ABORTS(arch_vintc_empty());
	arch_vcpu_load(&vcpu);
	CHECK_EQ(arch_vintc_empty(), 0xf);
	arch_vintc_set_slot(2, VSLOT_PENDING | 33);
	CHECK_EQ(arch_vintc_empty(), 0xb);
	CHECK(arch_vcpu_pending(&vcpu));
	CHECK_ABORTS(arch_vintc_set_slot(1, VSLOT_ACTIVE | 33));
	CHECK_ABORTS(arch_vintc_set_slot(4, VSLOT_PENDING | 34));
	CHECK_ABORTS(arch_vintc_set_slot(1, VSLOT_PENDING | VSLOT_HW | 34));
	arch_vintc_set_slot(1, VSLOT_PENDING | VSLOT_HW | 27ull << VSLOT_HWIRQ_SHIFT | 27);
	arch_vintc_hw_active(27, true);
	CHECK(host_hw_active(27) && !host_hw_active(28));
	CHECK_EQ(arch_vintc_slot(2) & VSLOT_VIRQ_MASK, 33);
	arch_vcpu_save(&vcpu);
	arch_irq_enable();
}

TEST(guests_have_numbers)
{
	static struct guest guests[HOST_GUESTS + 1];
	unsigned int i;

	host_reset();
	CHECK_ABORTS(arch_guest_set_root(&guests[0], 0x1000));
	for (i = 0; i < HOST_GUESTS; i++)
		CHECK_EQ(arch_guest_init(&guests[i]), 0);
	CHECK_EQ(arch_guest_init(&guests[i]), -ENOSPC);
	arch_guest_set_root(&guests[3], 0x5000);
	CHECK_EQ(arch_guest_root(&guests[3]) & 0xffffff, 0x5000);
	CHECK_ABORTS(arch_guest_set_root(&guests[3], 0x5001));
	arch_guest_fini(&guests[3]);
	CHECK_ABORTS(arch_guest_fini(&guests[3]));
	CHECK_EQ(arch_guest_init(&guests[HOST_GUESTS]), 0);
}
