/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest board "pc": addresses, ports and interrupts, and what its files have of each other.
 * Private to boards/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

/* Memory. */
#define PC_RAM_LOW_MAX	  0xb0000000u /* the rest of the RAM is from 4 GiB on */
#define PC_PCI_LOW	  0x80000000u /* with firmware: PCI, up to ECAM */
#define PC_RAM_HIGH	  0x100000000ull
#define PC_ECAM		  0xb0000000u
#define PC_ECAM_SIZE	  0x100000u /* bus 0 */
#define PC_PCI_MEM	  0xc0000000u
#define PC_PCI_MEM_SIZE	  0x3ec00000u
#define PC_IOAPIC	  0xfec00000u
#define PC_HPET		  0xfed00000u
#define PC_HPET_SIZE	  0x400u
#define PC_HPET_ID	  0x8086a201u /* low half of its capabilities */
#define PC_LAPIC	  0xfee00000u
/* Below 1 MiB. */
#define PC_BDA		  0x400u   /* what firmware leaves there (BIOS data area) */
#define PC_ZERO_PAGE	  0x7000u  /* Linux' boot_params; start_info of PVH; multiboot's */
#define PC_START	  0x8000u  /* X86_START_LONG64: start page, tables from the next page on */
#define PC_START_SIZE	  0x7000u
#define PC_CMDLINE	  0x20000u
#define PC_CMDLINE_MAX	  2048u
#define PC_LISTS	  0x22000u /* of modules */
#define PC_TOLD_SIZE	  0x1c000u /* all of it */
#define PC_TOLD_ELSEWHERE 0x70000u /* higher, for a program that goes there itself */
#define PC_BASE_MEMORY	  0x9fc00u /* end of what a PC has below 640 KiB */
#define PC_ACPI		  0xe0000u
#define PC_ACPI_SIZE	  0x10000u
#define PC_BIOS_NONE	  0xfff53u /* BIOS calls of guests without firmware */
#define PC_HIGH_MEMORY	  0x100000u

/* Ports. */
#define PC_PORT_PIC	  0x20
#define PC_PORT_PIT	  0x40
#define PC_PORT_KBD	  0x60
#define PC_PORT_PIT2	  0x61
#define PC_PORT_KBD2	  0x64
#define PC_PORT_RTC	  0x70
#define PC_PORT_PIC2	  0xa0
#define PC_PORT_EXIT2	  0xf4 /* where programs made for QEMU have it */
#define PC_PORT_COM1	  0x3f8
#define PC_PORT_DEBUGCON  0x402
#define PC_PORT_ELCR	  0x4d0
#define PC_PORT_EXIT	  0x501
#define PC_PORT_FW_CFG	  0x510
#define PC_PORT_PM	  0x600
#define PC_PORT_CF8	  0xcf8
#define PC_PORT_RESET	  0xcf9
#define PC_PORT_PCI	  0xc000 /* BARs, to the end */

/* Interrupts: inputs of the IOAPIC. */
#define PC_IRQS		  24
#define PC_IRQ_PIT	  0
#define PC_IRQ_KBD	  1
#define PC_IRQ_COM1	  4
#define PC_IRQ_RTC	  8
#define PC_IRQ_SCI	  9
#define PC_IRQ_MOUSE	  12
#define PC_IRQ_PCI	  16 /* and three behind it: INTA to INTD */

struct guest_config;
struct dt_node;
struct guest;
struct shell_out;

#define PC_RSDP_SIZE	  36

/** Bytes of RAM below PCI's memory. */
uint64_t pc_low_memory(const struct guest_config *cfg);
/** Where PCI's memory beyond 4 GiB is: behind the RAM, to the end; size 0: there is none. */
struct pc_window {
	uint64_t at, size;
};
struct pc_window pc_high_window(const struct guest_config *cfg);
/** Load what the guest boots from and set its first vCPU's start (pc_boot.c). */
int pc_boot(const struct guest_config *cfg, struct guest *guest, struct shell_out *out);
/**
 * ACPI's tables for a guest; the first 36 bytes are the RSDP (pc_acpi.c).
 * @param base  where they will be, a multiple of 64
 * @param room  bytes at buf
 * @return bytes used; 0: they do not fit
 */
size_t pc_acpi_make(const struct guest_config *cfg, uint32_t base, uint8_t *buf, size_t room);
/**
 * How firmware puts tables where it wants: QEMU's etc/table-loader.
 * @param tables  of pc_acpi_make() with base 0; checksums that become others are cleared
 * @param room    bytes at buf
 * @return bytes used; 0: they do not fit
 */
size_t pc_acpi_script(uint8_t *tables, uint8_t *buf, size_t room);
