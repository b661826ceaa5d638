/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio entropy device (Virtual I/O Device 1.2, 5.4): fills the guest's buffers with random bytes
 * of the hypervisor's generator. It has no state of its own.
 */
#include <core/random.h>
#include <libs/errno.h>

#include "virtio.h"

/* Most that one request gets; the driver sees how much it was, and asks again. */
#define REQUEST_MAX 4096u

static bool fill(struct vq_chain *chain)
{
	const struct mem_seg *seg = chain->segs + chain->nr_out;
	uint32_t n = (uint32_t)MIN_T(uint64_t, chain->in_len, REQUEST_MAX), done = 0;

	for (; done < n; seg++) {
		uint32_t len = MIN(seg->len, n - done);

		random_bytes(seg->va, len);
		done += len;
	}
	vq_push(chain, n);
	return true;
}

static bool rng_serve(struct virtio_dev *vd, struct virtqueue *vq)
{
	return vq_serve(vq, fill);
}

static int rng_probe(struct virtio_dev *vd)
{
	return 0;
}

static void rng_remove(struct virtio_dev *vd)
{
}

const struct virtio_ops virtio_rng_ops = {
	.name = "entropy",
	.type = VIRTIO_ID_ENTROPY,
	.nr_queues = 1,
	.queue_size = 64,
	.pool_size = 2048,
	.probe = rng_probe,
	.remove = rng_remove,
	.serve = rng_serve,
};
