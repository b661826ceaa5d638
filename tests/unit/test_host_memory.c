/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port's memory and devices (arch/host): only what the page tables map can be reached, and
 * devices only by mmio_*().
 */
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <arch/pgtable.h>
#include <port/host.h>

#include "unit.h"

#define RAM_BASE	0x40000000ull
#define RAM_SIZE	(16ull << 20)

/* The last-level entry of an address in the tables that the fake made at boot. */
static uint64_t *entry_of(va_t va)
{
	const struct pgtable_format *f = arch_pgtable_format(PGTABLE_STAGE1);
	uint64_t *table = host_ram_ptr(arch_pgtable_root());
	unsigned int level;

	for (level = 0; level < f->levels - 1; level++)
		table = host_ram_ptr(arch_pgtable_addr(PGTABLE_STAGE1, level,
						       table[(va >> f->shift[level]) % 512]));
	return &table[(va >> PAGE_SHIFT) % 512];
}

TEST(memory_is_what_the_tables_map)
{
	hpa_t start, end;
	volatile uint32_t *p, *image;

	host_reset();
	host_ram_init(RAM_BASE, RAM_SIZE);
	arch_image_range(&start, &end);
	CHECK(start == RAM_BASE && end < arch_boot_mapped_end());
	p = (volatile uint32_t *)(arch_va_direct_base() + end);
	image = (volatile uint32_t *)arch_va_image();
	*p = 0x12345678;
	CHECK_EQ(*(uint32_t *)host_ram_ptr(end), 0x12345678);
	*image = 5;
	CHECK_EQ(*(uint32_t *)host_ram_ptr(start), 5);
	CHECK_ABORTS(*(volatile char *)(arch_va_direct_base() + arch_boot_mapped_end()) = 1);
	CHECK_ABORTS(*(volatile char *)(arch_va_direct_base() + start) = 1);
	CHECK_ABORTS(*(volatile char *)start = 1);
	host_reset();
}

TEST(stale_translations_stay_until_they_are_flushed)
{
	volatile uint32_t *p;
	uint64_t *entry;
	hpa_t start, end;

	host_reset();
	host_ram_init(RAM_BASE, RAM_SIZE);
	arch_image_range(&start, &end);
	p = (volatile uint32_t *)(arch_va_direct_base() + end);
	*p = 1;
	entry = entry_of((va_t)p);
	*entry = arch_pgtable_leaf(PGTABLE_STAGE1, 3, end, PG_READ);
	*p = 2;
	arch_tlb_flush_va((va_t)p, PAGE_SIZE);
	CHECK_EQ(*p, 2);
	CHECK_ABORTS(*p = 3);
	*entry = arch_pgtable_leaf(PGTABLE_STAGE1, 3, end + PAGE_SIZE, PG_READ | PG_WRITE);
	arch_tlb_flush_va((va_t)p, PAGE_SIZE);
	CHECK_EQ(*p, 0);
	*entry = 0;
	arch_tlb_flush_va((va_t)p, PAGE_SIZE);
	CHECK_ABORTS(*p = 3);
	CHECK_EQ(host_tlb_flushes_va(), 3);
	host_reset();
}

TEST(entries_are_checked)
{
	uint64_t leaf, table;

	host_reset();
	leaf = arch_pgtable_leaf(PGTABLE_STAGE2, 1, 0x40200000, PG_READ | PG_WRITE | PG_EXEC);
	table = arch_pgtable_table(PGTABLE_STAGE2, 0x1000);
	CHECK(!arch_pgtable_valid(0) && arch_pgtable_valid(leaf) && arch_pgtable_valid(table));
	CHECK(arch_pgtable_is_leaf(PGTABLE_STAGE2, 1, leaf));
	CHECK(!arch_pgtable_is_leaf(PGTABLE_STAGE2, 1, table));
	CHECK_EQ(arch_pgtable_addr(PGTABLE_STAGE2, 1, leaf), 0x40200000);
	CHECK_EQ(arch_pgtable_attr(PGTABLE_STAGE2, leaf), PG_READ | PG_WRITE | PG_EXEC);
	CHECK_ABORTS(arch_pgtable_leaf(PGTABLE_STAGE2, 1, 0x40201000, PG_READ));
	CHECK_ABORTS(arch_pgtable_leaf(PGTABLE_STAGE1, 0, 0, PG_READ));
	CHECK_ABORTS(arch_pgtable_leaf(PGTABLE_STAGE1, 3, 0x1000, PG_WRITE | PG_EXEC));
	CHECK_ABORTS(arch_pgtable_leaf(PGTABLE_STAGE1, 3, 0x1000, PG_DEVICE | PG_NC));
	CHECK_ABORTS(arch_pgtable_table(PGTABLE_STAGE1, 0x1008));
	CHECK_ABORTS(arch_pgtable_is_leaf(PGTABLE_STAGE1, 1, leaf));
	CHECK_ABORTS(arch_pgtable_addr(PGTABLE_STAGE2, 1, 0));
	CHECK_ABORTS(arch_pgtable_attr(PGTABLE_STAGE2, table));
}

static uint64_t device_read(void *priv, uint64_t offset, unsigned int size)
{
	return offset << 8 | size;
}

static void device_write(void *priv, uint64_t offset, unsigned int size, uint64_t value)
{
	*(uint64_t *)priv = value << 16 | offset << 8 | size;
}

TEST(devices_are_reached_by_mmio_only)
{
	uint64_t written = 0;
	struct host_mmio device = { device_read, device_write, &written };
	uint32_t plain = 0;
	hpa_t start, end;
	va_t va;

	host_reset();
	host_mmio_add(0x9000000, 0x1000, &device);
	CHECK_EQ(mmio_read32((void *)0x9000018), 0x1804);
	mmio_write16((void *)0x9000002, 0xabcd);
	CHECK_EQ(written, 0xabcd0202);
	mmio_write32(&plain, 7);
	CHECK(plain == 7 && mmio_read8(&plain) == 7);
	CHECK_ABORTS(mmio_read32((void *)0x9000001));

	host_reset();
	host_ram_init(RAM_BASE, RAM_SIZE);
	host_mmio_add(0x9000000, 0x1000, &device);
	arch_image_range(&start, &end);
	va = arch_va_direct_base() + end;
	CHECK_ABORTS(mmio_read32((void *)va));
	*entry_of(va) = arch_pgtable_leaf(PGTABLE_STAGE1, 3, 0x9000000,
					  PG_READ | PG_WRITE | PG_DEVICE);
	CHECK_EQ(mmio_read64((void *)(va + 8)), 0x808);
	CHECK_ABORTS(*(volatile char *)va = 1);
	host_reset();
}
