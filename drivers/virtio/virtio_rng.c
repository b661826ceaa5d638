/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio entropy devices of the host (Virtual I/O Device 1.2, 5.4): what they give is stirred into
 * the hypervisor's random numbers, at once and from time to time. One buffer goes round: device,
 * interrupt, work queue, timer; whoever has it owns it.
 */
#include "vio.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/random.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/errno.h>

#define BYTES  64
#define PERIOD 300000000000ull

struct rng {
	struct vio_dev *vd;
	struct work work;
	struct timer timer;
	uint32_t got;
	uint8_t buf[BYTES];
};

static void ask(struct rng *rng)
{
	struct vring *vr = &rng->vd->rings[0];

	if (!vring_begin(vr, 1))
		return;
	vring_put(vr, rng->buf, BYTES, true);
	vring_end(vr, rng);
	vring_kick(vr);
}

static void period_ended(struct timer *timer)
{
	ask(container_of(timer, struct rng, timer));
}

static void stir(struct work *work)
{
	struct rng *rng = container_of(work, struct rng, work);

	random_add(rng->buf, MIN_T(uint32_t, rng->got, BYTES));
	timer_start(&rng->timer, time_now() + PERIOD);
}

static void used(struct vring *vr)
{
	struct rng *rng;

	do {
		rng = vring_get(vr, NULL);
		if (rng)
			work_queue(&rng->work);
	} while (vring_listen(vr));
}

static int rng_probe(struct vio_dev *vd)
{
	static const struct vring_spec ring = { 2, false, used };
	struct rng *rng = heap_zalloc(sizeof(*rng));
	int err;

	if (!rng)
		return -ENOMEM;
	rng->vd = vd;
	vd->priv = rng;
	work_init(&rng->work, stir);
	timer_init(&rng->timer, period_ended);
	err = vio_rings(vd, &ring, 1);
	if (err) {
		heap_free(rng);
		return err;
	}
	vio_ready(vd);
	ask(rng);
	return 0;
}

VIO_DRIVER(rng) {
	.name = "virtio-rng",
	.type = VIO_ID_ENTROPY,
	.probe = rng_probe,
};
