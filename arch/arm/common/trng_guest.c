/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source of entropy of guests: TRNG firmware interface 1.0 (Arm DEN 0098), from the
 * hypervisor's generator. Results are in x0 … x3 of the vCPU that called. No state.
 */
#include <arch/irqflags.h>
#include <arch/vcpu.h>
#include <core/random.h>
#include <core/vcpu.h>
#include <libs/string.h>
#include "port.h"

#define TRNG_VERSION		0x10000
#define TRNG_INVALID_PARAMETERS (-2)

int64_t trng_version(struct vcpu *vcpu, const uint64_t *arg)
{
	return TRNG_VERSION;
}

/* Which source it is: 4a1f6d2c-7c35-4c53-9b0e-58563256522f, four words of little-endian bytes. */
int64_t trng_uuid(struct vcpu *vcpu, const uint64_t *arg)
{
	uint64_t *x = vcpu->arch.regs.x;

	x[1] = 0x534c357c;
	x[2] = 0x58580e9b;
	x[3] = 0x2f525632;
	return 0x2c6d1f4a;
}

/* As many bits as asked for, right-aligned in three words of that width, the highest in x1. */
static int64_t entropy(struct vcpu *vcpu, uint32_t bits, unsigned width)
{
	uint64_t *x = vcpu->arch.regs.x, word[3];
	unsigned i;

	x[1] = x[2] = x[3] = 0;
	if (!bits || bits > 3 * width)
		return TRNG_INVALID_PARAMETERS;
	arch_irq_enable();
	random_bytes(word, sizeof(word));
	arch_irq_disable();
	for (i = 0; i < 3 && bits; i++) {
		unsigned n = MIN_T(unsigned, bits, width);

		x[3 - i] = word[i] & (~0ULL >> (64 - n));
		bits -= n;
	}
	memset(word, 0, sizeof(word));
	return 0;
}

int64_t trng_rnd32(struct vcpu *vcpu, const uint64_t *arg)
{
	return entropy(vcpu, (uint32_t)arg[1], 32);
}

int64_t trng_rnd64(struct vcpu *vcpu, const uint64_t *arg)
{
	return entropy(vcpu, (uint32_t)arg[1], 64);
}
