/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtqueues, device side, whatever the format of their rings: the pool of requests under way,
 * taking and giving back, buffers of the guest. Locks are told in virtqueue.h.
 *
 * The pool is a ring of records, one for each request under way. Requests are taken in order, so
 * its head moves on by one record (under `lock`); they end in any order, so its tail moves on over
 * those that have ended (under `used_lock`). Each side reads the other's end of it without a lock.
 */
#include "virtqueue.h"

#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "vq_packed.h"
#include "vq_split.h"

#define RECORD_ALIGN 16
#define POOL_WHOLE   UINT32_MAX /* of pool_end */

/** Of the two formats that a guest may choose; one of them may be left out. */
static inline bool is_packed(const struct virtqueue *vq)
{
	return IS_ENABLED(CONFIG_EMU_VIRTIO_PACKED) && vq->packed;
}

void vq_init(struct virtqueue *vq, struct virtio_dev *vd, unsigned index)
{
	memset(vq, 0, sizeof(*vq));
	vq->vd = vd;
	vq->index = (uint16_t)index;
	vq->num = vd->ops->queue_size;
	vq->pool_end = POOL_WHOLE;
	mutex_init(&vq->lock);
	spin_init(&vq->used_lock);
	waitq_init(&vq->idle);
}

/* --- guest memory ----------------------------------------------------------------------------- */

bool vq_map_ring(struct virtqueue *vq, gpa_t gpa, size_t size, bool write, uint8_t **va)
{
	struct guest_mem_pin *pin = &vq->pins[vq->nr_pins];
	uint64_t done = 0;

	*va = NULL;
	if (gpa + size < gpa)
		return false;
	*pin = (struct guest_mem_pin){ .gpa = gpa, .size = size };
	list_init(&pin->link);
	guest_mem_pin(vq->vd->dev->guest, pin);
	vq->nr_pins++;
	while (done < size) {
		uint64_t avail = 0;
		uint8_t *p = guest_mem_ptr(vq->vd->dev->guest, gpa + done, write, &avail);

		if (!p || !avail)
			return false;
		if (!done && avail >= size)
			*va = p;
		done += avail;
	}
	return true;
}

static void unpin(struct virtqueue *vq)
{
	while (vq->nr_pins)
		guest_mem_unpin(vq->vd->dev->guest, &vq->pins[--vq->nr_pins]);
}

bool vq_read_desc_slow(struct virtqueue *vq, gpa_t gpa, struct vq_desc *desc)
{
	uint8_t copy[DESC_SIZE];

	if (guest_mem_read(vq->vd->dev->guest, gpa, copy, DESC_SIZE))
		return false;
	desc->addr = get_le64(copy);
	desc->rest = get_le64(copy + 8);
	return true;
}

int vq_bad_request(struct virtqueue *vq, unsigned at, const char *what)
{
	virtio_broken(vq->vd, "queue %u: request at descriptor %u has %s", vq->index, at, what);
	return VQ_BROKEN;
}

/**
 * Remember memory in the window that its address selects. What was there moves to where a search
 * finds it: two that share a window shall not displace each other for good.
 */
static void remember(struct virtqueue *vq, uint64_t addr, const struct vq_window *found)
{
	struct vq_window *win = vq_window(vq, addr), *other = vq->windows;

	while (other->size && other < &vq->windows[VQ_WINDOWS - 1])
		other++;
	if (win->size)
		*other = *win;
	*win = *found;
}

