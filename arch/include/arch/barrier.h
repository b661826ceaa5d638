/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers and spin hints; bodies in <port/barrier.h>.
 *
 *   arch_mb() arch_rmb() arch_wmb()   full, load, store barrier towards other
 *                                     CPUs and devices (full system)
 *   arch_relax()                      hint inside a spin loop
 *
 * Device access with the right ordering is in <arch/mmio.h>.
 */
#pragma once

#include <port/barrier.h>
