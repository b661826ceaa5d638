/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/textfb.c on frame buffers of this process, whose size is just theirs: what is drawn, where,
 * scrolling, and what any bytes may do.
 */
#include <libs/textfb.h>

#include <libs/errno.h>

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define COLS 10u
#define ROWS 4u

static struct textfb fb;
static uint8_t *pixels, cells[COLS * ROWS];
static uint32_t bytes, stride;

static void begin(uint32_t pixel, bool remember)
{
	struct textfb_mode m = { .width = COLS * 8 + 5, .height = ROWS * 16 + 9, .bytes = pixel };

	free(pixels);
	bytes = pixel;
	stride = m.stride = m.width * pixel + 4 * pixel;
	pixels = malloc((size_t)stride * m.height);
	memset(pixels, 0x55, (size_t)stride * m.height);
	m.base = pixels;
	CHECK_EQ(textfb_init(&fb, &m), 0);
	CHECK_EQ(fb.cols, COLS);
	CHECK_EQ(fb.rows, ROWS);
	memset(cells, 0, sizeof(cells));
	if (remember)
		textfb_set_cells(&fb, cells);
}

static void put(const char *s)
{
	textfb_write(&fb, s, strlen(s));
}

/* Dots of a cell, each of which is black or white as a whole. */
static unsigned dots(unsigned row, unsigned col)
{
	static const uint8_t black[4], white[4] = { 255, 255, 255, 255 };
	unsigned x, y, n = 0;

	for (y = 0; y < 16; y++)
		for (x = 0; x < 8; x++) {
			const uint8_t *p = pixels + (size_t)(row * 16 + y) * stride +
					   (col * 8 + x) * bytes;

			CHECK(!memcmp(p, black, bytes) || !memcmp(p, white, bytes));
			n += *p & 1;
		}
	return n;
}

static const char *row_text(unsigned row)
{
	static char text[COLS + 1];
	unsigned i;

	for (i = 0; i < COLS; i++)
		text[i] = cells[row * COLS + i] ? (char)cells[row * COLS + i] : '.';
	return text;
}

TEST(text_is_drawn_with_each_size_of_pixels)
{
	for (uint32_t pixel = 2; pixel <= 4; pixel++) {
		begin(pixel, true);
		CHECK_EQ(dots(0, 0), 0);
		put("-| \r\nx");
		CHECK_EQ(dots(0, 0), 10); /* five columns, two lines */
		CHECK_EQ(dots(0, 1), 14); /* one column, seven lines of two */
		CHECK_EQ(dots(0, 2), 0);
		CHECK(dots(1, 0) > 0);
		CHECK_EQ(dots(1, 1), 0);
		/* behind the last pixel of a line nothing is touched */
		CHECK_EQ(pixels[stride - 1], 0x55);
	}
}

TEST(long_lines_and_full_screens_go_on)
{
	begin(4, true);
	put("0123456789");
	CHECK_EQ(fb.row, 0);
	put("ab\r\n2\r\n3\r\n4");
	CHECK_STR(row_text(0), "ab........");
	CHECK_STR(row_text(3), "4.........");
	CHECK(dots(0, 1) > 0);
	CHECK_EQ(dots(0, 2), 0);
	begin(4, false);
	put("0\n1\n2\n3\n");
	CHECK_EQ(fb.row, 0);
	CHECK_EQ(dots(3, 3), 0);
}

TEST(line_editors_are_understood)
{
	begin(2, true);
	put("abcdef\033[3DX\b\033[K");
	CHECK_STR(row_text(0), "abc.......");
	put("\r\033[2Cz\033[1K\033[31mq");
	CHECK_STR(row_text(0), "...q......");
	put("\033[3;4Hhere\033[99A\033[99Dtop\033[9B\tt");
	CHECK_STR(row_text(2), "...here...");
	CHECK_STR(row_text(0), "topq......");
	CHECK_STR(row_text(3), "........t.");
	put("\033[2J\033[Hok\033[99999999999C!");
	CHECK_STR(row_text(2), "..........");
	CHECK_STR(row_text(0), "ok.......!");
	put("\033[H\033[J\303\274");
	CHECK(dots(0, 0) > 10 && dots(0, 0) == dots(0, 1));
}

TEST(modes_that_cannot_be)
{
	static uint8_t none[64];
	struct textfb_mode m = { .base = none, .width = 8, .height = 16, .stride = 8, .bytes = 1 };

	CHECK_EQ(textfb_init(&fb, &m), -EINVAL);
	m.bytes = 5;
	CHECK_EQ(textfb_init(&fb, &m), -EINVAL);
	m.bytes = 4; /* lines shorter than their pixels */
	CHECK_EQ(textfb_init(&fb, &m), -EINVAL);
	m.stride = 34; /* and such whose pixels are not aligned */
	CHECK_EQ(textfb_init(&fb, &m), -EINVAL);
	m.stride = 32;
	m.height = 15;
	CHECK_EQ(textfb_init(&fb, &m), -EINVAL);
	m.height = m.width = UINT32_MAX;
	CHECK_EQ(textfb_init(&fb, &m), -EINVAL);
}

TEST(any_bytes_stay_on_the_screen)
{
	static const char often[] = "\033[;0123456789ABCDHJK\b\t\r\n";
	uint32_t seed = 1, i;

	for (unsigned round = 0; round < 2; round++) {
		begin(3, round);
		for (i = 0; i < 20000; i++) {
			char c;

			seed = seed * 1664525 + 1013904223;
			c = seed >> 31 ? often[(seed >> 16) % (sizeof(often) - 1)]
				       : (char)(seed >> 16);
			textfb_write(&fb, &c, 1);
			CHECK(fb.row < ROWS && fb.col <= COLS);
		}
	}
	free(pixels);
	pixels = NULL;
}