/** Look up guest memory, in the windows first. @return *len bytes from there on, or NULL */
static uint8_t *look_up(struct virtqueue *vq, uint64_t addr, bool write, uint64_t *len)
{
	uint64_t avail = 0, block = ALIGN_DOWN(addr, VQ_WINDOW_BLOCK);
	struct guest *guest = vq->vd->dev->guest;
	const struct vq_window *win;
	struct vq_window found;
	uint8_t *va;

	for (win = vq->windows; win < &vq->windows[VQ_WINDOWS]; win++) {
		if (addr - win->gpa < win->size) {
			*len = win->size - (addr - win->gpa);
			return win->va + (addr - win->gpa);
		}
	}
	/* What the guest may write can be remembered for both directions, from its block on. */
	va = guest_mem_moves(guest) ? NULL : guest_mem_ptr(guest, block, true, &avail);
	if (va && avail > addr - block) {
		found = (struct vq_window){ block, avail, va };
		remember(vq, addr, &found);
		*len = avail - (addr - block);
		return va + (addr - block);
	}
	va = guest_mem_ptr(guest, addr, true, &avail);
	if (va && avail && !vq->raw) {
		found = (struct vq_window){ addr, avail, va };
		/* Memory that moves, more than a page of it: it is mapped with all of its block. */
		if (guest_mem_moves(guest) && avail > PAGE_SIZE)
			found = (struct vq_window){ block, avail + (addr - block),
						    va - (addr - block) };
		remember(vq, addr, &found);
	} else if (!write) {
		va = guest_mem_ptr(guest, addr, false, &avail);
	}
	*len = avail;
	return avail ? va : NULL;
}

const uint64_t *vq_look_up_table(struct virtqueue *vq, uint64_t addr, uint32_t len)
{
	uint64_t there;
	uint8_t *va = look_up(vq, addr, false, &there);

	return va && there >= len ? (void *)va : NULL;
}

uint8_t *vq_look_up(struct virtqueue *vq, uint64_t addr, bool write, uint64_t *len)
{
	uint8_t *va;

	if (vq->raw) {
		*len = UINT64_MAX;
		return (uint8_t *)(uintptr_t)(addr + 1);
	}
	va = look_up(vq, addr, write, len);
	if (!va)
		virtio_broken(vq->vd, "queue %u: buffer at 0x%llx is not %smemory", vq->index,
			      (unsigned long long)addr, write ? "writable " : "");
	return va;
}

/* --- life --------------------------------------------------------------------------------- */

cold_fn int vq_enable(struct virtqueue *vq)
{
	const struct virtio_ops *ops = vq->vd->ops;
	const char *wrong = NULL;

	vq->packed = virtio_has(vq->vd, VIRTIO_F_RING_PACKED);
	vq->event_idx = virtio_has(vq->vd, VIRTIO_F_EVENT_IDX);
	if (!vq->num || vq->num > ops->queue_size)
		wrong = "size is zero or larger than the queue may be";
	else
		wrong = is_packed(vq) ? packed_enable(vq) : split_enable(vq);
	if (wrong) {
		unpin(vq);
		virtio_broken(vq->vd, "queue %u: %s (size %u, descriptors 0x%llx, driver area "
			      "0x%llx, device area 0x%llx)", vq->index, wrong, vq->num,
			      (unsigned long long)vq->desc, (unsigned long long)vq->driver,
			      (unsigned long long)vq->device);
		return -EINVAL;
	}
	vq->pool_size = ALIGN_UP(ops->pool_size, RECORD_ALIGN);
	vq->pool = heap_alloc(vq->pool_size);
	if (!vq->pool) {
		unpin(vq);
		virtio_broken(vq->vd, "queue %u: no memory for its requests", vq->index);
		return -ENOMEM;
	}
	vq->head_size = (uint32_t)sizeof(struct vq_chain) +
			ALIGN_UP(ops->request_size, RECORD_ALIGN);
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
		/* What the device keeps, and would take again before. */
		if (vq->vd->ops->cancel)
			vq->vd->ops->cancel(vq->vd, vq);
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
	vq->num = vq->vd->ops->queue_size;
	vq->desc = 0;
	vq->driver = 0;
	vq->device = 0;
	vq->full = false;
	vq->last_avail = 0;
	vq->avail_seen = 0;
	vq->used_idx = 0;
	vq->filled = 0;
	vq->unsignalled = 0;
	memset(vq->windows, 0, sizeof(vq->windows));
	unpin(vq);
	mutex_unlock(&vq->lock);
}

