/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock that a test moves. */
#pragma once

#include <port/host.h>

static inline uint64_t arch_counter(void)
{
	return host_counter();
}
