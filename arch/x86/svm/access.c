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

#define LEVELS	 4
#define PLAIN	 16 /* instructions that are remembered */
#define WALK_LOG 8
#define NO_HOLE	 UINT64_MAX

/*
 * A plain MOV between a register and a device, by its address. It counts as long as all entries of
 * the guest's tables that lead to it, and its bytes, are what they were.
 */
struct plain_mov {
	uint64_t rip, cr3;
	const uint64_t *entries[LEVELS];
	uint64_t values[LEVELS];
	const uint8_t *bytes;
	uint64_t first, second, first_mask, second_mask;
	uint64_t *reg;		/* what is written, or read to */
	uint64_t imm, mask;
	uint64_t next;		/* RIP behind it */
	uint32_t size;
	uint32_t is_write;
	uint32_t flushes;	/* arch_guest.flushes then */
};

struct svm_insn {
	struct insn_run run;
	struct insn_cpu cpu;
	struct insn_cache cache;
	/* what the last walk looked at */
	const uint64_t *walked[WALK_LOG];
	unsigned nr_walked;
	uint64_t hole;	/* what was given back to the host and is needed now; NO_HOLE */
	struct plain_mov plain[PLAIN];
};

bool svm_is_hole(struct guest *guest, uint64_t gpa)
{
	return guest_mem_moves(guest) && guest_gpa_moves(guest, gpa);
}

void svm_fill_hole(struct vcpu_exit *exit, uint64_t gpa)
{
	exit->kind = EXIT_MMIO;
	exit->flags = 0;
	exit->size_only = 0;
	exit->gpa = gpa;
	exit->gva = 0;
}

static void *guest_ram(void *ctx, uint64_t gpa, bool write)
{
	struct vcpu *vcpu = ctx;
	struct svm_insn *in = vcpu->arch.insn;
	void *p = guest_mem_ptr(vcpu->guest, gpa, write, NULL);

	if (in->nr_walked < WALK_LOG)
		in->walked[in->nr_walked++] = p;
	if (unlikely(!p) && svm_is_hole(vcpu->guest, gpa))
		in->hole = gpa;
	return p;
}

/* --- plain ones, without decoding ------------------------------------------------------------- */

static inline struct plain_mov *plain_at(struct svm_insn *in, uint64_t rip)
{
	struct plain_mov *p = &in->plain[(rip ^ rip >> 6) % PLAIN];

	/* Known from here on by its address, not by its number. */
	__asm__("" : "+r"(p));
	return p;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static bool in_long_mode(const struct vmcb *vmcb)
{
	return vmcb->efer & EFER_LMA && vmcb->seg[SEG_CS].attr & CS_LONG &&
	       !(vmcb->cr4 & GUEST_CR4_LA57);
}

/* The instruction that was just decoded, if it is one of these. Its walk is still known. */
static void remember(struct vcpu *vcpu, const struct insn *insn)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct svm_insn *in = a->insn;
	const struct vmcb *vmcb = a->vmcb;
	struct plain_mov *p = plain_at(in, vmcb->rip);
	unsigned i, n = 0;

	if (insn->op != INSN_MOV || !insn->mem || insn->lock || insn->rep || insn->repne ||
	    insn->high_byte || insn->size > 8 || (!insn->has_reg && !insn->has_imm) ||
	    !in_long_mode(vmcb) || (vmcb->rip & ~PAGE_MASK) > PAGE_SIZE - 16)
		return;
	*p = (struct plain_mov){
		.cr3 = vmcb->cr3, .imm = insn->imm, .size = insn->size,
		.mask = ~0ULL >> (64 - 8 * insn->size), .next = vmcb->rip + insn->len,
		.is_write = insn->mem_is_dst, .flushes = a->tlb_seen,
	};
	p->reg = insn->has_imm ? &p->imm : svm_reg(a, insn->reg);
	/* Entries of tables, each once, then the instruction itself. */
	for (i = 0; i + 1 < in->nr_walked; i++) {
		if (!in->walked[i] || (n && p->entries[n - 1] == in->walked[i]))
			continue;
		if (n == LEVELS)
			return;
		p->entries[n++] = in->walked[i];
	}
	if (!n || in->nr_walked == WALK_LOG)
		return;
	for (i = 0; i < LEVELS; i++) {
		if (i >= n)
			p->entries[i] = p->entries[0];
		p->values[i] = READ_ONCE(*p->entries[i]);
	}
	p->bytes = (const uint8_t *)in->walked[in->nr_walked - 1];
	p->first_mask = insn->len >= 8 ? ~0ULL : ~0ULL >> (64 - 8 * insn->len);
	p->second_mask = insn->len <= 8 ? 0 : ~0ULL >> (128 - 8 * insn->len);
	p->first = load64(p->bytes) & p->first_mask;
	p->second = load64(p->bytes + 8) & p->second_mask;
	p->rip = vmcb->rip;
}

