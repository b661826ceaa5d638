/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest board "virt": address map, interrupts and devices of QEMU's arm64 machine "virt", so
 * that what was built for that machine runs here as it is. This file builds the guest's node;
 * virt_boot.c loads it. No data, no lock; the node is the caller's.
 */
#include "virt.h"

#include "build.h"

#include <arch/guest.h>
#include <arch/vintc.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define GICV2_VCPUS_MAX 8
/* A redistributor takes 128 KiB of its region. */
#define GICV3_VCPUS_MAX (VIRT_GIC_REDIST_SIZE / 0x20000)
#define FIFO_SIZE	1024

/* --- parts ----------------------------------------------------------------------------------- */

static bool wants_gicv3(const struct guest_config *cfg)
{
	return cfg->gic ? !strcmp(cfg->gic, "3") : arch_vintc_caps()->gicv3_cpuif;
}

static const struct board_device gicv3[] = {
	{ "gic_dist", "pic", "arm,vgic3,dist", VIRT_GIC_DIST, VIRT_GIC_DIST_SIZE, false, -1 },
	{ "gic_redist", "pic", "arm,vgic3,redist", VIRT_GIC_REDIST, VIRT_GIC_REDIST_SIZE, false,
	  -1 },
	{ "gic_its", "pic", "arm,gic-v3-its", VIRT_GIC_ITS, VIRT_GIC_ITS_SIZE, false, -1 },
};
static const struct board_device gicv2[] = {
	{ "gic_dist", "pic", "arm,vgic,dist", VIRT_GIC_DIST, VIRT_GIC_DIST_SIZE, false, -1 },
	{ "gic_v2m", "pic", "arm,gic-v2m-frame", VIRT_GIC_V2M, VIRT_GIC_V2M_SIZE, false, -1 },
};

static void build_gic(struct board_build *b)
{
	bool v3 = wants_gicv3(b->cfg);
	struct dt_node *node = build_device(b, v3 ? &gicv3[0] : &gicv2[0]);

	build_u32(b, node, "num_irq", VIRT_IRQS);
	if (v3) {
		build_device(b, &gicv3[1]);
		if (IS_ENABLED(CONFIG_EMU_GICV3_ITS))
			build_device(b, &gicv3[2]);
		return;
	}
	node = build_region(b, "gic_cpu", "real", VIRT_GIC_CPU, VIRT_GIC_CPU_SIZE);
	build_string(b, node, "device_type", "pic");
	build_string(b, node, "compatible", "arm,vgic,cpu");
	if (IS_ENABLED(CONFIG_EMU_GICV2M))
		build_device(b, &gicv2[1]);
}

/*
 * Configuration space and the upper window are behind the memory. Guests in the 32-bit state may
 * not reach that: they have a smaller configuration space below 4 GiB and no upper window.
 */
static void build_pci(struct board_build *b)
{
	uint64_t ram_end = ALIGN_UP(VIRT_RAM + b->cfg->mem, GIB);
	struct board_device ecam = { "pci", "pci", "pci-host-ecam-generic",
				     MAX(ram_end, (uint64_t)VIRT_HIGH) + VIRT_HIGH_ECAM,
				     VIRT_HIGH_ECAM_SIZE, false, -1 };
	struct board_device window = { "pci_mem", "pci", "pci-window", VIRT_PCI_MEM,
				       VIRT_PCI_MEM_SIZE, false, -1 };
	static const struct board_device io = { "pci_io", "pci", "pci-io-window", VIRT_PCI_IO,
						VIRT_PCI_IO_SIZE, false, -1 };
	gpa_t limit = b->cfg->narrow ? 4 * GIB : arch_guest_gpa_limit();
	uint32_t irqs[4];

	if (!IS_ENABLED(CONFIG_EMU_PCI_HOST))
		return;
	build_device(b, &window);
	build_device(b, &io);
	window.name = "pci_mem64";
	window.at = ALIGN_UP(ecam.at + ecam.size, VIRT_HIGH_MEM_SIZE);
	window.size = VIRT_HIGH_MEM_SIZE;
	if (window.at + window.size <= limit)
		build_device(b, &window);
	if (ecam.at + ecam.size > limit) {
		ecam.at = VIRT_PCI_ECAM;
		ecam.size = VIRT_PCI_ECAM_SIZE;
	}
	b->pci = build_device(b, &ecam);
	for (unsigned i = 0; i < ARRAY_SIZE(irqs); i++)
		irqs[i] = VIRT_IRQ_PCI + i;
	build_cells(b, b->pci, "interrupts", irqs, ARRAY_SIZE(irqs));
}

