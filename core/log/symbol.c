/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the hypervisor's own functions. The table is made by tools/symtab when the image is
 * linked, which also describes its format: one stream of (distance, name) in the order of
 * addresses. It is walked from its beginning, which is quick enough for a backtrace and costs no
 * index. Read-only data; the name that was found last is kept in a buffer of its own, so only one
 * CPU may ask at a time, as in panic().
 */
#include <core/symbol.h>

#include <arch/cpu.h>
#include <core/log.h>

#include <stdint.h>

#define NAME_MAX_LEN  64
#define DEPTH_MAX     24

extern const va_t symtab_base;		/* address of the first function */
extern const uint32_t symtab_size;	/* bytes of symtab_stream */
extern const uint8_t symtab_unit;	/* bytes that distances are multiples of */
extern const uint8_t symtab_stream[];
extern const char symtab_tokens[];	/* text of each code, one behind the other */

static char name_buffer[NAME_MAX_LEN];

/** Distances are unsigned LEB128, in units. */
static va_t next_distance(const uint8_t **pos)
{
	va_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = *(*pos)++;
		value |= (va_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value * symtab_unit;
}

static const char *token_text(unsigned code)
{
	const char *text = symtab_tokens;

	while (code--) {
		while (*text++)
			;
	}
	return text;
}

/** Expand an entry's name: a length and that many codes. */
static const char *decode_name(const uint8_t *entry)
{
	unsigned codes = *entry++;
	size_t used = 0;

	while (codes--) {
		const char *text = token_text(*entry++);

		while (*text && used < sizeof(name_buffer) - 1)
			name_buffer[used++] = *text++;
	}
	name_buffer[used] = '\0';
	return name_buffer;
}

const char *symbol_name(va_t pc, size_t *offset)
{
	const uint8_t *pos = symtab_stream;
	const uint8_t *end = pos + symtab_size;
	const uint8_t *best = NULL;
	va_t address = symtab_base;

	while (pos < end) {
		address += next_distance(&pos);
		if (address > pc)
			break;
		best = pos;
		*offset = pc - address;
		pos += 1 + *pos;
	}
	return best ? decode_name(best) : NULL;
}

void symbol_backtrace(va_t fp)
{
	va_t pcs[DEPTH_MAX];
	unsigned count = arch_backtrace(fp, pcs, DEPTH_MAX);

	for (unsigned i = 0; i < count; i++) {
		size_t offset;
		const char *name = symbol_name(pcs[i], &offset);

		if (name)
			log_error("  %p %s+0x%zx", (void *)pcs[i], name, offset);
		else
			log_error("  %p", (void *)pcs[i]);
	}
}
