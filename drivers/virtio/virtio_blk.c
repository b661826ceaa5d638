/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio disks of the host (Virtual I/O Device 1.2, 5.2). The device reads and writes the
 * requesters' own memory. A request that it cannot take at once is sent in parts, one after the
 * other as there is room. disk->lock guards the ring and all of the disk; requests end without it.
 */
#include "vio.h"

#include <core/blockdev.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/bits.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define F_SIZE_MAX     BIT(1)
#define F_SEG_MAX      BIT(2)
#define F_RO	       BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH	       BIT(9)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

enum {
	CFG_CAPACITY = 0,
	CFG_SIZE_MAX = 8,
	CFG_SEG_MAX = 12,
	CFG_BLK_SIZE = 20,
	CFG_DISCARD_MAX = 36,
	CFG_ZEROES_MAX = 48,
	CFG_ZEROES_UNMAP = 56,
};

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_DISCARD = 11, T_WRITE_ZEROES = 13 };

#define RING_MAX       128
#define RING_MIN       4
#define PART_BYTES_MAX (1u << 30)
#define BLOCK_SIZE_MAX 65536u
#define STATUS_NONE    0xff
#define ZEROES_UNMAP   1
/* A device that ends nothing for so long, having something to do, will not any more. */
#define PATIENCE       30000000000ull

/* What one chain needs besides data; the first three are read and written by the device. */
struct part {
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} head;
	struct {
		uint64_t sector;
		uint32_t sectors;
		uint32_t flags;
	} range;
	uint8_t status;
	bool bounced;		  /* its data is in disk->bounce */
	struct block_request *rq; /* NULL: free */
	struct part *next_free;
};

struct disk {
	struct blockdev bd;
	struct vio_dev *vd;
	struct vring *ring;
	spinlock_t lock;
	struct part *parts, *free_part;
	/* requests not sent, or not wholly; where the first of them stands */
	struct list waiting;
	struct block_iter iter;
	uint64_t sector, left;	/* of it */
	bool begun;
	/* a block in more pieces than the device takes: one at a time, where its pieces begin */
	uint8_t *bounce;
	struct block_iter bounce_iter;
	bool bouncing;
	/* what the device takes at once */
	uint32_t size_max, seg_max;
	uint32_t discard_max, zeroes_max;
	bool flushes, unmaps;
	/* whether it is alive */
	struct timer timer;
	struct work recover;
	uint64_t ended, seen;	/* chains that it ended; at the last look */
	unsigned in_flight;
	bool dead;
};

/* Parts of a request that the device has are counted in rq->driver. */
static void count_part(struct block_request *rq, int n)
{
	rq->driver = (void *)((uintptr_t)rq->driver + (uintptr_t)(intptr_t)n);
}

/* --- sending: lock held ----------------------------------------------------------------- */

/* How much of the data goes into one chain. @return pieces, 0: not even a block */
static unsigned measure(const struct disk *disk, uint32_t *bytes)
{
	unsigned most = MIN(disk->seg_max, disk->ring->num - 2u), pieces = 0;
	struct block_iter it = disk->iter;
	uint32_t got = 0;
	size_t n = 1;

	while (n && pieces < most) {
		(void)block_iter_next(&it, MIN(disk->size_max, PART_BYTES_MAX - got), &n);
		got += (uint32_t)n;
		pieces += n != 0;
	}
	if (got == disk->left * SECTOR_SIZE) {
		*bytes = got;
		return pieces;
	}
	/* Not all: whole blocks of it. */
	*bytes = ALIGN_DOWN(got, disk->bd.block_size);
	it = disk->iter;
	for (got = 0, pieces = 0; got < *bytes; pieces++) {
		(void)block_iter_next(&it, MIN(disk->size_max, *bytes - got), &n);
		got += (uint32_t)n;
	}
	return pieces;
}

static void fill_head(struct part *part, uint32_t type, uint64_t sector)
{
	part->head.type = cpu_to_le32(type);
	part->head.reserved = 0;
	part->head.sector = cpu_to_le64(sector);
	part->status = STATUS_NONE;
}

/* Copy a block between the bounce buffer and the pieces at an iterator. */
static void copy_block(struct disk *disk, struct block_iter *it, bool to_pieces)
{
	uint32_t done = 0;
	size_t n = 1;

	while (done < disk->bd.block_size && n) {
		uint8_t *p = block_iter_next(it, disk->bd.block_size - done, &n);

		if (to_pieces)
			memcpy(p, disk->bounce + done, n);
		else
			memcpy(disk->bounce + done, p, n);
		done += (uint32_t)n;
	}
}

