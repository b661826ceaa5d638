/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line editor. It knows nothing of the terminal but backspace, carriage return and that a
 * row has COLUMNS columns or more, so it works on a dumb terminal and through a pipe: typing
 * at the end of a line echoes just that. A line that is longer than a row is left to the terminal
 * to wrap as long as it only grows; once it is edited further up, a part of it is shown in one row.
 *
 * The caller holds the console's lock, because messages hide and show the line.
 */
#include "shell_priv.h"

#include <core/mem.h>
#include <libs/string.h>

#define CTRL(c) ((c) & 0x1f)
#define PROMPT_COLUMNS (sizeof(PROMPT) - 1)
#define ROOM (COLUMNS - PROMPT_COLUMNS)

/* State of an escape sequence: ESC [ <numbers> <letter>, ESC O <letter>. */
enum { ESC_NONE, ESC_SEEN, ESC_BRACKET, ESC_OMEGA };

static void put_str(struct editor *ed, const char *s)
{
	ed->put(ed, s, strlen(s));
}

static void put_times(struct editor *ed, char c, size_t n)
{
	char chunk[16];

	memset(chunk, c, sizeof(chunk));
	for (; n; n -= MIN(n, sizeof(chunk)))
		ed->put(ed, chunk, MIN(n, sizeof(chunk)));
}

