/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coprocessor registers of AArch32 (CP14, CP15 and the ID registers of the FPU) that trap. A row
 * says what a guest gets; what has no row is undefined, as on a CPU without it, and is reported.
 * The state is the vCPU's own.
 */
#include <arch/vintc.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <port/sysreg.h>
#include "../common/port.h"
#include "exception.h"
#include "idreg.h"

/* The key of a register: coprocessor, and ISS without condition, Rt and direction. */
#define KEY(cp, opc1, crn, crm, opc2)                                                               \
	(((cp) << 20) | ((opc2) << 17) | ((opc1) << 14) | ((crn) << 10) | ((crm) << 1))
#define KEY_MASK KEY(15, 7, 15, 15, 7)
#define ANY_OPC2 KEY(0, 0, 0, 0, 7)
#define ANY_CRM	 KEY(0, 0, 0, 15, 0)

#define OPC2(iss)   (((iss) >> 17) & 7)
#define OPC1(iss)   (((iss) >> 14) & 7)
#define CRN(iss)    (((iss) >> 10) & 15)
#define CRM(iss)    (((iss) >> 1) & 15)
#define RT(iss)	    (((iss) >> 5) & 31)
#define IS_READ(iss) ((iss) & 1)
/* Of accesses to two registers */
#define OPC1_64(iss) (((iss) >> 16) & 15)
#define RT2(iss)     (((iss) >> 10) & 31)

#define OSLAR_KEY 0xc5acce55

/** One row: with or without functions; without, it reads as zero and ignores writes. */
struct cp_row {
	uint32_t key, mask; /* mask: which bits of the key count */
	/**
	 * @return 0; -ENOENT: undefined for this guest; -EAGAIN: do the instruction again, it does
	 * not trap any more
	 */
	int (*read)(struct vcpu *vcpu, uint32_t iss, uint32_t *value);
	int (*write)(struct vcpu *vcpu, uint32_t iss, uint32_t value);
};

static int write_undefined(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	return -ENOENT;
}

static int read_undefined(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	return -ENOENT;
}

/* CRm 1 and 2 are numbered as in AArch64, of CRm 3 the last three; the rest is reserved, zero. */
static int read_id(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	unsigned crm = CRM(iss), op2 = OPC2(iss);

	*value = crm < 3 || (crm == 3 && op2 > 3) ? (uint32_t)idreg_read(vcpu, crm, op2) : 0;
	return 0;
}

static int read_sre(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	*value = 7;
	return vcpu->arch.vintc.mode >= VINTC_GICV3 ? 0 : -ENOENT;
}

static int write_sre(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	return vcpu->arch.vintc.mode >= VINTC_GICV3 ? 0 : -ENOENT;
}

/* The CPU interface in software; its registers are numbered as in AArch64. */
static int access_icc(struct vcpu *vcpu, uint32_t iss, bool is_write, uint64_t *value)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;

	if (vcpu->arch.vintc.mode != VINTC_GICV3_SOFT || !ops->sysreg)
		return -ENOENT;
	return ops->sysreg(vcpu, VINTC_ICC(CRN(iss), CRM(iss), OPC2(iss)), is_write, value);
}

static int read_icc(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	uint64_t v = 0;
	int err = access_icc(vcpu, iss, false, &v);

	*value = (uint32_t)v;
	return err;
}

static int write_icc(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	uint64_t v = value;

	return access_icc(vcpu, iss, true, &v);
}

static int write_dir(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;

	if (vcpu->arch.vintc.mode != VINTC_GICV3 || !ops->dir)
		return write_icc(vcpu, iss, value);
	ops->dir(vcpu, value);
	return 0;
}

/* VBAR and ISR come here only for the sake of what has the same CRn (HSTR_EL2.T12). */
static int read_vbar(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	*value = (uint32_t)READ_SYSREG(vbar_el1);
	return 0;
}

static int write_vbar(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	WRITE_SYSREG(vbar_el1, value & ~31U);
	return 0;
}

static int read_isr(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	uint64_t hcr = READ_SYSREG(hcr_el2);

	*value = (hcr & HCR_VI ? PSR_I : 0) | (hcr & HCR_VF ? PSR_F : 0) |
		 (hcr & HCR_VSE ? PSR_A : 0);
	return 0;
}

static int write_oslar(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	vcpu->arch.os_locked = value == OSLAR_KEY;
	return 0;
}

static int read_oslsr(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	*value = BIT32(3) | (vcpu->arch.os_locked ? BIT32(1) : 0); /* OSLM: implemented */
	return 0;
}

