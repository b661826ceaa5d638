/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small machine for tests of core/mem: RAM of the fake port, and the device tree of it.
 */
#pragma once

#include <stdint.h>

#include <core/mem.h>
#include <libfdt.h>
#include <port/host.h>

#define MACHINE_RAM	0x40000000ull

/** Gives the machine RAM and starts core/mem, which can be done once in a program. */
static inline void machine_start(uint64_t ram_size)
{
	static uint8_t blob[4096];
	fdt64_t reg[2];

	reg[0] = cpu_to_fdt64(MACHINE_RAM);
	reg[1] = cpu_to_fdt64(ram_size);
	host_ram_init(MACHINE_RAM, ram_size);
	fdt_create(blob, sizeof(blob));
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	fdt_begin_node(blob, "memory@40000000");
	fdt_property_string(blob, "device_type", "memory");
	fdt_property(blob, "reg", reg, sizeof(reg));
	fdt_end_node(blob);
	fdt_end_node(blob);
	fdt_finish(blob);
	host_boot_fdt(blob, fdt_totalsize(blob));
	mem_init(blob);
}
