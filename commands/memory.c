/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory: looking at and changing the hypervisor's own view of memory. An address is physical, or
 * one of the hypervisor's. Only what is mapped as normal memory is touched, so nothing can fault
 * here.
 */
#include <core/mem.h>

#include <core/pgtable.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define COUNT_MAX (1024 * 1024)

/* Pointer to `n` bytes at an address that do not cross a page. NULL: they cannot be touched. */
static uint8_t *touchable(uint64_t addr, size_t n, uint32_t want)
{
	uint64_t va = addr;
	uint32_t attr;

	if (addr < mem_direct_base() && addr < MEM_PHYS_LIMIT)
		va = addr + mem_direct_base();
	if (va % PAGE_SIZE + n > PAGE_SIZE || va != (va_t)va)
		return NULL;
	if (!pgtable_lookup(&pgtable_host, va, NULL, &attr, NULL) || (attr & want) != want ||
	    (attr & PG_DEVICE))
		return NULL;
	return (uint8_t *)(va_t)va;
}

static int refuse(struct shell *sh, uint64_t addr, uint32_t want)
{
	return sh_error(sh, -EFAULT,
			"0x%" PRIx64 " is not mapped %s by the hypervisor ('guest dumpmem' reads "
			"guests' memory)",
			addr, want & PG_WRITE ? "for writing" : "as memory");
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
		const uint8_t *p = touchable(addr, n, PG_READ);

		if (!p)
			return refuse(sh, addr, PG_READ);
		sh_hexdump(sh, addr, p, n, width);
		addr += n;
		left -= n;
	}
	return 0;
}

static int modify(struct shell *sh, int argc, char **argv, unsigned width)
{
	uint64_t addr = arg_u64(argv[0]);

	if (addr % width)
		return sh_error(sh, -EINVAL, "0x%" PRIx64 " is no multiple of %u", addr, width);
	for (int i = 1; i < argc; i++) {
		uint64_t v = arg_u64(argv[i]);

		if (width < 8 && v >> (8 * width))
			return sh_error(sh, -ERANGE, "0x%" PRIx64 " does not fit %u bytes", v,
					width);
		if (!touchable(addr + (uint64_t)(i - 1) * width, width, PG_WRITE))
			return refuse(sh, addr + (uint64_t)(i - 1) * width, PG_WRITE);
	}
	for (int i = 1; i < argc; i++, addr += width) {
		uint64_t v = arg_u64(argv[i]);
		uint8_t *p = touchable(addr, width, PG_WRITE);

		for (unsigned b = 0; p && b < width; b++)
			p[b] = (uint8_t)(v >> (8 * b));
	}
	return 0;
}

static int run_copy(struct shell *sh, int argc, char **argv)
{
	uint64_t to = arg_u64(argv[0]), from = arg_u64(argv[1]), left = arg_size(argv[2]);

	if ((to > from ? to - from : from - to) < left)
		return sh_error(sh, -EINVAL, "the areas overlap");
	while (left && !shell_interrupted(sh)) {
		size_t n = (size_t)MIN_T(uint64_t, left,
					 PAGE_SIZE - MAX(to % PAGE_SIZE, from % PAGE_SIZE));
		uint8_t *dst = touchable(to, n, PG_WRITE);
		const uint8_t *src = touchable(from, n, PG_READ);

		if (!dst || !src)
			return dst ? refuse(sh, from, PG_READ) : refuse(sh, to, PG_WRITE);
		memcpy(dst, src, n);
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
