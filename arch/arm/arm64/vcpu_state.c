/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of a vCPU that stays in the CPU between exits: loading and saving it when another vCPU
 * takes the CPU, reset values, and the register dump.
 */
#include <arch/vcpu.h>
#include <arch/vintc.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/features.h>
#include <port/gtimer.h>
#include <port/sysreg.h>
#include "../common/port.h"
#include "exception.h"

void fp_save(struct vcpu_fp *fp);
void fp_load(const struct vcpu_fp *fp);

/*
 * Two registers a row, in the order of their indexes, so that they are stored and loaded in pairs:
 * SYSREGS(X) expands X(first index, name, name).
 */
#define SYSREGS(X)                                                                                  \
	X(VR_SP_EL0, sp_el0, sp_el1)                                                                \
	X(VR_ELR_EL1, elr_el1, spsr_el1)                                                            \
	X(VR_SCTLR_EL1, sctlr_el1, cpacr_el1)                                                       \
	X(VR_TCR_EL1, tcr_el1, ttbr0_el1)                                                           \
	X(VR_TTBR1_EL1, ttbr1_el1, mair_el1)                                                        \
	X(VR_AMAIR_EL1, amair_el1, vbar_el1)                                                        \
	X(VR_ESR_EL1, esr_el1, far_el1)                                                             \
	X(VR_AFSR0_EL1, afsr0_el1, afsr1_el1)                                                       \
	X(VR_PAR_EL1, par_el1, contextidr_el1)                                                      \
	X(VR_TPIDR_EL0, tpidr_el0, tpidrro_el0)                                                     \
	X(VR_TPIDR_EL1, tpidr_el1, cntkctl_el1)                                                     \
	X(VR_CSSELR_EL1, csselr_el1, mdscr_el1)

#define PAUTH_KEYS(X)                                                                               \
	X(0, SYS_APIAKEYLO_EL1) X(1, SYS_APIAKEYHI_EL1) X(2, SYS_APIBKEYLO_EL1)                     \
	X(3, SYS_APIBKEYHI_EL1) X(4, SYS_APDAKEYLO_EL1) X(5, SYS_APDAKEYHI_EL1)                     \
	X(6, SYS_APDBKEYLO_EL1) X(7, SYS_APDBKEYHI_EL1) X(8, SYS_APGAKEYLO_EL1)                     \
	X(9, SYS_APGAKEYHI_EL1)

#define A32REGS(X)                                                                                  \
	X(0, spsr_abt) X(1, spsr_und) X(2, spsr_irq) X(3, spsr_fiq) X(4, dacr32_el2)                \
	X(5, ifsr32_el2) X(6, dbgvcr32_el2)

/* What not every CPU has, or not every guest uses. */
static noinline_fn void save_more(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (!(a->cptr & CPTR_TFP))
		fp_save(&a->fp);
	if (a->debug_loaded)
		debug_save(vcpu);
	if (cpu_features.pauth) {
#define SAVE(i, name) a->pauth[i] = READ_SYSREG(name);
		PAUTH_KEYS(SAVE)
#undef SAVE
	}
	if (cpu_features.ras) {
		a->vsesr = READ_SYSREG(SYS_VSESR_EL2);
		a->disr = READ_SYSREG(SYS_VDISR_EL2);
	}
	if (cpu_features.sme)
		a->tpidr2 = READ_SYSREG(SYS_TPIDR2_EL0);
	if (a->aarch32) {
		a32_spsr_leave(&a->regs);
		a->sys[VR_SPSR_EL1] = READ_SYSREG(spsr_el1);
#define SAVE(i, name) a->a32[i] = READ_SYSREG(name);
		A32REGS(SAVE)
#undef SAVE
		a->fpexc32 = READ_SYSREG(fpexc32_el2);
		if (a->icc)
			WRITE_SYSREG(hstr_el2, 0);
	}
}

static noinline_fn void load_more(struct vcpu *vcpu)
{
	const struct arch_vcpu *a = &vcpu->arch;

	if (!(a->cptr & CPTR_TFP))
		fp_load(&a->fp);
	if (a->debug_loaded)
		debug_load(vcpu);
	if (cpu_features.pauth) {
#define LOAD(i, name) WRITE_SYSREG(name, a->pauth[i]);
		PAUTH_KEYS(LOAD)
#undef LOAD
	}
	if (cpu_features.ras) {
		WRITE_SYSREG(SYS_VSESR_EL2, a->vsesr);
		WRITE_SYSREG(SYS_VDISR_EL2, a->disr);
	}
	if (cpu_features.sme)
		WRITE_SYSREG(SYS_TPIDR2_EL0, a->tpidr2);
	if (a->aarch32) {
#define LOAD(i, name) WRITE_SYSREG(name, a->a32[i]);
		A32REGS(LOAD)
#undef LOAD
		WRITE_SYSREG(fpexc32_el2, a->fpexc32);
		if (a->icc)
			WRITE_SYSREG(hstr_el2, HSTR_T12);
		a32_spsr_enter(&a->regs);
	}
}

