/* SPDX-License-Identifier: GPL-2.0-only */
/* The hardware of the world for the emulated GIC, for vgic_world.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <core/cpu.h>
#include <core/vcpu.h>
#include <core/vintc.h>

#include "vgic_world.h"

#define VW_SLOTS_MAX 16

/* What is in a CPU while a vCPU is loaded, kept with the vCPU. */
struct interface {
	uint64_t slot[VW_SLOTS_MAX];
	uint64_t vmcr;
	uint32_t apr[2];
	unsigned eoicount;
	bool no_pending; /* asked for */
	bool trap_dir;
	enum vintc_mode mode;
	bool irq, fiq;
	bool timer[VW_TIMERS]; /* outputs of its timers */
};

struct vw_hw {
	struct cpu cpu[VW_CPUS];
	struct vcpu *loaded[VW_CPUS]; /* cpu.loaded, the scheduler's, is set when all is loaded */
	bool active[VW_CPUS][VW_TIMERS];
	unsigned cpu_id; /* that plays */
	bool masked;
	struct interface interface[VW_VCPUS];
	struct vintc_caps caps;
	int soft_gicv3; /* what arch_vintc_soft_gicv3() says */
	bool lpis_active; /* an LPI that was taken stays in its slot until its end */
	bool counts_drops; /* EOImode 1: counts the end of what is in no slot, as QEMU 7.2 */
};
extern struct vw_hw hw;
extern const unsigned vw_ppis[VW_TIMERS];

void vw_broken(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/** The CPU that a vCPU is loaded on, -1: none. */
int vw_cpu_of(const struct vcpu *v);
unsigned vw_timer_index(uint32_t hwirq);
struct interface *vw_interface_of(const struct vcpu *v);
/** Interrupt in a slot; LPIs are what does not fit into the number of another one. */
static inline unsigned vw_intid(uint64_t slot)
{
	return (uint32_t)slot >= 8192 ? (uint32_t)slot : slot & 0x3ff;
}
/** The CPU of a vCPU and its thread run now. */
struct interface *vw_go(unsigned vcpu);
/** Is its CPU interface in software? */
bool vw_is_soft(const struct interface *it);
/** Does it ask for a maintenance interrupt? */
bool vw_wants_service(const struct interface *it);
/** Is the interrupt active in a slot? */
bool vw_in_slot(const struct interface *it, unsigned irq);
/** The slot that it offers the guest, -1: none is urgent enough. */
int vw_best_slot(const struct interface *it);
/** The guest deactivates an interrupt on the CPU that plays. */
void vw_deactivate(struct interface *it, unsigned irq);
