/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's firmware configuration device: any accesses, and DMA structures of any content at any
 * place. Each ends; memory that is none is not touched, and ROM stays as it is.
 */
#include "fuzz.h"

#include <libs/byteorder.h>

#include "../emu_world.h"

#define MAX_STEPS 100

static struct emu_dev *dev;
static uint8_t kernel[3000];

static void some_access(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	struct emu_access acc = {
		.offset = how & 0x80 ? fuzz_byte(in) % 0x18 : (how >> 4 & 3) * 8,
		.size = (uint8_t)(1u << (how & 3)),
		.is_write = how & 4,
	};
	enum emu_result result;

	acc.value = acc.is_write ? fuzz_u64(in) >> (64 - 8 * acc.size) : 0;
	result = emu_access(dev, &acc);
	FUZZ_CHECK(result <= EMU_ABORT);
	FUZZ_CHECK(acc.size == 8 || result != EMU_OK || !(acc.value >> 8 * acc.size));
}

static void some_dma(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in), item = fuzz_byte(in);
	uint64_t at = WORLD_RAM + fuzz_byte(in) * 0x201u, to = WORLD_RAM + fuzz_byte(in) * 0x1ffu;
	uint32_t length = fuzz_byte(in) << (how >> 5);
	uint8_t *p = world_mem(at);

	if (!(how & 0x1f))
		to = fuzz_u64(in);
	if ((how & 0x1f) == 1)
		length = ~0u;
	if (at + 16 > WORLD_RAM + WORLD_PIECE)
		at = WORLD_RAM;
	p = world_mem(at);
	put_be32(p, (uint32_t)item << 16 | (how & 0x1f));
	put_be32(p + 4, length);
	put_be64(p + 8, to);
	world_write(dev, 0x10, 8, swap64(how == 0xff ? fuzz_u64(in) : at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct dt_node *node;
	unsigned steps = 0;
	int err;

	world_begin();
	world_file("/k", kernel, sizeof(kernel));
	node = world_node("fw_cfg", "qemu,fw-cfg-mmio");
	err = dt_set_string(node, "kernel", "/k") || dt_set_string(node, "cmdline", "x") ||
	      dt_set_string(node, "bootorder", "y");
	FUZZ_CHECK(!err);
	dev = world_probe(node, 0x18, &err);
	FUZZ_CHECK(dev);
	while (in.size && steps++ < MAX_STEPS) {
		if (fuzz_byte(&in) & 1)
			some_dma(&in);
		else
			some_access(&in);
	}
	for (unsigned i = 0; i < WORLD_ROM_SIZE; i++)
		FUZZ_CHECK(!*world_mem(WORLD_ROM + i));
	FUZZ_CHECK(!world_end());
	return 0;
}
