/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share. A check that does not hold ends a function with the sentence that the
 * shell prints; a function that has to tidy up keeps the sentence in `wrong` and goes to `out`.
 */
#pragma once

#include <core/mem.h>
#include <core/selftest.h>
#include <core/thread.h>
#include <core/time.h>

/** Nothing here may take longer than this, however slow the machine: ns. */
#define PATIENCE 5000000000ULL
#define MSEC	 1000000ULL

#define REQUIRE(cond, sentence)                                                                     \
	do {                                                                                        \
		if (!(cond))                                                                        \
			return sentence;                                                            \
	} while (0)

/** In functions with `wrong` and `out`. */
#define REQUIRE_OR_OUT(cond, sentence)                                                              \
	do {                                                                                        \
		if (!(cond)) {                                                                      \
			wrong = sentence;                                                           \
			goto out;                                                                   \
		}                                                                                   \
	} while (0)

/** What the heap and the frames hold; compared with what they hold when a test is over. */
struct self_usage {
	struct heap_stats heap;
	struct frame_stats frames;
};
void self_usage_get(struct self_usage *usage);
/**
 * Is no more in use than before? Others may be at work meanwhile, so it looks more than once.
 * Thread context.
 */
bool self_heap_back(const struct self_usage *before);
bool self_frames_back(const struct self_usage *before);

/** A thread that ends by itself, on CPUs of its own. @return NULL when out of memory */
struct thread *self_thread(void (*fn)(void *arg), void *arg, int prio, uint64_t cpus);
/** Run the calling thread on these CPUs only, and wait until it does. @return false: it stays */
bool self_pin(uint64_t cpus);
/** All CPUs that threads can be bound to. */
unsigned self_cpus(void);
