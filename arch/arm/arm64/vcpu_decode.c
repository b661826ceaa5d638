/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads and stores to devices that the syndrome does not describe (ESR_EL2.ISS.ISV = 0): forms
 * with write-back, pairs and SIMD registers (DDI 0487 C4.1). The instruction is read from the
 * guest and done in pieces of at most 8 bytes, one piece for each exit: it is restarted until all
 * are done. The state is the vCPU's own.
 */
#include <arch/vcpu.h>
#include <core/guest.h>
#include <core/vcpu.h>
#include <libs/string.h>
#include <port/sysreg.h>
#include "data_order.h"
#include "exception.h"

void fp_save(struct vcpu_fp *fp);
void fp_load(const struct vcpu_fp *fp);

/** A load or store in words. */
struct access {
	bool load, fp, pair, sign, wide;
	bool writeback, post;
	uint8_t log2; /* bytes of one register */
	uint8_t rt, rt2, rn;
	int64_t offset;
};

static int64_t sign_extend(uint64_t v, unsigned bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

/* Load/store pair: opc 101 V 0 mode L imm7 Rt2 Rn Rt. */
static bool decode_pair(uint32_t op, struct access *a)
{
	unsigned opc = op >> 30, mode = (op >> 23) & 3;

	a->fp = op & BIT32(26);
	a->load = op & BIT32(22);
	a->pair = true;
	if (opc == 3 || (opc == 1 && !a->fp && (!a->load || mode == 0)))
		return false;
	a->log2 = (uint8_t)(a->fp ? 2 + opc : opc == 2 ? 3 : 2);
	a->sign = a->wide = opc == 1 && !a->fp; /* LDPSW */
	a->writeback = mode == 1 || mode == 3;
	a->post = mode == 1;
	a->rt2 = (op >> 10) & 31;
	a->offset = sign_extend((op >> 15) & 0x7f, 7) * (1 << a->log2);
	return true;
}

/*
 * Load/store register: size 111 V 0 x opc …: immediate with and without write-back, register
 * offset.
 */
static bool decode_single(uint32_t op, const struct vcpu_regs *regs, struct access *a)
{
	unsigned size = op >> 30, opc = (op >> 22) & 3, form = (op >> 10) & 3;

	a->fp = op & BIT32(26);
	if (a->fp) {
		a->load = opc & 1;
		a->log2 = (uint8_t)(opc & 2 ? 4 : size);
		if (a->log2 > 4 || (opc & 2 && size))
			return false;
	} else {
		if ((size == 3 && opc >= 2) || (size == 2 && opc == 3))
			return false; /* prefetch, unallocated */
		a->load = opc != 0;
		a->sign = opc >= 2;
		a->wide = opc == 2 || (opc == 1 && size == 3);
		a->log2 = (uint8_t)size;
	}
	if (op & BIT32(24)) { /* unsigned immediate */
		a->offset = (int64_t)((op >> 10) & 0xfff) << a->log2;
	} else if (!(op & BIT32(21))) {
		a->offset = sign_extend((op >> 12) & 0x1ff, 9);
		a->writeback = form == 1 || form == 3;
		a->post = form == 1;
	} else if (form == 2) { /* register, extended or shifted */
		unsigned rm = (op >> 16) & 31, option = (op >> 13) & 7;
		uint64_t v = rm == 31 ? 0 : regs->x[rm];

		if (option == 2)
			v = (uint32_t)v;
		else if (option == 6)
			v = (uint64_t)(int64_t)(int32_t)v;
		a->offset = (int64_t)(v << (op & BIT32(12) ? a->log2 : 0));
	} else {
		return false; /* atomics: not to devices */
	}
	return true;
}

static bool decode(uint32_t op, const struct vcpu_regs *regs, struct access *a)
{
	memset(a, 0, sizeof(*a));
	a->rt = op & 31;
	a->rn = (op >> 5) & 31;
	if ((op & 0x3a000000) == 0x28000000)
		return decode_pair(op, a);
	if ((op & 0x3a000000) == 0x38000000)
		return decode_single(op, regs, a);
	return false;
}

bool guest_va(const struct vcpu_regs *regs, uint64_t va, gpa_t *gpa)
{
	uint64_t saved = READ_SYSREG(par_el1), par;

	if ((regs->pstate & 0xf) == 0)
		__asm__ volatile("at s1e0r, %0\n\tisb" : : "r"(va) : "memory");
	else
		__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(va) : "memory");
	par = READ_SYSREG(par_el1);
	WRITE_SYSREG(par_el1, saved);
	*gpa = (par & GENMASK(47, 12)) | (va & 0xfff);
	return !(par & 1);
}

/* SP of the level that runs, or a general register. */
static uint64_t base_get(const struct vcpu_regs *regs, unsigned rn)
{
	if (rn < 31)
		return regs->x[rn];
	return (regs->pstate & 0xf) == PSR_EL1H ? READ_SYSREG(sp_el1) : READ_SYSREG(sp_el0);
}