static inline void save_sysregs(struct arch_vcpu *a)
{
	uint64_t first, second;

#define SAVE(i, first_name, second_name)                                                           \
	first = READ_SYSREG(first_name);                                                           \
	second = READ_SYSREG(second_name);                                                         \
	a->sys[i] = first;                                                                         \
	a->sys[(i) + 1] = second;
	SYSREGS(SAVE)
#undef SAVE
}

static inline void load_sysregs(const struct arch_vcpu *a)
{
	uint64_t first, second;

#define LOAD(i, first_name, second_name)                                                           \
	first = a->sys[i];                                                                         \
	second = a->sys[(i) + 1];                                                                  \
	WRITE_SYSREG(first_name, first);                                                           \
	WRITE_SYSREG(second_name, second);
	SYSREGS(LOAD)
#undef LOAD
}

void arch_vcpu_save(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	gtimer_save(a);
	vintc_hw_save(vcpu);
	save_sysregs(a);
	if (a->more)
		save_more(vcpu);
	/* HCR_EL2.VSE is cleared by the hardware when the guest took the SError. */
	if (unlikely(a->hcr & HCR_VSE))
		a->hcr &= ~HCR_VSE | READ_SYSREG(hcr_el2);
}

/* Another vCPU of the guest left translations here that are not ours (same VMID, other tables). */
static void flush_stale(struct vcpu *vcpu)
{
	uint16_t *last = &vcpu->guest->arch.last_ran[this_cpu()->id];

	if (*last != vcpu->id + 1 && *last)
		__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
	*last = (uint16_t)(vcpu->id + 1);
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	WRITE_SYSREG(vttbr_el2, vcpu->guest->arch.vttbr);
	WRITE_SYSREG(hcr_el2, a->hcr);
	WRITE_SYSREG(vmpidr_el2, a->mpidr);
	WRITE_SYSREG(mdcr_el2, a->mdcr);
	WRITE_SYSREG(cptr_el2, a->cptr);
	isb();
	flush_stale(vcpu);
	load_sysregs(a);
	if (a->more)
		load_more(vcpu);
	vintc_hw_load(vcpu);
	gtimer_load(a, vcpu->guest->start_count);
}

bool vcpu_first_fp(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (!(a->cptr & CPTR_TFP))
		return false;
	a->cptr &= ~CPTR_TFP;
	a->more = true;
	WRITE_SYSREG(cptr_el2, a->cptr);
	isb();
	fp_load(&a->fp);
	return true;
}

/* --- reset ---------------------------------------------------------------------------- */

static uint64_t initial_hcr(const struct arch_vcpu *a)
{
	uint64_t hcr = HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB |
		       HCR_BSU_IS | HCR_TWI | HCR_TWE | HCR_TSC | HCR_TID3 | HCR_TIDCP | HCR_TACR;

	if (!a->aarch32)
		hcr |= HCR_RW;
	if (cpu_features.pauth)
		hcr |= HCR_API | HCR_APK;
	if (cpu_features.ras)
		hcr |= HCR_TERR;
	return hcr;
}

void arch_vcpu_configure(struct vcpu *vcpu, bool narrow, const uint32_t *numbers)
{
	vcpu->arch.aarch32 = narrow;
	vcpu->arch.vtimer.virq = numbers[0];
	vcpu->arch.ptimer.virq = numbers[1];
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	if (vcpu->arch.aarch32 && !cpu_features.aarch32_el1) {
		log_error("%s: AArch32 guests need a CPU with AArch32 at EL1; this one has none",
			  vcpu->guest->name);
		return -ENOTSUP;
	}
	if (vcpu->arch.aarch32)
		a32_spsr_find();
	vcpu->arch.mpidr = mpidr_of(vcpu->id, false);
	return 0;
}

