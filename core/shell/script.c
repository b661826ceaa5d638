/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scripts: files of command lines. A line that begins with '-' may fail, any other failure
 * ends the script. No data of its own.
 */
#include "shell_priv.h"

#include <core/mem.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/string.h>

#define SCRIPT_MAX (256 * 1024) /* bytes */

/* Cut the line at *s off: a newline ends it unless a backslash is in front. @return the line */
static char *next_line(char **s, unsigned *number)
{
	char *line = *s, *at = line;
	bool comment = line[strspn(line, " \t-")] == '#';

	while (*at && *at != '\n') {
		if (*at == '\\' && !comment) {
			at += at[1] == '\r' && at[2] == '\n';
			*number += at[1] == '\n';
			at += at[1] != '\0';
		}
		at++;
	}
	if (*at)
		*at++ = '\0';
	*s = at;
	return line;
}

static int run_lines(struct shell *sh, const char *path, char *text)
{
	unsigned number = 1;
	int status = 0;

	while (*text && !shell_interrupted(sh)) {
		unsigned first = number;
		char *line = next_line(&text, &number);
		bool may_fail;

		number++;
		line += strspn(line, " \t");
		may_fail = *line == '-';
		status = shell_run_line(sh, line + may_fail);
		if (status && !may_fail && !shell_interrupted(sh)) {
			sh_error(sh, 0, "%s:%u: stopped, exit code %d: %.60s", path, first, status,
				 line);
			return status;
		}
		if (may_fail)
			status = 0;
	}
	return shell_interrupted(sh) ? 128 + EINTR : status;
}

int shell_run_script(struct shell *sh, const char *path)
{
	const struct command *cmd = sh->cmd;
	const struct command_sub *sub = sh->sub;
	void *text;
	size_t len;
	int err;

	if (sh->depth >= DEPTH_MAX) {
		sh_error(sh, 0, "%s: scripts run each other more than %d deep", path, DEPTH_MAX);
		return 128 + ELOOP;
	}
	err = vfs_load(path, SCRIPT_MAX, &text, &len);
	if (!err && strlen(text) != len) {
		heap_free(text);
		sh_error(sh, 0, "%s: this is no text", path);
		return 128 + EILSEQ;
	}
	if (err) {
		sh_fail(sh, err, path);
		return 128 - err;
	}
	/* Errors are those of the script's commands from here on. */
	sh->cmd = NULL;
	sh->sub = NULL;
	err = run_lines(sh, path, text);
	sh->cmd = cmd;
	sh->sub = sub;
	sh->said = err != 0;
	heap_free(text);
	return err;
}
