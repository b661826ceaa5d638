/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMIDs and the root of stage 2. VMID 0 is nobody's. The bitmap's lock guards it.
 */
#include <arch/guest.h>
#include <arch/pgtable.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/mem.h>
#include <core/spinlock.h>
#include <libs/bitmap.h>
#include <libs/errno.h>
#include <port/features.h>
#include "port.h"

#define VMID_SHIFT 48

static spinlock_t vmid_lock = SPINLOCK_INIT;
static unsigned long *vmids; /* bit set: taken; made when the first guest comes */
static unsigned nr_vmids;

static int vmid_take(void)
{
	unsigned long flags = spin_lock_irqsave(&vmid_lock);
	size_t n = bitmap_find_next_zero(vmids, nr_vmids, 1);

	if (n < nr_vmids)
		bitmap_set(vmids, n);
	spin_unlock_irqrestore(&vmid_lock, flags);
	return n < nr_vmids ? (int)n : -ENOSPC;
}

int arch_guest_init(struct guest *guest)
{
	int vmid;

	if (!vmids) {
		/* Guests are created under guests_mutex. 4096 is less than 16-bit VMIDs allow. */
		nr_vmids = cpu_features.vmid16 ? 4096 : 256;
		vmids = heap_calloc(nr_vmids / (8 * sizeof(long)), sizeof(long));
		if (!vmids)
			return -ENOMEM;
	}
	guest->arch.last_ran = heap_calloc(cpu_count(), sizeof(uint16_t));
	if (!guest->arch.last_ran)
		return -ENOMEM;
	vmid = vmid_take();
	if (vmid < 0) {
		heap_free(guest->arch.last_ran);
		return vmid;
	}
	guest->arch.vmid = (uint16_t)vmid;
	return 0;
}

void arch_guest_fini(struct guest *guest)
{
	unsigned long flags;

	if (guest->arch.vttbr)
		arch_tlb_flush_guest(guest->arch.vttbr);
	flags = spin_lock_irqsave(&vmid_lock);
	bitmap_clear(vmids, guest->arch.vmid);
	spin_unlock_irqrestore(&vmid_lock, flags);
	heap_free(guest->arch.last_ran);
}

void arch_guest_set_root(struct guest *guest, hpa_t root)
{
	guest->arch.vttbr = root | (uint64_t)guest->arch.vmid << VMID_SHIFT;
	/* Whoever had this VMID before left nothing, but the tables' address may be an old one. */
	arch_tlb_flush_guest(guest->arch.vttbr);
}

uint64_t arch_guest_root(const struct guest *guest)
{
	return guest->arch.vttbr;
}

uint64_t arch_guest_cpus(void)
{
	return UINT64_MAX;
}

gpa_t arch_guest_gpa_limit(void)
{
	return 1ULL << MIN(cpu_features.pa_bits, 40U);
}

uint64_t mpidr_of(unsigned vcpu_id, bool gicv3)
{
	/* QEMU's virt: clusters of 8 with GICv2 (its limit of CPUs), of 16 with GICv3. */
	unsigned cluster = gicv3 ? 16 : 8;

	return (1ULL << 31) | (uint64_t)(vcpu_id / cluster) << 8 | vcpu_id % cluster;
}
