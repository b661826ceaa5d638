/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest board "pc": a PC as systems expect it, with PCI instead of ISA cards. This file builds
 * the guest's node; pc_boot.c loads it, pc_acpi.c describes it to the system. No data, no lock; the
 * node is the caller's.
 */
#include "pc.h"

#include "build.h"

#include <arch/guest.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/string.h>

#define VCPUS_MAX    64
#define FIRMWARE_MAX 0x1000000u /* below 4 GiB, behind the local APICs */

static const struct board_device devices[] = {
	{ "ioapic", "pic", "intel,ce4100-ioapic", PC_IOAPIC, 0x1000, false, -1 },
	{ "lapic", "pic", "intel,ce4100-lapic", PC_LAPIC, 0x100000, false, -1 },
	{ "pic", "pic", "intel,i8259", PC_PORT_PIC, 2, true, -1 },
	{ "pic_slave", "pic", "intel,i8259-slave", PC_PORT_PIC2, 2, true, -1 },
	{ "pic_elcr", "pic", "intel,i8259-elcr", PC_PORT_ELCR, 2, true, -1 },
	{ "pit", "timer", "intel,i8254", PC_PORT_PIT, 4, true, PC_IRQ_PIT },
	{ "pit_control", "timer", "intel,i8254-control", PC_PORT_PIT2, 1, true, -1 },
	{ "kbd_command", "input", "intel,i8042-command", PC_PORT_KBD2, 1, true, -1 },
	{ "rtc", "rtc", "motorola,mc146818", PC_PORT_RTC, 2, true, PC_IRQ_RTC },
	{ "uart0", "serial", "ns16550a", PC_PORT_COM1, 8, true, PC_IRQ_COM1 },
	{ "debug_exit", "misc", "isa-debug-exit", PC_PORT_EXIT, 4, true, -1 },
	{ "debug_exit2", "misc", "isa-debug-exit", PC_PORT_EXIT2, 4, true, -1 },
	{ "acpi", "misc", "acpi-pm", PC_PORT_PM, 16, true, PC_IRQ_SCI },
	{ "pci_ports", "pci", "pci-host-cf8", PC_PORT_CF8, 8, true, -1 },
	{ "pci_io", "pci", "pci-io-window", PC_PORT_PCI, 0x10000 - PC_PORT_PCI, true, -1 },
	{ "pci_mem", "pci", "pci-window", PC_PCI_MEM, PC_PCI_MEM_SIZE, false, -1 },
};

uint64_t pc_low_memory(const struct guest_config *cfg)
{
	return MIN_T(uint64_t, cfg->mem, cfg->firmware ? PC_PCI_LOW : PC_RAM_LOW_MAX);
}

static void build_ram_regions(struct board_build *b)
{
	uint64_t low = pc_low_memory(b->cfg);

	build_ram(b, "mem0", 0, low);
	if (b->cfg->mem > low)
		build_ram(b, "mem1", PC_RAM_HIGH, b->cfg->mem - low);
}

/* A function of the chipset, where all PCs of this kind have it. */
static struct dt_node *build_chip(struct board_build *b, const char *name, const char *compatible,
				  uint32_t function)
{
	const uint32_t slot[] = { 1, function };
	struct dt_node *node = build_node(b, b->pci, name);

	build_string(b, node, "device_type", "pci");
	build_string(b, node, "compatible", compatible);
	build_cells(b, node, "slot", slot, ARRAY_SIZE(slot));
	return node;
}

static void build_pci(struct board_build *b)
{
	static const struct board_device pci = { "pci", "pci", "pci-host-i440fx", PC_ECAM,
						 PC_ECAM_SIZE, false, -1 };
	uint32_t irqs[4];

	b->pci = build_device(b, &pci);
	for (unsigned i = 0; i < ARRAY_SIZE(irqs); i++)
		irqs[i] = PC_IRQ_PCI + i;
	build_cells(b, b->pci, "interrupts", irqs, ARRAY_SIZE(irqs));
	if (IS_ENABLED(CONFIG_EMU_PIIX)) {
		build_chip(b, "isa", "intel,piix3", 0);
		build_u32(b, build_chip(b, "pm", "intel,piix4-pm", 3), "ports", PC_PORT_PM);
	}
}

