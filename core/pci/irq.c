/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of PCI functions: MSI-X, MSI, and the lines INTA … INTD, which interrupt-map of the
 * host bridge leads to the interrupt controller. A function's interrupts are its driver's.
 */
#include "pci_priv.h"

#include <arch/mmio.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#define MSI_FLAGS	2	/* of the capability */
#define MSI_ADDRESS	4
#define MSI_ENABLE	BIT32(0)
#define MSI_MULTIPLE	0x70	/* how many vectors are enabled: one */
#define MSI_64		BIT32(7)
#define MSIX_FLAGS	2
#define MSIX_TABLE	4
#define MSIX_ENABLE	BIT32(15)
#define MSIX_MASK_ALL	BIT32(14)
#define MSIX_ENTRY	16
#define MSIX_MASKED	1
#define CELLS_MAX	16	/* of a row of interrupt-map */

static struct list controllers = LIST_INIT(controllers);

/* --- controllers of messages ------------------------------------------------------- */

void msi_controller_register(struct msi_controller *mc)
{
	list_add_tail(&controllers, &mc->link);
}

static struct msi_controller *find_controller(uint32_t phandle)
{
	const struct dt_node *node = dt_find_phandle(phandle);
	struct msi_controller *mc;

	list_for_each_entry(mc, &controllers, link)
		if (node && mc->node == node)
			return mc;
	return NULL;
}

struct msi_controller *msi_controller_of(const struct dt_node *node, uint32_t *id)
{
	uint32_t wanted = *id & dt_u32_or(node, "msi-map-mask", UINT32_MAX), at, phandle;
	struct msi_controller *mc = NULL;
	const struct dt_prop *map;

	dt_lock();
	map = dt_prop(node, "msi-map");
	for (at = 0; map && !mc && at + 16 <= map->len; at += 16) {
		uint32_t first = get_be32(map->data + at), n = get_be32(map->data + at + 12);

		if (wanted < first || wanted - first >= n)
			continue;
		mc = find_controller(get_be32(map->data + at + 4));
		*id = wanted - first + get_be32(map->data + at + 8);
	}
	/* msi-parent may name several, each with cells of its own: the first one serves. */
	if (!map && !dt_u32(node, "msi-parent", 0, &phandle))
		mc = find_controller(phandle);
	dt_unlock();
	return mc;
}

/* --- INTx ------------------------------------------------------------------------- */

struct intx {
	uint32_t unit[3];
	uint32_t pin;
};

/* A row's interrupt: controller, its cells. @return cells of the row, 0: malformed */
static unsigned read_row(const uint8_t *p, uint32_t left, const struct dt_node **controller,
			 const uint8_t **spec, unsigned *n)
{
	uint32_t skip;

	if (left < 5)
		return 0;
	*controller = dt_find_phandle(get_be32(p + 16));
	if (!*controller)
		return 0;
	skip = dt_u32_or(*controller, "#address-cells", 0);
	*n = dt_u32_or(*controller, "#interrupt-cells", 0);
	if (!*n || *n > CELLS_MAX || skip > CELLS_MAX || 5 + skip + *n > left)
		return 0;
	*spec = p + 20 + 4 * skip;
	return 5 + skip + *n;
}

/* Follow interrupt-map (Devicetree Specification v0.4, 2.4.3). @return number or negative errno */
static int map_intx(const struct dt_node *node, const struct intx *line)
{
	const struct dt_prop *map = dt_prop(node, "interrupt-map");
	const struct dt_prop *mask = dt_prop(node, "interrupt-map-mask");
	uint32_t want[4] = { line->unit[0], line->unit[1], line->unit[2], line->pin };
	uint32_t cells[CELLS_MAX], at, row;
	const struct dt_node *controller;
	const uint8_t *spec;
	unsigned n, i;

	for (at = 0; map && at < map->len; at += 4 * row) {
		const uint8_t *p = map->data + at;

		row = read_row(p, (map->len - at) / 4, &controller, &spec, &n);
		if (!row)
			return -EINVAL;
		for (i = 0; i < 4; i++) {
			uint32_t m = mask && mask->len >= 16 ? get_be32(mask->data + 4 * i) :
							       UINT32_MAX;

			if ((get_be32(p + 4 * i) ^ want[i]) & m)
				break;
		}
		if (i < 4)
			continue;
		for (i = 0; i < n; i++)
			cells[i] = get_be32(spec + 4 * i);
		return irq_of_cells(controller, cells, n, NULL);
	}
	return -ENOENT;
}