/* What traps even then is no debug register. */
static int debug_trap(struct vcpu *vcpu)
{
	if (!(vcpu->arch.mdcr & MDCR_TDA))
		return -ENOENT;
	debug_use(vcpu);
	return -EAGAIN;
}

static int debug_read(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	return vcpu->arch.icc ? icc32_debug_read(vcpu, iss, value) : debug_trap(vcpu);
}

static int debug_write(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	return vcpu->arch.icc ? icc32_debug_write(vcpu, iss, value) : debug_trap(vcpu);
}

#define ROW(cp, opc1, crn, crm, opc2) .key = KEY(cp, opc1, crn, crm, opc2), .mask = KEY_MASK

static const struct cp_row rows[] = {
	/* ID_PFR0 … (HCR_EL2.TID3); CRm 0 does not trap */
	{ .key = KEY(15, 0, 0, 0, 0), .mask = KEY_MASK & ~(ANY_OPC2 | ANY_CRM), .read = read_id,
	  .write = write_undefined },
	{ ROW(15, 0, 1, 0, 1) },					       /* ACTLR */
	{ ROW(15, 0, 1, 0, 3) },					       /* ACTLR2 */
	{ ROW(15, 0, 12, 11, 1), .read = read_undefined, .write = write_dir }, /* ICC_DIR */
	{ ROW(15, 0, 12, 12, 5), .read = read_sre, .write = write_sre },       /* ICC_SRE */
	{ ROW(15, 0, 4, 6, 0), .read = read_icc, .write = write_icc },	       /* ICC_PMR */
	/* ICC_*: IAR0 … AP0R3, AP1R0 … 3, RPR, IAR1 … IGRPEN1 */
	{ .key = KEY(15, 0, 12, 8, 0), .mask = KEY_MASK & ~(ANY_OPC2 | KEY(0, 0, 0, 1, 0)),
	  .read = read_icc, .write = write_icc },
	{ ROW(15, 0, 12, 11, 3), .read = read_icc, .write = write_icc },
	{ .key = KEY(15, 0, 12, 12, 0), .mask = KEY_MASK & ~ANY_OPC2, .read = read_icc,
	  .write = write_icc },
	{ ROW(15, 0, 12, 0, 0), .read = read_vbar, .write = write_vbar },      /* VBAR */
	{ ROW(15, 0, 12, 1, 0), .read = read_isr, .write = write_undefined },  /* ISR */
	{ ROW(14, 0, 1, 0, 0), .write = write_undefined },		       /* DBGDRAR */
	{ ROW(14, 0, 2, 0, 0), .write = write_undefined },		       /* DBGDSAR */
	{ ROW(14, 0, 1, 0, 4), .read = read_undefined, .write = write_oslar }, /* DBGOSLAR */
	{ ROW(14, 0, 1, 1, 4), .read = read_oslsr, .write = write_undefined }, /* DBGOSLSR */
	{ ROW(14, 0, 1, 3, 4) },					       /* DBGOSDLR */
	{ ROW(14, 0, 1, 4, 4) },					       /* DBGPRCR */
	/*
	 * All other debug registers, of which AArch64 has the same: while they are used without a
	 * trap. (opc1 other than 0: trace, Jazelle and the like, which are not there.)
	 */
	{ .key = KEY(14, 0, 0, 0, 0), .mask = KEY(15, 7, 0, 0, 0), .read = debug_read,
	  .write = debug_write },
};

static const struct cp_row *find_row(uint32_t key)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (((key ^ rows[i].key) & rows[i].mask) == 0)
			return &rows[i];
	return NULL;
}

static void undefined64(struct vcpu *vcpu, unsigned cp, uint32_t iss)
{
	log_guest(LOG_INFO, vcpu->guest, vcpu,
		  "%s coprocessor register p%u, %u, c%u of 64 bits, which its CPU does not "
		  "have: undefined instruction injected",
		  IS_READ(iss) ? "read of" : "write to", cp, OPC1_64(iss), CRM(iss));
	vcpu_inject_undef(vcpu);
}

static void undefined(struct vcpu *vcpu, unsigned cp, uint32_t iss)
{
	log_guest(LOG_INFO, vcpu->guest, vcpu,
		  "%s coprocessor register p%u, %u, c%u, c%u, %u, which its CPU does not have: "
		  "undefined instruction injected",
		  IS_READ(iss) ? "read of" : "write to", cp, OPC1(iss), CRN(iss), CRM(iss),
		  OPC2(iss));
	vcpu_inject_undef(vcpu);
}

