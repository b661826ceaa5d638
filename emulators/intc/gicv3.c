/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The register face of GICv3 (Arm IHI 0069) and its devices:
 *
 *   arm,vgic3,dist     the distributor
 *   arm,vgic3,redist   the redistributors, 128 KiB for each vCPU in the order of their numbers
 *
 * One security state (DS), affinity routing always on (ARE), LPIs where the guest has an ITS
 * (gicv3_its.c), no 1-of-N. The CPU interface is that of the hardware, by list registers, or
 * gicv3_cpuif.c. State and lock are those of struct vgic.
 */
#include "vgic_lpi.h"

#include <core/log.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>

enum {
	GICD_CTLR = 0x0000,
	GICD_TYPER = 0x0004,
	GICD_IIDR = 0x0008,
	GICD_TYPER2 = 0x000c,
	GICD_STATUSR = 0x0010,
	GICD_ISENABLER = 0x0100,
	GICD_ITARGETSR = 0x0800,
	GICD_IGRPMODR = 0x0d00,
	GICD_NSACR = 0x0e00,
	GICD_SGIR = 0x0f00,
	GICD_IROUTER = 0x6000,
	GICR_CTLR = 0x0000,
	GICR_IIDR = 0x0004,
	GICR_TYPER = 0x0008,
	GICR_STATUSR = 0x0010,
	GICR_WAKER = 0x0014,
	GICR_PROPBASER = 0x0070,
	GICR_PENDBASER = 0x0078,
	GICR_SYNCR = 0x00c0,
	GICR_IGRPMODR0 = 0x0d00,
	GICR_NSACR = 0x0e00,
	IDREGS = 0xffd0,
};

#define CTLR_ARE_DS	   (BIT32(4) | BIT32(6))
#define TYPER_A3V	   BIT32(24)
#define TYPER_NO1N	   BIT32(25)
#define TYPER_ID_BITS	   (9u << 19) /* 10 bits of INTID; more with LPIs */
#define GICR_TYPER_LPIS	   BIT(0)
#define GICR_TYPER_LAST	   BIT(4)
#define WAKER_SLEEP	   BIT32(1)

#define DIST_SIZE    0x10000u
#define REDIST_SHIFT 17
#define REDIST_SIZE  (1u << REDIST_SHIFT)
#define SGI_FRAME    0x10000u
#define CLUSTER	     16u /* vCPUs that differ in Aff0 only: as many as a target list has bits */

/* --- affinity ----------------------------------------------------------------------- */

/** Affinity of a vCPU as Aff3.Aff2.Aff1.Aff0, a byte each: that of its MPIDR. */
static uint32_t affinity_of(unsigned id)
{
	return id / CLUSTER << 8 | id % CLUSTER;
}

/** @return number of the vCPU with an affinity, VGIC_NOWHERE: there is none */
static unsigned vcpu_at(const struct vgic *g, uint32_t affinity)
{
	unsigned id = (affinity >> 8) * CLUSTER + (affinity & 0xff);

	return (affinity & 0xff) < CLUSTER && affinity >> 8 < VGIC_VCPUS_MAX / CLUSTER &&
			       id < g->nr_vcpus ? id : VGIC_NOWHERE;
}

/* --- distributor -------------------------------------------------------------------- */

static uint64_t read_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	/* A write has had its effect when it returns: RWP is never set. */
	return CTLR_ARE_DS | vgic_read_groups_on(vgic_of(dev));
}

static void write_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	vgic_write_groups_on(vgic_of(dev), value & 3);
}

static uint64_t read_typer(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	return vgic_of(dev)->typer;
}

/* GICD_IROUTER: 64 bits that may be accessed by halves. Aff3 is in bits 39:32. */
static uint64_t read_route(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct vgic *g = vgic_of(dev);
	unsigned irq = index / 8;
	uint64_t route;

	if (irq < VGIC_PRIVATE || irq >= g->nr_irqs)
		return 0;
	route = READ_ONCE(g->route[irq - VGIC_PRIVATE]);
	route = (route & 0xffffff) | route >> 24 << 32;
	return index & 4 ? route >> 32 : route;
}

