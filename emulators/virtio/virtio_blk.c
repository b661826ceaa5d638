/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio disk (Virtual I/O Device 1.1, 5.2) on a guest's disk of core, which has the medium.
 * Requests are served in the exit that announces them, and waited for. State does not change after
 * probe.
 */
#include <core/mem.h>
#include <core/shell.h>
#include <core/vdisk.h>
#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "virtio.h"

#define F_SEG_MAX      BIT(2)
#define F_RO	       BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH	       BIT(9)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

/* Configuration space (5.2.4). */
#define CONFIG_CAPACITY		0
#define CONFIG_SEG_MAX		12
#define CONFIG_BLK_SIZE		20
#define CONFIG_NUM_QUEUES	34
#define CONFIG_DISCARD_SECTORS	36
#define CONFIG_DISCARD_SEG	40
#define CONFIG_DISCARD_ALIGN	44
#define CONFIG_ZEROES_SECTORS	48
#define CONFIG_ZEROES_SEG	52
#define CONFIG_ZEROES_UNMAP	56
#define CONFIG_LEN		60

/* Request types and results (5.2.6). */
#define T_IN	       0
#define T_OUT	       1
#define T_FLUSH	       4
#define T_GET_ID       8
#define T_DISCARD      11
#define T_WRITE_ZEROES 13
#define S_OK	       0
#define S_IOERR	       1
#define S_UNSUPP       2

#define HEADER_LEN  16
#define RANGE_LEN   16
#define ID_LEN	    20
#define RANGES_MAX  16
#define RANGE_FLAG_UNMAP BIT32(0)
#define RANGE_SECTORS_MAX BLOCK_ZERO_MAX

struct blk {
	struct vdisk disk;
	char id[ID_LEN];
};

/** A request to the disk, waited for. */
struct waited {
	struct vdisk_request vr;
	struct completion ended;
};

/** A request while it is served. */
struct request {
	struct blk *blk;
	struct vq_chain *chain;
	uint64_t sector;
	uint64_t done; /* bytes of data written to the guest */
	bool broken;   /* the guest named what is not memory */
};

static void wake(struct vdisk_request *vr)
{
	completion_done(&container_of(vr, struct waited, vr)->ended);
}

static int submit_wait(struct blk *blk, struct block_request rq)
{
	struct waited w = { .vr = { .rq = rq, .vdisk = &blk->disk, .done = wake } };

	completion_init(&w.ended);
	vdisk_submit(&w.vr);
	(void)completion_wait(&w.ended, UINT64_MAX);
	return w.vr.rq.status;
}

static int blk_rw(struct blk *blk, uint64_t sector, void *p, size_t sectors, bool write)
{
	struct block_seg seg = { p, (uint32_t)(sectors * SECTOR_SIZE) };

	return submit_wait(blk, (struct block_request){
					.op = write ? BLOCK_WRITE : BLOCK_READ,
					.sector = sector, .sectors = sectors,
					.segs = &seg, .nr_segs = 1,
				});
}

/** One sector whose bytes do not lie together in the guest. */
static int transfer_split(struct request *req, uint64_t off, bool to_disk)
{
	uint8_t buf[SECTOR_SIZE];
	int err = 0;

	if (to_disk)
		req->broken = vq_read(req->chain, off, buf, sizeof(buf));
	if (!req->broken)
		err = blk_rw(req->blk, req->sector, buf, 1, to_disk);
	if (!req->broken && !err && !to_disk)
		req->broken = vq_write(req->chain, off, buf, sizeof(buf));
	req->sector++;
	return req->broken ? -EFAULT : err;
}

/** Data between disk and guest, at offset `off` of what the device reads or writes. */
static int transfer(struct request *req, uint64_t off, uint64_t bytes, bool to_disk)
{
	int err = 0;

	while (bytes && !err) {
		uint64_t len;
		void *p = vq_piece(req->chain, !to_disk, off, &len);

		if (!p) {
			req->broken = true;
			return -EFAULT;
		}
		len = ALIGN_DOWN(MIN(MIN(len, bytes), (uint64_t)GIB), SECTOR_SIZE);
		if (len) {
			err = blk_rw(req->blk, req->sector, p, len / SECTOR_SIZE, to_disk);
			req->sector += len / SECTOR_SIZE;
		} else {
			len = SECTOR_SIZE;
			err = transfer_split(req, off, to_disk);
		}
		if (!err && !to_disk)
			req->done += len;
		off += len;
		bytes -= len;
	}
	return err;
}

