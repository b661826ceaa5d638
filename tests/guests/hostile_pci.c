/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Misbehaving at the PCI bus and the ITS: BARs that move without end, command queues of nonsense.
 */
#include "hostile.h"
#include "its.h"

/* Configuration space of all slots, BARs in the windows, on and off, and what they may hit. */
void mode_pci(void)
{
	const uint8_t *reg = fdt_get("pcie@", 0, "reg", NULL);
	uintptr_t ecam = reg ? (uint64_t)fdt_u32(reg) << 32 | fdt_u32(reg + 4) : 0;

	for (uint64_t i = 0; go_on(i); i++) {
		uint64_t r = random64();
		uintptr_t fn = ecam + ((r & 7) << 15);

		if (r & 0x100)
			write32(fn + 0x10 + (r >> 16 & 7) * 4, 0x10000000 | (r >> 32 & 0x7000));
		else if (r & 0x200)
			write16(fn + 4, (uint16_t)(r >> 16));
		else if (r & 0x400)
			write32(0x10000000 + (r >> 32 & 0x7ffc), (uint32_t)r);
		else
			write32(fn + (r >> 16 & 0xfc), (uint32_t)(r >> 32));
	}
}

/* Queues of commands that go through everything, and of nonsense; nobody waits for their end. */
void mode_its(void)
{
	its_init();
	for (unsigned i = 0; i < 256; i++)
		its_config[i] = 0x81;
	its_mapc(0);
	for (unsigned d = 0; d < 4; d++) {
		its_mapd(d, 11);
		for (unsigned e = 0; e < 60; e++)
			its_mapti(d, e * 30, LPI_FIRST + d * 60 + e, 0);
	}
	for (uint64_t i = 0; go_on(i); i++) {
		for (unsigned k = 0; k < ITS_QUEUE_SIZE / 8; k += 4) {
			uint64_t r = random64();

			its_queue[k] = r & 0x40 ? ITS_INVALL : (r & 0x30000000f) | 8;
			its_queue[k + 1] = random64() & 0x3fff000007ff;
			its_queue[k + 2] = r & 0x80 ? random64() : BIT(63) | (r >> 40 & 3);
			its_queue[k + 3] = random64();
		}
		dsb();
		write64(ITS_BASE + GITS_CWRITER, (random64() & 0x7f) * 32);
	}
}
