/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the guest gic share.
 */
#pragma once

#include "gic.h"

/* Interrupts that no device of the board has. */
#define FREE_IRQ  96
#define FREE_IRQS 32

/** The interrupts that were taken, in order. */
struct seen {
	unsigned n;
	unsigned irq[64];
};
extern struct seen seen;

/** A handler that only notes. */
void note(unsigned irq);
/** Start from nothing: masked, free interrupts disabled, edge-triggered, for CPU 0. */
void quiet(void);
