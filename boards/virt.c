/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest board "virt": address map, interrupts and devices of QEMU's arm64 machine "virt", so
 * that what was built for that machine runs here as it is. This file builds the guest's node;
 * virt_boot.c loads it. No data, no lock; the node is the caller's.
 */
#include "disk_value.h"
#include "net_value.h"
#include "virt.h"

#include <arch/guest.h>
#include <arch/vintc.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/shell.h>
#include <libs/bits.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define GICV2_VCPUS_MAX 8
/* A redistributor takes 128 KiB of its region. */
#define GICV3_VCPUS_MAX (VIRT_GIC_REDIST_SIZE / 0x20000)
#define ALIGN_ORDER_2M	21
#define FIFO_SIZE	1024

/* Virtio device numbers (Virtio 1.2, section 5) of what can be in a slot. */
enum { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_RNG = 4, VIRTIO_BALLOON = 5 };

/* The node in the making; after an error nothing more is done. */
struct build {
	const struct guest_config *cfg;
	struct dt_node *guest, *aspace, *aliases;
	struct dt_node *pci; /* devices on the bus are nodes below it */
	unsigned slots; /* of virtio-mmio that are in use */
	int err;
};

static struct dt_node *add(struct build *b, struct dt_node *parent, const char *name)
{
	struct dt_node *node = b->err ? NULL : dt_add_node(parent, name);

	if (!node && !b->err)
		b->err = -ENOMEM;
	return node;
}

static void set_string(struct build *b, struct dt_node *node, const char *prop, const char *s)
{
	if (!b->err)
		b->err = dt_set_string(node, prop, s);
}

static void set_u32(struct build *b, struct dt_node *node, const char *prop, uint32_t v)
{
	if (!b->err)
		b->err = dt_set_u32(node, prop, v);
}

static void set_u64(struct build *b, struct dt_node *node, const char *prop, uint64_t v)
{
	if (!b->err)
		b->err = dt_set_u64(node, prop, v);
}

/* What all regions have. */
static struct dt_node *region(struct build *b, const char *name, const char *manifest, uint64_t gpa,
			      uint64_t size)
{
	struct dt_node *node = add(b, b->aspace, name);

	set_string(b, node, "manifest_type", manifest);
	set_string(b, node, "address_type", "memory");
	set_u64(b, node, "guest_physical_addr", gpa);
	set_u64(b, node, "physical_size", size);
	return node;
}

static struct dt_node *device(struct build *b, const char *name, const char *type,
			      const char *compatible, uint64_t gpa, uint64_t size)
{
	struct dt_node *node = region(b, name, "virtual", gpa, size);

	set_string(b, node, "device_type", type);
	set_string(b, node, "compatible", compatible);
	return node;
}

/* The same with an interrupt; 0: none. */
static struct dt_node *irq_device(struct build *b, const char *name, const char *type,
				  const char *compatible, uint64_t gpa, uint32_t irq)
{
	struct dt_node *node = device(b, name, type, compatible, gpa, VIRT_DEV_SIZE);

	set_u32(b, node, "interrupts", irq);
	return node;
}

/* --- parts ----------------------------------------------------------------------------------- */

static void build_vcpus(struct build *b)
{
	struct dt_node *vcpus = add(b, b->guest, "vcpus");

	for (unsigned i = 0; i < b->cfg->vcpus; i++) {
		struct dt_node *node;
		uint32_t list[64];
		unsigned n = 0;
		char name[16];

		snprintf(name, sizeof(name), "vcpu%u", i);
		node = add(b, vcpus, name);
		set_string(b, node, "device_type", "vcpu");
		set_string(b, node, "compatible",
			   b->cfg->narrow ? "armv8,generic-aarch32" : "armv8,generic");
		set_u64(b, node, "start_pc", 0);
		set_u32(b, node, "priority", b->cfg->prio);
		set_u32(b, node, "gentimer_virt_irq", 27);
		set_u32(b, node, "gentimer_phys_irq", 30);
		for (uint64_t mask = b->cfg->affinity; mask; mask &= mask - 1)
			list[n++] = ctz64(mask);
		if (n && !b->err)
			b->err = dt_set_cells(node, "affinity", list, n);
		if (i && !b->err)
			b->err = dt_set(node, "poweroff", NULL, 0);
	}
}

