/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI of the host on buses that the test makes: what is found, where memory goes, capabilities,
 * interrupts. Functions have registers whose writable bits are those of real ones.
 */
#include "dtc.h"
#include "fake.h"
#include "pci_fake.h"

#include <string.h>

#include <core/dt.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "../../core/dt/dt_priv.h"

static const char machine[] =
	"/dts-v1/;\n"
	"/ { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;\n"
	"	gic: intc { interrupt-controller; #interrupt-cells = <3>;\n"
	"		#address-cells = <2>; };\n"
	"	its: its { }; v2m: v2m { };\n"
	"	pcie { #address-cells = <3>; #size-cells = <2>; dma-coherent;\n"
	"		linux,pci-domain = <0>;\n"
	"		ranges = <0x1000000 0 0 0 0x3eff0000 0 0x10000>,\n"
	"			<0x2000000 0 0x10000000 0 0x20000000 0 0x2000000>,\n"
	"			<0x3000000 0x80 0 0x90 0 0x1 0>;\n"
	"		interrupt-map-mask = <0x1800 0 0 7>;\n"
	"		interrupt-map = <0 0 0 1 &gic 0 0 0 3 4>, <0 0 0 2 &gic 0 0 0 4 4>,\n"
	"			<0 0 0 3 &gic 0 0 0 5 4>, <0 0 0 4 &gic 0 0 0 6 4>,\n"
	"			<0x800 0 0 1 &gic 0 0 0 4 4>, <0x800 0 0 2 &gic 0 0 0 5 4>,\n"
	"			<0x800 0 0 3 &gic 0 0 0 6 4>, <0x800 0 0 4 &gic 0 0 0 3 4>;\n"
	"		msi-map = <0 &its 0x1000 0x200>, <0x200 &v2m 0 0xfe00>; };\n"
	"	narrow { #address-cells = <3>; #size-cells = <2>; msi-parent = <&v2m>;\n"
	"		linux,pci-domain = <0>;\n"
	"		ranges = <0x2000000 0 0x10000000 0 0x20000000 0 0x200000>; };\n"
	"	broken { #address-cells = <3>; #size-cells = <2>; ranges = <1 2 3>; };\n"
	"	none { #address-cells = <3>; #size-cells = <2>; };\n"
	"};\n";

static void setup(const char *node)
{
	static bool done;
	size_t size;
	void *blob;

	fake_log_clear();
	if (!done) {
		done = true;
		blob = dtc(machine, &size);
		REQUIRE(blob && dt_init(blob) == 0);
		free(blob);
	}
	pci_fake_begin(dt_find(node));
}

static struct pci_dev *at(unsigned bus, unsigned slot, unsigned fn)
{
	struct pci_dev *dev = NULL;

	while ((dev = pci_next(dev)))
		if (dev->bdf == (bus << 8 | slot << 3 | fn))
			return dev;
	return NULL;
}

TEST(windows)
{
	setup("/pcie");
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK_EQ(fake_host.windows[PCI_MEM32].base, 0x10000000);
	CHECK_EQ(fake_host.windows[PCI_MEM32].cpu, 0x20000000);
	CHECK_EQ(fake_host.windows[PCI_MEM64].base, 0x8000000000);
	CHECK_EQ(fake_host.windows[PCI_MEM64].size, 0x100000000);
	CHECK(fake_host.coherent && !pci_next(NULL));
	pci_fake_end();
	setup("/broken");
	CHECK_EQ(pci_host_register(&fake_host), -EINVAL);
	CHECK(strstr(fake_log_text(), "/broken"));
	pci_fake_end();
	setup("/none");
	CHECK_EQ(pci_host_register(&fake_host), -EINVAL);
	pci_fake_end();
}

