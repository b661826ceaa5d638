/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio balloon (Virtual I/O Device 1.2, 5.5): pages that the guest gives go back to the host, and
 * so do those that it reports as free. Both come again, zeroed, when they are touched; so the guest
 * need not tell when it takes them back. The queues' locks guard what each of them does; the
 * statistics buffer is the one's of its queue.
 */
#include <core/balloon.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "virtio.h"

#define F_STATS		 BIT(1)
#define F_DEFLATE_ON_OOM BIT(2)
#define F_REPORTING	 BIT(5)

/* Queues: those behind the first two are there if their feature is, without gaps. */
#define QUEUE_INFLATE 0
#define QUEUE_DEFLATE 1
#define QUEUE_MORE    2

/* Configuration space (5.5.4). */
#define CONFIG_NUM_PAGES 0
#define CONFIG_ACTUAL	 4
#define CONFIG_LEN	 16

#define PFN_SHIFT  12
#define PFNS	   64	  /* looked at at a time */
#define PFNS_MAX   4096 /* of a request */
#define STAT_LEN   10

struct balloon {
	struct guest_balloon class;
	struct virtio_dev *vd;
	struct vq_chain *stats; /* kept until new ones are wanted */
	bool released;		/* something was, since the last look; atomic */
};

static bool is_stats(const struct virtqueue *vq)
{
	return virtio_has(vq->vd, F_STATS) && vq->index == QUEUE_MORE;
}

static bool is_reporting(const struct virtqueue *vq)
{
	return virtio_has(vq->vd, F_REPORTING) &&
	       vq->index == QUEUE_MORE + virtio_has(vq->vd, F_STATS);
}

/* --- pages -------------------------------------------------------------------------------- */

/** Before the guest is told: nothing of it is reached any more. */
static void end_release(struct virtio_dev *vd, uint64_t bytes)
{
	struct balloon *b = vd->priv;

	if (!bytes)
		return;
	guest_mem_released(vd->dev->guest);
	__atomic_store_n(&b->released, true, __ATOMIC_RELAXED);
}

/** Pages by their numbers (5.5.6): runs of them at once. */
static bool inflate(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	uint64_t first = 0, n = 0, bytes = 0;
	uint8_t pfns[4 * PFNS];
	size_t got, at;

	if (chain->out_len > 4 * PFNS_MAX) {
		virtio_broken(vd, "%llu bytes of page numbers in a request, more than %u",
			      (unsigned long long)chain->out_len, 4 * PFNS_MAX);
		vq_push(chain, 0);
		return false;
	}
	for (uint64_t off = 0; (got = vq_read(chain, off, pfns, sizeof(pfns))); off += got) {
		for (at = 0; at + 4 <= got; at += 4) {
			uint32_t pfn = get_le32(pfns + at);

			if (n && pfn == first + n) {
				n++;
				continue;
			}
			bytes += guest_mem_release(vd->dev->guest, first << PFN_SHIFT,
						   n << PFN_SHIFT);
			first = pfn;
			n = 1;
		}
	}
	bytes += guest_mem_release(vd->dev->guest, first << PFN_SHIFT, n << PFN_SHIFT);
	end_release(vd, bytes);
	vq_push(chain, 0);
	return true;
}

/** They come again by themselves. */
static bool deflate(struct vq_chain *chain)
{
	vq_push(chain, 0);
	return true;
}

/** Buffers that are free memory (5.5.6.7), until they are given back. */
static bool report(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	struct balloon *b = vd->priv;
	uint64_t bytes = 0;

	for (unsigned i = chain->nr_out; i < chain->nr_out + chain->nr_in; i++)
		bytes += guest_mem_release(vd->dev->guest, vq_seg_gpa(&chain->segs[i]),
					   chain->segs[i].len);
	b->class.reported += bytes;
	end_release(vd, bytes);
	vq_push(chain, 0);
	return true;
}

/* --- statistics --------------------------------------------------------------------------- */

/** A buffer with what the guest knows (5.5.6.3): it is kept, so that the guest can be asked. */
static bool take_stats(struct vq_chain *chain)
{
	struct balloon *b = chain->vq->vd->priv;
	uint8_t stat[STAT_LEN];

	for (uint64_t off = 0; vq_read(chain, off, stat, STAT_LEN) == STAT_LEN; off += STAT_LEN) {
		uint16_t tag = get_le16(stat);

		if (tag < BALLOON_STATS) {
			b->class.stats[tag] = get_le64(stat + 2);
			b->class.known |= BIT32(tag);
		}
		if (off > UINT16_MAX)
			break;
	}
	/* One at a time: a second one goes back at once. */
	if (b->stats)
		vq_push(chain, 0);
	else
		b->stats = chain;
	__atomic_fetch_add(&b->class.told, 1, __ATOMIC_RELEASE);
	return true;
}

