/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests' serial ports: output goes into a ring and to listeners, input waits in a queue until the
 * emulated device takes it.
 *
 * Locks: ports_lock (mutex) guards the list of ports and their reference counts; each port has a
 * spin lock for its rings and listeners, held with IRQs masked while a listener is called, which
 * keeps output in order. Memory for what was sent is taken when a port first sends; what is typed
 * has its place from the beginning, so that a guest can be used when the host has no memory left.
 */
#include <core/vserial.h>

#include <core/guest.h>
#include <core/mem.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/printf.h>
#include <libs/ringbuf.h>
#include <libs/string.h>

#define INPUT_QUEUE  1024     /* bytes */
#define PIECE	     64	      /* bytes handed over at once, so that IRQs are not masked for long */
#define PUMP_POLL    1000000  /* ns between looks whether a receive function has returned */

struct vserial {
	struct list link;     /* ports; ports_lock */
	unsigned refs;	      /* ports_lock */
	struct guest *guest;
	char name[GUEST_NAME_MAX + 48];
	size_t (*receive)(void *priv, const uint8_t *buf, size_t n);
	void *priv;
	size_t ring_size;
	/* below: lock */
	spinlock_t lock;
	bool closed;	      /* its device has gone */
	bool pumping;	      /* somebody is handing input over */
	bool again;	      /* there came input or room meanwhile */
	struct list sinks;
	struct ringbuf out;   /* data is NULL before the first use */
	struct ringbuf in;    /* of queue */
	size_t unseen;	      /* newest bytes of out that no listener got */
	uint64_t bytes_out, bytes_in, dropped;
	uint8_t queue[INPUT_QUEUE];
};

static struct mutex ports_lock = MUTEX_INIT(ports_lock);
static struct list ports = LIST_INIT(ports);

static struct vserial *find_locked(const char *name)
{
	bool any_port = !strchr(name, '/');
	struct vserial *vs;

	list_for_each_entry(vs, &ports, link) {
		if (!strcmp(any_port ? vs->guest->name : vs->name, name))
			return vs;
	}
	return NULL;
}

struct vserial *vserial_create(struct guest *guest, const char *name, size_t ring,
			       size_t (*receive)(void *priv, const uint8_t *buf, size_t n),
			       void *priv)
{
	struct vserial *vs = heap_zalloc(sizeof(*vs));

	if (!vs)
		return NULL;
	snprintf(vs->name, sizeof(vs->name), "%s/%s", guest->name, name);
	vs->refs = 1;
	vs->guest = guest;
	vs->receive = receive;
	vs->priv = priv;
	vs->ring_size = ring;
	spin_init(&vs->lock);
	list_init(&vs->sinks);
	ringbuf_init(&vs->in, vs->queue, sizeof(vs->queue));
	mutex_lock(&ports_lock);
	if (find_locked(vs->name)) {
		heap_free(vs);
		vs = NULL;
	} else {
		list_add_tail(&ports, &vs->link);
	}
	mutex_unlock(&ports_lock);
	return vs;
}

static void put_locked(struct vserial *vs)
{
	if (--vs->refs)
		return;
	heap_free(vs->out.data);
	heap_free(vs);
}

void vserial_put(struct vserial *vs)
{
	mutex_lock(&ports_lock);
	put_locked(vs);
	mutex_unlock(&ports_lock);
}

void vserial_destroy(struct vserial *vs)
{
	unsigned long flags;

	if (!vs)
		return;
	mutex_lock(&ports_lock);
	list_del(&vs->link);
	mutex_unlock(&ports_lock);
	flags = spin_lock_irqsave(&vs->lock);
	vs->closed = true;
	while (vs->pumping) {
		/*
		 * receive() is running in another thread, maybe one of lower priority: let it end.
		 */
		spin_unlock_irqrestore(&vs->lock, flags);
		thread_sleep(PUMP_POLL);
		flags = spin_lock_irqsave(&vs->lock);
	}
	vs->guest = NULL;
	spin_unlock_irqrestore(&vs->lock, flags);
	vserial_put(vs);
}

/** Make the memory for output when it is first used. @return whether there is some */
static bool out_ready(struct vserial *vs)
{
	void *data;

	if (vs->out.data)
		return true;
	data = vs->ring_size ? heap_alloc(vs->ring_size) : NULL;
	if (data)
		ringbuf_init(&vs->out, data, vs->ring_size);
	return data;
}

/* --- output ------------------------------------------------------------------------- */

static void deliver(struct vserial *vs, const uint8_t *buf, size_t n)
{
	struct vserial_sink *sink;

	list_for_each_entry(sink, &vs->sinks, link)
		sink->fn(sink, buf, n);
}

/** One piece, under the lock. */
static void output_locked(struct vserial *vs, const uint8_t *buf, size_t n)
{
	size_t lost, room;

	vs->bytes_out += n;
	if (out_ready(vs))
		ringbuf_overwrite(&vs->out, buf, n);
	if (!list_empty(&vs->sinks)) {
		deliver(vs, buf, n);
		return;
	}
	room = vs->out.data ? ringbuf_used(&vs->out) : 0;
	vs->unseen += n;
	lost = vs->unseen > room ? vs->unseen - room : 0;
	vs->unseen -= lost;
	vs->dropped += lost;
}

