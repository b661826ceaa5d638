/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output of commands: formatted text and aligned tables. Text is handed to the writer in pieces
 * of up to CHUNK bytes, so that a message that comes between does so seldom within a line.
 */
#include <core/shell.h>

#include <core/mem.h>
#include <libs/printf.h>
#include <libs/string.h>

#define CHUNK	    96
#define COLUMNS_MAX 12
#define CELL_MAX    200 /* of one row's text */

struct chunk {
	struct shell_out *out;
	size_t n;
	char text[CHUNK];
};

static void chunk_flush(struct chunk *c)
{
	if (c->n)
		c->out->write(c->out, c->text, c->n);
	c->n = 0;
}

static void chunk_put(void *ctx, const char *s, size_t n)
{
	struct chunk *c = ctx;

	while (n) {
		size_t part = MIN(n, CHUNK - c->n);

		memcpy(c->text + c->n, s, part);
		c->n += part;
		s += part;
		n -= part;
		if (c->n == CHUNK)
			chunk_flush(c);
	}
}

void out_vprintf(struct shell_out *out, const char *fmt, va_list ap)
{
	struct chunk c = { .out = out };

	if (!out)
		return;
	(void)format_out(chunk_put, &c, fmt, ap);
	chunk_flush(&c);
}

void out_printf(struct shell_out *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_vprintf(out, fmt, ap);
	va_end(ap);
}

void out_puts(struct shell_out *out, const char *s)
{
	if (out)
		out->write(out, s, strlen(s));
}

/* --- tables ------------------------------------------------------------------------------ */

struct table {
	char *text; /* rows, one behind the other, each with its NUL; headings first */
	size_t used, size;
	bool failed;
};

static void append(struct table *t, const char *row)
{
	size_t n = strlen(row) + 1;

	if (t->used + n > t->size) {
		size_t size = t->size * 2 + n + 256;
		char *text = heap_realloc(t->text, size);

		if (!text) {
			t->failed = true;
			return;
		}
		t->text = text;
		t->size = size;
	}
	memcpy(t->text + t->used, row, n);
	t->used += n;
}

struct table *table_create(const char *headings)
{
	struct table *t = heap_zalloc(sizeof(*t));

	if (t)
		append(t, headings);
	return t;
}

void table_row(struct table *t, const char *fmt, ...)
{
	char row[CELL_MAX];
	va_list ap;

	if (!t)
		return;
	va_start(ap, fmt);
	vsnprintf(row, sizeof(row), fmt, ap);
	va_end(ap);
	append(t, row);
}

struct column {
	uint16_t width;
	bool right;
};

/* Length of the cell at s; the last column takes all that is left. */
static size_t cell_length(const char *s, bool last)
{
	return last ? strlen(s) : strcspn(s, "|");
}

static size_t measure(const struct table *t, struct column *cols)
{
	const char *s = t->text;
	size_t count = 1;

	for (const char *p = s; (p = strchr(p, '|')) && count < COLUMNS_MAX; p++)
		count++;
	for (size_t at = 0; at < t->used; at += strlen(t->text + at) + 1) {
		s = t->text + at;
		for (size_t i = 0; i < count; i++) {
			size_t n = cell_length(s, i == count - 1);

			if (!at && *s == '>') {
				cols[i].right = true;
				s++;
				n--;
			}
			cols[i].width = MAX_T(uint16_t, cols[i].width, n);
			s += n;
			s += *s == '|';
		}
	}
	return count;
}

static void print_row(const char *s, const struct column *cols, size_t count, bool heading,
		      struct shell_out *out)
{
	for (size_t i = 0; i < count; i++) {
		bool last = i == count - 1;
		size_t n;

		if (heading && *s == '>')
			s++;
		n = cell_length(s, last);
		out_printf(out, "%*s%.*s%*s", cols[i].right ? (int)(cols[i].width - n) : 0, "",
			   (int)n, s, last ? 0 : (int)(cols[i].right ? 0 : cols[i].width - n) + 2,
			   "");
		s += n;
		s += *s == '|';
	}
	out_puts(out, "\n");
}

void table_print(struct table *t, struct shell_out *out)
{
	struct column cols[COLUMNS_MAX] = { { 0, false } };
	size_t count;

	if (!t || t->failed) {
		out_puts(out, "not enough memory for the whole table\n");
		if (!t)
			return;
	}
	if (t->text) {
		count = measure(t, cols);
		for (size_t at = 0; at < t->used; at += strlen(t->text + at) + 1)
			print_row(t->text + at, cols, count, !at, out);
	}
	heap_free(t->text);
	heap_free(t);
}