/*
 * PCs: firmware leaves in each function to which of the old sixteen interrupts it has routed the
 * line; "firmware-lines" of the host bridge has what these are at the interrupt controller, two
 * cells each, without number where it is none. @return number or negative errno
 */
static int firmware_line(struct pci_dev *dev, const struct dt_prop *lines)
{
	uint32_t at = pci_read8(dev, PCI_INTERRUPT_LINE) * 8u, cells[2], phandle;
	const struct dt_node *controller;

	if (at + 8 > lines->len || dt_u32(dev->host->node, "interrupt-parent", 0, &phandle))
		return -ENOENT;
	cells[0] = get_be32(lines->data + at);
	cells[1] = get_be32(lines->data + at + 4);
	controller = dt_find_phandle(phandle);
	return controller ? irq_of_cells(controller, cells, 2, NULL) : -ENOENT;
}

static int intx_of(struct pci_dev *dev)
{
	struct intx line = { .pin = pci_read8(dev, PCI_INTERRUPT_PIN) };
	const struct pci_dev *at = dev;
	const struct dt_prop *lines;
	int hwirq;

	if (line.pin < 1 || line.pin > 4)
		return -ENOENT;
	/* Each bridge turns the four lines by the number of the slot. */
	for (; at->bridge; at = at->bridge)
		line.pin = (line.pin - 1 + (at->bdf >> 3 & 0x1f)) % 4 + 1;
	line.unit[0] = (uint32_t)at->bdf << 8;
	dt_lock();
	lines = dt_prop(dev->host->node, "firmware-lines");
	hwirq = lines ? firmware_line(dev, lines) : map_intx(dev->host->node, &line);
	dt_unlock();
	return hwirq;
}

static int alloc_intx(struct pci_dev *dev)
{
	int hwirq = intx_of(dev);

	if (hwirq < 0) {
		log_error("%s: it has no interrupt: its line leads nowhere (%s), and there is no "
			  "controller for messages", dev->name, error_text(hwirq));
		return hwirq;
	}
	dev->vectors[0].hwirq = (unsigned)hwirq;
	dev->irq_kind = PCI_IRQ_INTX;
	pci_command(dev, 0, PCI_COMMAND_INTX_OFF);
	return 1;
}

/* --- MSI, MSI-X ------------------------------------------------------------------- */

/* What a function's accesses are marked with where they leave conventional buses, if any. */
static uint32_t requester_of(const struct pci_dev *dev)
{
	const struct pci_dev *at;
	uint32_t id = dev->bdf;

	for (at = dev->bridge; at; at = at->bridge)
		if (!at->express)
			id = at->bdf;
		else if (at->express == PCI_EXPRESS_TO_PCI)
			id = (uint32_t)at->secondary << 8;
	return id;
}

static int alloc_vectors(struct pci_dev *dev, unsigned n)
{
	int err;

	dev->msi_id = requester_of(dev);
	dev->msi = msi_controller_of(dev->host->node, &dev->msi_id);
	if (!dev->msi)
		return -ENOENT;
	err = dev->msi->alloc(dev->msi, dev->msi_id, n, dev->vectors);
	if (err)
		log_warn("%s: no message-signalled interrupts: %s", dev->name, error_text(err));
	else
		dev->nr_vectors = n;
	return err;
}

static void write_msix(struct pci_dev *dev, unsigned n, bool masked)
{
	const struct msi_vector *v = &dev->vectors[n];
	uint8_t *entry = dev->msix_table + n * MSIX_ENTRY;

	mmio_write32(entry, (uint32_t)v->address);
	mmio_write32(entry + 4, (uint32_t)(v->address >> 32));
	mmio_write32(entry + 8, v->data);
	mmio_write32(entry + 12, masked ? MSIX_MASKED : 0);
}

static int alloc_msix(struct pci_dev *dev, unsigned want)
{
	unsigned cap = pci_find_cap(dev, PCI_CAP_MSIX, 0), size, i;
	uint32_t table;

	if (!cap)
		return -ENOENT;
	size = (pci_read16(dev, cap + MSIX_FLAGS) & 0x7ffu) + 1;
	want = MIN(want, size);
	table = pci_read32(dev, cap + MSIX_TABLE);
	dev->msix_table = pci_map_bar(dev, table & 7, table & ~7u, (uint64_t)size * MSIX_ENTRY);
	if (!dev->msix_table)
		return -ENXIO;
	if (alloc_vectors(dev, want)) {
		mem_unmap_device(dev->msix_table, (uint64_t)size * MSIX_ENTRY);
		dev->msix_table = NULL;
		return -ENOENT;
	}
	pci_command(dev, PCI_COMMAND_MEMORY, 0);
	pci_write16(dev, cap + MSIX_FLAGS, MSIX_ENABLE | MSIX_MASK_ALL);
	for (i = 0; i < size; i++)
		mmio_write32(dev->msix_table + i * MSIX_ENTRY + 12, MSIX_MASKED);
	pci_write16(dev, cap + MSIX_FLAGS, MSIX_ENABLE);
	dev->irq_kind = PCI_IRQ_MSIX;
	return (int)want;
}

