/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest sees of its CPU by CPUID: the host's, less what is not switched or not there for
 * guests. A function a leaf. Constant once the boot CPU has read its features.
 */
#include <arch/timer.h>
#include <core/guest.h>
#include <core/vcpu.h>
#include <port/asm.h>
#include "../host/features.h"
#include "svm.h"

/* Leaf 1, ECX: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define LEAF1_ECX (BIT32(0) | BIT32(1) | BIT32(9) | BIT32(12) | BIT32(13) | BIT32(19) |             \
		   BIT32(20) | BIT32(22) | BIT32(23) | BIT32(25) | BIT32(26) | BIT32(28) |          \
		   BIT32(29) | BIT32(30))
#define X2APIC	   BIT32(21)
#define DEADLINE   BIT32(24)
#define OSXSAVE	   BIT32(27)
#define HYPERVISOR BIT32(31)
/* EDX: all that is old, but machine checks' banks stay, without thermal control and debug store */
#define LEAF1_EDX 0x1789fbffu
/*
 * Leaf 7, EBX: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID AVX512F… RDSEED ADX SMAP CLFLUSHOPT CLWB
 */
#define LEAF7_EBX (BIT32(0) | BIT32(3) | BIT32(5) | BIT32(7) | BIT32(8) | BIT32(9) | BIT32(10) |     \
		   BIT32(18) | BIT32(19) | BIT32(20) | BIT32(23) | BIT32(24) | BIT32(29))
#define LEAF7_AVX512 (BIT32(16) | BIT32(17) | BIT32(21) | BIT32(26) | BIT32(27) | BIT32(28) |       \
		      BIT32(30) | BIT32(31))
/* ECX: UMIP VAES VPCLMUL RDPID */
#define LEAF7_ECX (BIT32(2) | BIT32(8) | BIT32(9) | BIT32(10) | BIT32(22))
/* EDX: FSRM */
#define LEAF7_EDX BIT32(4)
/* With AVX-512: VBMI VBMI2 VNNI BITALG VPOPCNTDQ, in sub-leaf 1 BF16; with AVX: VNNI there */
#define LEAF7_ECX_AVX512  (BIT32(1) | BIT32(6) | BIT32(11) | BIT32(12) | BIT32(14))
#define LEAF71_EAX	  BIT32(4)
#define LEAF71_EAX_AVX512 BIT32(5)
/* Which have bits in CR4 */
#define LEAF7_FSGSBASE	   BIT32(0)
#define LEAF7_SMEP	   BIT32(7)
#define LEAF7_SMAP	   BIT32(20)
#define LEAF7_UMIP	   BIT32(2)
#define LEAF7_PKU	   BIT32(3)
#define LEAF7_SHADOW_STACK BIT32(7)
/* VME to OSXMMEXCPT, and those */
#define CR4_OLD	     0x7ffu
#define CR4_UMIP     BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_SMEP     BIT(20)
#define CR4_SMAP     BIT(21)
/* 0x80000001, ECX: LAHF CMPLEGACY CR8 ABM SSE4A MISALIGNSSE PREFETCH */
#define EXT1_ECX (BIT32(0) | BIT32(4) | BIT32(5) | BIT32(6) | BIT32(7) | BIT32(8))
/* EDX: as leaf 1, SYSCALL NX MMXEXT FFXSR 1G RDTSCP LM 3DNOW */
#define EXT1_EDX 0xeffbfbffu

#define XCR0_X87_SSE 0x3u
#define XCR0_AVX     0x4u
#define XCR0_AVX512  0xe0u

#define SIGNATURE_KVM_B 0x4b4d564b /* "KVMKVMKVM" */
#define SIGNATURE_KVM_C 0x564b4d56
#define SIGNATURE_KVM_D 0x4d
#define KVM_CLOCK	(BIT32(0) | BIT32(3)) /* by its old and its new numbers */
#define KVM_STABLE	BIT32(24)	      /* the same on all vCPUs */
#define APIC_BUS_KHZ	1000000

