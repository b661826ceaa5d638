/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions of a guest that touch devices: read, decoded, and carried out one access at a time,
 * each of which is an exit to core. Only the vCPU's own thread.
 */
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/asm.h>
#include "../host/features.h"
#include "svm.h"

#define CS_LONG BIT32(9)
#define CS_DB	BIT32(10)

struct svm_insn {
	struct insn_run run;
	struct insn_cpu cpu;
	struct insn_cache cache;
};

static void *guest_ram(void *ctx, uint64_t gpa, bool write)
{
	return guest_mem_ptr(((struct vcpu *)ctx)->guest, gpa, write, NULL);
}

int svm_access_init(struct vcpu *vcpu)
{
	struct svm_insn *in = heap_zalloc(sizeof(*in));

	if (!in)
		return -ENOMEM;
	in->cpu.regs = vcpu->arch.regs;
	in->cpu.seg = vcpu->arch.vmcb->seg;
	in->cpu.paging.ram = guest_ram;
	in->cpu.paging.ctx = vcpu;
	in->cpu.paging.gpa_bits = (uint8_t)x86_features.pa_bits;
	vcpu->arch.insn = in;
	return 0;
}

/* The registers that instructions and translation see, out of the VMCB … */
static void take_state(struct arch_vcpu *a)
{
	const struct vmcb *vmcb = a->vmcb;
	struct insn_cpu *cpu = &a->insn->cpu;

	a->regs[0] = vmcb->rax;
	a->regs[4] = vmcb->rsp;
	cpu->rip = vmcb->rip;
	cpu->rflags = cpu->paging.rflags = vmcb->rflags;
	cpu->paging.cr0 = vmcb->cr0;
	cpu->paging.cr3 = vmcb->cr3;
	cpu->paging.cr4 = vmcb->cr4;
	cpu->paging.efer = vmcb->efer;
	cpu->paging.cpl = vmcb->cpl;
}

/* … and back. */
static void put_state(struct arch_vcpu *a)
{
	struct vmcb *vmcb = a->vmcb;

	vmcb->rax = a->regs[0];
	vmcb->rsp = a->regs[4];
	vmcb->rip = a->insn->cpu.rip;
	vmcb->rflags = a->insn->cpu.rflags;
	vmcb->int_shadow = 0;
}

static enum insn_mode mode_of(const struct vmcb *vmcb)
{
	uint16_t attr = vmcb->seg[SEG_CS].attr;

	if (vmcb->efer & EFER_LMA && attr & CS_LONG)
		return INSN_64;
	return attr & CS_DB ? INSN_32 : INSN_16;
}

/* The bytes at RIP. @return how many */
static unsigned fetch(struct arch_vcpu *a, enum insn_mode mode, uint8_t bytes[16])
{
	const struct guest_paging *paging = &a->insn->cpu.paging;
	uint64_t at = a->vmcb->rip + (mode == INSN_64 ? 0 : a->vmcb->seg[SEG_CS].base), gpa;
	uint32_t access = WALK_FETCH | (a->vmcb->cpl == 3 ? WALK_USER : 0), error;
	unsigned n = 0;

	while (n < INSN_MAX) {
		unsigned step = MIN_T(unsigned, INSN_MAX - n, PAGE_SIZE - (at & ~PAGE_MASK));
		const uint8_t *p;

		if (mode != INSN_64)
			at = (uint32_t)at;
		if (!guest_walk(paging, at, access, &gpa, &error))
			break;
		p = paging->ram(paging->ctx, gpa, false);
		if (!p)
			break;
		memcpy(bytes + n, p, step);
		n += step;
		at += step;
	}
	memset(bytes + n, 0, 16 - n);
	return n;
}

const struct insn *svm_decode(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	enum insn_mode mode = mode_of(a->vmcb);
	const struct insn *insn;
	uint8_t bytes[16];
	unsigned n;

	take_state(a);
	n = fetch(a, mode, bytes);
	if (insn_cached(&a->insn->cache, a->vmcb->rip, bytes, n, mode, &insn))
		return NULL;
	return insn;
}

static void unknown(struct vcpu *vcpu)
{
	log_guest(LOG_WARN, vcpu->guest, vcpu,
		  "an instruction on a device's registers that is not carried out here: the guest "
		  "gets an invalid-opcode exception");
	svm_inject(vcpu, VECTOR_UD, false, 0);
}

/* What a step has come to. @return it has another access */
static bool stepped(struct vcpu *vcpu, enum insn_step step)
{
	struct arch_vcpu *a = &vcpu->arch;
	const struct insn_run *run = &a->insn->run;

	switch (step) {
	case INSN_ACCESS:
		return true;
	case INSN_DONE:
		put_state(a);
		break;
	case INSN_FAULT:
		if (run->vector == VECTOR_PF)
			a->vmcb->cr2 = run->cr2;
		svm_inject(vcpu, run->vector, run->has_error, run->error);
		break;
	case INSN_UNKNOWN:
		unknown(vcpu);
		break;
	}
	return false;
}

static void fill(const struct insn_run *run, struct vcpu_exit *exit)
{
	exit->kind = run->is_port ? EXIT_PIO : EXIT_MMIO;
	exit->flags = 0;
	exit->is_write = run->is_write;
	exit->size_only = run->size;
	exit->gpa = run->gpa;
	exit->value = run->is_write ? run->value : 0;
}

void svm_access_begin(struct vcpu *vcpu, struct vcpu_exit *exit, uint64_t hint)
{
	const struct insn *insn = svm_decode(vcpu);
	struct svm_insn *in = vcpu->arch.insn;

	vcpu->arch.skip_to = 0;
	exit->kind = EXIT_SYSREG;
	exit->gva = 0;
	if (!insn)
		unknown(vcpu);
	else if (stepped(vcpu, insn_begin(&in->run, &in->cpu, insn, hint)))
		fill(&in->run, exit);
}

void svm_access_done(struct vcpu *vcpu, uint64_t value)
{
	struct svm_insn *in = vcpu->arch.insn;

	vcpu->arch.resumes = stepped(vcpu, insn_continue(&in->run, &in->cpu, value));
}

void svm_access_next(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	vcpu->arch.resumes = false;
	exit->syndrome = 0;
	exit->gva = 0;
	fill(&vcpu->arch.insn->run, exit);
}