/** Is this a whole number of sectors on the disk? Then nothing is begun that cannot be ended. */
static bool in_range(const struct request *req, uint64_t bytes)
{
	uint64_t sectors = READ_ONCE(req->blk->disk.sectors);

	return bytes % SECTOR_SIZE == 0 && req->sector <= sectors &&
	       bytes / SECTOR_SIZE <= sectors - req->sector;
}

static uint8_t do_in(struct request *req)
{
	uint64_t bytes = req->chain->in_len - 1;

	if (!in_range(req, bytes))
		return S_IOERR;
	return transfer(req, 0, bytes, false) ? S_IOERR : S_OK;
}

static uint8_t do_out(struct request *req)
{
	uint64_t bytes = req->chain->out_len - HEADER_LEN;

	if (req->blk->disk.read_only || !in_range(req, bytes))
		return S_IOERR;
	return transfer(req, HEADER_LEN, bytes, true) ? S_IOERR : S_OK;
}

static uint8_t do_id(struct request *req)
{
	size_t n = MIN_T(uint64_t, ID_LEN, req->chain->in_len - 1);

	req->broken = vq_write(req->chain, 0, req->blk->id, n);
	req->done = n;
	return S_OK;
}

/** Discard or write zeroes: ranges of sectors (5.2.6). All are checked before one is changed. */
static uint8_t do_ranges(struct request *req, bool discard)
{
	uint64_t bytes = req->chain->out_len - HEADER_LEN;
	uint8_t ranges[RANGES_MAX][RANGE_LEN];
	unsigned i, n = (unsigned)(bytes / RANGE_LEN);

	if (req->blk->disk.read_only || !bytes || bytes % RANGE_LEN || bytes > sizeof(ranges))
		return S_IOERR;
	req->broken = vq_read(req->chain, HEADER_LEN, ranges, bytes);
	for (i = 0; i < n && !req->broken; i++) {
		uint32_t sectors = get_le32(&ranges[i][8]), flags = get_le32(&ranges[i][12]);

		if (flags & ~RANGE_FLAG_UNMAP || (discard && flags))
			return S_UNSUPP;
		req->sector = get_le64(&ranges[i][0]);
		if (sectors > RANGE_SECTORS_MAX || !in_range(req, (uint64_t)sectors * SECTOR_SIZE))
			return S_IOERR;
	}
	for (i = 0; i < n && !req->broken; i++) {
		struct block_request rq = { .op = discard ? BLOCK_DISCARD : BLOCK_ZERO,
					    .sector = get_le64(&ranges[i][0]),
					    .sectors = get_le32(&ranges[i][8]) };

		if (submit_wait(req->blk, rq))
			return S_IOERR;
	}
	return S_OK;
}

static uint8_t dispatch(struct request *req, uint32_t type)
{
	switch (type) {
	case T_IN:
		return do_in(req);
	case T_OUT:
		return do_out(req);
	case T_FLUSH:
		return submit_wait(req->blk, (struct block_request){ .op = BLOCK_FLUSH }) ?
			       S_IOERR : S_OK;
	case T_GET_ID:
		return do_id(req);
	case T_DISCARD:
	case T_WRITE_ZEROES:
		if (!virtio_has(req->chain->vq->vd,
				type == T_DISCARD ? F_DISCARD : F_WRITE_ZEROES))
			return S_UNSUPP;
		return do_ranges(req, type == T_DISCARD);
	default:
		return S_UNSUPP;
	}
}

static bool serve_one(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	struct request req = { .blk = vd->priv, .chain = chain };
	uint8_t header[HEADER_LEN], status;
	uint64_t written;

	if (chain->out_len < HEADER_LEN || !chain->in_len) {
		virtio_broken(vd, "a request without 16 bytes of header or a byte for the result");
		return false;
	}
	if (vq_read(chain, 0, header, sizeof(header)))
		return false;
	req.sector = get_le64(header + 8);
	status = dispatch(&req, get_le32(header));
	/* The result is the last byte of what we write. */
	if (req.broken || vq_write(chain, chain->in_len - 1, &status, 1))
		return false;
	written = req.done == chain->in_len - 1 ? chain->in_len : req.done;
	vq_push(chain->vq, chain->head, (uint32_t)MIN_T(uint64_t, written, UINT32_MAX));
	return true;
}

static bool blk_serve(struct virtio_dev *vd, struct virtqueue *vq)
{
	return vq_serve(vq, serve_one);
}

