/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory: looking at and changing the hypervisor's own view of memory. An address is physical, or
 * one of the hypervisor's. Only what is mapped as normal memory is touched, so nothing can fault
 * here.
 */
#include <core/mem.h>

#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>

#define COUNT_MAX (1024 * 1024)

/* Physical addresses are seen in the direct map. */
static int touch(uint64_t addr, void *buf, size_t n, bool is_write)
{
	if (addr < mem_direct_base() && addr < MEM_PHYS_LIMIT)
		addr += mem_direct_base();
	return mem_access(addr, buf, n, is_write);
}

static int refuse(struct shell *sh, uint64_t addr, bool is_write)
{
	return sh_error(sh, -EFAULT,
			"0x%" PRIx64 " is not mapped %s by the hypervisor ('guest dumpmem' reads "
			"guests' memory)",
			addr, is_write ? "for writing" : "as memory");
}

static int dump(struct shell *sh, int argc, char **argv, unsigned width)
{
	uint64_t addr = arg_u64(argv[0]), count = argc > 1 ? arg_u64(argv[1]) : 64 / width;
	uint64_t left;

	if (addr % width)
		return sh_error(sh, -EINVAL, "0x%" PRIx64 " is no multiple of %u", addr, width);
	if (count > COUNT_MAX)
		return sh_error(sh, -ERANGE, "at most %u at once", COUNT_MAX);
	for (left = count * width; left && !shell_interrupted(sh);) {
		size_t n = (size_t)MIN_T(uint64_t, left, 16 - addr % 16);
		uint8_t bytes[16];

		if (touch(addr, bytes, n, false))
			return refuse(sh, addr, false);
		sh_hexdump(sh, addr, bytes, n, width);
		addr += n;
		left -= n;
	}
	return 0;
}

static int modify(struct shell *sh, int argc, char **argv, unsigned width)
{
	uint64_t addr = arg_u64(argv[0]), old;

	if (addr % width)
		return sh_error(sh, -EINVAL, "0x%" PRIx64 " is no multiple of %u", addr, width);
	for (int i = 1; i < argc; i++) {
		uint64_t v = arg_u64(argv[i]);

		if (width < 8 && v >> (8 * width))
			return sh_error(sh, -ERANGE, "0x%" PRIx64 " does not fit %u bytes", v,
					width);
		if (touch(addr + (uint64_t)(i - 1) * width, &old, width, false))
			return refuse(sh, addr + (uint64_t)(i - 1) * width, true);
	}
	for (int i = 1; i < argc; i++, addr += width) {
		uint64_t v = cpu_to_le64(arg_u64(argv[i]));

		if (touch(addr, &v, width, true))
			return refuse(sh, addr, true);
	}
	return 0;
}

static int run_copy(struct shell *sh, int argc, char **argv)
{
	uint64_t to = arg_u64(argv[0]), from = arg_u64(argv[1]), left = arg_size(argv[2]);
	uint8_t bytes[256];

	if ((to > from ? to - from : from - to) < left)
		return sh_error(sh, -EINVAL, "the areas overlap");
	while (left && !shell_interrupted(sh)) {
		uint64_t page = PAGE_SIZE - MAX(to % PAGE_SIZE, from % PAGE_SIZE);
		size_t n = (size_t)MIN_T(uint64_t, MIN(left, page), sizeof(bytes));

		if (touch(from, bytes, n, false))
			return refuse(sh, from, false);
		if (touch(to, bytes, n, true))
			return refuse(sh, to, true);
		to += n;
		from += n;
		left -= n;
	}
	return 0;
}

#define ROWS(bits)                                                                                 \
	static int run_dump##bits(struct shell *sh, int argc, char **argv)                         \
	{                                                                                          \
		return dump(sh, argc, argv, bits / 8);                                             \
	}                                                                                          \
	static int run_modify##bits(struct shell *sh, int argc, char **argv)                       \
	{                                                                                          \
		return modify(sh, argc, argv, bits / 8);                                           \
	}
ROWS(8)
ROWS(16)
ROWS(32)
ROWS(64)

#define DUMP ARGS(ARG(U64, "address"), ARG_OPT(U64, "count"))
#define MODIFY ARGS(ARG(U64, "address"), { .name = "value", .type = ARG_U64, .rest = true })

static const struct command_sub subs[] = {
	{ "dump8", "print bytes", DUMP, run_dump8 },
	{ "dump16", "print half-words", DUMP, run_dump16 },
	{ "dump32", "print words", DUMP, run_dump32 },
	{ "dump64", "print double-words", DUMP, run_dump64 },
	{ "modify8", "change bytes", MODIFY, run_modify8 },
	{ "modify16", "change half-words", MODIFY, run_modify16 },
	{ "modify32", "change words", MODIFY, run_modify32 },
	{ "modify64", "change double-words", MODIFY, run_modify64 },
	{ "copy", "copy bytes", ARGS(ARG(U64, "to"), ARG(U64, "from"), ARG(SIZE, "bytes")),
	  run_copy },
	{ .run = NULL },
};

COMMAND(memory) { "memory", "memory of the hypervisor", subs };
