/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio disk (Virtual I/O Device 1.2, 5.2) on a guest's disk of core, which has the medium. A
 * request of the guest becomes one of the disk, with the guest's own memory as its data, and ends
 * when that does: in the same exit, or later in any context. Nobody waits for a disk here but who
 * resets the device. State does not change after probe.
 */
#include <core/mem.h>
#include <core/shell.h>
#include <core/vdisk.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "virtio.h"

#define F_SEG_MAX      BIT(2)
#define F_RO	       BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH	       BIT(9)
#define F_TOPOLOGY     BIT(10)
#define F_MQ	       BIT(12)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

/* Configuration space (5.2.4). */
#define CONFIG_CAPACITY		0
#define CONFIG_SEG_MAX		12
#define CONFIG_BLK_SIZE		20
#define CONFIG_PHYSICAL_EXP	24
#define CONFIG_MIN_IO		26
#define CONFIG_OPT_IO		28
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

#define QUEUE_SIZE  128
#define QUEUES_MAX  8
#define POOL_SIZE   (16 * KIB)
#define HEADER_LEN  16
#define RANGE_LEN   16
#define ID_LEN	    20
#define RANGE_FLAG_UNMAP    BIT32(0)
#define DISCARD_SECTORS_MAX (64 * MIB / SECTOR_SIZE)
#define OPT_IO_BYTES	    (64 * KIB)

struct blk {
	struct vdisk disk;
	char id[ID_LEN];
};

/** What a request of the guest has to itself, beside its buffers. */
struct blk_request {
	struct vdisk_request vr;
	uint8_t *status;  /* the last byte of what we write */
	uint32_t written; /* bytes in the guest's buffers, if it ends well */
};

static struct vq_chain *chain_of(struct blk_request *req)
{
	return (struct vq_chain *)req - 1;
}

static void end(struct blk_request *req, uint8_t status)
{
	*req->status = status;
	/* The driver may rely on the first bytes of its buffers only when all of them are there. */
	vq_complete(chain_of(req), status == S_OK ? req->written : 0);
}

static void ended(struct vdisk_request *vr)
{
	int err = vr->rq.status;

	end(container_of(vr, struct blk_request, vr),
	    likely(!err) ? S_OK : err == -ENOTSUP ? S_UNSUPP : S_IOERR);
}

static void submit(struct blk_request *req, struct blk *blk, enum block_op op, uint64_t sectors)
{
	req->vr.rq.op = op;
	req->vr.rq.sectors = sectors;
	req->vr.vdisk = &blk->disk;
	req->vr.done = ended;
	vdisk_submit(&req->vr);
}

/** Take the first n bytes off a list of segments. @return segments that are gone */
static unsigned skip(struct mem_seg *segs, uint32_t n)
{
	unsigned gone = 0;

	while (n >= segs->len) {
		n -= segs->len;
		segs++;
		gone++;
		if (!n)
			return gone;
	}
	segs->va = (uint8_t *)segs->va + n;
	segs->len -= n;
	return gone;
}

/** Read or write: the segments of the guest, without header and status, are the disk's. */
static void do_data(struct blk_request *req, struct blk *blk, bool write)
{
	struct vq_chain *chain = chain_of(req);
	struct block_request *rq = &req->vr.rq;
	uint64_t bytes = write ? chain->out_len - HEADER_LEN : chain->in_len - 1;
	struct mem_seg *last = &chain->segs[chain->nr_out + chain->nr_in - 1];
	unsigned gone;

	if (write) {
		gone = skip(chain->segs, HEADER_LEN);
		rq->segs = chain->segs + gone;
		rq->nr_segs = chain->nr_out - gone;
		req->written = chain->in_len == 1;
	} else {
		rq->segs = chain->segs + chain->nr_out;
		rq->nr_segs = chain->nr_in - (last->len == 1);
		last->len--;
		req->written = (uint32_t)MIN_T(uint64_t, chain->in_len, UINT32_MAX);
	}
	if (unlikely(bytes % SECTOR_SIZE || (write && blk->disk.read_only)))
		end(req, S_IOERR);
	else if (unlikely(!bytes))
		end(req, S_OK);
	else
		submit(req, blk, write ? BLOCK_WRITE : BLOCK_READ, bytes / SECTOR_SIZE);
}

