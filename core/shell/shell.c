/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shell: it takes lines from its terminal, splits them into commands and runs these. All
 * of it belongs to the thread that runs it, but `interrupted`, which Ctrl-C sets in interrupt
 * context, and the line being edited, which is under the console's lock.
 */
#include "shell_priv.h"

#include <arch/cpu.h>
#include <core/mem.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define EXIT_SYNTAX	 (128 + EINVAL)
#define EXIT_INTERRUPTED (128 + EINTR)

/* --- output ------------------------------------------------------------------------------ */

static void terminal_write(struct shell_out *out, const char *s, size_t n)
{
	struct shell *sh = container_of(out, struct shell, out);
	struct chardev *cd = sh->cd ? sh->cd : chardev_console();

	if (!n)
		return;
	if (cd)
		chardev_write_text(cd, s, n);
	else
		console_write(s, n);
	out->at_line_start = s[n - 1] == '\n';
}

/* Sentences of errors: each line begins with the command's name, on a line of its own. */
static void error_write(struct shell_out *out, const char *s, size_t n)
{
	struct shell *sh = container_of(out, struct shell, err);

	sh->said = true;
	while (n) {
		const char *end = memchr(s, '\n', n);
		size_t part = end ? (size_t)(end - s) + 1 : n;

		if (out->at_line_start || sh->out.at_line_start) {
			if (!sh->out.at_line_start)
				out_puts(&sh->out, "\n");
			if (sh->cmd)
				out_printf(&sh->out, "%s%s%s: ", sh->cmd->name,
					   sh->sub && sh->sub->name ? " " : "",
					   sh->sub && sh->sub->name ? sh->sub->name : "");
		}
		terminal_write(&sh->out, s, part);
		out->at_line_start = end != NULL;
		s += part;
		n -= part;
	}
}

struct shell_out *shell_output(struct shell *sh)
{
	return &sh->out;
}

struct shell_out *shell_errors(struct shell *sh)
{
	return &sh->err;
}

void sh_printf(struct shell *sh, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_vprintf(&sh->out, fmt, ap);
	va_end(ap);
}

int sh_error(struct shell *sh, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_vprintf(&sh->err, fmt, ap);
	va_end(ap);
	out_puts(&sh->err, "\n");
	return err;
}

int sh_fail(struct shell *sh, int err, const char *what)
{
	return sh_error(sh, err, "%s: %s", what, error_text(err));
}

