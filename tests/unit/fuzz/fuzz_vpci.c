/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's PCI bus: any sequence of accesses to configuration space, memory and I/O windows, with
 * interrupts and resets between. Every access is answered, none leaves its BAR, messages reach only
 * the doorbell or memory, and nothing is lost in the end.
 */
#include "fuzz.h"

#include <core/vpci.h>
#include <libs/byteorder.h>

#include "../emu_world.h"

#define FUNCTIONS 3
#define MAX_STEPS 400

static struct vpci_function fn[FUNCTIONS];
static unsigned made;
static struct emu_dev *host, *mem, *io, *frame;

static enum emu_result bar_access(struct vpci_function *f, unsigned bar, struct emu_access *acc)
{
	FUZZ_CHECK(bar < VPCI_BARS && f->bars[bar].size);
	FUZZ_CHECK(acc->offset < f->bars[bar].size &&
		   acc->size <= f->bars[bar].size - acc->offset);
	if (!acc->is_write)
		acc->value = acc->offset & 0xff;
	return EMU_OK;
}

static void config_access(struct vpci_function *f, unsigned offset, unsigned n)
{
	FUZZ_CHECK(offset + n <= VPCI_CONFIG && n <= 8);
}

static const struct vpci_function_ops ops = { bar_access, config_access, config_access };
static const struct vpci_ids ids = { .vendor = 1, .device = 2, .class_code = 3, .pin = 2 };

static int fn_probe(struct emu_dev *dev)
{
	struct vpci_function *f = &fn[made++];
	int err;

	vpci_function_init(f, dev, &ops, &ids);
	vpci_bar_init(f, 0, 0x4000, VPCI_BAR_MEM32);
	vpci_bar_init(f, 1, 16, VPCI_BAR_IO);
	vpci_bar_init(f, 4, 0x10000, VPCI_BAR_MEM64);
	err = vpci_msix_init(f, 2, made * 70);
	FUZZ_CHECK(!err);
	dev->priv = f;
	return vpci_function_add(f);
}

static void fn_remove(struct emu_dev *dev)
{
	vpci_function_remove(dev->priv);
}

static void fn_reset(struct emu_dev *dev)
{
	vpci_function_reset(dev->priv);
}

static const struct dt_match matches[] = { { "test,function", NULL }, { NULL, NULL } };

EMULATOR(fuzz_function) {
	.name = "fuzz-function",
	.match = matches,
	.probe = fn_probe,
	.remove = fn_remove,
	.reset = fn_reset,
	.on = VPCI_BUS,
};

/* --- what a guest does ---------------------------------------------------------------------- */

static void setup(void)
{
	static const uint32_t irqs[] = { 35, 36, 37, 38 };
	struct dt_node *node;
	char name[] = "f0";
	int err;

	world_begin();
	made = 0;
	node = world_node("pci", "pci-host-ecam-generic");
	FUZZ_CHECK(!dt_set_cells(node, "interrupts", irqs, 4));
	host = world_probe(node, 0x1000000, &err);
	FUZZ_CHECK(host);
	io = world_device("pio", "pci-io-window", 0x10000, 1);
	mem = world_device("pmem", "pci-window", 0x100000, 1);
	node = world_node("v2m", "arm,gic-v2m-frame");
	FUZZ_CHECK(!dt_set_u32(node, "arm,msi-num-spis", 48));
	frame = world_probe(node, 0x1000, &err);
	FUZZ_CHECK(frame);
	for (unsigned i = 0; i < FUNCTIONS; i++, name[1]++)
		FUZZ_CHECK(world_child(host, name, "test,function", &err));
}

static void access_at(struct emu_dev *dev, struct fuzz_input *in, uint64_t offset, uint64_t value)
{
	struct emu_access acc = { .offset = offset, .value = value };
	uint8_t how = fuzz_byte(in);
	enum emu_result result;

	acc.size = (uint8_t)(1u << (how & 3));
	acc.is_write = how & 4;
	if (how & 8)
		acc.offset &= ~(uint64_t)(acc.size - 1);
	if (acc.size < 8)
		acc.value &= (1ull << 8 * acc.size) - 1;
	result = emu_access(dev, &acc);
	FUZZ_CHECK(result <= EMU_ABORT);
	FUZZ_CHECK(acc.offset == (how & 8 ? offset & ~(uint64_t)(acc.size - 1) : offset));
	FUZZ_CHECK(acc.size == 8 || result != EMU_OK || !(acc.value >> 8 * acc.size));
}

static uint64_t some_value(struct fuzz_input *in)
{
	uint8_t v = fuzz_byte(in);

	switch (v & 7) {
	case 0:
		return fuzz_u64(in);
	case 1:
		return mem->region->gpa + (v >> 3) * 0x8000u;
	case 2:
		return frame->region->gpa + 0x40;
	case 3:
		return 80 + (v >> 3);
	case 4:
		return v & 8 ? 0x8007 : 0xc000;
	default:
		return v >> 3;
	}
}

static void step(struct fuzz_input *in)
{
	uint8_t op = fuzz_byte(in), a = fuzz_byte(in), b = fuzz_byte(in);
	struct vpci_function *f = &fn[a % FUNCTIONS];

	switch (op & 7) {
	case 0:
	case 1:
		/* Where there are functions, all of the header and the first capability. */
		access_at(host, in, (uint64_t)(a % 5) << 15 | (b & 0x7f), some_value(in));
		break;
	case 2:
		access_at(host, in, fuzz_u64(in) % 0x1000010, fuzz_u64(in));
		break;
	case 3:
		access_at(mem, in, (uint64_t)(a & 0x1f) * 0x8000 + (b & 0x3f) * 4u +
				       (op >> 7) * 0x800u, some_value(in));
		break;
	case 4:
		access_at(io, in, a << 8 | b, some_value(in));
		break;
	case 5:
		vpci_msix_notify(f, b);
		break;
	case 6:
		vpci_intx_set(f, b & 1);
		break;
	default:
		if (b & 3)
			host->emu->show(host, world_out());
		else
			fn_reset(f->dev);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned steps = 0;

	setup();
	while (in.size && steps++ < MAX_STEPS)
		step(&in);
	/* Whatever happened, after a reset nothing drives a line. */
	for (unsigned i = 0; i < FUNCTIONS; i++)
		fn_reset(fn[i].dev);
	for (unsigned i = 35; i < 39; i++)
		FUZZ_CHECK(!world_line(i));
	FUZZ_CHECK(!world_end());
	return 0;
}
