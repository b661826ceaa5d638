/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal of screen.h.
 */
#include "screen.h"

#include <string.h>

void screen_init(struct screen *s, unsigned width)
{
	memset(s, 0, sizeof(*s));
	s->width = width;
	for (unsigned i = 0; i < SCREEN_ROWS; i++)
		memset(s->text[i], ' ', SCREEN_COLS);
}

static void line_feed(struct screen *s)
{
	if (s->row + 1 < SCREEN_ROWS)
		s->row++;
	else
		s->error = "too many rows";
}

/* A character in the last column leaves the cursor on it, until the next one comes. */
static void print(struct screen *s, char c)
{
	if (((unsigned char)c & 0xc0) == 0x80)
		return;
	if (s->col == s->width) {
		s->col = 0;
		line_feed(s);
	}
	s->text[s->row][s->col++] = c;
}

static size_t escape(struct screen *s, const char *text, size_t n)
{
	if (!s->may_clear || n < 7 || memcmp(text, "\x1b[H\x1b[2J", 7)) {
		s->error = "escape sequence";
		return 1;
	}
	for (unsigned i = 0; i < SCREEN_ROWS; i++)
		memset(s->text[i], ' ', SCREEN_COLS);
	s->row = s->col = 0;
	s->cleared++;
	return 7;
}

void screen_write(struct screen *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		char c = text[i];

		if (c == 0x1b) {
			i += escape(s, text + i, n - i);
			continue;
		}
		i++;
		if (c == '\r')
			s->col = 0;
		else if (c == '\n')
			line_feed(s);
		else if (c == '\b')
			s->col -= s->col > 0 ? 1 + (s->col == s->width) : 0;
		else if (c == '\a')
			s->bells++;
		else if ((unsigned char)c < ' ')
			s->error = "control character";
		else
			print(s, c);
	}
}

const char *screen_row(struct screen *s, unsigned row)
{
	static char text[SCREEN_COLS + 1];
	size_t n = SCREEN_COLS;

	memcpy(text, s->text[row], SCREEN_COLS);
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}
