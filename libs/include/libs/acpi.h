/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hypervisor wants to know of a machine's ACPI tables (ACPI 6.4): processors and interrupt
 * controllers (MADT), PCI's configuration space (MCFG), HPET, and how to reset and switch off
 * (FADT, _S5). Firmware's bytes are not trusted: lengths and checksums are looked at first, what is
 * odd is left out. No data of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/multiboot.h>
#include <libs/util.h>

#define ACPI_CPUS	256
#define ACPI_IOAPICS	16
#define ACPI_ISA_IRQS	16
#define ACPI_SEGMENTS	8
#define ACPI_UNKNOWN	0xffffu

/** Generic address (5.2.3.2): where a register is. */
struct acpi_address {
	uint8_t space;		/* 0 memory, 1 I/O port, 2 PCI configuration */
	uint64_t address;
};

struct acpi_ioapic {
	uint32_t id, gsi_base;
	uint64_t address;
};

/** An interrupt of the ISA bus that is another one at the I/O APIC, or of another kind. */
struct acpi_isa_irq {
	uint32_t gsi;
	bool level, low;
};

struct acpi_segment {
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
};

struct acpi_info {
	/* MADT */
	bool has_madt;
	uint64_t lapic;
	unsigned nr_cpus;
	uint32_t cpus[ACPI_CPUS];	/* APIC ids of those that are there */
	unsigned nr_ioapics;
	struct acpi_ioapic ioapics[ACPI_IOAPICS];
	struct acpi_isa_irq isa[ACPI_ISA_IRQS];
	/* MCFG */
	unsigned nr_segments;
	struct acpi_segment segments[ACPI_SEGMENTS];
	uint64_t hpet;			/* registers, 0: none */
	/* FADT */
	bool has_fadt;
	uint16_t pm_timer;		/* I/O port, 0: none */
	uint16_t pm1a_control, pm1b_control, smi_command;
	uint8_t acpi_enable;
	bool has_reset;
	struct acpi_address reset;
	uint8_t reset_value;
	uint16_t s5a, s5b;		/* SLP_TYPa, b of S5; ACPI_UNKNOWN */
};

/**
 * The root pointer in the places where a BIOS leaves it (5.2.5.1).
 * @return its physical address, 0: none
 */
uint64_t acpi_find_rsdp(phys_peek peek);
/**
 * Read all tables that the root pointer leads to.
 * @param rsdp  bytes of the root pointer
 * @return 0, -EINVAL: no valid root pointer or root table; what was found before is there
 */
must_check int acpi_read(const uint8_t *rsdp, size_t size, phys_peek peek, struct acpi_info *out);
/**
 * The values of _S5 in the byte code of a table (20.2): found by its name, not by running it.
 * @return false: there is none
 */
bool acpi_find_s5(const uint8_t *aml, size_t size, uint16_t *a, uint16_t *b);
