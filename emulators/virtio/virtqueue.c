/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtqueues, device side, whatever the format of their rings: the pool of requests under way,
 * taking and giving back, buffers of the guest. Locks are told in virtqueue.h.
 *
 * The pool is a ring of records, one for each request under way. Requests are taken in order, so
 * its head moves on by one record (under `lock`); they end in any order, so its tail moves on over
 * those that have ended (under `used_lock`). Each side reads the other's end of it without a lock.
 */
#include "vq_ring.h"

#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>

#define RECORD_ALIGN 16
#define POOL_WHOLE   UINT32_MAX /* of pool_end */

void vq_init(struct virtqueue *vq, struct virtio_dev *vd, unsigned index)
{
	memset(vq, 0, sizeof(*vq));
	vq->vd = vd;
	vq->index = (uint16_t)index;
	vq->pool_end = POOL_WHOLE;
	mutex_init(&vq->lock);
	spin_init(&vq->used_lock);
	waitq_init(&vq->idle);
}

/* --- guest memory ----------------------------------------------------------------------------- */

bool vq_map_ring(struct virtqueue *vq, gpa_t gpa, size_t size, bool write, uint8_t **va)
{
	uint64_t done = 0;

	*va = NULL;
	if (gpa + size < gpa)
		return false;
	while (done < size) {
		uint64_t avail = 0;
		uint8_t *p = guest_mem_ptr(vq_guest(vq), gpa + done, write, &avail);

		if (!p || !avail)
			return false;
		if (!done && avail >= size)
			*va = p;
		done += avail;
	}
	return true;
}

bool vq_read_desc_slow(const struct virtqueue *vq, const struct vq_table *table, uint32_t i,
		       struct vq_desc *desc)
{
	gpa_t gpa = table->base + (uint64_t)DESC_SIZE * i;
	uint8_t copy[DESC_SIZE];

	if (guest_mem_read(vq_guest(vq), gpa, copy, DESC_SIZE))
		return false;
	desc->addr = get_le64(copy);
	desc->rest = get_le64(copy + 8);
	return true;
}

int vq_walk_broken(struct vq_walk *w, const char *what)
{
	virtio_broken(w->vq->vd, "queue %u: request at descriptor %u has %s", w->vq->index,
		      w->chain->id, what);
	return VQ_BROKEN;
}

int vq_enter_indirect(struct vq_walk *w, const struct vq_desc *desc, struct vq_table *table)
{
	uint32_t len = desc_len(desc);
	uint64_t avail = 0;

	if (!virtio_has(w->vq->vd, VIRTIO_F_INDIRECT_DESC))
		return vq_walk_broken(w, "an indirect descriptor, which was not negotiated");
	if (!len || len % DESC_SIZE || len / DESC_SIZE > VQ_INDIRECT_MAX)
		return vq_walk_broken(w, "an indirect table that is empty, broken or longer than "
				      "1024 descriptors");
	table->base = desc->addr;
	table->count = len / DESC_SIZE;
	table->va = guest_mem_ptr(vq_guest(w->vq), desc->addr, false, &avail);
	if (avail < len)
		table->va = NULL;
	return 0;
}

/** Look up guest memory and remember it. @return address, and *len bytes from there on, or NULL */
static uint8_t *look_up(struct virtqueue *vq, uint64_t addr, bool write, uint64_t *len)
{
	struct vq_window *win = vq_window(vq, addr);
	uint64_t avail = 0;
	uint8_t *va;

	if (addr - win->gpa < win->size) {
		*len = win->size - (addr - win->gpa);
		return win->va + (addr - win->gpa);
	}
	/* What the guest may write can be remembered for both directions. */
	va = guest_mem_ptr(vq_guest(vq), addr, true, &avail);
	if (va && avail)
		*win = (struct vq_window){ addr, avail, va };
	else if (!write)
		va = guest_mem_ptr(vq_guest(vq), addr, false, &avail);
	*len = avail;
	return avail ? va : NULL;
}

