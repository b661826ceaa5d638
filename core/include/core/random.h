/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers for guests and for the hypervisor itself: one generator (ChaCha20 with fast key
 * erasure, so that earlier output cannot be computed from a later state), seeded when it is first
 * used from the boot loader's /chosen rng-seed and kaslr-seed and from the jitter of the counter.
 */
#pragma once

#include <stddef.h>

/** Fill a buffer with unpredictable bytes. Thread context. */
void random_bytes(void *buf, size_t n);
/**
 * Stir something unpredictable in (a hardware generator's output, moments of interrupts). It
 * never makes the state weaker, whatever it is. Thread context.
 */
void random_add(const void *data, size_t n);
