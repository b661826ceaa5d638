/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files that make and run guests. */
#pragma once

#include <core/guest.h>
#include <core/guest_desc.h>
#include <core/vcpu.h>

/** What to do with each kind of exit (exit.c). IRQs masked, vCPU loaded. */
extern void (*const vcpu_exits[EXIT_KINDS])(struct vcpu *vcpu, struct vcpu_exit *exit);
/** EXIT_PIO (port.c). */
void vcpu_exit_port(struct vcpu *vcpu, struct vcpu_exit *exit);

/** What its thread does, with the vCPU as argument; its idle_timer's function (vcpu.c). */
void vcpu_thread(void *vcpu);
void vcpu_idle_over(struct timer *timer);

must_check int vcpu_create(struct guest *guest, const struct vcpu_desc *desc, unsigned id,
			   struct vcpu **out);
/** The vCPU is parked. */
void vcpu_destroy(struct vcpu *vcpu);
/** Registers, and what its interrupt controller has of it. The vCPU is parked. */
void vcpu_reset_registers(struct vcpu *vcpu, uint64_t pc, uint64_t arg);
/** Those and its power state as at start. The vCPU is parked. */
void vcpu_reset(struct vcpu *vcpu);

/**
 * Take frames for `size` bytes, zeroed, in as few runs as there are.
 * @param align  of each run
 * @return 0 or -ENOMEM
 */
must_check int extents_alloc(uint64_t size, uint64_t align, struct extent **out, unsigned *nr);
/** Give the frames back; the array is the caller's. */
void extents_free(struct extent *extents, unsigned n);
/** Back a region by shared memory. @return 0, -ENOMEM, -EINVAL: it is there with another size */
must_check int shared_mem_get(struct region *r, const char *name);
void shared_mem_put(struct region *r);

/** Back all memory regions with frames and map them. @return 0 or negative errno, said on out */
must_check int guest_memory_init(struct guest *guest, struct shell_out *out);
void guest_memory_fini(struct guest *guest);
/**
 * Map a page of a device's own memory, if the device lets it.
 * @param gpa   an address in the region
 * @param seen  where the guest looked for it: the same, or in an alias
 * @return is it mapped?
 */
bool guest_map_device_page(struct guest *guest, struct region *region, gpa_t gpa, gpa_t seen);
/** An alias may lead to an alias; so many times. */
#define ALIAS_HOPS 4

/* --- memory that goes back to the host while the guest lives (guest_hole.c) ------------------ */

void guest_holes_init(struct guest *guest);
/** At destruction, before stage 2 goes. @return false: the region's frames are in its extents */
bool guest_holes_release(struct guest *guest, const struct region *region);
/** Frames that were on their way back. */
void guest_holes_fini(struct guest *guest);
/** As guest_mem_ptr(), by stage 2. @return NULL: a hole */
void *guest_moving_ptr(struct guest *guest, const struct region *region, gpa_t gpa,
		       uint64_t *avail);
/** Does the memory of this region go and come? */
bool guest_region_moves(const struct guest *guest, const struct region *region);
/** May a hole be filled here and now? Not with interrupts masked. */
bool guest_can_fill(const struct guest *guest, const struct region *region);
/**
 * There is memory at gpa of a region now, zeros if there was none. Thread context.
 * @return false: the host has none, or the region's does not move
 */
bool guest_mem_fill(struct guest *guest, const struct region *region, gpa_t gpa);
/** Zero frames that a guest is to get. @return false: they cannot be mapped for that */
bool frames_zero(hpa_t hpa, uint64_t size);