static int alloc_msi(struct pci_dev *dev)
{
	unsigned cap = pci_find_cap(dev, PCI_CAP_MSI, 0), data;
	uint16_t flags;

	if (!cap)
		return -ENOENT;
	flags = pci_read16(dev, cap + MSI_FLAGS);
	if (alloc_vectors(dev, 1))
		return -ENOENT;
	if (!(flags & MSI_64) && dev->vectors[0].address >> 32) {
		dev->msi->free(dev->msi, dev->msi_id, 1, dev->vectors);
		dev->nr_vectors = 0;
		return -ENOENT;
	}
	data = cap + MSI_ADDRESS + (flags & MSI_64 ? 8 : 4);
	pci_write32(dev, cap + MSI_ADDRESS, (uint32_t)dev->vectors[0].address);
	if (flags & MSI_64)
		pci_write32(dev, cap + MSI_ADDRESS + 4, (uint32_t)(dev->vectors[0].address >> 32));
	pci_write16(dev, data, (uint16_t)dev->vectors[0].data);
	pci_write16(dev, cap + MSI_FLAGS, (uint16_t)((flags & ~MSI_MULTIPLE) | MSI_ENABLE));
	dev->irq_kind = PCI_IRQ_MSI;
	return 1;
}

/* --- for drivers ------------------------------------------------------------------- */

int pci_irqs_alloc(struct pci_dev *dev, unsigned want)
{
	int n = -ENOENT;

	dev->vectors = heap_calloc(MAX(want, 1u), sizeof(*dev->vectors));
	if (!dev->vectors)
		return -ENOMEM;
	if (want)
		n = alloc_msix(dev, want);
	if (n < 0)
		n = alloc_msi(dev);
	if (n < 0)
		n = alloc_intx(dev);
	if (n < 0)
		pci_irqs_free(dev);
	else
		dev->nr_vectors = (unsigned)n;
	return n;
}

static void stop_messages(struct pci_dev *dev)
{
	unsigned msi = pci_find_cap(dev, PCI_CAP_MSI, 0), msix;

	if (msi)
		pci_write16(dev, msi + MSI_FLAGS,
			    (uint16_t)(pci_read16(dev, msi + MSI_FLAGS) & ~MSI_ENABLE));
	msix = pci_find_cap(dev, PCI_CAP_MSIX, 0);
	if (msix)
		pci_write16(dev, msix + MSIX_FLAGS, MSIX_MASK_ALL);
	if (dev->msix_table)
		mem_unmap_device(dev->msix_table, MSIX_ENTRY);
	dev->msix_table = NULL;
}

void pci_irqs_free(struct pci_dev *dev)
{
	unsigned i;

	pci_command(dev, PCI_COMMAND_INTX_OFF, 0);
	if (dev->irq_kind != PCI_IRQ_INTX)
		stop_messages(dev);
	for (i = 0; i < dev->nr_vectors; i++) {
		if (!dev->vectors[i].arg)
			continue;
		if (dev->irq_kind == PCI_IRQ_INTX)
			irq_free_shared(dev->vectors[i].hwirq, dev->vectors[i].arg);
		else
			irq_free(dev->vectors[i].hwirq);
	}
	if (dev->irq_kind != PCI_IRQ_INTX && dev->nr_vectors)
		dev->msi->free(dev->msi, dev->msi_id, dev->nr_vectors, dev->vectors);
	heap_free(dev->vectors);
	dev->vectors = NULL;
	dev->nr_vectors = 0;
	dev->irq_kind = PCI_IRQ_NONE;
}

int pci_irq_request(struct pci_dev *dev, unsigned n, const char *name, irq_handler fn, void *arg)
{
	struct msi_vector *v = &dev->vectors[n];
	int err;

	if (n >= dev->nr_vectors || v->arg)
		return -EINVAL;
	if (dev->irq_kind == PCI_IRQ_INTX)
		err = irq_request_shared(v->hwirq, name, fn, arg);
	else
		err = irq_request(v->hwirq, false, name, fn, arg);
	if (err)
		return err;
	v->arg = arg;
	if (dev->irq_kind == PCI_IRQ_MSIX)
		write_msix(dev, n, false);
	return 0;
}
