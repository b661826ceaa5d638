/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers as a guest sees them: a row each. Those of the interrupt controller are
 * its emulator's. Also the paravirtual clock, so that a guest need not measure its counter. Own
 * vCPU's thread, interrupts masked.
 */
#include <arch/irqflags.h>
#include <arch/timer.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/asm.h>
#include "../host/features.h"
#include "svm.h"

#define MSR_TSC		 0x10
#define MSR_PAT		 0x277
#define MSR_MTRR_CAP	 0xfe
#define MSR_MTRR_BASE	 0x200
#define MSR_MTRR_DEFAULT 0x2ff
#define MSR_KVM_WALL	 0x4b564d00
#define MSR_KVM_TIME	 0x4b564d01
#define MTRR_VARIABLE	 8
#define MTRR_FIXED	 (MTRR_VARIABLE * 2)

#define EFER_FFXSR BIT(14)
#define EXT1_FFXSR BIT32(25)
#define EFER_GUEST (EFER_SCE | EFER_LME | EFER_NXE | EFER_FFXSR)

/* --- the clock: what KVM's guests find in memory ---------------------------------------------- */

struct pv_time {
	uint32_t version, pad0;
	uint64_t tsc, ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad[2];
};
#define TIME_TSC_STABLE 1

struct pv_wall {
	uint32_t version, seconds, ns;
};

/* ns = ((tsc << shift) * mul) >> 32 */
static void scale(struct pv_time *t)
{
	uint64_t freq = arch_counter_freq(), base = 1000000000;

	while (freq > base * 2) {
		freq >>= 1;
		t->shift--;
	}
	while (freq <= base) {
		freq <<= 1;
		t->shift++;
	}
	t->mul = (uint32_t)((base << 32) / freq);
}

/* The counter is the same on all CPUs and never stops: written once. */
static int write_time(struct vcpu *vcpu, uint64_t v)
{
	struct pv_time t = {
		.version = 2, .flags = x86_features.tsc_invariant ? TIME_TSC_STABLE : 0,
	};

	vcpu->arch.kvm_time = v;
	if (!(v & 1))
		return 0;
	scale(&t);
	return guest_mem_write(vcpu->guest, v & ~1ULL, &t, sizeof(t)) ? -ENOENT : 0;
}

static int write_wall(struct vcpu *vcpu, uint64_t v)
{
	uint64_t ran = time_from_ticks(arch_counter() - vcpu->guest->start_count);
	struct pv_wall w = {
		.version = 2,
		.seconds = (uint32_t)(time_wallclock() - ran / 1000000000),
	};

	vcpu->arch.kvm_wall = v;
	return guest_mem_write(vcpu->guest, v, &w, sizeof(w)) ? -ENOENT : 0;
}

/* --- registers of their own ------------------------------------------------------------------- */

static int read_tsc(struct vcpu *vcpu, uint64_t *v)
{
	*v = arch_counter() - vcpu->guest->start_count;
	return 0;
}

/* It cannot be set: it is the same on all vCPUs. */
static int write_ignored(struct vcpu *vcpu, uint64_t v)
{
	return 0;
}

static int read_zero(struct vcpu *vcpu, uint64_t *v)
{
	*v = 0;
	return 0;
}

/* HWCR.TscFreqSel: the TSC counts with the P0 frequency, as one that is constant has to. */
static int read_hwcr(struct vcpu *vcpu, uint64_t *v)
{
	*v = BIT(24);
	return 0;
}

static int read_efer(struct vcpu *vcpu, uint64_t *v)
{
	*v = (vcpu->arch.efer & ~(uint64_t)EFER_LMA) | (vcpu->arch.vmcb->efer & EFER_LMA);
	return 0;
}

static int write_efer(struct vcpu *vcpu, uint64_t v)
{
	struct vmcb *m = vcpu->arch.vmcb;

	if ((v & ~(uint64_t)EFER_LMA) & ~EFER_GUEST ||
	    (v & EFER_FFXSR && !(cpuid(0x80000001, 0).edx & EXT1_FFXSR)) ||
	    (m->cr0 & CR0_PG && (v ^ m->efer) & EFER_LME))
		return -ENOENT;
	/* Not all CPUs drop what they know of tables when the meaning of bit 63 changes. */
	if ((v ^ m->efer) & EFER_NXE)
		vcpu->arch.tlb_seen = *vcpu->arch.flushes - 1;
	vcpu->arch.efer = v;
	m->clean &= ~CLEAN_CR;
	m->efer = (v & EFER_GUEST) | (m->efer & EFER_LMA) | EFER_SVME;
	return 0;
}

static int read_pat(struct vcpu *vcpu, uint64_t *v)
{
	*v = vcpu->arch.vmcb->g_pat;
	return 0;
}

static int write_pat(struct vcpu *vcpu, uint64_t v)
{
	unsigned i;

	for (i = 0; i < 64; i += 8) {
		unsigned type = v >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return -ENOENT;
	}
	vcpu->arch.vmcb->g_pat = v;
	vcpu->arch.vmcb->clean &= ~CLEAN_NP;
	return 0;
}

static int read_mtrr_cap(struct vcpu *vcpu, uint64_t *v)
{
	*v = 0x500 | MTRR_VARIABLE; /* fixed ones, write-combining */
	return 0;
}

static int read_mtrr_default(struct vcpu *vcpu, uint64_t *v)
{
	*v = vcpu->arch.mtrr_default;
	return 0;
}

static int write_mtrr_default(struct vcpu *vcpu, uint64_t v)
{
	vcpu->arch.mtrr_default = v & 0xcff;
	return 0;
}