void arch_vcpu_fini(struct vcpu *vcpu)
{
	if (vcpu->arch.icc)
		icc_fini(vcpu);
	heap_free(vcpu->arch.debug);
	vcpu->arch.debug = NULL;
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg)
{
	struct arch_vcpu *a = &vcpu->arch;
	bool big = vcpu->guest->big_endian;

	memset(&a->regs, 0, sizeof(a->regs));
	memset(a->sys, 0, sizeof(a->sys));
	memset(a->pauth, 0, sizeof(a->pauth));
	memset(a->a32, 0, sizeof(a->a32));
	memset(&a->fp, 0, sizeof(a->fp));
	a->vsesr = a->disr = a->tpidr2 = a->fpexc32 = 0;
	a->os_locked = !a->aarch32;
	a->hcr = initial_hcr(a);
	a->idle_trapped = true;
	/* FPEXC32_EL2 has to be read for those of AArch32, which TFP would not let us. */
	a->cptr = cptr_el2_base() | (a->aarch32 ? 0 : CPTR_TFP);
	a->more = a->aarch32 || cpu_features.more_state;
	a->debug_loaded = false;
	a->mdcr = MDCR_TDRA | MDCR_TDOSA | MDCR_TDA | MDCR_TPM | MDCR_TPMCR;
	if (a->icc) {
		icc_reset(vcpu);
	} else {
		heap_free(a->debug);
		a->debug = NULL;
	}
	a->vtimer.ctl = a->vtimer.cval = a->ptimer.ctl = a->ptimer.cval = 0;
	a->regs.pc = pc;
	if (a->aarch32) {
		a32_reset(vcpu, pc, arg);
		return;
	}
	a->regs.x[0] = arg;
	a->regs.pstate = PSR_EL1H | PSR_D | PSR_A | PSR_I | PSR_F;
	a->sys[VR_SCTLR_EL1] = SCTLR_EL1_RESET | (big ? SCTLR_EL1_EE | SCTLR_EL1_E0E : 0);
}

void arch_vcpu_trap_idle(struct vcpu *vcpu, bool trap)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (a->idle_trapped == trap)
		return;
	a->idle_trapped = trap;
	a->hcr &= ~(HCR_TWI | HCR_TWE);
	a->hcr |= trap ? HCR_TWI | HCR_TWE : 0;
	/* The hardware clears VSE when the guest takes the SError. */
	if (unlikely(a->hcr & HCR_VSE))
		a->hcr &= ~HCR_VSE | READ_SYSREG(hcr_el2);
	WRITE_SYSREG(hcr_el2, a->hcr);
}

bool arch_vcpu_pending(struct vcpu *vcpu)
{
	return (READ_SYSREG(hcr_el2) & (HCR_VI | HCR_VF | HCR_VSE)) || gtimer_asserted();
}

uint64_t arch_vcpu_deadline(struct vcpu *vcpu)
{
	return gtimer_deadline(vcpu, this_cpu()->loaded == vcpu);
}

/* --- dump ------------------------------------------------------------------------------ */

void arch_vcpu_dump(struct vcpu *vcpu, struct shell_out *out)
{
	static const struct {
		char name[12];
		uint8_t index;
	} rows[] = {
		{"SP_EL0", VR_SP_EL0},	     {"SP_EL1", VR_SP_EL1},	  {"ELR_EL1", VR_ELR_EL1},
		{"SPSR_EL1", VR_SPSR_EL1},   {"SCTLR_EL1", VR_SCTLR_EL1}, {"TCR_EL1", VR_TCR_EL1},
		{"TTBR0_EL1", VR_TTBR0_EL1}, {"TTBR1_EL1", VR_TTBR1_EL1}, {"VBAR_EL1", VR_VBAR_EL1},
		{"ESR_EL1", VR_ESR_EL1},     {"FAR_EL1", VR_FAR_EL1},	  {"MAIR_EL1", VR_MAIR_EL1},
	};
	const struct arch_vcpu *a = &vcpu->arch;
	unsigned i;

	out_printf(out, " PC %016llx  PSTATE %08llx  HCR_EL2 %016llx\n",
		   (unsigned long long)a->regs.pc, (unsigned long long)a->regs.pstate,
		   (unsigned long long)a->hcr);
	for (i = 0; i < 31; i++)
		out_printf(out, " x%-2u %016llx%s", i, (unsigned long long)a->regs.x[i],
			   i % 4 == 3 || i == 30 ? "\n" : " ");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		out_printf(out, " %-10s %016llx%s", rows[i].name,
			   (unsigned long long)a->sys[rows[i].index], i % 3 == 2 ? "\n" : " ");
}