static void write_route(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	struct vgic *g = vgic_of(dev);
	unsigned irq = index / 8;
	unsigned long flags;
	uint32_t *route;

	if (irq < VGIC_PRIVATE || irq >= g->nr_irqs)
		return;
	flags = spin_lock_irqsave(&g->lock);
	route = &g->route[irq - VGIC_PRIVATE];
	if (!(index & 4))
		*route = (*route & 0xff000000) | (value & 0xffffff);
	if (index & 4)
		*route = (*route & 0xffffff) | (uint32_t)value << 24;
	else if (acc->size == 8)
		*route = (*route & 0xffffff) | (uint32_t)(value >> 32) << 24;
	vgic_route(g, irq, vcpu_at(g, *route));
	spin_unlock_irqrestore(&g->lock, flags);
}

/* Peripheral and component identification: architecture 3, as QEMU's models have them. */
static uint64_t read_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	static const uint8_t ids[] = { 0x44, 0x00, 0x00, 0x00, 0x92, 0xb4,
				       0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return ids[index / 4];
}

#define WORD(at, r, w, text)                                                                       \
	{ .offset = (at), .size = 4, .widths = 4, .read = (r), .write = (w), .name = (text) }
/** Reads as zero, ignores writes. */
#define ZERO(at, bytes, w, text)                                                                   \
	{ .offset = (at), .size = (bytes), .widths = (w), .name = (text) }

static const struct emu_reg dist_rows[] = {
	WORD(GICD_CTLR, read_ctlr, write_ctlr, "GICD_CTLR"),
	WORD(GICD_TYPER, read_typer, NULL, "GICD_TYPER"),
	{ .offset = GICD_IIDR, .size = 4, .widths = 4, .reset = VGIC_IMPLEMENTER,
	  .name = "GICD_IIDR" },
	ZERO(GICD_TYPER2, 4, 4, "GICD_TYPER2"),
	ZERO(GICD_STATUSR, 4, 4, "GICD_STATUSR"),
	/* With affinity routing these are not used. */
	ZERO(GICD_ITARGETSR, 0x400, 1 | 4, "GICD_ITARGETSR"),
	ZERO(GICD_IGRPMODR, 0x80, 4, "GICD_IGRPMODR"),
	ZERO(GICD_NSACR, 0x100, 4, "GICD_NSACR"),
	ZERO(GICD_SGIR, 4, 4, "GICD_SGIR"),
	ZERO(0xf10, 0x20, 1 | 4, "GICD_CPENDSGIR, GICD_SPENDSGIR"),
	{ .offset = GICD_IROUTER, .size = 0x1fe0, .widths = 4 | 8, .read = read_route,
	  .write = write_route, .name = "GICD_IROUTER" },
	{ .offset = IDREGS, .size = 0x30, .widths = 1 | 4, .read = read_id, .name = "GICD_ID" },
};

static const struct emu_regs dist_regs = { .rows = dist_rows, .count = ARRAY_SIZE(dist_rows) };

static noinline_fn enum emu_result dist_slow(struct emu_dev *dev, struct emu_access *acc)
{
	struct vgic *g = vgic_of(dev);
	struct vgic_frame frame = { .c = &g->cpus[0], .first = 1, .last = g->nr_banks - 1 };

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
	if (acc->is_write && (offset & ~0x7cull) == GICD_ISENABLER) {
		if (offset != GICD_ISENABLER)
			vgic_set_enabled(g, &g->cpus[0], (offset & 0x7c) / 4, (uint32_t)acc->value);
		return EMU_OK;
	}
	if (!acc->is_write && offset == GICD_TYPER) {
		acc->value = g->typer;
		return EMU_OK;
	}
	return dist_slow(dev, acc);
}

/* Have the registers of the CPU interface of all vCPUs come to us. @return 0 or negative errno */
static int prepare_cpuif(const struct emu_dev *dev)
{
	unsigned i;
	int err;

	for (i = 0; i < dev->guest->nr_vcpus; i++) {
		err = arch_vintc_soft_gicv3(dev->guest->vcpus[i]);
		if (err)
			return err;
	}
	return 0;
}

