/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The register face of GICv2 (Arm IHI 0048B) and its devices:
 *
 *   arm,vgic,dist   the distributor
 *   arm,vgic,cpu    the CPU interface: the machine's GICV page where it has one, else software
 *   virt,gic        both in one region, always in software: the distributor at 0, the CPU interface
 *                   at 0x10000, or at 0x1000 where the region is smaller
 *
 * It is a GIC without Security Extensions, as the one of QEMU's virt machine. State and lock are
 * those of struct vgic.
 */
#include "vgic_cpuif.h"

#include <core/log.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>

enum {
	GICD_CTLR = 0x000,
	GICD_TYPER = 0x004,
	GICD_IIDR = 0x008,
	GICD_ISENABLER = 0x100,
	GICD_ITARGETSR = 0x800,
	GICD_SGIR = 0xf00,
	GICD_CPENDSGIR = 0xf10,
	GICD_SPENDSGIR = 0xf20,
	GICD_IDREGS = 0xfd0,
	GICC_DIR = 0x1000,
};

#define DIST_SIZE     0x1000u
#define CPUIF_SIZE    0x2000u
#define SOFT_CPUIF    0x10000u

enum vintc_mode gicv2_mode(void)
{
	const struct vintc_caps *caps = arch_vintc_caps();

	return caps->slots && caps->gicv2_cpuif ? VINTC_GICV2 : VINTC_NONE;
}

/* --- distributor -------------------------------------------------------------------- */

static uint64_t read_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	return vgic_read_groups_on(vgic_of(dev));
}

static void write_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	vgic_write_groups_on(vgic_of(dev), value & 3);
}

static uint64_t read_typer(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	return vgic_of(dev)->typer;
}

/* Each private interrupt has the CPU that reads as its target; with one CPU there is no choice. */
static uint64_t read_targets(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct vgic *g = vgic_of(dev);
	uint64_t value = 0;
	unsigned k;

	if (g->nr_vcpus == 1 || index >= g->nr_banks * 32u)
		return 0;
	for (k = 0; k < acc->size; k++) {
		unsigned irq = index + k;

		value |= (uint64_t)(irq < VGIC_PRIVATE ? BIT32(vgic_accessor(g, acc)->id) :
							 g->targets[irq - VGIC_PRIVATE]) << 8 * k;
	}
	return value;
}

/* Of several CPUs the lowest gets it: one of them is to take it, and which is not specified. */
static void write_targets(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			  uint64_t value)
{
	struct vgic *g = vgic_of(dev);
	unsigned long flags;
	unsigned k;

	if (g->nr_vcpus == 1 || index < VGIC_PRIVATE || index >= g->nr_banks * 32u)
		return;
	flags = spin_lock_irqsave(&g->lock);
	for (k = 0; k < acc->size && index + k < g->nr_irqs; k++) {
		uint8_t mask = (uint8_t)(value >> 8 * k & (BIT32(g->nr_vcpus) - 1));

		g->targets[index + k - VGIC_PRIVATE] = mask;
		vgic_route(g, index + k, mask ? ctz32(mask) : VGIC_NOWHERE);
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

/** The short way to oneself, if it was the sender the last time too. @return false: the long one */
static inline bool send_to_self(struct vgic_cpu *self, unsigned irq)
{
	uint64_t slot, was;
	unsigned s;

	slot = vgic_again(self, irq, &s);
	if (unlikely(!slot || (slot >> 10 & 7) != self->id))
		return false;
	was = arch_vintc_slot(s);
	if (unlikely(was & VSLOT_STATE))
		return was == slot; /* it waits there still: both are one */
	arch_vintc_set_slot(s, slot);
	return true;
}

static void write_sgir(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct vgic *g = vgic_of(dev);
	unsigned self = vgic_accessor(g, acc)->id, all = BIT32(g->nr_vcpus) - 1, to;
	unsigned irq = value & 0xf;
	unsigned long flags;

	switch (value >> 24 & 3) {
	case 0:
		to = value >> 16 & all;
		break;
	case 1:
		to = all & ~BIT32(self);
		break;
	case 2:
		to = BIT32(self);
		break;
	default:
		emu_complain(dev, acc, "GICD_SGIR 0x%x has the reserved target filter 3: ignored",
			     (unsigned)value);
		return;
	}
	flags = spin_lock_irqsave(&g->lock);
	if (to != BIT32(self) || !send_to_self(&g->cpus[self], irq))
		for (; to; to &= to - 1)
			vgic_send_sgi(&g->cpus[ctz32(to)], irq, self);
	spin_unlock_irqrestore(&g->lock, flags);
}

static uint64_t read_senders(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_cpu *c = vgic_accessor(g, acc);
	struct vgic_op op;
	uint64_t value = 0;
	unsigned k;

	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, 0, 0xf << index);
	for (k = 0; k < acc->size; k++)
		value |= (uint64_t)c->priv.senders[index + k] << 8 * k;
	vgic_op_end(&op);
	return value;
}

static void clear_senders(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			  uint64_t value)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_cpu *c = vgic_accessor(g, acc);
	struct vgic_op op;
	unsigned k;

	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, 0, 0xf << index);
	for (k = 0; k < acc->size; k++) {
		c->priv.senders[index + k] &= (uint8_t)~(value >> 8 * k);
		if (!c->priv.senders[index + k])
			c->priv.latch &= ~BIT32(index + k);
	}
	vgic_notify(g, c, 0, 0xf << index);
	vgic_op_end(&op);
}

