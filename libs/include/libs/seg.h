/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pieces of memory, as data lies that comes from or goes to a guest, a disk or a network: one type
 * for all of them, so that a request goes from hand to hand without being copied.
 */
#pragma once

#include <stdint.h>

/** Contiguous memory, for the hypervisor and (in the direct map) for a device of the host. */
struct mem_seg {
	void *va;
	uint32_t len; /* bytes */
};
