/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uses its CPU without end and without an exit: the company of a guest that is measured.
 */
#include "kit.h"

void guest_main(void)
{
	print("SPIN begins\n");
	for (;;)
		__asm__ volatile("");
}
