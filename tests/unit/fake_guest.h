/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stand-ins for the machine and for guests, for tests of descriptions and of what is loaded: a host
 * with 4 CPUs and 1 GiB of RAM at 1 GiB, text for a shell that is kept, and guests that are
 * nothing but regions with memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <core/guest.h>
#include <core/shell.h>

#define FAKE_CPUS     4
#define FAKE_RAM      0x40000000u
#define FAKE_RAM_SIZE 0x40000000u

/** What is written here is kept. */
extern struct shell_out fake_out;
/** All of it since the last fake_out_clear(). */
const char *fake_out_text(void);
void fake_out_clear(void);

/** Guests that exist. */
unsigned fake_guests(void);
/** The memory behind a guest's address. @return NULL where there is none */
uint8_t *fake_guest_ptr(struct guest *guest, gpa_t gpa);
/** Bytes that were loaded since the guest was made. */
uint64_t fake_guest_loaded(void);
/** How often vCPUs were reset. */
unsigned fake_vcpu_resets(void);