static bool chain_uses(const struct vq_chain *chain, const uint8_t *va, uint64_t size)
{
	for (unsigned i = 0; i < chain->nr_out + chain->nr_in; i++) {
		const uint8_t *seg = chain->segs[i].va;

		if (seg < va + size && va < seg + chain->segs[i].len)
			return true;
	}
	return false;
}

bool vq_uses(struct virtqueue *vq, const uint8_t *va, uint64_t size)
{
	bool used = false;
	unsigned long flags;
	uint32_t at;

	mutex_lock(&vq->lock);
	memset(vq->windows, 0, sizeof(vq->windows));
	flags = spin_lock_irqsave(&vq->used_lock);
	for (at = vq->pool_tail; vq->pool && !vq->raw && at != vq->pool_head;) {
		const struct vq_chain *chain = (const void *)(vq->pool + at);

		if (at == vq->pool_end) {
			at = 0;
			continue;
		}
		used |= !chain->done && chain_uses(chain, va, size);
		at += chain->record;
	}
	spin_unlock_irqrestore(&vq->used_lock, flags);
	mutex_unlock(&vq->lock);
	return used;
}

/* --- taking requests ------------------------------------------------------------------------ */

/** Walk along the request that is next, its record at `at` of the pool, which is free to `end`. */
static always_inline_fn int take_at(struct virtqueue *vq, uint32_t at, uint32_t end)
{
	struct vq_chain *chain = (void *)(vq->pool + at);
	struct mem_seg *segs = (void *)(vq->pool + at + vq->head_size);
	struct vq_walk w = { .next = segs, .end = (void *)(vq->pool + end) };
	int err;

	if (unlikely(end < at + vq->head_size))
		return VQ_NO_ROOM;
	if (is_packed(vq)) {
		err = packed_walk(vq, &w, &chain->id, &chain->slots);
	} else {
		err = split_walk(vq, &w);
		chain->id = (uint16_t)w.at;
	}
	chain->vq = vq;
	chain->segs = segs;
	chain->nr_out = (uint16_t)w.nr_out;
	chain->nr_in = (uint16_t)(w.next - segs - w.nr_out);
	chain->record = (uint32_t)((uint8_t *)w.next - vq->pool) - at;
	chain->done = false;
	chain->out_len = w.out_len;
	chain->in_len = w.in_len;
	return err;
}

/** take() while other requests are under way. @param at  gets where the record is */
static noinline_fn int take_behind(struct virtqueue *vq, uint32_t tail, uint32_t *at)
{
	uint32_t head = vq->pool_head;
	int err;

	*at = head;
	if (head < tail)
		return take_at(vq, head, tail - RECORD_ALIGN);
	err = take_at(vq, head, vq->pool_size);
	if (err != VQ_NO_ROOM || !tail)
		return err;
	err = take_at(vq, 0, tail - RECORD_ALIGN);
	if (!err) {
		vq->pool_end = head;
		*at = 0;
	}
	return err;
}

static noinline_fn struct vq_chain *not_taken(struct virtqueue *vq, int err, bool empty)
{
	if (err == VQ_NO_ROOM && empty)
		virtio_broken(vq->vd, "queue %u: a request of more pieces of memory than there is "
			      "room for", vq->index);
	else if (err == VQ_NO_ROOM)
		vq->full = true;
	return NULL;
}

/** Find room for the request that is next, and walk along it. @return NULL: full or broken */
static always_inline_fn struct vq_chain *take(struct virtqueue *vq)
{
	uint32_t tail = __atomic_load_n(&vq->pool_tail, __ATOMIC_ACQUIRE), at = 0;
	bool empty = vq->pool_head == tail;
	struct vq_chain *chain;
	int err;

	if (likely(empty)) {
		/* Nobody else has to do with the pool then. */
		vq->pool_head = 0;
		WRITE_ONCE(vq->pool_tail, 0);
		err = take_at(vq, 0, vq->pool_size);
	} else {
		err = take_behind(vq, tail, &at);
	}
	if (unlikely(err))
		return not_taken(vq, err, empty);
	chain = (void *)(vq->pool + at);
	if (is_packed(vq))
		packed_advance(vq, chain->slots);
	else
		vq->last_avail++;
	__atomic_store_n(&vq->pool_head, at + chain->record, __ATOMIC_RELEASE);
	return chain;
}

