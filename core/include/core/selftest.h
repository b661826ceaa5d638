/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-image tests, run by the shell's `selftest`: what only the real machine shows (page tables,
 * switches, timers).
 */
#pragma once

#include <core/dev.h>

struct selftest {
	const char *name; /* "sched.priority" */
	/** @return NULL when passed, else a sentence that says what was wrong */
	const char *(*run)(void);
};

#define SELFTEST(ident, testname)                                                                   \
	static const char *selftest_run_##ident(void);                                              \
	static const struct selftest selftest_##ident = { testname, selftest_run_##ident };         \
	SECTION_PTR(".table.selftest", struct selftest, selftest_##ident);                          \
	static const char *selftest_run_##ident(void)
