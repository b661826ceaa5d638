/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The management shell: commands as tables that parse, complete and document
 * themselves; output through an object so that a command runs on any terminal,
 * in a script or for a test alike.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/dev.h>
#include <libs/util.h>

struct chardev;
struct shell;

/* --- output --------------------------------------------------------------------------- */

/** Where text goes. Lines end in LF; the writer of a terminal makes CR LF of it. */
struct shell_out {
	void (*write)(struct shell_out *out, const char *s, size_t n);
	void *priv;	    /* the writer's */
	bool at_line_start; /* the writer's: begin with true */
};
/** Print; a NULL out is allowed and prints nothing. Context as the writer's. */
void out_printf(struct shell_out *out, const char *fmt, ...) printf_like(2, 3);
void out_vprintf(struct shell_out *out, const char *fmt, va_list ap) printf_like(2, 0);
void out_puts(struct shell_out *out, const char *s);

/** Aligned tables: columns by printf into cells, printed at the end. */
struct table;
/**
 * @param headings  "NAME|STATE|>MEMORY": `>` aligns its column to the right. The last column may
 *                  contain `|` in its rows.
 * @return NULL when out of memory, which the others take and which prints that sentence
 */
struct table *table_create(const char *headings);
/** Add a row: cells separated by `|`. */
void table_row(struct table *t, const char *fmt, ...) printf_like(2, 3);
/** Print and free. */
void table_print(struct table *t, struct shell_out *out);

/* --- commands as tables ----------------------------------------------------------------- */

/** What kind of word an argument is: decides checking, conversion, completion and help. */
enum arg_type {
	ARG_WORD,    /**< any text */
	ARG_U64,     /**< number: arg_u64() */
	ARG_SIZE,    /**< bytes with unit, 256M, 64KiB: arg_size() */
	ARG_TIME,    /**< with unit, 5s, 100ms; a bare number is in seconds: arg_time(), ns */
	ARG_GUEST,   /**< name of a guest that exists */
	ARG_VCPU,    /**< guest/vcpuN, guest/N; the guest alone when it has one vCPU */
	ARG_FILE,    /**< path of a file */
	ARG_DIR,     /**< path of a directory */
	ARG_DTPATH,  /**< path of a device-tree node */
	ARG_CHARDEV, /**< name of a character device */
	ARG_VSERIAL, /**< name of a guest's serial port, or of a guest */
	ARG_BLOCKDEV, /**< name of a block device */
	ARG_MEDIUM,  /**< name of a block device, or path of a file; not checked */
	ARG_VDISK,   /**< name of a guest's disk, or of a guest that has one */
	ARG_COMMAND, /**< name of a command */
	ARG_CHOICE,  /**< one of `choices`, "a|b|c" */
	/*
	 * "mem=|kernel=@|disk=%|gic=2,3|board=#|net=!" in `choices`: anything, a file, a file or
	 * block device, one of these, a board, what `offer` offers
	 */
	ARG_KEYS,    /**< key=value, the keys are in `choices` */
};

struct completion_list;

struct arg_spec {
	const char *name;    /* as in help */
	const char *choices; /* ARG_CHOICE, ARG_KEYS */
	/**
	 * What ARG_WORD and "key=!" of ARG_KEYS are completed to: calls completion_add() for each.
	 * May be NULL.
	 */
	void (*offer)(struct completion_list *list, const char *key);
	uint8_t type;	     /* enum arg_type */
	bool optional;	     /* and all after it */
	bool rest;	     /* any number of them (at least one unless optional); last only */
};

/* Rows of an argument list. */
#define ARG(type_, name_)     { .name = name_, .type = ARG_##type_ }
#define ARG_OPT(type_, name_) { .name = name_, .type = ARG_##type_, .optional = true }
#define ARG_ANY(type_, name_) { .name = name_, .type = ARG_##type_, .optional = true, .rest = true }
#define ARG_MANY(type_, name_) { .name = name_, .type = ARG_##type_, .rest = true }
#define ARG_ONE_OF(name_, choices_) { .name = name_, .choices = choices_, .type = ARG_CHOICE }
#define ARG_OPT_OF(name_, choices_)                                                                 \
	{ .name = name_, .choices = choices_, .type = ARG_CHOICE, .optional = true }
/* A word that is completed by a function of the command's. */
#define ARG_OFFER(name_, offer_) { .name = name_, .offer = offer_, .type = ARG_WORD }
#define ARG_OPT_OFFER(name_, offer_)                                                                \
	{ .name = name_, .offer = offer_, .type = ARG_WORD, .optional = true }
/** An argument list; absent: no arguments. */
#define ARGS(...) ((const struct arg_spec[]){ __VA_ARGS__, { .name = NULL } })

/** arg_spec.offer: a word that may stand here; `key` as it was given. */
void completion_add(struct completion_list *list, const char *key, const char *word);