/* A block that is in too many pieces. @return whether there was room */
static bool send_bounced(struct disk *disk, bool read, struct part *part)
{
	if (disk->bouncing || !vring_begin(disk->ring, 3))
		return false;
	disk->bouncing = part->bounced = true;
	disk->bounce_iter = disk->iter;
	copy_block(disk, &disk->iter, false);
	fill_head(part, read ? T_IN : T_OUT, disk->sector);
	vring_put(disk->ring, &part->head, sizeof(part->head), false);
	vring_put(disk->ring, disk->bounce, disk->bd.block_size, read);
	disk->sector += disk->bd.block_size / SECTOR_SIZE;
	disk->left -= disk->bd.block_size / SECTOR_SIZE;
	return true;
}

/* @return whether there was room */
static bool send_data(struct disk *disk, struct block_request *rq, struct part *part)
{
	bool read = rq->op == BLOCK_READ;
	struct vring *vr = disk->ring;
	uint32_t bytes, done = 0;
	unsigned pieces = measure(disk, &bytes);
	size_t n;

	if (!bytes)
		return send_bounced(disk, read, part);
	if (!vring_begin(vr, pieces + 2))
		return false;
	fill_head(part, read ? T_IN : T_OUT, disk->sector);
	vring_put(vr, &part->head, sizeof(part->head), false);
	while (done < bytes) {
		uint8_t *p = block_iter_next(&disk->iter, MIN(disk->size_max, bytes - done), &n);

		vring_put(vr, p, (uint32_t)n, read);
		done += (uint32_t)n;
	}
	disk->sector += bytes / SECTOR_SIZE;
	disk->left -= bytes / SECTOR_SIZE;
	return true;
}

static bool send_range(struct disk *disk, struct block_request *rq, struct part *part)
{
	bool zero = rq->op == BLOCK_ZERO;
	uint32_t most = zero ? disk->zeroes_max : disk->discard_max;
	uint32_t sectors = (uint32_t)MIN_T(uint64_t, disk->left, most);

	if (!vring_begin(disk->ring, 3))
		return false;
	fill_head(part, zero ? T_WRITE_ZEROES : T_DISCARD, 0);
	part->range.sector = cpu_to_le64(disk->sector);
	part->range.sectors = cpu_to_le32(sectors);
	part->range.flags = cpu_to_le32(zero && disk->unmaps ? ZEROES_UNMAP : 0);
	vring_put(disk->ring, &part->head, sizeof(part->head), false);
	vring_put(disk->ring, &part->range, sizeof(part->range), false);
	disk->sector += sectors;
	disk->left -= sectors;
	return true;
}

static bool send_part(struct disk *disk, struct block_request *rq)
{
	struct part *part = disk->free_part;
	bool sent;

	if (!part)
		return false;
	if (rq->op == BLOCK_FLUSH) {
		sent = vring_begin(disk->ring, 2);
		if (sent) {
			fill_head(part, T_FLUSH, 0);
			vring_put(disk->ring, &part->head, sizeof(part->head), false);
			disk->left = 0;
		}
	} else if (rq->op == BLOCK_READ || rq->op == BLOCK_WRITE) {
		sent = send_data(disk, rq, part);
	} else {
		sent = send_range(disk, rq, part);
	}
	if (!sent)
		return false;
	vring_put(disk->ring, &part->status, sizeof(part->status), true);
	disk->free_part = part->next_free;
	part->rq = rq;
	count_part(rq, 1);
	disk->in_flight++;
	vring_end(disk->ring, part);
	return true;
}

/* Send what there is room for. @param done  gets requests that end without the device */
static void pump(struct disk *disk, struct list *done)
{
	while (!list_empty(&disk->waiting)) {
		struct block_request *rq =
			list_first_entry(&disk->waiting, struct block_request, link);

		if (!disk->begun) {
			block_iter_init(&disk->iter, rq);
			disk->sector = rq->sector;
			disk->left = rq->op == BLOCK_FLUSH ? 1 : rq->sectors;
			disk->begun = true;
		}
		if (disk->left && !rq->status) {
			if (!send_part(disk, rq))
				break;
			if (disk->left)
				continue;
		}
		disk->begun = false;
		list_del(&rq->link);
		if (!rq->driver)
			list_add_tail(done, &rq->link);
	}
	vring_kick(disk->ring);
	if (disk->in_flight && !timer_armed(&disk->timer))
		timer_start(&disk->timer, time_now() + PATIENCE);
}

static void end_all(struct list *done)
{
	while (!list_empty(done)) {
		struct block_request *rq = list_first_entry(done, struct block_request, link);

		list_del(&rq->link);
		block_end(rq, rq->status);
	}
}