static bool wants_gicv3(const struct guest_config *cfg)
{
	return cfg->gic ? !strcmp(cfg->gic, "3") : arch_vintc_caps()->gicv3_cpuif;
}

static void build_gic(struct build *b)
{
	struct dt_node *node;

	if (wants_gicv3(b->cfg)) {
		node = device(b, "gic_dist", "pic", "arm,vgic3,dist", VIRT_GIC_DIST,
			      VIRT_GIC_DIST_SIZE);
		set_u32(b, node, "num_irq", VIRT_IRQS);
		device(b, "gic_redist", "pic", "arm,vgic3,redist", VIRT_GIC_REDIST,
		       VIRT_GIC_REDIST_SIZE);
		if (IS_ENABLED(CONFIG_EMU_GICV3_ITS))
			device(b, "gic_its", "pic", "arm,gic-v3-its", VIRT_GIC_ITS,
			       VIRT_GIC_ITS_SIZE);
		return;
	}
	node = device(b, "gic_dist", "pic", "arm,vgic,dist", VIRT_GIC_DIST, VIRT_GIC_DIST_SIZE);
	set_u32(b, node, "num_irq", VIRT_IRQS);
	node = region(b, "gic_cpu", "real", VIRT_GIC_CPU, VIRT_GIC_CPU_SIZE);
	set_string(b, node, "device_type", "pic");
	set_string(b, node, "compatible", "arm,vgic,cpu");
	if (IS_ENABLED(CONFIG_EMU_GICV2M))
		device(b, "gic_v2m", "pic", "arm,gic-v2m-frame", VIRT_GIC_V2M, VIRT_GIC_V2M_SIZE);
}

/*
 * Configuration space and the upper window are behind the memory. Guests in the 32-bit state may
 * not reach that: they have a smaller configuration space below 4 GiB and no upper window.
 */
static void build_pci(struct build *b)
{
	uint64_t ram_end = ALIGN_UP(VIRT_RAM + b->cfg->mem, GIB);
	uint64_t ecam = MAX(ram_end, (uint64_t)VIRT_HIGH) + VIRT_HIGH_ECAM;
	uint64_t mem = ALIGN_UP(ecam + VIRT_HIGH_ECAM_SIZE, VIRT_HIGH_MEM_SIZE);
	gpa_t limit = b->cfg->narrow ? 4 * GIB : arch_guest_gpa_limit();
	uint32_t irqs[4];

	if (!IS_ENABLED(CONFIG_EMU_PCI_HOST))
		return;
	device(b, "pci_mem", "pci", "pci-window", VIRT_PCI_MEM, VIRT_PCI_MEM_SIZE);
	device(b, "pci_io", "pci", "pci-io-window", VIRT_PCI_IO, VIRT_PCI_IO_SIZE);
	if (mem + VIRT_HIGH_MEM_SIZE <= limit)
		device(b, "pci_mem64", "pci", "pci-window", mem, VIRT_HIGH_MEM_SIZE);
	if (ecam + VIRT_HIGH_ECAM_SIZE <= limit)
		b->pci = device(b, "pci", "pci", "pci-host-ecam-generic", ecam,
				VIRT_HIGH_ECAM_SIZE);
	else
		b->pci = device(b, "pci", "pci", "pci-host-ecam-generic", VIRT_PCI_ECAM,
				VIRT_PCI_ECAM_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(irqs); i++)
		irqs[i] = VIRT_IRQ_PCI + i;
	if (!b->err)
		b->err = dt_set_cells(b->pci, "interrupts", irqs, ARRAY_SIZE(irqs));
}

