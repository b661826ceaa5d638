/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line editor at a simple terminal: after each key the screen shows the line and the cursor is
 * where it belongs. Most checks compare the screen with a second, naive editor.
 */
#include "../../core/shell/shell_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/mem.h>

#include "fake.h"
#include "screen.h"
#include "unit.h"

#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"
#define PROMPT_LEN (sizeof(PROMPT) - 1)

static struct editor ed;
static struct screen screen;
static size_t sent;

static void put(struct editor *editor, const char *s, size_t n)
{
	screen_write(&screen, s, n);
	sent += n;
}

static void begin(void)
{
	memset(&ed, 0, sizeof(ed));
	ed.put = put;
	screen_init(&screen, 80);
	screen.may_clear = true;
	edit_begin(&ed);
}

static void end(void)
{
	heap_free(ed.draft);
	CHECK(!screen.error);
	CHECK_EQ(fake_heap_live(), 0);
}

static enum edit_result type_n(const char *keys, size_t n)
{
	enum edit_result result = EDIT_MORE;

	for (size_t i = 0; i < n; i++)
		result = edit_feed(&ed, (uint8_t)keys[i]);
	return result;
}

static enum edit_result type(const char *keys)
{
	return type_n(keys, strlen(keys));
}

/* Line with a mark at the cursor. */
static void check_line(const char *expected)
{
	char shown[2 * LINE_SIZE];

	snprintf(shown, sizeof(shown), "%.*s|%.*s", ed.cur, ed.buf, ed.len - ed.cur,
		 ed.buf + ed.cur);
	CHECK_STR(shown, expected);
}

/* The row of the cursor has the prompt, the line or a part of it, and nothing else. */
static void check_screen(void)
{
	const char *row = screen_row(&screen, screen.row);
	char want[LINE_SIZE + 20];
	size_t n;

	if (ed.len <= COLUMNS - PROMPT_LEN && !ed.window) {
		snprintf(want, sizeof(want), PROMPT "%.*s", ed.len, ed.buf);
		for (n = strlen(want); n && want[n - 1] == ' '; n--)
			want[n - 1] = '\0';
		CHECK_STR(row, want);
		CHECK_EQ(screen.col, PROMPT_LEN + ed.cur);
	} else if (ed.window) {
		n = strlen(row);
		CHECK(n >= PROMPT_LEN && n <= COLUMNS);
		CHECK(!strncmp(row, PROMPT, PROMPT_LEN));
		/* What is left of the cursor on the screen is what is left of it in the line. */
		n = screen.col - PROMPT_LEN;
		row = screen.text[screen.row] + PROMPT_LEN;
		CHECK(n <= ed.cur && !memcmp(row, ed.buf + ed.cur - n, n));
	}
}

TEST(typing)
{
	begin();
	sent = 0;
	type("hello");
	CHECK_EQ(sent, 5); /* nothing but the echo */
	check_line("hello|");
	check_screen();
	type("\b\x7f");
	check_line("hel|");
	check_screen();
	type(LEFT LEFT "XY");
	check_line("hXY|el");
	check_screen();
	type("\x1b[3~");
	check_line("hXY|l");
	check_screen();
	CHECK_EQ(type("\r"), EDIT_LINE);
	CHECK_STR(ed.buf, "hXYl");
	end();
}

