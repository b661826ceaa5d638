/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's side of virtio, written anew from the standard (Virtual I/O Device 1.2, 2.7): it
 * shares only the layout of rings with the driver.
 */
#include "vio_fake.h"

#include <string.h>

#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

/* Devices see memory where the program has it. */
hpa_t mem_va_to_hpa(const void *va)
{
	return (uintptr_t)va;
}

static struct vio_fake *of(struct vio_dev *vd)
{
	return container_of(vd, struct vio_fake, vd);
}

static uint8_t get_status(struct vio_dev *vd)
{
	return of(vd)->status;
}

static void set_status(struct vio_dev *vd, uint8_t status)
{
	struct vio_fake *f = of(vd);

	if (!status)
		memset(f->vr, 0, sizeof(f->vr));
	else
		CHECK((status & f->status) == f->status);	/* bits are only added (2.1.1) */
	if (status & VIO_S_FEATURES_OK && f->refuse_features)
		status &= (uint8_t)~VIO_S_FEATURES_OK;
	f->status = status;
}

static uint64_t get_features(struct vio_dev *vd)
{
	CHECK(of(vd)->status & VIO_S_DRIVER);
	return of(vd)->offered;
}

static void set_features(struct vio_dev *vd, uint64_t features)
{
	CHECK(!(features & ~of(vd)->offered));
	of(vd)->accepted = features;
}

static uint32_t config_read(struct vio_dev *vd, unsigned offset, unsigned width)
{
	uint8_t b[4] = { 0 };

	CHECK(offset % width == 0 && offset + width <= sizeof(of(vd)->config));
	memcpy(b, of(vd)->config + offset, width);
	return get_le32(b);
}

static uint32_t config_generation(struct vio_dev *vd)
{
	return of(vd)->generation;
}

static uint16_t queue_max(struct vio_dev *vd, unsigned index)
{
	return index < FAKE_QUEUES ? of(vd)->queue_max[index] : 0;
}

static int irqs_claim(struct vio_dev *vd)
{
	of(vd)->claimed = true;
	return 0;
}

static void irqs_free(struct vio_dev *vd)
{
	of(vd)->claimed = false;
}

static int queue_enable(struct vio_dev *vd, struct vring *vr)
{
	struct vio_fake *f = of(vd);

	CHECK(f->status & VIO_S_FEATURES_OK && !(f->status & VIO_S_DRIVER_OK));
	CHECK(vr->num && vr->num <= f->queue_max[vr->index] && !(vr->num & (vr->num - 1)));
	CHECK(!((uintptr_t)vr->desc % 16) && !((uintptr_t)vr->avail % 2) &&
	      !((uintptr_t)vr->used % 4));
	f->vr[vr->index] = vr;
	f->seen[vr->index] = f->used[vr->index] = 0;
	return 0;
}

static void notify(struct vio_dev *vd, struct vring *vr)
{
	struct vio_fake *f = of(vd);

	CHECK(f->status & VIO_S_DRIVER_OK);
	f->notified[vr->index]++;
	if (f->serve && f->at_once & BIT32(vr->index)) {
		f->serve(f, vr->index);
		return;
	}
	f->waiting |= BIT32(vr->index);
	if (f->serve)
		timer_start(&f->timer, 0);
}

static void serve_all(struct timer *timer)
{
	struct vio_fake *f = container_of(timer, struct vio_fake, timer);
	uint32_t waiting = f->waiting;
	unsigned q;

	f->waiting = 0;
	for (q = 0; q < FAKE_QUEUES; q++)
		if (waiting & BIT32(q) && f->vr[q])
			f->serve(f, q);
}

static const struct vio_transport transport = {
	.get_status = get_status, .set_status = set_status, .get_features = get_features,
	.set_features = set_features, .config_read = config_read,
	.config_generation = config_generation, .queue_max = queue_max, .irqs_claim = irqs_claim,
	.irqs_free = irqs_free, .queue_enable = queue_enable, .notify = notify,
};

