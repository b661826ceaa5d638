/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices of the host: disks, partitions, RAM disks, files. Requests are asynchronous: they
 * are handed to a device in thread context and end, in any order and any context, by a call.
 *
 * One mutex guards the list of devices and who has them open. Submitting takes no lock here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/list.h>
#include <libs/seg.h>
#include <libs/util.h>

#define SECTOR_SIZE 512

/** Room for a device's name. */
#define BLOCK_NAME_MAX 24

struct blockdev;

/**
 * DISCARD: the contents are not needed any more; a device that cannot use that does nothing.
 * ZERO: the sectors read as zeros from now on.
 */
enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZERO };

/** A ZERO request may have so many sectors, unless the device has can_zero: then any number. */
#define BLOCK_ZERO_MAX 2048

/**
 * One request. It belongs to its owner, who fills in the first part; from blockdev_submit() until
 * done() it is the device's, with all that it points to. No allocation is needed on the way.
 */
struct block_request {
	enum block_op op;
	unsigned nr_segs;
	uint64_t sector, sectors;      /* all but flush; as they were again at the end */
	/**
	 * Read, write: pieces of any length and alignment, sectors * SECTOR_SIZE bytes in all,
	 * each physically contiguous (guest memory, heap, pages, image; of a stack: in one page).
	 */
	const struct mem_seg *segs;
	/**
	 * It has ended, status says how. Any context: an interrupt handler, or blockdev_submit()
	 * itself. It may free the request; it must not sleep and not submit (that is for threads).
	 */
	void (*done)(struct block_request *rq);
	/* of the block layer and the device while they have the request */
	int status;	     /* 0, -EIO, -ENOSPC, -EROFS, -ERANGE, -EINVAL, -ENOTSUP, -ENODEV */
	bool zeroing;	     /* a ZERO that became a write */
	struct blockdev *bd; /* as submitted */
	uint64_t offset;     /* sectors that partitions added */
	struct list link;
	void *driver;	     /* the device's */
};

struct blockdev_ops {
	/**
	 * Begin a request. Bounds and permission are checked, rq->sector counts from the device's
	 * own begin; there may be any number of segments and sectors. block_end() is called for
	 * it, now or later; a device whose hardware does not answer ends it with -EIO after a
	 * while. A flush covers what had ended before it was submitted. Thread context, several
	 * threads at once.
	 */
	void (*submit)(struct blockdev *bd, struct block_request *rq);
	/** Nobody has it any more after blockdev_unregister(), _remove(). May be NULL. */
	void (*release)(struct blockdev *bd);
};

struct blockdev {
	/* the owner's, before blockdev_register() */
	const struct blockdev_ops *ops;
	void *priv;
	const char *kind;    /* "RAM disk", "virtio disk" */
	uint64_t sectors;
	uint32_t block_size; /* bytes that the medium takes at once; 0 is SECTOR_SIZE */
	bool read_only;
	bool can_discard, can_zero;
	bool whole;	     /* it is not looked for partitions */
	const char *label;   /* of a partition: its name or type; of a file: its path; or NULL */
	/* the block layer's */
	bool gone;	     /* the hardware has been taken away: new requests end with -ENODEV */
	bool writer;	     /* it is open for writing */
	uint32_t users;	     /* opens */
	uint32_t pins;
	unsigned long reads, writes, errors; /* requests; atomic */
	struct blockdev *parent; /* of a partition */
	uint64_t start;	     /* sector at which a partition begins in its parent */
	struct list children, sibling;
	struct list link;
	char name[BLOCK_NAME_MAX];
};

/* --- requests ------------------------------------------------------------------------------- */

/**
 * Begin a request on an open device; done() is called exactly once, maybe before this returns.
 * Thread context.
 */
void blockdev_submit(struct blockdev *bd, struct block_request *rq);
/** Device's side: end a request. Any context. @param status  0 or negative errno */
void block_end(struct block_request *rq, int status);

/** Where a device stands in the data of a request. */
struct block_iter {
	const struct mem_seg *seg;
	unsigned left;	/* segments, the one at seg included */
	uint32_t off;	/* in *seg */
};

static inline void block_iter_init(struct block_iter *it, const struct block_request *rq)
{
	it->seg = rq->segs;
	it->left = rq->nr_segs;
	it->off = 0;
}

/** The next contiguous bytes, at most max of them. @param n  gets how many; 0: there are no more */
static inline uint8_t *block_iter_next(struct block_iter *it, size_t max, size_t *n)
{
	uint8_t *p;

	while (it->left && it->off == it->seg->len) {
		it->seg++;
		it->left--;
		it->off = 0;
	}
	*n = it->left ? MIN_T(size_t, max, it->seg->len - it->off) : 0;
	p = it->left ? (uint8_t *)it->seg->va + it->off : NULL;
	it->off += (uint32_t)*n;
	return p;
}

/**
 * The same, waited for. Thread context, may sleep. The buffer may be anywhere, also on the stack.
 * @return 0 or the request's status
 */
