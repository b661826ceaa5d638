/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core/guest/port.c: which device a port is of, widths and ends of regions, what nothing answers.
 */
#include <string.h>

#include <arch/irqflags.h>
#include <arch/vcpu.h>
#include <libs/util.h>

#include "emu_world.h"
#include "unit.h"

void vcpu_exit_port(struct vcpu *v, struct vcpu_exit *exit);

static uint64_t completed;

void arch_vcpu_complete(struct vcpu *v, const struct vcpu_exit *exit, uint64_t value)
{
	completed = value;
}

static uint64_t written;

static enum emu_result access_ports(struct emu_dev *dev, struct emu_access *acc)
{
	if (acc->size == 4)
		return EMU_WIDTH;
	if (acc->is_write)
		written = acc->offset << 16 | acc->value;
	else
		acc->value = 0x1234 + acc->offset;
	return EMU_OK;
}

static const struct dt_match matches[] = { { "ports", NULL }, { NULL, NULL } };

static int probe(struct emu_dev *dev)
{
	return 0;
}

static void gone(struct emu_dev *dev)
{
}

EMULATOR(ports) {
	.name = "ports",
	.match = matches,
	.probe = probe,
	.remove = gone,
	.access = access_ports,
};

static struct vcpu vcpu;

static uint64_t port(unsigned n, unsigned size, bool is_write, uint64_t value)
{
	struct vcpu_exit exit = { .kind = EXIT_PIO, .gpa = n, .size = (uint8_t)size,
				  .is_write = is_write, .value = value };

	completed = 0x5a5a;
	arch_irq_disable();
	vcpu_exit_port(&vcpu, &exit);
	CHECK(arch_irq_disabled());
	arch_irq_enable();
	return completed;
}

TEST(ports)
{
	struct region regions[5] = { { .flags = REGION_MEMORY, .gpa = 0x60, .size = 0x100 } };
	struct emu_dev *dev;
	int err;

	world_begin();
	dev = world_probe(world_node("a", "ports"), 8, &err);
	REQUIRE(dev);
	regions[1] = (struct region){ .flags = REGION_IO, .gpa = 0x60, .size = 8, .dev = dev };
	regions[2] = (struct region){ .flags = REGION_IO, .gpa = 0x70, .size = 2, .dev = dev };
	regions[3] = (struct region){ .flags = REGION_IO | REGION_ALIAS, .gpa = 0x170, .size = 2,
				      .alias = 0x62 };
	regions[4] = (struct region){ .flags = REGION_IO | REGION_ALIAS, .gpa = 0x180, .size = 2,
				      .alias = 0x180 };
	dev->region->size = 8;
	world_guest()->regions = regions;
	world_guest()->nr_regions = 5;
	world_guest()->ports = regions + 1;
	world_guest()->nr_ports = 4;
	vcpu = (struct vcpu){ .guest = world_guest() };
	CHECK(!guest_port(world_guest(), 0x5f));
	CHECK(guest_port(world_guest(), 0x67) == &regions[1]);
	CHECK(!guest_port(world_guest(), 0x68));
	CHECK_EQ(port(0x60, 1, false, 0), 0x1234);
	CHECK(vcpu.last_port == &regions[1]);
	CHECK_EQ(port(0x62, 2, false, 0), 0x1236);
	port(0x71, 1, true, 0x99);
	CHECK_EQ(written, 0x10099);
	/* An alias, and one that leads to itself. */
	CHECK_EQ(port(0x171, 1, false, 0), 0x1237);
	CHECK_EQ(port(0x180, 1, false, 0), 0xff);
	/* Nothing there, over the end, a width that the device does not take: ones. */
	CHECK_EQ(port(0x68, 1, false, 0), 0xff);
	CHECK_EQ(port(0xffff, 2, false, 0), 0xffff);
	CHECK_EQ(port(0x67, 2, false, 0), 0xffff);
	CHECK_EQ(port(0x60, 4, false, 0), 0xffffffff);
	written = 0;
	port(0x68, 1, true, 1);
	port(0x67, 2, true, 1);
	CHECK_EQ(written, 0);
	world_guest()->nr_regions = 0;
	CHECK_EQ(world_end(), 0);
}