static void alias(struct build *b, const char *name, const char *node)
{
	char path[48];

	snprintf(path, sizeof(path), "/aspace/%s", node);
	set_string(b, b->aliases, name, path);
}

static void alias_virtio(struct build *b, const char *name, const char *node)
{
	char path[48];

	snprintf(path, sizeof(path), b->cfg->virtio_pci ? "pci/%s" : "%s", node);
	alias(b, name, path);
}

static struct dt_node *virtio(struct build *b, const char *name, uint32_t type)
{
	struct dt_node *node;

	if (b->cfg->virtio_pci) {
		node = add(b, b->pci, name);
		set_string(b, node, "device_type", "virtio");
		set_string(b, node, "compatible", "virtio,pci");
		set_u32(b, node, "virtio_type", type);
		return node;
	}
	node = device(b, name, "virtio", "virtio,mmio", VIRT_MMIO + b->slots * VIRT_MMIO_SIZE,
		      VIRT_MMIO_SIZE);
	set_u32(b, node, "virtio_type", type);
	set_u32(b, node, "interrupts", VIRT_IRQ_MMIO + b->slots);
	b->slots++;
	return node;
}

static void build_disk(struct build *b, unsigned i)
{
	char name[24], short_name[16];
	struct dt_node *node;
	struct disk_value disk;

	if (disk_value_parse(b->cfg->disks[i], &disk)) {
		b->err = -EINVAL; /* check() has said why */
		return;
	}
	snprintf(name, sizeof(name), "virtio-blk%u", i);
	snprintf(short_name, sizeof(short_name), "disk%u", i);
	node = virtio(b, name, VIRTIO_BLOCK);
	set_string(b, node, "blkdev", disk.source);
	if (disk.serial[0])
		set_string(b, node, "serial", disk.serial);
	if (disk.read_only && !b->err)
		b->err = dt_set(node, "read-only", NULL, 0);
	alias_virtio(b, short_name, name);
}

static void build_net(struct build *b, unsigned i)
{
	struct net_value net;
	struct dt_node *node;
	char name[24];

	if (net_value_parse(b->cfg->nets[i], &net)) {
		b->err = -EINVAL; /* check() has said why */
		return;
	}
	snprintf(name, sizeof(name), "virtio-net%u", i);
	node = virtio(b, name, VIRTIO_NET);
	set_string(b, node, "switch", net.sw);
	if (net.queues)
		set_u32(b, node, "queues", net.queues);
	if (net.mtu)
		set_u32(b, node, "mtu", net.mtu);
	if (net.has_mac && !b->err)
		b->err = dt_set(node, "local-mac-address", net.mac, sizeof(net.mac));
}

static void build_console(struct build *b)
{
	struct dt_node *node = virtio(b, "virtio-con0", VIRTIO_CONSOLE);
	char names[BOARD_LIST_MAX * 40];
	size_t len = 0;

	if (b->cfg->console > 1)
		set_u32(b, node, "ports", b->cfg->console);
	/* A list of strings, each with its NUL; names that are too long are said by the device. */
	for (unsigned i = 0; i < b->cfg->nr_ports; i++) {
		strlcpy(names + len, b->cfg->ports[i], 40);
		len += strlen(names + len) + 1;
	}
	if (len && !b->err)
		b->err = dt_set(node, "port_names", names, (unsigned)len);
}

static void build_virtio(struct build *b)
{
	for (unsigned i = 0; i < b->cfg->nr_disks; i++)
		build_disk(b, i);
	for (unsigned i = 0; i < b->cfg->nr_nets; i++)
		build_net(b, i);
	if (b->cfg->console || b->cfg->nr_ports)
		build_console(b);
	if (b->cfg->rng)
		virtio(b, "virtio-rng0", VIRTIO_RNG);
	if (b->cfg->balloon)
		virtio(b, "virtio-balloon0", VIRTIO_BALLOON);
	/* Programs that look at all slots shall find the rest empty, not missing. */
	device(b, "virtio-empty", "virtio", "virtio,mmio", VIRT_MMIO + b->slots * VIRT_MMIO_SIZE,
	       (VIRT_MMIO_SLOTS - b->slots) * VIRT_MMIO_SIZE);
}