static void do_id(struct blk_request *req, const struct blk *blk)
{
	struct vq_chain *chain = chain_of(req);
	size_t n = MIN_T(uint64_t, ID_LEN, chain->in_len - 1);

	vq_write(chain, 0, blk->id, n);
	req->written = (uint32_t)(n == chain->in_len - 1 ? n + 1 : n);
	end(req, S_OK);
}

/** Discard or write zeroes: one range of sectors (5.2.6), as the configuration says. */
static void do_range(struct blk_request *req, struct blk *blk, bool discard)
{
	struct vq_chain *chain = chain_of(req);
	uint8_t range[RANGE_LEN];
	uint32_t flags, sectors;

	req->written = chain->in_len == 1;
	if (blk->disk.read_only || chain->out_len != HEADER_LEN + RANGE_LEN) {
		end(req, S_IOERR);
		return;
	}
	vq_read(chain, HEADER_LEN, range, sizeof(range));
	req->vr.rq.sector = get_le64(range);
	sectors = get_le32(range + 8);
	flags = get_le32(range + 12);
	if (flags & ~RANGE_FLAG_UNMAP || (discard && flags))
		end(req, S_UNSUPP);
	else if (sectors > (discard ? DISCARD_SECTORS_MAX : BLOCK_ZERO_MAX))
		end(req, S_IOERR);
	else if (!sectors)
		end(req, S_OK);
	else
		submit(req, blk, discard ? BLOCK_DISCARD : BLOCK_ZERO, sectors);
}

static inline void dispatch(struct blk_request *req, struct virtio_dev *vd, uint32_t type)
{
	struct blk *blk = vd->priv;

	switch (type) {
	case T_IN:
	case T_OUT:
		do_data(req, blk, type == T_OUT);
		return;
	case T_FLUSH:
		req->written = chain_of(req)->in_len == 1;
		submit(req, blk, BLOCK_FLUSH, 0);
		return;
	case T_GET_ID:
		do_id(req, blk);
		return;
	case T_DISCARD:
	case T_WRITE_ZEROES:
		if (!virtio_has(vd, type == T_DISCARD ? F_DISCARD : F_WRITE_ZEROES))
			break;
		do_range(req, blk, type == T_DISCARD);
		return;
	}
	end(req, S_UNSUPP);
}

/** A request's header, wherever its bytes lie. @return its type; the sector is put into req */
static noinline_fn uint32_t gather_header(const struct vq_chain *chain, struct blk_request *req)
{
	uint8_t header[HEADER_LEN];

	vq_read(chain, 0, header, HEADER_LEN);
	req->vr.rq.sector = get_le64(header + 8);
	return get_le32(header);
}

/** The same; each field is copied once. Cheap where they lie as usual. */
static inline uint32_t read_header(const struct vq_chain *chain, struct blk_request *req)
{
	const uint64_t *p = chain->segs[0].va;

	if (unlikely(chain->segs[0].len < HEADER_LEN || (uintptr_t)p & 7))
		return gather_header(chain, req);
	req->vr.rq.sector = le64_to_cpu(__atomic_load_n(&p[1], __ATOMIC_RELAXED));
	return le32_to_cpu(__atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED));
}