void sh_hexdump(struct shell *sh, uint64_t addr, const void *buf, size_t n, unsigned width)
{
	const uint8_t *bytes = buf;

	sh_printf(sh, "%08" PRIx64 ":", addr);
	for (size_t i = 0; i < 16; i += width) {
		uint64_t v = 0;

		for (size_t b = width; i < n && b-- > 0;)
			v = v << 8 | bytes[i + b];
		if (i < n)
			sh_printf(sh, " %0*" PRIx64, (int)(2 * width), v);
		else if (width == 1)
			sh_printf(sh, "   ");
	}
	if (width == 1) {
		sh_printf(sh, "  ");
		for (size_t i = 0; i < n; i++)
			sh_printf(sh, "%c", bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
	}
	sh_printf(sh, "\n");
}

/* --- Ctrl-C ------------------------------------------------------------------------------ */

static bool filter_interrupt(void *arg, uint8_t byte)
{
	struct shell *sh = arg;

	if (byte != 3)
		return false;
	WRITE_ONCE(sh->interrupted, true);
	waitq_wake_all(&sh->interrupt);
	return true;
}

bool shell_interrupted(struct shell *sh)
{
	return READ_ONCE(sh->interrupted);
}

int shell_sleep(struct shell *sh, uint64_t deadline)
{
	bool stop = waitq_wait_until(&sh->interrupt, shell_interrupted(sh), deadline);

	return stop ? -EINTR : 0;
}

void shell_raw(struct shell *sh, bool raw)
{
	if (sh->cd)
		chardev_set_filter(sh->cd, raw || !sh->depth ? NULL : filter_interrupt, sh);
}

struct chardev *shell_chardev(struct shell *sh)
{
	return sh->cd;
}

int shell_status(struct shell *sh)
{
	return sh->status;
}

/* --- running lines ----------------------------------------------------------------------- */

/* What decides whether the next command runs. */
static bool is_skipped(enum token before, int status)
{
	return (before == TOKEN_AND && status) || (before == TOKEN_OR && !status);
}

/* Commands of one line, words into buf. */
static int run_commands(struct shell *sh, const char *line, char *buf, size_t size, char **argv)
{
	struct tokenizer tk = { .at = line };
	enum token before = TOKEN_SEMICOLON, kind;

	do {
		size_t used = 0;
		int argc = 0;

		tk.status = sh->status;
		while ((kind = token_next(&tk, buf + used, size - used)) == TOKEN_WORD) {
			if (argc == ARGV_MAX) {
				sh_error(sh, 0, "more than %d words in a command", ARGV_MAX);
				return EXIT_SYNTAX;
			}
			argv[argc++] = buf + used;
			used += strlen(buf + used) + 1;
		}
		if (kind == TOKEN_ERROR) {
			sh_error(sh, 0, "%s: %s", tk.error, tk.start);
			return EXIT_SYNTAX;
		}
		if (!argc && (kind >= TOKEN_AND || before >= TOKEN_AND)) {
			sh_error(sh, 0, "a command is missing beside && or ||");
			return EXIT_SYNTAX;
		}
		argv[argc] = NULL;
		if (argc && !is_skipped(before, sh->status))
			sh->status = command_run(sh, argc, argv);
		before = kind;
		if (shell_interrupted(sh))
			return EXIT_INTERRUPTED;
	} while (kind != TOKEN_END);
	return sh->status;
}

int shell_run_line(struct shell *sh, const char *line)
{
	/* "$?" grows to three digits, each word gets a NUL. */
	size_t size = 2 * strlen(line) + 8;
	char **argv;

	while (*line == ' ' || *line == '\t')
		line++;
	if (!*line || *line == '#')
		return sh->status;
	argv = heap_alloc((ARGV_MAX + 1) * sizeof(*argv) + size);
	if (!argv) {
		sh_error(sh, 0, "not enough memory for this line");
		return sh->status = 128 + ENOMEM;
	}
	if (!sh->depth++) {
		WRITE_ONCE(sh->interrupted, false);
		shell_raw(sh, false);
	}
	sh->status = run_commands(sh, line, (char *)(argv + ARGV_MAX + 1), size, argv);
	if (!--sh->depth)
		shell_raw(sh, true);
	heap_free(argv);
	return sh->status;
}

/* --- the terminal -------------------------------------------------------------------------- */

static void edit_put(struct editor *ed, const char *s, size_t n)
{
	chardev_write(container_of(ed, struct shell, edit)->cd, s, n);
}

static void line_hide(struct console_line *line)
{
	edit_hide(&container_of(line, struct shell, line)->edit);
}

static void line_show(struct console_line *line)
{
	edit_show(&container_of(line, struct shell, line)->edit);
}

/* Own or give up the console's last line; only the shell that is on the console has to. */
static void own_line(struct shell *sh, bool own)
{
	if (sh->cd == chardev_console())
		console_set_line(own ? &sh->line : NULL);
}

static void complete(struct shell *sh)
{
	struct editor *ed = &sh->edit;
	char insert[160];
	bool locked;

	ed->buf[ed->len] = '\0';
	complete_line(ed->buf, ed->cur, insert, sizeof(insert), NULL);
	locked = console_lock();
	if (*insert) {
		edit_insert(ed, insert, strlen(insert));
		console_unlock(locked);
		return;
	}
	own_line(sh, false);
	console_unlock(locked);
	out_puts(&sh->out, "\n");
	complete_line(ed->buf, ed->cur, insert, sizeof(insert), &sh->out);
	locked = console_lock();
	own_line(sh, true);
	edit_show(ed);
	console_unlock(locked);
}

/* Edit until a line is there. @return false when it was cancelled */
static bool read_line(struct shell *sh)
{
	enum edit_result result = EDIT_MORE;
	bool locked = console_lock();
	uint8_t byte;

	own_line(sh, true);
	edit_begin(&sh->edit);
	console_unlock(locked);
	while (result == EDIT_MORE || result == EDIT_TAB) {
		if (!chardev_read(sh->cd, &byte, 1, UINT64_MAX)) {
			if (!READ_ONCE(sh->cd->gone))
				continue;
			result = EDIT_CANCEL;
			break;
		}
		locked = console_lock();
		if (sh->line.spoilt) {
			sh->line.spoilt = false;
			edit_show(&sh->edit);
		}
		result = edit_feed(&sh->edit, byte);
		if (result == EDIT_LINE || result == EDIT_CANCEL)
			own_line(sh, false);
		console_unlock(locked);
		if (result == EDIT_TAB)
			complete(sh);
	}
	sh->out.at_line_start = true;
	return result == EDIT_LINE;
}

void shell_interact(struct shell *sh)
{
	while (sh->cd && !READ_ONCE(sh->cd->gone))
		if (read_line(sh))
			shell_run_line(sh, sh->edit.buf);
}

struct shell *shell_create(struct chardev *cd)
{
	struct shell *sh = heap_zalloc(sizeof(*sh));

	if (!sh)
		return NULL;
	sh->cd = cd;
	sh->out = (struct shell_out){ .write = terminal_write, .at_line_start = true };
	sh->err = (struct shell_out){ .write = error_write, .at_line_start = true };
	waitq_init(&sh->interrupt);
	sh->line = (struct console_line){ .hide = line_hide, .show = line_show };
	sh->edit.put = edit_put;
	return sh;
}

void shell_destroy(struct shell *sh)
{
	heap_free(sh->edit.draft);
	heap_free(sh);
}