static bool give_stats_back(struct virtio_dev *vd, struct virtqueue *vq)
{
	struct balloon *b = vd->priv;
	struct vq_chain *chain;

	mutex_lock(&vq->lock);
	chain = b->stats;
	b->stats = NULL;
	if (chain) {
		vq_push(chain, 0);
		vq_signal(vq);
	}
	mutex_unlock(&vq->lock);
	return chain;
}

static bool balloon_ask(struct guest_balloon *class)
{
	struct balloon *b = container_of(class, struct balloon, class);
	struct virtqueue *vq = &b->vd->queues[QUEUE_MORE];

	return virtio_live(b->vd) && is_stats(vq) && give_stats_back(b->vd, vq);
}

/* --- device ------------------------------------------------------------------------------- */

static void balloon_set(struct guest_balloon *class, uint32_t pages)
{
	struct balloon *b = container_of(class, struct balloon, class);

	WRITE_ONCE(class->target, pages);
	virtio_config_changed(b->vd);
}

static bool balloon_serve(struct virtio_dev *vd, struct virtqueue *vq)
{
	if (vq->index == QUEUE_INFLATE)
		return vq_serve(vq, inflate);
	if (vq->index == QUEUE_DEFLATE)
		return vq_serve(vq, deflate);
	if (is_stats(vq))
		return vq_serve(vq, take_stats);
	return is_reporting(vq) && vq_serve(vq, report);
}

static void balloon_after(struct virtio_dev *vd)
{
	struct balloon *b = vd->priv;

	if (__atomic_exchange_n(&b->released, false, __ATOMIC_RELAXED))
		guest_mem_settle(vd->dev->guest);
}

static void balloon_start(struct virtio_dev *vd)
{
	struct virtqueue *stats = &vd->queues[QUEUE_MORE];
	struct balloon *b = vd->priv;
	bool more;

	for (unsigned i = 0; i < vd->nr_queues; i++)
		vq_set_raw(&vd->queues[i], is_reporting(&vd->queues[i]));
	b->class.running = true;
	/* Linux puts the first buffer up, and says so, before it is ready. */
	mutex_lock(&stats->lock);
	more = is_stats(stats) && vq_serve(stats, take_stats);
	mutex_unlock(&stats->lock);
	(void)more; /* it has one; of others it says so when it is ready */
}

static void balloon_cancel(struct virtio_dev *vd, struct virtqueue *vq)
{
	if (is_stats(vq))
		(void)give_stats_back(vd, vq);
}

/** What it has given it has no more: how much that was is for the next driver to say. */
static void balloon_reset(struct virtio_dev *vd)
{
	struct balloon *b = vd->priv;

	for (unsigned i = 0; i < vd->nr_queues; i++)
		vq_set_raw(&vd->queues[i], false);
	b->class.running = false;
	b->class.actual = 0;
	b->class.known = 0;
}

static void balloon_config_read(struct virtio_dev *vd, uint8_t *buf)
{
	const struct balloon *b = vd->priv;

	put_le32(buf + CONFIG_NUM_PAGES, READ_ONCE(b->class.target));
	put_le32(buf + CONFIG_ACTUAL, b->class.actual);
}

static void balloon_config_write(struct virtio_dev *vd, unsigned offset, unsigned n,
				 uint64_t value)
{
	struct balloon *b = vd->priv;

	if (offset == CONFIG_ACTUAL && n == 4)
		WRITE_ONCE(b->class.actual, (uint32_t)value);
}

static int balloon_probe(struct virtio_dev *vd)
{
	struct guest *guest = vd->dev->guest;
	struct balloon *b;

	if (guest->balloon)
		return emu_fail(vd->dev, -EEXIST, "the guest has another balloon");
	b = heap_zalloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->vd = vd;
	b->class.set = balloon_set;
	b->class.ask = balloon_ask;
	vd->priv = b;
	guest->balloon = &b->class;
	guest->mem_moves = true;
	return 0;
}

static void balloon_remove(struct virtio_dev *vd)
{
	vd->dev->guest->balloon = NULL;
	heap_free(vd->priv);
}

static void balloon_show(struct virtio_dev *vd, struct shell_out *out)
{
	const struct balloon *b = vd->priv;

	out_printf(out, "balloon: %u pages asked for, %u given; %llu KiB were reported as free\n",
		   b->class.target, b->class.actual, (unsigned long long)b->class.reported / KIB);
}

const struct virtio_ops virtio_balloon_ops = {
	.name = "balloon",
	.type = VIRTIO_ID_BALLOON,
	.nr_queues = 4,
	.queue_size = 128,
	.pool_size = 8192,
	.features = F_STATS | F_DEFLATE_ON_OOM | F_REPORTING,
	.config_len = CONFIG_LEN,
	.probe = balloon_probe,
	.remove = balloon_remove,
	.reset = balloon_reset,
	.cancel = balloon_cancel,
	.start = balloon_start,
	.serve = balloon_serve,
	.after = balloon_after,
	.config_read = balloon_config_read,
	.config_write = balloon_config_write,
	.show = balloon_show,
};