static int dist_probe(struct emu_dev *dev)
{
	const struct vintc_caps *caps = arch_vintc_caps();
	const struct vgic_config config = {
		.version = 3,
		.mode = caps->gicv3_cpuif && caps->slots ? VINTC_GICV3 : VINTC_NONE,
	};
	struct vgic *g;
	int err;

	err = config.mode == VINTC_NONE ? prepare_cpuif(dev) : 0;
	if (!err)
		err = vgic_create(dev, &config);
	if (err)
		return err;
	g = vgic_of(dev);
	g->typer = (g->nr_banks - 1u) | TYPER_ID_BITS | TYPER_A3V | TYPER_NO1N;
	vgic_reset(dev);
	return 0;
}

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
	if (find_device(dev->guest, "gicv3-redist"))
		return 0;
	log_error("%s: a GICv3 distributor needs its redistributors; add a region with compatible "
		  "\"arm,vgic3,redist\"", dev->name);
	return -ENOENT;
}

/** Errors of a region's size. */
static unsigned check_size(const struct dt_node *node, const char *path, struct shell_out *out,
			   uint64_t least)
{
	uint64_t size;

	if (dt_u64(node, "physical_size", &size) || size >= least)
		return 0;
	out_printf(out, "%s: physical_size is 0x%llx: 0x%llx or more is needed.\n", path,
		   (unsigned long long)size, (unsigned long long)least);
	return 1;
}

static unsigned dist_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	return vgic_check_dist(node, path, out) + check_size(node, path, out, DIST_SIZE);
}

static const struct dt_match dist_matches[] = {
	{ "arm,vgic3,dist", NULL },
	{ NULL, NULL },
};

/* parent_irq: which line of the vCPU it drives; here it is always the CPU's own interrupt. */
static const char *const dist_props[] = { "num_irq", "parent_irq", NULL };

EMULATOR(gicv3_dist) {
	.name = "gicv3-dist",
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

/* --- redistributors ----------------------------------------------------------------- */

/* An access to the first frame of a redistributor on its way through the table. */
struct redist_access {
	struct emu_access acc;
	struct vgic_cpu *c;
};

static struct vgic_cpu *redist_cpu(struct emu_access *acc)
{
	return container_of(acc, struct redist_access, acc)->c;
}

static uint64_t read_redist_typer(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	struct vgic_cpu *c = redist_cpu(acc);
	uint64_t typer = (uint64_t)affinity_of(c->id) << 32 | (uint64_t)c->id << 8;

	if (c->id == c->gic->nr_vcpus - 1)
		typer |= GICR_TYPER_LAST;
	if (vgic_has_lpis(c->gic))
		typer |= GICR_TYPER_LPIS;
	return typer >> 8 * (index & 4);
}

static uint64_t read_waker(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	return READ_ONCE(redist_cpu(acc)->waker);
}

/* Interrupts are delivered in any case; the children wake and sleep at once. */
static void write_waker(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	WRITE_ONCE(redist_cpu(acc)->waker, value & WAKER_SLEEP ? VGIC_WAKER_ASLEEP : 0);
}

static uint64_t read_redist_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	return vgic_lpi_read_ctlr(redist_cpu(acc));
}

static void write_redist_ctlr(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			      uint64_t value)
{
	vgic_lpi_write_ctlr(redist_cpu(acc), (uint32_t)value);
}

/* 64 bits that may be accessed by halves. */
static uint64_t read_base(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	return vgic_lpi_read_base(redist_cpu(acc), acc->offset >= GICR_PENDBASER) >>
	       8 * (index & 4);
}

static void write_base(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	bool pend = acc->offset >= GICR_PENDBASER;
	uint64_t old = vgic_lpi_read_base(redist_cpu(acc), pend);

	if (index & 4)
		value = (old & UINT32_MAX) | value << 32;
	else if (acc->size == 4)
		value |= old & ~(uint64_t)UINT32_MAX;
	vgic_lpi_write_base(redist_cpu(acc), pend, value);
}

