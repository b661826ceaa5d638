/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * selftest: the suites that are in the image. Its exit code is 1 when a test failed.
 */
#include <core/shell.h>

#include <core/selftest.h>
#include <core/table.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/glob.h>
#include <libs/parse.h>

TABLE(struct selftest, selftest);

static int run_selftest(struct shell *sh, int argc, char **argv)
{
	unsigned passed = 0, failed = 0;
	char took[24];

	table_for_each(struct selftest, entry, selftest) {
		const struct selftest *test = *entry;
		const char *wrong;
		uint64_t start;

		if ((argc && !glob_match(argv[0], test->name)) || shell_interrupted(sh))
			continue;
		start = time_now();
		wrong = test->run();
		format_time_ns(took, sizeof(took), time_now() - start);
		if (wrong)
			sh_printf(sh, "%s: FAIL: %s\n", test->name, wrong);
		else
			sh_printf(sh, "%s: ok (%s)\n", test->name, took);
		*(wrong ? &failed : &passed) += 1;
	}
	if (!passed && !failed)
		return argc ? sh_error(sh, -ENOENT,
				       "no test is called '%s'; * and ? stand for others", argv[0])
			    : sh_error(sh, -ENOENT, "this image was built without tests");
	sh_printf(sh, "selftest: %u passed, %u failed\n", passed, failed);
	return failed != 0;
}

static int run_list(struct shell *sh, int argc, char **argv)
{
	table_for_each(struct selftest, entry, selftest)
		sh_printf(sh, "%s\n", (*entry)->name);
	return 0;
}

static const struct command_sub subs[] = {
	{ NULL, "run all tests, or those that match (sched.*)", ARGS(ARG_OPT(WORD, "pattern")),
	  run_selftest },
	{ "list", "names of all tests", NULL, run_list },
	{ .run = NULL },
};

COMMAND(selftest) { "selftest", "tests that run on the machine itself", subs };
