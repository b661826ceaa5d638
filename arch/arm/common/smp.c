/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's CPUs as its device tree names them: numbers, starting, interrupting. hwids[] is
 * written once by the boot CPU.
 */
#include <arch/smp.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <core/cpu.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/sysreg.h>
#include "psci_host.h"

#define CPUS_MAX	64
#define MPIDR_AFFINITY	0xff00ffffffULL

static uint64_t hwids[CPUS_MAX];
static unsigned nr_cpus;

/* Where a CPU starts (entry.S). */
void secondary_entry(void);

/* What a CPU finds at the physical address that it is given; the layout is known to entry.S. */
static struct smp_start {
	uint64_t root;
	uint64_t stack;
	struct cpu *cpu;
} starts[CPUS_MAX];

static uint64_t own_hwid(void)
{
	return READ_SYSREG(mpidr_el1) & MPIDR_AFFINITY;
}

uint64_t arch_cpu_hwid(unsigned id)
{
	return id < nr_cpus ? hwids[id] : own_hwid();
}

/* May this node be one more CPU to be started? */
static bool usable(const struct dt_node *node, uint64_t *hwid)
{
	const char *type = dt_string(node, "device_type", 0);
	const char *method = dt_string(node, "enable-method", 0);

	if (!type || strcmp(type, "cpu") || !dt_available(node) || dt_u64(node, "reg", hwid))
		return false;
	if (*hwid == own_hwid())
		return false;
	if (!method || strcmp(method, "psci") || !psci_host_present()) {
		log_warn("CPU %s cannot be started: enable-method \"%s\" is not supported",
			 node->name, method ? method : "");
		return false;
	}
	return true;
}

unsigned arch_smp_count(void)
{
	struct dt_node *cpus = dt_find("/cpus"), *node;
	uint64_t hwid;

	hwids[0] = own_hwid();
	nr_cpus = 1;
	if (!cpus)
		return nr_cpus;
	dt_lock();
	dt_for_each_child(node, cpus) {
		if (!usable(node, &hwid))
			continue;
		if (nr_cpus == CPUS_MAX) {
			log_warn("more than %u CPUs: the rest stays off", CPUS_MAX);
			break;
		}
		hwids[nr_cpus++] = hwid;
	}
	dt_unlock();
	return nr_cpus;
}

int arch_smp_start(struct cpu *cpu, va_t stack_top)
{
	struct smp_start *start;

	if (cpu->id == 0 || cpu->id >= nr_cpus)
		return -EINVAL;
	start = &starts[cpu->id];
	start->root = arch_pgtable_root();
	start->stack = stack_top;
	start->cpu = cpu;
	/* It is read before that CPU has its caches on. */
	arch_cache_clean_inval(start, sizeof(*start));
	return psci_host_cpu_on(hwids[cpu->id], mem_va_to_hpa((const void *)secondary_entry),
				mem_va_to_hpa(start));
}

void arch_smp_kick(unsigned cpu_id)
{
	const struct irqchip *chip = irqchip_root();

	if (chip)
		chip->kick(cpu_id);
}