static int add_piece(struct vq_walk *w, uint8_t *va, uint32_t len, bool write)
{
	if (w->n == w->room)
		return VQ_NO_ROOM;
	w->chain->segs[w->n++] = (struct mem_seg){ va, len };
	if (write) {
		w->chain->nr_in++;
		w->chain->in_len += len;
	} else {
		w->chain->nr_out++;
		w->chain->out_len += len;
	}
	return 0;
}

int vq_walk_add_slow(struct vq_walk *w, uint64_t addr, uint32_t len, bool write)
{
	int err = 0;

	if (!len || addr + len < addr)
		return vq_walk_broken(w, "a buffer without length or beyond all addresses");
	if (!write && w->chain->nr_in)
		return vq_walk_broken(w, "a buffer to read behind one to write");
	while (len && !err) {
		uint64_t n;
		uint8_t *va = look_up(w->vq, addr, write, &n);

		if (!va) {
			virtio_broken(w->vq->vd, "queue %u: buffer at 0x%llx is not %smemory",
				      w->vq->index, (unsigned long long)addr,
				      write ? "writable " : "");
			return VQ_BROKEN;
		}
		n = MIN_T(uint64_t, n, len);
		err = add_piece(w, va, (uint32_t)n, write);
		addr += n;
		len -= (uint32_t)n;
	}
	return err;
}

/* --- life --------------------------------------------------------------------------------- */

int vq_enable(struct virtqueue *vq)
{
	const struct virtio_ops *ops = vq->vd->ops;
	const char *wrong = NULL;

	if (!vq->num || vq->num > ops->queue_size)
		wrong = "size is zero or larger than the queue may be";
	else
		wrong = split_enable(vq);
	if (wrong) {
		virtio_broken(vq->vd, "queue %u: %s (size %u, descriptors 0x%llx, driver area "
			      "0x%llx, device area 0x%llx)", vq->index, wrong, vq->num,
			      (unsigned long long)vq->desc, (unsigned long long)vq->driver,
			      (unsigned long long)vq->device);
		return -EINVAL;
	}
	vq->pool_size = ALIGN_UP(ops->pool_size, RECORD_ALIGN);
	vq->pool = heap_alloc(vq->pool_size);
	if (!vq->pool) {
		virtio_broken(vq->vd, "queue %u: no memory for its requests", vq->index);
		return -ENOMEM;
	}
	vq->event_idx = virtio_has(vq->vd, VIRTIO_F_EVENT_IDX);
	mutex_lock(&vq->lock);
	WRITE_ONCE(vq->ready, true);
	mutex_unlock(&vq->lock);
	return 0;
}

static void set_not_ready(struct virtqueue *vq)
{
	unsigned long flags;

	mutex_lock(&vq->lock);
	flags = spin_lock_irqsave(&vq->used_lock);
	WRITE_ONCE(vq->ready, false);
	vq->starved = false;
	spin_unlock_irqrestore(&vq->used_lock, flags);
	mutex_unlock(&vq->lock);
}

void vq_disable(struct virtqueue *vq)
{
	unsigned long flags;

	if (vq->ready) {
		set_not_ready(vq);
		if (vq_busy(vq))
			waitq_wait(&vq->idle, !vq_busy(vq));
	}
	/* Whoever gave the last one back has left when the lock is free. */
	mutex_lock(&vq->lock);
	flags = spin_lock_irqsave(&vq->used_lock);
	spin_unlock_irqrestore(&vq->used_lock, flags);
	heap_free(vq->pool);
	vq->pool = NULL;
	vq->pool_head = 0;
	vq->pool_tail = 0;
	vq->pool_end = POOL_WHOLE;
	vq->num = 0;
	vq->desc = 0;
	vq->driver = 0;
	vq->device = 0;
	vq->full = false;
	vq->pending = false;
	vq->last_avail = 0;
	vq->avail_seen = 0;
	vq->used_idx = 0;
	vq->filled = 0;
	vq->notified = 0;
	memset(vq->windows, 0, sizeof(vq->windows));
	mutex_unlock(&vq->lock);
}

/* --- taking requests ------------------------------------------------------------------------ */

