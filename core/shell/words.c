/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kinds of words: what is checked of an argument before its command runs, and what it can be
 * completed to. Locks of the lists that are looked at are taken here, one at a time.
 */
#include "shell_priv.h"

#include <core/dt.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/string.h>

/* --- checking ----------------------------------------------------------------------------- */

static int check_choice(const char *choices, const char *word, struct shell_out *err)
{
	size_t len = strlen(word);

	for (const char *c = choices; *c;) {
		size_t n = strcspn(c, "|");

		if (n == len && !strncmp(c, word, n))
			return 0;
		c += n + (c[n] == '|');
	}
	out_printf(err, "'%s' is none of %s\n", word, choices);
	return -EINVAL;
}

static int check_number(enum arg_type type, const char *word, struct shell_out *err)
{
	uint64_t v;
	int e;

	if (type == ARG_U64)
		e = parse_u64(word, &v);
	else if (type == ARG_SIZE)
		e = parse_size(word, &v);
	else
		e = parse_u64(word, &v) ? parse_time_ns(word, &v) : 0;
	if (!e)
		return 0;
	out_printf(err, "'%s' is %s\n", word,
		   e == -ERANGE ? "too large" :
		   type == ARG_U64 ? "no number (decimal, or 0x...)" :
		   type == ARG_SIZE ? "no size (bytes, or with K, M, G)" :
				      "no time (seconds, or with ns, us, ms, s)");
	return e;
}

int word_check(const struct arg_spec *spec, const char *word, struct shell_out *err)
{
	switch (spec->type) {
	case ARG_U64:
	case ARG_SIZE:
	case ARG_TIME:
		return check_number(spec->type, word, err);
	case ARG_CHOICE:
		return check_choice(spec->choices, word, err);
	case ARG_DTPATH:
		if (dt_find(word))
			return 0;
		out_printf(err, "no device-tree node '%s'\n", word);
		return -ENOENT;
	case ARG_CHARDEV:
		if (chardev_find(word))
			return 0;
		out_printf(err, "no character device '%s'; 'chardev list' shows them\n", word);
		return -ENOENT;
	}
	return 0;
}

/* --- completing ---------------------------------------------------------------------------- */

static void complete_choice(const char *choices, struct completion_list *list)
{
	char word[32];

	for (const char *c = choices; *c;) {
		size_t n = strcspn(c, "|");

		strlcpy(word, c, MIN(n + 1, sizeof(word)));
		complete_add(list, word, false);
		c += n + (c[n] == '|');
	}
}

void word_complete(const struct arg_spec *spec, struct completion_list *list)
{
	const struct command *cmd = NULL;
	struct chardev *cd = NULL;

	switch (spec->type) {
	case ARG_CHOICE:
		complete_choice(spec->choices, list);
		break;
	case ARG_COMMAND:
		while ((cmd = command_next(cmd)))
			complete_add(list, cmd->name, false);
		break;
	case ARG_CHARDEV:
		while ((cd = chardev_next(cd)))
			complete_add(list, cd->name, false);
		break;
	}
}
