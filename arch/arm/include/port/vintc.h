/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's part of the virtual CPU interface. While the vCPU is loaded all of it but mode is in the
 * hardware; saved, only list registers that held something are kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

#define VINTC_SLOTS_MAX 16

struct arch_vintc {
	uint32_t in_use;    /* list registers in lr[] that hold something; 0 while loaded */
	uint32_t hcr;	    /* ICH_HCR_EL2, GICH_HCR */
	uint32_t vmcr;	    /* ICH_VMCR_EL2, GICH_VMCR: the same layout */
	uint32_t apr0[4];   /* active priorities, group 0 */
	uint32_t apr1[4];   /* group 1; [0] is GICH_APR */
	uint8_t mode;	    /* enum vintc_mode */
	bool slots;	    /* the virtual CPU interface is used */
	uint64_t lr[VINTC_SLOTS_MAX]; /* VSLOT_* layout */
};

/** Put a vCPU's virtual CPU interface into this CPU. IRQs masked. */
void vintc_hw_load(struct vcpu *vcpu);
/**
 * Take it out. IRQs masked. The hardware holds nothing afterwards, so the vCPU has to be loaded
 * before it runs again.
 */
void vintc_hw_save(struct vcpu *vcpu);
