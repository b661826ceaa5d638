/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtqueues with any bytes in the guest's memory, which change while they are looked at. A
 * device is set up as the standard wants it, then descriptors and rings are filled from the
 * input. Each notification ends after bounded work, no byte outside the guest's memory is touched
 * (the sanitizers see to that), ROM stays as it is, and a reset brings a device back to work
 * whatever was done to it.
 */
#include "fuzz.h"

#include <core/blockdev.h>

#include "../virtio_setup.h"

#define NUM 8
/* Rings in the first page, or across the two pieces of memory: then each access is looked up. */
#define RINGS_TOGETHER (WORLD_RAM + 0x100)
#define RINGS_APART    (WORLD_RAM + WORLD_PIECE - 0x90)
#define SCRIBBLES      40

static const uint32_t types[] = { 2, 3, 4 };
static struct emu_dev *dev;
static struct fuzz_input *scribble;
static unsigned scribbles;
static uint64_t rings;
/* Packed rings: where the driver is in each, and its wrap counter. */
static bool packed;
static struct {
	uint16_t next;
	bool wrap;
} at_packed[2];

/* Another vCPU writes to the rings, or to the buffers, at the worst moment. */
static void change_memory(void)
{
	if (!scribble || !scribble->size || !scribbles)
		return;
	scribbles--;
	if (fuzz_byte(scribble) & 1)
		vd_poke(rings + fuzz_byte(scribble) % 0x130, fuzz_byte(scribble));
}

static void set_up(unsigned queues, uint64_t features)
{
	struct vdriver v = { .dev = dev };

	world_w32(dev, V_STATUS, 0);
	for (unsigned i = 0; i < 0x130; i++) {
		vd_poke(rings + i, 0);
		vd_poke(WORLD_RAM + 0x1000 + i, 0);
	}
	FUZZ_CHECK(vd_negotiate(&v, features));
	for (unsigned q = 0; q < queues; q++) {
		vd_queue(&v, q, NUM, q ? WORLD_RAM + 0x1000 : rings);
		at_packed[q].next = 0;
		at_packed[q].wrap = true;
	}
	vd_ready(&v);
	FUZZ_CHECK(world_r32(dev, V_STATUS) == 15);
}

/* A descriptor that is mostly reasonable, so that deep places are reached. */
static void fill_desc(struct fuzz_input *in, uint64_t table, unsigned i)
{
	static const uint64_t bases[] = { WORLD_RAM, WORLD_RAM + 0x4000, WORLD_RAM + WORLD_PIECE,
					  WORLD_RAM + WORLD_RAM_SIZE - 0x100, WORLD_ROM, 0,
					  UINT64_MAX - 0x1000, WORLD_RAM + 0x2000 };
	uint8_t what = fuzz_byte(in), raw[16];
	uint64_t addr = bases[what & 7] + fuzz_byte(in) * 8u;
	uint32_t len = (uint32_t)fuzz_byte(in) << (what >> 3 & 7);
	unsigned b;

	if (what >> 6 == 3)
		len = (uint32_t)fuzz_u64(in);
	else if (what >> 6 == 2)
		len = ALIGN_UP(len, 512u);
	put_le64(raw, addr);
	put_le32(raw + 8, len);
	put_le16(raw + 12, fuzz_byte(in) & 7);
	put_le16(raw + 14, fuzz_byte(in) % (NUM + 1));
	for (b = 0; b < 16; b++)
		vd_poke(table + 16 * i + b, raw[b]);
}

/* Make descriptors of a packed ring available, from the first that is next on. */
static void offer_packed(struct fuzz_input *in, unsigned q, unsigned n)
{
	uint64_t ring = q ? WORLD_RAM + 0x1000 : rings;

	while (n--) {
		uint64_t flags = ring + 16 * at_packed[q].next + 14;

		fill_desc(in, ring, at_packed[q].next);
		/* What fill_desc() takes for the next descriptor are flags here. */
		vd_poke(flags, (uint8_t)((fuzz_byte(in) & 7) | (at_packed[q].wrap ? 0x80 : 0)));
		vd_poke(flags + 1, at_packed[q].wrap ? 0 : 0x80);
		if (++at_packed[q].next == NUM) {
			at_packed[q].next = 0;
			at_packed[q].wrap = !at_packed[q].wrap;
		}
	}
}

