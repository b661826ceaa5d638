/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the shell share: words of a line, the line editor and its history,
 * completion. A shell belongs to the one thread that runs it; only the editor's line is also looked
 * at by others, under the console's lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/chardev.h>
#include <core/shell.h>
#include <core/thread.h>

#define LINE_SIZE    1024 /* of a typed line, NUL included */
#define HISTORY_SIZE 2048
#define PROMPT	     "XVisor# "
#define COLUMNS	     79 /* used of a terminal's row; the last one would make it wrap */
#define DEPTH_MAX    4	/* of scripts that run scripts */

/* --- words (token.c) ------------------------------------------------------------------- */

enum token { TOKEN_WORD, TOKEN_END, TOKEN_SEMICOLON, TOKEN_AND, TOKEN_OR, TOKEN_ERROR };

struct tokenizer {
	const char *at;	    /* in: the line; then behind what was read */
	int status;	    /* value of $? */
	const char *start;  /* where the last token began */
	char quote;	    /* quote that was open at the end of the line, else 0 */
	const char *error;  /* TOKEN_ERROR: a sentence */
};

/**
 * Read the next token. A word is written to buf without its quotes, NUL-terminated, also when it
 * ends in an open quote (TOKEN_ERROR).
 */
enum token token_next(struct tokenizer *tk, char *buf, size_t size);

/* --- history (history.c) --------------------------------------------------------------- */

/** Lines that were entered, oldest first, one behind the other, each with its NUL. */
struct history {
	uint16_t used;
	char text[HISTORY_SIZE];
};
/** Add at the end; the same line further up, and what does not fit any more, is dropped. */
void history_add(struct history *h, const char *line);
/** Line number n, 0 the newest; NULL: there is none. */
const char *history_get(const struct history *h, unsigned n);

/* --- line editor (edit.c) -------------------------------------------------------------- */

enum edit_result {
	EDIT_MORE,   /* go on */
	EDIT_LINE,   /* Enter: the line is in buf */
	EDIT_CANCEL, /* Ctrl-C */
	EDIT_TAB,
};

struct editor {
	void (*put)(struct editor *ed, const char *s, size_t n);
	struct history history;
	unsigned browsing; /* 0: own line; n: n-th newest of the history */
	char *draft;	   /* own line while browsing */
	uint16_t len, cur; /* bytes, cursor */
	uint16_t drawn;	   /* columns behind the prompt that have something */
	uint16_t win;	   /* first byte that is shown when the line is longer than a row */
	bool window;	   /* only a part of the line is shown, in one row */
	bool after_cr;
	uint8_t esc;	   /* state of an escape sequence from the keyboard */
	uint8_t param;
	char buf[LINE_SIZE];
};

/** Begin a new line: prompt. */
void edit_begin(struct editor *ed);
/** A byte from the terminal. */
enum edit_result edit_feed(struct editor *ed, uint8_t byte);
/** Insert text at the cursor; what does not fit is left out. */
void edit_insert(struct editor *ed, const char *s, size_t n);
/** Take the line off the screen, and bring it back. */
void edit_hide(struct editor *ed);
void edit_show(struct editor *ed);

/* --- commands and their arguments (command.c, words.c, complete.c) ------------------------ */

/**
 * The row for the words after a command's name; *used: how many of them its name took. NULL: none.
 */
const struct command_sub *command_sub_find(const struct command *cmd, int argc, char **argv,
					   int *used);
/** Check one word; a reason goes to err. @return 0 or negative errno */
int word_check(const struct arg_spec *spec, const char *word, struct shell_out *err);
/** The argument that word number n is for; NULL: too many words. */
const struct arg_spec *arg_spec_at(const struct arg_spec *specs, int n);
/** Run a command from its words. @return exit code */
int command_run(struct shell *sh, int argc, char **argv);

struct completion_list {
	const char *prefix;	/* what candidates begin with */
	size_t prefix_len;
	unsigned count;
	bool partial;		/* the only candidate goes on (a folder, "key=") */
	struct shell_out *out;	/* print candidates; NULL: only find what they have in common */
	unsigned column;
	size_t shown;		/* printed from this byte on: names rather than paths */
	size_t common_len;
	char common[128];
};
/** Offer a candidate. @param partial  something may follow it directly */
void complete_add(struct completion_list *list, const char *text, bool partial);
/** Offer all values of an argument that begin with the prefix. */
void word_complete(const struct arg_spec *spec, struct completion_list *list);
/**
 * Complete the word at the cursor.
 * @param insert  gets the text to insert
 * @param out     candidates are printed here when there is nothing to insert
 */
void complete_line(const char *line, size_t cursor, char *insert, size_t size,
		   struct shell_out *out);

/* --- the shell (shell.c) ----------------------------------------------------------------- */

struct shell {
	struct shell_out out, err;
	struct chardev *cd;
	struct waitq interrupt;
	bool interrupted, raw;
	int status;
	unsigned depth;			/* lines within lines (scripts) */
	const struct command *cmd;	/* that runs, for error sentences */
	const struct command_sub *sub;
	bool said;			/* it has explained its failure */
	struct console_line line;
	struct editor edit;
};
