/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest of the fake port: a number, and the root of its stage 2. */
#pragma once

#include <stdint.h>

struct arch_guest {
	uint64_t root;		/* number << 48 | address; 0: none */
	uint16_t number;	/* 1 ... HOST_GUESTS; 0: not initialised */
};