/*
 * Disks in the order in which they were given; they have the first slots, on PCI behind that of the
 * host bridge. The names are those of QEMU's devices.
 */
static void set_bootorder(struct build *b, struct dt_node *node)
{
	char list[BOARD_LIST_MAX * 48];
	uint64_t bus = 0;
	size_t n = 0;

	if (b->cfg->virtio_pci && !b->err)
		b->err = dt_u64(b->pci, "guest_physical_addr", &bus);
	for (unsigned i = 0; i < b->cfg->nr_disks; i++) {
		if (b->cfg->virtio_pci)
			n += (size_t)snprintf(list + n, sizeof(list) - n,
					      "/pci@%016" PRIx64 "/scsi@%x/disk@0,0", bus, i + 1);
		else
			n += (size_t)snprintf(list + n, sizeof(list) - n,
					      "/virtio-mmio@%016" PRIx64 "/disk@0,0",
					      (uint64_t)VIRT_MMIO + i * VIRT_MMIO_SIZE);
		n++;
	}
	if (!b->err)
		b->err = dt_set(node, "bootorder", list, (uint32_t)n);
}

/* With firmware, what the person wants to boot is told to it here. */
static void build_fw_cfg(struct build *b)
{
	const struct guest_config *cfg = b->cfg;
	struct dt_node *node;

	if (!IS_ENABLED(CONFIG_EMU_FW_CFG))
		return;
	node = device(b, "fw_cfg", "misc", "qemu,fw-cfg-mmio", VIRT_FW_CFG, VIRT_FW_CFG_SIZE);
	if (cfg->firmware && cfg->nr_disks)
		set_bootorder(b, node);
	if (!cfg->firmware || !cfg->kernel)
		return;
	set_string(b, node, "kernel", cfg->kernel);
	if (cfg->initrd)
		set_string(b, node, "initrd", cfg->initrd);
	if (cfg->cmdline)
		set_string(b, node, "cmdline", cfg->cmdline);
}

