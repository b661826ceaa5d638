/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks of guests and their media.
 *
 * disks_lock (mutex) guards the list and holds. Each disk has a mutex for changes of its medium,
 * and a gate: a word with the number of requests in flight and a bit that lets no more in. The
 * medium only changes while that bit is set and the number is zero; so a request needs no lock.
 * through_lock (spin) guards the requests of a disk that wait for a flush of ours.
 */
#include <core/vdisk.h>

#include <core/log.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

static struct mutex disks_lock = MUTEX_INIT(disks_lock);
static struct list disks = LIST_INIT(disks);
static struct waitq released = WAITQ_INIT(released); /* holds that end */

/* --- requests ------------------------------------------------------------------------------- */

static bool enter(struct vdisk *vd)
{
	uint32_t gate = __atomic_load_n(&vd->gate, __ATOMIC_RELAXED);

	do {
		if (unlikely(gate & VDISK_SHUT))
			return false;
	} while (!__atomic_compare_exchange_n(&vd->gate, &gate, gate + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/** The disk may be gone after this. */
static void leave(struct vdisk *vd)
{
	if (unlikely(__atomic_fetch_sub(&vd->gate, 1, __ATOMIC_ACQ_REL) == (VDISK_SHUT | 1)))
		completion_done(&vd->drained);
}

static void count(unsigned long *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/** What the guest sees as an I/O error is told in words here. Any context. */
static noinline_fn void failed(struct vdisk *vd, const struct block_request *rq)
{
	static const char *const ops[] = {
		[BLOCK_READ] = "read", [BLOCK_WRITE] = "write", [BLOCK_FLUSH] = "flush",
		[BLOCK_DISCARD] = "discard", [BLOCK_ZERO] = "zeroing",
	};

	count(&vd->errors);
	if (rq->status == -ENOTSUP || rq->status == -EROFS)
		return;
	log_guest(LOG_WARN, vd->guest, NULL, "%s: %s of %llu sectors at %llu failed: %s; %s",
		  vd->name, ops[rq->op], (unsigned long long)rq->sectors,
		  (unsigned long long)rq->sector, error_text(rq->status),
		  rq->status == -ENOSPC ? "make room there, then the guest can try again (vfs df)"
					: "the guest was told (blockdev list, vdisk attach)");
}

static void finish(struct vdisk *vd, struct vdisk_request *vr)
{
	if (unlikely(vr->rq.status))
		failed(vd, &vr->rq);
	vr->done(vr);
	leave(vd);
}

/* --- writing through ------------------------------------------------------------------------- */

/**
 * A write of a guest that knows of no flush has ended: it waits for one. That is begun by a work,
 * as this may be an interrupt handler.
 */
static void flush_behind(struct vdisk *vd, struct vdisk_request *vr)
{
	unsigned long flags = spin_lock_irqsave(&vd->through_lock);

	list_add_tail(&vd->unflushed, &vr->rq.link);
	if (!vd->flush_on_way)
		work_queue(&vd->through_work);
	spin_unlock_irqrestore(&vd->through_lock, flags);
}

static void through_work(struct work *work)
{
	struct vdisk *vd = container_of(work, struct vdisk, through_work);
	unsigned long flags = spin_lock_irqsave(&vd->through_lock);
	bool begin = !vd->flush_on_way && !list_empty(&vd->unflushed);

	if (begin) {
		list_splice_tail(&vd->flushing, &vd->unflushed);
		vd->flush_on_way = true;
	}
	spin_unlock_irqrestore(&vd->through_lock, flags);
	/* Those that wait are in flight, so there is a medium. */
	if (begin)
		blockdev_submit(vd->bd, &vd->flush);
}

static void flush_ended(struct block_request *rq)
{
	struct vdisk *vd = container_of(rq, struct vdisk, flush);
	struct list over = LIST_INIT(over);
	unsigned long flags = spin_lock_irqsave(&vd->through_lock);
	struct block_request *one, *next;
	int status = rq->status;

	list_splice_tail(&over, &vd->flushing);
	vd->flush_on_way = false;
	if (!list_empty(&vd->unflushed))
		work_queue(&vd->through_work);
	spin_unlock_irqrestore(&vd->through_lock, flags);
	/* With the last of them the disk may go. */
	list_for_each_entry_safe(one, next, &over, link) {
		list_del(&one->link);
		one->status = status;
		finish(vd, container_of(one, struct vdisk_request, rq));
	}
}

static void ended(struct block_request *rq)
{
	struct vdisk_request *vr = container_of(rq, struct vdisk_request, rq);
	struct vdisk *vd = vr->vdisk;

	if (unlikely(vd->write_through) && !rq->status && rq->op != BLOCK_READ &&
	    rq->op != BLOCK_FLUSH)
		flush_behind(vd, vr);
	else
		finish(vd, vr);
}

void vdisk_submit(struct vdisk_request *vr)
{
	struct vdisk *vd = vr->vdisk;

	if (vr->rq.op == BLOCK_READ)
		count(&vd->reads);
	else if (vr->rq.op != BLOCK_FLUSH)
		count(&vd->writes);
	if (likely(enter(vd))) {
		vr->rq.done = ended;
		blockdev_submit(vd->bd, &vr->rq);
		return;
	}
	count(&vd->errors);
	vr->rq.status = -ENODEV;
	vr->done(vr);
}

/** Let no more requests in and wait for those that are. Under the disk's mutex. */
static cold_fn void shut(struct vdisk *vd)
{
	uint32_t was = __atomic_fetch_or(&vd->gate, VDISK_SHUT, __ATOMIC_ACQ_REL);

	/* Whoever leaves last says so, and nobody else does. */
	if (!(was & VDISK_SHUT) && was)
		(void)completion_wait(&vd->drained, UINT64_MAX);
}

static cold_fn void reopen(struct vdisk *vd)
{
	__atomic_fetch_and(&vd->gate, ~VDISK_SHUT, __ATOMIC_RELEASE);
}

cold_fn void vdisk_drain(struct vdisk *vd)
{
	mutex_lock(&vd->lock);
	if (vd->bd) {
		shut(vd);
		reopen(vd);
	}
	mutex_unlock(&vd->lock);
}

/* --- medium --------------------------------------------------------------------------------- */

/** Take the medium out, which may be none. Under the mutex. */
static cold_fn struct blockdev *take_out(struct vdisk *vd)
{
	struct blockdev *bd = vd->bd;

	shut(vd);
	vd->bd = NULL;
	WRITE_ONCE(vd->sectors, 0);
	return bd;
}

cold_fn int vdisk_detach(struct vdisk *vd)
{
	struct blockdev *old;

	mutex_lock(&vd->lock);
	old = take_out(vd);
	if (old)
		vd->ops->changed(vd);
	mutex_unlock(&vd->lock);
	blockdev_close(old);
	return old ? 0 : -ENODEV;
}

cold_fn int vdisk_check_medium(const char *medium, char *why, size_t len)
{
	const char *path = strncmp(medium, "ram:", 4) ? medium : medium + 4;
	struct blockdev *bd;
	struct vfs_stat st;
	int err;

	if (!strcmp(medium, VDISK_NONE))
		return 0;
	if (*path == '/') {
		err = vfs_stat_path(path, true, &st);
		if (err)
			snprintf(why, len, "%s: %s", path, error_text(err));
		if (err || (st.type == VFS_FILE && st.size))
			return err;
		snprintf(why, len, "%s is not a file with something in it", path);
		return -EINVAL;
	}
	bd = blockdev_get(medium);
	if (bd) {
		blockdev_put(bd);
		return 0;
	}
	snprintf(why, len, "there is no block device %s, and the path of a file begins with '/'",
		 medium);
	return -ENOENT;
}

static cold_fn int attach(struct vdisk *vd, const char *medium, bool write, char *why, size_t len)
{
	struct blockdev *bd, *old;
	int err;

	if (!strcmp(medium, VDISK_NONE)) {
		err = vdisk_detach(vd);
		return err == -ENODEV ? 0 : err;
	}
	err = blockdev_open(medium, write, &bd, why, len);
	if (err == -EROFS) {
		write = false;
		err = blockdev_open(medium, write, &bd, why, len);
	}
	if (err)
		return err;
	mutex_lock(&vd->lock);
	old = take_out(vd);
	vd->bd = bd;
	WRITE_ONCE(vd->sectors, bd->sectors);
	WRITE_ONCE(vd->block_size, bd->block_size);
	WRITE_ONCE(vd->read_only, !write || bd->read_only);
	reopen(vd);
	vd->ops->changed(vd);
	mutex_unlock(&vd->lock);
	blockdev_close(old);
	return 0;
}

int vdisk_attach(struct vdisk *vd, const char *medium, char *why, size_t len)
{
	return attach(vd, medium, !vd->always_read_only, why, len);
}

int vdisk_attach_read_only(struct vdisk *vd, const char *medium, char *why, size_t len)
{
	return attach(vd, medium, false, why, len);
}

cold_fn void vdisk_medium(struct vdisk *vd, char *buf, size_t size)
{
	mutex_lock(&vd->lock);
	if (!vd->bd)
		strlcpy(buf, "-", size);
	else if (list_empty(&vd->bd->link) && vd->bd->label)
		strlcpy(buf, vd->bd->label, size);
	else
		strlcpy(buf, vd->bd->name, size);
	mutex_unlock(&vd->lock);
}

/* --- list ----------------------------------------------------------------------------------- */

static struct vdisk *find_exact(const char *name)
{
	struct vdisk *vd;

	list_for_each_entry(vd, &disks, link) {
		if (!strcmp(vd->name, name))
			return vd;
	}
	return NULL;
}

/** Disk n of a guest. @param len  of the guest's name */
static struct vdisk *find_nth(const char *guest, size_t len, unsigned long n)
{
	struct vdisk *vd;

	list_for_each_entry(vd, &disks, link) {
		if (!strncmp(vd->name, guest, len) && vd->name[len] == '/' && !n--)
			return vd;
	}
	return NULL;
}

static cold_fn struct vdisk *find_locked(const char *name)
{
	size_t len = strcspn(name, "/");
	const char *digit = name + len + strlen("/disk");
	struct vdisk *vd = find_exact(name);
	unsigned long n = 0;

	if (vd || !len)
		return vd;
	if (!name[len]) {
		vd = find_nth(name, len, 0);
		return vd && !find_nth(name, len, 1) ? vd : NULL;
	}
	if (strncmp(name + len, "/disk", strlen("/disk")) || !*digit || strlen(digit) > 6)
		return NULL;
	for (; *digit >= '0' && *digit <= '9'; digit++)
		n = 10 * n + (unsigned long)(*digit - '0');
	return *digit ? NULL : find_nth(name, len, n);
}

struct vdisk *vdisk_find(const char *name)
{
	struct vdisk *vd;

	mutex_lock(&disks_lock);
	vd = find_locked(name);
	if (vd)
		vd->refs++;
	mutex_unlock(&disks_lock);
	return vd;
}

void vdisk_put(struct vdisk *vd)
{
	mutex_lock(&disks_lock);
	vd->refs--;
	mutex_unlock(&disks_lock);
	waitq_wake_all(&released);
}

void vdisk_list_lock(void)
{
	mutex_lock(&disks_lock);
}

void vdisk_list_unlock(void)
{
	mutex_unlock(&disks_lock);
}

struct vdisk *vdisk_next(struct vdisk *prev)
{
	struct list *next = prev ? prev->link.next : disks.next;

	return next == &disks ? NULL : list_entry(next, struct vdisk, link);
}

cold_fn int vdisk_register(struct vdisk *vd, struct guest *guest, const char *node)
{
	int err = 0;

	vd->guest = guest;
	vd->sectors = 0;
	vd->block_size = SECTOR_SIZE;
	vd->read_only = vd->always_read_only;
	vd->refs = 0;
	vd->bd = NULL;
	vd->gate = VDISK_SHUT;
	vd->reads = vd->writes = vd->errors = 0;
	vd->write_through = vd->flush_on_way = false;
	spin_init(&vd->through_lock);
	list_init(&vd->unflushed);
	list_init(&vd->flushing);
	work_init(&vd->through_work, through_work);
	vd->flush = (struct block_request){ .op = BLOCK_FLUSH, .done = flush_ended };
	mutex_init(&vd->lock);
	completion_init(&vd->drained);
	list_init(&vd->link);
	snprintf(vd->name, sizeof(vd->name), "%s/%s", guest->name, node);
	mutex_lock(&disks_lock);
	if (find_exact(vd->name))
		err = -EEXIST;
	else
		list_add_tail(&disks, &vd->link);
	mutex_unlock(&disks_lock);
	return err;
}

cold_fn void vdisk_unregister(struct vdisk *vd)
{
	mutex_lock(&disks_lock);
	list_del(&vd->link);
	mutex_unlock(&disks_lock);
	/* No more holds can come. */
	waitq_wait(&released, !READ_ONCE(vd->refs));
	mutex_lock(&vd->lock);
	blockdev_close(take_out(vd));
	mutex_unlock(&vd->lock);
	/* It may be queued with nothing to do. */
	work_cancel(&vd->through_work);
}
