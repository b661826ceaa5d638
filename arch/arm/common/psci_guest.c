/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware interface of guests: PSCI 1.1 (Arm DEN 0022), SMC calling convention 1.1 (DEN 0028)
 * and the source of entropy (DEN 0098), by HVC and by SMC. One row a function.
 */
#include <arch/vcpu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include "port.h"

#define PSCI_SUCCESS		0
#define PSCI_NOT_SUPPORTED	(-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED		(-3)
#define PSCI_ALREADY_ON		(-4)
#define PSCI_ON_PENDING		(-5)
#define PSCI_INTERNAL_FAILURE	(-6)
#define PSCI_INVALID_ADDRESS	(-9)

#define FN32(n) (0x84000000U + (n))
#define FN64(n) (0xc4000000U + (n))
#define SMCCC_VERSION	     0x80000000U
#define SMCCC_ARCH_FEATURES  0x80000001U
#define TRNG_VERSION	     FN32(0x50)
#define TRNG_FEATURES	     FN32(0x51)
#define TRNG_GET_UUID	     FN32(0x52)
#define TRNG_RND32	     FN32(0x53)
#define TRNG_RND64	     FN64(0x53)
#define FN64_BIT	     0x40000000U
#define AFFINITY_MASK	     0xff00ffffffULL
/* Of a power state in the original format: level, type and number are between these bits. */
#define POWER_STATE_RES0     0xfcfe0000U

struct psci_row {
	uint32_t fn;
	uint32_t since; /* PSCI version that has it */
	int64_t (*call)(struct vcpu *vcpu, const uint64_t *arg);
};

static uint64_t arg_of(const uint64_t *arg, unsigned n)
{
	/* SMC32 calls have 32-bit arguments, whatever the upper halves are. */
	return arg[0] & FN64_BIT ? arg[n] : (uint32_t)arg[n];
}

static struct vcpu *find_vcpu(struct guest *guest, uint64_t mpidr)
{
	unsigned i;

	for (i = 0; i < guest->nr_vcpus; i++)
		if ((guest->vcpus[i]->arch.mpidr & AFFINITY_MASK) == mpidr)
			return guest->vcpus[i];
	return NULL;
}

static int64_t psci_version(struct vcpu *vcpu, const uint64_t *arg)
{
	return vcpu->guest->psci_version;
}

/* No power state is deeper than standby: wait for an interrupt, keep everything. */
static int64_t psci_cpu_suspend(struct vcpu *vcpu, const uint64_t *arg)
{
	if ((uint32_t)arg[1] & POWER_STATE_RES0)
		return PSCI_INVALID_PARAMETERS;
	vcpu_wait_irq(vcpu);
	return PSCI_SUCCESS;
}

static int64_t psci_cpu_off(struct vcpu *vcpu, const uint64_t *arg)
{
	vcpu_power_off(vcpu);
	return PSCI_SUCCESS;
}

static int64_t psci_cpu_on(struct vcpu *vcpu, const uint64_t *arg)
{
	struct vcpu *target = find_vcpu(vcpu->guest, arg_of(arg, 1));
	gpa_t entry = arg_of(arg, 2);
	int err;

	if (!target)
		return PSCI_INVALID_PARAMETERS;
	if (vcpu->guest->psci_version >= 0x10000 &&
	    !guest_mem_ptr(vcpu->guest, entry & ~3ULL, false, NULL)) {
		log_guest(LOG_WARN, vcpu->guest, vcpu,
			  "PSCI CPU_ON of vcpu%u with entry 0x%llx, which is no memory", target->id,
			  (unsigned long long)entry);
		return PSCI_INVALID_ADDRESS;
	}
	err = vcpu_power_on(target, entry, arg_of(arg, 3));
	return err == -EEXIST ? PSCI_ALREADY_ON : err == -EBUSY ? PSCI_ON_PENDING :
	       err ? PSCI_INTERNAL_FAILURE : PSCI_SUCCESS;
}

static int64_t psci_affinity_info(struct vcpu *vcpu, const uint64_t *arg)
{
	struct vcpu *target = find_vcpu(vcpu->guest, arg_of(arg, 1));

	if (!target || arg_of(arg, 2) != 0)
		return PSCI_INVALID_PARAMETERS;
	switch (READ_ONCE(target->power)) {
	case VCPU_ON:
		return 0;
	case VCPU_ON_PENDING:
		return 2;
	default:
		return 1;
	}
}

/* No trusted OS: nothing to migrate. */
static int64_t psci_migrate_type(struct vcpu *vcpu, const uint64_t *arg)
{
	return 2;
}