/* Bytes after the first of a UTF-8 character take no column. */
static bool is_tail(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

static size_t columns(const struct editor *ed, size_t from, size_t to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += !is_tail(ed->buf[from]);
	return n;
}

static size_t left_of(const struct editor *ed, size_t at)
{
	while (at && is_tail(ed->buf[--at]))
		;
	return at;
}

static size_t right_of(const struct editor *ed, size_t at)
{
	while (at < ed->len && ++at < ed->len && is_tail(ed->buf[at]))
		;
	return at;
}

/* Start of the word left of `at`. */
static size_t word_left(const struct editor *ed, size_t at)
{
	while (at && ed->buf[at - 1] == ' ')
		at--;
	while (at && ed->buf[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_right(const struct editor *ed, size_t at)
{
	while (at < ed->len && ed->buf[at] == ' ')
		at++;
	while (at < ed->len && ed->buf[at] != ' ')
		at++;
	return at;
}

/* --- drawing ---------------------------------------------------------------------------- */

/* Draw the part around the cursor into the row that the cursor is in. */
static void draw_window(struct editor *ed)
{
	size_t end, shown, cursor;

	if (ed->cur < ed->win || columns(ed, ed->win, ed->cur) >= ROOM) {
		size_t back = ROOM / 2;

		for (ed->win = ed->cur; ed->win && back; back--)
			ed->win = (uint16_t)left_of(ed, ed->win);
	}
	if (columns(ed, 0, ed->len) < ROOM)
		ed->win = 0;
	for (end = ed->win; end < ed->len && columns(ed, ed->win, right_of(ed, end)) <= ROOM;)
		end = right_of(ed, end);
	shown = columns(ed, ed->win, end);
	cursor = columns(ed, ed->win, ed->cur);
	put_str(ed, "\r" PROMPT);
	ed->put(ed, ed->buf + ed->win, end - ed->win);
	if (ed->drawn > shown) {
		put_times(ed, ' ', ed->drawn - shown);
		put_times(ed, '\b', ed->drawn - shown);
	}
	put_times(ed, '\b', shown - cursor);
	ed->drawn = (uint16_t)shown;
	ed->window = ed->len > end || ed->win;
}

/*
 * The screen after a change from byte `from` on; the line was old_len bytes long, took
 * ed->drawn columns, and the cursor was at old_cur. Unless the line is longer than a row, that is
 * `from`.
 */
static void redraw(struct editor *ed, size_t from, size_t old_cur, size_t old_len)
{
	size_t cols = columns(ed, 0, ed->len);

	if (ed->window || cols > ROOM || ed->drawn > ROOM) {
		bool appended = from == old_len && old_cur == old_len && ed->cur == ed->len;

		if (!ed->window && appended) {
			ed->put(ed, ed->buf + from, ed->len - from);
			ed->drawn = (uint16_t)cols;
			return;
		}
		if (!ed->window && ed->drawn > ROOM) { /* in rows of unknown width: leave them */
			put_str(ed, "\r\n");
			ed->drawn = 0;
			ed->win = 0;
		}
		draw_window(ed);
		return;
	}
	ed->put(ed, ed->buf + from, ed->len - from);
	if (ed->drawn > cols) {
		put_times(ed, ' ', ed->drawn - cols);
		put_times(ed, '\b', ed->drawn - cols);
	}
	put_times(ed, '\b', columns(ed, ed->cur, ed->len));
	ed->drawn = (uint16_t)cols;
}

void edit_hide(struct editor *ed)
{
	if (ed->drawn > ROOM) {
		put_str(ed, "\r\n");
	} else {
		put_str(ed, "\r");
		put_times(ed, ' ', PROMPT_COLUMNS + ed->drawn);
		put_str(ed, "\r");
	}
	ed->drawn = 0;
}

void edit_show(struct editor *ed)
{
	put_str(ed, PROMPT);
	ed->drawn = 0;
	if (columns(ed, 0, ed->len) > ROOM && (ed->window || ed->cur != ed->len)) {
		draw_window(ed);
		return;
	}
	ed->window = false;
	redraw(ed, 0, 0, 0);
}

/* --- changing --------------------------------------------------------------------------- */

static void move_to(struct editor *ed, size_t at)
{
	size_t old = ed->cur;

	if (at == old)
		return;
	ed->cur = (uint16_t)at;
	if (ed->window || ed->drawn > ROOM)
		redraw(ed, 0, old, ed->len);
	else if (at < old)
		put_times(ed, '\b', columns(ed, at, old));
	else
		ed->put(ed, ed->buf + old, at - old);
}

/* Remove [from, to) and put the cursor there. */
static void erase(struct editor *ed, size_t from, size_t to)
{
	size_t old_cur = ed->cur, old_len = ed->len;

	if (from == to)
		return;
	/*
	 * Go there first: what is left of the cursor is then on the screen as it is in the buffer.
	 */
	if (!ed->window && ed->drawn <= ROOM) {
		move_to(ed, from);
		old_cur = from;
	}
	memmove(ed->buf + from, ed->buf + to, ed->len - to);
	ed->len -= (uint16_t)(to - from);
	ed->cur = (uint16_t)from;
	redraw(ed, from, old_cur, old_len);
}

void edit_insert(struct editor *ed, const char *s, size_t n)
{
	size_t old_cur = ed->cur, old_len = ed->len;

	if (n > LINE_SIZE - 1u - ed->len) {
		put_str(ed, "\a");
		return;
	}
	memmove(ed->buf + ed->cur + n, ed->buf + ed->cur, ed->len - ed->cur);
	memcpy(ed->buf + ed->cur, s, n);
	ed->len += (uint16_t)n;
	ed->cur += (uint16_t)n;
	redraw(ed, old_cur, old_cur, old_len);
}

static void replace(struct editor *ed, const char *text)
{
	size_t n = strnlen(text, LINE_SIZE - 1);

	move_to(ed, 0);
	erase(ed, 0, ed->len);
	edit_insert(ed, text, n);
}

/* Go through the history: older or newer lines; behind the newest is one's own. */
static void browse(struct editor *ed, bool older)
{
	const char *line;

	if (older) {
		line = history_get(&ed->history, ed->browsing);
		if (!line)
			return;
		if (!ed->browsing) {
			ed->buf[ed->len] = '\0';
			ed->draft = heap_strdup(ed->buf);
		}
		ed->browsing++;
	} else {
		if (!ed->browsing)
			return;
		line = --ed->browsing ? history_get(&ed->history, ed->browsing - 1) : ed->draft;
	}
	replace(ed, line ? line : "");
	if (!ed->browsing) {
		heap_free(ed->draft);
		ed->draft = NULL;
	}
}

void edit_begin(struct editor *ed)
{
	heap_free(ed->draft);
	ed->draft = NULL;
	ed->browsing = 0;
	ed->len = ed->cur = ed->drawn = ed->win = 0;
	ed->window = false;
	ed->esc = ESC_NONE;
	put_str(ed, PROMPT);
}

/* --- keys ------------------------------------------------------------------------------- */

/* The letter (or the number before '~') of an escape sequence. */
static void key_escape(struct editor *ed, char key)
{
	bool word = ed->param == 5; /* ESC [ 1 ; 5 C: Ctrl held */

	switch (key) {
	case 'A':
		browse(ed, true);
		break;
	case 'B':
		browse(ed, false);
		break;
	case 'C':
		move_to(ed, word ? word_right(ed, ed->cur) : right_of(ed, ed->cur));
		break;
	case 'D':
		move_to(ed, word ? word_left(ed, ed->cur) : left_of(ed, ed->cur));
		break;
	case 'H':
		move_to(ed, 0);
		break;
	case 'F':
		move_to(ed, ed->len);
		break;
	case '~':
		if (ed->param == 1 || ed->param == 7)
			move_to(ed, 0);
		else if (ed->param == 4 || ed->param == 8)
			move_to(ed, ed->len);
		else if (ed->param == 3)
			erase(ed, ed->cur, right_of(ed, ed->cur));
		break;
	}
}

/* @return whether the byte belonged to an escape sequence */
static bool feed_escape(struct editor *ed, uint8_t c)
{
	switch (ed->esc) {
	case ESC_NONE:
		if (c == 0x1b)
			ed->esc = ESC_SEEN;
		return c == 0x1b;
	case ESC_SEEN:
		ed->param = 0;
		ed->esc = c == '['    ? ESC_BRACKET
			  : c == 'O'  ? ESC_OMEGA
			  : c == 0x1b ? ESC_SEEN
				      : ESC_NONE;
		if (c == 'b')
			move_to(ed, word_left(ed, ed->cur));
		else if (c == 'f')
			move_to(ed, word_right(ed, ed->cur));
		else if (c == 'd')
			erase(ed, ed->cur, word_right(ed, ed->cur));
		else if (c == 0x7f)
			erase(ed, word_left(ed, ed->cur), ed->cur);
		/* A control character after a lone ESC is meant as itself. */
		return c >= ' ' || c == 0x1b;
	case ESC_BRACKET:
		if (c >= '0' && c <= '9') {
			ed->param = (uint8_t)(ed->param * 10 + c - '0');
			return true;
		}
		if (c == ';') {
			ed->param = 0;
			return true;
		}
		break;
	}
	ed->esc = ESC_NONE;
	if (c < ' ')
		return false;
	key_escape(ed, (char)c);
	return true;
}


static void feed_control(struct editor *ed, uint8_t c)
{
	switch (c) {
	case CTRL('A'):
		move_to(ed, 0);
		break;
	case CTRL('E'):
		move_to(ed, ed->len);
		break;
	case CTRL('B'):
		move_to(ed, left_of(ed, ed->cur));
		break;
	case CTRL('F'):
		move_to(ed, right_of(ed, ed->cur));
		break;
	case CTRL('P'):
		browse(ed, true);
		break;
	case CTRL('N'):
		browse(ed, false);
		break;
	case CTRL('D'):
		erase(ed, ed->cur, right_of(ed, ed->cur));
		break;
	case CTRL('H'):
	case 0x7f:
		erase(ed, left_of(ed, ed->cur), ed->cur);
		break;
	case CTRL('U'):
		erase(ed, 0, ed->cur);
		break;
	case CTRL('K'):
		erase(ed, ed->cur, ed->len);
		break;
	case CTRL('W'):
		erase(ed, word_left(ed, ed->cur), ed->cur);
		break;
	case CTRL('L'):
		put_str(ed, "\x1b[H\x1b[2J");
		edit_show(ed);
		break;
	default:
		put_str(ed, "\a");
	}
}

enum edit_result edit_feed(struct editor *ed, uint8_t c)
{
	bool after_cr = ed->after_cr;

	ed->after_cr = c == '\r';
	if (feed_escape(ed, c))
		return EDIT_MORE;
	switch (c) {
	case '\n':
		if (after_cr) /* the second half of CR LF */
			return EDIT_MORE;
		fallthrough;
	case '\r':
		put_str(ed, "\r\n");
		ed->buf[ed->len] = '\0';
		history_add(&ed->history, ed->buf);
		return EDIT_LINE;
	case CTRL('C'):
		put_str(ed, "^C\r\n");
		return EDIT_CANCEL;
	case '\t':
		return EDIT_TAB;
	case 0:
		return EDIT_MORE;
	}
	if (c < ' ' || c == 0x7f) {
		feed_control(ed, c);
	} else {
		char text = (char)c;

		edit_insert(ed, &text, 1);
	}
	return EDIT_MORE;
}
