/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a command line, and what separates commands. No data of its own.
 */
#include "shell_priv.h"

#include <libs/printf.h>
#include <libs/string.h>

struct sink {
	char *buf;
	size_t size, len;
	bool full;
};

static void put(struct sink *w, char c)
{
	if (w->len + 1 < w->size)
		w->buf[w->len++] = c;
	else
		w->full = true;
}

static bool is_end(char c)
{
	return c == '\0' || c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_continued(const char *s)
{
	return s[0] == '\\' && (s[1] == '\n' || (s[1] == '\r' && s[2] == '\n'));
}

static bool is_separator(const char *s)
{
	return *s == ';' || (*s == '&' && s[1] == '&') || (*s == '|' && s[1] == '|');
}

/* "$?" at *s: its value. @return whether it was one */
static bool put_status(struct tokenizer *tk, const char **s, struct sink *w)
{
	char num[12];

	if ((*s)[0] != '$' || (*s)[1] != '?')
		return false;
	snprintf(num, sizeof(num), "%d", tk->status);
	for (const char *p = num; *p; p++)
		put(w, *p);
	*s += 2;
	return true;
}

/* Inside quotes, from behind the opening one. @return behind the closing one, or the line's end */
static const char *read_quoted(struct tokenizer *tk, const char *s, struct sink *w)
{
	char quote = tk->quote;

	while (*s && *s != quote) {
		if (quote == '"' && *s == '\\' && s[1] && strchr("\"\\$", s[1]))
			s++;
		else if (quote == '"' && put_status(tk, &s, w))
			continue;
		put(w, *s++);
	}
	if (*s) {
		tk->quote = 0;
		s++;
	}
	return s;
}

static enum token read_word(struct tokenizer *tk, struct sink *w)
{
	const char *s = tk->at;

	while (!is_end(*s) && !is_blank(*s) && !is_separator(s) && !tk->quote) {
		if (*s == '\'' || *s == '"') {
			tk->quote = *s;
			s = read_quoted(tk, s + 1, w);
		} else if (is_continued(s)) {
			break;
		} else if (*s == '\\' && !is_end(s[1])) {
			put(w, s[1]);
			s += 2;
		} else if (!put_status(tk, &s, w)) {
			put(w, *s++);
		}
	}
	tk->at = s;
	w->buf[w->len] = '\0';
	if (tk->quote) {
		tk->error = tk->quote == '"' ? "a \" is not closed" : "a ' is not closed";
		return TOKEN_ERROR;
	}
	if (w->full) {
		tk->error = "the line is too long";
		return TOKEN_ERROR;
	}
	return TOKEN_WORD;
}

enum token token_next(struct tokenizer *tk, char *buf, size_t size)
{
	struct sink w = { .buf = buf, .size = size };
	const char *s = tk->at;

	while (is_blank(*s) || is_continued(s))
		s += *s == '\\' ? (s[1] == '\r' ? 3 : 2) : 1;
	tk->at = tk->start = s;
	tk->quote = 0;
	if (is_end(*s) || *s == '#')
		return TOKEN_END;
	if (*s == ';') {
		tk->at++;
		return TOKEN_SEMICOLON;
	}
	if (is_separator(s)) {
		tk->at += 2;
		return *s == '&' ? TOKEN_AND : TOKEN_OR;
	}
	return read_word(tk, &w);
}