static uint64_t read_redist_id(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	/* The part number tells a redistributor from a distributor. */
	return read_id(dev, acc, index) + (index / 4 == 4 ? 1 : 0);
}

static const struct emu_reg redist_rows[] = {
	WORD(GICR_CTLR, read_redist_ctlr, write_redist_ctlr, "GICR_CTLR"),
	{ .offset = GICR_IIDR, .size = 4, .widths = 4, .reset = VGIC_IMPLEMENTER,
	  .name = "GICR_IIDR" },
	{ .offset = GICR_TYPER, .size = 8, .widths = 4 | 8, .read = read_redist_typer,
	  .name = "GICR_TYPER" },
	ZERO(GICR_STATUSR, 4, 4, "GICR_STATUSR"),
	WORD(GICR_WAKER, read_waker, write_waker, "GICR_WAKER"),
	{ .offset = GICR_PROPBASER, .size = 8, .widths = 4 | 8, .read = read_base,
	  .write = write_base, .name = "GICR_PROPBASER" },
	{ .offset = GICR_PENDBASER, .size = 8, .widths = 4 | 8, .read = read_base,
	  .write = write_base, .name = "GICR_PENDBASER" },
	ZERO(GICR_SYNCR, 4, 4, "GICR_SYNCR"),
	{ .offset = IDREGS, .size = 0x30, .widths = 1 | 4, .read = read_redist_id,
	  .name = "GICR_ID" },
};

static const struct emu_regs redist_regs = {
	.rows = redist_rows,
	.count = ARRAY_SIZE(redist_rows),
};

static const struct emu_reg sgi_rows[] = {
	ZERO(GICR_IGRPMODR0, 4, 4, "GICR_IGRPMODR0"),
	ZERO(GICR_NSACR, 4, 4, "GICR_NSACR"),
};

static const struct emu_regs sgi_regs = { .rows = sgi_rows, .count = ARRAY_SIZE(sgi_rows) };

/** Of registers of a bit for each interrupt there is one word, and so on, in this frame. */
static bool in_sgi_frame(uint64_t offset)
{
	if (offset < VGIC_BITS_FIRST + 0x380)
		return !(offset & 0x7c);
	return offset < 0x420 || offset - VGIC_CONFIG_FIRST < 8;
}

static noinline_fn enum emu_result redist_slow(struct emu_dev *dev, struct emu_access *acc,
					       struct vgic_cpu *c)
{
	const struct vgic_frame frame = { .c = c };
	struct redist_access a = { .acc = *acc, .c = c };
	uint64_t offset = acc->offset & (SGI_FRAME - 1);
	enum emu_result result;

	if (acc->offset & SGI_FRAME && vgic_is_common(offset))
		return in_sgi_frame(offset) ? vgic_common_access(dev, acc, offset, &frame) :
					      EMU_NONE;
	a.acc.offset = offset;
	result = emu_regs_access(dev, acc->offset & SGI_FRAME ? &sgi_regs : &redist_regs, &a.acc);
	acc->value = a.acc.value;
	return result;
}

static enum emu_result redist_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct vgic *g = vgic_of(dev);
	uint64_t id = acc->offset >> REDIST_SHIFT;

	if (unlikely(id >= g->nr_vcpus))
		return EMU_NONE;
	if (acc->is_write && acc->size == 4 &&
	    (acc->offset & (REDIST_SIZE - 1)) == SGI_FRAME + GICD_ISENABLER) {
		vgic_set_enabled(g, &g->cpus[id], 0, (uint32_t)acc->value);
		return EMU_OK;
	}
	return redist_slow(dev, acc, &g->cpus[id]);
}

static int redist_probe(struct emu_dev *dev)
{
	unsigned room = (unsigned)MIN(dev->region->size >> REDIST_SHIFT, (uint64_t)VGIC_VCPUS_MAX);

	if (dev->guest->nr_vcpus <= room)
		return 0;
	log_error("%s: there is room for %u redistributors of 0x%x bytes, but the guest has %u "
		  "vCPUs; make physical_size 0x%x or more", dev->name, room, REDIST_SIZE,
		  dev->guest->nr_vcpus, dev->guest->nr_vcpus * REDIST_SIZE);
	return -EINVAL;
}