void vserial_output(struct vserial *vs, const uint8_t *buf, size_t n)
{
	while (n) {
		size_t piece = n < PIECE ? n : PIECE;
		unsigned long flags = spin_lock_irqsave(&vs->lock);

		output_locked(vs, buf, piece);
		spin_unlock_irqrestore(&vs->lock, flags);
		buf += piece;
		n -= piece;
	}
}

/** Hand the listener the oldest unseen bytes, at most a piece, under the lock. @return bytes */
static size_t deliver_unseen(struct vserial *vs, struct vserial_sink *sink)
{
	uint8_t piece[PIECE];
	size_t n = vs->unseen < PIECE ? vs->unseen : PIECE;

	if (!n)
		return 0;
	ringbuf_peek(&vs->out, ringbuf_used(&vs->out) - vs->unseen, piece, n);
	vs->unseen -= n;
	sink->fn(sink, piece, n);
	return n;
}

void vserial_attach(struct vserial *vs, struct vserial_sink *sink, bool history)
{
	unsigned long flags = spin_lock_irqsave(&vs->lock);
	size_t left = vs->unseen, n;

	/*
	 * IRQs are let in between pieces. What a guest adds meanwhile comes last, in one go, so
	 * that one which never stops talking cannot keep us here.
	 */
	while (history && left && (n = deliver_unseen(vs, sink))) {
		left -= n < left ? n : left;
		spin_unlock_irqrestore(&vs->lock, flags);
		flags = spin_lock_irqsave(&vs->lock);
	}
	while (history && deliver_unseen(vs, sink))
		;
	vs->unseen = 0;
	list_add_tail(&vs->sinks, &sink->link);
	spin_unlock_irqrestore(&vs->lock, flags);
}

void vserial_detach(struct vserial *vs, struct vserial_sink *sink)
{
	unsigned long flags = spin_lock_irqsave(&vs->lock);

	list_del(&sink->link);
	spin_unlock_irqrestore(&vs->lock, flags);
}

size_t vserial_history(struct vserial *vs, uint8_t *buf, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&vs->lock);
	size_t used = vs->out.data ? ringbuf_used(&vs->out) : 0;

	if (n > used)
		n = used;
	if (n)
		n = ringbuf_peek(&vs->out, used - n, buf, n);
	spin_unlock_irqrestore(&vs->lock, flags);
	return n;
}

/* --- input -------------------------------------------------------------------------- */

/**
 * Offer queued input to the device until it takes no more. One thread at a time does that; another
 * one that comes meanwhile leaves word that there is more to do. Entered and left without lock.
 */
static void pump(struct vserial *vs)
{
	uint8_t piece[PIECE];
	unsigned long flags = spin_lock_irqsave(&vs->lock);

	vs->again = true;
	if (vs->pumping || vs->closed) {
		spin_unlock_irqrestore(&vs->lock, flags);
		return;
	}
	vs->pumping = true;
	while (!vs->closed && !ringbuf_empty(&vs->in) && vs->again) {
		size_t n = ringbuf_peek(&vs->in, 0, piece, sizeof(piece)), took;

		vs->again = false;
		spin_unlock_irqrestore(&vs->lock, flags);
		took = vs->receive(vs->priv, piece, n);
		flags = spin_lock_irqsave(&vs->lock);
		ringbuf_skip(&vs->in, took);
		if (took == n)
			vs->again = true;
	}
	vs->pumping = false;
	spin_unlock_irqrestore(&vs->lock, flags);
}

void vserial_ready(struct vserial *vs)
{
	/*
	 * On the path of every read that empties a FIFO: mostly nothing waits. Input that is queued
	 * at this moment is pumped by the thread that queues it.
	 */
	if (READ_ONCE(vs->in.used))
		pump(vs);
}

size_t vserial_input(struct vserial *vs, const uint8_t *buf, size_t n)
{
	size_t done = 0, took;

	do {
		unsigned long flags = spin_lock_irqsave(&vs->lock);

		took = 0;
		if (!vs->closed)
			took = ringbuf_write(&vs->in, buf + done, n - done);
		vs->bytes_in += took;
		spin_unlock_irqrestore(&vs->lock, flags);
		done += took;
		if (took)
			pump(vs);
	} while (took && done < n);
	return done;
}

size_t vserial_room(struct vserial *vs)
{
	return INPUT_QUEUE - READ_ONCE(vs->in.used);
}

/* --- the list --------------------------------------------------------------------------- */

struct vserial *vserial_find(const char *name)
{
	struct vserial *vs;

	mutex_lock(&ports_lock);
	vs = find_locked(name);
	if (vs)
		vs->refs++;
	mutex_unlock(&ports_lock);
	return vs;
}

void vserial_list_lock(void)
{
	mutex_lock(&ports_lock);
}

void vserial_list_unlock(void)
{
	mutex_unlock(&ports_lock);
}

struct vserial *vserial_next(struct vserial *prev)
{
	struct list *next = prev ? prev->link.next : ports.next;

	return next == &ports ? NULL : list_entry(next, struct vserial, link);
}

const char *vserial_name(const struct vserial *vs)
{
	return vs->name;
}

struct guest *vserial_guest(const struct vserial *vs)
{
	return READ_ONCE(vs->guest);
}

void vserial_counts(const struct vserial *vs, uint64_t *out, uint64_t *in, uint64_t *dropped)
{
	*out = READ_ONCE(vs->bytes_out);
	*in = READ_ONCE(vs->bytes_in);
	*dropped = READ_ONCE(vs->dropped);
}
