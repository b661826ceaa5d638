/* SPDX-License-Identifier: GPL-2.0-only */
/* Device pages before there are allocators: the test's. */
#pragma once

#include <arch/types.h>

void *early_map_device(hpa_t pa);
