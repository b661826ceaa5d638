/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's GIC: its life, and what makes an interrupt pending, ready and somebody's. Register
 * faces are in gicv2.c and gicv3.c, list registers in vgic_slots.c. vgic.lock guards the state.
 */
#include "vgic_cpuif.h"
#include "vgic_lpi.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>

/* --- who has to look ---------------------------------------------------------------- */

void vgic_update(struct vgic_cpu *c)
{
	if (unlikely(!c->vcpu))
		return; /* the guest is being made: its reset looks at everything */
	if (!vgic_is_local(c)) {
		vcpu_wake(c->vcpu);
		return;
	}
	if (c->gic->mode == VINTC_NONE)
		vgic_cpuif_update(c);
	else
		vgic_flush(c);
	if (unlikely(c->vcpu->idle))
		vcpu_wake(c->vcpu);
}

/* Who has to look at a shared interrupt: who holds it, else whose it is. */
static struct vgic_cpu *spi_cpu(struct vgic *g, const struct vgic_bank *b, unsigned i)
{
	unsigned id = b->held >> i & 1 ? b->owner[i] : b->target[i];

	return id < g->nr_vcpus ? &g->cpus[id] : NULL;
}

/* With the CPU interface in software a line may have to go down as well. */
static void notify_lines(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, c, n);
	uint32_t ready = vgic_ready(g, b);
	uint64_t look = 0;

	for (; bits; bits &= bits - 1) {
		unsigned i = ctz32(bits);
		struct vgic_cpu *to = n ? spi_cpu(g, b, i) : c;

		if (!to)
			continue;
		if (ready & BIT32(i))
			vgic_hint(to, n);
		if (ready & BIT32(i) || to->cpuif.irq || to->cpuif.fiq)
			look |= BIT(to->id);
	}
	for (; look; look &= look - 1)
		vgic_update(&g->cpus[ctz64(look)]);
}

void vgic_notify(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, c, n);

	if (g->mode == VINTC_NONE) {
		notify_lines(g, c, n, bits);
		return;
	}
	bits &= b->held | vgic_ready(g, b);
	if (!bits)
		return;
	if (!n) {
		c->hint |= 1;
		if (bits & b->held)
			c->recheck = true;
		vgic_update(c);
		return;
	}
	for (; bits; bits &= bits - 1) {
		unsigned i = ctz32(bits);

		c = spi_cpu(g, b, i);
		if (!c)
			continue;
		if (b->held & BIT32(i))
			c->recheck = true;
		vgic_hint(c, n);
		vgic_update(c);
	}
}

/* --- what makes interrupts pending -------------------------------------------------- */

void vgic_send_sgi(struct vgic_cpu *to, unsigned irq, unsigned sender)
{
	struct vgic_bank *b = &to->priv;
	uint32_t bit = BIT32(irq);

	if (to->gic->version == 2) {
		if (b->senders[irq] & BIT32(sender))
			return;
		b->senders[irq] |= (uint8_t)BIT32(sender);
	} else if (b->latch & bit) {
		return;
	}
	b->latch |= bit;
	/* Often to itself or a vCPU that is here. */
	if (vgic_is_local(to) && !to->rare && vgic_ready(to->gic, b) & bit && vgic_offer(to, irq))
		return;
	vgic_notify(to->gic, to, 0, bit);
}

void vgic_release_hw(struct vgic_cpu *c, unsigned i)
{
	uint32_t bit = BIT32(i);

	if (!(c->hw_active & bit))
		return;
	c->hw_active &= ~bit;
	if (vgic_is_local(c)) {
		arch_vintc_hw_active(c->hwirq[i - VGIC_SGIS], false);
	} else if (c->loaded) {
		c->hw_drop |= bit;
		vcpu_wake(c->vcpu);
	}
}

void vgic_deactivate(struct vgic_cpu *c, unsigned n, struct vgic_bank *b, unsigned i)
{
	b->active &= ~BIT32(i);
	b->forced &= ~BIT32(i);
	if (!n)
		vgic_release_hw(c, i);
	vgic_notify(c->gic, c, n, BIT32(i));
}

/** Bank of an interrupt line. @return NULL for a number that is no line */
static struct vgic_bank *line_bank(struct vgic *g, struct vcpu *vcpu, unsigned irq)
{
	if (vcpu && irq < VGIC_PRIVATE && irq >= VGIC_SGIS)
		return &vgic_cpu_of(vcpu)->priv;
	if (!vcpu && irq >= VGIC_PRIVATE && irq < g->nr_irqs)
		return &g->spi[irq / 32 - 1];
	log_guest(LOG_WARN, g->guest, vcpu, "a device raised interrupt %u, which the guest's GIC "
		  "does not have (shared ones: 32 to %u)", irq, g->nr_irqs - 1);
	return NULL;
}

