/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices on several CPUs at once: RAM disks that are written, read and emptied in parallel,
 * media that come and go below requests in flight.
 */
#include "self.h"

#include <core/mem.h>
#include <core/vdisk.h>
#include <libs/atomic.h>
#include <libs/errno.h>
#include <libs/string.h>

#define THREADS	 4
#define REQUESTS 4	/* in flight of a thread */
#define SECTORS	 256	/* of a disk */
#define ROUNDS	 60
#define WHY	 BLOCK_WHY_MAX

/* --- RAM disks -------------------------------------------------------------------------------- */

struct writer {
	struct blockdev *bd;
	unsigned nr;
	const char *wrong;
};

/* Sectors nr, nr + THREADS, ...: neighbours in the same chunks are of other threads. */
static void write_and_read(void *arg)
{
	struct writer *w = arg;
	uint8_t *buf = heap_alloc(2 * SECTOR_SIZE), *want = buf + SECTOR_SIZE;
	unsigned round, i;

	if (!buf)
		w->wrong = "no memory";
	for (round = 0; round < ROUNDS && !w->wrong; round++) {
		for (i = w->nr; i < SECTORS && !w->wrong; i += THREADS) {
			memset(want, (int)(round + i), SECTOR_SIZE);
			if (round % 4 == 3)
				memset(want, 0, SECTOR_SIZE);
			if (round % 4 == 3 ? blockdev_zero(w->bd, i, 1) :
					     blockdev_rw(w->bd, i, want, 1, true))
				w->wrong = "a write failed";
			else if (blockdev_rw(w->bd, i, buf, 1, false))
				w->wrong = "a read failed";
			else if (memcmp(buf, want, SECTOR_SIZE))
				w->wrong = "it was not there what had been written";
		}
	}
	heap_free(buf);
}

SELFTEST(ramdisk, "block.ramdisk")
{
	struct thread *threads[THREADS];
	struct writer writers[THREADS];
	const char *wrong = NULL;
	struct blockdev *bd;
	unsigned i;

	if (ramdisk_create("selftest", SECTORS * SECTOR_SIZE, NULL, 0, &bd))
		return "no RAM disk could be made";
	for (i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ bd, i, NULL };
		threads[i] = self_thread(write_and_read, &writers[i], PRIO_DEFAULT,
					 BIT(i % self_cpus()));
		if (threads[i])
			thread_start(threads[i]);
	}
	for (i = 0; i < THREADS; i++) {
		if (threads[i])
			thread_join(threads[i]);
		if (!threads[i] || writers[i].wrong)
			wrong = threads[i] ? writers[i].wrong : "no thread could be made";
	}
	if (blockdev_unregister(bd))
		wrong = "the RAM disk is in use in the end";
	return wrong;
}

/* --- media ------------------------------------------------------------------------------------ */

/* Everything of the test; the threads share it. */
struct world {
	struct vdisk disk;
	struct guest guest; /* has a name only */
	struct blockdev *media[2];
	atomic_t stop, submitted, ended, without, wrong, changes;
};

struct asked {
	struct vdisk_request vr;
	struct mem_seg seg;
	struct world *world;
	atomic_t busy;
	uint8_t data[SECTOR_SIZE];
};

static void asked_done(struct vdisk_request *vr)
{
	struct asked *a = container_of(vr, struct asked, vr);
	struct world *w = a->world;

	if (vr->rq.status == -ENODEV)
		atomic_add(&w->without, 1);
	else if (vr->rq.status)
		atomic_add(&w->wrong, 1);
	atomic_add(&w->ended, 1);
	atomic_store_release(&a->busy, 0);
}

static void ask(struct asked *a, struct world *w, unsigned n)
{
	a->world = w;
	a->seg = (struct mem_seg){ a->data, SECTOR_SIZE };
	a->vr = (struct vdisk_request){
		.rq = { .op = n % 3 ? BLOCK_READ : BLOCK_WRITE, .sector = n % SECTORS,
			.sectors = 1, .segs = &a->seg, .nr_segs = 1 },
		.vdisk = &w->disk, .done = asked_done,
	};
	atomic_store(&a->busy, 1);
	atomic_add(&w->submitted, 1);
	vdisk_submit(&a->vr);
}

