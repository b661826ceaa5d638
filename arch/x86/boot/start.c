/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first C functions after entry.S, on the boot CPU and on the others. They leave a device tree
 * for core, as boot loaders do on other machines.
 */
#include <arch/cpu.h>
#include <core/boot.h>
#include <core/cpu.h>
#include <core/log.h>
#include <libs/acpi.h>
#include <libs/multiboot.h>
#include <libs/string.h>
#include <libs/textfb.h>
#include <port/asm.h>
#include <port/boot.h>
#include <port/cpu.h>
#include "../host/features.h"
#include "../host/paging.h"
#include "tree.h"

#define MAPPED_ROOM (64 * KIB)

uintptr_t __stack_chk_guard; /* set by entry.S */
uint32_t boot_magic, boot_info;

static struct x86_cpu boot_cpu;
static uint8_t boot_ist[IST_STACKS * IST_STACK_SIZE] aligned_to(16);
/* Code of Debian's libraries has its stack protector's value at FS:0x28. */
static uint64_t library_guard[8];
static struct multiboot multiboot;
static struct acpi_info acpi;

extern char _end[];

void boot_start(void);
void secondary_start(struct x86_cpu *cpu);
void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	panic("stack protector: a function wrote past the end of its array");
}

/* There is no driver yet. @return false: no screen, or none that shows text */
static bool early_screen(struct textfb *text)
{
	const struct multiboot_screen *s = &multiboot.screen;
	struct textfb_mode m = { .width = s->width, .height = s->height, .stride = s->stride,
				 .bytes = DIV_ROUND_UP(s->bits, 8u) };

	m.base = s->bits ? early_map_buffer(s->base, (uint64_t)s->stride * s->height) : NULL;
	return m.base && !textfb_init(text, &m);
}

/* Nothing can be virtualised, or not even begun: the person shall read why. */
static noreturn_fn void stop(const char *why)
{
	const char *parts[] = { "\r\nXvisor: ", why, "\r\nStopped.\r\n" };
	struct textfb text;
	bool screen = early_screen(&text);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		arch_early_puts(parts[i], strlen(parts[i]));
		if (screen)
			textfb_write(&text, parts[i], strlen(parts[i]));
	}
	arch_cpu_halt();
}

static void this_cpu_init(struct x86_cpu *cpu, void *ist)
{
	library_guard[5] = __stack_chk_guard;
	wrmsr(MSR_PAT, PAT_VALUE);
	descriptors_init(cpu, ist);
	wrmsr(MSR_FS_BASE, (uintptr_t)library_guard);
	wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
	cpu->apic_id = apic_own_id();
}

static void check_cpu(void)
{
	features_init();
	if (!x86_features.svm)
		stop("this processor has no SVM with nested paging (AMD-V), which guests need.\r\n"
		     "On QEMU: -cpu max or -cpu EPYC,+svm,+npt; in a virtual machine of another\r\n"
		     "kind: switch nested virtualization on. Intel's VMX is not supported.");
	if (x86_features.svm_locked)
		stop("SVM (AMD-V) is there, but firmware has switched it off: enable \"SVM\" or\r\n"
		     "\"virtualization\" in the setup of the BIOS or UEFI.");
	paging_init();
}

/* ACPI's root pointer as the loader told it, or where a BIOS leaves it. */
static bool in_memory(uint64_t pa, const char *what)
{
	unsigned i;

	for (i = 0; pa && i < multiboot.nr_ranges; i++) {
		const struct multiboot_range *r = &multiboot.ranges[i];

		if (r->type == MULTIBOOT_RAM && pa >= r->base && pa - r->base < r->size) {
			log_warn("ACPI has %s at 0x%llx, which is memory: it is not used", what,
				 (unsigned long long)pa);
			return true;
		}
	}
	return false;
}

/* Registers are not where there is memory, whatever firmware says. */
static void drop_what_cannot_be(void)
{
	unsigned i;

	if (in_memory(acpi.hpet, "an HPET"))
		acpi.hpet = 0;
	for (i = acpi.nr_ioapics; i--;)
		if (in_memory(acpi.ioapics[i].address, "an I/O APIC"))
			acpi.ioapics[i] = acpi.ioapics[--acpi.nr_ioapics];
	for (i = acpi.nr_segments; i--;)
		if (in_memory(acpi.segments[i].base, "PCI configuration space"))
			acpi.segments[i] = acpi.segments[--acpi.nr_segments];
}

static void read_acpi(void)
{
	const uint8_t *rsdp = multiboot.rsdp;
	size_t size = multiboot.rsdp_size;

	if (!rsdp) {
		uint64_t pa = acpi_find_rsdp(early_peek);

		rsdp = pa ? early_peek(pa, 36) : NULL;
		size = 36;
	}
	if (!rsdp || acpi_read(rsdp, size, early_peek, &acpi))
		log_warn("no ACPI tables: one processor, and what a PC has always had");
	drop_what_cannot_be();
}

/* Where core finds its first free pages: behind the image and what a loader put there. */
static hpa_t mapped_end(void)
{
	hpa_t at = image_pa(_end);
	bool moved = true;
	unsigned i;

	while (moved) {
		moved = false;
		for (i = 0; i < multiboot.nr_modules; i++) {
			const struct multiboot_module *m = &multiboot.modules[i];

			if (m->start < at + MAPPED_ROOM && m->end > at) {
				at = ALIGN_UP(m->end, PAGE_SIZE);
				moved = true;
			}
		}
	}
	return ALIGN_UP(at + MAPPED_ROOM, BLOCK_SIZE);
}

void boot_start(void)
{
	const void *tree;
	bool told;

	early_console_init();
	this_cpu_init(&boot_cpu, boot_ist);
	told = !multiboot_read(boot_magic, boot_info, early_peek, &multiboot);
	check_cpu();
	if (!told)
		stop("not started by a multiboot loader (QEMU -kernel, GRUB \"multiboot2\"), or\r\n"
		     "what it told makes no sense.");
	read_acpi();
	tree = tree_make(&multiboot, &acpi);
	if (!tree)
		stop("the boot loader's information does not fit into a device tree.");
	early_map_direct(mapped_end());
	early_peek_end();
	boot_main(tree);
}

void secondary_start(struct x86_cpu *cpu)
{
	this_cpu_init(cpu, NULL);
	cpu_secondary_main();
}