#define ARGV_MAX 64 /**< words of a command */

struct command_sub {
	/** One or two words, "cpu info"; NULL: the command itself has no subcommands. */
	const char *name;
	const char *help;	/* one line */
	const struct arg_spec *args;
	/**
	 * Run. argv[0] is the first argument after the subcommand; all are checked against args.
	 * Thread context. What takes long looks at shell_interrupted().
	 *
	 * @return exit code: 0 success, 1 ... 63 the command's own, or negative errno (its text is
	 *         printed unless the command said more)
	 */
	int (*run)(struct shell *sh, int argc, char **argv);
};

struct command {
	const char *name;
	const char *help; /* one line */
	const struct command_sub *subs; /* ends at run == NULL */
};

/** Declare a command: `COMMAND(echo) { "echo", "print words", subs };` */
#define COMMAND(ident)                                                                              \
	static const struct command command_##ident;                                                \
	SECTION_PTR(".table.command", struct command, command_##ident);                             \
	static const struct command command_##ident =

/** Iterate commands in name order: NULL gives the first. */
const struct command *command_next(const struct command *prev);
const struct command *command_find(const char *name);

/** Values of arguments that were checked as ARG_U64, ARG_SIZE, ARG_TIME (ns). */
uint64_t arg_u64(const char *s);
uint64_t arg_size(const char *s);
uint64_t arg_time(const char *s);
struct guest;
struct vcpu;
/**
 * The vCPU of an ARG_VCPU.
 *
 * @param held  gets its guest, to be given back by guest_put()
 * @return NULL: there is none now
 */
struct vcpu *arg_vcpu(const char *s, struct guest **held);

/* --- for commands ------------------------------------------------------------------------- */

/** Print from a command. */
void sh_printf(struct shell *sh, const char *fmt, ...) printf_like(2, 3);
struct shell_out *shell_output(struct shell *sh);
/**
 * Where error sentences go: the same, each line prefixed by the command's name ("guest create: ").
 */
struct shell_out *shell_errors(struct shell *sh);
/**
 * An error sentence from a command, without its name and full stop: "kernel /boot/x: no such file".
 * @return err
 */
int sh_error(struct shell *sh, int err, const char *fmt, ...) printf_like(3, 4);
/** sh_error() of "<what>: <text of err>". @return err */
int sh_fail(struct shell *sh, int err, const char *what);
/**
 * Print a line of a memory dump: address, bytes, and for single bytes their characters.
 *
 * @param addr   address of the first byte
 * @param buf    the bytes
 * @param n      how many, at most 16, a multiple of width unless that is 1
 * @param width  bytes of a number, little-endian: 1, 2, 4, 8
 */
void sh_hexdump(struct shell *sh, uint64_t addr, const void *buf, size_t n, unsigned width);
/** Is Ctrl-C pressed since the command line began? */
bool shell_interrupted(struct shell *sh);
/** Sleep until a moment (time_now() scale) or Ctrl-C. @return 0 or -EINTR */
int shell_sleep(struct shell *sh, uint64_t deadline);
/** The terminal this shell is on, NULL for none. */
struct chardev *shell_chardev(struct shell *sh);
/** While a command reads the terminal by itself: Ctrl-C is a byte like all others. */
void shell_raw(struct shell *sh, bool raw);
/** Exit code of the last command ("$?"). */
int shell_status(struct shell *sh);
/** Help on one command, or on all. @return 0 or -ENOENT */
int shell_help(struct shell *sh, const char *command);

/* --- running ------------------------------------------------------------------------------ */

/**
 * A shell: on a terminal, or with NULL on none (output goes to the console).
 * @return NULL when out of memory
 */
struct shell *shell_create(struct chardev *cd);
void shell_destroy(struct shell *sh);
/**
 * Run one line: `;` `&&` `||` separate, '...' "..." and \ quote, # begins a comment, $? is the last
 * exit code. Thread context.
 *
 * @return exit code of the last command: its own 0 ... 63; 127 for an unknown one, 128 + errno for
 * an error
 */
int shell_run_line(struct shell *sh, const char *line);
/**
 * Run a script file; stops at the first failing line unless that begins with '-' or is part of a
 * condition. Bad line: file, number, reason. Thread context. @return as shell_run_line()
 */
int shell_run_script(struct shell *sh, const char *path);
/** Read and run lines until the terminal goes away (never, on a UART). Thread context. */
void shell_interact(struct shell *sh);
/**
 * Boot: run /boot.xscript and vmm.bootcmd=, then the management terminal, in a thread of its own.
 */
void shell_start(void);
/**
 * Bootargs of /chosen: value of `key=` (NUL-terminated copy in buf), or NULL. Quoted values keep
 * blanks.
 */
const char *bootarg(const char *key, char *buf, size_t size);