struct pc_window pc_high_window(const struct guest_config *cfg)
{
	uint64_t high = cfg->mem - pc_low_memory(cfg);
	uint64_t at = ALIGN_UP(PC_RAM_HIGH + high, GIB), end = arch_guest_gpa_limit();

	return (struct pc_window){ at, end > at ? end - at : 0 };
}

/* Memory of PCI beside that below the IOAPIC. */
static void build_windows(struct board_build *b)
{
	struct pc_window w = pc_high_window(b->cfg);
	const struct board_device window = { "pci_mem64", "pci", "pci-window", w.at, w.size, false,
					     -1 };
	static const struct board_device low = { "pci_mem_low", "pci", "pci-window", PC_PCI_LOW,
						 PC_ECAM - PC_PCI_LOW, false, -1 };

	if (w.size)
		build_device(b, &window);
	if (b->cfg->firmware)
		build_device(b, &low);
}

static void build_hpet(struct board_build *b)
{
	static const struct board_device hpet = { "hpet", "timer", "intel,ia-hpet", PC_HPET,
						  PC_HPET_SIZE, false, -1 };
	static const uint32_t irqs[] = { PC_IRQ_PIT, PC_IRQ_RTC };

	if (IS_ENABLED(CONFIG_EMU_HPET))
		build_cells(b, build_device(b, &hpet), "interrupts", irqs, ARRAY_SIZE(irqs));
}

static void build_keyboard(struct board_build *b)
{
	static const struct board_device keyboard = { "kbd", "input", "intel,i8042", PC_PORT_KBD, 1,
						      true, -1 };
	static const uint32_t irqs[] = { PC_IRQ_KBD, PC_IRQ_MOUSE };
	struct dt_node *node = build_device(b, &keyboard);

	build_cells(b, node, "interrupts", irqs, ARRAY_SIZE(irqs));
}

static void put_range(uint8_t *p, uint64_t at, uint64_t size, uint32_t kind)
{
	put_le64(p, at);
	put_le64(p + 8, size);
	put_le32(p + 16, kind);
}

static void give(struct board_build *b, struct dt_node *fw, const char *prop, const void *data,
		 size_t size)
{
	if (!b->err)
		b->err = dt_set(fw, prop, data, (unsigned)size);
}

/*
 * QEMU's files for firmware: the memory there is, ACPI's tables and how to put them somewhere.
 */
static void give_tables(struct board_build *b, struct dt_node *fw)
{
	uint64_t low = pc_low_memory(b->cfg), high = b->cfg->mem - low;
	uint8_t map[40], *tables = heap_alloc(2 * PC_ACPI_SIZE);
	size_t size = 0, script = 0;

	put_range(map, 0, low, 1);
	put_range(map + 20, PC_RAM_HIGH, high, 1);
	if (!tables) {
		b->err = b->err ? b->err : -ENOMEM;
		return;
	}
	size = pc_acpi_make(b->cfg, 0, tables, PC_ACPI_SIZE);
	if (size)
		script = pc_acpi_script(tables, tables + PC_ACPI_SIZE, PC_ACPI_SIZE);
	if (!script && !b->err)
		b->err = -ENOSPC;
	give(b, fw, "e820", map, high ? 40 : 20);
	give(b, fw, "acpi-rsdp", tables, PC_RSDP_SIZE);
	give(b, fw, "acpi-tables", tables, size);
	give(b, fw, "table-loader", tables + PC_ACPI_SIZE, script);
	heap_free(tables);
}

