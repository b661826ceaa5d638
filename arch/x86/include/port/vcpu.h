/* SPDX-License-Identifier: GPL-2.0-only */
/* A virtual CPU on this CPU. */
#pragma once

#include <stdint.h>

struct arch_vcpu {
	uint64_t rip;
};
