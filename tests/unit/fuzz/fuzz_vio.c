/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio disk of the host that gives any bytes as configuration space, queue sizes and features,
 * and writes any bytes into the used ring. The driver takes it or refuses it, stays within its
 * memory, ends no request twice, and ends all once the device is given up.
 */
#include "fuzz.h"

#include "../fake.h"
#include "../vio_fake.h"

#include "../../../drivers/virtio/virtio_blk.c"

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, fmt);
	abort();
}

static struct vio_fake f;
static struct fuzz_input in;
static unsigned ended[8];
static struct block_request rqs[8];

static void done(struct block_request *rq)
{
	FUZZ_CHECK(!ended[rq - rqs]++);
}

/* Whatever the device does with what it got: it may give it back, lie, or do nothing. */
static void serve(struct vio_fake *dev, unsigned queue)
{
	struct vring *vr = dev->vr[queue];
	unsigned n;

	for (n = fuzz_byte(&in) % 8; n; n--) {
		uint16_t at = dev->used[queue]++ % vr->num;
		unsigned kind = fuzz_byte(&in);

		vr->used->ring[at].id = cpu_to_le32(kind < 200 ? fuzz_byte(&in) % vr->num :
							       (uint32_t)fuzz_u64(&in));
		vr->used->ring[at].len = cpu_to_le32((uint32_t)fuzz_byte(&in));
		vr->used->idx = cpu_to_le16(kind == 255 ? (uint16_t)fuzz_u64(&in) :
							  dev->used[queue]);
	}
	vr->callback(vr);
}

/* While the table of partitions is read it is a good device: nobody runs what would give it up. */
static void serve_well(struct vio_fake *dev, unsigned queue)
{
	struct fake_chain c;

	while (fake_pop(dev, queue, &c)) {
		*c.segs[c.n - 1].p = 0;
		fake_push(dev, queue, c.head, 1);
	}
}

static void submit(struct blockdev *bd, uint8_t *memory)
{
	static struct mem_seg segs[8][5];
	unsigned i, k;

	for (i = 0; i < ARRAY_SIZE(rqs); i++) {
		uint64_t sectors = MIN_T(uint64_t, bd->sectors, fuzz_byte(&in) % 16);
		uint32_t left;

		sectors = ALIGN_DOWN(sectors, bd->block_size / SECTOR_SIZE);
		left = (uint32_t)sectors * SECTOR_SIZE;
		rqs[i] = (struct block_request){
			.op = fuzz_byte(&in) % 5, .sectors = sectors, .segs = segs[i], .nr_segs = 5,
			.done = done,
		};
		ended[i] = 0;
		for (k = 0; k < 5; k++) {
			segs[i][k].va = memory;
			segs[i][k].len = k == 4 ? left :
					 MIN_T(uint32_t, left, fuzz_byte(&in) * 16u);
			left -= segs[i][k].len;
		}
		blockdev_submit(bd, &rqs[i]);
	}
}

static void probe(void)
{
	static uint8_t memory[16 * SECTOR_SIZE];
	struct blockdev *bd;
	struct disk *disk;
	unsigned i;

	if (vio_register(&f.vd))
		return;
	disk = f.vd.priv;
	bd = &disk->bd;
	f.serve = serve;
	FUZZ_CHECK(bd->block_size >= SECTOR_SIZE && bd->sectors <= INT64_MAX / SECTOR_SIZE);
	submit(bd, memory);
	world_advance(1000000);
	for (i = 0; i < sizeof(f.config); i++)
		f.config[i] = fuzz_byte(&in);
	vio_interrupt(&f.vd, VIO_INT_RING | VIO_INT_CONFIG);
	for (i = 0; i < 20; i++) {
		world_advance(PATIENCE);
		(void)world_work();
	}
	for (i = 0; i < ARRAY_SIZE(rqs); i++)
		FUZZ_CHECK(ended[i] == 1);
	FUZZ_CHECK(!blockdev_unregister(bd));
	heap_free(disk->parts);
	heap_free(disk->bounce);
	heap_free(disk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned i;

	in = (struct fuzz_input){ data, size };
	world_begin();
	fake_log_clear();
	fake_init(&f, VIO_ID_BLOCK, fuzz_u64(&in));
	f.vd.coherent = true;
	f.queue_max[0] = (uint16_t)fuzz_u64(&in);
	for (i = 0; i < sizeof(f.config); i++)
		f.config[i] = fuzz_byte(&in);
	f.generation = fuzz_byte(&in);
	f.serve = serve_well;
	probe();
	fake_fini(&f);
	FUZZ_CHECK(!world_end());
	return 0;
}