/* A flat bus and two bridges above each other; every BAR has its place, once. */
TEST(places)
{
	struct pci_fake_fn *root, *old, *deep;
	struct pci_dev *dev;

	setup("/pcie");
	(void)pci_fake_add(NULL, 0, 0, 0x1b36, 8);
	pci_fake_bar(pci_fake_add(NULL, 1, 0, 0x8086, 1), 0, 0x20000, 0);
	pci_fake_bar(pci_fake_add(NULL, 1, 3, 0x8086, 2), 2, 0x100, 0);
	pci_fake_fn_of(0, 1, 0)->config[PCI_HEADER_TYPE] |= 0x80;
	pci_fake_bar(pci_fake_add(NULL, 2, 0, 0x1af4, 3), 0, 0x20, 1);	/* ports */
	pci_fake_bar(pci_fake_fn_of(0, 2, 0), 4, 0x4000, 0xc);
	pci_fake_bar(pci_fake_fn_of(0, 2, 0), 1, 0x1000, 0);
	root = pci_fake_bridge(NULL, 3, 4);
	pci_fake_bar(pci_fake_add(root, 0, 0, 0x1af4, 4), 0, 0x200000, 0xc);
	old = pci_fake_bridge(NULL, 4, 0);
	deep = pci_fake_bridge(old, 5, 0);
	pci_fake_bar(pci_fake_add(deep, 9, 0, 0x8086, 5), 0, 0x80000, 0);
	pci_fake_bar(pci_fake_add(old, 6, 0, 0x8086, 6), 0, 0x1000000, 4);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK_STR(fake_log_text(), "");
	pci_fake_check_places();
	REQUIRE(at(0, 1, 0) && at(0, 1, 3) && at(1, 0, 0) && at(3, 9, 0) && at(2, 6, 0));
	CHECK_STR(at(3, 9, 0)->name, "0000:03:09.0");
	CHECK(!at(0, 2, 0)->bars[0].size);	/* ports are not used */
	CHECK_EQ(at(0, 2, 0)->bars[4].address >> 32, 0x80);
	CHECK_EQ(at(0, 2, 0)->bars[4].pa, at(0, 2, 0)->bars[4].address + 0x1000000000);
	CHECK_EQ(at(0, 1, 0)->bars[0].pa, at(0, 1, 0)->bars[0].address + 0x10000000);
	CHECK_EQ(at(1, 0, 0)->bars[0].address >> 32, 0x80);
	CHECK(at(2, 6, 0)->bars[0].is64 && at(2, 6, 0)->bars[0].address < 0x100000000);
	/* nothing decodes or masters before a driver wants it; then the bridges to it do, too */
	for (dev = pci_next(NULL); dev; dev = pci_next(dev))
		CHECK(!(pci_read16(dev, PCI_COMMAND) & 7));
	pci_enable(at(3, 9, 0));
	CHECK_EQ(pci_read16(at(0, 4, 0), PCI_COMMAND) & 7, 6);
	CHECK_EQ(pci_read16(at(2, 5, 0), PCI_COMMAND) & 7, 6);
	CHECK_EQ(pci_read16(at(0, 3, 0), PCI_COMMAND) & 7, 0);
	pci_fake_end();
}

/* Firmware's places stay when all are good; one that is not, and all are placed anew. */
TEST(as_firmware_left_it)
{
	struct pci_fake_fn *fn;

	setup("/pcie");
	fn = pci_fake_add(NULL, 1, 0, 0x8086, 1);
	pci_fake_bar(fn, 0, 0x1000, 0);
	put_le32(fn->config + PCI_BAR0, 0x11234000);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK_EQ(at(0, 1, 0)->bars[0].address, 0x11234000);
	CHECK_EQ(at(0, 1, 0)->bars[0].pa, 0x21234000);
	pci_fake_end();
	setup("/pcie");
	fn = pci_fake_add(NULL, 1, 0, 0x8086, 1);
	pci_fake_bar(fn, 0, 0x1000, 0);
	put_le32(fn->config + PCI_BAR0, 0x11234000);
	pci_fake_bar(pci_fake_add(NULL, 2, 0, 0x8086, 1), 0, 0x1000, 0);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK_EQ(at(0, 1, 0)->bars[0].address, 0x10000000);
	pci_fake_check_places();
	pci_fake_end();
}

