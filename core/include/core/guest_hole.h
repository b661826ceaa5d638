/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a guest that goes back to the host and comes again (guest->mem_moves): taking it away,
 * and those whose pointers would become stale by that. core/guest/guest_hole.c has the locks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/list.h>
#include <libs/util.h>

struct guest;

/** Memory that is not taken away from under somebody. */
struct guest_mem_pin {
	struct list link;
	gpa_t gpa;
	uint64_t size; /* bytes */
};

/** Pin and unpin, whether memory moves or not. Thread context. Pin first, then look. */
void guest_mem_pin(struct guest *guest, struct guest_mem_pin *pin);
void guest_mem_unpin(struct guest *guest, struct guest_mem_pin *pin);

/** Somebody who keeps pointers to memory that is not pinned. */
struct guest_mem_watch {
	struct list link;
	/**
	 * This memory, hypervisor's address and bytes, is the guest's no more: forget what was
	 * remembered of it. Thread context, none of the guest's locks but watch_lock held.
	 * @return whether something under way still uses it
	 */
	bool (*uses)(struct guest_mem_watch *watch, const uint8_t *va, uint64_t size);
};

void guest_mem_watch(struct guest *guest, struct guest_mem_watch *watch);
void guest_mem_unwatch(struct guest *guest, struct guest_mem_watch *watch);

/**
 * The guest does not need what is in [gpa, gpa+size): whole pages of it that can be taken away are.
 * When it touches them again they are zeros. guest_mem_released() has to follow before the guest is
 * told, and guest_mem_settle() soon. Thread context.
 * @return bytes taken away
 */
uint64_t guest_mem_release(struct guest *guest, gpa_t gpa, uint64_t size);
/** No CPU of the guest reaches any more what was taken away. Thread context. */
void guest_mem_released(struct guest *guest);
/** Frames that were taken away and that nobody uses go to the host. Thread context, no lock. */
void guest_mem_settle(struct guest *guest);
