/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPUs: the boot CPU's structure, bringing the others up, and what a CPU does when it has
 * nothing to do.
 */
#include <arch/barrier.h>
#include <arch/cpu.h>
#include <arch/smp.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include "sched_priv.h"

#define START_TIMEOUT 10000000000ULL /* ns; a machine in another may stand still for a while */

static struct cpu boot_cpu;
static struct cpu **cpus;
unsigned cpus_online = 1;

struct cpu *cpu_get(unsigned id)
{
	if (id == 0)
		return &boot_cpu;
	return id < cpu_count() ? cpus[id] : NULL;
}

void cpu_init_boot(void)
{
	arch_set_this_cpu(&boot_cpu);
	time_init_cpu();
	boot_cpu.online = true;
	sched_init_cpu(&boot_cpu, thread_create_idle(0));
}

static int start_cpu(unsigned id)
{
	struct cpu *cpu = heap_zalloc(sizeof(*cpu));
	uint64_t end;
	int err;

	if (!cpu)
		return -ENOMEM;
	cpu->boot_stack = stack_alloc(STACK_SIZE);
	if (!cpu->boot_stack) {
		heap_free(cpu);
		return -ENOMEM;
	}
	cpu->id = id;
	cpu->timer_armed = UINT64_MAX;
	cpus[id] = cpu;
	/* Visible to others only when it runs: see cpu_secondary_main(). */
	err = arch_smp_start(cpu, cpu->boot_stack);
	if (err) {
		stack_free(cpu->boot_stack, STACK_SIZE);
		heap_free(cpu);
		return err;
	}
	end = time_now() + START_TIMEOUT;
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE) && time_now() < end)
		arch_relax();
	/*
	 * One that comes later than that would use what we free now: keep it, but do not count on
	 * it.
	 */
	return cpu->online ? 0 : -ETIMEDOUT;
}

void cpu_start_others(void)
{
	unsigned n = arch_smp_count(), id;

	if (n > 64) {
		log_warn("%u CPUs in the device tree, 64 are used", n);
		n = 64;
	}
	cpus = heap_calloc(n, sizeof(*cpus));
	if (!cpus)
		return;
	cpus[0] = &boot_cpu;
	for (id = 1; id < n; id++) {
		int err = start_cpu(id);

		if (err) {
			log_error("CPU %u (hardware id 0x%llx) did not start: %s", id,
				  (unsigned long long)arch_cpu_hwid(id), error_text(-err));
			break;
		}
	}
}

void cpu_secondary_main(void)
{
	struct cpu *cpu = this_cpu();

	arch_cpu_init_secondary();
	time_init_cpu();
	sched_init_cpu(cpu, thread_create_idle(cpu->id));
	irq_init_cpu();
	WRITE_ONCE(cpus_online, cpu->id + 1);
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	cpu_idle_loop();
}

void cpu_idle_loop(void)
{
	for (;;) {
		arch_irq_disable();
		if (READ_ONCE(this_cpu()->need_resched))
			sched_switch();
		else
			arch_cpu_idle();
		arch_irq_enable(); /* what is pending is taken here */
	}
}
