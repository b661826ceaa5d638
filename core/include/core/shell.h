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

/** Where text goes. */
struct shell_out {
	void (*write)(struct shell_out *out, const char *s, size_t n);
	struct chardev *cd;
	bool at_line_start;
};
void out_printf(struct shell_out *out, const char *fmt, ...) printf_like(2, 3);
void out_puts(struct shell_out *out, const char *s);

/** What kind of word an argument is: decides checking, conversion, completion and help. */
enum arg_type {
	ARG_WORD,    /**< any text */
	ARG_REST,    /**< all remaining words, kept apart; last only */
	ARG_U64,     /**< number */
	ARG_SIZE,    /**< bytes with unit: 256M, 64KiB */
	ARG_TIME,    /**< ns with unit: 5s, 100ms; a bare number is in seconds */
	ARG_GUEST,   /**< name of a guest that exists */
	ARG_VCPU,    /**< guest/vcpuN */
	ARG_FILE,    /**< path of a file */
	ARG_DIR,     /**< path of a directory */
	ARG_DTPATH,  /**< path of a device-tree node */
	ARG_CHARDEV, /**< name of a character device */
	ARG_VSERIAL, /**< name of a guest's serial port */
	ARG_CHOICE,  /**< one of `choices`, "a|b|c" */
};

struct arg_spec {
	const char *name;	/* as in help: "<name>" */
	enum arg_type type;
	bool optional;		/* and all after it */
	const char *choices;	/* ARG_CHOICE */
};

#define ARGS_MAX 8

struct command_sub {
	const char *name;	/* NULL: the command itself has no subcommands */
	const char *help;	/* one line */
	struct arg_spec args[ARGS_MAX]; /* ends at a NULL name */
	/**
	 * Run. argv[0] is the first argument after the subcommand; all are
	 * checked against args. Thread context, may be interrupted by Ctrl-C: see shell_interrupted().
	 * @return exit code: 0 success, negative errno (its text is printed unless the command said more)
	 */
	int (*run)(struct shell *sh, int argc, char **argv);
};

struct command {
	const char *name;
	const char *help; /* one line */
	const struct command_sub *subs; /* ends at run == NULL */
};

#define COMMAND(ident)                                                                              \
	static const struct command command_##ident;                                                \
	SECTION_PTR(".table.command", struct command, command_##ident);                             \
	static const struct command command_##ident =

/** A shell: one terminal, or a script. */
struct shell *shell_create(struct chardev *cd);
/** Print from a command. */
void sh_printf(struct shell *sh, const char *fmt, ...) printf_like(2, 3);
struct shell_out *shell_output(struct shell *sh);
/** The terminal this shell is on, NULL for none. */
struct chardev *shell_chardev(struct shell *sh);
/**
 * An error sentence from a command ("guest create: …") and the code to return.
 * @return err
 */
int sh_error(struct shell *sh, int err, const char *fmt, ...) printf_like(3, 4);
/** Was Ctrl-C pressed since the command began? */
bool shell_interrupted(struct shell *sh);
/** Run one line (`;` separates, quoting, `#` comments). @return exit code of the last command */
int shell_run_line(struct shell *sh, const char *line);
/** Run a script file; stops at the first failing line unless it begins with '-'. Bad line: file, number, reason. */
int shell_run_script(struct shell *sh, const char *path);
/** Exit code of the last command ("$?"). */
int shell_status(struct shell *sh);

/** Iterate commands in name order. */
const struct command *command_next(const struct command *prev);
const struct command *command_find(const char *name);
/** Boot: run /boot.xscript and vmm.bootcmd=, start the terminal's thread. */
void shell_start(void);
/** Bootargs of /chosen: value of `key=` (NUL-terminated copy in buf), or NULL. Quoted values keep blanks. */
const char *bootarg(const char *key, char *buf, size_t size);

/** Aligned tables: columns by printf into cells, printed at the end. */
struct table;
struct table *table_create(const char *headings); /* "NAME|STATE|>MEMORY": '>' right-aligned */
void table_row(struct table *t, const char *fmt, ...) printf_like(2, 3); /* cells separated by '|' */
void table_print(struct table *t, struct shell_out *out); /* and frees it; NULL table is allowed */