static void base_set(struct vcpu_regs *regs, unsigned rn, uint64_t v)
{
	if (rn < 31)
		regs->x[rn] = v;
	else if ((regs->pstate & 0xf) == PSR_EL1H)
		WRITE_SYSREG(sp_el1, v);
	else
		WRITE_SYSREG(sp_el0, v);
}

static unsigned piece_bytes(const struct access *a)
{
	return 1U << MIN_T(unsigned, a->log2, 3);
}

static unsigned pieces(const struct access *a)
{
	return (a->pair ? 2U : 1U) * (a->log2 == 4 ? 2U : 1U);
}

/* Data of a store: piece n. */
static uint64_t store_piece(struct vcpu *vcpu, const struct access *a, unsigned n)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	unsigned per_reg = a->log2 == 4 ? 2 : 1;
	unsigned r = n / per_reg ? a->rt2 : a->rt;
	uint64_t v;

	if (a->fp) {
		fp_save(&vcpu->arch.fp);
		memcpy(&v, (uint8_t *)&vcpu->arch.fp.q[r] + (n % per_reg) * 8, 8);
	} else {
		v = r == 31 ? 0 : regs->x[r];
	}
	if (data_big_endian(regs))
		return data_swapped(v, piece_bytes(a));
	return piece_bytes(a) == 8 ? v : v & (BIT(piece_bytes(a) * 8) - 1);
}

bool guest_code_read(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size)
{
	gpa_t gpa;

	return guest_va(&vcpu->arch.regs, va, &gpa) && !guest_mem_read(vcpu->guest, gpa, buf, size);
}

static bool read_access(struct vcpu *vcpu, struct access *a)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	uint32_t op;

	return guest_code_read(vcpu, regs->pc, &op, sizeof(op)) && decode(op, regs, a);
}

void abort_decode(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct vcpu_partial *p = &vcpu->arch.partial;
	struct access a;
	uint64_t va;

	if (vcpu->arch.regs.pstate & PSR_AARCH32) {
		abort_decode32(vcpu, exit);
		return;
	}
	if (!read_access(vcpu, &a))
		return;
	if (p->pc != vcpu->arch.regs.pc || p->done >= pieces(&a)) {
		p->pc = vcpu->arch.regs.pc;
		p->done = 0;
	}
	va = base_get(&vcpu->arch.regs, a.rn) + (a.post ? 0 : (uint64_t)a.offset) +
	     (uint64_t)p->done * piece_bytes(&a);
	/* The CPU tells one page's physical address: the piece must lie in that page. */
	if ((va ^ exit->gva) >> PAGE_SHIFT)
		return;
	exit->gpa = (exit->gpa & PAGE_MASK) | (va & ~PAGE_MASK);
	exit->size = (uint8_t)piece_bytes(&a);
	exit->is_write = !a.load;
	if (!a.load)
		exit->value = store_piece(vcpu, &a, p->done);
	exit->reg = ABORT_PIECE;
}

static void load_general(struct vcpu_regs *regs, const struct access *a, unsigned r, uint64_t v)
{
	unsigned bits = 8U << a->log2;

	if (a->sign)
		v = (uint64_t)sign_extend(v, bits);
	if (a->sign && !a->wide)
		v = (uint32_t)v;
	if (r < 31)
		regs->x[r] = v;
}

static void load_fp(struct vcpu *vcpu, const struct access *a, const uint64_t *v)
{
	unsigned per_reg = a->log2 == 4 ? 2 : 1, i;

	fp_save(&vcpu->arch.fp);
	for (i = 0; i < (a->pair ? 2U : 1U); i++) {
		uint64_t *q = (uint64_t *)&vcpu->arch.fp.q[i ? a->rt2 : a->rt];

		q[0] = v[i * per_reg];
		q[1] = per_reg == 2 ? v[i * per_reg + 1] : 0;
	}
	fp_load(&vcpu->arch.fp);
}

void abort_complete_piece(struct vcpu *vcpu, uint64_t value)
{
	struct vcpu_partial *p = &vcpu->arch.partial;
	struct vcpu_regs *regs = &vcpu->arch.regs;
	struct access a;

	if (regs->pstate & PSR_AARCH32) {
		abort_complete_piece32(vcpu, value);
		return;
	}
	if (!read_access(vcpu, &a))
		return; /* changed by another vCPU meanwhile: it runs what is there now */
	if (data_big_endian(regs))
		value = data_swapped(value, piece_bytes(&a));
	p->value[p->done & 3] = value;
	if (++p->done < pieces(&a))
		return; /* again, for the next piece */
	if (a.load && a.fp) {
		load_fp(vcpu, &a, p->value);
	} else if (a.load) {
		load_general(regs, &a, a.rt, p->value[0]);
		if (a.pair)
			load_general(regs, &a, a.rt2, p->value[1]);
	}
	if (a.writeback)
		base_set(regs, a.rn, base_get(regs, a.rn) + (uint64_t)a.offset);
	p->pc = UINT64_MAX;
	arch_vcpu_skip(vcpu);
}
