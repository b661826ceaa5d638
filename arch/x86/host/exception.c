/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions that the hypervisor itself takes: each is a defect, or a wrong address handed to a
 * command. The report names the function, the address and what kind of fault it was. Descriptor
 * tables are here too; the interrupt table is written once by the boot CPU.
 */
#include <arch/cpu.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/symbol.h>
#include <core/thread.h>
#include <libs/printf.h>
#include <libs/string.h>
#include <port/asm.h>
#include <port/boot.h>
#include <port/cpu.h>
#include "features.h"

enum { VECTOR_NMI = 2, VECTOR_DOUBLE_FAULT = 8, VECTOR_PAGE_FAULT = 14, VECTOR_MACHINE_CHECK = 18 };

/* Registers as vectors.S stored them. */
struct x86_frame {
	uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};

static struct gate idt[256] aligned_to(16);

extern uint8_t fault_vectors[32][16], irq_vectors[224][8];

void fault_report(struct x86_frame *f);

/* --- descriptors ------------------------------------------------------------------------------ */

static void idt_init(void)
{
	unsigned n;

	for (n = 0; n < 256; n++) {
		uintptr_t to = (uintptr_t)(n < 32 ? fault_vectors[n] : irq_vectors[n - 32]);

		idt[n] = (struct gate){
			.offset0 = (uint16_t)to,
			.selector = SEL_CODE,
			.type = 0x8e,
			.offset1 = (uint16_t)(to >> 16),
			.offset2 = (uint32_t)(to >> 32),
		};
	}
	idt[VECTOR_NMI].ist = 1;
	idt[VECTOR_DOUBLE_FAULT].ist = 2;
	idt[VECTOR_MACHINE_CHECK].ist = 3;
}

