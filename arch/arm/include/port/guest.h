/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest has of this CPU: its VMID and root of stage 2. */
#pragma once

#include <stdint.h>

struct arch_guest {
	uint64_t vttbr;	    /* VTTBR_EL2: VMID and root */
	uint16_t vmid;
	uint16_t *last_ran; /* per CPU: id of the vCPU that ran there last, plus 1 */
};
