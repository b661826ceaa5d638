/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driving an ITS, see its.h. Tables are as large as any ITS wants them here: one page of 64 KiB.
 */
#include "its.h"

#define GICR_PROPBASER 0x70
#define GICR_PENDBASER 0x78
#define VALID	       BIT(63)
#define SHARED	       (7ULL << 59 | 1ULL << 10) /* cacheable, inner shareable */
#define SHARED_RD      (7ULL << 7 | 1ULL << 10)
#define PAGE_64K       (2ULL << 8)

#define ALIGNED(n) __attribute__((aligned(n)))

uint64_t its_queue[ITS_QUEUE_SIZE / 8] ALIGNED(0x10000);
uint8_t its_config[8192] ALIGNED(0x1000);
static uint8_t tables[2][0x10000] ALIGNED(0x10000);
static uint8_t pending[CPUS_MAX][0x10000] ALIGNED(0x10000);
/* Of each device that is mapped, wherever the ITS keeps what it knows of it. */
static uint8_t itts[8][0x4000] ALIGNED(0x4000);
static unsigned itt;

bool its_present(void)
{
	return gic_version == 3 && fdt_get("its@", 0, NULL, NULL);
}

bool its_command(uint64_t w0, uint64_t w1, uint64_t w2)
{
	uint64_t at = read64(ITS_BASE + GITS_CWRITER) & 0xfffe0;

	its_queue[at / 8] = w0;
	its_queue[at / 8 + 1] = w1;
	its_queue[at / 8 + 2] = w2;
	its_queue[at / 8 + 3] = 0;
	dsb();
	at = (at + 32) % ITS_QUEUE_SIZE;
	write64(ITS_BASE + GITS_CWRITER, at);
	return WAIT(read64(ITS_BASE + GITS_CREADR) == at);
}

bool its_mapd(uint32_t device, unsigned bits)
{
	uint64_t at = (uintptr_t)itts[itt++ % ARRAY_SIZE(itts)];

	return its_command(ITS_MAPD | (uint64_t)device << 32, bits - 1, VALID | at);
}

/* The redistributor's number, or its address: what the ITS wants. */
static uint64_t target(unsigned cpu)
{
	return read64(ITS_BASE + GITS_TYPER) & BIT(19) ? cpus[cpu].redist : (uint64_t)cpu << 16;
}

bool its_mapc(unsigned cpu)
{
	return its_command(ITS_MAPC, 0, VALID | target(cpu) | cpu) &&
	       its_command(ITS_INVALL, 0, cpu) && its_command(ITS_SYNC, 0, target(cpu));
}

bool its_mapti(uint32_t device, uint32_t event, uint32_t lpi, unsigned cpu)
{
	return its_command(ITS_MAPTI | (uint64_t)device << 32, event | (uint64_t)lpi << 32, cpu) &&
	       its_event_command(ITS_INV, device, event) &&
	       its_command(ITS_SYNC, 0, target(cpu));
}

void its_init_cpu(void)
{
	uintptr_t redist = this_cpu()->redist;

	write64(redist + GICR_PROPBASER, (uintptr_t)its_config | SHARED_RD | 13);
	write64(redist + GICR_PENDBASER, (uintptr_t)pending[this_cpu()->id] | SHARED_RD);
	write32(redist + GICR_CTLR, read32(redist + GICR_CTLR) | 1);
	dsb();
}

void its_init(void)
{
	for (unsigned i = 0; i < 2; i++)
		write64(ITS_BASE + GITS_BASER + 8 * i,
			VALID | SHARED | PAGE_64K | (uintptr_t)tables[i]);
	write64(ITS_BASE + GITS_CBASER, VALID | SHARED | (uintptr_t)its_queue |
						(ITS_QUEUE_SIZE / 0x1000 - 1));
	write64(ITS_BASE + GITS_CWRITER, 0);
	write32(ITS_BASE + GITS_CTLR, 1);
	its_init_cpu();
}