static void set_senders(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_cpu *c = vgic_accessor(g, acc);
	struct vgic_op op;
	unsigned k, from;

	vgic_op_begin(&op, g);
	vgic_op_claim(&op, c, 0, 0xf << index);
	for (k = 0; k < acc->size; k++) {
		from = value >> 8 * k & (BIT32(g->nr_vcpus) - 1);
		for (; from; from &= from - 1)
			vgic_send_sgi(c, index + k, ctz32(from));
	}
	vgic_op_end(&op);
}

/* Peripheral and component identification: architecture 2, as QEMU's model has them. */
static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	static const uint8_t ids[] = { 0x04, 0x00, 0x00, 0x00, 0x90, 0xb4,
				       0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return ids[index / 4];
}

static const struct emu_reg dist_rows[] = {
	{ .offset = GICD_CTLR, .size = 4, .widths = 4, .read = read_ctlr, .write = write_ctlr,
	  .write_mask = 3, .name = "GICD_CTLR" },
	{ .offset = GICD_TYPER, .size = 4, .widths = 4, .read = read_typer, .name = "GICD_TYPER" },
	{ .offset = GICD_IIDR, .size = 4, .widths = 4, .reset = VGIC_IMPLEMENTER,
	  .name = "GICD_IIDR" },
	{ .offset = GICD_ITARGETSR, .size = 0x400, .widths = 1 | 4, .read = read_targets,
	  .write = write_targets, .name = "GICD_ITARGETSR" },
	{ .offset = 0xe00, .size = 0x100, .widths = 4, .name = "GICD_NSACR" },
	{ .offset = GICD_SGIR, .size = 4, .widths = 4, .write = write_sgir, .name = "GICD_SGIR" },
	{ .offset = GICD_CPENDSGIR, .size = 0x10, .widths = 1 | 4, .read = read_senders,
	  .write = clear_senders, .name = "GICD_CPENDSGIR" },
	{ .offset = GICD_SPENDSGIR, .size = 0x10, .widths = 1 | 4, .read = read_senders,
	  .write = set_senders, .name = "GICD_SPENDSGIR" },
	{ .offset = GICD_IDREGS, .size = 0x30, .widths = 1 | 4, .read = read_id,
	  .name = "GICD_ID" },
};

static const struct emu_regs dist_regs = { .rows = dist_rows, .count = ARRAY_SIZE(dist_rows) };

static enum emu_result dist_slow(struct emu_dev *dev, struct emu_access *acc)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_frame frame = { .c = vgic_accessor(g, acc), .last = g->nr_banks - 1 };

	if (vgic_is_common(acc->offset))
		return vgic_common_access(dev, acc, acc->offset, &frame);
	return emu_regs_access(dev, &dist_regs, acc);
}

/* The registers that a running guest uses all the time do without the table. */
static enum emu_result dist_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct vgic *g = vgic_of(dev);
	uint64_t offset = acc->offset;

	if (unlikely(acc->size != 4))
		return dist_slow(dev, acc);
	if (acc->is_write) {
		if ((offset & ~0x7cull) == GICD_ISENABLER) {
			vgic_set_enabled(g, vgic_accessor(g, acc), (offset & 0x7c) / 4,
					 (uint32_t)acc->value);
			return EMU_OK;
		}
		if (offset == GICD_SGIR) {
			write_sgir(dev, acc, 0, acc->value);
			return EMU_OK;
		}
	} else if (offset == GICD_TYPER) {
		acc->value = g->typer;
		return EMU_OK;
	}
	return dist_slow(dev, acc);
}

static int create(struct emu_dev *dev, enum vintc_mode mode)
{
	const struct vgic_config config = { .version = 2, .mode = mode };
	int err = vgic_create(dev, &config);
	struct vgic *g;

	if (err)
		return err;
	g = vgic_of(dev);
	g->typer = (g->nr_banks - 1u) | (g->nr_vcpus - 1) << 5;
	vgic_reset(dev);
	return 0;
}

static int dist_probe(struct emu_dev *dev)
{
	return create(dev, gicv2_mode());
}

/* A region of this guest that an emulator serves. */
static struct emu_dev *find_device(struct guest *guest, const char *emulator)
{
	struct emu_dev *dev;

	list_for_each_entry(dev, &guest->devices, link) {
		if (!strcmp(dev->emu->name, emulator))
			return dev;
	}
	return NULL;
}

static int dist_ready(struct emu_dev *dev)
{
	if (find_device(dev->guest, "gicv2-cpu"))
		return 0;
	log_error("%s: a GICv2 distributor alone delivers nothing; add a region with compatible "
		  "\"arm,vgic,cpu\"", dev->name);
	return -ENOENT;
}

static unsigned dist_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	return vgic_check_dist(node, path, out);
}