static always_inline_fn struct vq_chain *pop(struct virtqueue *vq)
{
	vq->full = false;
	if (unlikely(!vq->ready || !virtio_live(vq->vd)))
		return NULL;
	if (is_packed(vq) ? !packed_peek(vq) : split_peek(vq) <= 0)
		return NULL;
	return take(vq);
}

struct vq_chain *vq_pop(struct virtqueue *vq)
{
	return pop(vq);
}

void vq_unpop(struct vq_chain *chain)
{
	struct virtqueue *vq = chain->vq;
	uint32_t at = (uint32_t)((uint8_t *)chain - vq->pool);

	if (is_packed(vq))
		packed_retreat(vq, chain->slots);
	else
		vq->last_avail--;
	/* The pool may have gone on at 0 for it: then it stays there, empty at that end. */
	__atomic_store_n(&vq->pool_head, at, __ATOMIC_RELEASE);
}

unsigned vq_take_buffers(struct virtqueue *vq, struct vq_buffer *buffers, unsigned max,
			 uint64_t bytes)
{
	if (unlikely(!vq->ready || !virtio_live(vq->vd)))
		return 0;
	return is_packed(vq) ? packed_take_buffers(vq, buffers, max, bytes) :
			    split_take_buffers(vq, buffers, max, bytes);
}

bool vq_has_more(struct virtqueue *vq, unsigned n)
{
	if (unlikely(!vq->ready))
		return false;
	return is_packed(vq) ? packed_has_more(vq, n) : split_has_more(vq, n);
}

void vq_quiet(struct virtqueue *vq)
{
	if (unlikely(!vq->ready))
		return;
	if (is_packed(vq))
		packed_quiet(vq);
	else
		split_quiet(vq);
}

bool vq_listen(struct virtqueue *vq)
{
	if (unlikely(!vq->ready || !virtio_live(vq->vd)))
		return false;
	return is_packed(vq) ? packed_listen(vq) : split_listen(vq);
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

static always_inline_fn void fill_locked(struct vq_chain *chain, uint32_t written)
{
	struct virtqueue *vq = chain->vq;

	if (unlikely(!vq->ready))
		;
	else if (is_packed(vq))
		packed_fill(vq, chain->id, chain->slots, written);
	else
		split_fill(vq, chain->id, written);
	release(chain);
}

static always_inline_fn void publish_locked(struct virtqueue *vq)
{
	if (unlikely(!vq->ready || !vq->filled))
		return;
	if (is_packed(vq))
		packed_publish(vq);
	else
		split_publish(vq);
}

static always_inline_fn void signal_locked(struct virtqueue *vq)
{
	bool wanted;

	if (!vq->unsignalled || unlikely(!vq->ready))
		return;
	/* The driver sets its wish and then looks at the index; we the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wanted = is_packed(vq) ? packed_wants_interrupt(vq) : split_wants_interrupt(vq);
	vq->unsignalled = 0;
	if (wanted)
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

void vq_return_buffers(struct virtqueue *vq, const struct vq_buffer *buffers, unsigned n)
{
	unsigned long flags = spin_lock_irqsave(&vq->used_lock);
	unsigned i;

	if (is_packed(vq)) {
		for (i = 0; i < n; i++)
			packed_fill(vq, buffers[i].id, 1, buffers[i].len);
	} else {
		for (i = 0; i < n; i++)
			split_fill(vq, buffers[i].id, buffers[i].len);
	}
	publish_locked(vq);
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
		while (!more && (chain = pop(vq))) {
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
