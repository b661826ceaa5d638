/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Completion: which command and argument the cursor is at, from the same tables that run the
 * commands, and what all candidates have in common. Candidates are offered twice, once to find
 * that, once to be printed, so none has to be kept.
 */
#include "shell_priv.h"

#include <core/mem.h>
#include <libs/string.h>

#define LISTED_MAX 100 /* candidates printed */

void complete_add(struct completion_list *list, const char *text, bool partial)
{
	size_t n = strlen(text), same = 0;

	if (n < list->prefix_len || memcmp(text, list->prefix, list->prefix_len))
		return;
	if (list->out) {
		text += list->shown;
		n -= list->shown;
		if (list->count++ < LISTED_MAX) {
			if (list->column && list->column + n > COLUMNS) {
				out_puts(list->out, "\n");
				list->column = 0;
			}
			out_printf(list->out, "%s  ", text);
			list->column += (unsigned)n + 2;
		}
		return;
	}
	if (!list->count++) {
		list->common_len = strlcpy(list->common, text, sizeof(list->common));
		if (list->common_len >= sizeof(list->common))
			list->common_len = sizeof(list->common) - 1;
		list->partial = partial;
		return;
	}
	while (same < list->common_len && same < n && text[same] == list->common[same])
		same++;
	list->common_len = same;
}

/* --- what the cursor is at ------------------------------------------------------------------ */

struct place {
	int argc;		/* complete words of the command before the cursor */
	char *argv[ARGV_MAX];
	char *word;		/* the one at the cursor, maybe empty */
	char quote;		/* that is open in it */
};

/* @return false when there are too many words, or the cursor is in a comment */
static bool find_place(struct place *at, const char *line, char *buf, size_t size)
{
	struct tokenizer tk = { .at = line };
	enum token kind;
	size_t used = 0;

	at->argc = 0;
	for (;;) {
		at->word = buf + used;
		*at->word = '\0';
		kind = token_next(&tk, at->word, size - used);
		if (kind == TOKEN_END)
			return *tk.at != '#';
		if (kind == TOKEN_SEMICOLON || kind == TOKEN_AND || kind == TOKEN_OR) {
			at->argc = 0;
			continue;
		}
		/* The word that the line ends with is not complete yet. */
		if (kind == TOKEN_ERROR || !*tk.at) {
			at->quote = tk.quote;
			return true;
		}
		if (at->argc == ARGV_MAX)
			return false;
		at->argv[at->argc++] = at->word;
		used += strlen(at->word) + 1;
	}
}

/* Words of subcommands: the first, or the second of those that begin with the first one typed. */
static void offer_subs(const struct command *cmd, const struct place *at,
		       struct completion_list *list)
{
	char word[32], last[32] = "";

	for (const struct command_sub *sub = cmd->subs; sub->run; sub++) {
		const char *name = sub->name ? sub->name : "";
		size_t first = strcspn(name, " ");

		if (at->argc == 1) {
			strlcpy(word, name, MIN(first + 1, sizeof(word)));
		} else {
			if (!name[first] || strlen(at->argv[1]) != first ||
			    strncmp(at->argv[1], name, first))
				continue;
			strlcpy(word, name + first + 1, sizeof(word));
		}
		if (*word && strcmp(word, last))
			complete_add(list, word, false);
		strlcpy(last, word, sizeof(last));
	}
}

static void offer(struct place *at, struct completion_list *list)
{
	const struct arg_spec commands = ARG(COMMAND, "command"), *spec;
	const struct command_sub *sub;
	const struct command *cmd;
	int used;

	if (!at->argc) {
		word_complete(&commands, list);
		return;
	}
	cmd = command_find(at->argv[0]);
	if (!cmd)
		return;
	sub = command_sub_find(cmd, at->argc - 1, at->argv + 1, &used);
	if (at->argc <= 2 && !used)
		offer_subs(cmd, at, list);
	else if (at->argc == 2 && used == 1)
		offer_subs(cmd, at, list);
	if (!sub)
		return;
	spec = arg_spec_at(sub->args, at->argc - 1 - used);
	if (spec)
		word_complete(spec, list);
}

/* --- what is inserted ------------------------------------------------------------------------ */

/* Append text as it has to be typed; what does not fit is left out. */
static void append(char *buf, size_t size, const char *text, size_t n, char quote)
{
	size_t len = strlen(buf);

	for (size_t i = 0; i < n && len + 3 < size; i++) {
		bool special = quote ? quote == '"' && strchr("\"\\", text[i])
				     : strchr(" \t\\'\"#;&|", text[i]) != NULL;

		if (special)
			buf[len++] = '\\';
		buf[len++] = text[i];
	}
	buf[len] = '\0';
}

static void compose(const struct completion_list *list, char quote, char *insert, size_t size)
{
	if (list->common_len > list->prefix_len)
		append(insert, size, list->common + list->prefix_len,
		       list->common_len - list->prefix_len, quote);
	if (list->count != 1 || list->partial)
		return;
	if (quote)
		append(insert, size, &quote, 1, '\'');
	append(insert, size, " ", 1, '\'');
}

void complete_line(const char *line, size_t cursor, char *insert, size_t size,
		   struct shell_out *out)
{
	struct {
		struct place at;
		struct completion_list list;
		char line[LINE_SIZE];
		char words[LINE_SIZE * 2];
	} *w = heap_zalloc(sizeof(*w));

	*insert = '\0';
	if (!w)
		return;
	strlcpy(w->line, line, MIN(cursor + 1, sizeof(w->line)));
	if (find_place(&w->at, w->line, w->words, sizeof(w->words))) {
		w->list.prefix = w->at.word;
		w->list.prefix_len = strlen(w->at.word);
		w->list.out = out;
		offer(&w->at, &w->list);
		if (!out && w->list.count)
			compose(&w->list, w->at.quote, insert, size);
		if (out && w->list.count > LISTED_MAX)
			out_printf(out, "... and %u more", w->list.count - LISTED_MAX);
		if (out && w->list.count)
			out_puts(out, "\n");
	}
	heap_free(w);
}