static void disk_submit(struct blockdev *bd, struct block_request *rq)
{
	struct disk *disk = bd->priv;
	struct list done = LIST_INIT(done);
	unsigned long flags;

	rq->driver = NULL;
	rq->status = 0;
	list_init(&rq->link);
	flags = spin_lock_irqsave(&disk->lock);
	if (disk->dead)
		rq->status = -EIO;
	if (rq->status || (rq->op == BLOCK_FLUSH && !disk->flushes)) {
		list_add_tail(&done, &rq->link);
	} else {
		list_add_tail(&disk->waiting, &rq->link);
		pump(disk, &done);
	}
	spin_unlock_irqrestore(&disk->lock, flags);
	end_all(&done);
}

/* --- ends --------------------------------------------------------------------------------- */

/* The device is through with a part. Lock held. */
static void end_part(struct disk *disk, struct part *part, int status, struct list *done)
{
	struct block_request *rq = part->rq;
	bool first = disk->begun && disk->waiting.next == &rq->link;

	if (part->bounced) {
		if (!status && rq->op == BLOCK_READ)
			copy_block(disk, &disk->bounce_iter, true);
		disk->bouncing = part->bounced = false;
	}
	part->rq = NULL;
	part->next_free = disk->free_part;
	disk->free_part = part;
	disk->in_flight--;
	disk->ended++;
	if (status && !rq->status)
		rq->status = status;
	count_part(rq, -1);
	if (!rq->driver && !first)
		list_add_tail(done, &rq->link);
}

static int status_of(const struct part *part)
{
	switch (READ_ONCE(part->status)) {
	case 0:
		return 0;
	case 2:
		return -ENOTSUP;
	default:
		return -EIO;
	}
}

static void used(struct vring *vr)
{
	struct disk *disk = vr->dev->priv;
	struct list done = LIST_INIT(done);
	unsigned long flags;
	struct part *part;

	if (!disk->parts)
		return;
	flags = spin_lock_irqsave(&disk->lock);
	do {
		while ((part = vring_get(vr, NULL)))
			end_part(disk, part, status_of(part), &done);
	} while (vring_listen(vr));
	if (!disk->dead)
		pump(disk, &done);
	spin_unlock_irqrestore(&disk->lock, flags);
	end_all(&done);
}

static void patience_ended(struct timer *timer)
{
	struct disk *disk = container_of(timer, struct disk, timer);
	unsigned long flags = spin_lock_irqsave(&disk->lock);
	bool stuck = disk->in_flight && disk->ended == disk->seen;

	disk->seen = disk->ended;
	if (disk->in_flight && !stuck && !disk->dead)
		timer_start(&disk->timer, time_now() + PATIENCE);
	spin_unlock_irqrestore(&disk->lock, flags);
	if (stuck)
		work_queue(&disk->recover);
}

/* The device does not answer: take it out of memory, end all with an error. Work queue. */
static void give_up(struct work *work)
{
	struct disk *disk = container_of(work, struct disk, recover);
	struct list done = LIST_INIT(done);
	struct block_request *rq;
	unsigned long flags;
	unsigned i;

	flags = spin_lock_irqsave(&disk->lock);
	disk->dead = true;
	spin_unlock_irqrestore(&disk->lock, flags);
	log_error("%s: the disk has ended none of %u requests for %u s; it is not used any more",
		  disk->bd.name, disk->in_flight, (unsigned)(PATIENCE / 1000000000));
	disk->vd->ops->set_status(disk->vd, 0);
	flags = spin_lock_irqsave(&disk->lock);
	disk->begun = false;
	list_for_each_entry(rq, &disk->waiting, link)
		rq->status = -EIO;
	for (i = 0; i < disk->ring->num; i++) {
		rq = disk->parts[i].rq;
		/* one that waits for more of it to be sent ends with those that wait */
		if (rq && !list_empty(&rq->link))
			count_part(rq, -1);
		else if (rq)
			end_part(disk, &disk->parts[i], -EIO, &done);
		disk->parts[i].rq = NULL;
	}
	list_splice_tail(&done, &disk->waiting);
	disk->in_flight = 0;
	spin_unlock_irqrestore(&disk->lock, flags);
	end_all(&done);
}

/* --- probe -------------------------------------------------------------------------------- */

