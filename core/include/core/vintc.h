/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an emulated interrupt controller may use of the contract: the slots of the virtual CPU
 * interface. The functions and who may call them when are described in <arch/vintc.h>:
 *
 *   arch_vintc_caps()                                   what there is; any context
 *   arch_vintc_init() arch_vintc_soft_gicv3()           of a vCPU that is not loaded
 *   arch_vintc_slot() arch_vintc_set_slot() arch_vintc_empty() arch_vintc_underflow()
 *   arch_vintc_eoicount() arch_vintc_vmcr() arch_vintc_set_vmcr() arch_vintc_hw_active()
 *   arch_vintc_hw_pending()
 *                                                       of this CPU's loaded vCPU, IRQs masked
 *   arch_vintc_line()                                   loaded here, or not running
 *   arch_vintc_vector() arch_vintc_tpr() arch_vintc_set_tpr() arch_vintc_masked()
 *   arch_vintc_nmi()                                    of CPUs that are given vectors
 */
#pragma once

#include <arch/vintc.h>