static bool serve_one(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	struct blk_request *req = vq_private(chain);
	struct mem_seg *last = &chain->segs[chain->nr_out + chain->nr_in - 1];

	if (unlikely(chain->out_len < HEADER_LEN || !chain->in_len)) {
		virtio_broken(vd, "a request without 16 bytes of header or a byte for the result");
		vq_push(chain, 0);
		return false;
	}
	req->status = (uint8_t *)last->va + last->len - 1;
	req->vr.rq.segs = NULL;
	req->vr.rq.nr_segs = 0;
	dispatch(req, vd, read_header(chain, req));
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
	put_le32(buf + CONFIG_SEG_MAX, QUEUE_SIZE - 2);
	put_le32(buf + CONFIG_BLK_SIZE, READ_ONCE(blk->disk.block_size));
	put_le16(buf + CONFIG_MIN_IO, 1);
	put_le32(buf + CONFIG_OPT_IO, OPT_IO_BYTES / READ_ONCE(blk->disk.block_size));
	put_le16(buf + CONFIG_NUM_QUEUES, (uint16_t)vd->nr_queues);
	put_le32(buf + CONFIG_DISCARD_SECTORS, DISCARD_SECTORS_MAX);
	put_le32(buf + CONFIG_DISCARD_SEG, 1);
	put_le32(buf + CONFIG_DISCARD_ALIGN, 1);
	put_le32(buf + CONFIG_ZEROES_SECTORS, BLOCK_ZERO_MAX);
	put_le32(buf + CONFIG_ZEROES_SEG, 1);
	buf[CONFIG_ZEROES_UNMAP] = 1;
}

static unsigned blk_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	const char *name = dt_string(node, "blkdev", 0);
	char why[BLOCK_WHY_MAX];

	if (!vdisk_check_medium(name, why, sizeof(why)))
		return 0;
	out_printf(out, "%s: blkdev=\"%s\": %s.\n", path, name, why);
	return 1;
}

/** Another medium, or none: the driver reads the capacity again (5.2.5.1). */
static void blk_changed(struct vdisk *disk)
{
	virtio_config_changed(disk->priv);
}

static const struct vdisk_ops disk_ops = { .changed = blk_changed };

static cold_fn int blk_probe(struct virtio_dev *vd)
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
	if (vd->nr_queues > 1)
		vd->features |= F_MQ;
	vd->priv = blk;
	return 0;
}

static void blk_remove(struct virtio_dev *vd)
{
	struct blk *blk = vd->priv;

	vdisk_unregister(&blk->disk);
	heap_free(blk);
}

/** A driver without flushes takes each write that has ended for safe (5.2.3, 5.2.6). */
static void blk_start(struct virtio_dev *vd)
{
	struct blk *blk = vd->priv;

	blk->disk.write_through = !virtio_has(vd, F_FLUSH);
}

static void blk_show(struct virtio_dev *vd, struct shell_out *out)
{
	struct blk *blk = vd->priv;
	char medium[BLOCK_NAME_MAX];

	vdisk_medium(&blk->disk, medium, sizeof(medium));
	out_printf(out, "disk %s of %llu sectors%s\n", medium,
		   (unsigned long long)READ_ONCE(blk->disk.sectors),
		   blk->disk.read_only ? ", read-only" :
		   blk->disk.write_through ? ", each write flushed" : "");
}

/** One for each vCPU, so that they do not wait for each other. */
static unsigned blk_queues(const struct emu_dev *dev)
{
	return MAX(MIN(dev->guest->nr_vcpus, (unsigned)QUEUES_MAX), 1u);
}

const struct virtio_ops virtio_blk_ops = {
	.name = "block",
	.type = VIRTIO_ID_BLOCK,
	.count_queues = blk_queues,
	.queue_size = QUEUE_SIZE,
	.request_size = sizeof(struct blk_request),
	.pool_size = POOL_SIZE,
	.features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY,
	.config_len = CONFIG_LEN,
	.check = blk_check,
	.probe = blk_probe,
	.remove = blk_remove,
	.start = blk_start,
	.serve = blk_serve,
	.config_read = blk_config_read,
	.show = blk_show,
};
