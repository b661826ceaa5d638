/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start of the hypervisor proper: the port's entry code ends here.
 */
#pragma once

#include <libs/util.h>

/**
 * Up-call of the port: on the boot CPU, on its boot stack, IRQs masked, translation on.
 * @param fdt  the boot loader's device tree blob, mapped; NULL when it gave none
 */
noreturn_fn void boot_main(const void *fdt);