static inline bool still_there(const struct plain_mov *p, const struct vmcb *vmcb)
{
	return p->rip == vmcb->rip && p->cr3 == vmcb->cr3 && in_long_mode(vmcb) &&
	       READ_ONCE(*p->entries[0]) == p->values[0] &&
	       READ_ONCE(*p->entries[1]) == p->values[1] &&
	       READ_ONCE(*p->entries[2]) == p->values[2] &&
	       READ_ONCE(*p->entries[3]) == p->values[3] &&
	       (load64(p->bytes) & p->first_mask) == p->first &&
	       (load64(p->bytes + 8) & p->second_mask) == p->second;
}

static inline bool fill_plain(struct arch_vcpu *a, const struct plain_mov *p,
			      struct vcpu_exit *exit)
{
	const struct vmcb *vmcb = a->vmcb;
	gpa_t gpa = vmcb->info2;

	/* The CPU has checked the access itself; what crosses a page comes in two pieces. */
	if (unlikely(!still_there(p, vmcb) || (gpa & ~PAGE_MASK) + p->size > PAGE_SIZE))
		return false;
	exit->kind = EXIT_MMIO;
	exit->flags = p->is_write;
	exit->size_only = p->size;
	exit->gpa = gpa;
	exit->gva = 0;
	exit->value = p->is_write ? *p->reg & p->mask : 0;
	a->read_to = p->reg;
	a->skip_to = p->next;
	return true;
}

/* What the entry points to is this guest's as long as its nested tables are the same. */
static noinline_fn bool plain_moving(struct vcpu *vcpu, const struct plain_mov *p,
				     struct vcpu_exit *exit)
{
	bool done;

	spin_lock(&vcpu->guest->mem_lock);
	done = p->flushes == READ_ONCE(vcpu->guest->arch.flushes) &&
	       fill_plain(&vcpu->arch, p, exit);
	spin_unlock(&vcpu->guest->mem_lock);
	return done;
}

bool svm_access_plain(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const struct plain_mov *p = plain_at(vcpu->arch.insn, vcpu->arch.vmcb->rip);

	if (unlikely(guest_mem_moves(vcpu->guest)))
		return plain_moving(vcpu, p, exit);
	return fill_plain(&vcpu->arch, p, exit);
}

/* --- all others ------------------------------------------------------------------------------- */

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
	svm_insn_done(a);
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
		a->insn->nr_walked = 0;
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

/* Memory of a guest with a balloon stays where it is in between. IRQs are masked. */
static void hold_memory(struct guest *guest)
{
	if (guest_mem_moves(guest))
		spin_lock(&guest->mem_lock);
}

static void release_memory(struct guest *guest)
{
	if (guest_mem_moves(guest))
		spin_unlock(&guest->mem_lock);
}

static const struct insn *decode(struct arch_vcpu *a)
{
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

const struct insn *svm_decode(struct vcpu *vcpu)
{
	const struct insn *insn;

	hold_memory(vcpu->guest);
	insn = decode(&vcpu->arch);
	release_memory(vcpu->guest);
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
		if (run->vector == VECTOR_PF) {
			a->vmcb->cr2 = run->cr2;
			a->vmcb->clean &= ~CLEAN_CR2;
		}
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
	struct svm_insn *in = vcpu->arch.insn;
	enum insn_step step = INSN_UNKNOWN;
	const struct insn *insn;

	vcpu->arch.read_to = NULL;
	exit->kind = EXIT_SYSREG;
	exit->gva = 0;
	hold_memory(vcpu->guest);
	in->hole = NO_HOLE;
	insn = decode(&vcpu->arch);
	if (insn && hint != INSN_NO_HINT)
		remember(vcpu, insn);
	if (insn)
		step = insn_begin(&in->run, &in->cpu, insn, hint);
	release_memory(vcpu->guest);
	/* It is filled by core, as if the CPU had found it; then the instruction begins anew. */
	if (unlikely(in->hole != NO_HOLE)) {
		svm_fill_hole(exit, in->hole);
		return;
	}
	if (stepped(vcpu, step))
		fill(&in->run, exit);
}

void svm_access_done(struct vcpu *vcpu, uint64_t value)
{
	struct svm_insn *in = vcpu->arch.insn;
	enum insn_step step;

	hold_memory(vcpu->guest);
	in->hole = NO_HOLE;
	step = insn_continue(&in->run, &in->cpu, value);
	release_memory(vcpu->guest);
	if (likely(in->hole == NO_HOLE) && stepped(vcpu, step))
		vcpu->arch.waits |= VCPU_WAITS_ACCESS;
}

void svm_access_next(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	vcpu->arch.waits &= ~VCPU_WAITS_ACCESS;
	exit->syndrome = 0;
	exit->gva = 0;
	fill(&vcpu->arch.insn->run, exit);
}
