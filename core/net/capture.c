/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures: frames go into a ring of memory in the thread of whoever sends them, and a thread of
 * the capture writes them to its file in the format of pcap. When that is slower than the frames
 * come, frames are dropped and counted; nobody waits for the disk.
 *
 * A record's place in the ring is taken under the capture's spin lock; the record is filled without
 * it and then marked as complete. The thread stops at the first one that is not.
 */
#include "net_priv.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/time.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/string.h>

#define RING_SIZE  (uint32_t)MIB /* power of two; a dozen of the largest frames */
#define RING_ALIGN 16u
#define GATHER	   50000000u	 /* ns between the first frame and its being written */
#define MAGIC_NS   0xa1b23c4du	 /* pcap with nanoseconds, in the writer's byte order */
#define ETHERNET   1		 /* LINKTYPE_ETHERNET */
#define PRIO	   3		 /* as most guests: a flood that is captured takes no more */

struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, link;
};

struct pcap_record {
	uint32_t seconds, ns, stored, len;
};

enum { WRITING, COMPLETE, PADDING };

/** A record in the ring; the frame's bytes follow. */
struct entry {
	uint32_t state;
	uint32_t size; /* all of it, aligned */
	uint64_t at;   /* ns since boot */
	struct pcap_record pcap;
};

struct net_capture {
	spinlock_t lock;
	uint64_t head, tail; /* bytes ever put, taken; lock */
	uint64_t due;	     /* moment until which the thread waits for more; lock */
	uint8_t *ring;
	uint64_t frames, bytes, dropped;
	int err;
	bool stop;
	uint64_t epoch; /* ns from 1970 to boot */
	struct thread *thread;
	bool open;
	struct vfs_file file;
	uint64_t file_at;
	char path[VFS_PATH_MAX];
};

/* --- putting ------------------------------------------------------------------------------- */

static struct entry *entry_at(const struct net_capture *capture, uint64_t at)
{
	return (void *)(capture->ring + (at & (RING_SIZE - 1)));
}

static struct entry *put_entry(struct net_capture *capture, uint32_t state, uint32_t size)
{
	struct entry *entry = entry_at(capture, capture->head);

	__atomic_store_n(&entry->state, state, __ATOMIC_RELAXED);
	entry->size = size;
	capture->head += size;
	return entry;
}

/** Take room for a record, in one piece. @return NULL: there is none */
static struct entry *reserve(struct net_capture *capture, uint64_t now, uint32_t size, bool *wake)
{
	unsigned long flags = spin_lock_irqsave(&capture->lock);
	uint64_t used = capture->head - capture->tail;
	uint32_t end = RING_SIZE - (capture->head & (RING_SIZE - 1));
	uint32_t pad = end < size ? end : 0;
	struct entry *entry = NULL;

	if (!capture->err && used + pad + size <= RING_SIZE) {
		if (pad)
			put_entry(capture, PADDING, pad);
		entry = put_entry(capture, WRITING, size);
		capture->frames++;
		*wake = !used || (used < RING_SIZE / 2 && used + pad + size >= RING_SIZE / 2);
		if (!used)
			capture->due = now + GATHER;
	} else {
		capture->dropped++;
	}
	spin_unlock_irqrestore(&capture->lock, flags);
	return entry;
}

static bool put(void *arg, const struct net_frame *frame)
{
	struct net_capture *capture = arg;
	uint32_t size = ALIGN_UP((uint32_t)sizeof(struct entry) + frame->len, RING_ALIGN);
	bool wake = false;
	uint64_t now = time_now();
	struct entry *entry = reserve(capture, now, size, &wake);

	if (!entry)
		return false;
	entry->at = now;
	entry->pcap.stored = frame->len;
	entry->pcap.len = frame->len;
	net_frame_read(frame, 0, entry + 1, frame->len);
	__atomic_store_n(&entry->state, COMPLETE, __ATOMIC_RELEASE);
	if (wake)
		thread_wake(capture->thread);
	return true;
}

void net_capture_frame(struct net_capture *capture, const struct net_frame *frame)
{
	/* As it would be on a wire: whole checksums, no segments put together. */
	net_offload(frame, 0, put, capture);
}

/* --- writing: the capture's thread --------------------------------------------------------- */

static int write_bytes(struct net_capture *capture, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n) {
		int64_t done = vfs_write(&capture->file, capture->file_at, from, n);

		if (done <= 0)
			return done ? (int)done : -ENOSPC;
		from += done;
		n -= (size_t)done;
		capture->file_at += (uint64_t)done;
	}
	return 0;
}

static int write_entry(struct net_capture *capture, struct entry *entry)
{
	uint64_t at = capture->epoch + entry->at;

	entry->pcap.seconds = (uint32_t)(at / 1000000000);
	entry->pcap.ns = (uint32_t)(at % 1000000000);
	capture->bytes += entry->pcap.stored;
	return write_bytes(capture, &entry->pcap, sizeof(entry->pcap) + entry->pcap.stored);
}

