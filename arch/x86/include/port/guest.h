/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest has of this CPU: the root of its nested tables. */
#pragma once

#include <stdint.h>

struct arch_guest {
	uint64_t root;		/* nCR3 */
	uint64_t cpus;		/* a bit for each where a vCPU of it is loaded; atomic */
	uint32_t flushes;	/* changes of its tables: translations made before are void */
};
