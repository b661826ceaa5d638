/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks of guests, between emulated controllers and block devices. A disk has a medium (a block
 * device) or none; the medium can be changed while the guest runs.
 *
 * For an emulator:
 *
 *	check	vdisk_check_medium() of what the node names
 *	probe	vdisk_register(), then vdisk_attach() of what the node names
 *	I/O	one struct vdisk_request for each request in flight (made when the queue is), filled
 *		in as a block_request, vdisk_submit(); done() comes once for each, in any context,
 *		also before vdisk_submit() returns: no lock that done() takes may be held then
 *	reset	stop submitting, then vdisk_drain(): all done() functions have returned
 *	remove	vdisk_unregister(): the same, and the medium is closed
 *
 * A guest whose driver knows of no flush is told that a write has ended when it is on stable
 * storage: see write_through.
 *
 * Without a medium requests end with -ENODEV. While a medium is changed those in flight are waited
 * for, and new ones end with -ENODEV.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/blockdev.h>
#include <core/guest.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <libs/list.h>
#include <libs/util.h>

struct vdisk;

#define VDISK_SHUT BIT32(31)

struct vdisk_ops {
	/**
	 * Medium and with it sectors, block_size or read_only have changed: tell the guest.
	 * Thread context; must not call vdisk_attach(), _detach(), _drain().
	 */
	void (*changed)(struct vdisk *vd);
};

/** A guest's disk; memory of its emulator, who sets ops and priv before vdisk_register(). */
struct vdisk {
	const struct vdisk_ops *ops;
	void *priv;
	bool always_read_only;	/* whatever the medium is */
	/* to read at any time */
	uint64_t sectors;	/* 0: no medium */
	uint32_t block_size;	/* bytes */
	bool read_only;
	/**
	 * A write, zeroing or discard ends only when a flush behind it has. One flush is for all
	 * that ended before it began. Set while no request is in flight.
	 */
	bool write_through;
	/* the class's */
	struct guest *guest;
	char name[GUEST_NAME_MAX + 48]; /* "guest/node" */
	struct list link;
	unsigned refs;
	struct mutex lock;	/* medium */
	struct blockdev *bd;
	uint32_t gate;		/* requests in flight, and VDISK_SHUT; atomic */
	struct completion drained;
	spinlock_t through_lock; /* what follows */
	struct list unflushed;	/* requests that wait for the next flush, by rq.link */
	struct list flushing;	/* those that the flush on its way is for */
	bool flush_on_way;
	struct work through_work;
	struct block_request flush;
	unsigned long reads, writes, errors; /* requests; atomic */
};

/** A request of a guest. rq is filled in as for blockdev_submit(), all but rq.done. */
struct vdisk_request {
	struct block_request rq;
	struct vdisk *vdisk;
	/** It has ended, rq.status says how. Any context; see block_request.done. */
	void (*done)(struct vdisk_request *vr);
};

/* --- for emulators -------------------------------------------------------------------------- */

/**
 * A disk without a medium is there; its name is "<guest>/<node>". Thread context.
 * @return 0, -EEXIST
 */
must_check int vdisk_register(struct vdisk *vd, struct guest *guest, const char *node);
/** Wait for requests in flight and for commands that use it, close the medium. Thread context. */
void vdisk_unregister(struct vdisk *vd);
/** Begin a request. Thread context. */
void vdisk_submit(struct vdisk_request *vr);
/**
 * Wait until no request is in flight; new ones end with -ENODEV meanwhile. Thread context, may
 * sleep as long as a disk of the host takes to answer.
 */
void vdisk_drain(struct vdisk *vd);

/* --- medium --------------------------------------------------------------------------------- */

/** Stands for no medium where one is named. */
#define VDISK_NONE "none"

/**
 * Is there such a block device or file, as far as can be told without opening it? Thread context.
 * @param why  gets the reason as a sentence without full stop when there is not
 * @return 0, -ENOENT, -EINVAL …
 */
must_check int vdisk_check_medium(const char *medium, char *why, size_t len);
/**
 * Give it this block device or file, or VDISK_NONE; read-only where it cannot be written. What it
 * had is detached first. Thread context.
 * @param why  gets the reason as a sentence without full stop when it fails: it keeps what it had
 * @return as blockdev_open()
 */
must_check int vdisk_attach(struct vdisk *vd, const char *medium, char *why, size_t len);
/** The same, so that the guest cannot write it; others may read it meanwhile, too. */
must_check int vdisk_attach_read_only(struct vdisk *vd, const char *medium, char *why, size_t len);
/** Take the medium away. Thread context. @return 0, -ENODEV: there was none */
must_check int vdisk_detach(struct vdisk *vd);
/** Requests that have not ended, at this moment. */
static inline uint32_t vdisk_in_flight(const struct vdisk *vd)
{
	return READ_ONCE(vd->gate) & ~VDISK_SHUT;
}
/** Name of the medium as it is now (a path, of a file), cut to fit; "-" for none. */
void vdisk_medium(struct vdisk *vd, char *buf, size_t size);

/* --- finding -------------------------------------------------------------------------------- */

/**
 * Find by name and hold: "guest/node", "guest/diskN" (the guest's disk N, from 0) or, when it has
 * one disk only, "guest". NULL: there is none.
 */
struct vdisk *vdisk_find(const char *name);
void vdisk_put(struct vdisk *vd);
/** Iterate under the list's lock, which these take. Disks of a guest follow each other. */
void vdisk_list_lock(void);
void vdisk_list_unlock(void);
struct vdisk *vdisk_next(struct vdisk *prev);
