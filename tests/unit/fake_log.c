/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log that keeps what was said, so that a test can look for a sentence. A panic ends the program.
 */
#include "fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/log.h>

static char text[16384];

const char *fake_log_text(void)
{
	return text;
}

void fake_log_clear(void)
{
	text[0] = '\0';
}

void log_vprint(enum log_level level, const char *fmt, va_list ap)
{
	size_t used = strlen(text), room = sizeof(text) - used;
	int n = vsnprintf(text + used, room, fmt, ap);

	used = n < 0 || (size_t)n >= room ? sizeof(text) - 1 : used + (size_t)n;
	if (used + 1 < sizeof(text))
		memcpy(text + used, "\n", 2);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(level, fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}
