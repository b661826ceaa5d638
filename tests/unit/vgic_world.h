/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world for the emulated GIC: CPUs with a virtual CPU interface (list registers as Arm IHI 0069
 * describes them) and private timer interrupts, vCPUs that are loaded, run and leave, and a guest
 * that takes and ends interrupts. The fakes end the program where somebody breaks the contract.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <core/emu.h>
#include <core/guest.h>
#include <core/vcpu.h>

#define VW_CPUS	    4
#define VW_VCPUS    64
#define VW_TIMERS   2 /* linked interrupts: 27 and 30 */
#define VW_SPURIOUS 1023u

struct vw_config {
	unsigned version; /**< 2 or 3 */
	bool soft;	  /**< CPU interface in software, by a machine without one */
	int soft_gicv3;	  /**< GICv3, soft: an error, the vCPUs cannot have it */
	bool one_node;	  /**< GICv2: "virt,gic" */
	bool its;	  /**< GICv3: with an ITS */
	bool lpis_active; /**< the machine keeps an LPI in its slot until its end */
	unsigned vcpus, irqs, slots;
};

/** Makes a guest; its first vCPUs are loaded on the CPUs. */
void vw_begin(const struct vw_config *config);
/** The same, without looking at the result. @return whether there is a guest */
bool vw_try(const struct vw_config *config);
/** Ends it; blocks of memory that were lost are failures. */
void vw_end(void);
/** Guest reset, as core does it: nothing is loaded then. */
void vw_reset(void);

struct guest *vw_guest(void);
struct vcpu *vw_vcpu(unsigned id);
/** dist: distributor; cpu: GICC or redistributors. */
struct emu_dev *vw_dist(void);
struct emu_dev *vw_cpu(void);
struct emu_dev *vw_its(void);

/** A further device of the guest, not probed. */
struct emu_dev *vw_second(const char *compatible);
void vw_second_free(struct emu_dev *dev);

/** Loads a vCPU on a CPU, unloads what is there and where it was. */
void vw_load(unsigned cpu, unsigned vcpu);
void vw_unload(unsigned cpu);
bool vw_loaded(unsigned vcpu);
/** Turns a vCPU off and on; it is loaded nowhere then. */
void vw_restart(unsigned vcpu);
/** Whether other vCPUs answer requests while one sleeps; they do at first. */
void vw_answer(bool on);

/** Accesses of a vCPU, which is loaded. Not served: VW_BAD | result. */
#define VW_BAD 0xbad00000ull
uint64_t vw_read(unsigned vcpu, struct emu_dev *dev, uint64_t offset, unsigned size);
enum emu_result vw_write(unsigned vcpu, struct emu_dev *dev, uint64_t offset, unsigned size,
			 uint64_t value);
/** System registers (VINTC_ICC()) of a GICv3's CPU interface in software. Undefined: VW_BAD. */
uint64_t vw_icc(unsigned vcpu, unsigned reg);
uint64_t vw_set_icc(unsigned vcpu, unsigned reg, uint64_t value);
/** 32 bits of the distributor, by vCPU 0. */
uint32_t vw_r(uint64_t offset);
void vw_w(uint64_t offset, uint32_t value);
/** GICv3: 32 bits of the redistributor of a vCPU, by itself; offset from the RD frame. */
uint32_t vw_rr(unsigned vcpu, uint64_t offset);
void vw_rw(unsigned vcpu, uint64_t offset, uint32_t value);
/** Private interrupts of a vCPU, wherever its registers are: offset as in the distributor. */
uint32_t vw_pr(unsigned vcpu, uint64_t offset);
void vw_pw(unsigned vcpu, uint64_t offset, uint32_t value);
/** Software-generated interrupt of a vCPU to a mask of vCPUs below 8. */
void vw_sgi(unsigned vcpu, unsigned irq, unsigned targets);
void vw_sgi1r(unsigned vcpu, unsigned group, uint64_t value);

/** CPU interface of a vCPU as its guest sets it up: groups, mask, EOI mode. */
void vw_interface(unsigned vcpu, unsigned groups, unsigned pmr, bool eoimode);
/** Takes the next interrupt. @return INTID (GICv2: with the sender of an SGI), VW_SPURIOUS */
unsigned vw_ack(unsigned vcpu);
/** Ends it: priority drop, and deactivation without EOI mode. */
void vw_eoi(unsigned vcpu, unsigned irq);
void vw_dir(unsigned vcpu, unsigned irq);
/** Would the guest be interrupted now? */
bool vw_irq(unsigned vcpu);
/** The FIQ line, of a CPU interface in software. */
bool vw_fiq(unsigned vcpu);
/** vintc_ops.pending(). */
bool vw_pending(unsigned vcpu);
/** Lets the vCPU do what it has to before it enters. Other functions do it by themselves. */
void vw_settle(unsigned vcpu);
/** No vCPU does that for now: interrupts of the host, and requests, are still on their way. */
void vw_hold(bool on);

/** A timer's output of a vCPU: 27 or 30. */
void vw_timer(unsigned vcpu, unsigned ppi, bool level);
/** A linked interrupt as the port tells it, of any number. */
void vw_linked(unsigned vcpu, unsigned ppi);
/** Is the host's private interrupt active on a CPU? */
bool vw_hw_active(unsigned cpu, unsigned hwirq);
#define VW_HWIRQ(ppi) ((ppi) + 100)

/** A list register of a loaded vCPU. */
uint64_t vw_slot(unsigned vcpu, unsigned n);
unsigned vw_slots_used(unsigned vcpu);
/** Maintenance interrupts so far; requests to vCPUs so far; idle vCPUs that were woken. */
unsigned vw_maintenances(void);
unsigned vw_requests(void);
unsigned vw_complaints(void);
void vw_idle(unsigned vcpu, bool idle);
/** Everything that has to hold at any time between two accesses. */
void vw_check(void);
/** Text of show(), and of check() with the number of errors. */
const char *vw_show(struct emu_dev *dev);
const char *vw_text(void);
struct shell_out *vw_out(void);
/** What guest_map_device() was asked for. */
struct vw_mapping {
	uint64_t gpa, hpa, size;
	unsigned count;
};
struct vw_mapping vw_mapping(void);
/** Bytes that the emulator has taken. */
size_t vw_heap_bytes(void);
/** The n-th allocation of a probe fails from now on; 0: none. */
void vw_fail_at(unsigned n);
