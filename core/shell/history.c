/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines that were entered at a terminal, in a bounded buffer. Belongs to the editor, and
 * so to its shell's thread.
 */
#include "shell_priv.h"

#include <libs/string.h>

static void drop(struct history *h, size_t at)
{
	size_t n = strlen(h->text + at) + 1;

	memmove(h->text + at, h->text + at + n, h->used - at - n);
	h->used -= (uint16_t)n;
}

void history_add(struct history *h, const char *line)
{
	size_t n = strlen(line) + 1;

	if (n == 1 || n > sizeof(h->text))
		return;
	for (size_t at = 0; at < h->used; at += strlen(h->text + at) + 1) {
		if (!strcmp(h->text + at, line)) {
			drop(h, at);
			break;
		}
	}
	while (h->used + n > sizeof(h->text))
		drop(h, 0);
	memcpy(h->text + h->used, line, n);
	h->used += (uint16_t)n;
}

const char *history_get(const struct history *h, unsigned n)
{
	size_t at = h->used;

	do {
		if (!at)
			return NULL;
		at--; /* the NUL of the line before */
		while (at && h->text[at - 1])
			at--;
	} while (n--);
	return h->text + at;
}