static void blk_config_read(struct virtio_dev *vd, uint8_t *buf)
{
	const struct blk *blk = vd->priv;

	put_le64(buf + CONFIG_CAPACITY, READ_ONCE(blk->disk.sectors));
	/* Header and result take a descriptor each. */
	put_le32(buf + CONFIG_SEG_MAX, VQ_NUM_MAX - 2);
	put_le32(buf + CONFIG_BLK_SIZE, SECTOR_SIZE);
	put_le16(buf + CONFIG_NUM_QUEUES, 1);
	put_le32(buf + CONFIG_DISCARD_SECTORS, RANGE_SECTORS_MAX);
	put_le32(buf + CONFIG_DISCARD_SEG, RANGES_MAX);
	put_le32(buf + CONFIG_DISCARD_ALIGN, 1);
	put_le32(buf + CONFIG_ZEROES_SECTORS, RANGE_SECTORS_MAX);
	put_le32(buf + CONFIG_ZEROES_SEG, RANGES_MAX);
	buf[CONFIG_ZEROES_UNMAP] = 1;
}

static unsigned blk_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	const char *name = dt_string(node, "blkdev", 0);
	struct blockdev *bd;
	struct vfs_stat st;
	int err;

	if (name[0] == '/') {
		err = vfs_stat_path(name, true, &st);
		if (!err && st.type == VFS_FILE && st.size)
			return 0;
		out_printf(out, "%s: blkdev=\"%s\": %s.\n", path, name,
			   err ? error_text(err) : "not a file with something in it");
		return 1;
	}
	bd = blockdev_get(name);
	if (bd) {
		blockdev_put(bd);
		return 0;
	}
	out_printf(out, "%s: blkdev=\"%s\": there is no such block device, and a file's path "
		   "begins with '/'.\n", path, name);
	return 1;
}

/** Another medium, or none: the driver reads the capacity again (5.2.5.1). */
static void blk_changed(struct vdisk *disk)
{
	struct virtio_dev *vd = disk->priv;

	if (READ_ONCE(vd->status) & VIRTIO_S_DRIVER_OK)
		virtio_interrupt(vd, 2);
}

static const struct vdisk_ops disk_ops = { .changed = blk_changed };

static int blk_probe(struct virtio_dev *vd)
{
	const struct dt_node *node = vd->dev->node;
	const char *id = dt_string(node, "serial", 0);
	struct blk *blk = heap_zalloc(sizeof(*blk));
	char why[BLOCK_WHY_MAX];
	int err;

	if (!blk)
		return -ENOMEM;
	blk->disk.ops = &disk_ops;
	blk->disk.priv = vd;
	blk->disk.always_read_only = dt_has(node, "read-only");
	err = vdisk_register(&blk->disk, vd->dev->guest, node->name);
	if (err) {
		heap_free(blk);
		return emu_fail(vd->dev, err, "the guest has another disk of this name");
	}
	err = vdisk_attach(&blk->disk, dt_string(node, "blkdev", 0), why, sizeof(why));
	if (err) {
		vdisk_unregister(&blk->disk);
		heap_free(blk);
		return emu_fail(vd->dev, err, "%s", why);
	}
	if (!id)
		id = node->name;
	/* Twenty bytes, filled up with NULs, without one when it is that long (5.2.6). */
	memcpy(blk->id, id, strnlen(id, ID_LEN));
	vd->features |= blk->disk.read_only ? F_RO : F_WRITE_ZEROES | F_DISCARD;
	vd->priv = blk;
	return 0;
}

static void blk_remove(struct virtio_dev *vd)
{
	struct blk *blk = vd->priv;

	vdisk_unregister(&blk->disk);
	heap_free(blk);
}

static void blk_show(struct virtio_dev *vd, struct shell_out *out)
{
	struct blk *blk = vd->priv;
	char medium[BLOCK_NAME_MAX];

	vdisk_medium(&blk->disk, medium, sizeof(medium));
	out_printf(out, "disk %s of %llu sectors%s\n", medium,
		   (unsigned long long)READ_ONCE(blk->disk.sectors),
		   blk->disk.read_only ? ", read-only" : "");
}

const struct virtio_ops virtio_blk_ops = {
	.name = "block",
	.type = VIRTIO_ID_BLOCK,
	.nr_queues = 1,
	.features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH,
	.config_len = CONFIG_LEN,
	.check = blk_check,
	.probe = blk_probe,
	.remove = blk_remove,
	.serve = blk_serve,
	.config_read = blk_config_read,
	.show = blk_show,
};