/** Walk along the request that is next, its record at `at` of the pool, which is free to `end`. */
static int take_at(struct virtqueue *vq, uint32_t at, uint32_t end)
{
	uint32_t head = (uint32_t)sizeof(struct vq_chain) + ALIGN_UP(vq->vd->ops->request_size,
								      RECORD_ALIGN);
	struct vq_chain *chain = (void *)(vq->pool + at);
	struct vq_walk w = { vq, chain, 0, 0 };
	int err;

	if (end - at <= head)
		return VQ_NO_ROOM;
	w.room = (end - at - head) / sizeof(struct mem_seg);
	chain->vq = vq;
	chain->segs = (void *)(vq->pool + at + head);
	chain->nr_out = 0;
	chain->nr_in = 0;
	chain->done = false;
	chain->out_len = 0;
	chain->in_len = 0;
	err = split_walk(&w);
	chain->record = head + w.n * (uint32_t)sizeof(struct mem_seg);
	return err;
}

/** Find room for the request that is next, and walk along it. @return NULL: full or broken */
static struct vq_chain *take(struct virtqueue *vq)
{
	uint32_t tail = __atomic_load_n(&vq->pool_tail, __ATOMIC_ACQUIRE), at = vq->pool_head;
	bool empty = at == tail;
	int err;

	if (likely(empty)) {
		/* Nobody else has to do with the pool then. */
		tail = 0;
		at = 0;
		vq->pool_head = 0;
		WRITE_ONCE(vq->pool_tail, 0);
	}
	if (at >= tail) {
		err = take_at(vq, at, vq->pool_size);
		if (unlikely(err == VQ_NO_ROOM && tail)) {
			err = take_at(vq, 0, tail - RECORD_ALIGN);
			if (!err) {
				vq->pool_end = at;
				at = 0;
			}
		}
	} else {
		err = take_at(vq, at, tail - RECORD_ALIGN);
	}
	if (unlikely(err)) {
		if (err == VQ_NO_ROOM && empty)
			virtio_broken(vq->vd, "queue %u: a request of more pieces of memory than "
				      "there is room for", vq->index);
		else if (err == VQ_NO_ROOM)
			vq->full = true;
		return NULL;
	}
	split_advance(vq, (void *)(vq->pool + at));
	__atomic_store_n(&vq->pool_head, at + ((struct vq_chain *)(void *)(vq->pool + at))->record,
			 __ATOMIC_RELEASE);
	return (void *)(vq->pool + at);
}

struct vq_chain *vq_pop(struct virtqueue *vq)
{
	vq->full = false;
	if (unlikely(!vq->ready || !virtio_live(vq->vd)) || split_peek(vq) <= 0)
		return NULL;
	return take(vq);
}

void vq_unpop(struct vq_chain *chain)
{
	struct virtqueue *vq = chain->vq;
	uint32_t at = (uint32_t)((uint8_t *)chain - vq->pool);

	split_retreat(vq, chain);
	/* Where the pool went on at 0 the head stays: an ended record of no use lies there. */
	__atomic_store_n(&vq->pool_head, at, __ATOMIC_RELEASE);
}

void vq_quiet(struct virtqueue *vq)
{
	if (likely(vq->ready))
		split_quiet(vq);
}

bool vq_listen(struct virtqueue *vq)
{
	return vq->ready && virtio_live(vq->vd) && split_listen(vq);
}

/* --- giving them back ------------------------------------------------------------------------ */

/** The record of a request has served its purpose; under used_lock. */
static void release(struct vq_chain *chain)
{
	struct virtqueue *vq = chain->vq;
	uint32_t t = vq->pool_tail, head;

	chain->done = true;
	while (t != (head = __atomic_load_n(&vq->pool_head, __ATOMIC_ACQUIRE))) {
		const struct vq_chain *c = (void *)(vq->pool + t);

		if (t == vq->pool_end) {
			vq->pool_end = POOL_WHOLE;
			t = 0;
			continue;
		}
		if (!c->done)
			break;
		t += c->record;
	}
	__atomic_store_n(&vq->pool_tail, t, __ATOMIC_RELEASE);
	if (unlikely(vq->starved)) {
		vq->starved = false;
		virtio_wake_worker(vq->vd, vq);
	}
	if (unlikely(!vq->ready) && t == head)
		waitq_wake_all(&vq->idle);
}

