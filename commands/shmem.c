/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shmem: memory that several guests share. A guest's region makes what it names if it is not there;
 * what is made here stays without guests.
 */
#include <core/shell.h>

#include <core/mem.h>
#include <core/shared_mem.h>
#include <core/table.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>

#define ORDER_MAX 30

static void add_row(const struct shared_mem_info *info, void *arg)
{
	struct table *t = arg;
	char size[16];

	table_row(t, "%s|%s|%u|0x%" PRIx64, info->name, format_size(size, sizeof(size), info->size),
		  info->guests, (uint64_t)info->hpa);
}

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|>SIZE|>GUESTS|ADDRESS");

	shared_mem_for_each(add_row, t);
	table_print(t, shell_output(sh));
	return 0;
}

static int run_create(struct shell *sh, int argc, char **argv)
{
	uint64_t size = arg_size(argv[1]), order = argc > 2 ? arg_u64(argv[2]) : 0;
	int err;

	if (!size || !IS_ALIGNED(size, PAGE_SIZE))
		return sh_error(sh, -EINVAL, "%s is no size of whole pages of 4 KiB", argv[1]);
	if (order > ORDER_MAX)
		return sh_error(sh, -ERANGE, "an alignment of 2^%" PRIu64 " bytes is too much: %u "
				"at most", order, ORDER_MAX);
	err = shared_mem_create(argv[0], size, 1ULL << order);
	switch (err) {
	case -EEXIST:
		return sh_error(sh, err, "shared memory \"%s\" is there already ('shmem list')",
				argv[0]);
	case -ENOMEM:
		return sh_error(sh, err, "%s are not free ('host ram info')", argv[1]);
	case -EINVAL:
		return sh_error(sh, err, "\"%s\" is no name: 1 to 31 characters", argv[0]);
	default:
		return err;
	}
}

static int run_destroy(struct shell *sh, int argc, char **argv)
{
	int err = shared_mem_destroy(argv[0]);

	if (err == -ENOENT)
		return sh_error(sh, err, "there is no shared memory \"%s\" ('shmem list')",
				argv[0]);
	if (err)
		return sh_error(sh, err, "guests have \"%s\": destroy them first", argv[0]);
	return 0;
}

static const struct command_sub subs[] = {
	{ "list", "list shared memory", NULL, run_list },
	{ "create", "make it, aligned to 2^order bytes, before guests have it",
	  ARGS(ARG(WORD, "name"), ARG(SIZE, "size"), ARG_OPT(U64, "align_order")), run_create },
	{ "destroy", "give back what was made and no guest has", ARGS(ARG(WORD, "name")),
	  run_destroy },
	{ .run = NULL },
};

COMMAND(shmem) { "shmem", "memory that guests share", subs };
