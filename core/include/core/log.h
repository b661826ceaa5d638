/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: a ring of records with level and time, printed to the console up
 * to a level. Callable from any context, interrupt handlers included.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/util.h>

struct guest;
struct shell_out;

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/** One formatted record; no newline at the end of fmt. Any context. */
void log_print(enum log_level level, const char *fmt, ...) printf_like(2, 3);
void log_vprint(enum log_level level, const char *fmt, va_list ap);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/** Levels up to this one go to the console as well as into the ring (default LOG_WARN: quiet boot). */
void log_set_console_level(enum log_level level);
enum log_level log_console_level(void);

/** Budget for messages that a guest can cause: at most `burst` per guest and site, then one a second. */
struct log_limit {
	uint64_t window_start; /* ns */
	uint32_t count;
	uint32_t suppressed;
};
/** @return true when a message may be printed now; a later permitted one tells how many were left out. */
bool log_allowed(struct log_limit *limit);

/** A message on behalf of a guest, prefixed "guest <name>/vcpu<N> pc=0x…: ", rate-limited per guest. */
struct vcpu;
void log_guest(enum log_level level, struct guest *guest, struct vcpu *vcpu, const char *fmt, ...)
	printf_like(4, 5);

/** Print the ring's records to a shell, oldest first, up to a level. */
void log_show(struct shell_out *out, enum log_level level);
/** Forget all records. */
void log_clear(void);

/** The hypervisor cannot go on: message, symbolised backtrace, stop (or reset, `vmm.panic=reset|off`). */
noreturn_fn void panic(const char *fmt, ...) printf_like(1, 2);
