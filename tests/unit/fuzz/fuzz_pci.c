/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions with any bytes in configuration space, of which any bits can be written, behind
 * bridges that do as well. Enumeration ends, no two BARs share an address, capability lists end,
 * and interrupts are found or refused.
 */
#include "fuzz.h"

#include "../fake.h"
#include "../pci_fake.h"

#include <core/dt.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

/* The program has no tests that could fail: what core gives out of bounds ends it. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, fmt);
	abort();
}

static struct dt_node *host_node(void)
{
	static const uint32_t ranges[] = { 0x2000000, 0, 0x10000000, 0x10000000, 0, 0x2000000,
					   0x3000000, 0x80, 0, 0x80000000, 0, 0x40000000 };
	static struct dt_node *node;
	struct dt_node *root;

	if (node)
		return node;
	root = dt_new_tree();
	FUZZ_CHECK(root && !dt_set_u32(root, "#address-cells", 1));
	node = dt_add_node(root, "pcie");
	FUZZ_CHECK(node && !dt_set_u32(node, "#address-cells", 3) &&
		   !dt_set_u32(node, "#size-cells", 2) &&
		   !dt_set_cells(node, "ranges", ranges, ARRAY_SIZE(ranges)) &&
		   !dt_set(root, "ranges", NULL, 0));
	return node;
}

static void use(struct pci_dev *dev)
{
	unsigned cap, n = 0;

	for (cap = pci_find_cap(dev, PCI_CAP_VENDOR, 0); cap && n < 100; n++)
		cap = pci_find_cap(dev, PCI_CAP_VENDOR, cap);
	FUZZ_CHECK(n <= 100);
	if (pci_irqs_alloc(dev, 3) >= 0)
		pci_irqs_free(dev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct pci_fake_fn *fn, *bridges[4] = { NULL };
	struct pci_dev *dev;
	unsigned n, i, k;

	fake_log_clear();
	pci_fake_begin(host_node());
	fake_host.last_bus = fuzz_byte(&in);
	for (n = fuzz_byte(&in) % 12; n; n--) {
		fn = bridges[fuzz_byte(&in) % 4];
		if (n % 3 == 0)
			fn = bridges[n / 3 % 4] = pci_fake_bridge(fn, fuzz_byte(&in) % 32,
								  fuzz_byte(&in));
		else
			fn = pci_fake_add(fn, fuzz_byte(&in) % 32, fuzz_byte(&in) % 8, 1, 1);
		for (k = fuzz_byte(&in); k; k--) {
			i = fuzz_byte(&in);
			/* bus numbers stay writable: a bus that never ends is no bus */
			fn->config[i] = fuzz_byte(&in);
			if (i - PCI_BUSES > 3)
				fn->writable[i] = fuzz_byte(&in);
		}
	}
	if (!pci_host_register(&fake_host))
		for (dev = pci_next(NULL); dev; dev = pci_next(dev))
			use(dev);
	pci_fake_end();
	return 0;
}