TEST(no_room)
{
	setup("/narrow");
	pci_fake_bar(pci_fake_add(NULL, 1, 0, 0x8086, 1), 0, 0x100000, 0);
	pci_fake_bar(pci_fake_add(NULL, 2, 0, 0x8086, 2), 0, 0x40000000, 0xc);
	pci_fake_bar(pci_fake_add(NULL, 3, 0, 0x8086, 3), 0, 0x1000, 0);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK(strstr(fake_log_text(), "0000:00:02.0: no room for BAR 0"));
	CHECK(!at(0, 2, 0)->bars[0].address && at(0, 1, 0)->bars[0].address &&
	      at(0, 3, 0)->bars[0].address);
	CHECK(!pci_map_bar(at(0, 2, 0), 0, 0, 16));
	CHECK(!pci_map_bar(at(0, 1, 0), 0, 0x100000 - 8, 16));
	CHECK(!pci_map_bar(at(0, 1, 0), 0, UINT64_MAX - 8, 16));
	CHECK(!pci_map_bar(at(0, 1, 0), 7, 0, 16));
	pci_fake_check_places();
	pci_fake_end();
}

TEST(bridges_without_end)
{
	struct pci_fake_fn *bridge = NULL;
	unsigned i;

	setup("/pcie");
	for (i = 0; i < 20; i++)
		bridge = pci_fake_bridge(bridge, 1, 0);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK(strstr(fake_log_text(), "too many bridges"));
	pci_fake_check_places();
	pci_fake_end();
	setup("/pcie");
	fake_host.last_bus = 2;
	for (i = 1; i < 6; i++)
		(void)pci_fake_add(pci_fake_bridge(NULL, i, 0), 0, 0, 1, 2);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK(at(2, 0, 0) && !at(3, 0, 0));
	CHECK(strstr(fake_log_text(), "no more bus numbers"));
	pci_fake_end();
}

