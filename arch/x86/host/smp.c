/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's CPUs as its tree names them: numbers, and starting them by INIT and start-up
 * interrupts. The tables are written by the boot CPU, one CPU at a time.
 */
#include <arch/smp.h>

#include <arch/cpu.h>
#include <core/cpu.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/boot.h>
#include <port/cpu.h>
#include "features.h"

#define CPUS_MAX 64

/* What a CPU finds by its own number; the layout is known to entry.S. */
struct smp_start {
	uint32_t apic_id, reserved;
	uint64_t stack;
	struct x86_cpu *cpu;
};
struct smp_start smp_starts[CPUS_MAX];
uint32_t smp_starts_count;

extern const uint8_t ap_start[], ap_start_end[];

uint64_t arch_cpu_hwid(unsigned id)
{
	return id < smp_starts_count ? smp_starts[id].apic_id : apic_own_id();
}

unsigned arch_smp_count(void)
{
	struct dt_node *cpus = dt_find("/cpus"), *node;
	uint64_t id;

	smp_starts[0].apic_id = apic_own_id();
	smp_starts_count = 1;
	if (!cpus || !x86_platform.ap_page)
		return 1;
	dt_lock();
	dt_for_each_child(node, cpus) {
		if (!dt_available(node) || dt_u64(node, "reg", &id) ||
		    id == smp_starts[0].apic_id)
			continue;
		if (smp_starts_count == CPUS_MAX) {
			log_warn("more than %u CPUs: the rest stays off", CPUS_MAX);
			break;
		}
		smp_starts[smp_starts_count++].apic_id = (uint32_t)id;
	}
	dt_unlock();
	return smp_starts_count;
}

/* The code for real mode, in a page where real mode reaches it. */
static int put_start_code(void)
{
	uint8_t *page = mem_map_device(x86_platform.ap_page, PAGE_SIZE);

	if (!page)
		return -ENOMEM;
	memcpy(page, ap_start, (size_t)(ap_start_end - ap_start));
	mem_unmap_device(page, PAGE_SIZE);
	return 0;
}

static struct x86_cpu *make_cpu(struct cpu *core)
{
	struct x86_cpu *cpu = heap_zalloc(sizeof(*cpu));
	uint8_t *ist = page_alloc(IST_STACKS * IST_STACK_SIZE / PAGE_SIZE);
	unsigned i;

	if (!cpu || !ist) {
		heap_free(cpu);
		page_free(ist, IST_STACKS * IST_STACK_SIZE / PAGE_SIZE);
		return NULL;
	}
	for (i = 0; i < IST_STACKS; i++)
		cpu->tss.ist[i] = (uintptr_t)ist + (i + 1) * IST_STACK_SIZE;
	cpu->cpu = core;
	return cpu;
}

int arch_smp_start(struct cpu *core, va_t stack_top)
{
	struct smp_start *start;
	uint8_t page = (uint8_t)(x86_platform.ap_page >> PAGE_SHIFT);
	int err;

	if (core->id == 0 || core->id >= smp_starts_count)
		return -EINVAL;
	start = &smp_starts[core->id];
	err = put_start_code();
	if (err)
		return err;
	start->cpu = make_cpu(core);
	if (!start->cpu)
		return -ENOMEM;
	__atomic_store_n(&start->stack, stack_top, __ATOMIC_RELEASE);
	apic_send_init(start->apic_id);
	tsc_delay_us(10000);
	apic_send_startup(start->apic_id, page);
	tsc_delay_us(200);
	/* Those that have not noticed; the others are past listening to it. */
	if (!__atomic_load_n(&core->online, __ATOMIC_ACQUIRE))
		apic_send_startup(start->apic_id, page);
	return 0;
}
