/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controllers of a PC between each other: local APICs (lapic*.c), IOAPIC and the pair
 * of 8259s. Interrupt numbers of the guest are inputs of the IOAPIC; 0 to 15 reach the 8259s too,
 * and 0 (the PIT) is input 2 of the IOAPIC.
 *
 * apic_set.lock guards IOAPIC and 8259s. Of a local APIC, what waits (irr) is changed by anybody,
 * atomically; all else by its own vCPU, or while that does not run.
 */
#pragma once

#include <core/emu.h>
#include <core/guest.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <core/vintc.h>

#define APIC_ISA_IRQS 16
#define APIC_PINS     24

/* Delivery modes, as everywhere in APICs. */
enum { APIC_FIXED, APIC_LOWEST, APIC_SMI, APIC_NMI = 4, APIC_INIT, APIC_STARTUP, APIC_EXTINT };

/* Local vector table. */
enum { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVTS };
#define LVT_MASKED BIT32(16)

#define APIC_BASE_BSP	  BIT(8)
#define APIC_BASE_X2	  BIT(10)
#define APIC_BASE_ENABLE  BIT(11)
#define APIC_BASE_ADDRESS 0xfee00000ull
#define APIC_SVR_ENABLE	  BIT32(8)

/** A vector in each of 256 bits. */
struct apic_bits {
	uint64_t word[4];
};

struct apic_set;

/** The local APIC of a vCPU: vcpu->vintc_priv. */
struct lapic {
	struct apic_bits irr; /* atomic */
	struct apic_bits isr, tmr;
	struct apic_set *set;
	struct vcpu *vcpu;
	uint64_t base;	      /* IA32_APIC_BASE */
	uint32_t id;
	uint32_t svr, ldr, dfr, esr, esr_next, icr_high, icr;
	uint32_t lvt[LVTS];
	bool nmi;	      /* one waits; atomic */
	/* timer: timer_lock */
	spinlock_t timer_lock;
	struct timer timer;
	uint32_t divide, initial;
	uint64_t period;      /* ns */
	uint64_t deadline;    /* time_now() scale; 0: it does not run */
	uint64_t tsc_deadline; /* as the guest wrote it; 0: none */
};

struct pic;
struct ioapic;

/** All of a guest: guest->vintc_priv. */
struct apic_set {
	spinlock_t lock;
	struct guest *guest;
	struct emu_dev *dev;
	struct lapic *lapics; /* of each vCPU */
	unsigned count;
	struct pic *pic;       /* NULL: there is none */
	struct ioapic *ioapic; /* NULL: there is none */
	bool extint;	       /* the 8259s ask for service; atomic */
};

/** A message to local APICs. */
struct apic_message {
	uint32_t dest;
	uint8_t vector, mode;
	bool logical, level;
	bool wide; /* dest has 32 bits (x2APIC) */
};

/* --- lapic.c --------------------------------------------------------------------------- */

static inline bool lapic_enabled(const struct lapic *a)
{
	return a->base & APIC_BASE_ENABLE && READ_ONCE(a->svr) & APIC_SVR_ENABLE;
}
/** Set of a guest. @return NULL: it has no local APICs */
struct apic_set *apic_set_of(const struct guest *guest);
/** A fixed interrupt arrives. Any context. */
void lapic_accept(struct lapic *a, unsigned vector, bool level);
/** One arrives by an entry of the local vector table. Any context. */
void lapic_local(struct lapic *a, unsigned lvt);
/** The output of the 8259s changed. set->lock held. */
void lapic_extint_changed(struct apic_set *set, bool level);

/* --- lapic_ipi.c ----------------------------------------------------------------------- */

/**
 * Deliver a message. Any context; INIT and STARTUP only in thread context, with IRQs enabled.
 * @param from  who sends it; NULL: a device
 */
void apic_deliver(struct apic_set *set, const struct apic_message *m, struct lapic *from);
/** The interrupt command register was written. Thread context. */
void lapic_command(struct lapic *a, uint64_t icr);

/* --- lapic_timer.c --------------------------------------------------------------------- */

void lapic_timer_init(struct lapic *a);
/** Stop it; afterwards its function does not run. */
void lapic_timer_stop(struct lapic *a);
uint32_t lapic_timer_count(struct lapic *a);
void lapic_timer_set_initial(struct lapic *a, uint32_t count);
void lapic_timer_set_divide(struct lapic *a, uint32_t divide);
/** The mode in the LVT changed from what `was` says. */
void lapic_timer_set_mode(struct lapic *a, uint32_t was);
uint64_t lapic_timer_tsc_deadline(struct lapic *a);
void lapic_timer_set_tsc_deadline(struct lapic *a, uint64_t tsc);

/* --- ioapic.c, i8259.c: set->lock held -------------------------------------------------- */

void ioapic_set_line(struct ioapic *io, unsigned pin, bool level);
/** A level-triggered interrupt has ended in some local APIC. */
void ioapic_eoi(struct ioapic *io, unsigned vector);
void pic_set_line(struct pic *pic, unsigned irq, bool level);
/** The vector that it would give now, 0 to 255. */
unsigned pic_vector(const struct pic *pic);
/** The CPU takes that. */
void pic_acknowledge(struct pic *pic);
