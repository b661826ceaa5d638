/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ping: ask another machine for an echo. No data of its own.
 */
#include <core/inet.h>

#include <core/shell.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/printf.h>

#define COUNT_DEFAULT 3
#define SIZE_DEFAULT  56
#define SIZE_LIMIT	  1400
#define WAIT	      2000000000ull /* ns for an answer */
#define PACE	      1000000000ull /* ns between questions */

static int one(struct shell *sh, uint32_t to, unsigned seq, unsigned size)
{
	struct inet_echo echo;
	char text[INET_TEXT];
	int err = inet_ping(to, (uint16_t)seq, size, time_now() + WAIT, &echo);

	if (!err)
		sh_printf(sh, "%u bytes from %s: seq=%u ttl=%u time=%llu.%03llu ms\n", size,
			  inet_format(text, echo.from), seq, echo.ttl,
			  (unsigned long long)(echo.ns / 1000000),
			  (unsigned long long)(echo.ns / 1000 % 1000));
	else if (err == -EHOSTUNREACH || err == -ETIMEDOUT)
		sh_printf(sh, "seq=%u: %s\n", seq, error_text(err));
	return err;
}

static int run_ping(struct shell *sh, int argc, char **argv)
{
	uint64_t count = argc > 1 ? arg_u64(argv[1]) : COUNT_DEFAULT, good = 0, n;
	uint64_t size = argc > 2 ? arg_u64(argv[2]) : SIZE_DEFAULT;
	uint32_t to;

	if (!inet_parse(argv[0], &to) || !to)
		return sh_error(sh, -EINVAL, "\"%s\" is no address like 192.168.1.10", argv[0]);
	if (size > SIZE_LIMIT)
		return sh_error(sh, -EINVAL, "a size of at most %u bytes", SIZE_LIMIT);
	for (n = 0; n < count; n++) {
		uint64_t next = time_now() + PACE;
		int err = one(sh, to, (unsigned)n + 1, (unsigned)size);

		if (err == -ENOENT || err == -ENETUNREACH)
			return sh_error(sh, err, "%s: %s; 'ipconfig show' tells what there is",
					argv[0], err == -ENOENT ? "not on a network" :
								  error_text(err));
		good += !err;
		if (shell_interrupted(sh) || (n + 1 < count && shell_sleep(sh, next))) {
			n++;
			break;
		}
	}
	sh_printf(sh, "%llu sent, %llu answered\n", (unsigned long long)n,
		  (unsigned long long)good);
	return good ? 0 : -EHOSTUNREACH;
}

static const struct command_sub subs[] = {
	{ NULL, "ask another machine for an echo",
	  ARGS(ARG(WORD, "address"), ARG_OPT(U64, "count"), ARG_OPT(U64, "size")), run_ping },
	{ 0 },
};

COMMAND(ping) {
	.name = "ping",
	.help = "ask another machine for an echo",
	.subs = subs,
};
