/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on request: block devices that fail, are full or slow, to see what guests and we make of
 * it. One spin lock guards the faults and the requests that are kept back.
 */
#include "fault.h"

#include <core/mem.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/errno.h>

struct fault {
	struct list link;
	const struct blockdev *bd;
	struct block_fault what;
};

static spinlock_t lock = SPINLOCK_INIT;
static struct list faults = LIST_INIT(faults);
static struct list kept = LIST_INIT(kept); /* requests; their end is in offset */
static struct timer timer;
unsigned block_nr_faults;

/** Does a request meet this fault, on its device or, from a partition, on the disk? */
static bool meets(const struct fault *f, const struct block_request *rq)
{
	const struct blockdev *bd = rq->bd;
	uint64_t at = rq->sector;

	if (!(f->what.ops & BIT32(rq->op)))
		return false;
	for (; bd != f->bd; bd = bd->parent) {
		if (!bd->parent)
			return false;
		at += bd->start;
	}
	return rq->op == BLOCK_FLUSH ||
	       (at < f->what.first + f->what.sectors && f->what.first < at + rq->sectors);
}

/** Find a fault of a kind, and count it. Under the lock. @return whether there was one */
static bool take(const struct block_request *rq, bool delays, struct block_fault *out)
{
	struct fault *f;

	list_for_each_entry(f, &faults, link) {
		if (!f->what.delay == delays || !meets(f, rq))
			continue;
		*out = f->what;
		if (f->what.count && !--f->what.count) {
			list_del(&f->link);
			block_nr_faults--;
			heap_free(f);
		}
		return true;
	}
	return false;
}

int block_fault_begin(const struct block_request *rq)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct block_fault f = { .status = 0 };

	(void)take(rq, false, &f);
	spin_unlock_irqrestore(&lock, flags);
	return f.status;
}

static void arm_locked(void)
{
	uint64_t first = UINT64_MAX;
	struct block_request *rq;

	list_for_each_entry(rq, &kept, link)
		first = MIN(first, rq->offset);
	if (first != UINT64_MAX)
		timer_start(&timer, first);
}

static struct block_request *next_due(uint64_t now)
{
	struct block_request *rq;

	list_for_each_entry(rq, &kept, link) {
		if (rq->offset <= now) {
			list_del(&rq->link);
			return rq;
		}
	}
	return NULL;
}

static void let_go(struct timer *t)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct block_request *rq;

	while ((rq = next_due(time_now()))) {
		spin_unlock_irqrestore(&lock, flags);
		rq->done(rq);
		flags = spin_lock_irqsave(&lock);
	}
	arm_locked();
	spin_unlock_irqrestore(&lock, flags);
}

bool block_fault_keep(struct block_request *rq)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct block_fault f;
	bool keep = take(rq, true, &f);

	if (keep) {
		rq->offset = time_now() + f.delay;
		list_add_tail(&kept, &rq->link);
		if (!timer.fn)
			timer_init(&timer, let_go);
		arm_locked();
	}
	spin_unlock_irqrestore(&lock, flags);
	return keep;
}

int blockdev_fault_add(struct blockdev *bd, const struct block_fault *what)
{
	struct fault *f;
	unsigned long flags;

	if (!what->ops || !what->sectors || !what->delay == !what->status ||
	    what->delay > BLOCK_DELAY_MAX)
		return -EINVAL;
	f = heap_zalloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->bd = bd;
	f->what = *what;
	/* So that the end fits a number. */
	f->what.first = MIN(what->first, UINT64_MAX / 2);
	f->what.sectors = MIN(what->sectors, UINT64_MAX / 2);
	flags = spin_lock_irqsave(&lock);
	list_add_tail(&faults, &f->link);
	block_nr_faults++;
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

unsigned blockdev_fault_clear(const struct blockdev *bd)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	struct fault *f, *next;
	unsigned n = 0;

	list_for_each_entry_safe(f, next, &faults, link) {
		if (f->bd != bd)
			continue;
		list_del(&f->link);
		block_nr_faults--;
		heap_free(f);
		n++;
	}
	spin_unlock_irqrestore(&lock, flags);
	return n;
}

bool blockdev_fault_get(const struct blockdev *bd, unsigned n, struct block_fault *what)
{
	unsigned long flags = spin_lock_irqsave(&lock);
	bool found = false;
	struct fault *f;

	list_for_each_entry(f, &faults, link) {
		found = f->bd == bd && !n--;
		if (found) {
			*what = f->what;
			break;
		}
	}
	spin_unlock_irqrestore(&lock, flags);
	return found;
}
