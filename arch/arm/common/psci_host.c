/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to the machine's own firmware: PSCI 0.1 to 1.x (Arm DEN 0022), by SMC or HVC as the device
 * tree says. Looked up once, on the boot CPU; only read afterwards, so that a panic can use it.
 */
#include "psci_host.h"

#include <arch/cpu.h>
#include <core/dt.h>
#include <core/log.h>
#include <libs/errno.h>
#include <libs/string.h>

#define PSCI_VERSION	  0x84000000u
#define PSCI_CPU_ON	  0xc4000003u
#define PSCI_SYSTEM_OFF	  0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

enum conduit { CONDUIT_UNKNOWN, CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC };

static struct {
	enum conduit conduit;
	uint32_t version;
	uint32_t cpu_on;	/* function number; 0: not there */
	bool system;		/* SYSTEM_OFF and SYSTEM_RESET are there */
} psci;

/* SMCCC 1.0: x0 … x3 carry arguments and results, x4 … x17 are lost. */
#define FIRMWARE_CALL(insn)                                                                         \
	__asm__ volatile(insn " #0"                                                                 \
			 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)                                   \
			 :                                                                          \
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",   \
			   "x15", "x16", "x17", "memory", "cc")

static int64_t call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t r0 __asm__("x0") = function;
	register uint64_t r1 __asm__("x1") = a1;
	register uint64_t r2 __asm__("x2") = a2;
	register uint64_t r3 __asm__("x3") = a3;

	if (psci.conduit == CONDUIT_SMC)
		FIRMWARE_CALL("smc");
	else
		FIRMWARE_CALL("hvc");
	/* results are 32 bits wide, signed */
	return (int32_t)r0;
}

static void look_up(void)
{
	static const char *const standard[] = { "arm,psci-1.0", "arm,psci-0.2" };
	const char *method;
	struct dt_node *node = NULL;
	unsigned i;

	if (psci.conduit != CONDUIT_UNKNOWN || !dt_root())
		return;
	psci.conduit = CONDUIT_NONE;
	for (i = 0; i < ARRAY_SIZE(standard) && !node; i++)
		node = dt_find_compatible(NULL, standard[i]);
	psci.system = node != NULL;
	if (!node)
		node = dt_find_compatible(NULL, "arm,psci");
	if (!node)
		return;
	method = dt_string(node, "method", 0);
	if (!method || (strcmp(method, "smc") && strcmp(method, "hvc"))) {
		log_warn("PSCI: method is neither smc nor hvc; firmware is not used");
		psci.system = false;
		return;
	}
	psci.conduit = strcmp(method, "smc") ? CONDUIT_HVC : CONDUIT_SMC;
	if (psci.system) {
		psci.cpu_on = PSCI_CPU_ON;
		psci.version = (uint32_t)call(PSCI_VERSION, 0, 0, 0);
	} else {
		psci.cpu_on = dt_u32_or(node, "cpu_on", 0);
		psci.version = 1;
	}
}

bool psci_host_present(void)
{
	look_up();
	return psci.cpu_on != 0;
}

uint32_t psci_host_version(void)
{
	look_up();
	return psci.version;
}

int psci_host_cpu_on(uint64_t hwid, hpa_t entry, uint64_t arg)
{
	if (!psci_host_present())
		return -ENOSYS;
	switch (call(psci.cpu_on, hwid, entry, arg)) {
	case 0:
		return 0;
	case -2: /* INVALID_PARAMETERS */
	case -9: /* INVALID_ADDRESS */
		return -EINVAL;
	case -3: /* DENIED */
		return -EACCES;
	case -4: /* ALREADY_ON */
	case -5: /* ON_PENDING */
		return -EALREADY;
	default:
		return -EIO;
	}
}

void arch_machine_reset(void)
{
	look_up();
	if (psci.system)
		(void)call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void arch_machine_off(void)
{
	look_up();
	if (psci.system)
		(void)call(PSCI_SYSTEM_OFF, 0, 0, 0);
}
