/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text on a frame buffer: white on black, cells of 8 x 16 pixels, with what a line editor sends
 * (VT100: cursor moves, erasing). Who owns a struct textfb calls it from one place at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <libs/util.h>

#define TEXTFB_CELL_WIDTH  8
#define TEXTFB_CELL_HEIGHT 16

/** Where pixels are. */
struct textfb_mode {
	void *base;		/* mapped; written only, each pixel aligned to its size */
	uint32_t width, height; /* pixels */
	uint32_t stride;	/* bytes from line to line */
	uint32_t bytes;		/* of a pixel: 2, 3 or 4; all bits set are white */
};

struct textfb {
	struct textfb_mode mode;
	unsigned cols, rows;	/* of text */
	uint8_t *cells;		/* what is shown; NULL: a full screen is begun anew, not scrolled */
	unsigned col, row;	/* of the cursor; col may be cols */
	uint8_t state;		/* of an escape sequence */
	uint8_t args;
	uint16_t arg[2];
};

/**
 * Begin: the whole screen becomes black.
 * @return 0, -EINVAL: not a mode that text can be shown in
 */
must_check int textfb_init(struct textfb *t, const struct textfb_mode *mode);

/**
 * Scroll from now on, which needs to know what is shown.
 * @param cells  cols * rows bytes, zeroed, as long as @p t is used
 */
void textfb_set_cells(struct textfb *t, uint8_t *cells);

/** Show text. What has no shape is shown as a box. */
void textfb_write(struct textfb *t, const char *s, size_t n);
