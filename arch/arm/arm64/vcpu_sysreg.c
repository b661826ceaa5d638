/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System registers that trap. A row says what a guest gets; what has no row is
 * undefined, as on a CPU without it, and is reported.
 */
#include <arch/vintc.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <port/sysreg.h>
#include "../common/port.h"
#include "idreg.h"

/* The key of a register: ESR_EL2.ISS of EC_SYSREG without Rt and direction. */
#define KEY(op0, op1, crn, crm, op2)                                                                \
	(((op0) << 20) | ((op2) << 17) | ((op1) << 14) | ((crn) << 10) | ((crm) << 1))
#define KEY_MASK     KEY(3, 7, 15, 15, 7)
#define ISS_RT(iss)  (((iss) >> 5) & 31)
#define ISS_IS_READ  1
#define KEY_OP2(iss) (((iss) >> 17) & 7)
#define KEY_OP1(iss) (((iss) >> 14) & 7)
#define KEY_CRN(iss) (((iss) >> 10) & 15)
#define KEY_CRM(iss) (((iss) >> 1) & 15)
#define KEY_OP0(iss) (((iss) >> 20) & 3)

/** One row: with or without functions; without, it reads as zero and ignores writes. */
struct sysreg_row {
	uint32_t key, mask; /* mask: which bits of the key count */
	/**
	 * @return 0; -ENOENT: undefined for this guest; -EAGAIN: do the instruction again, it does
	 * not trap any more
	 */
	int (*read)(struct vcpu *vcpu, uint32_t iss, uint64_t *value);
	int (*write)(struct vcpu *vcpu, uint32_t iss, uint64_t value);
};

static int write_undefined(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	return -ENOENT;
}

static int read_undefined(struct vcpu *vcpu, uint32_t iss, uint64_t *value)
{
	return -ENOENT;
}

static int write_sgi(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;

	if (vcpu->arch.vintc.mode < VINTC_GICV3 || !ops->sgi)
		return -ENOENT;
	ops->sgi(vcpu, KEY_OP2(iss) == 5 ? 1 : 0, value);
	return 0;
}

/* The CPU interface in software. */
static int access_icc(struct vcpu *vcpu, uint32_t iss, bool is_write, uint64_t *value)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;

	if (vcpu->arch.vintc.mode != VINTC_GICV3_SOFT || !ops->sysreg)
		return -ENOENT;
	return ops->sysreg(vcpu, VINTC_ICC(KEY_CRN(iss), KEY_CRM(iss), KEY_OP2(iss)), is_write,
			   value);
}

static int read_icc(struct vcpu *vcpu, uint32_t iss, uint64_t *value)
{
	return access_icc(vcpu, iss, false, value);
}

static int write_icc(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	return access_icc(vcpu, iss, true, &value);
}

static int write_dir(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;

	if (vcpu->arch.vintc.mode != VINTC_GICV3 || !ops->dir)
		return write_icc(vcpu, iss, value);
	ops->dir(vcpu, value);
	return 0;
}

static int read_sre(struct vcpu *vcpu, uint32_t iss, uint64_t *value)
{
	*value = 7;
	return vcpu->arch.vintc.mode >= VINTC_GICV3 ? 0 : -ENOENT;
}

static int write_sre(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	return vcpu->arch.vintc.mode >= VINTC_GICV3 ? 0 : -ENOENT;
}

static int write_oslar(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	vcpu->arch.os_locked = value & 1;
	return 0;
}

static int read_oslsr(struct vcpu *vcpu, uint32_t iss, uint64_t *value)
{
	*value = BIT(3) | (vcpu->arch.os_locked ? BIT(1) : 0); /* OSLM: implemented */
	return 0;
}

static int debug_read(struct vcpu *vcpu, uint32_t iss, uint64_t *value)
{
	if (vcpu->arch.icc)
		return icc_debug_read(vcpu, iss, value);
	debug_use(vcpu);
	return -EAGAIN;
}

static int debug_write(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	if (vcpu->arch.icc)
		return icc_debug_write(vcpu, iss, value);
	debug_use(vcpu);
	return -EAGAIN;
}

#define ROW(o0, o1, n, m, o2) .key = KEY(o0, o1, n, m, o2), .mask = KEY_MASK
#define ANY_OP2 KEY(0, 0, 0, 0, 7)
#define ANY_CRM KEY(0, 0, 0, 15, 0)

/* ID_* (HCR_EL2.TID3): all of op0 3, op1 0, CRn 0; read in sysreg_trap(), never written. */
#define ID_MASK (KEY_MASK & ~(ANY_OP2 | ANY_CRM))

