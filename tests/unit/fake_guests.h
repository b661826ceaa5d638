/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests as the shell's commands see them: names, states, and a note of each thing that was asked
 * of them.
 */
#pragma once

#include <core/guest.h>

#define FAKE_GUEST_MEM 0x40000000u /* 256 bytes of memory: byte n is n */

/** None, and nothing asked. */
void fake_guests_clear(void);
/** One more, that is ready. */
struct guest *fake_guests_add(const char *name, unsigned vcpus);
/** What was asked since the last call, "start web\n". */
const char *fake_guests_asked(void);
/** What the next calls return. */
void fake_guests_fail(int err);
/** How often guests are held. */
unsigned fake_guests_held(void);
/** A guest ends. */
void fake_guests_end(struct guest *guest, enum guest_exit why, const char *text);
