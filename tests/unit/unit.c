/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of the unit tests: runs what registered itself and counts. An argument selects the
 * tests whose names contain it.
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Failures of one test that are printed; the rest is only counted. */
#define MAX_REPORTS	20

static struct unit_test *first;
static struct unit_test **last = &first;
static unsigned int failures;
static uint64_t random_state;
static pid_t child;

void unit_register(struct unit_test *test)
{
	*last = test;
	last = &test->next;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (failures++ >= MAX_REPORTS)
		return;
	printf("FAIL %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

bool unit_failed(void)
{
	return failures != 0;
}

void unit_check_str(const char *file, int line, const char *what, const char *value,
		    const char *expected)
{
	if (!value || strcmp(value, expected) != 0)
		unit_fail(file, line, "%s is \"%s\", not \"%s\"", what,
			  value ? value : "(null)", expected);
}

void unit_check_mem(const char *file, int line, const char *what, const void *value,
		    const void *expected, size_t size)
{
	const unsigned char *a = value, *b = expected;
	size_t i;

	for (i = 0; i < size && a[i] == b[i]; i++)
		;
	if (i < size)
		unit_fail(file, line, "%s: byte %zu of %zu is %#x, not %#x", what, i, size, a[i],
			  b[i]);
}

bool unit_fork(void)
{
	fflush(NULL);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		signal(SIGABRT, SIG_DFL);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		return true;
	}
	return false;
}

void unit_child_end(void)
{
	_exit(0);
}

void unit_check_aborted(const char *file, int line, const char *what)
{
	int status = 0;

	if (child < 0 || waitpid(child, &status, 0) != child)
		unit_fail(file, line, "no child process for %s", what);
	else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		unit_fail(file, line, "%s did not abort (status %#x)", what,
			  (unsigned int)status);
}

void unit_random_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t unit_random(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void *unit_data(const char *name, size_t *size)
{
	const char *folder = getenv("UNIT_DATA");
	char path[4096];
	void *data = NULL;
	FILE *file;
	long len;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : ".", name);
	file = fopen(path, "rb");
	if (file && fseek(file, 0, SEEK_END) == 0 && (len = ftell(file)) >= 0) {
		*size = (size_t)len;
		rewind(file);
		data = malloc(*size);
		if (fread(data, 1, *size, file) != *size) {
			free(data);
			data = NULL;
		}
	}
	if (file)
		fclose(file);
	if (!data)
		unit_fail(__FILE__, __LINE__, "cannot read %s: set UNIT_DATA", path);
	return data;
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0;
	struct unit_test *test;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (test = first; test; test = test->next) {
		if (argc > 1 && !strstr(test->name, argv[1]))
			continue;
		failures = 0;
		random_state = 1;
		test->run();
		if (failures)
			failed++;
		else
			passed++;
		if (failures)
			printf("FAIL %s: %u failures\n", test->name, failures);
		else
			printf("ok %s\n", test->name);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