static const struct sysreg_row rows[] = {
	{ ROW(3, 0, 12, 11, 1), .read = read_undefined, .write = write_dir }, /* ICC_DIR_EL1 */
	{ ROW(3, 0, 12, 11, 5), .read = read_undefined, .write = write_sgi }, /* ICC_SGI1R_EL1 */
	{ ROW(3, 0, 12, 11, 6), .read = read_undefined, .write = write_sgi }, /* ICC_ASGI1R_EL1 */
	{ ROW(3, 0, 12, 11, 7), .read = read_undefined, .write = write_sgi }, /* ICC_SGI0R_EL1 */
	{ ROW(3, 0, 12, 12, 5), .read = read_sre, .write = write_sre },	      /* ICC_SRE_EL1 */
	{ ROW(3, 0, 4, 6, 0), .read = read_icc, .write = write_icc },	      /* ICC_PMR_EL1 */
	/* ICC_*: IAR0 … AP0R3, AP1R0 … 3, RPR, IAR1 … IGRPEN1 */
	{ .key = KEY(3, 0, 12, 8, 0), .mask = KEY_MASK & ~(ANY_OP2 | KEY(0, 0, 0, 1, 0)),
	  .read = read_icc, .write = write_icc },
	{ ROW(3, 0, 12, 11, 3), .read = read_icc, .write = write_icc },
	{ .key = KEY(3, 0, 12, 12, 0), .mask = KEY_MASK & ~ANY_OP2, .read = read_icc,
	  .write = write_icc },
	{ ROW(3, 0, 1, 0, 1) },						      /* ACTLR_EL1 */
	{ ROW(2, 0, 1, 0, 4), .read = read_undefined, .write = write_oslar }, /* OSLAR_EL1 */
	{ ROW(2, 0, 1, 1, 4), .read = read_oslsr, .write = write_undefined }, /* OSLSR_EL1 */
	{ ROW(2, 0, 1, 3, 4) },						      /* OSDLR_EL1 */
	{ ROW(2, 0, 1, 4, 4) },						      /* DBGPRCR_EL1 */
	{ ROW(2, 0, 1, 0, 0), .write = write_undefined },		      /* MDRAR_EL1 */
	{ ROW(2, 3, 0, 1, 0), .write = write_undefined },		      /* MDCCSR_EL0 */
	{ ROW(2, 3, 0, 5, 0) },						      /* DBGDTR*X_EL0 */
	{ ROW(2, 3, 0, 4, 0) },						      /* DBGDTR_EL0 */
	{ ROW(2, 0, 0, 2, 0) },						      /* MDCCINT_EL1 */
	{ ROW(2, 0, 0, 0, 2) },						      /* OSDTRRX_EL1 */
	{ ROW(2, 0, 0, 3, 2) },						      /* OSDTRTX_EL1 */
	{ ROW(2, 0, 0, 6, 2) },						      /* OSECCR_EL1 */
	/* MDSCR_EL1, breakpoints, watchpoints, claim tags: while they are used without a trap */
	{ .key = KEY(2, 0, 0, 0, 0), .mask = KEY_MASK & ~(ANY_OP2 | ANY_CRM), .read = debug_read,
	  .write = debug_write },
	{ .key = KEY(2, 0, 7, 0, 6), .mask = KEY_MASK & ~ANY_CRM, .read = debug_read,
	  .write = debug_write },
};

static const struct sysreg_row *find_row(uint32_t iss)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (((iss ^ rows[i].key) & rows[i].mask) == 0)
			return &rows[i];
	return NULL;
}

static void undefined(struct vcpu *vcpu, uint32_t iss)
{
	log_guest(LOG_INFO, vcpu->guest, vcpu,
		  "%s system register S%u_%u_C%u_C%u_%u, which its CPU does not have: undefined "
		  "instruction injected",
		  iss & ISS_IS_READ ? "read of" : "write to", KEY_OP0(iss), KEY_OP1(iss),
		  KEY_CRN(iss), KEY_CRM(iss), KEY_OP2(iss));
	vcpu_inject_undef(vcpu);
}

/* @return 0, or an error of a row: nothing is done then */
static int do_access(struct vcpu *vcpu, uint32_t iss)
{
	const struct sysreg_row *row = find_row(iss);
	unsigned rt = ISS_RT(iss);
	uint64_t value = 0;
	int err = 0;

	if (unlikely(!row))
		return -ENOENT;
	if (!(iss & ISS_IS_READ))
		return row->write ? row->write(vcpu, iss, arch_vcpu_reg(vcpu, rt)) : 0;
	if (row->read)
		err = row->read(vcpu, iss, &value);
	if (likely(!err))
		arch_vcpu_set_reg(vcpu, rt, value);
	return err;
}

static noinline_fn void other_sysreg(struct vcpu *vcpu, uint32_t iss)
{
	int err = do_access(vcpu, iss);

	if (likely(!err))
		arch_vcpu_skip(vcpu);
	else if (err != -EAGAIN)
		undefined(vcpu, iss);
}

void sysreg_trap(struct vcpu *vcpu, uint32_t iss)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	unsigned rt = ISS_RT(iss);

	/* Reads of ID registers and SGIs are what running guests do. */
	if (likely((iss & (ID_MASK | ISS_IS_READ)) == (KEY(3, 0, 0, 0, 0) | ISS_IS_READ))) {
		uint64_t value = idreg_read(vcpu, KEY_CRM(iss), KEY_OP2(iss));

		if (likely(rt != 31))
			regs->x[rt] = value;
		arch_vcpu_skip(vcpu);
	} else if ((iss & (KEY_MASK | ISS_IS_READ)) == KEY(3, 0, 12, 11, 5) &&
		   likely(vcpu->arch.vintc.mode == VINTC_GICV3)) { /* ICC_SGI1R_EL1 */
		arch_vcpu_skip(vcpu);
		vcpu->guest->vintc->sgi(vcpu, 1, rt == 31 ? 0 : regs->x[rt]);
	} else {
		other_sysreg(vcpu, iss);
	}
}
