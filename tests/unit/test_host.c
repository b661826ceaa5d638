/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port itself (arch/host): it does what the contract says, and it ends the program when a
 * caller does not.
 */
#include <setjmp.h>
#include <string.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/guest.h>
#include <arch/irqflags.h>
#include <arch/mmio.h>
#include <arch/pgtable.h>
#include <arch/smp.h>
#include <arch/thread.h>
#include <arch/timer.h>
#include <arch/vcpu.h>
#include <arch/vintc.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <port/host.h>

#include "unit.h"

#define RAM_BASE	0x40000000ull
#define RAM_SIZE	(16ull << 20)

static unsigned int interrupts, timers, kicks;

static void on_interrupt(void *arg)
{
	CHECK(arch_irq_disabled() && host_in_interrupt());
	interrupts++;
	if (arg)
		*(unsigned int *)arg = interrupts;
}

/* Up-calls of core, counted here. */
void timer_expired(void)
{
	CHECK(arch_irq_disabled() && host_in_interrupt());
	timers++;
	/* A periodic one, up to three times. */
	if (timers % 3)
		arch_timer_arm(arch_counter() + 100);
}

void sched_ipi(void)
{
	kicks++;
}

static void begin(void)
{
	host_reset();
	interrupts = timers = kicks = 0;
}

TEST(interrupts_wait_until_they_are_unmasked)
{
	unsigned long outer, inner;
	unsigned int order[2] = { 0 };

	begin();
	host_interrupt(on_interrupt, NULL);
	CHECK_EQ(interrupts, 1);
	outer = arch_irq_save();
	host_interrupt(on_interrupt, &order[0]);
	host_interrupt(on_interrupt, &order[1]);
	inner = arch_irq_save();
	arch_irq_restore(inner);
	CHECK_EQ(interrupts, 1);
	CHECK(arch_irq_disabled());
	arch_irq_restore(outer);
	CHECK(order[0] == 2 && order[1] == 3);
	CHECK(!arch_irq_disabled() && !host_in_interrupt());
}

static void unmask_in_handler(void *arg)
{
	arch_irq_enable();
}

TEST(wrong_use_of_interrupt_flags_aborts)
{
	begin();
	CHECK_ABORTS(arch_irq_restore(0));
	CHECK_ABORTS({
		unsigned long flags = arch_irq_save();

		arch_irq_restore(flags);
		arch_irq_restore(flags);
	});
	CHECK_ABORTS(host_interrupt(unmask_in_handler, NULL));
	CHECK_ABORTS(arch_timer_arm(5));
	CHECK_ABORTS(arch_cpu_idle());
	CHECK_ABORTS({
		arch_irq_disable();
		arch_cpu_idle();
	});
	CHECK_ABORTS(for (;;) host_relax());
}

TEST(time_passes_when_the_test_says)
{
	uint64_t start;

	begin();
	start = arch_counter();
	arch_irq_disable();
	arch_timer_arm(start + 1000);
	arch_irq_enable();
	host_clock_advance(999);
	CHECK_EQ(timers, 0);
	host_clock_advance(1);
	CHECK_EQ(timers, 1);
	/* The next two fall into one advance. */
	host_clock_advance(1000);
	CHECK_EQ(timers, 3);
	CHECK_EQ(arch_counter() - start, 2000);
	CHECK(host_timer_armed() == UINT64_MAX);
}

TEST(a_masked_timer_fires_later_and_idle_goes_there)
{
	begin();
	timers = 2;
	arch_irq_disable();
	arch_timer_arm(arch_counter() + 500);
	host_clock_advance(600);
	CHECK_EQ(timers, 2);
	arch_irq_enable();
	CHECK_EQ(timers, 3);
	timers = 2;
	arch_irq_disable();
	arch_timer_arm(arch_counter() + 70000);
	arch_cpu_idle();
	CHECK_EQ(timers, 2);
	arch_irq_enable();
	CHECK_EQ(timers, 3);
	CHECK_EQ(arch_counter(), 1000070600);
}

TEST(cpus_have_their_own_state)
{
	struct cpu a = { .id = 0 }, b = { .id = 1 };

	begin();
	CHECK_EQ(arch_smp_count(), 1);
	host_cpu_count_set(2);
	arch_set_this_cpu(&a);
	host_smp_start_result(-ENODEV);
	CHECK_EQ(arch_smp_start(&b, 4096), -ENODEV);
	host_smp_start_result(0);
	CHECK_EQ(arch_smp_start(&b, 4096), 0);
	arch_irq_disable();
	host_cpu_select(1);
	CHECK(arch_this_cpu() == &b && !arch_irq_disabled());
	arch_smp_kick(0);
	arch_smp_kick(1);
	CHECK_EQ(kicks, 1);
	host_cpu_select(0);
	CHECK(arch_this_cpu() == &a && arch_irq_disabled());
	CHECK_EQ(kicks, 1);
	arch_irq_enable();
	CHECK_EQ(kicks, 2);
	CHECK(host_cpu_kicked(0) && host_cpu_kicked(1) && !host_cpu_kicked(0));
	CHECK_ABORTS(arch_smp_kick(2));
	CHECK_ABORTS(host_cpu_select(2));
}