static int read_vm_cr(struct vcpu *vcpu, uint64_t *v)
{
	*v = BIT(4) | BIT(3); /* SVM is switched off, for good */
	return 0;
}

static int read_time(struct vcpu *vcpu, uint64_t *v)
{
	*v = vcpu->arch.kvm_time;
	return 0;
}

static int read_wall(struct vcpu *vcpu, uint64_t *v)
{
	*v = vcpu->arch.kvm_wall;
	return 0;
}

/* In ascending order. */
static const struct msr_row {
	uint32_t msr;
	int (*read)(struct vcpu *vcpu, uint64_t *v);
	int (*write)(struct vcpu *vcpu, uint64_t v);
} rows[] = {
	{ MSR_TSC, read_tsc, write_ignored },
	{ 0x11, read_wall, write_wall },       /* the clock by its older numbers */
	{ 0x12, read_time, write_time },
	{ 0x17, read_zero, NULL },	       /* platform id */
	{ 0x8b, read_zero, write_ignored },    /* microcode */
	{ MSR_MTRR_CAP, read_mtrr_cap, NULL },
	{ 0x179, read_zero, NULL },	       /* machine check: no banks */
	{ 0x17a, read_zero, write_ignored },
	{ 0x17b, read_zero, write_ignored },
	{ 0x1d9, read_zero, write_ignored },   /* debug control */
	{ MSR_PAT, read_pat, write_pat },
	{ MSR_MTRR_DEFAULT, read_mtrr_default, write_mtrr_default },
	{ MSR_KVM_WALL, read_wall, write_wall },
	{ MSR_KVM_TIME, read_time, write_time },
	{ MSR_EFER, read_efer, write_efer },
	{ 0xc0010004, read_zero, write_ignored }, /* performance counter, of watchdogs */
	{ 0xc0010010, read_zero, write_ignored }, /* SYSCFG */
	{ 0xc0010015, read_hwcr, write_ignored }, /* HWCR */
	{ 0xc001001f, read_zero, write_ignored }, /* NB_CFG */
	{ 0xc0010055, read_zero, write_ignored }, /* interrupt pending message */
	{ 0xc0010058, read_zero, write_ignored }, /* MMIO configuration base */
	{ 0xc0010064, read_zero, NULL },	  /* P-states */
	{ MSR_VM_CR, read_vm_cr, write_ignored },
	{ 0xc0010140, read_zero, write_ignored }, /* OSVW */
	{ 0xc0010141, read_zero, write_ignored },
	{ 0xc0011020, read_zero, write_ignored }, /* LS_CFG */
	{ 0xc0011021, read_zero, write_ignored }, /* IC_CFG */
	{ 0xc0011022, read_zero, write_ignored }, /* DC_CFG */
	{ 0xc0011023, read_zero, write_ignored }, /* BU_CFG */
	{ 0xc0011029, read_zero, write_ignored }, /* DE_CFG */
	{ 0xc001102a, read_zero, write_ignored }, /* BU_CFG2 */
};

static const struct msr_row *find(uint32_t msr)
{
	unsigned lo = 0, hi = ARRAY_SIZE(rows);

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (rows[mid].msr < msr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < ARRAY_SIZE(rows) && rows[lo].msr == msr ? &rows[lo] : NULL;
}

/* Memory types: kept, not used; all memory is cached and all devices are emulated. */
static uint64_t *mtrr(struct arch_vcpu *a, uint32_t msr)
{
	static const uint16_t fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c,
					  0x26d, 0x26e, 0x26f };
	unsigned i;

	if (likely(msr < MSR_MTRR_BASE || msr > MSR_MTRR_DEFAULT))
		return NULL;
	if (msr < MSR_MTRR_BASE + MTRR_FIXED)
		return &a->mtrr[msr - MSR_MTRR_BASE];
	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (fixed[i] == msr)
			return &a->mtrr[MTRR_FIXED + i];
	return NULL;
}

/* Local APIC: base address, x2APIC, deadline. */
static bool is_apic(uint32_t msr)
{
	return (msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x100) || msr == MSR_APIC_BASE ||
	       msr == MSR_TSC_DEADLINE;
}

static int apic(struct vcpu *vcpu, uint32_t msr, bool is_write, uint64_t *v)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;
	int err;

	if (!ops || !ops->sysreg)
		return -ENOENT;
	arch_irq_enable();
	err = ops->sysreg(vcpu, msr, is_write, v);
	arch_irq_disable();
	return err;
}

static int unknown(struct vcpu *vcpu, uint32_t msr, const char *what)
{
	log_guest(LOG_DEBUG, vcpu->guest, vcpu, "%s of MSR 0x%x, which it does not have", what,
		  msr);
	return -ENOENT;
}

int svm_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct msr_row *row;
	const uint64_t *m;

	if (is_apic(msr))
		return apic(vcpu, msr, false, value);
	m = mtrr(&vcpu->arch, msr);
	if (m) {
		*value = *m;
		return 0;
	}
	row = find(msr);
	return row && row->read ? row->read(vcpu, value) : unknown(vcpu, msr, "read");
}

int svm_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	const struct msr_row *row;
	uint64_t *m;

	if (is_apic(msr))
		return apic(vcpu, msr, true, &value);
	m = mtrr(&vcpu->arch, msr);
	if (m) {
		*m = value;
		return 0;
	}
	row = find(msr);
	return row && row->write ? row->write(vcpu, value) : unknown(vcpu, msr, "write");
}

void svm_msr_reset(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	memset(a->mtrr, 0, sizeof(a->mtrr));
	a->mtrr_default = 0;
	a->kvm_time = a->kvm_wall = 0;
}
