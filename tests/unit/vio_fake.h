/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio device for the host's drivers: a transport without hardware, and the device's side of
 * rings, which trusts the driver in nothing. It serves notified queues a microsecond later.
 */
#pragma once

#include "emu_world.h"
#include "unit.h"

#include "../../drivers/virtio/vio.h"

#define FAKE_QUEUES 3
#define FAKE_SEGS   160

struct vio_fake {
	struct vio_dev vd;
	uint64_t offered, accepted;
	uint8_t status;
	uint8_t config[64];
	uint32_t generation;
	uint16_t queue_max[FAKE_QUEUES];
	bool refuse_features, claimed;
	struct vring *vr[FAKE_QUEUES];	/* enabled ones */
	uint16_t seen[FAKE_QUEUES];	/* available entries taken */
	uint16_t used[FAKE_QUEUES];
	unsigned notified[FAKE_QUEUES], interrupts[FAKE_QUEUES];
	struct timer timer;
	/** Called for each queue that was notified. NULL: nothing is done. */
	void (*serve)(struct vio_fake *f, unsigned queue);
	uint32_t waiting;		/* queues */
	uint32_t at_once;		/* queues that are served within the notification */
};

/** A chain as the device gets it. */
struct fake_chain {
	uint16_t head;
	bool indirect;
	unsigned n, nr_out;		/* segments; those that the device reads come first */
	struct {
		uint8_t *p;
		uint32_t len;
	} segs[FAKE_SEGS];
};

void fake_init(struct vio_fake *f, uint32_t type, uint64_t offered);
/** Rings and interrupts go, as when the device is taken away. */
void fake_fini(struct vio_fake *f);
/** Take the next chain. @return false: there is none */
bool fake_pop(struct vio_fake *f, unsigned queue, struct fake_chain *chain);
/** Give one back, and interrupt if the driver waits for that. */
void fake_push(struct vio_fake *f, unsigned queue, uint32_t head, uint32_t len);
