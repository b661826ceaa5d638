/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads and stores of AArch32 to devices that the syndrome does not describe: forms with
 * write-back, several registers, the PC and floating-point registers. As in vcpu_decode.c: the
 * instruction is read from the guest and done in pieces, one for each exit. The state is the
 * vCPU's own.
 */
#include <arch/vcpu.h>
#include <core/vcpu.h>
#include <libs/string.h>
#include "../common/a32_decode.h"
#include "data_order.h"
#include "exception.h"

#define PSR_T	  BIT(5)
#define PSR_CARRY BIT(29)

void fp_save(struct vcpu_fp *fp);
void fp_load(const struct vcpu_fp *fp);

/* The PC as an instruction reads it. */
static uint32_t pc_read(const struct vcpu_regs *regs)
{
	return (uint32_t)regs->pc + (regs->pstate & PSR_T ? 4 : 8);
}

static uint64_t *general_reg(struct vcpu_regs *regs, const struct a32_access *a, unsigned n)
{
	return &regs->x[a->user ? n : a32_reg_number(regs, n)];
}

static uint32_t base_get(struct vcpu_regs *regs, const struct a32_access *a)
{
	if (a->rn == A32_PC)
		return pc_read(regs) & ~3U;
	return (uint32_t)regs->x[a32_reg_number(regs, a->rn)];
}

static bool read_thumb(struct vcpu *vcpu, struct a32_access *a)
{
	uint64_t pc = vcpu->arch.regs.pc;
	uint16_t first, second = 0;

	/* The halves may be in different pages. */
	return guest_code_read(vcpu, pc, &first, sizeof(first)) &&
	       (!t32_is_wide(first) ||
		guest_code_read(vcpu, (uint32_t)pc + 2, &second, sizeof(second))) &&
	       t32_decode(first, second, a);
}

static bool read_access(struct vcpu *vcpu, struct a32_access *a)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	uint32_t op;

	if (regs->pstate & PSR_T) {
		if (!read_thumb(vcpu, a))
			return false;
	} else if (!guest_code_read(vcpu, regs->pc, &op, sizeof(op)) || !a32_decode(op, a)) {
		return false;
	}
	if (a->rm != A32_NO_REG)
		a32_access_index(a, (uint32_t)regs->x[a32_reg_number(regs, a->rm)],
				 regs->pstate & PSR_CARRY);
	return true;
}

/* The word of the floating-point registers that is piece n. */
static uint32_t *fp_word(struct vcpu *vcpu, const struct a32_access *a, unsigned n)
{
	unsigned s = a32_access_reg(a, n);

	/* In memory the upper half of a big-endian double word comes first. */
	if (a->dword && data_big_endian(&vcpu->arch.regs))
		s ^= 1;
	return (uint32_t *)&vcpu->arch.fp.q[s / 4] + s % 4;
}

/* Data of a store as the device gets it. */
static uint64_t store_piece(struct vcpu *vcpu, const struct a32_access *a, unsigned n)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	unsigned r = a32_access_reg(a, n);
	uint64_t v;

	if (a->fp) {
		fp_save(&vcpu->arch.fp);
		v = *fp_word(vcpu, a, n);
	} else {
		v = r == A32_PC ? pc_read(regs) : *general_reg(regs, a, r);
	}
	if (data_big_endian(regs))
		return data_swapped(v, a->size);
	return v & (BIT(a->size * 8) - 1);
}

void abort_decode32(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct vcpu_partial *p = &vcpu->arch.partial;
	struct vcpu_regs *regs = &vcpu->arch.regs;
	struct a32_access a;
	uint32_t va;

	if (!read_access(vcpu, &a))
		return;
	if (p->pc != regs->pc || p->done >= a.count) {
		p->pc = regs->pc;
		p->done = 0;
	}
	va = base_get(regs, &a) + (uint32_t)a.start + (uint32_t)p->done * a.size;
	/* The CPU tells one page's physical address: the piece must lie in that page. */
	if ((va ^ exit->gva) >> PAGE_SHIFT)
		return;
	exit->gpa = (exit->gpa & PAGE_MASK) | (va & ~PAGE_MASK);
	exit->size = a.size;
	exit->is_write = !a.load;
	if (!a.load)
		exit->value = store_piece(vcpu, &a, p->done);
	exit->reg = ABORT_PIECE;
}

/* To the PC it is a branch that chooses the instruction set. */
static void load_general(struct vcpu_regs *regs, const struct a32_access *a, unsigned n, uint32_t v)
{
	if (n != A32_PC) {
		if (a->sign)
			v = a->size == 1 ? (uint32_t)(int8_t)v : (uint32_t)(int16_t)v;
		*general_reg(regs, a, n) = v;
		return;
	}
	regs->pstate = (regs->pstate & ~PSR_T) | (v & 1 ? PSR_T : 0);
	regs->pc = v & (v & 1 ? ~1U : ~3U);
}

static void finish(struct vcpu *vcpu, const struct a32_access *a)
{
	struct vcpu_partial *p = &vcpu->arch.partial;
	struct vcpu_regs *regs = &vcpu->arch.regs;
	unsigned i;

	p->pc = UINT64_MAX;
	if (a->writeback)
		regs->x[a32_reg_number(regs, a->rn)] = base_get(regs, a) + (uint32_t)a->delta;
	regs->pc += a->length;
	a32_advance_it(regs);
	for (i = 0; a->load && !a->fp && i < a->count; i++)
		load_general(regs, a, a32_access_reg(a, i), p->word[i]);
}

void abort_complete_piece32(struct vcpu *vcpu, uint64_t value)
{
	struct vcpu_partial *p = &vcpu->arch.partial;
	struct a32_access a;

	if (!read_access(vcpu, &a) || p->done >= a.count)
		return; /* changed by another vCPU meanwhile: it runs what is there now */
	if (a.load && data_big_endian(&vcpu->arch.regs))
		value = data_swapped(value, a.size);
	if (a.load && a.fp) {
		fp_save(&vcpu->arch.fp);
		*fp_word(vcpu, &a, p->done) = (uint32_t)value;
		fp_load(&vcpu->arch.fp);
	} else if (a.load) {
		p->word[p->done & 15] = (uint32_t)value;
	}
	if (++p->done == a.count)
		finish(vcpu, &a);
}
