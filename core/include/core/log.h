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

/**
 * Something that the person at the terminal shall hear of whatever the level ("guest web ended:
 * ..."): a record of level LOG_INFO that always goes to the console, unless that is attached to a
 * guest.
 */
void log_notice(const char *fmt, ...) printf_like(1, 2);

/** Levels up to this one go to the console as well as into the ring (CONFIG_LOG_DEFAULT_LEVEL). */
void log_set_console_level(enum log_level level);
enum log_level log_console_level(void);
/** While the console shows a guest's screen, only errors interrupt it. */
void log_set_attached(bool attached);
struct chardev;
/**
 * A screen shows all records from the first one on, but those of level LOG_DEBUG, beside what the
 * console shows; NULL: no screen any more. Thread context.
 */
void log_set_screen(struct chardev *cd);
/** "error" ... "debug". */
const char *log_level_name(enum log_level level);
/** Read a level: its name or its number. @return 0 or -EINVAL */
must_check int log_parse_level(const char *s, enum log_level *level);
/** Boot, when there is a device tree: `vmm.log=` and `vmm.panic=` of the command line. */
void log_init(void);

#define LOG_BURST 10

/**
 * Budget for messages that a guest can cause: LOG_BURST at once, then one a second. Start as
 * zeros; no lock needed.
 */
struct log_limit {
	uint32_t last;	     /* when one was printed last, in units of 2^20 ns */
	uint32_t count;	     /* since then */
	uint32_t suppressed; /* not yet told of */
};
/**
 * May a message be printed now? Any context.
 *
 * @param limit     the budget
 * @param left_out  when allowed, how many were left out since the last one; may be NULL
 */
bool log_allowed(struct log_limit *limit, uint32_t *left_out);

struct vcpu;
/**
 * A message on behalf of a guest, prefixed "guest <name>/vcpu<N> pc=0x...: ", rate-limited by
 * guest->log_limit. Any context.
 *
 * @param vcpu  whose doing it is; its PC is told when this is its own thread; may be NULL
 */
void log_guest(enum log_level level, struct guest *guest, struct vcpu *vcpu, const char *fmt, ...)
	printf_like(4, 5);

/** Print the ring's records to a shell, oldest first, up to a level. Thread context. */
void log_show(struct shell_out *out, enum log_level level);
/** Forget all records. */
void log_clear(void);

/**
 * The hypervisor cannot go on: message, symbolised backtrace, stop (or `vmm.panic=reset`, `=off`).
 * Waits for no lock. Any context.
 */
noreturn_fn void panic(const char *fmt, ...) printf_like(1, 2);
/**
 * The same in two parts: from here on others stop and no lock is waited for, so that a fault can be
 * reported wherever it was. The caller ends with panic(). A second CPU does not come back. Any
 * context.
 */
void panic_begin(void);
/** Has some CPU panicked? Others stop at their next interrupt. */
bool panic_active(void);
