/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address map of the guest board "virt", which is that of QEMU's machine of this name. Private
 * to boards/.
 */
#pragma once

#define VIRT_FLASH	     0x00000000
#define VIRT_FLASH_BANK	     0x04000000 /* two of them */
#define VIRT_GIC_DIST	     0x08000000
#define VIRT_GIC_DIST_SIZE   0x10000
#define VIRT_GIC_CPU	     0x08010000
#define VIRT_GIC_CPU_SIZE    0x10000
#define VIRT_GIC_REDIST	     0x080a0000
#define VIRT_GIC_REDIST_SIZE 0x00f60000
#define VIRT_GIC_V2M	     0x08020000
#define VIRT_GIC_V2M_SIZE    0x1000
#define VIRT_GIC_ITS	     0x08080000
#define VIRT_GIC_ITS_SIZE    0x20000
#define VIRT_UART	     0x09000000
#define VIRT_RTC	     0x09010000
#define VIRT_FW_CFG	     0x09020000
#define VIRT_FW_CFG_SIZE     0x18
#define VIRT_GPIO	     0x09030000
#define VIRT_DEV_SIZE	     0x1000
#define VIRT_MMIO	     0x0a000000
#define VIRT_MMIO_SIZE	     0x200
#define VIRT_MMIO_SLOTS	     32
#define VIRT_PCI_MEM	     0x10000000
#define VIRT_PCI_MEM_SIZE    0x2eff0000
#define VIRT_PCI_IO	     0x3eff0000
#define VIRT_PCI_IO_SIZE     0x10000
#define VIRT_PCI_ECAM	     0x3f000000
#define VIRT_PCI_ECAM_SIZE   0x01000000
#define VIRT_RAM	     0x40000000
/* Above 4 GiB, from here on or from the end of larger memory. */
#define VIRT_HIGH	     0x4000000000
#define VIRT_HIGH_ECAM	     0x10000000 /* from there on */
#define VIRT_HIGH_ECAM_SIZE  0x10000000
#define VIRT_HIGH_MEM_SIZE   0x8000000000 /* next multiple of its size */

/* Interrupts as the controller counts them: 32 is the first shared one. */
#define VIRT_IRQS     288
#define VIRT_IRQ_UART 33
#define VIRT_IRQ_RTC  34
#define VIRT_IRQ_PCI  35 /* and three behind it: INTA to INTD */
#define VIRT_IRQ_GPIO 39
#define VIRT_IRQ_MMIO 48 /* and one for each slot behind it */

struct guest_config;
struct guest;
struct shell_out;

/** Load what the guest boots from and set its first vCPU's start (virt_boot.c). */
int virt_boot(const struct guest_config *cfg, struct guest *guest, struct shell_out *out);