static void build_aspace(struct build *b)
{
	struct dt_node *node;

	b->aspace = add(b, b->guest, "aspace");
	b->aliases = add(b, b->guest, "aliases");
	set_u32(b, b->aspace, "guest_irq_count", VIRT_IRQS);
	device(b, "flash0", "flash", "cfi-flash", VIRT_FLASH, VIRT_FLASH_BANK);
	node = device(b, "flash1", "flash", "cfi-flash", VIRT_FLASH + VIRT_FLASH_BANK,
		      VIRT_FLASH_BANK);
	if (b->cfg->vars)
		set_string(b, node, *b->cfg->vars == '/' ? "file" : "blkdev", b->cfg->vars);
	build_gic(b);
	build_pci(b);
	node = irq_device(b, "uart0", "serial", "primecell,arm,pl011", VIRT_UART, VIRT_IRQ_UART);
	set_u32(b, node, "fifo_size", FIFO_SIZE);
	irq_device(b, "rtc", "rtc", "primecell,pl031", VIRT_RTC, VIRT_IRQ_RTC);
	build_fw_cfg(b);
	irq_device(b, "gpio", "gpio", "primecell,pl061", VIRT_GPIO, VIRT_IRQ_GPIO);
	build_virtio(b);
	node = region(b, "mem0", "real", VIRT_RAM, b->cfg->mem);
	set_string(b, node, "device_type", "alloced_ram");
	set_u32(b, node, "align_order", ALIGN_ORDER_2M);
	alias(b, "mem0", "mem0");
	alias(b, "uart0", "uart0");
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* What the board cannot be, said before anything is made. */
static int check(const struct guest_config *cfg, struct shell_out *out)
{
	bool v3 = wants_gicv3(cfg);
	unsigned most = v3 ? GICV3_VCPUS_MAX : GICV2_VCPUS_MAX;
	gpa_t limit = arch_guest_gpa_limit();
	struct disk_value disk;
	char text[24];

	if (cfg->vcpus > most) {
		out_printf(out, "vcpus=: %u are more than the %u that a GICv%c serves%s\n",
			   cfg->vcpus, most, v3 ? '3' : '2', v3 ? "" : "; take gic=3");
		return -EINVAL;
	}
	if (limit <= VIRT_RAM || cfg->mem > limit - VIRT_RAM) {
		out_printf(out,
			   "mem=: the memory begins at 1 GiB, and this CPU has guest addresses "
			   "only up to %s, so %s is the most\n",
			   format_size(text, sizeof(text), limit),
			   limit > VIRT_RAM ? format_size((char[24]){ 0 }, 24, limit - VIRT_RAM)
					    : "nothing");
		return -EINVAL;
	}
	if (cfg->virtio_pci && !(IS_ENABLED(CONFIG_EMU_PCI_HOST) &&
				 IS_ENABLED(CONFIG_EMU_VIRTIO_PCI))) {
		out_puts(out, "virtio=pci: this hypervisor was built without a PCI bus for guests, "
			 "or without virtio on it; leave it out\n");
		return -EINVAL;
	}
	if (!cfg->kernel && !cfg->firmware) {
		out_puts(out, "there is nothing to boot: give kernel=<file> or firmware=<file>\n");
		return -EINVAL;
	}
	if (cfg->kernel && cfg->firmware && !IS_ENABLED(CONFIG_EMU_FW_CFG)) {
		out_puts(out,
			 "kernel= and firmware= together cannot be: this hypervisor was built "
			 "without the device that gives firmware a kernel (EMU_FW_CFG)\n");
		return -EINVAL;
	}
	if (cfg->initrd && !cfg->kernel) {
		out_puts(out,
			 "initrd= needs kernel=: firmware loads an initial RAM disk from a disk by "
			 "itself\n");
		return -EINVAL;
	}
	if (cfg->vars && !cfg->firmware) {
		out_puts(out, "vars= needs firmware=: they are the firmware's variables\n");
		return -EINVAL;
	}
	if (cfg->firmware && cfg->load_addr) {
		out_puts(out,
			 "load= is for kernel= without firmware=, which goes to the flash at 0\n");
		return -EINVAL;
	}
	for (unsigned i = 0; i < cfg->nr_nets; i++) {
		struct net_value net;
		const char *wrong = net_value_parse(cfg->nets[i], &net);

		if (wrong) {
			out_printf(out, "net=: \"%.60s\" %s\n", cfg->nets[i], wrong);
			return -EINVAL;
		}
	}
	for (unsigned i = 0; i < cfg->nr_disks; i++) {
		const char *wrong = disk_value_parse(cfg->disks[i], &disk);

		if (wrong) {
			out_printf(out, "disk=: \"%.60s\" %s\n", cfg->disks[i], wrong);
			return -EINVAL;
		}
	}
	return 0;
}

static int virt_build(const struct guest_config *cfg, struct dt_node *node, struct shell_out *out)
{
	struct build b = { .cfg = cfg, .guest = node };
	int err = check(cfg, out);

	if (err)
		return err;
	set_string(&b, node, "device_type", "guest");
	set_string(&b, node, "model", "virt");
	set_u32(&b, node, "psci_version", 0x10001);
	if (cfg->on_reset && strcmp(cfg->on_reset, "restart"))
		set_string(&b, node, "on_reset", cfg->on_reset);
	build_vcpus(&b);
	build_aspace(&b);
	if (b.err)
		out_printf(out, "the description of \"%s\" cannot be made: %s\n", cfg->name,
			   error_text(b.err));
	return b.err;
}

GUEST_BOARD(virt) {
	.name = "virt",
	.help = "QEMU's arm64 machine \"virt\": GIC, PL011, flash, virtio-mmio, RAM at 1 GiB",
	.build = virt_build,
	.boot = virt_boot,
};