uint64_t svm_xcr0_mask(void)
{
	static uint64_t mask;
	uint64_t host;

	if (!mask && x86_features.xsave) {
		host = cpuid(0xd, 0).eax;
		mask = XCR0_X87_SSE | (host & XCR0_AVX);
		if ((host & XCR0_AVX512) == XCR0_AVX512)
			mask |= XCR0_AVX512;
	}
	return mask;
}

bool svm_xcr0_ok(uint64_t value)
{
	uint64_t wide = value & XCR0_AVX512;

	/* x87 always, AVX only with SSE, and what AVX-512 has all or none with AVX */
	return value & 1 && !(value & ~svm_xcr0_mask()) && (value & 6) != 4 &&
	       (!wide || (wide == XCR0_AVX512 && value & XCR0_AVX));
}

uint64_t svm_cr4_mask(void)
{
	struct cpuid r = cpuid(7, 0);

	return CR4_OLD | (x86_features.xsave ? CR4_OSXSAVE : 0) |
	       (r.ebx & LEAF7_FSGSBASE ? CR4_FSGSBASE : 0) | (r.ebx & LEAF7_SMEP ? CR4_SMEP : 0) |
	       (r.ebx & LEAF7_SMAP ? CR4_SMAP : 0) | (r.ecx & LEAF7_UMIP ? CR4_UMIP : 0);
}

bool svm_cr4_guarded(void)
{
	return cpuid(7, 0).ecx & (LEAF7_PKU | LEAF7_SHADOW_STACK);
}

/* End of the last component. */
static uint32_t xsave_size(uint64_t xcr0)
{
	uint32_t size = 576;
	unsigned i;

	for (i = 2; i < 63; i++) {
		struct cpuid r;

		if (!(xcr0 & BIT(i)))
			continue;
		r = cpuid(0xd, i);
		size = MAX(size, r.ebx + r.eax);
	}
	return size;
}

uint32_t svm_xsave_size(void)
{
	return x86_features.xsave ? xsave_size(svm_xcr0_mask()) : 512;
}

/* --- leaves ----------------------------------------------------------------------------------- */

static void leaf_1(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	unsigned n = v->guest->nr_vcpus;

	r->ecx &= LEAF1_ECX;
	if (v->guest->vintc && v->guest->vintc->sysreg)
		r->ecx |= X2APIC | DEADLINE;
	if (v->arch.vmcb->cr4 & CR4_OSXSAVE)
		r->ecx |= OSXSAVE;
	r->ecx |= HYPERVISOR;
	r->edx = (r->edx & LEAF1_EDX & ~BIT32(28)) | (n > 1 ? BIT32(28) : 0);
	r->ebx = (r->ebx & 0xffff) | n << 16 | v->id << 24;
}

static void leaf_7(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	uint64_t mask = svm_xcr0_mask();

	if (sub) {
		*r = (struct cpuid){ .eax = sub > 1 || !(mask & XCR0_AVX) ? 0 :
					    r->eax & (LEAF71_EAX | (mask & XCR0_AVX512 ?
								    LEAF71_EAX_AVX512 : 0)) };
		return;
	}
	r->eax = MIN(r->eax, 1u);
	r->ebx &= LEAF7_EBX | (mask & XCR0_AVX512 ? LEAF7_AVX512 : 0);
	r->ecx &= LEAF7_ECX | (mask & XCR0_AVX512 ? LEAF7_ECX_AVX512 : 0);
	r->edx &= LEAF7_EDX;
}

/* One thread a core, all cores in one package. */
static void leaf_topology(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	unsigned n = v->guest->nr_vcpus, shift = 0;

	while (1u << shift < n)
		shift++;
	*r = (struct cpuid){ .ecx = sub, .edx = v->id };
	if (sub == 0) {
		r->ebx = 1;
		r->ecx |= 1 << 8;
	} else if (sub == 1) {
		r->eax = shift;
		r->ebx = n;
		r->ecx |= 2 << 8;
	}
}