static void step(struct fuzz_input *in, unsigned queues)
{
	uint8_t op = fuzz_byte(in);
	unsigned q = op >> 4 & (queues - 1);
	uint64_t at = q ? WORLD_RAM + 0x1000 : rings;

	switch (op & 15) {
	case 0: /* any byte of the rings */
		vd_poke(at + fuzz_byte(in), fuzz_byte(in));
		break;
	case 1: /* an indirect table */
		fill_desc(in, WORLD_RAM + 0x2000, fuzz_byte(in) & 15);
		break;
	case 2: /* a block request's header */
		vd_poke(WORLD_RAM + 0x4000, fuzz_byte(in) & 15);
		vd_poke(WORLD_RAM + 0x4008, fuzz_byte(in));
		break;
	case 3:
		if (queues == 2)
			world_type("g", "typed");
		break;
	case 4:
		world_threads(2);
		break;
	case 5:
		world_w32(dev, V_ACK, 3);
		break;
	case 6:
	case 7:
	case 8: { /* make entries available */
		uint64_t idx = at + 16 * NUM + 2;
		uint16_t n = (uint16_t)(*world_mem(idx) | *world_mem(idx + 1) << 8);

		if (packed) {
			offer_packed(in, q, 1 + (op >> 5 & 3));
			world_w32(dev, V_NOTIFY, q);
			break;
		}
		vd_poke(at + 16 * NUM + 4 + 2 * (n % NUM), fuzz_byte(in) % (NUM + 1));
		n += op & 64 ? fuzz_byte(in) : 1;
		vd_poke(idx, (uint8_t)n);
		vd_poke(idx + 1, (uint8_t)(n >> 8));
		world_w32(dev, V_NOTIFY, q);
		break;
	}
	case 9:
		world_w32(dev, V_NOTIFY, q);
		break;
	default:
		fill_desc(in, at, op >> 5);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size }, second = { data + size / 2, size - size / 2 };
	uint8_t how = fuzz_byte(&in);
	uint32_t type = types[how % 3];
	unsigned queues = type == 3 ? 2 : 1, steps = 0;
	uint64_t features = BIT(32) | (how & 8 ? BIT(28) : 0) | (how & 16 ? BIT(29) : 0) |
			    (type == 2 ? BIT(13) | BIT(14) : 0) | (how & 128 ? BIT(34) : 0);
	struct blockdev *disk = NULL;
	struct dt_node *node;
	unsigned i;
	int err;

	world_begin();
	packed = how & 128;
	rings = how & 32 ? RINGS_APART : RINGS_TOGETHER;
	node = world_node("dev", "virtio,mmio");
	err = dt_set_u32(node, "interrupts", 40) || dt_set_u32(node, "virtio_type", type) ||
	      dt_set_string(node, "blkdev", "rd0") ||
	      ramdisk_create("rd", 64 * 1024, NULL, 0, &disk);
	FUZZ_CHECK(!err);
	dev = world_probe(node, 0x200, &err);
	FUZZ_CHECK(dev);
	set_up(queues, features);
	scribble = how & 64 ? &second : NULL;
	scribbles = SCRIBBLES;
	world_on_access(change_memory);
	while (in.size && steps++ < 200)
		step(&in, queues);
	world_on_access(NULL);
	world_threads(1000);
	for (i = 0; i < WORLD_ROM_SIZE; i++)
		FUZZ_CHECK(!*world_mem(WORLD_ROM + i));
	set_up(queues, features);
	world_remove(dev);
	FUZZ_CHECK(!blockdev_unregister(disk));
	FUZZ_CHECK(!world_end());
	return 0;
}
