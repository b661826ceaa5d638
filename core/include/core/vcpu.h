/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual CPU: a thread that runs a guest. Other contexts change it only by
 * requests, which the vCPU's own thread carries out before it enters again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/vcpu.h>
#include <core/thread.h>
#include <libs/util.h>

struct guest;
struct shell_out;
struct dt_node;
struct region;

/* Requests (vcpu->requests); set with vcpu_request(). */
#define VCPU_REQ_VINTC BIT32(0) /**< fill slots from the interrupt controller's state */
#define VCPU_REQ_STOP  BIT32(1) /**< stop running: pause, halt, reset */
#define VCPU_REQ_SAVE  BIT32(2) /**< put the register state into memory */
#define VCPU_REQ_SCHED                                                                             \
	BIT32(3) /**< who else wants this CPU has changed: may it idle in the guest? */

/** As the power interface (PSCI) sees it. */
enum vcpu_power { VCPU_OFF, VCPU_ON, VCPU_ON_PENDING };

struct vcpu {
	/* first: hot on each exit */
	struct arch_vcpu arch;
	uint32_t requests;	  /* atomic */
	struct guest *guest;
	struct region *last_region, *last_port;
	void *vintc_priv;	  /* the interrupt controller's part */
	uint64_t exits[EXIT_KINDS];
	/* rest */
	struct thread *thread;
	struct dt_node *node;
	unsigned id;		  /* in the guest, 0 … */
	enum vcpu_power power;	  /* guest's power lock */
	bool start_off;		  /* `poweroff`: waits for CPU_ON at start */
	bool idle;		  /* blocked in WFI */
	union {
		struct {
			bool stopped;	 /* not allowed to run: its guest does not */
			bool held;	 /* paused by itself; guest->life */
			bool parked;	 /* does not run, registers are in memory; atomic */
			bool power_down; /* asked for CPU_OFF */
		};
		uint32_t away;		 /* none of these: it runs, if its power is on */
	};
	uint16_t lost_fetches;	  /* instruction fetches from lost_at, where nothing is, in a row */
	va_t lost_at;
	uint64_t start_pc;
	uint64_t start_arg;
	uint64_t deadline_prop, period_prop; /* `deadline`, `periodicity`: ns */
	struct timer idle_timer;  /* guest timer while blocked */
	struct waitq parked_wq;
	uint64_t entered;	  /* entries */
};

/** Set a request and make the vCPU look at it: wakes it or kicks its CPU. Any context. */
void vcpu_request(struct vcpu *vcpu, uint32_t request);
/** All registers as aligned text. The vCPU is parked. */
void vcpu_dump(struct vcpu *vcpu, struct shell_out *out);
/** The vCPU in whose thread this is, NULL else. */
struct vcpu *vcpu_current(void);
/** An interrupt became deliverable: same as vcpu_request(VCPU_REQ_VINTC), ends an idle wait. */
void vcpu_wake(struct vcpu *vcpu);
/**
 * Power a vCPU on (PSCI CPU_ON): -EEXIST when on already, -EINPROGRESS-like -EBUSY when pending.
 */
must_check int vcpu_power_on(struct vcpu *vcpu, uint64_t pc, uint64_t arg);
/** Power the calling vCPU off; returns to the run loop, which blocks. */
void vcpu_power_off(struct vcpu *vcpu);
/**
 * Block the calling vCPU until it has an interrupt to take (WFI, CPU_SUSPEND). IRQs masked or
 * not.
 */
void vcpu_wait_irq(struct vcpu *vcpu);

/** What a person may do to a single vCPU. */
enum vcpu_action {
	VCPU_PAUSE,
	VCPU_RESUME,
	VCPU_HALT,  /**< switch off, as its guest may by CPU_OFF */
	VCPU_KICK,  /**< switch on, where it starts with its guest */
	VCPU_RESET, /**< switch off, registers as after reset */
};
/**
 * Do it. Thread context; waits until the vCPU has stopped.
 * @return NULL, or why not: "is paused already"
 */
must_check const char *vcpu_control(struct vcpu *vcpu, enum vcpu_action action);

/* The scheduler's: state into this CPU, state out of this CPU. IRQs masked. */
void vcpu_load(struct vcpu *vcpu);
void vcpu_unload(struct vcpu *vcpu);

/* Used by core/guest/: */
/** Let it run / ask it to stop. */
void vcpu_run(struct vcpu *vcpu);
void vcpu_stop(struct vcpu *vcpu);
/** Wait until it has stopped as asked. Thread context of others. */
void vcpu_wait_parked(struct vcpu *vcpu);

/* --- up-calls of the port, IRQs masked, vCPU loaded here --------------------------- */

/** A host interrupt linked to this vCPU's timer came (PPI number as the guest sees it). */
void vcpu_linked_irq(struct vcpu *vcpu, unsigned virq, unsigned hwirq);
/** Virtual CPU interface wants service. */
void vcpu_vintc_maintenance(struct vcpu *vcpu);