/** Write what is complete. @return 0 or the file's error */
static int drain(struct net_capture *capture)
{
	int err = 0;

	while (!err) {
		unsigned long flags = spin_lock_irqsave(&capture->lock);
		uint64_t head = capture->head;
		struct entry *entry = entry_at(capture, capture->tail);
		uint32_t state;

		spin_unlock_irqrestore(&capture->lock, flags);
		if (capture->tail == head)
			break;
		state = __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE);
		if (state == WRITING) {
			/* Whoever writes it runs, or will; its wake-up may have gone by. */
			thread_sleep(GATHER / 50);
			continue;
		}
		if (state == COMPLETE)
			err = write_entry(capture, entry);
		flags = spin_lock_irqsave(&capture->lock);
		capture->tail += entry->size;
		capture->err = err;
		spin_unlock_irqrestore(&capture->lock, flags);
	}
	return err;
}

static void capture_thread(void *arg)
{
	struct net_capture *capture = arg;
	bool stop = false;
	int err = 0;

	while (!err && !stop) {
		uint64_t used = READ_ONCE(capture->head) - capture->tail;

		stop = __atomic_load_n(&capture->stop, __ATOMIC_ACQUIRE);
		if (!stop && !used)
			thread_block(UINT64_MAX);
		else if (!stop && used < RING_SIZE / 2 && time_now() < capture->due)
			thread_block(capture->due);
		else
			err = drain(capture);
	}
	if (!err)
		err = vfs_sync_file(&capture->file);
	if (err) {
		WRITE_ONCE(capture->err, err);
		log_error("net capture: %s: writing failed after %llu frames: %s", capture->path,
			  (unsigned long long)capture->frames, error_text(err));
	}
}

/* --- life ---------------------------------------------------------------------------------- */

static void capture_free(struct net_capture *capture)
{
	if (capture->open)
		vfs_close(&capture->file);
	heap_free(capture->ring);
	heap_free(capture);
}

static int capture_create(const char *path, struct net_capture **result)
{
	const struct pcap_header header = {
		.magic = MAGIC_NS, .major = 2, .minor = 4, .snaplen = NET_FRAME_MAX,
		.link = ETHERNET,
	};
	struct net_capture *capture = heap_zalloc(sizeof(*capture));
	int err;

	if (!capture)
		return -ENOMEM;
	spin_init(&capture->lock);
	strlcpy(capture->path, path, sizeof(capture->path));
	capture->epoch = time_wallclock() * 1000000000 - time_now();
	capture->ring = heap_alloc(RING_SIZE);
	err = capture->ring ? vfs_open_flags(path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE,
					     &capture->file) : -ENOMEM;
	capture->open = !err;
	if (!err)
		err = write_bytes(capture, &header, sizeof(header));
	if (!err) {
		capture->thread = thread_create("capture", capture_thread, capture, PRIO);
		err = capture->thread ? 0 : -ENOMEM;
	}
	if (err) {
		capture_free(capture);
		return err;
	}
	thread_start(capture->thread);
	*result = capture;
	return 0;
}

void net_capture_end(struct net_capture *capture)
{
	if (!capture)
		return;
	__atomic_store_n(&capture->stop, true, __ATOMIC_RELEASE);
	thread_wake(capture->thread);
	thread_join(capture->thread);
	capture_free(capture);
}

/** Where the capture of a port or switch is kept; NULL: there is no such thing. net_mutex. */
static struct net_capture **place_of(const char *target)
{
	struct net_port *port = net_port_find(target);
	struct net_switch *sw = port ? NULL : net_switch_find(target);

	return port ? &port->capture : sw ? &sw->capture : NULL;
}

int net_capture_start(const char *target, const char *path)
{
	struct net_capture *capture, **place;
	int err;

	/* Not under the mutex: the file may take its time. What was there may go meanwhile. */
	mutex_lock(&net_mutex);
	place = place_of(target);
	err = !place ? -ENXIO : *place ? -EALREADY : 0;
	mutex_unlock(&net_mutex);
	if (!err)
		err = capture_create(path, &capture);
	if (err)
		return err;
	mutex_lock(&net_mutex);
	place = place_of(target);
	err = !place ? -ENXIO : *place ? -EALREADY : 0;
	if (!err)
		__atomic_store_n(place, capture, __ATOMIC_RELEASE);
	mutex_unlock(&net_mutex);
	if (err)
		net_capture_end(capture);
	return err;
}

int net_capture_stop(const char *target)
{
	struct net_capture *capture = NULL, **place;

	mutex_lock(&net_mutex);
	place = place_of(target);
	if (place)
		capture = *place;
	if (capture) {
		__atomic_store_n(place, NULL, __ATOMIC_RELEASE);
		net_synchronize();
	}
	mutex_unlock(&net_mutex);
	if (!place)
		return -ENXIO;
	if (!capture)
		return -ENODATA;
	net_capture_end(capture);
	return 0;
}

void net_capture_info(const struct net_capture *capture, struct net_capture_info *info)
{
	info->path = capture->path;
	info->frames = READ_ONCE(capture->frames);
	info->bytes = READ_ONCE(capture->bytes);
	info->dropped = READ_ONCE(capture->dropped);
	info->err = READ_ONCE(capture->err);
}
