/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU of ARMv8 as the hypervisor's own: features, controls of EL2 that do not change, idling,
 * threads' stacks.
 */
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <arch/thread.h>
#include <core/cpu.h>
#include <core/mem.h>
#include <core/pgtable.h>
#include <libs/printf.h>
#include <libs/string.h>
#include <port/features.h>
#include <port/sysreg.h>
#include "../common/port.h"
#include "idreg.h"

struct cpu_features cpu_features;

static unsigned field(uint64_t reg, unsigned shift)
{
	return (reg >> shift) & 0xf;
}

static void read_features(void)
{
	static const uint8_t pa_bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	uint64_t pfr0 = READ_SYSREG(id_aa64pfr0_el1), pfr1 = READ_SYSREG(id_aa64pfr1_el1);
	uint64_t isar1 = READ_SYSREG(id_aa64isar1_el1), isar2 = READ_SYSREG(SYS_ID_AA64ISAR2_EL1);
	uint64_t mmfr0 = READ_SYSREG(id_aa64mmfr0_el1), mmfr1 = READ_SYSREG(id_aa64mmfr1_el1);
	uint64_t dfr0 = READ_SYSREG(id_aa64dfr0_el1);
	struct cpu_features *f = &cpu_features;

	f->pauth = field(isar1, 4) || field(isar1, 8) || field(isar2, 12);
	f->sve = field(pfr0, 32);
	f->sme = field(pfr1, 24);
	f->ras = field(pfr0, 28);
	f->gicv3 = field(pfr0, 24);
	f->aarch32_el1 = field(pfr0, 4) == 2;
	f->mte = field(pfr1, 8) > 1;
	f->vmid16 = field(mmfr1, 4) == 2;
	f->hcx = field(mmfr1, 40);
	f->fgt = field(mmfr0, 56);
	f->pa_bits = MIN_T(unsigned, pa_bits[MIN_T(unsigned, field(mmfr0, 0), 6)], 48);
	f->more_state = f->pauth || f->ras || f->sme;
	f->brps = field(dfr0, 12) + 1;
	f->wrps = field(dfr0, 20) + 1;
}

uint64_t cptr_el2_base(void)
{
	/* TZ is RES1 without SVE. */
	return CPTR_RES1 | CPTR_TTA | CPTR_TZ | (cpu_features.sme ? CPTR_TSM : 0);
}

/* Stage 2: 4 KiB granule, start at level 1, at most 40 bits. */
static void init_stage2(void)
{
	unsigned bits = MIN(cpu_features.pa_bits, 40U);
	uint64_t ps = MIN_T(uint64_t, READ_SYSREG(id_aa64mmfr0_el1) & 0xf, 5);
	uint64_t vtcr = BIT(31) | (ps << 16) | (3ULL << 12) | (1ULL << 10) | (1ULL << 8) |
			(1ULL << 6) | (64 - bits);

	if (cpu_features.vmid16)
		vtcr |= BIT(19);
	WRITE_SYSREG(vtcr_el2, vtcr);
	lpae_set_stage2_bits(bits);
}

/* Controls that no vCPU changes; a vCPU's own are set when it is loaded (vcpu_state.c). */
static void init_el2(void)
{
	WRITE_SYSREG(hcr_el2, HCR_RW | HCR_FMO | HCR_IMO | HCR_AMO); /* interrupts come to EL2 */
	WRITE_SYSREG(cptr_el2, cptr_el2_base());
	WRITE_SYSREG(hstr_el2, 0);
	WRITE_SYSREG(cnthctl_el2, 3); /* the guest has the physical counter and timer */
	WRITE_SYSREG(cntv_ctl_el0, 0);
	WRITE_SYSREG(cntp_ctl_el0, 0);
	WRITE_SYSREG(mdcr_el2, MDCR_TDRA | MDCR_TDOSA | MDCR_TDA | MDCR_TPM | MDCR_TPMCR);
	WRITE_SYSREG(oslar_el1, 0); /* no debug exceptions else */
	WRITE_SYSREG(osdlr_el1, 0);
	WRITE_SYSREG(vpidr_el2, READ_SYSREG(midr_el1));
	if (cpu_features.hcx)
		WRITE_SYSREG(SYS_HCRX_EL2, 0);
	WRITE_SYSREG(vttbr_el2, 0);
	init_stage2();
	isb();
}

int arch_cpu_init(void)
{
	read_features();
	idreg_init();
	init_el2();
	return 0;
}

void arch_cpu_init_secondary(void)
{
	init_el2();
}

void arch_cpu_idle(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

void arch_cpu_halt(void)
{
	__asm__ volatile("msr daifset, #15" : : : "memory");
	for (;;)
		__asm__ volatile("wfi");
}

/* SYS_EXIT_EXTENDED of the Arm semihosting specification: a block of reason and status. */
void arch_machine_exit(int status)
{
	static volatile uint64_t block[2];
	register uint64_t w0 __asm__("x0") = 0x20;
	register uint64_t x1 __asm__("x1") = (uintptr_t)block;

	block[0] = 0x20026; /* ADP_Stopped_ApplicationExit */
	block[1] = (uint64_t)status;
	__asm__ volatile("hlt #0xf000" : "+r"(w0) : "r"(x1) : "memory");
}

void arch_cpu_describe(char *buf, size_t size)
{
	static const struct {
		uint16_t part;
		char name[12];
	} arm_parts[] = {
		{ 0xd03, "Cortex-A53" }, { 0xd04, "Cortex-A35" },   { 0xd05, "Cortex-A55" },
		{ 0xd07, "Cortex-A57" }, { 0xd08, "Cortex-A72" },   { 0xd09, "Cortex-A73" },
		{ 0xd0a, "Cortex-A75" }, { 0xd0b, "Cortex-A76" },   { 0xd0c, "Neoverse-N1" },
		{ 0xd40, "Neoverse-V1" }, { 0xd49, "Neoverse-N2" },
	};
	uint64_t midr = READ_SYSREG(midr_el1);
	unsigned part = (midr >> 4) & 0xfff, i;
	const char *name = "ARMv8-A CPU";

	for (i = 0; (midr >> 24) == 0x41 && i < ARRAY_SIZE(arm_parts); i++)
		if (arm_parts[i].part == part)
			name = arm_parts[i].name;
	snprintf(buf, size, "%s r%up%u, MIDR 0x%08x, MPIDR 0x%llx", name,
		 (unsigned)(midr >> 20) & 0xf, (unsigned)midr & 0xf, (unsigned)midr,
		 (unsigned long long)READ_SYSREG(mpidr_el1));
}

unsigned arch_backtrace(va_t fp, va_t *pcs, unsigned max)
{
	unsigned n = 0;

	if (!fp)
		fp = (va_t)__builtin_frame_address(0);
	while (n < max && fp && IS_ALIGNED(fp, 16)) {
		va_t *frame = (va_t *)fp;

		/* A broken chain must not fault: look whether it is mapped first. */
		if (!pgtable_lookup(&pgtable_host, fp, NULL, NULL, NULL) || !frame[1])
			break;
		pcs[n++] = frame[1] - 4;
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return n;
}

va_t arch_thread_init(va_t stack_top)
{
	/* The frame that arch_thread_switch() pops: x29, x30, x19 … x28. */
	uint64_t *frame = (uint64_t *)(stack_top - 96);

	memset(frame, 0, 96);
	frame[1] = (uintptr_t)thread_entry;
	return (va_t)frame;
}