static const struct dt_match dist_matches[] = {
	{ "arm,vgic,dist", NULL },
	{ NULL, NULL },
};

/* parent_irq: which line of the vCPU it drives; here it is always the CPU's own interrupt. */
static const char *const dist_props[] = { "num_irq", "parent_irq", NULL };

EMULATOR(gicv2_dist) {
	.name = "gicv2-dist",
	.match = dist_matches,
	.check = dist_check,
	.props = dist_props,
	.probe = dist_probe,
	.remove = vgic_destroy,
	.reset = vgic_reset,
	.ready = dist_ready,
	.access = dist_access,
	.show = vgic_show,
};

/* --- CPU interface ------------------------------------------------------------------ */

static unsigned cpu_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint64_t gpa, size;

	if (dt_u64(node, "guest_physical_addr", &gpa) || dt_u64(node, "physical_size", &size))
		return 0; /* said by who checks all regions */
	if (IS_ALIGNED(gpa, (uint64_t)PAGE_SIZE) && size >= PAGE_SIZE)
		return 0;
	out_printf(out, "%s: a GICv2 CPU interface begins at a multiple of 0x1000 and has 0x1000 "
		   "bytes or more (0x2000 for all registers).\n", path);
	return 1;
}

/*
 * The first page of the machine's own interface is mapped. The second has only GICC_DIR, which
 * comes here, because for what is in no list register the machine would not tell which interrupt
 * it was.
 */
static int cpu_probe(struct emu_dev *dev)
{
	const struct vintc_caps *caps = arch_vintc_caps();
	if (gicv2_mode() != VINTC_GICV2)
		return 0;
	return guest_map_device(dev->guest, dev->region->gpa, caps->gicv_hpa, PAGE_SIZE);
}

static void cpu_remove(struct emu_dev *dev)
{
}

static int cpu_ready(struct emu_dev *dev)
{
	if (find_device(dev->guest, "gicv2-dist"))
		return 0;
	log_error("%s: a GICv2 CPU interface needs its distributor; add a region with compatible "
		  "\"arm,vgic,dist\"", dev->name);
	return -ENOENT;
}

static enum emu_result cpu_access(struct emu_dev *dev, struct emu_access *acc)
{
	if (vgic_of(dev)->mode == VINTC_NONE)
		return vgic_cpuif_access(dev, acc);
	if (acc->offset != GICC_DIR)
		return EMU_NONE;
	if (acc->size != 4)
		return EMU_WIDTH;
	if (acc->is_write && acc->vcpu)
		vgic_op_dir(acc->vcpu, acc->value);
	return EMU_OK;
}

static void cpu_show(struct emu_dev *dev, struct shell_out *out)
{
	out_printf(out, "GICv2 CPU interface, %s\n",
		   vgic_of(dev)->mode == VINTC_NONE ? "in software" : "the machine's own");
}

static const struct dt_match cpu_matches[] = {
	{ "arm,vgic,cpu", NULL },
	{ NULL, NULL },
};

EMULATOR(gicv2_cpu) {
	.name = "gicv2-cpu",
	.match = cpu_matches,
	.check = cpu_check,
	.probe = cpu_probe,
	.remove = cpu_remove,
	.ready = cpu_ready,
	.access = cpu_access,
	.show = cpu_show,
};

/* --- both in one, in software ------------------------------------------------------- */

/** Where a region of this size has the CPU interface; 0: it is too small. */
static uint64_t soft_cpuif_offset(uint64_t size)
{
	if (size >= SOFT_CPUIF + CPUIF_SIZE)
		return SOFT_CPUIF;
	return size >= DIST_SIZE + CPUIF_SIZE ? DIST_SIZE : 0;
}

static unsigned soft_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	unsigned errors = vgic_check_dist(node, path, out);
	uint64_t size;

	if (!dt_u64(node, "physical_size", &size) && !soft_cpuif_offset(size)) {
		out_printf(out, "%s: physical_size is 0x%llx: distributor and CPU interface need "
			   "0x3000, or 0x12000 to have the CPU interface at 0x10000.\n", path,
			   (unsigned long long)size);
		errors++;
	}
	return errors;
}

static int soft_probe(struct emu_dev *dev)
{
	return create(dev, VINTC_NONE);
}

static enum emu_result soft_access(struct emu_dev *dev, struct emu_access *acc)
{
	uint64_t at = soft_cpuif_offset(dev->region->size);
	struct emu_access part = *acc;
	enum emu_result result;

	if (acc->offset < DIST_SIZE)
		return dist_access(dev, acc);
	if (!at || acc->offset < at)
		return EMU_NONE;
	part.offset -= at;
	result = vgic_cpuif_access(dev, &part);
	acc->value = part.value;
	return result;
}

static const struct dt_match soft_matches[] = {
	{ "virt,gic", NULL },
	{ NULL, NULL },
};

EMULATOR(gicv2_soft) {
	.name = "gicv2-soft",
	.match = soft_matches,
	.check = soft_check,
	.props = dist_props,
	.probe = soft_probe,
	.remove = vgic_destroy,
	.reset = vgic_reset,
	.access = soft_access,
	.show = vgic_show,
};
