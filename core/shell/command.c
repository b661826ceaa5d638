/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands: finding them in the linker's table, checking their arguments, running them, and the
 * help that the same rows give. Read-only data.
 */
#include "shell_priv.h"

#include <core/table.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/string.h>

TABLE(struct command, command);

#define EXIT_UNKNOWN 127
#define EXIT_ERROR   128

const struct command *command_next(const struct command *prev)
{
	const struct command *next = NULL;

	table_for_each(struct command, entry, command) {
		if (prev && strcmp((*entry)->name, prev->name) <= 0)
			continue;
		if (!next || strcmp((*entry)->name, next->name) < 0)
			next = *entry;
	}
	return next;
}

const struct command *command_find(const char *name)
{
	table_for_each(struct command, entry, command)
		if (!strcmp((*entry)->name, name))
			return *entry;
	return NULL;
}

/* How many words of argv the name of a row takes; 0: it is another one's. */
static int sub_match(const char *name, int argc, char **argv)
{
	size_t first = strcspn(name, " ");

	if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first))
		return 0;
	if (!name[first])
		return 1;
	return argc > 1 && !strcmp(argv[1], name + first + 1) ? 2 : 0;
}

const struct command_sub *command_sub_find(const struct command *cmd, int argc, char **argv,
					   int *used)
{
	const struct command_sub *found = NULL;

	*used = 0;
	for (const struct command_sub *sub = cmd->subs; sub->run; sub++) {
		int n = sub->name ? sub_match(sub->name, argc, argv) : 0;

		/* Without arguments of its own it is for the command alone. */
		if (n > *used || (!sub->name && !found && (!argc || sub->args))) {
			found = sub;
			*used = n;
		}
	}
	return found;
}

/* --- arguments --------------------------------------------------------------------------- */

const struct arg_spec *arg_spec_at(const struct arg_spec *specs, int n)
{
	if (!specs)
		return NULL;
	for (; specs->name; specs++)
		if (specs->rest || n-- == 0)
			return specs;
	return NULL;
}

static void print_usage(struct shell_out *out, const struct command *cmd,
			const struct command_sub *sub)
{
	out_puts(out, cmd->name);
	if (sub->name)
		out_printf(out, " %s", sub->name);
	for (const struct arg_spec *a = sub->args; a && a->name; a++) {
		const char *text = a->type == ARG_CHOICE ? a->choices : a->name;

		out_printf(out, a->optional ? " [%s%s]" : " <%s>%s", text, a->rest ? " ..." : "");
	}
}

/* Are the words what the row wants? Says what is wrong. */
static int check_args(struct shell *sh, const struct command_sub *sub, int argc, char **argv)
{
	const struct arg_spec *a = NULL;
	int err;

	for (int i = 0; i < argc; i++) {
		a = arg_spec_at(sub->args, i);
		if (!a)
			return sh_error(sh, -EINVAL, "'%s' is one word too many", argv[i]);
		err = word_check(a, argv[i], &sh->err);
		if (err)
			return err;
	}
	a = arg_spec_at(sub->args, argc);
	if (a && !a->optional && !(a->rest && argc && arg_spec_at(sub->args, argc - 1) == a))
		return sh_error(sh, -EINVAL, "<%s> is missing", a->name);
	return 0;
}

uint64_t arg_u64(const char *s)
{
	uint64_t v = 0;

	return parse_u64(s, &v) ? 0 : v;
}

uint64_t arg_size(const char *s)
{
	uint64_t v = 0;

	return parse_size(s, &v) ? 0 : v;
}

uint64_t arg_time(const char *s)
{
	uint64_t v = 0;

	/* A person who types a bare number means seconds; text with a unit or point says so. */
	if (!parse_u64(s, &v))
		return v > UINT64_MAX / 1000000000u ? UINT64_MAX : v * 1000000000u;
	return parse_time_ns(s, &v) ? 0 : v;
}

/* --- running ----------------------------------------------------------------------------- */

static int find_and_run(struct shell *sh, int argc, char **argv)
{
	int used, err;

	sh->cmd = command_find(argv[0]);
	if (!sh->cmd) {
		sh_error(sh, 0, "%s: no such command; help lists all", argv[0]);
		return EXIT_UNKNOWN;
	}
	sh->sub = command_sub_find(sh->cmd, argc - 1, argv + 1, &used);
	if (argc == 2 && !used && sh->cmd->subs->name && !strcmp(argv[1], "help"))
		return shell_help(sh, argv[0]);
	if (!sh->sub) {
		if (argc > 1)
			return sh_error(sh, -EINVAL, "'%s' is no subcommand; 'help %s' lists them",
					argv[1], argv[0]);
		sh_error(sh, 0, "a subcommand is missing:");
		shell_help(sh, argv[0]);
		return -EINVAL;
	}
	argc -= 1 + used;
	argv += 1 + used;
	err = check_args(sh, sh->sub, argc, argv);
	if (err) {
		out_puts(&sh->out, "usage: ");
		print_usage(&sh->out, sh->cmd, sh->sub);
		out_puts(&sh->out, "\n");
		return err;
	}
	return sh->sub->run(sh, argc, argv);
}

int command_run(struct shell *sh, int argc, char **argv)
{
	const struct command *outer_cmd = sh->cmd;
	const struct command_sub *outer_sub = sh->sub;
	int err;

	sh->cmd = NULL;
	sh->sub = NULL;
	sh->said = false;
	err = find_and_run(sh, argc, argv);
	if (err < 0 && !sh->said && err != -EINTR)
		sh_error(sh, err, "%s", error_text(err));
	sh->cmd = outer_cmd;
	sh->sub = outer_sub;
	return err < 0 ? MIN(EXIT_ERROR - err, 255) : err;
}

/* --- help -------------------------------------------------------------------------------- */

struct measure {
	struct shell_out out;
	size_t n;
};

static void measure_write(struct shell_out *out, const char *s, size_t n)
{
	container_of(out, struct measure, out)->n += n;
}

static void help_command(struct shell_out *out, const struct command *cmd)
{
	for (const struct command_sub *sub = cmd->subs; sub->run; sub++) {
		struct measure m = { .out = { .write = measure_write } };

		print_usage(&m.out, cmd, sub);
		print_usage(out, cmd, sub);
		if (m.n > 40)
			out_printf(out, "\n%42s%s\n", "", sub->help);
		else
			out_printf(out, "%*s%s\n", (int)(42 - m.n), "", sub->help);
	}
}

int shell_help(struct shell *sh, const char *name)
{
	const struct command *cmd = NULL;

	if (name) {
		cmd = command_find(name);
		if (!cmd)
			return sh_error(sh, -ENOENT, "no command '%s'", name);
		out_printf(&sh->out, "%s: %s\n", cmd->name, cmd->help);
		help_command(&sh->out, cmd);
		return 0;
	}
	while ((cmd = command_next(cmd)))
		out_printf(&sh->out, "%-10s %s\n", cmd->name, cmd->help);
	return 0;
}