void fake_init(struct vio_fake *f, uint32_t type, uint64_t offered)
{
	unsigned q;

	memset(f, 0, sizeof(*f));
	f->vd.ops = &transport;
	f->vd.type = type;
	strcpy(f->vd.name, "fake");
	f->offered = offered | VIO_F_VERSION_1;
	for (q = 0; q < FAKE_QUEUES; q++)
		f->queue_max[q] = 256;
	timer_init(&f->timer, serve_all);
}

void fake_fini(struct vio_fake *f)
{
	timer_stop(&f->timer);
	while (f->vd.nr_rings)
		vring_fini(&f->vd.rings[--f->vd.nr_rings]);
	heap_free(f->vd.rings);
	f->vd.rings = NULL;
}

/* --- rings --------------------------------------------------------------------------------- */

static void take(struct fake_chain *chain, const struct vring_desc *desc)
{
	uint16_t flags = le16_to_cpu(desc->flags);

	CHECK(chain->n < FAKE_SEGS);
	if (chain->n == FAKE_SEGS)
		return;
	chain->segs[chain->n].p = (uint8_t *)(uintptr_t)le64_to_cpu(desc->addr);
	chain->segs[chain->n].len = le32_to_cpu(desc->len);
	chain->n++;
	if (flags & 2)
		return;
	/* none to read behind one to write (2.7.4.2) */
	CHECK_EQ(chain->nr_out, chain->n - 1);
	chain->nr_out = chain->n;
}

static void take_table(struct vio_fake *f, struct fake_chain *chain, const struct vring_desc *desc)
{
	const struct vring_desc *table = (const void *)(uintptr_t)le64_to_cpu(desc->addr);
	uint32_t n = le32_to_cpu(desc->len) / 16, i;

	CHECK(f->accepted & VIO_F_INDIRECT);
	CHECK(n && le32_to_cpu(desc->len) % 16 == 0 && le16_to_cpu(desc->flags) == 4);
	chain->indirect = true;
	for (i = 0; i < n; i++) {
		take(chain, &table[i]);
		CHECK(!(le16_to_cpu(table[i].flags) & 4));
		CHECK((le16_to_cpu(table[i].flags) & 1) == (i + 1 < n));
		CHECK(i + 1 == n || le16_to_cpu(table[i].next) == i + 1);
	}
}

bool fake_pop(struct vio_fake *f, unsigned queue, struct fake_chain *chain)
{
	struct vring *vr = f->vr[queue];
	uint16_t at, count = 0;

	if (le16_to_cpu(vr->avail->idx) == f->seen[queue])
		return false;
	memset(chain, 0, sizeof(*chain));
	at = chain->head = le16_to_cpu(vr->avail->ring[f->seen[queue]++ % vr->num]);
	CHECK(at < vr->num);
	if (le16_to_cpu(vr->desc[at].flags) & 4) {
		take_table(f, chain, &vr->desc[at]);
	} else {
		for (; ++count <= vr->num; at = le16_to_cpu(vr->desc[at].next)) {
			CHECK(at < vr->num);
			take(chain, &vr->desc[at]);
			if (!(le16_to_cpu(vr->desc[at].flags) & 1))
				break;
		}
		CHECK(count <= vr->num);
	}
	/* Tell me of the next one that you make available. */
	if (f->accepted & VIO_F_EVENT_IDX)
		*vring_avail_event(vr) = cpu_to_le16(f->seen[queue]);
	return true;
}

void fake_push(struct vio_fake *f, unsigned queue, uint32_t head, uint32_t len)
{
	struct vring *vr = f->vr[queue];
	uint16_t old = f->used[queue], event;
	bool wanted = !(le16_to_cpu(vr->avail->flags) & 1);

	vr->used->ring[old % vr->num].id = cpu_to_le32(head);
	vr->used->ring[old % vr->num].len = cpu_to_le32(len);
	f->used[queue]++;
	vr->used->idx = cpu_to_le16(f->used[queue]);
	if (f->accepted & VIO_F_EVENT_IDX) {
		CHECK(wanted);	/* the flag is zero then (2.7.7.1) */
		event = le16_to_cpu(*vring_used_event(vr));
		wanted = event == old;
	}
	if (wanted && vr->callback) {
		f->interrupts[queue]++;
		vr->callback(vr);
	}
}
