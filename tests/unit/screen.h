/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal as simple as they come: it knows backspace, carriage return, line feed, wraps at its
 * last column, and, if it is told that it may, clears itself on ESC [ H ESC [ 2 J. Any other
 * control character is a mistake of who sends it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SCREEN_ROWS 400
#define SCREEN_COLS 200

struct screen {
	unsigned width, row, col;
	bool may_clear;
	unsigned cleared, bells;
	const char *error; /* what it did not understand */
	char text[SCREEN_ROWS][SCREEN_COLS + 1];
};

/** Empty, with so many columns. */
void screen_init(struct screen *s, unsigned width);
void screen_write(struct screen *s, const char *text, size_t n);
/** A row without the blanks at its end. */
const char *screen_row(struct screen *s, unsigned row);
