/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions that the hypervisor itself takes at EL2: each is a defect, or a wrong address handed
 * to a command. The report names the function, the address and what kind of fault it was.
 */
#include <arch/cpu.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/symbol.h>
#include <core/thread.h>
#include <libs/printf.h>
#include <port/sysreg.h>
#include "exception.h"

/* Registers as vectors.S stored them. */
struct el2_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc, pstate, esr, far;
};

void el2_fault_report(struct el2_frame *frame, unsigned kind);

const char *fault_status_text(uint32_t fsc)
{
	static const char *const by_level[] = {
		"address size fault", "translation fault", "access flag fault", "permission fault",
	};

	if (fsc < 0x10)
		return by_level[fsc >> 2];
	switch (fsc) {
	case 0x10:
		return "external abort";
	case 0x14 ... 0x17:
		return "external abort on a table walk";
	case 0x18:
		return "parity or ECC error";
	case 0x21:
		return "alignment fault";
	case 0x30:
		return "TLB conflict";
	case 0x35:
		return "unsupported exclusive access";
	default:
		return "fault";
	}
}

const char *exception_class_text(unsigned ec)
{
	switch (ec) {
	case EC_UNKNOWN:
		return "undefined instruction";
	case EC_WFX:
		return "WFI or WFE";
	case EC_FP:
		return "floating point access";
	case EC_ILL_STATE:
		return "illegal execution state";
	case EC_SYSREG:
		return "system register access";
	case EC_SVE:
		return "SVE access";
	case EC_IABT_LOW:
	case EC_IABT_CUR:
		return "instruction abort";
	case EC_DABT_LOW:
	case EC_DABT_CUR:
		return "data abort";
	case EC_PC_ALIGN:
		return "misaligned PC";
	case EC_SP_ALIGN:
		return "misaligned SP";
	case EC_BRK:
		return "BRK instruction";
	default:
		return "exception";
	}
}

static const char *const kinds[] = {
	"synchronous exception", "", "", "SError", "exception with SP_EL0", "stack overflow",
};

void el2_fault_report(struct el2_frame *f, unsigned kind)
{
	static bool reporting;
	unsigned ec = (f->esr >> 26) & 0x3f;
	bool abort = ec == EC_IABT_CUR || ec == EC_DABT_CUR;
	struct thread *thread = thread_current();
	char detail[96] = "";
	const char *name;
	size_t offset = 0;
	unsigned i;

	if (__atomic_exchange_n(&reporting, true, __ATOMIC_ACQ_REL))
		arch_cpu_halt();
	if (kind == 5)
		f->sp = READ_SYSREG(tpidr_el0);
	if (abort)
		snprintf(detail, sizeof(detail), ", %s, %s of address 0x%llx%s",
			 fault_status_text(f->esr & 0x3f),
			 ec == EC_IABT_CUR ? "fetch" : f->esr & BIT(6) ? "write" : "read",
			 (unsigned long long)f->far,
			 stack_guard_hit(f->far) ? " (guard page of a stack)" : "");
	log_error("hypervisor fault on CPU %u in thread %s: %s, %s%s", this_cpu()->id,
		  thread ? thread->name : "(boot)", kinds[kind], exception_class_text(ec), detail);
	log_error("PC 0x%llx SP 0x%llx ESR 0x%llx SPSR 0x%llx LR 0x%llx",
		  (unsigned long long)f->pc, (unsigned long long)f->sp, (unsigned long long)f->esr,
		  (unsigned long long)f->pstate, (unsigned long long)f->x[30]);
	for (i = 0; i < 28; i += 4)
		log_error("x%-2u %016llx %016llx %016llx %016llx", i, (unsigned long long)f->x[i],
			  (unsigned long long)f->x[i + 1], (unsigned long long)f->x[i + 2],
			  (unsigned long long)f->x[i + 3]);
	name = symbol_name(f->pc, &offset);
	log_error("in %s+0x%zx, called from:", name ? name : "?", offset);
	symbol_backtrace(f->x[29]);
	panic("fault in the hypervisor");
}
