/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot, in one table. The first steps run on the boot CPU's own stack, which then becomes its idle
 * thread; the others run in a thread and may sleep.
 */
#include <core/boot.h>

#include <arch/cpu.h>
#include <arch/vintc.h>
#include <core/cpu.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/thread.h>
#include <core/time.h>
#include <core/vfs.h>
#include <libs/errno.h>

struct boot_step {
	const char *name;
	void (*run)(void);
};

static void probe_irqchips(void)
{
	driver_probe_class(DRIVER_IRQCHIP);
	if (!irqchip_root())
		log_error("no interrupt controller in the device tree has a driver here");
}

static void probe_timers(void)
{
	driver_probe_class(DRIVER_TIMER);
}

static const struct boot_step steps[] = {
	{ "interrupt controller", probe_irqchips },
	{ "guests' interrupts", arch_vintc_setup },
	{ "timer", probe_timers },
	{ "other CPUs", cpu_start_others },
	{ "work queue", work_start },
	{ "drivers", driver_probe_all },
	{ "initrd", vfs_mount_initrd },
	{ "terminal", shell_start },
};

static void boot_thread(void *arg)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		uint64_t start = time_now();

		steps[i].run();
		log_debug("boot: %s in %llu us", steps[i].name,
			  (unsigned long long)(time_now() - start) / 1000);
	}
}

void boot_main(const void *fdt)
{
	struct thread *thread;
	int err;

	err = arch_cpu_init();
	if (err)
		panic("this CPU cannot run the hypervisor: %s", error_text(-err));
	mem_init(fdt);
	cpu_init_boot();
	err = dt_init(fdt);
	if (err)
		panic("the boot loader's device tree cannot be used: %s", error_text(-err));
	log_init();
	if (!dt_find("/guests") && !dt_add_node(dt_root(), "guests"))
		log_error("no memory for the node /guests");
	thread = thread_create("boot", boot_thread, NULL, PRIO_MAX);
	if (!thread)
		panic("no memory for the boot thread");
	thread_detach(thread);
	thread_start(thread);
	cpu_idle_loop();
}