static void leaf_xsave(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	uint64_t mask = svm_xcr0_mask();

	if (sub == 0) {
		*r = (struct cpuid){ (uint32_t)mask, xsave_size(svm_xcr0() & mask),
				     svm_xsave_size(), (uint32_t)(mask >> 32) };
	} else if (sub == 1) {
		*r = (struct cpuid){ .eax = r->eax & 1 }; /* XSAVEOPT */
	} else if (sub > 62 || !(mask & BIT(sub))) {
		*r = (struct cpuid){ 0 };
	}
}

static void leaf_max(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	r->eax = MIN(r->eax, x86_features.xsave ? 0xdu : 0xbu);
	r->eax = MAX(r->eax, 0xbu);
}

static void leaf_same(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
}

static void leaf_kvm(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	*r = (struct cpuid){ 0x40000010, SIGNATURE_KVM_B, SIGNATURE_KVM_C, SIGNATURE_KVM_D };
}

static void leaf_kvm_features(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	*r = (struct cpuid){ .eax = x86_features.tsc_invariant ? KVM_CLOCK | KVM_STABLE :
								 KVM_CLOCK };
}

static void leaf_frequency(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	*r = (struct cpuid){ (uint32_t)(arch_counter_freq() / 1000), APIC_BUS_KHZ, 0, 0 };
}

static void leaf_ext_max(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	r->eax = MIN(r->eax, 0x80000008u);
}

static void leaf_ext_1(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	r->ecx &= EXT1_ECX;
	if (v->guest->nr_vcpus > 1)
		r->ecx |= BIT32(1); /* cores, not threads */
	r->edx &= EXT1_EDX;
}

/* The counter goes on at the same rate on all vCPUs, as far as it does on the host's. */
static void leaf_power(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	*r = (struct cpuid){ .edx = x86_features.tsc_invariant ? BIT32(8) : 0 };
}

static void leaf_sizes(struct vcpu *v, uint32_t sub, struct cpuid *r)
{
	r->ebx = 0;
	r->ecx = v->guest->nr_vcpus - 1;
	r->edx = 0;
}

/* What there is of each range, by number. NULL: nothing, all zeros. */
typedef void (*leaf_fn)(struct vcpu *v, uint32_t sub, struct cpuid *r);

static const leaf_fn basic[] = {
	[0] = leaf_max,
	[1] = leaf_1,
	[2] = leaf_same,
	[7] = leaf_7,
	[0xb] = leaf_topology,
	[0xd] = leaf_xsave,
};
static const leaf_fn extended[] = {
	[0] = leaf_ext_max,
	[1] = leaf_ext_1,
	[2 ... 6] = leaf_same,
	[7] = leaf_power,
	[8] = leaf_sizes,
};
static const leaf_fn hypervisor[] = {
	[0] = leaf_kvm,
	[1] = leaf_kvm_features,
	[0x10] = leaf_frequency,
};

static leaf_fn find(uint32_t leaf)
{
	uint32_t n = leaf & 0x0fffffff;

	switch (leaf >> 28) {
	case 0:
		return n < ARRAY_SIZE(basic) ? basic[n] : NULL;
	case 4:
		return n < ARRAY_SIZE(hypervisor) ? hypervisor[n] : NULL;
	case 8:
		return n < ARRAY_SIZE(extended) ? extended[n] : NULL;
	default:
		return NULL;
	}
}

void svm_cpuid(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	uint32_t leaf = (uint32_t)a->vmcb->rax, sub = (uint32_t)a->regs[1];
	struct cpuid r = { 0 };
	leaf_fn fix = find(leaf);

	if (fix) {
		if (leaf >> 28 != 4)
			r = cpuid(leaf, sub);
		fix(vcpu, sub, &r);
	}
	a->vmcb->rax = r.eax;
	a->regs[3] = r.ebx;
	a->regs[1] = r.ecx;
	a->regs[2] = r.edx;
}