/* Programs that look at all slots of virtio-mmio shall find the rest empty, not missing. */
static void build_devices(struct board_build *b)
{
	struct board_slots slots = { VIRT_MMIO, VIRT_MMIO_SIZE, VIRT_IRQ_MMIO, 0 };
	struct board_device empty = { "virtio-empty", "virtio", "virtio,mmio", 0, 0, false, -1 };

	b->slots = b->cfg->virtio_pci ? NULL : &slots;
	build_virtio(b);
	b->slots = NULL;
	empty.at = slots.at + slots.used * slots.size;
	empty.size = (VIRT_MMIO_SLOTS - slots.used) * slots.size;
	build_device(b, &empty);
}

/*
 * Disks in the order in which they were given; they have the first slots, on PCI behind that of the
 * host bridge. The names are those of QEMU's devices.
 */
static void set_bootorder(struct board_build *b, struct dt_node *node)
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

static void build_fw_cfg(struct board_build *b)
{
	static const struct board_device fw_cfg = { "fw_cfg", "misc", "qemu,fw-cfg-mmio",
						    VIRT_FW_CFG, VIRT_FW_CFG_SIZE, false, -1 };
	struct dt_node *node;

	if (!IS_ENABLED(CONFIG_EMU_FW_CFG))
		return;
	node = build_device(b, &fw_cfg);
	if (b->cfg->firmware && b->cfg->nr_disks)
		set_bootorder(b, node);
	build_handed(b, node);
}

static const struct board_device flash[] = {
	{ "flash0", "flash", "cfi-flash", VIRT_FLASH, VIRT_FLASH_BANK, false, -1 },
	{ "flash1", "flash", "cfi-flash", VIRT_FLASH + VIRT_FLASH_BANK, VIRT_FLASH_BANK, false,
	  -1 },
};
static const struct board_device uart = { "uart0", "serial", "primecell,arm,pl011", VIRT_UART,
					  VIRT_DEV_SIZE, false, VIRT_IRQ_UART };
static const struct board_device rtc = { "rtc", "rtc", "primecell,pl031", VIRT_RTC, VIRT_DEV_SIZE,
					 false, VIRT_IRQ_RTC };
static const struct board_device gpio = { "gpio", "gpio", "primecell,pl061", VIRT_GPIO,
					  VIRT_DEV_SIZE, false, VIRT_IRQ_GPIO };

static void build_aspace(struct board_build *b)
{
	struct dt_node *node;

	build_u32(b, b->aspace, "guest_irq_count", VIRT_IRQS);
	build_device(b, &flash[0]);
	node = build_device(b, &flash[1]);
	if (b->cfg->vars)
		build_string(b, node, *b->cfg->vars == '/' ? "file" : "blkdev", b->cfg->vars);
	build_gic(b);
	build_pci(b);
	node = build_device(b, &uart);
	build_u32(b, node, "fifo_size", FIFO_SIZE);
	build_device(b, &rtc);
	build_fw_cfg(b);
	build_device(b, &gpio);
	build_devices(b);
	build_ram(b, "mem0", VIRT_RAM, b->cfg->mem);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* What the board cannot be, said before anything is made. */
static int check(const struct guest_config *cfg, struct shell_out *out)
{
	bool v3 = wants_gicv3(cfg);
	unsigned most = v3 ? GICV3_VCPUS_MAX : GICV2_VCPUS_MAX;
	gpa_t limit = arch_guest_gpa_limit();
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
	if (cfg->kernel && cfg->firmware && !IS_ENABLED(CONFIG_EMU_FW_CFG)) {
		out_puts(out,
			 "kernel= and firmware= together cannot be: this hypervisor was built "
			 "without the device that gives firmware a kernel (EMU_FW_CFG)\n");
		return -EINVAL;
	}
	if (cfg->vars && !cfg->firmware) {
		out_puts(out, "vars= needs firmware=: they are the firmware's variables\n");
		return -EINVAL;
	}
	return build_check(cfg, out);
}

static int virt_build(const struct guest_config *cfg, struct dt_node *node, struct shell_out *out)
{
	struct board_build b = { .cfg = cfg, .guest = node };
	int err = check(cfg, out);

	if (err)
		return err;
	build_begin(&b, "virt", cfg->narrow ? "armv8,generic-aarch32" : "armv8,generic");
	build_u32(&b, node, "psci_version", 0x10001);
	build_aspace(&b);
	return build_end(&b, out);
}

GUEST_BOARD(virt) {
	.name = "virt",
	.help = "QEMU's arm64 machine \"virt\": GIC, PL011, flash, virtio-mmio, RAM at 1 GiB",
	.build = virt_build,
	.boot = virt_boot,
};