static void ask_on(void *arg)
{
	struct world *w = arg;
	struct asked *asked = heap_calloc(REQUESTS, sizeof(*asked));
	unsigned n = 0, i;

	for (i = 0; asked && !atomic_load(&w->stop); i = (i + 1) % REQUESTS) {
		if (!atomic_load_acquire(&asked[i].busy))
			ask(&asked[i], w, n++);
		else if (i == 0)
			thread_sleep(100000);
		thread_yield();
	}
	for (i = 0; asked && i < REQUESTS; i++)
		while (atomic_load_acquire(&asked[i].busy))
			thread_sleep(100000);
	if (!asked)
		atomic_add(&w->wrong, 1);
	heap_free(asked);
}

static void note_change(struct vdisk *vd)
{
	atomic_add(&container_of(vd, struct world, disk)->changes, 1);
}

static const struct vdisk_ops disk_ops = { .changed = note_change };

/* Another medium, none, the same again: each time nothing may be in flight on the one before. */
static const char *change_media(struct world *w)
{
	const char *wrong = NULL;
	char why[WHY];
	unsigned i;

	for (i = 0; i < ROUNDS && !wrong; i++) {
		if (vdisk_attach(&w->disk, w->media[i % 2]->name, why, sizeof(why)))
			wrong = "a medium could not be attached";
		else if (READ_ONCE(w->media[!(i % 2)]->users))
			wrong = "the medium before is still in use";
		thread_sleep(i % 4 * 100000);
		if (i % 3 == 0)
			vdisk_drain(&w->disk);
		if (i % 5 == 0 && vdisk_detach(&w->disk))
			wrong = "there was no medium to detach";
		else if (i % 5 == 0 && vdisk_in_flight(&w->disk))
			wrong = "requests are in flight without a medium";
	}
	return wrong;
}

static const char *run_world(struct world *w)
{
	struct block_fault slow = { .ops = BIT32(BLOCK_READ) | BIT32(BLOCK_WRITE), .first = 100,
				    .sectors = 100, .delay = 200000 };
	struct thread *threads[THREADS];
	const char *wrong;
	unsigned i;

	if (IS_ENABLED(CONFIG_BLOCK_FAULT) && blockdev_fault_add(w->media[0], &slow))
		return "no memory for a fault";
	for (i = 0; i < THREADS; i++) {
		threads[i] = self_thread(ask_on, w, PRIO_DEFAULT, BIT(i % self_cpus()));
		if (threads[i])
			thread_start(threads[i]);
	}
	wrong = change_media(w);
	atomic_store(&w->stop, 1);
	for (i = 0; i < THREADS; i++) {
		if (threads[i])
			thread_join(threads[i]);
		else
			wrong = "no thread could be made";
	}
	if (atomic_load(&w->submitted) != atomic_load(&w->ended))
		wrong = "not as many requests ended as were begun";
	if (atomic_load(&w->wrong))
		wrong = "a request ended with an error";
	if (atomic_load(&w->ended) == atomic_load(&w->without))
		wrong = "no request reached a medium";
	if (atomic_load(&w->changes) < ROUNDS)
		wrong = "not all changes were told";
	return wrong;
}

SELFTEST(vdisk, "block.vdisk")
{
	struct world *w = heap_zalloc(sizeof(*w));
	const char *wrong = "not enough memory";
	unsigned i;

	if (!w)
		return wrong;
	strlcpy(w->guest.name, "selftest", sizeof(w->guest.name));
	w->disk.ops = &disk_ops;
	for (i = 0; i < 2; i++)
		if (ramdisk_create("selftest", SECTORS * SECTOR_SIZE, NULL, 0, &w->media[i]))
			goto free;
	if (!vdisk_register(&w->disk, &w->guest, "disk")) {
		wrong = run_world(w);
		vdisk_unregister(&w->disk);
	}
free:
	for (i = 0; i < 2; i++)
		if (w->media[i] && blockdev_unregister(w->media[i]))
			wrong = "a RAM disk is in use in the end";
	heap_free(w);
	return wrong;
}
