/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest as a whole needs of this CPU: the root that selects its
 * address space. struct arch_guest is in <port/guest.h>.
 */
#pragma once

#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>
#include <port/guest.h>

struct guest;

/** Take a VMID/ASID. @return 0, -ENOSPC when there are none left, -ENOMEM */
must_check int arch_guest_init(struct guest *guest);
/** Give back what arch_guest_init() took; translations are flushed. */
void arch_guest_fini(struct guest *guest);
/** Bind the stage 2 root made by core. */
void arch_guest_set_root(struct guest *guest, hpa_t root);
/** Token of the guest for arch_tlb_flush_*() (VTTBR, nCR3+ASID). */
uint64_t arch_guest_root(const struct guest *guest);
/**
 * Upper bound of guest physical addresses on this machine, exclusive.
 */
gpa_t arch_guest_gpa_limit(void);
/**
 * The CPUs that may run a guest whose description does not say which, a bit each (0 … 63).
 */
uint64_t arch_guest_cpus(void);
