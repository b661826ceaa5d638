/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio devices of the host (Virtual I/O Device 1.2, driver side): the small bus between the
 * transports, which find devices, and the drivers, which declare the type that they drive. Names
 * begin with "vio" because "virtio" is what guests' emulated devices are called.
 *
 * A device belongs to its driver from probe() on. A ring is guarded by its driver's own lock, or
 * used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/dev.h>
#include <libs/util.h>

struct vio_dev;
struct vring;

/* Device types (5). */
#define VIO_ID_NET     1
#define VIO_ID_BLOCK   2
#define VIO_ID_CONSOLE 3
#define VIO_ID_ENTROPY 4

/* Device status (2.1). */
#define VIO_S_ACKNOWLEDGE 0x01
#define VIO_S_DRIVER	  0x02
#define VIO_S_DRIVER_OK	  0x04
#define VIO_S_FEATURES_OK 0x08
#define VIO_S_NEEDS_RESET 0x40
#define VIO_S_FAILED	  0x80

/* Features of every device (6). */
#define VIO_F_INDIRECT	      BIT(28)
#define VIO_F_EVENT_IDX	      BIT(29)
#define VIO_F_VERSION_1	      BIT(32)
#define VIO_F_ACCESS_PLATFORM BIT(33)
#define VIO_F_ORDER_PLATFORM  BIT(36)

/* Interrupt status, of a device without a vector for each cause. */
#define VIO_INT_RING   1
#define VIO_INT_CONFIG 2

/** What a transport supplies. Thread context unless said otherwise. */
struct vio_transport {
	uint8_t (*get_status)(struct vio_dev *vd);
	/** 0 resets the device, and waits until it has done so. */
	void (*set_status)(struct vio_dev *vd, uint8_t status);
	uint64_t (*get_features)(struct vio_dev *vd);
	void (*set_features)(struct vio_dev *vd, uint64_t features);
	/** Read 1, 2 or 4 bytes of configuration space at an aligned offset. Any context. */
	uint32_t (*config_read)(struct vio_dev *vd, unsigned offset, unsigned width);
	/** Changes whenever configuration space does. Any context. */
	uint32_t (*config_generation)(struct vio_dev *vd);
	/** Largest size of a queue; 0: there is no such queue. */
	uint16_t (*queue_max)(struct vio_dev *vd, unsigned index);
	/** Claim interrupts for vd->nr_rings rings. @return 0 or negative errno */
	int (*irqs_claim)(struct vio_dev *vd);
	void (*irqs_free)(struct vio_dev *vd);
	/** Tell the device where a ring is, and enable it. @return 0 or negative errno */
	int (*queue_enable)(struct vio_dev *vd, struct vring *vr);
	/** There is something new in a ring. Any context. */
	void (*notify)(struct vio_dev *vd, struct vring *vr);
};

struct vio_driver {
	const char *name;
	uint32_t type;
	uint64_t features;	/* that it can use, besides those that rings use */
	/** Leave out features that are of no use without others. May be NULL: no such ones. */
	uint64_t (*choose)(uint64_t offered);
	/**
	 * Thread context; vd->features are negotiated. Sets vd->priv, makes the rings by
	 * vio_rings(), calls vio_ready().
	 * @return 0, or negative errno: said in the log
	 */
	int (*probe)(struct vio_dev *vd);
	/** Configuration space has changed. Interrupt context. May be NULL. */
	void (*config_changed)(struct vio_dev *vd);
};

