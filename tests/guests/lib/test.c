/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the tests of a tiny guest and says how each went: "PASS name", "FAIL name", "SKIP name:
 * why", in the end "DONE passed=n failed=m". On the CPU that booted; only that one reports.
 */
#include "kit.h"

extern const struct test tests_start[], tests_end[];

static unsigned failures; /* of the running test */
static const char *skipped;

void test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *name = file;
	va_list args;

	for (; *file; file++) {
		if (*file == '/')
			name = file + 1;
	}
	failures++;
	/* One broken thing in a loop shall not hide all others. */
	if (failures > 20)
		return;
	print("  %s:%d: ", name, line);
	va_start(args, fmt);
	vprint(fmt, args);
	va_end(args);
	print("\n");
}

void test_skip(const char *why)
{
	skipped = why;
}

static bool wanted(const char *name)
{
	const char *only = boot_arg("only");
	size_t n = strlen(name);

	return !only || (!strncmp(only, name, n) && (only[n] == ' ' || !only[n]));
}

/* By file, then by line. @return negative, zero, positive */
static int compare(const struct test *a, const struct test *b)
{
	int order = strcmp(a->file, b->file);

	return order ? order : a->line - b->line;
}

/* The compiler puts them into the section in any order. */
static const struct test *next_test(const struct test *last)
{
	const struct test *next = NULL;

	for (const struct test *t = tests_start; t < tests_end; t++) {
		if ((!last || compare(t, last) > 0) && (!next || compare(t, next) < 0))
			next = t;
	}
	return next;
}

void tests_run(void)
{
	unsigned passed = 0, failed = 0;

	for (const struct test *test = NULL; (test = next_test(test));) {
		if (!wanted(test->name))
			continue;
		failures = 0;
		skipped = NULL;
		test->run();
		if (skipped && !failures) {
			print("SKIP %s: %s\n", test->name, skipped);
			continue;
		}
		print("%s %s\n", failures ? "FAIL" : "PASS", test->name);
		if (failures)
			failed++;
		else
			passed++;
	}
	print("DONE passed=%u failed=%u\n", passed, failed);
}

__attribute__((weak)) void guest_main(void)
{
	tests_run();
}