static int64_t psci_system_off(struct vcpu *vcpu, const uint64_t *arg)
{
	guest_end(vcpu->guest, GUEST_EXIT_OFF, "powered off");
	return PSCI_INTERNAL_FAILURE;
}

static int64_t psci_system_reset(struct vcpu *vcpu, const uint64_t *arg)
{
	guest_request_reset(vcpu->guest);
	return PSCI_INTERNAL_FAILURE;
}

static int64_t psci_system_reset2(struct vcpu *vcpu, const uint64_t *arg)
{
	uint32_t type = (uint32_t)arg_of(arg, 1);

	/* Architectural: only warm reset (0) is defined; vendor types have bit 31 set. */
	if (type != 0)
		return type & 0x80000000U ? PSCI_NOT_SUPPORTED : PSCI_INVALID_PARAMETERS;
	return psci_system_reset(vcpu, arg);
}

static int64_t psci_features(struct vcpu *vcpu, const uint64_t *arg);
static int64_t smccc_version(struct vcpu *vcpu, const uint64_t *arg);
static int64_t smccc_features(struct vcpu *vcpu, const uint64_t *arg);
static int64_t trng_features(struct vcpu *vcpu, const uint64_t *arg);

/* CPU_OFF and the like have only 32-bit numbers; those with addresses have both. */
static const struct psci_row rows[] = {
	{ FN32(0), 0x2, psci_version },
	{ FN32(1), 0x2, psci_cpu_suspend },
	{ FN64(1), 0x2, psci_cpu_suspend },
	{ FN32(2), 0x2, psci_cpu_off },
	{ FN32(3), 0x2, psci_cpu_on },
	{ FN64(3), 0x2, psci_cpu_on },
	{ FN32(4), 0x2, psci_affinity_info },
	{ FN64(4), 0x2, psci_affinity_info },
	{ FN32(6), 0x2, psci_migrate_type },
	{ FN32(8), 0x2, psci_system_off },
	{ FN32(9), 0x2, psci_system_reset },
	{ FN32(10), 0x10000, psci_features },
	{ FN32(18), 0x10001, psci_system_reset2 },
	{ FN64(18), 0x10001, psci_system_reset2 },
	{ SMCCC_VERSION, 0x10000, smccc_version },
	{ SMCCC_ARCH_FEATURES, 0x10000, smccc_features },
	{ TRNG_VERSION, 0x10000, trng_version },
	{ TRNG_FEATURES, 0x10000, trng_features },
	{ TRNG_GET_UUID, 0x10000, trng_uuid },
	{ TRNG_RND32, 0x10000, trng_rnd32 },
	{ TRNG_RND64, 0x10000, trng_rnd64 },
};

/* What a vCPU may call: with 64-bit arguments only one that has them. */
static const struct psci_row *find_row(const struct vcpu *vcpu, uint32_t fn)
{
	unsigned i;

	if (fn & FN64_BIT && vcpu->arch.aarch32)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].fn == fn)
			return vcpu->guest->psci_version >= rows[i].since ? &rows[i] : NULL;
	return NULL;
}

static bool is_trng(uint32_t fn)
{
	return (fn & ~FN64_BIT) - TRNG_VERSION <= TRNG_RND32 - TRNG_VERSION;
}

static int64_t psci_features(struct vcpu *vcpu, const uint64_t *arg)
{
	uint32_t fn = (uint32_t)arg[1];

	return find_row(vcpu, fn) && !is_trng(fn) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

static int64_t trng_features(struct vcpu *vcpu, const uint64_t *arg)
{
	uint32_t fn = (uint32_t)arg[1];

	return find_row(vcpu, fn) && is_trng(fn) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

static int64_t smccc_version(struct vcpu *vcpu, const uint64_t *arg)
{
	return 0x10001;
}

static int64_t smccc_features(struct vcpu *vcpu, const uint64_t *arg)
{
	uint32_t fn = (uint32_t)arg[1];

	return fn == SMCCC_VERSION || fn == SMCCC_ARCH_FEATURES ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

void psci_guest_call(struct vcpu *vcpu, bool smc)
{
	uint64_t *x = vcpu->arch.regs.x;
	const struct psci_row *row = find_row(vcpu, (uint32_t)x[0]);

	if (likely(row)) {
		x[0] = (uint64_t)row->call(vcpu, x);
		return;
	}
	log_guest(LOG_DEBUG, vcpu->guest, vcpu, "unknown %s call 0x%08x: not supported",
		  smc ? "SMC" : "HVC", (uint32_t)x[0]);
	x[0] = (uint64_t)PSCI_NOT_SUPPORTED;
}
