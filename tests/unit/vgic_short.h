/* SPDX-License-Identifier: GPL-2.0-only */
/* Short words for tests of interrupts on their way through list registers. */
#pragma once

#include "vgic_world.h"

/** Everything enabled in group 0, with priority 0, to vCPU 0. */
static inline void begin_with(unsigned vcpus, unsigned slots)
{
	unsigned v;

	vw_begin(&(struct vw_config){ .version = 3, .vcpus = vcpus, .irqs = 128, .slots = slots });
	vw_w(0, 3);
	for (v = 0; v < vcpus && vw_loaded(v); v++) {
		vw_interface(v, 3, 0xf8, false);
		vw_pw(v, 0x100, UINT32_MAX);
	}
	vw_w(0x104, UINT32_MAX);
	vw_w(0x108, UINT32_MAX);
}

static inline void begin(unsigned vcpus)
{
	begin_with(vcpus, 4);
}

static inline void line(unsigned irq, bool level)
{
	vw_guest()->vintc->set_line(vw_guest(), NULL, irq, level);
}

static inline void pulse(unsigned irq)
{
	vw_guest()->vintc->pulse(vw_guest(), NULL, irq);
}

static inline void edge(unsigned irq)
{
	vw_w(0xc00 + irq / 16 * 4, vw_r(0xc00 + irq / 16 * 4) | 2u << 2 * (irq % 16));
}

static inline void prio(unsigned irq, unsigned value)
{
	vw_write(0, vw_dist(), 0x400 + irq, 1, value);
}

/* More than slots of what waits behind everything else. */
static inline void pressure(void)
{
	unsigned k;

	for (k = 0; k < 6; k++) {
		prio(64 + k, 0xf0);
		pulse(64 + k);
	}
}

static inline unsigned taken(unsigned v)
{
	unsigned irq = vw_ack(v);

	if (irq != VW_SPURIOUS)
		vw_eoi(v, irq);
	return irq;
}
