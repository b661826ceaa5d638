/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers that GICv2 distributors, GICv3 distributors and the SGI frames of redistributors
 * have at the same offsets (IHI 0048B table 4-1, IHI 0069 tables 12-25 and 12-29), and the state
 * of all interrupts as text. The functions of vgic_regs.c take the lock.
 */
#include "vgic.h"

#include <core/shell.h>
#include <libs/errno.h>

/* An access on its way through the table of registers. */
struct common_access {
	struct emu_access acc;
	struct vgic *gic;
	const struct vgic_frame *frame;
};

static struct common_access *common_of(struct emu_access *acc)
{
	return container_of(acc, struct common_access, acc);
}

/** @return whether bank n is in the frame */
static bool in_frame(const struct common_access *a, unsigned n)
{
	return n >= a->frame->first && n <= a->frame->last;
}

#define READ_WORD(fn, which)                                                                       \
	static uint64_t fn(struct emu_dev *dev, struct emu_access *acc, uint32_t index)            \
	{                                                                                          \
		struct common_access *a = common_of(acc);                                          \
												\
		if (!in_frame(a, index / 4))                                                       \
			return 0;                                                                  \
		return vgic_read_word(a->gic, a->frame->c, index / 4, which);                      \
	}

READ_WORD(read_group, VGIC_GROUP)
READ_WORD(read_enabled, VGIC_ENABLED)
READ_WORD(read_pending, VGIC_PENDING)
READ_WORD(read_active, VGIC_ACTIVE)

#define WRITE_WORD(fn, action)                                                                     \
	static void fn(struct emu_dev *dev, struct emu_access *acc, uint32_t index,                \
		       uint64_t value)                                                             \
	{                                                                                          \
		struct common_access *a = common_of(acc);                                          \
												\
		if (in_frame(a, index / 4))                                                        \
			action(a->gic, a->frame->c, index / 4, (uint32_t)value);                   \
	}

WRITE_WORD(write_group, vgic_write_group)
WRITE_WORD(set_enabled, vgic_set_enabled)
WRITE_WORD(clear_enabled, vgic_clear_enabled)
WRITE_WORD(set_pending, vgic_set_pending)
WRITE_WORD(clear_pending, vgic_clear_pending)
WRITE_WORD(set_active, vgic_set_active)
WRITE_WORD(clear_active, vgic_clear_active)

static uint64_t read_prio(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct common_access *a = common_of(acc);

	return in_frame(a, index / 32) ? vgic_read_prio(a->gic, a->frame->c, index, acc->size) : 0;
}

static void write_prio(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct common_access *a = common_of(acc);

	if (in_frame(a, index / 32))
		vgic_write_prio(a->gic, a->frame->c, index, acc->size, value);
}

static uint64_t read_config(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct common_access *a = common_of(acc);

	return in_frame(a, index / 8) ? vgic_read_config(a->gic, a->frame->c, index / 4) : 0;
}

static void write_config(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			 uint64_t value)
{
	struct common_access *a = common_of(acc);

	if (in_frame(a, index / 8))
		vgic_write_config(a->gic, a->frame->c, index / 4, (uint32_t)value);
}

#define WORDS(at, r, w, text)                                                                      \
	{ .offset = (at), .size = 0x80, .widths = 4, .read = (r), .write = (w), .name = (text) }

static const struct emu_reg rows[] = {
	WORDS(0x080, read_group, write_group, "IGROUPR"),
	WORDS(0x100, read_enabled, set_enabled, "ISENABLER"),
	WORDS(0x180, read_enabled, clear_enabled, "ICENABLER"),
	WORDS(0x200, read_pending, set_pending, "ISPENDR"),
	WORDS(0x280, read_pending, clear_pending, "ICPENDR"),
	WORDS(0x300, read_active, set_active, "ISACTIVER"),
	WORDS(0x380, read_active, clear_active, "ICACTIVER"),
	{ .offset = 0x400, .size = 0x400, .widths = 1 | 4, .read = read_prio, .write = write_prio,
	  .name = "IPRIORITYR" },
	{ .offset = 0xc00, .size = 0x100, .widths = 4, .read = read_config, .write = write_config,
	  .name = "ICFGR" },
};

static const struct emu_regs regs = { .rows = rows, .count = ARRAY_SIZE(rows) };

enum emu_result vgic_common_access(struct emu_dev *dev, struct emu_access *acc, uint64_t offset,
				   const struct vgic_frame *frame)
{
	struct common_access a = { .acc = *acc, .gic = vgic_of(dev), .frame = frame };
	enum emu_result result;

	a.acc.offset = offset;
	result = emu_regs_access(dev, &regs, &a.acc);
	acc->value = a.acc.value;
	return result;
}

/* --- state as text ------------------------------------------------------------------ */

/** A word of interrupts as numbers and ranges. */
static void show_word(struct shell_out *out, const char *what, unsigned n, uint32_t word)
{
	const char *separator = " ";
	unsigned i, end;

	if (!word)
		return;
	out_printf(out, "%s", what);
	for (i = 0; i < 32; i = end + 1) {
		end = i;
		if (!(word >> i & 1))
			continue;
		while (end + 1 < 32 && word >> (end + 1) & 1)
			end++;
		out_printf(out, "%s%u", separator, n * 32 + i);
		if (end > i)
			out_printf(out, "-%u", n * 32 + end);
		separator = ",";
	}
}

static void show_bank(struct shell_out *out, struct vgic *g, struct vgic_cpu *c, unsigned n)
{
	uint32_t enabled = vgic_read_word(g, c, n, VGIC_ENABLED);
	uint32_t pending = vgic_read_word(g, c, n, VGIC_PENDING);
	uint32_t active = vgic_read_word(g, c, n, VGIC_ACTIVE);

	if (n && !(enabled | pending | active))
		return;
	if (n)
		out_printf(out, "  %u-%u:", n * 32, MIN(n * 32 + 31, g->nr_irqs - 1u));
	else
		out_printf(out, "  vCPU %u:", c->id);
	show_word(out, " enabled", n, enabled);
	show_word(out, " pending", n, pending);
	show_word(out, " active", n, active);
	out_printf(out, "\n");
}

void vgic_show(struct emu_dev *dev, struct shell_out *out)
{
	struct vgic *g = vgic_of(dev);
	unsigned i;

	out_printf(out, "GICv%u, interrupts 0 to %u, ", g->version, g->nr_irqs - 1);
	if (g->mode == VINTC_NONE)
		out_printf(out, "CPU interface in software");
	else
		out_printf(out, "%u list registers", g->nr_slots);
	out_printf(out, ", group 0 %s, group 1 %s\n", g->group_on[0] ? "on" : "off",
		   g->group_on[1] ? "on" : "off");
	for (i = 0; i < g->nr_vcpus; i++)
		show_bank(out, g, &g->cpus[i], 0);
	for (i = 1; i < g->nr_banks; i++)
		show_bank(out, g, &g->cpus[0], i);
}