void descriptors_init(struct x86_cpu *cpu, void *ist_stacks)
{
	uintptr_t tss = (uintptr_t)&cpu->tss;
	struct packed_struct {
		uint16_t limit;
		uint64_t base;
	} table;
	unsigned i;

	cpu->self = cpu;
	for (i = 0; ist_stacks && i < IST_STACKS; i++)
		cpu->tss.ist[i] = (uintptr_t)ist_stacks + (i + 1) * IST_STACK_SIZE;
	cpu->tss.iomap = sizeof(cpu->tss);
	cpu->gdt[SEL_CODE / 8] = 0x00af9b000000ffff;
	cpu->gdt[SEL_DATA / 8] = 0x00cf93000000ffff;
	cpu->gdt[SEL_CODE32 / 8] = 0x00cf9b000000ffff;
	cpu->gdt[SEL_TSS / 8] = (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 | 0x89ULL << 40 |
				(tss >> 24 & 0xff) << 56;
	cpu->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	if (!idt[0].selector)
		idt_init();
	table.limit = sizeof(cpu->gdt) - 1;
	table.base = (uintptr_t)cpu->gdt;
	__asm__ volatile("lgdt %0" : : "m"(table));
	table.limit = sizeof(idt) - 1;
	table.base = (uintptr_t)idt;
	__asm__ volatile("lidt %0\n\tltr %w1" : : "m"(table), "r"(SEL_TSS) : "memory");
}

/* --- reports ---------------------------------------------------------------------------------- */

static const char *const names[32] = {
	[0] = "division by zero",     [1] = "debug exception",
	[2] = "NMI",		      [3] = "breakpoint",
	[4] = "overflow",	      [5] = "bound range exceeded",
	[6] = "invalid instruction",  [7] = "FPU not available",
	[8] = "double fault",	      [10] = "invalid TSS",
	[11] = "segment not present", [12] = "stack fault",
	[13] = "general protection",  [14] = "page fault",
	[16] = "FPU error",	      [17] = "misaligned access",
	[18] = "machine check",	      [19] = "SIMD exception",
	[21] = "control protection",
};

static void describe_page_fault(const struct x86_frame *f, char *buf, size_t size)
{
	uint64_t address = read_cr2();

	snprintf(buf, size, ", %s, %s of address 0x%llx%s",
		 f->error & 8 ? "reserved bit set" :
		 f->error & 1 ? "no permission" : "nothing is mapped there",
		 f->error & 16 ? "fetch" : f->error & 2 ? "write" : "read",
		 (unsigned long long)address,
		 stack_guard_hit(address) ? " (guard page of a stack)" : "");
}

/* A double fault comes of a stack that has run into its guard page, most often. */
static void describe(const struct x86_frame *f, char *buf, size_t size)
{
	buf[0] = '\0';
	if (f->vector == VECTOR_PAGE_FAULT)
		describe_page_fault(f, buf, size);
	else if (f->vector == VECTOR_DOUBLE_FAULT && stack_guard_hit(f->rsp - 8))
		snprintf(buf, size, ", stack overflow: SP 0x%llx is in the guard page",
			 (unsigned long long)f->rsp);
	else if (f->error)
		snprintf(buf, size, ", error code 0x%llx", (unsigned long long)f->error);
}

static void registers(const struct x86_frame *f)
{
	log_error("PC 0x%llx SP 0x%llx RFLAGS 0x%llx CR3 0x%llx", (unsigned long long)f->rip,
		  (unsigned long long)f->rsp, (unsigned long long)f->rflags,
		  (unsigned long long)read_cr3());
	log_error("rax %016llx rbx %016llx rcx %016llx rdx %016llx", (unsigned long long)f->rax,
		  (unsigned long long)f->rbx, (unsigned long long)f->rcx,
		  (unsigned long long)f->rdx);
	log_error("rsi %016llx rdi %016llx rbp %016llx  r8 %016llx", (unsigned long long)f->rsi,
		  (unsigned long long)f->rdi, (unsigned long long)f->rbp,
		  (unsigned long long)f->r8);
	log_error(" r9 %016llx r10 %016llx r11 %016llx r12 %016llx", (unsigned long long)f->r9,
		  (unsigned long long)f->r10, (unsigned long long)f->r11,
		  (unsigned long long)f->r12);
	log_error("r13 %016llx r14 %016llx r15 %016llx", (unsigned long long)f->r13,
		  (unsigned long long)f->r14, (unsigned long long)f->r15);
}

/* Our own: flushes; a CPU that panics stops the others by an ordinary interrupt. */
static bool nmi(const struct x86_frame *f)
{
	if (tlb_nmi())
		return true;
	if (panic_active())
		arch_cpu_halt();
	return nmi_taken(f->rip);
}

void fault_report(struct x86_frame *f)
{
	static bool reporting;
	struct cpu *cpu = this_cpu();
	struct thread *thread = cpu ? thread_current() : NULL;
	char detail[112];
	const char *name;
	size_t offset = 0;

	/*
	 * The shadow of STI does not hold off NMIs and machine checks, and is over when they have
	 * been handled: an interrupt that comes before the HLT then would not end it.
	 */
	if (f->rip == (uintptr_t)idle_hlt)
		f->rip++;
	if (f->vector == VECTOR_NMI && nmi(f))
		return;
	if (f->vector == VECTOR_MACHINE_CHECK) {
		(void)mcheck_taken(false);
		return;
	}
	if (__atomic_exchange_n(&reporting, true, __ATOMIC_ACQ_REL))
		arch_cpu_halt();
	/* From here on nobody waits for locks that the interrupted code may hold. */
	panic_begin();
	describe(f, detail, sizeof(detail));
	name = f->vector < 32 ? names[f->vector] : NULL;
	log_error("hypervisor fault on CPU %u in thread %s: %s (vector %u)%s", cpu ? cpu->id : 0,
		  thread ? thread->name : "(boot)", name ? name : "exception", (unsigned)f->vector,
		  detail);
	registers(f);
	name = symbol_name(f->rip, &offset);
	log_error("in %s+0x%zx, called from:", name ? name : "?", offset);
	symbol_backtrace(f->rbp);
	panic(f->vector == VECTOR_NMI ? "this CPU has taken no interrupts for a second" :
	      "fault in the hypervisor");
}