/* How much memory and how many CPUs there are, for test programs too; and what firmware is told. */
static void build_fw_cfg(struct board_build *b)
{
	static const struct board_device fw = { "fw_cfg", "misc", "qemu,fw-cfg-io", PC_PORT_FW_CFG,
						12, true, -1 };
	struct dt_node *node;
	uint8_t console[8];

	if (!IS_ENABLED(CONFIG_EMU_FW_CFG))
		return;
	node = build_device(b, &fw);
	if (!b->cfg->firmware)
		return;
	give_tables(b, node);
	/* There is no screen: SeaBIOS shows what it would show there on the serial port. */
	put_le64(console, PC_PORT_COM1);
	build_flag(b, node, "boot-menu");
	give(b, node, "sercon-port", console, sizeof(console));
	build_handed(b, node);
}

/* Firmware ends at 4 GiB. */
static int build_firmware(struct board_build *b)
{
	static const struct board_device debug = { "debugcon", "misc", "isa-debugcon",
						   PC_PORT_DEBUGCON, 1, true, -1 };
	const struct guest_config *cfg = b->cfg;
	struct dt_node *node;
	struct vfs_stat st;

	if (!cfg->firmware)
		return 0;
	if (vfs_stat_path(cfg->firmware, true, &st) || st.type != VFS_FILE || !st.size ||
	    st.size > FIRMWARE_MAX || st.size & 0xffff)
		return -EINVAL;
	node = build_region(b, "firmware", "real", 4 * GIB - st.size, st.size);
	build_string(b, node, "device_type", "alloced_rom");
	if (IS_ENABLED(CONFIG_EMU_DEBUGCON))
		build_device(b, &debug);
	return 0;
}

static int check(const struct guest_config *cfg, struct shell_out *out)
{
	gpa_t limit = arch_guest_gpa_limit(), low = pc_low_memory(cfg);
	const char *wrong = NULL;
	char text[24];

	if (cfg->vcpus > VCPUS_MAX)
		wrong = "vcpus=: a PC has at most 64";
	else if (cfg->mem < 2 * MIB)
		wrong = "mem=: 2M is the least that a PC can be started with";
	else if (cfg->dtb || cfg->gic || cfg->narrow || cfg->vars)
		wrong = "dtb=, gic=, arch= and vars= are of other boards; leave them out";
	if (wrong) {
		out_printf(out, "%s\n", wrong);
		return -EINVAL;
	}
	if (cfg->mem > low && (limit <= PC_RAM_HIGH || cfg->mem - low > limit - PC_RAM_HIGH)) {
		out_printf(out, "mem=: this CPU has guest addresses only up to %s, and memory "
			   "above %s goes behind the first 4G\n",
			   format_size(text, sizeof(text), limit), cfg->firmware ? "2G" : "2.75G");
		return -EINVAL;
	}
	return build_check(cfg, out);
}

static int pc_build(const struct guest_config *cfg, struct dt_node *node, struct shell_out *out)
{
	struct board_build b = { .cfg = cfg, .guest = node };
	int err = check(cfg, out);

	if (err)
		return err;
	build_begin(&b, "pc", "x86,generic");
	build_u32(&b, b.aspace, "guest_irq_count", PC_IRQS);
	build_ram_regions(&b);
	build_pci(&b);
	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		build_device(&b, &devices[i]);
	build_windows(&b);
	build_keyboard(&b);
	build_hpet(&b);
	build_virtio(&b);
	build_fw_cfg(&b);
	if (!b.err && build_firmware(&b)) {
		out_printf(out, "firmware=%s is no file of 64 KiB to 16 MiB, in steps of 64 KiB\n",
			   cfg->firmware);
		return -EINVAL;
	}
	return build_end(&b, out);
}

GUEST_BOARD(pc) {
	.name = "pc",
	.help = "a PC: APICs, 16550, PCI with virtio, ACPI; RAM from 0",
	.build = pc_build,
	.boot = pc_boot,
};