TEST(keys)
{
	static const struct {
		const char *keys, *line;
	} cases[] = {
		{ "one two" "\x01" "A", "A|one two" },
		{ "one two" "\x01" "\x05" "E", "one twoE|" },
		{ "one two" "\x1b[H" "A" "\x1b[F" "E", "Aone twoE|" },
		{ "one two" "\x1bOH" "A" "\x1bOF" "E", "Aone twoE|" },
		{ "one two" "\x1b[1~" "A" "\x1b[4~" "E", "Aone twoE|" },
		{ "one two" "\x1b[7~" "A" "\x1b[8~" "E", "Aone twoE|" },
		{ "one two" "\x15", "|" },
		{ "one two" LEFT LEFT LEFT "\x15", "|two" },
		{ "one two" LEFT LEFT LEFT "\x0b", "one |" },
		{ "one two" "\x17", "one |" },
		{ "one two  " "\x17", "one |" },
		{ "one two" "\x17" "\x17" "\x17", "|" },
		{ "one two" "\x1b\x7f", "one |" },
		{ "one two" "\x1b[1;5D" "X", "one X|two" },
		{ "one two" "\x1b" "b" "\x1b" "b" "X", "X|one two" },
		{ "one two" "\x01" "\x1b" "fX", "oneX| two" },
		{ "one two" "\x01" "\x1b[1;5C" "X", "oneX| two" },
		{ "one two" "\x01" "\x1b" "d", "| two" },
		{ "abc" "\x02" "\x02" "X" "\x06" "Y", "aXbY|c" },
		{ "abc" "\x04", "abc|" },
		{ "abc" "\x01" "\x04", "|bc" },
		{ "\x04" "\b" "\x7f" "\x15" "\x0b" "\x17" LEFT RIGHT UP DOWN "x", "x|" },
		/* unknown: nothing */
		{ "abc" "\x1b[200~" "\x1b[99;99;99z" "\x1bOQ" "\x1bx" "d", "abcd|" },
		{ "abc" "\x1b" "\x01" "X", "X|abc" }, /* a control character after a lone ESC */
		{ "a\x01\x02\x0c" "b", "b|a" },
		{ "gr\xc3\xbc\xc3\x9f" "e" LEFT LEFT "\b" "u", "gru|\xc3\x9f" "e" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin();
		type(cases[i].keys);
		check_line(cases[i].line);
		if (!strchr(cases[i].line, '\xc3'))
			check_screen();
		end();
	}
}

TEST(line_ends)
{
	begin();
	CHECK_EQ(type("a\r"), EDIT_LINE);
	edit_begin(&ed);
	CHECK_EQ(type("\n"), EDIT_MORE); /* of CR LF */
	CHECK_EQ(type("b\n"), EDIT_LINE);
	edit_begin(&ed);
	CHECK_EQ(type("\n"), EDIT_LINE);
	edit_begin(&ed);
	CHECK_EQ(type("abc\x03"), EDIT_CANCEL);
	edit_begin(&ed);
	CHECK_EQ(type("abc\t"), EDIT_TAB);
	type_n("\0\0", 2);
	check_line("abc|");
	edit_begin(&ed);
	/* Enter in the middle: all of the line counts. */
	CHECK_EQ(type("abcd" LEFT LEFT "\r"), EDIT_LINE);
	CHECK_STR(ed.buf, "abcd");
	end();
}

TEST(browsing)
{
	begin();
	type("first\r");
	edit_begin(&ed);
	type("second\r");
	edit_begin(&ed);
	type("first\r"); /* no doubles: moves to the end */
	edit_begin(&ed);
	type("\r"); /* empty lines are not kept */
	edit_begin(&ed);
	type("mine" UP);
	check_line("first|");
	check_screen();
	type(UP);
	check_line("second|");
	check_screen();
	type(UP UP UP);
	check_line("second|");
	type(DOWN);
	check_line("first|");
	type(DOWN);
	check_line("mine|");
	check_screen();
	type(DOWN);
	check_line("mine|");
	type("\x10\x10\x0e!");
	check_line("first!|");
	type("\r");
	CHECK_STR(ed.buf, "first!");
	end();
}

TEST(history_is_bounded)
{
	struct history h = { 0 };
	char line[300], many[101];

	memset(many, 'x', 100);
	many[100] = '\0';
	CHECK(!history_get(&h, 0));
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "%u %.*s", i, i % 100, many);
		history_add(&h, line);
		CHECK_STR(history_get(&h, 0), line);
		CHECK(h.used <= HISTORY_SIZE);
	}
	for (unsigned i = 0; history_get(&h, i); i++)
		CHECK_EQ(atoi(history_get(&h, i)), 999 - i);
	memset(line, 'y', sizeof(line));
	line[299] = '\0';
	for (unsigned i = 0; i < 20; i++) {
		line[0] = (char)('a' + i);
		history_add(&h, line);
	}
	CHECK_EQ(history_get(&h, 0)[0], 't');
	CHECK_EQ(history_get(&h, 5)[0], 'o');
	CHECK(!history_get(&h, 6));
}

static void type_many(const char *s, unsigned n)
{
	while (n--)
		type(s);
}

TEST(long_lines)
{
	begin();
	sent = 0;
	type_many("0123456789", 20);
	CHECK_EQ(sent, 200); /* the terminal wraps by itself */
	CHECK_EQ(screen.row, 2);
	type("\x01" "A");
	check_screen();
	CHECK_EQ(ed.cur, 1);
	type("\x05" "E");
	check_screen();
	type_many(LEFT, 150);
	check_screen();
	type("middle");
	check_screen();
	type_many("\b", 40);
	check_screen();
	type("\x0b");
	check_screen();
	CHECK(ed.len < 40 && !ed.window);
	type("\x15" "short");
	check_line("short|");
	check_screen();
	/* The line is full: a bell, and what does not fit is left out. */
	type_many("0123456789", 120);
	CHECK_EQ(ed.len, LINE_SIZE - 1);
	CHECK(screen.bells > 0);
	CHECK_EQ(type("\r"), EDIT_LINE);
	CHECK_EQ(strlen(ed.buf), LINE_SIZE - 1);
	end();
}

TEST(hide_and_show)
{
	static const unsigned lengths[] = { 0, 1, 20, 70, 71, 72, 80, 200, 900 };

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (unsigned back = 0; back <= lengths[i]; back += 1 + lengths[i] / 3) {
			begin();
			type_many("x", lengths[i]);
			type_many(LEFT, back);
			edit_hide(&ed);
			CHECK_EQ(screen.col, 0);
			CHECK_STR(screen_row(&screen, screen.row), "");
			screen_write(&screen, "message\r\n", 9);
			edit_show(&ed);
			CHECK_EQ(ed.len, lengths[i]);
			CHECK_EQ(ed.cur, lengths[i] - back);
			check_screen();
			type("y");
			check_screen();
			type("\b\b");
			check_screen();
			end();
		}
	}
}

/* Random keys: after each of them the screen is right, whatever the width of the terminal. */
TEST(random_keys)
{
	static const char *const keys[] = {
		"a", "b", " ", "word ", LEFT, RIGHT, LEFT LEFT LEFT, "\x01", "\x05", "\b", "\x04",
		"\x17", "\x0b", "\x15", UP, DOWN, "\x1b[1;5D", "\x1b[1;5C", "0123456789", "\x0c",
		"\x1b", "[", "~", "O",
	};

	for (unsigned round = 0; round < 60; round++) {
		begin();
		screen_init(&screen, 80 + round % 3 * 20);
		screen.may_clear = true;
		edit_begin(&ed);
		for (unsigned i = 0; i < 500 && screen.row + 20 < SCREEN_ROWS; i++) {
			unsigned kinds = round % 2 ? 20 : 24;

			type(keys[unit_random_below(kinds)]);
			if (unit_random_below(40) == 0) {
				type("\r");
				edit_begin(&ed);
			}
			check_screen();
			if (unit_failed())
				return;
		}
		end();
	}
}
