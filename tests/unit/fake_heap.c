/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core's heap over malloc(), so that the sanitizer sees each overrun, use after free and leak.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include <core/mem.h>

static size_t live, fail_at;
static bool failed;

size_t fake_heap_live(void)
{
	return live;
}

void fake_heap_fail_at(size_t n)
{
	fail_at = n;
	failed = false;
}

bool fake_heap_failed(void)
{
	return failed;
}

static bool fails(void)
{
	if (!fail_at)
		return false;
	if (fail_at > 1) {
		fail_at--;
		return false;
	}
	failed = true;
	return true;
}

void *heap_alloc(size_t size)
{
	void *p;

	if (fails())
		return NULL;
	p = malloc(size);
	if (p) {
		/* not zero: what was not written must not look as if it was */
		memset(p, 0xa5, size);
		live++;
	}
	return p;
}

void *heap_zalloc(size_t size)
{
	void *p = heap_alloc(size);

	return p ? memset(p, 0, size) : NULL;
}

void *heap_calloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : heap_zalloc(bytes);
}

void *heap_realloc(void *old, size_t size)
{
	if (!old)
		return heap_alloc(size);
	return fails() ? NULL : realloc(old, size);
}

char *heap_strdup(const char *s)
{
	char *p = heap_alloc(strlen(s) + 1);

	return p ? strcpy(p, s) : NULL;
}

void heap_free(void *p)
{
	if (p)
		live--;
	free(p);
}