TEST(capabilities)
{
	struct pci_fake_fn *fn;
	struct pci_dev *dev;

	setup("/pcie");
	fn = pci_fake_add(NULL, 1, 0, 0x8086, 1);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	dev = at(0, 1, 0);
	REQUIRE(dev);
	fn->config[PCI_CAPABILITIES] = 0x40;
	memcpy(fn->config + 0x40, "\x09\x50", 2);
	memcpy(fn->config + 0x50, "\x05\x60", 2);
	memcpy(fn->config + 0x60, "\x09\x40", 2);	/* round and round */
	CHECK_EQ(pci_find_cap(dev, 9, 0), 0);		/* there is no list */
	fn->config[PCI_STATUS] |= 0x10;
	CHECK_EQ(pci_find_cap(dev, 9, 0), 0x40);
	CHECK_EQ(pci_find_cap(dev, 9, 0x40), 0x60);
	CHECK_EQ(pci_find_cap(dev, 5, 0), 0x50);
	CHECK_EQ(pci_find_cap(dev, 7, 0), 0);
	fn->config[PCI_CAPABILITIES] = 0x10;
	CHECK_EQ(pci_find_cap(dev, 9, 0), 0);
	pci_fake_end();
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void handler(void *arg)
{
}

static unsigned asked_id, asked_n, given_back;

static int mc_alloc(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	unsigned i;

	asked_id = id;
	asked_n = n;
	for (i = 0; i < n; i++)
		v[i] = (struct msi_vector){ 0x8080040, 7 + i, 8192 + i, NULL };
	return 0;
}

static void mc_free(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	CHECK(id == asked_id && n == asked_n);
	given_back++;
}

static struct msi_controller its = { .alloc = mc_alloc, .free = mc_free };

TEST(lines)
{
	struct pci_fake_fn *old, *deep;
	unsigned i;

	setup("/pcie");
	for (i = 0; i < 4; i++)
		pci_fake_add(NULL, i, 0, 1, 2)->config[PCI_INTERRUPT_PIN] = (uint8_t)(i + 1);
	old = pci_fake_bridge(NULL, 4, 0);
	deep = pci_fake_bridge(old, 5, 0);
	pci_fake_add(deep, 9, 0, 1, 2)->config[PCI_INTERRUPT_PIN] = 2;
	pci_fake_add(NULL, 6, 0, 1, 2)->config[PCI_INTERRUPT_PIN] = 9;
	CHECK_EQ(pci_host_register(&fake_host), 0);
	CHECK_EQ(pci_irqs_alloc(at(0, 0, 0), 4), 1);
	CHECK_EQ(at(0, 0, 0)->vectors[0].hwirq, 35);
	CHECK_EQ(pci_irqs_alloc(at(0, 1, 0), 1), 1);
	CHECK_EQ(at(0, 1, 0)->vectors[0].hwirq, 37);
	CHECK_EQ(pci_irqs_alloc(at(0, 2, 0), 1), -ENOENT);	/* the map has not got it */
	CHECK_EQ(pci_irqs_alloc(at(0, 6, 0), 1), -ENOENT);
	/* slot 9 below slot 5 below slot 4: (2 - 1 + 9 + 5) % 4 + 1 = 4 */
	CHECK_EQ(pci_irqs_alloc(at(2, 9, 0), 1), 1);
	CHECK_EQ(at(2, 9, 0)->vectors[0].hwirq, 38);
	CHECK_EQ(pci_irq_request(at(2, 9, 0), 0, "x", handler, &old), 0);
	CHECK_EQ(pci_irq_request(at(2, 9, 0), 0, "x", handler, &old), -EINVAL);
	CHECK_EQ(pci_irq_request(at(2, 9, 0), 1, "x", handler, &old), -EINVAL);
	CHECK_EQ(fake_shared, 1);
	pci_irqs_free(at(2, 9, 0));
	CHECK_EQ(fake_shared, 0);
	pci_irqs_free(at(0, 0, 0));
	pci_irqs_free(at(0, 1, 0));
	pci_fake_end();
}

/* The message capability with 64-bit addresses; requester numbers behind old bridges. */
TEST(messages)
{
	struct pci_fake_fn *fn, *old;
	struct pci_dev *dev;

	setup("/pcie");
	its.node = dt_find("/its");
	msi_controller_register(&its);
	fn = pci_fake_add(NULL, 1, 0, 1, 2);
	fn->config[PCI_STATUS] |= 0x10;
	fn->config[PCI_CAPABILITIES] = 0x40;
	memcpy(fn->config + 0x40, "\x05\x00\x80\x00", 4);
	old = pci_fake_bridge(NULL, 4, 0);
	fn = pci_fake_add(old, 7, 0, 1, 3);
	fn->config[PCI_STATUS] |= 0x10;
	fn->config[PCI_CAPABILITIES] = 0x40;
	memcpy(fn->config + 0x40, "\x05\x00\x00\x00", 4);
	CHECK_EQ(pci_host_register(&fake_host), 0);
	dev = at(0, 1, 0);
	REQUIRE(dev && at(1, 7, 0));
	CHECK_EQ(pci_irqs_alloc(dev, 4), 1);
	CHECK(dev->irq_kind == PCI_IRQ_MSI && asked_id == 0x1008 && asked_n == 1);
	CHECK_EQ(pci_irq_request(dev, 0, "x", handler, dev), 0);
	fn = pci_fake_fn_of(0, 1, 0);
	CHECK_EQ(get_le32(fn->config + 0x44), 0x8080040);
	CHECK_EQ(get_le16(fn->config + 0x4c), 7);
	CHECK_EQ(get_le16(fn->config + 0x42) & 1, 1);
	CHECK(pci_read16(dev, PCI_COMMAND) & PCI_COMMAND_INTX_OFF);
	pci_irqs_free(dev);
	CHECK_EQ(get_le16(fn->config + 0x42) & 1, 0);
	CHECK_EQ(given_back, 1);
	dev = at(1, 7, 0);
	CHECK_EQ(pci_irqs_alloc(dev, 0), 1);
	CHECK_EQ(asked_id, 0x1020);	/* as the bridge */
	CHECK_EQ(get_le16(pci_fake_fn_of(1, 7, 0)->config + 0x48), 7);
	pci_irqs_free(dev);
	pci_fake_end();
}

TEST(out_of_memory)
{
	unsigned n;
	int err = -ENOMEM;

	for (n = 1; err && n < 20; n++) {
		setup("/pcie");
		(void)pci_fake_add(NULL, 1, 0, 1, 2);
		(void)pci_fake_add(pci_fake_bridge(NULL, 2, 0), 1, 0, 1, 2);
		fake_heap_fail_at(n);
		err = pci_host_register(&fake_host);
		fake_heap_fail_at(0);
		CHECK(!err || err == -ENOMEM);
		pci_fake_end();
	}
	CHECK(n > 3);
}
