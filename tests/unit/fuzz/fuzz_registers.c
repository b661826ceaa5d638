/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The register surface of every emulator: any sequence of accesses of any width at any offset, with
 * input typed, time passing, the button pressed and resets between. Every access is answered, a
 * read has no bits beyond its width, no timer storms, and nothing is lost in the end.
 */
#include "fuzz.h"

#include <core/blockdev.h>
#include <core/vpower.h>

#include "../emu_world.h"

#define MAX_STEPS 300

static const struct {
	const char *compatible;
	uint64_t size;
	uint32_t virtio_type;
} kinds[] = {
	{ "primecell,arm,pl011", 0x1000, 0 }, { "primecell,pl031", 0x1000, 0 },
	{ "primecell,sp805", 0x1000, 0 },     { "primecell,pl061", 0x1000, 0 },
	{ "cfi-flash", 0x100000, 0 },	      { "zero", 0x100, 0 },
	{ "vminfo-0.1", 0x1000, 0 },	      { "virtio,mmio", 0x200, 2 },
	{ "virtio,mmio", 0x200, 3 },	      { "virtio,mmio", 0x200, 4 },
	{ "virtio,mmio", 0x200, 0 },	      { "virtio,mmio", 0x200, 5 },
};

/* Where most registers are, so that they are hit often; else anywhere. */
static uint64_t some_offset(struct fuzz_input *in, uint64_t size)
{
	uint8_t how = fuzz_byte(in);
	uint64_t v = fuzz_byte(in);

	switch (how & 3) {
	case 0:
		return v * 4 % 0x100;
	case 1:
		return (size > 0x1000 ? v * 0x1000 : v * 4 + 0x400) % size;
	case 2:
		return size - 0x100 + v;
	default:
		return (v << 8 | fuzz_byte(in)) % (size + 16);
	}
}

static uint64_t some_value(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);

	switch (how & 7) {
	case 0:
		return fuzz_u64(in);
	case 1:
		return 0x00010001u * fuzz_byte(in);
	case 2:
		return WORLD_RAM + 0x100u * fuzz_byte(in);
	case 3:
		return how & 8 ? 0x1acce551 : 15;
	default:
		return fuzz_byte(in);
	}
}

static void other_event(struct emu_dev *dev, struct fuzz_input *in)
{
	uint8_t what = fuzz_byte(in);

	switch (what & 7) {
	case 0:
		dev->emu->reset(dev);
		break;
	case 1:
		(void)!guest_power_button(world_guest());
		break;
	case 2:
		world_advance(fuzz_u64(in) & ((1ull << (what >> 3)) - 1));
		break;
	case 3:
		if (dev->emu->show)
			dev->emu->show(dev, world_out());
		break;
	case 4:
		world_work();
		break;
	case 5:
		world_threads(3);
		break;
	default:
		world_advance(1000);
		break;
	}
}

static void step(struct emu_dev *dev, struct fuzz_input *in, bool typed)
{
	struct emu_access acc = { 0 };
	uint8_t op = fuzz_byte(in);
	enum emu_result result;

	if ((op & 7) == 7) {
		other_event(dev, in);
		return;
	}
	if ((op & 7) == 6 && typed) {
		world_type("g/dev", "input");
		return;
	}
	acc.size = (uint8_t)(1u << (op >> 3 & 3));
	if (op & 0x80)
		acc.size = 4;
	acc.is_write = op & 1;
	acc.offset = some_offset(in, dev->region->size);
	if (op & 0x40)
		acc.offset &= ~(uint64_t)(acc.size - 1);
	if (acc.is_write)
		acc.value = some_value(in);
	if (acc.size < 8)
		acc.value &= (1ull << 8 * acc.size) - 1;
	result = emu_access(dev, &acc);
	FUZZ_CHECK(result <= EMU_ABORT);
	FUZZ_CHECK(acc.size == 8 || acc.is_write || result != EMU_OK ||
		   !(acc.value >> 8 * acc.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned kind = fuzz_byte(&in) % (sizeof(kinds) / sizeof(kinds[0])), steps = 0;
	struct blockdev *disk = NULL;
	struct dt_node *node;
	struct emu_dev *dev;
	bool typed;
	int err;

	world_begin();
	node = world_node("dev", kinds[kind].compatible);
	err = dt_set_u32(node, "interrupts", 40) ||
	      dt_set_u32(node, "virtio_type", kinds[kind].virtio_type) ||
	      dt_set_string(node, "blkdev", "rd0") ||
	      ramdisk_create("rd", 64 * 1024, NULL, 0, &disk);
	FUZZ_CHECK(!err);
	dev = world_probe(node, kinds[kind].size, &err);
	FUZZ_CHECK(dev);
	typed = !strcmp(dev->emu->name, "pl011") || kinds[kind].virtio_type == 3;
	while (in.size && steps++ < MAX_STEPS)
		step(dev, &in, typed);
	world_remove(dev);
	FUZZ_CHECK(!blockdev_unregister(disk));
	FUZZ_CHECK(!world_end());
	return 0;
}