/* What the device says of itself; nothing of it is believed without a look. */
static int read_config(struct disk *disk)
{
	struct vio_dev *vd = disk->vd;
	struct blockdev *bd = &disk->bd;

	bd->sectors = MIN(vio_config64(vd, CFG_CAPACITY), (uint64_t)INT64_MAX / SECTOR_SIZE);
	bd->block_size = vio_has(vd, F_BLK_SIZE) ? vio_config32(vd, CFG_BLK_SIZE) : SECTOR_SIZE;
	if (bd->block_size < SECTOR_SIZE || bd->block_size > BLOCK_SIZE_MAX ||
	    !is_pow2(bd->block_size)) {
		log_error("%s: the virtio disk has blocks of %u bytes, which is no size of blocks",
			  vd->name, bd->block_size);
		return -EINVAL;
	}
	bd->read_only = vio_has(vd, F_RO);
	disk->flushes = vio_has(vd, F_FLUSH);
	disk->size_max = vio_has(vd, F_SIZE_MAX) ? vio_config32(vd, CFG_SIZE_MAX) : 0;
	if (!disk->size_max)
		disk->size_max = PART_BYTES_MAX;
	if (disk->size_max < bd->block_size) {
		log_error("%s: the virtio disk takes pieces of %u bytes, less than its blocks of "
			  "%u", vd->name, disk->size_max, bd->block_size);
		return -EINVAL;
	}
	disk->seg_max = vio_has(vd, F_SEG_MAX) ? vio_config32(vd, CFG_SEG_MAX) : 0;
	if (!disk->seg_max)
		disk->seg_max = 1;
	if (vio_has(vd, F_DISCARD))
		disk->discard_max = vio_config32(vd, CFG_DISCARD_MAX);
	if (vio_has(vd, F_WRITE_ZEROES)) {
		disk->zeroes_max = vio_config32(vd, CFG_ZEROES_MAX);
		disk->unmaps = vio_config8(vd, CFG_ZEROES_UNMAP);
	}
	disk->discard_max = ALIGN_DOWN(disk->discard_max, bd->block_size / SECTOR_SIZE);
	disk->zeroes_max = ALIGN_DOWN(disk->zeroes_max, bd->block_size / SECTOR_SIZE);
	bd->can_discard = disk->discard_max && !bd->read_only;
	bd->can_zero = disk->zeroes_max && !bd->read_only;
	return 0;
}

static void config_changed(struct vio_dev *vd)
{
	struct disk *disk = vd->priv;
	uint64_t sectors = vio_config64(vd, CFG_CAPACITY);

	if (sectors == disk->bd.sectors || sectors > INT64_MAX / SECTOR_SIZE)
		return;
	log_info("%s has %llu sectors now, %llu before", disk->bd.name,
		 (unsigned long long)sectors, (unsigned long long)disk->bd.sectors);
	WRITE_ONCE(disk->bd.sectors, sectors);
}

static const struct blockdev_ops disk_ops = { .submit = disk_submit };

static int make_parts(struct disk *disk)
{
	unsigned i;

	disk->bounce = heap_alloc(disk->bd.block_size);
	disk->parts = heap_calloc(disk->ring->num, sizeof(*disk->parts));
	if (!disk->bounce || !disk->parts)
		return -ENOMEM;
	for (i = 0; i < disk->ring->num; i++) {
		disk->parts[i].next_free = disk->free_part;
		disk->free_part = &disk->parts[i];
	}
	return 0;
}

static int blk_probe(struct vio_dev *vd)
{
	static const struct vring_spec ring = { RING_MAX, true, used };
	struct disk *disk = heap_zalloc(sizeof(*disk));
	int err;

	if (!disk)
		return -ENOMEM;
	disk->vd = vd;
	vd->priv = disk;
	spin_init(&disk->lock);
	list_init(&disk->waiting);
	timer_init(&disk->timer, patience_ended);
	work_init(&disk->recover, give_up);
	err = read_config(disk);
	if (!err)
		err = vio_rings(vd, &ring, 1);
	if (err)
		goto err_free;
	disk->ring = &vd->rings[0];
	if (disk->ring->num < RING_MIN) {
		log_error("%s: the virtio disk has a queue of %u entries, too short for a request",
			  vd->name, disk->ring->num);
		err = -EINVAL;
		goto err_free;
	}
	err = make_parts(disk);
	if (err)
		goto err_free;
	disk->bd.ops = &disk_ops;
	disk->bd.priv = disk;
	disk->bd.kind = "virtio disk";
	vio_ready(vd);
	err = blockdev_register(&disk->bd, "vd*");
	if (!err)
		return 0;
err_free:
	heap_free(disk->bounce);
	heap_free(disk->parts);
	heap_free(disk);
	return err;
}

VIO_DRIVER(blk) {
	.name = "virtio-blk",
	.type = VIO_ID_BLOCK,
	.features = F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_DISCARD |
		    F_WRITE_ZEROES,
	.probe = blk_probe,
	.config_changed = config_changed,
};