static void redist_remove(struct emu_dev *dev)
{
}

static int redist_ready(struct emu_dev *dev)
{
	if (find_device(dev->guest, "gicv3-dist"))
		return 0;
	log_error("%s: GICv3 redistributors need their distributor; add a region with compatible "
		  "\"arm,vgic3,dist\"", dev->name);
	return -ENOENT;
}

static unsigned redist_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	return check_size(node, path, out, REDIST_SIZE);
}

static const struct dt_match redist_matches[] = {
	{ "arm,vgic3,redist", NULL },
	{ NULL, NULL },
};

EMULATOR(gicv3_redist) {
	.name = "gicv3-redist",
	.match = redist_matches,
	.check = redist_check,
	.probe = redist_probe,
	.remove = redist_remove,
	.ready = redist_ready,
	.access = redist_access,
};

/* --- software-generated interrupts -------------------------------------------------- */

/* ICC_SGI1R_EL1 (IHI 0069, 12.2.16) */
#define SGIR_LIST  GENMASK(15, 0)
#define SGIR_AFF1  GENMASK(23, 16)
#define SGIR_INTID GENMASK(27, 24)
#define SGIR_ALL   BIT(40)
#define SGIR_AFF23 (GENMASK(39, 32) | GENMASK(55, 48))
#define SGIR_RANGE GENMASK(47, 44) /* moves the list of 16 targets along Aff0 */

uint64_t gicv3_to_self(unsigned id)
{
	return FIELD_PREP(SGIR_AFF1, id / CLUSTER) | BIT(id % CLUSTER);
}

/** vCPUs that a value sends to. */
static uint64_t targets_of(const struct vgic_cpu *self, uint64_t value)
{
	uint64_t cluster = FIELD_GET(SGIR_AFF1, value);
	uint64_t all = UINT64_MAX >> (64 - self->gic->nr_vcpus);

	if (value & SGIR_ALL)
		return all & ~BIT(self->id);
	if (value & (SGIR_AFF23 | SGIR_RANGE) || cluster >= VGIC_VCPUS_MAX / CLUSTER)
		return 0; /* no vCPU has such an affinity */
	return (value & SGIR_LIST) << cluster * CLUSTER & all;
}

/* An interrupt of the other group than the register's is not sent. */
static noinline_fn void send_sgis(struct vgic_cpu *self, unsigned group, uint64_t value)
{
	unsigned irq = FIELD_GET(SGIR_INTID, value);
	uint64_t targets;

	for (targets = targets_of(self, value); targets; targets &= targets - 1) {
		struct vgic_cpu *to = &self->gic->cpus[ctz64(targets)];

		if ((to->priv.group >> irq & 1) == group)
			vgic_send_sgi(to, irq, 0);
	}
}

/** The short way to oneself. @return false: it takes the long one */
static inline bool send_to_self(struct vgic_cpu *self, unsigned group, unsigned irq)
{
	uint64_t slot, was;
	unsigned s;

	slot = vgic_again(self, irq, &s);
	if (unlikely(!slot || !(slot & VSLOT_GROUP1) != !group))
		return false;
	was = arch_vintc_slot(s);
	if (unlikely(was & VSLOT_STATE))
		return was == slot; /* it waits there still: both are one */
	arch_vintc_set_slot(s, slot);
	return true;
}

void gicv3_op_sgi(struct vcpu *vcpu, unsigned group, uint64_t value)
{
	struct vgic_cpu *self = vgic_cpu_of(vcpu);
	struct vgic *g = self->gic;
	unsigned long flags = spin_lock_irqsave(&g->lock);

	if (unlikely((value & ~SGIR_INTID & GENMASK(55, 0)) != self->to_self ||
		     !send_to_self(self, group, FIELD_GET(SGIR_INTID, value))))
		send_sgis(self, group, value);
	spin_unlock_irqrestore(&g->lock, flags);
}
