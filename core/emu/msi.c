/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message-signalled interrupts: writes by a guest's devices to the guest's address space, where the
 * doorbell of an interrupt controller takes them. The doorbell used last is kept in the guest as a
 * hint that anybody may overwrite; regions and devices do not change while they run.
 */
#include <core/emu.h>

#include <core/log.h>

void guest_msi_send(struct guest *guest, uint32_t requester, gpa_t addr, uint32_t data)
{
	struct region *r = READ_ONCE(guest->msi_region);

	if (unlikely(!r || addr - r->gpa >= r->size)) {
		r = guest_region(guest, addr);
		if (!r || !r->dev || !r->dev->emu->msi) {
			if (!r || addr & 3 || guest_mem_write(guest, addr, &data, sizeof(data)))
				log_guest(LOG_WARN, guest, NULL,
					  "device %02x:%02x.%u sent an interrupt to 0x%llx, where "
					  "nothing takes it", requester >> 8 & 0xff,
					  requester >> 3 & 31, requester & 7,
					  (unsigned long long)addr);
			return;
		}
		WRITE_ONCE(guest->msi_region, r);
	}
	r->dev->emu->msi(r->dev, addr - r->gpa, requester, data);
}