static void fill_locked(struct vq_chain *chain, uint32_t written)
{
	struct virtqueue *vq = chain->vq;

	if (likely(vq->ready))
		split_fill(vq, chain, written);
	release(chain);
}

static void publish_locked(struct virtqueue *vq)
{
	if (likely(vq->ready && vq->filled)) {
		vq->pending = true;
		split_publish(vq);
	}
}

static void signal_locked(struct virtqueue *vq)
{
	if (!vq->pending || !vq->ready)
		return;
	vq->pending = false;
	/* The driver sets its wish and then looks at the index; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (split_wants_interrupt(vq))
		vq->vd->transport->interrupt(vq->vd, vq->index);
}

void vq_push(struct vq_chain *chain, uint32_t written)
{
	struct virtqueue *vq = chain->vq;
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);

	fill_locked(chain, written);
	publish_locked(vq);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

void vq_fill(struct vq_chain *chain, uint32_t written)
{
	struct virtqueue *vq = chain->vq;
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);

	fill_locked(chain, written);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

void vq_publish(struct virtqueue *vq)
{
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);

	publish_locked(vq);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

void vq_signal(struct virtqueue *vq)
{
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);

	signal_locked(vq);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

void vq_complete(struct vq_chain *chain, uint32_t written)
{
	struct virtqueue *vq = chain->vq;
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);

	fill_locked(chain, written);
	publish_locked(vq);
	if (!READ_ONCE(vq->batch))
		signal_locked(vq);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

/* --- serving ---------------------------------------------------------------------------------- */

/* What one exit may take: a queue of small requests, or a few large ones. */
#define SERVE_REQUESTS 128
#define SERVE_BYTES    (4 * MIB)

/** No room: when a request ends, the worker goes on. @return false: one has just ended */
static bool wait_for_room(struct virtqueue *vq)
{
	unsigned long flags;

	if (!virtio_need_worker(vq->vd))
		return true; /* broken now */
	flags = spin_lock_irqsave(&vq->used_lock);
	vq->starved = vq_busy(vq);
	spin_unlock_irqrestore(&vq->used_lock, flags);
	return vq->starved;
}

static void end_batch(struct virtqueue *vq)
{
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);

	vq->batch = false;
	signal_locked(vq);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

bool vq_serve(struct virtqueue *vq, bool (*one)(struct vq_chain *chain))
{
	unsigned requests = 0;
	uint64_t bytes = 0;
	struct vq_chain *chain;
	bool more;

	/* From now on completions leave the interrupt to us; until when, the lock decides. */
	WRITE_ONCE(vq->batch, true);
	do {
		vq_quiet(vq);
		more = false;
		while (!more && (chain = vq_pop(vq))) {
			bytes += chain->out_len + chain->in_len;
			if (!one(chain))
				break;
			more = ++requests >= SERVE_REQUESTS || bytes >= SERVE_BYTES;
		}
	} while (!more && !vq->full && vq_listen(vq));
	if (unlikely(vq->full))
		more = !wait_for_room(vq);
	end_batch(vq);
	return more;
}

/* --- data ---------------------------------------------------------------------------------- */

/** Copy between a buffer and n segments, from byte off of them on. @return bytes */
static size_t copy(const struct mem_seg *segs, unsigned n, uint64_t off, uint8_t *buf, size_t len,
		   bool to_segs)
{
	size_t done = 0;

	for (; n && done < len; n--, segs++) {
		size_t part;

		if (off >= segs->len) {
			off -= segs->len;
			continue;
		}
		part = MIN_T(uint64_t, segs->len - off, len - done);
		if (to_segs)
			memcpy((uint8_t *)segs->va + off, buf + done, part);
		else
			memcpy(buf + done, (const uint8_t *)segs->va + off, part);
		done += part;
		off = 0;
	}
	return done;
}

size_t vq_read(const struct vq_chain *chain, uint64_t off, void *buf, size_t n)
{
	return copy(chain->segs, chain->nr_out, off, buf, n, false);
}

size_t vq_write(const struct vq_chain *chain, uint64_t off, const void *buf, size_t n)
{
	return copy(chain->segs + chain->nr_out, chain->nr_in, off, (uint8_t *)(uintptr_t)buf, n,
		    true);
}
