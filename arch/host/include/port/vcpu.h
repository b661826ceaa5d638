/* SPDX-License-Identifier: GPL-2.0-only */
/* The register state of a vCPU of the fake port; its guest program is a function of the test. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HOST_SLOTS_MAX	16
#define HOST_VCPU_REGS	32

struct arch_vcpu {
	uint64_t regs[HOST_VCPU_REGS];
	uint64_t pc;
	uint64_t timer;		/* counter value at which its timer fires, UINT64_MAX: never */
	bool initialised;
	bool idle_trapped;
	int loaded_on;		/* CPU whose registers hold its state, plus 1; 0: none */
	int pending_exit;	/* EXIT_MMIO that was not completed yet, plus 1; 0: none */
	unsigned int aborts;	/* faults injected */
	unsigned int undefs;
	/* virtual CPU interface */
	int vintc_mode;
	uint64_t slots[HOST_SLOTS_MAX];	/* VSLOT_* layout */
	uint64_t vmcr;
	unsigned int eoicount;
	bool underflow;
	bool trap_dir;
	bool irq_line;
	bool fiq_line;
};