/* Rt of a read; r15 stands for the flags. */
static void set_rt(struct vcpu *vcpu, unsigned rt, uint32_t value)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;

	if (rt == 31)
		regs->pstate = (regs->pstate & ~GENMASK(31, 28)) | (value & GENMASK(31, 28));
	else
		regs->x[rt] = value;
}

/* MRC and MCR. @return 0; -EAGAIN, -ENOENT: nothing was done (struct cp_row) */
static int access32(struct vcpu *vcpu, unsigned cp, uint32_t iss)
{
	const struct cp_row *row = find_row((iss & KEY(0, 7, 15, 15, 7)) | cp << 20);
	unsigned rt = a32_reg_number(&vcpu->arch.regs, RT(iss));
	uint32_t value = 0;
	int err = 0;

	if (!row)
		return -ENOENT;
	if (IS_READ(iss) && row->read)
		err = row->read(vcpu, iss, &value);
	else if (!IS_READ(iss) && row->write)
		err = row->write(vcpu, iss, (uint32_t)arch_vcpu_reg(vcpu, rt));
	if (err)
		return err;
	if (IS_READ(iss))
		set_rt(vcpu, rt, value);
	arch_vcpu_skip(vcpu);
	return 0;
}

/* MRRC and MCRR: software interrupts of a GICv3, and where memory-mapped debug registers are. */
static int access64(struct vcpu *vcpu, unsigned cp, uint32_t iss)
{
	const struct vcpu_regs *regs = &vcpu->arch.regs;
	unsigned rt = a32_reg_number(regs, RT(iss)), rt2 = a32_reg_number(regs, RT2(iss));
	const struct vintc_ops *ops = vcpu->guest->vintc;

	if (cp == 15 && !IS_READ(iss) && CRM(iss) == 12 && OPC1_64(iss) <= 2 && ops && ops->sgi &&
	    vcpu->arch.vintc.mode >= VINTC_GICV3) { /* ICC_SGI1R, ICC_ASGI1R, ICC_SGI0R */
		arch_vcpu_skip(vcpu);
		ops->sgi(vcpu, OPC1_64(iss) == 0 ? 1 : 0,
			 (uint32_t)arch_vcpu_reg(vcpu, rt) | arch_vcpu_reg(vcpu, rt2) << 32);
	} else if (cp == 14 && IS_READ(iss) && (CRM(iss) == 1 || CRM(iss) == 2) &&
		   OPC1_64(iss) == 0) { /* DBGDRAR, DBGDSAR: none */
		arch_vcpu_set_reg(vcpu, rt, 0);
		arch_vcpu_set_reg(vcpu, rt2, 0);
		arch_vcpu_skip(vcpu);
	} else {
		return -ENOENT;
	}
	return 0;
}

/* VMRS of MVFR0 … 2 (HCR_EL2.TID3): numbered 7, 6, 5. */
static void access_vmrs(struct vcpu *vcpu, uint32_t iss)
{
	unsigned reg = CRN(iss);

	if (!IS_READ(iss) || reg < 5 || reg > 7) {
		undefined(vcpu, 10, iss);
		return;
	}
	set_rt(vcpu, a32_reg_number(&vcpu->arch.regs, RT(iss)),
	       (uint32_t)idreg_read(vcpu, 3, 7 - reg));
	arch_vcpu_skip(vcpu);
}

bool cp_done(struct vcpu *vcpu, unsigned ec, uint32_t iss)
{
	return !(ec == EC_CP15_64 ? access64(vcpu, 15, iss) : access32(vcpu, 15, iss));
}

void cp_trap(struct vcpu *vcpu, unsigned ec, uint32_t iss)
{
	unsigned cp = ec == EC_CP15_32 || ec == EC_CP15_64 ? 15 : 14;

	switch (ec) {
	case EC_CP15_32:
	case EC_CP14_32:
		if (access32(vcpu, cp, iss) == -ENOENT)
			undefined(vcpu, cp, iss);
		break;
	case EC_CP15_64:
	case EC_CP14_64:
		if (access64(vcpu, cp, iss))
			undefined64(vcpu, cp, iss);
		break;
	case EC_VMRS:
		access_vmrs(vcpu, iss);
		break;
	default: /* LDC and STC of the debug channel: without a trap from now on */
		if (vcpu->arch.icc || debug_trap(vcpu) == -ENOENT)
			vcpu_inject_undef(vcpu);
		break;
	}
}
