/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's own page tables (AMD64 manual, volume 2, chapter 5): from its virtual to its physical
 * addresses, with the faults and the accessed and dirty bits that its CPU would make. Needs no x86
 * CPU. Any context in which the guest's memory may be looked at; no lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libs/util.h>

#define GUEST_CR0_PE  BIT(0)
#define GUEST_CR0_WP  BIT(16)
#define GUEST_CR0_PG  BIT(31)
#define GUEST_CR4_PSE BIT(4)
#define GUEST_CR4_PAE BIT(5)
#define GUEST_CR4_LA57 BIT(12)
#define GUEST_CR4_SMEP BIT(20)
#define GUEST_CR4_SMAP BIT(21)
#define GUEST_EFER_LMA BIT(10)
#define GUEST_EFER_NXE BIT(11)
#define GUEST_RFLAGS_AC BIT(18)

/* Error code of a page fault. */
#define WALK_PRESENT  BIT32(0)
#define WALK_WRITE    BIT32(1)
#define WALK_USER     BIT32(2)
#define WALK_RESERVED BIT32(3)
#define WALK_FETCH    BIT32(4)

/** What translation depends on. */
struct guest_paging {
	uint64_t cr0, cr3, cr4, efer;
	uint64_t rflags;  /**< of which AC counts */
	uint8_t cpl;
	uint8_t gpa_bits; /**< physical address bits that the guest's CPUID tells */
	/**
	 * Guest memory at gpa, good to the end of its page; aligned as gpa is. NULL: there is
	 * none, or (write) it is read-only.
	 */
	void *(*ram)(void *ctx, uint64_t gpa, bool write);
	void *ctx;
};

/**
 * Translate an address.
 * @param gva     linear address, canonical in long mode
 * @param access  WALK_WRITE, WALK_FETCH or 0, and WALK_USER for what CPL 3 does
 * @param error   of a page fault: its error code
 * @return false: the access is a page fault
 */
must_check bool guest_walk(const struct guest_paging *p, uint64_t gva, uint32_t access,
			   uint64_t *gpa, uint32_t *error);
/** Does a linear address have the form that this mode asks for? (canonical; 32 bits) */
static inline bool guest_gva_ok(const struct guest_paging *p, uint64_t gva)
{
	unsigned up = p->cr4 & GUEST_CR4_LA57 ? 64 - 57 : 64 - 48;

	if (!(p->efer & GUEST_EFER_LMA))
		return !(gva >> 32);
	return (uint64_t)((int64_t)(gva << up) >> up) == gva;
}