static jmp_buf back;

static void leave(enum host_end end)
{
	longjmp(back, 1 + (int)end);
}

TEST(the_end_of_the_machine_is_seen)
{
	begin();
	arch_machine_off();
	CHECK_EQ(host_end_count(HOST_OFF), 1);
	CHECK_ABORTS(arch_cpu_halt());
	host_on_end(leave);
	if (setjmp(back) == 0)
		arch_cpu_halt();
	CHECK_EQ(host_end_count(HOST_HALTED), 1);
	arch_early_puts("boot", 4);
	arch_early_puts("ing", 2);
	CHECK_STR(host_early_text(), "bootin");
}

/* ---- threads --------------------------------------------------------------------------- */

static va_t main_sp, thread_sp[2];
static unsigned int steps;
static unsigned int starting;

/* Each of two threads goes three times to the other one and then back to the test. */
void thread_entry(void)
{
	unsigned int me = starting, i;

	for (i = 0; i < 3; i++) {
		volatile char local[2000];

		memset((char *)local, (int)me, sizeof(local));
		steps++;
		if (me == 0 && i == 0)
			starting = 1;
		arch_thread_switch(&thread_sp[me], thread_sp[!me]);
		CHECK(local[1999] == (char)me);
	}
	for (;;)
		arch_thread_switch(&thread_sp[me], main_sp);
}

TEST(threads_switch_and_keep_their_stacks)
{
	static char stacks[2][64] __attribute__((aligned(16)));

	begin();
	steps = 0;
	starting = 0;
	thread_sp[0] = arch_thread_init((va_t)stacks[0] + 64);
	thread_sp[1] = arch_thread_init((va_t)stacks[1] + 64);
	arch_irq_disable();
	arch_thread_switch(&main_sp, thread_sp[0]);
	CHECK_EQ(steps, 6);
	arch_thread_switch(&main_sp, thread_sp[1]);
	CHECK_EQ(steps, 6);
	arch_irq_enable();
	CHECK_ABORTS(arch_thread_switch(&main_sp, thread_sp[0]));
	CHECK_ABORTS({
		arch_irq_disable();
		arch_thread_switch(&main_sp, (va_t)stacks[0]);
	});
	CHECK_ABORTS(arch_thread_init((va_t)stacks[0] + 8));
	host_reset();
}

/* ---- memory ---------------------------------------------------------------------------- */

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

	begin();
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

	begin();
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

	begin();
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

	begin();
	host_mmio_add(0x9000000, 0x1000, &device);
	CHECK_EQ(mmio_read32((void *)0x9000018), 0x1804);
	mmio_write16((void *)0x9000002, 0xabcd);
	CHECK_EQ(written, 0xabcd0202);
	mmio_write32(&plain, 7);
	CHECK(plain == 7 && mmio_read8(&plain) == 7);
	CHECK_ABORTS(mmio_read32((void *)0x9000001));

	begin();
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

/* ---- vCPUs ----------------------------------------------------------------------------- */

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

	begin();
	CHECK_EQ(arch_vcpu_init(&vcpu), 0);
	CHECK_EQ(arch_vcpu_init(&other), 0);
	arch_vcpu_reset(&vcpu, 0x1000, 42);
	CHECK(arch_vcpu_pc(&vcpu) == 0x1000 && arch_vcpu_reg(&vcpu, 0) == 42);
	arch_irq_disable();
	arch_vcpu_load(&vcpu);
	CHECK(host_loaded() == &vcpu);
	CHECK_ABORTS(arch_vcpu_enter(&vcpu, &exit));
	host_guest_program(read_register);
	arch_vcpu_enter(&vcpu, &exit);
	CHECK_ABORTS(arch_vcpu_enter(&vcpu, &exit));
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
	CHECK_ABORTS(arch_vcpu_enter(&vcpu, &exit));
	arch_irq_enable();
	CHECK_ABORTS(arch_vcpu_load(&vcpu));
}

TEST(slots_of_virtual_interrupts)
{
	static struct vcpu vcpu;

	begin();
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

	begin();
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