/** Declare a driver: `VIO_DRIVER(blk) { .name = …, };` */
#define VIO_DRIVER(ident)                                                                           \
	static const struct vio_driver vio_driver_##ident;                                          \
	SECTION_PTR(".table.vio_driver", struct vio_driver, vio_driver_##ident);                    \
	static const struct vio_driver vio_driver_##ident =

/** A device; part of what its transport allocates, which fills in the first part. */
struct vio_dev {
	const struct vio_transport *ops;
	uint32_t type;
	bool coherent;		/* with the CPUs' caches, whatever the device says of itself */
	char name[48];		/* for messages: path in the device tree, or PCI address */
	/* the bus's */
	const struct vio_driver *driver;
	void *priv;		/* the driver's */
	uint64_t features;
	struct vring *rings;
	unsigned nr_rings;
};

/** A transport has found a device: reset it and give it to its driver. @return 0 or negative errno,
 * said in the log but for -ENODEV: no driver for its type */
must_check int vio_register(struct vio_dev *vd);
/** Up-call of transports: the device interrupts, for VIO_INT_… Interrupt context. */
void vio_interrupt(struct vio_dev *vd, uint32_t causes);

static inline bool vio_has(const struct vio_dev *vd, uint64_t feature)
{
	return vd->features & feature;
}

/** Fields of configuration space. Any context. */
static inline uint8_t vio_config8(struct vio_dev *vd, unsigned offset)
{
	return (uint8_t)vd->ops->config_read(vd, offset, 1);
}
static inline uint16_t vio_config16(struct vio_dev *vd, unsigned offset)
{
	return (uint16_t)vd->ops->config_read(vd, offset, 2);
}
static inline uint32_t vio_config32(struct vio_dev *vd, unsigned offset)
{
	return vd->ops->config_read(vd, offset, 4);
}
/** Both halves of the same moment (4.2.2.2, 2.5.1). */
uint64_t vio_config64(struct vio_dev *vd, unsigned offset);

struct vring_spec {
	uint16_t max;		/* entries that the driver wants at most, power of two */
	bool indirect;		/* chains are to be in tables of their own where they fit */
	void (*callback)(struct vring *vr);	/* buffers were used; interrupt context; or NULL */
};
/** Make the device's rings 0 … n-1, in probe(). @return 0 or negative errno, said in the log */
must_check int vio_rings(struct vio_dev *vd, const struct vring_spec *specs, unsigned n);
/** The device may work from now on. */
void vio_ready(struct vio_dev *vd);

/* --- rings ------------------------------------------------------------------------------- */

/** Longest chain that goes into a table. */
#define VRING_TABLE 8

/* As the device sees them: little-endian (2.7). */
struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
struct vring_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];	/* then: used_event */
};
struct vring_used {
	uint16_t flags;
	uint16_t idx;
	struct {
		uint32_t id;
		uint32_t len;
	} ring[];		/* then: avail_event */
};

/* What we know of a descriptor; what is in the ring can be read by the device only. */
struct vring_slot {
	void *cookie;		/* of the chain that begins here; NULL: none does */
	uint16_t next;		/* in the chain, or of the free ones */
	uint16_t count;		/* descriptors of the ring that the chain takes */
};

struct vring {
	struct vio_dev *dev;
	uint16_t index;		/* of the queue in the device */
	uint16_t num;		/* size, power of two */
	bool broken;		/* the device used what it was not given */
	bool event_idx;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_slot *slots;
	struct vring_desc *tables; /* VRING_TABLE for each slot; NULL: none */
	uint16_t free, nr_free;
	uint16_t avail_idx;	/* as published */
	uint16_t last_used;	/* next entry of the used ring */
	uint16_t kicked;	/* avail_idx of the last look whether to notify */
	/* the chain that is being made */
	uint16_t head, tail, left;
	struct vring_desc *at;	/* next entry of its table; NULL: in the ring */
	void (*callback)(struct vring *vr);
	void *priv;		/* the transport's */
	size_t pages;
};

/** Entries of the available ring after the last index: the event word of the other direction. */
static inline uint16_t *vring_used_event(struct vring *vr)
{
	return &vr->avail->ring[vr->num];
}
static inline uint16_t *vring_avail_event(struct vring *vr)
{
	return (uint16_t *)&vr->used->ring[vr->num];
}

/** Allocate. @param num  power of two @return 0 or -ENOMEM */
must_check int vring_init(struct vring *vr, uint16_t num, bool indirect);
void vring_fini(struct vring *vr);
/**
 * Begin a chain of n buffers, 1 or more: what the device reads first, then what it writes.
 * @return false: no room for it now
 */
must_check bool vring_begin(struct vring *vr, unsigned n);
/** The next of the n buffers; memory that is contiguous to devices. */
void vring_put(struct vring *vr, const void *va, uint32_t len, bool device_writes);
/** After the last: the device may have it. @param cookie  not NULL; comes back by vring_get() */
void vring_end(struct vring *vr, void *cookie);
/** Notify the device of new chains, unless it does not want that. */
void vring_kick(struct vring *vr);
/**
 * Take a chain that the device has used.
 * @param written  gets the bytes that it says it wrote; may be NULL
 * @return its cookie; NULL when there is none
 */
void *vring_get(struct vring *vr, uint32_t *written);
/** Ask for no more interrupts: a hint. */
void vring_quiet(struct vring *vr);
/** Ask for an interrupt at the next used chain. @return true when there are some already */
must_check bool vring_listen(struct vring *vr);