static void op_set_line(struct guest *guest, struct vcpu *vcpu, unsigned irq, bool level)
{
	struct vgic *g = guest->vintc_priv;
	struct vgic_bank *b = line_bank(g, vcpu, irq);
	uint32_t bit = BIT32(irq % 32);
	unsigned long flags;

	if (!b)
		return;
	flags = spin_lock_irqsave(&g->lock);
	if (!!(b->line & bit) != level) {
		b->line ^= bit;
		if (!(b->edge & bit)) {
			vgic_notify(g, vcpu ? vgic_cpu_of(vcpu) : NULL, irq / 32, bit);
		} else if (level && !(b->latch & bit)) {
			b->latch |= bit;
			vgic_notify(g, vcpu ? vgic_cpu_of(vcpu) : NULL, irq / 32, bit);
		}
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

static void op_pulse(struct guest *guest, struct vcpu *vcpu, unsigned irq)
{
	struct vgic *g = guest->vintc_priv;
	struct vgic_bank *b = line_bank(g, vcpu, irq);
	uint32_t bit = BIT32(irq % 32), *word;
	unsigned long flags;

	if (!b)
		return;
	flags = spin_lock_irqsave(&g->lock);
	/* The latch of a level in a slot is that of its last time. */
	word = b->held & ~b->edge & bit ? &b->pulsed : &b->latch;
	if (!(*word & bit)) {
		*word |= bit;
		vgic_notify(g, vcpu ? vgic_cpu_of(vcpu) : NULL, irq / 32, bit);
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

void vgic_route(struct vgic *g, unsigned irq, unsigned target)
{
	struct vgic_bank *b = &g->spi[irq / 32 - 1];

	unsigned old = b->target[irq % 32];

	if (old == target)
		return;
	b->target[irq % 32] = (uint8_t)target;
	vgic_notify(g, NULL, irq / 32, BIT32(irq % 32));
	if (g->mode == VINTC_NONE && old < g->nr_vcpus)
		vgic_update(&g->cpus[old]);
}

/* --- vCPUs -------------------------------------------------------------------------- */

static void op_flush(struct vcpu *vcpu)
{
	struct vgic_cpu *c = vgic_cpu_of(vcpu);
	struct vgic *g = c->gic;

	spin_lock(&g->lock);
	if (g->mode == VINTC_NONE)
		vgic_cpuif_update(c);
	else
		vgic_flush(c);
	spin_unlock(&g->lock);
}

/* Device outputs keep their level through the reset of who looks at them. */
static void reset_bank(struct vgic_bank *b)
{
	uint32_t line = b->line;

	memset(b, 0, sizeof(*b));
	b->line = line;
}

static void op_reset_vcpu(struct vcpu *vcpu)
{
	struct vgic *g = vcpu->guest->vintc_priv;
	struct vgic_cpu *c = &g->cpus[vcpu->id];
	unsigned long flags = spin_lock_irqsave(&g->lock);

	vcpu->vintc_priv = c;
	c->vcpu = vcpu;
	reset_bank(&c->priv);
	c->priv.edge = BIT32(VGIC_SGIS) - 1;
	if (g->version == 2)
		c->priv.enabled = BIT32(VGIC_SGIS) - 1;
	c->used = 0;
	c->hw_slots = 0;
	c->act_slots = 0;
	c->act_hint = 0;
	c->linked = 0;
	c->hw_active = 0;
	c->hw_drop = 0;
	c->recheck = false;
	c->overflow = false;
	c->dir_trapped = false;
	c->waker = VGIC_WAKER_ASLEEP;
	c->lpi_hint = c->lpis_on ? UINT32_MAX : 0;
	c->hint = vgic_all_banks(g); /* shared interrupts may be waiting already */
	vgic_cpuif_reset(c);
	spin_unlock_irqrestore(&g->lock, flags);
	arch_vintc_init(vcpu, g->version == 3 && g->mode == VINTC_NONE ? VINTC_GICV3_SOFT :
									 g->mode);
}

static const struct vintc_ops ops_v2 = {
	.set_line = op_set_line,
	.pulse = op_pulse,
	.flush = op_flush,
	.maintenance = vgic_op_maintenance,
	.pending = vgic_op_pending,
	.linked = vgic_op_linked,
	.save = vgic_op_save,
	.load = vgic_op_load,
	.reset_vcpu = op_reset_vcpu,
};

static const struct vintc_ops ops_v3 = {
	.set_line = op_set_line,
	.pulse = op_pulse,
	.flush = op_flush,
	.maintenance = vgic_op_maintenance,
	.pending = vgic_op_pending,
	.linked = vgic_op_linked,
	.save = vgic_op_save,
	.load = vgic_op_load,
	.sgi = gicv3_op_sgi,
	.dir = vgic_op_dir,
	.sysreg = gicv3_op_icc,
	.reset_vcpu = op_reset_vcpu,
};

/* --- life --------------------------------------------------------------------------- */

unsigned vgic_irqs_of(const struct dt_node *node, unsigned guest_irqs)
{
	uint32_t n = dt_u32_or(node, "num_irq", MAX(guest_irqs, (unsigned)VGIC_PRIVATE));

	if (dt_has(node, "num_irq") && (n < VGIC_PRIVATE || n > 1024))
		return 0;
	return MIN(ALIGN_UP(n, 32u), (unsigned)VGIC_IRQS_MAX);
}

unsigned vgic_check_dist(const struct dt_node *node, const char *path, struct shell_out *out)
{
	if (vgic_irqs_of(node, VGIC_PRIVATE))
		return 0;
	out_printf(out, "%s: num_irq is %u: give 32 to 1020, or leave the property out for as many "
		   "as guest_irq_count says.\n", path, dt_u32_or(node, "num_irq", 0));
	return 1;
}

static int check_create(const struct emu_dev *dev, const struct vgic_config *config)
{
	const struct guest *guest = dev->guest;
	unsigned most = config->version == 2 ? VGIC_V2_VCPUS_MAX : VGIC_VCPUS_MAX;

	if (guest->vintc) {
		log_error("%s: the guest has an interrupt controller already; remove one of the "
			  "nodes", dev->name);
		return -EEXIST;
	}
	if (!guest->nr_vcpus || guest->nr_vcpus > most) {
		log_error("%s: a GICv%u serves 1 to %u vCPUs, the guest has %u%s", dev->name,
			  config->version, most, guest->nr_vcpus,
			  config->version == 2 ? "; take GICv3 or fewer vCPUs" : "");
		return -EINVAL;
	}
	return vgic_irqs_of(dev->node, guest->nr_irqs) ? 0 : -EINVAL;
}

/* The parts that are as large as the guest wants. @return 0 or -ENOMEM */
static int alloc_parts(struct vgic *g)
{
	unsigned spis = (g->nr_banks - 1) * 32;

	if (!spis)
		return 0;
	g->spi = heap_calloc(g->nr_banks - 1, sizeof(*g->spi));
	if (g->version == 2)
		g->targets = heap_calloc(spis, sizeof(*g->targets));
	else
		g->route = heap_calloc(spis, sizeof(*g->route));
	return g->spi && (g->targets || g->route) ? 0 : -ENOMEM;
}

static void free_all(struct vgic *g)
{
	vgic_lpi_reset(g);
	heap_free(g->route);
	heap_free(g->targets);
	heap_free(g->spi);
	heap_free(g);
}

cold_fn int vgic_create(struct emu_dev *dev, const struct vgic_config *config)
{
	struct guest *guest = dev->guest;
	int err = check_create(dev, config);
	struct vgic *g;
	unsigned i;

	if (err)
		return err;
	g = heap_zalloc(sizeof(*g) + guest->nr_vcpus * sizeof(g->cpus[0]));
	if (!g)
		return -ENOMEM;
	spin_init(&g->lock);
	waitq_init(&g->drained);
	mutex_init(&g->lpi_mutex);
	g->version = (uint8_t)config->version;
	g->mode = (uint8_t)config->mode;
	if (config->mode != VINTC_NONE)
		g->nr_slots = (uint8_t)MIN(arch_vintc_caps()->slots, (unsigned)VGIC_SLOTS_MAX);
	g->slots_mask = BIT32(g->nr_slots) - 1;
	g->nr_irqs = (uint16_t)vgic_irqs_of(dev->node, guest->nr_irqs);
	g->nr_banks = (uint8_t)DIV_ROUND_UP(g->nr_irqs, 32);
	g->nr_vcpus = guest->nr_vcpus;
	g->guest = guest;
	g->dist = dev;
	for (i = 0; i < g->nr_vcpus; i++) {
		g->cpus[i].gic = g;
		g->cpus[i].id = (uint8_t)i;
		g->cpus[i].to_self = gicv3_to_self(i);
	}
	err = alloc_parts(g);
	if (err) {
		free_all(g);
		return err;
	}
	guest->vintc_priv = g;
	guest->vintc = g->version == 2 ? &ops_v2 : &ops_v3;
	return 0;
}

void vgic_destroy(struct emu_dev *dev)
{
	struct vgic *g = vgic_of(dev);

	if (!g || g->dist != dev)
		return;
	dev->guest->vintc = NULL;
	dev->guest->vintc_priv = NULL;
	free_all(g);
}

void vgic_reset(struct emu_dev *dev)
{
	struct vgic *g = vgic_of(dev);
	unsigned long flags = spin_lock_irqsave(&g->lock);
	/* GICv2 with several vCPUs: a target register of 0 sends nowhere. */
	uint8_t target = g->targets && g->nr_vcpus > 1 ? VGIC_NOWHERE : 0;
	unsigned n;

	g->group_on[0] = 0;
	g->group_on[1] = 0;
	for (n = 1; n < g->nr_banks; n++) {
		reset_bank(&g->spi[n - 1]);
		memset(g->spi[n - 1].target, target, sizeof(g->spi[n - 1].target));
	}
	if (g->targets)
		memset(g->targets, 0, (g->nr_banks - 1u) * 32 * sizeof(*g->targets));
	if (g->route)
		memset(g->route, 0, (g->nr_banks - 1u) * 32 * sizeof(*g->route));
	spin_unlock_irqrestore(&g->lock, flags);
	vgic_lpi_reset(g);
}
