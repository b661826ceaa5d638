/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARM ports only: the CPU interface of a GICv3, which is in the CPU while distributor and
 * redistributors are memory-mapped devices with a driver. Inline bodies in <port/gicv3.h>. All act
 * on the calling CPU, with its IRQs masked:
 *
 *   bool gicv3_cpu_init(void)          enable the interface, group 1 interrupts of all priorities,
 *                                      with priority drop and deactivation apart; false: the CPU or
 *                                      firmware does not give access to it
 *   uint32_t gicv3_ack(void)           acknowledge; 1020 and above: nothing was pending
 *   void gicv3_eoi(uint32_t)           priority drop
 *   void gicv3_deactivate(uint32_t)    let it be signalled again
 *   void gicv3_sgi(uint64_t)           send software-generated interrupts (ICC_SGI1R_EL1), after
 *                                      all writes before it can be seen
 */
#pragma once

#include <port/gicv3.h>