must_check int blockdev_rw(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors,
			   bool write);
must_check int blockdev_flush(struct blockdev *bd);
/** A request as its op, sector, sectors and segments say. @return 0 or the request's status */
must_check int blockdev_run(struct blockdev *bd, const struct block_request *rq);
/** Make any number of sectors read as zeros. */
must_check int blockdev_zero(struct blockdev *bd, uint64_t sector, uint64_t sectors);

/* --- devices -------------------------------------------------------------------------------- */

/**
 * A device is there. Its name is base_name with the first free number ("ramdisk" gives
 * "ramdisk0"), or, when that ends in '*', with the first free letter ("vd*" gives "vda"). Then it
 * is read: its partitions are devices too ("ramdisk0p1", "vda1"). Thread context.
 * @return 0, -ENAMETOOLONG, -ENOSPC (no name is left)
 */
must_check int blockdev_register(struct blockdev *bd, const char *base_name);
/**
 * Take it away when nobody uses it or a partition of it; release() is called. Thread context.
 * @return 0, -EBUSY
 */
must_check int blockdev_unregister(struct blockdev *bd);
/**
 * The hardware has gone: it is in no list any more and new requests end with -ENODEV; release()
 * is called when the last user has closed it. The driver ends the requests that it has. Thread
 * context.
 */
void blockdev_remove(struct blockdev *bd);

struct shell_out;
/**
 * Look for partitions again. This is done when a disk is registered and when one that was open
 * for writing is closed. Thread context.
 * @param out  what is wrong with a table is said there as sentences; NULL: in the log
 * @return 0 (there may be none), -EBUSY (the disk or a partition of it is in use), -EINVAL (it is
 *         a partition), -EIO, -ENOMEM: the partitions are as they were
 */
must_check int blockdev_rescan(struct blockdev *bd, struct shell_out *out);

/** Iterate under the list's lock, which these take. */
void blockdev_list_lock(void);
void blockdev_list_unlock(void);
struct blockdev *blockdev_next(struct blockdev *prev);
/** Find by name and hold it, to look at it only; used by others or not. NULL: there is none. */
struct blockdev *blockdev_get(const char *name);
void blockdev_put(struct blockdev *bd);

/** Room for the sentence of blockdev_open(). */
#define BLOCK_WHY_MAX 160

/**
 * Open by name ("vda2", "ramdisk0") or by the path of a file. There is one who writes, or any
 * number of those who read; a disk and its partitions count as one. Thread context, may sleep.
 * @param why  gets the reason as a sentence without full stop when it fails
 * @return 0, -ENOENT, -EBUSY (others use it), -EROFS (it cannot be written), -ENOMEM, …
 */
must_check int blockdev_open(const char *name, bool write, struct blockdev **out, char *why,
			     size_t len);
/** All requests of this user have ended. Thread context. NULL is allowed. */
void blockdev_close(struct blockdev *bd);

/* --- RAM disks ------------------------------------------------------------------------------ */

/**
 * Make a RAM disk of that size (rounded up to sectors), zeroed or with the given contents, and
 * register it as "<name>0" or so. It takes memory for what is not zero only.
 * blockdev_unregister() frees it.
 * @return 0, -EINVAL (no size), -ENOMEM
 */
must_check int ramdisk_create(const char *name, uint64_t bytes, const void *data, size_t len,
			      struct blockdev **out);
/**
 * The same with the contents of a file.
 * @param why  gets the reason as a sentence without full stop when it fails
 */
must_check int ramdisk_create_of_file(const char *name, const char *path, struct blockdev **out,
				      char *why, size_t len);

/**
 * Take a RAM disk away by its name. Thread context.
 * @param why  as above
 * @return 0, -ENOENT, -EINVAL (it is no RAM disk), -EBUSY
 */
must_check int ramdisk_destroy(const char *name, char *why, size_t len);

/* --- faults on request ---------------------------------------------------------------------- */

#define BLOCK_DELAY_MAX 60000000000ull /* ns */

/** What shall happen to requests; either status or delay. */
struct block_fault {
	uint32_t ops;		 /* BIT32(enum block_op) or-ed */
	uint64_t first, sectors; /* that they touch; a flush touches all */
	unsigned long count;	 /* how many; 0: all */
	int status;		 /* they end with this negative errno and do not reach the device */
	uint64_t delay;		 /* ns that their end is kept back */
};

/**
 * Let requests of a device, and those of its partitions, meet a fault (CONFIG_BLOCK_FAULT). Any
 * context.
 * @return 0, -EINVAL, -ENOMEM
 */
must_check int blockdev_fault_add(struct blockdev *bd, const struct block_fault *what);
/** Forget them; what is kept back ends in time. @return how many there were */
unsigned blockdev_fault_clear(const struct blockdev *bd);
/** Fault n of a device. @return false: it has not so many */
bool blockdev_fault_get(const struct blockdev *bd, unsigned n, struct block_fault *what);
