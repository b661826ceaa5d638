/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated devices: finding the emulator of a node and serving accesses. Nothing here has a lock:
 * tables of emulators and registers are constant, devices live as long as their guest. The row
 * found last is kept in the device as a hint that any vCPU may overwrite at any time.
 */
#include <core/emu.h>

#include <stdarg.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/table.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

TABLE(struct emulator, emulator);

static const struct emulator *find_compatible(const char *compatible, const void **match_data)
{
	table_for_each(struct emulator, e, emulator) {
		const struct dt_match *m;

		for (m = (*e)->match; m->compatible; m++) {
			if (strcmp(m->compatible, compatible))
				continue;
			if (match_data)
				*match_data = m->data;
			return *e;
		}
	}
	return NULL;
}

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	const struct emulator *emu = NULL;
	const char *compatible;
	unsigned n;

	/* The node lists what it is from the most special to the most general. */
	for (n = 0; !emu && (compatible = dt_string(node, "compatible", n)); n++)
		emu = find_compatible(compatible, match_data);
	return emu;
}

/** The row that contains offset, by binary search. */
static const struct emu_reg *find_row(const struct emu_regs *regs, uint64_t offset)
{
	const struct emu_reg *rows = regs->rows;
	unsigned lo = 0, hi = regs->count;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (offset < rows[mid].offset)
			hi = mid;
		else if (offset - rows[mid].offset < rows[mid].size)
			return &rows[mid];
		else
			lo = mid + 1;
	}
	return NULL;
}

/** What a row without a read function reads: its reset value in each word. */
static uint64_t constant(const struct emu_reg *row, unsigned size, uint64_t index)
{
	if (size == 8)
		return row->reset | (uint64_t)row->reset << 32;
	return row->reset >> 8 * (index & 3);
}

/*
 * Serving is on the path of every trapped register access. The common case is a word of the same
 * row as last time; everything else goes through the slow functions.
 */

/** A word at its row; the row allows it. */
static always_inline_fn enum emu_result serve_word(struct emu_dev *dev, const struct emu_reg *row,
						   struct emu_access *acc, uint64_t index)
{
	if (acc->is_write) {
		if (row->write)
			row->write(dev, acc, (uint32_t)index, acc->value);
		return EMU_OK;
	}
	acc->value = row->read ? (uint32_t)row->read(dev, acc, (uint32_t)index) : row->reset;
	return EMU_OK;
}

static noinline_fn enum emu_result regs_slow(struct emu_dev *dev, const struct emu_regs *regs,
					     struct emu_access *acc)
{
	const struct emu_reg *row = find_row(regs, acc->offset);
	unsigned size = acc->size;
	uint64_t index;

	if (!row)
		return EMU_NONE;
	index = acc->offset - row->offset;
	if (!(row->widths & size) || (acc->offset & (size - 1)) || row->size - index < size)
		return EMU_WIDTH;
	__atomic_store_n(&dev->last, row, __ATOMIC_RELAXED);
	if (acc->is_write) {
		if (row->write)
			row->write(dev, acc, (uint32_t)index, acc->value);
		return EMU_OK;
	}
	acc->value = (row->read ? row->read(dev, acc, (uint32_t)index) :
				  constant(row, size, index)) & (~0ULL >> (64 - 8 * size));
	return EMU_OK;
}

enum emu_result emu_regs_access(struct emu_dev *dev, const struct emu_regs *regs,
				struct emu_access *acc)
{
	const struct emu_reg *row = __atomic_load_n(&dev->last, __ATOMIC_RELAXED);
	uint64_t index;

	/* The hint may be NULL, or of another table that the same device has. */
	if (likely((uintptr_t)row - (uintptr_t)regs->rows < regs->count * sizeof(*row) &&
		   acc->size == 4)) {
		index = acc->offset - row->offset;
		if (likely(index < row->size && !(index & 3) && (row->widths & 4)))
			return serve_word(dev, row, acc, index);
	}
	return regs_slow(dev, regs, acc);
}

enum emu_result emu_words_access(struct emu_dev *dev, const struct emu_regs *regs,
				 struct emu_access *acc)
{
	struct emu_access word;
	enum emu_result result;
	unsigned lane = acc->offset & 3;

	if (likely(!lane))
		return emu_regs_access(dev, regs, acc);
	if (acc->offset & (acc->size - 1))
		return EMU_WIDTH;
	if (acc->is_write)
		return find_row(regs, acc->offset) ? EMU_OK : EMU_NONE;
	word = *acc;
	word.offset -= lane;
	word.size = 4;
	result = emu_regs_access(dev, regs, &word);
	acc->value = word.value >> 8 * lane & (~0ULL >> (64 - 8 * acc->size));
	return result;
}

enum emu_result emu_table_access(struct emu_dev *dev, struct emu_access *acc)
{
	const struct emu_regs *regs = dev->emu->regs;
	const struct emu_reg *row;
	enum emu_result result;

	result = regs->words ? emu_words_access(dev, regs, acc) : emu_regs_access(dev, regs, acc);
	row = __atomic_load_n(&dev->last, __ATOMIC_RELAXED);
	if (result == EMU_OK && acc->size == 4 && row->offset + row->size <= dev->region->size)
		__atomic_store_n(&dev->hot[acc->is_write], row, __ATOMIC_RELAXED);
	return result;
}

int emu_irq(const struct emu_dev *dev, unsigned n)
{
	uint32_t irq;
	int err = dt_u32(dev->node, "interrupts", n, &irq);

	if (err)
		return -ENOENT;
	if (irq >= dev->guest->nr_irqs) {
		log_error("%s: interrupts names %u, but the guest has interrupts 0 to %u only",
			  dev->name, irq, dev->guest->nr_irqs - 1);
		return -ERANGE;
	}
	return (int)irq;
}

int emu_state_alloc(struct emu_dev *dev, size_t size, int *irq)
{
	*irq = emu_irq(dev, 0);
	if (*irq < 0 && *irq != -ENOENT)
		return *irq;
	dev->priv = heap_zalloc(size);
	return dev->priv ? 0 : -ENOMEM;
}

void emu_state_free(struct emu_dev *dev)
{
	heap_free(dev->priv);
	dev->priv = NULL;
}

void emu_complain(struct emu_dev *dev, const struct emu_access *acc, const char *fmt, ...)
{
	const char *node = strchr(dev->name, '/');
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_guest(LOG_WARN, dev->guest, acc ? acc->vcpu : NULL, "%s: %s",
		  node ? node + 1 : dev->name, text);
}

int emu_fail(struct emu_dev *dev, int err, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	dev->failed = true;
	if (dev->errors)
		out_printf(dev->errors, "%s: %s.\n", dev->name, text);
	else
		log_error("%s: %s.", dev->name, text);
	return err;
}

struct emu_dev *emu_dev_find(struct guest *guest, const char *name)
{
	struct emu_dev *dev;

	list_for_each_entry(dev, &guest->devices, link) {
		if (!strcmp(dev->node->name, name))
			return dev;
	}
	return NULL;
}
