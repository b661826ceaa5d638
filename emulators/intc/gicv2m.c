/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2m (Arm SBSA, appendix E): a frame with a doorbell that makes shared interrupts out of
 * messages. It has no state but its range of interrupts, which is constant.
 *
 *   arm,gic-v2m-frame   `arm,msi-base-spi` (80) and `arm,msi-num-spis` (64) are the range, as the
 *                       interrupt controller counts
 */
#include <core/emu.h>

#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>

#define MSI_TYPER  0x008
#define MSI_SETSPI 0x040
#define MSI_IIDR   0xfcc
#define SETSPI_MASK 0x3ffu /* what is above is reserved */
#define FRAME_SIZE 0x1000u

#define IMPLEMENTER 0x43bu /* Arm */
#define BASE_FIRST  32u
#define BASE_USUAL  80u
#define COUNT_USUAL 64u

struct gicv2m {
	uint32_t base, count;
};

static void range_of(const struct dt_node *node, struct gicv2m *m)
{
	m->base = dt_u32_or(node, "arm,msi-base-spi", BASE_USUAL);
	m->count = dt_u32_or(node, "arm,msi-num-spis", COUNT_USUAL);
}

static void ring(struct emu_dev *dev, const struct emu_access *acc, uint32_t data)
{
	const struct gicv2m *m = dev->priv;

	data &= SETSPI_MASK;
	if (likely(data - m->base < m->count))
		guest_irq_pulse(dev->guest, data);
	else
		emu_complain(dev, acc,
			     "a message of 0x%x: the interrupts for messages are %u to %u", data,
			     m->base, m->base + m->count - 1);
}

static void v2m_msi(struct emu_dev *dev, uint64_t offset, uint32_t requester, uint32_t data)
{
	if (likely(offset == MSI_SETSPI))
		ring(dev, NULL, data);
	else
		emu_complain(dev, NULL, "a message to 0x%x: the doorbell is at 0x%x",
			     (unsigned)offset, MSI_SETSPI);
}

static uint64_t read_typer(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	const struct gicv2m *m = dev->priv;

	return m->base << 16 | m->count;
}

static void write_setspi(struct emu_dev *dev, struct emu_access *acc, uint32_t index,
			 uint64_t value)
{
	ring(dev, acc, (uint32_t)value);
}

static const struct emu_reg rows[] = {
	{ .offset = MSI_TYPER, .size = 4, .widths = 4, .read = read_typer, .name = "MSI_TYPER" },
	{ .offset = MSI_SETSPI, .size = 4, .widths = 2 | 4, .write = write_setspi,
	  .name = "MSI_SETSPI_NS" },
	{ .offset = MSI_IIDR, .size = 4, .widths = 4, .reset = IMPLEMENTER, .name = "MSI_IIDR" },
	{ .offset = 0xfd0, .size = 0x30, .widths = 1 | 4, .name = "MSI_ID" },
};

static const struct emu_regs regs = { .rows = rows, .count = ARRAY_SIZE(rows) };

static unsigned v2m_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	struct gicv2m m;
	uint64_t size;
	unsigned errors = 0;

	range_of(node, &m);
	if (m.base < BASE_FIRST || !m.count || m.base >= 1020 || m.count > 1020 - m.base) {
		out_printf(out, "%s: arm,msi-base-spi is %u, arm,msi-num-spis is %u: interrupts "
			   "for messages are shared ones, 32 to 1019.\n", path, m.base, m.count);
		errors++;
	}
	if (!dt_u64(node, "physical_size", &size) && size < FRAME_SIZE) {
		out_printf(out, "%s: physical_size is 0x%llx: a frame has 0x%x bytes.\n", path,
			   (unsigned long long)size, FRAME_SIZE);
		errors++;
	}
	return errors;
}

static int v2m_probe(struct emu_dev *dev)
{
	struct gicv2m *m = heap_zalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	range_of(dev->node, m);
	if (m->base + m->count > dev->guest->nr_irqs) {
		int err = emu_fail(dev, -ERANGE, "interrupts %u to %u are for messages, but the "
				   "guest has interrupts 0 to %u only", m->base,
				   m->base + m->count - 1, dev->guest->nr_irqs - 1);

		heap_free(m);
		return err;
	}
	dev->priv = m;
	return 0;
}

static void v2m_remove(struct emu_dev *dev)
{
	heap_free(dev->priv);
	dev->priv = NULL;
}

static void v2m_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct gicv2m *m = dev->priv;

	out_printf(out, "messages become interrupts %u to %u\n", m->base, m->base + m->count - 1);
}

static const struct dt_match matches[] = {
	{ "arm,gic-v2m-frame", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { "arm,msi-base-spi", "arm,msi-num-spis", NULL };

EMULATOR(gicv2m) {
	.name = "gicv2m",
	.match = matches,
	.check = v2m_check,
	.props = props,
	.probe = v2m_probe,
	.remove = v2m_remove,
	.regs = &regs,
	.msi = v2m_msi,
	.show = v2m_show,
};
