/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2m (Arm Server Base System Architecture, appendix E): a register that turns writes of
 * devices into shared interrupts of the GIC. frame->lock guards which of them are given away.
 */
#include "gic.h"

#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/pci.h>
#include <core/spinlock.h>
#include <libs/bitmap.h>
#include <libs/errno.h>

#define MSI_TYPER  0x008
#define MSI_SETSPI 0x040

struct frame {
	struct msi_controller mc;
	hpa_t pa;
	unsigned first, n;	/* interrupts */
	spinlock_t lock;
	DECLARE_BITMAP(taken, GIC_SPECIAL);
};

static void gicv2m_free(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	struct frame *frame = container_of(mc, struct frame, mc);
	unsigned long flags = spin_lock_irqsave(&frame->lock);

	while (n--)
		bitmap_clear(frame->taken, v[n].hwirq - frame->first);
	spin_unlock_irqrestore(&frame->lock, flags);
}

static int gicv2m_alloc(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	struct frame *frame = container_of(mc, struct frame, mc);
	unsigned long flags = spin_lock_irqsave(&frame->lock);
	unsigned at, got = 0;

	for (at = 0; at < frame->n && got < n; at++) {
		if (bitmap_test(frame->taken, at))
			continue;
		bitmap_set(frame->taken, at);
		v[got++] = (struct msi_vector){
			.address = frame->pa + MSI_SETSPI,
			.data = frame->first + at,
			.hwirq = frame->first + at,
		};
	}
	spin_unlock_irqrestore(&frame->lock, flags);
	if (got == n)
		return 0;
	gicv2m_free(mc, id, got, v);
	return -ENOSPC;
}

static int gicv2m_probe(struct device *dev)
{
	struct frame *frame = heap_zalloc(sizeof(*frame));
	uint32_t typer, first, n;
	uint8_t *regs;

	if (!frame)
		return -ENOMEM;
	regs = device_map(dev, 0);
	if (!regs || dt_reg(dev->node, 0, &frame->pa, NULL)) {
		heap_free(frame);
		return -ENXIO;
	}
	typer = mmio_read32(regs + MSI_TYPER);
	device_unmap(dev, 0, regs);
	first = dt_u32_or(dev->node, "arm,msi-base-spi", typer >> 16 & 0x3ff);
	n = dt_u32_or(dev->node, "arm,msi-num-spis", typer & 0x3ff);
	if (first < GIC_SPI_FIRST || first >= GIC_SPECIAL || !n || n > GIC_SPECIAL - first) {
		log_error("GICv2m: it says that it has %u interrupts from %u on", n, first);
		heap_free(frame);
		return -EINVAL;
	}
	frame->first = first;
	frame->n = n;
	spin_init(&frame->lock);
	frame->mc.node = dev->node;
	frame->mc.alloc = gicv2m_alloc;
	frame->mc.free = gicv2m_free;
	msi_controller_register(&frame->mc);
	return 0;
}

static const struct dt_match gicv2m_match[] = {
	{ "arm,gic-v2m-frame", NULL },
	{ NULL, NULL },
};

DRIVER(gicv2m) {
	.name = "gicv2m",
	.class = DRIVER_IRQCHIP,
	.match = gicv2m_match,
	.probe = gicv2m_probe,
};
