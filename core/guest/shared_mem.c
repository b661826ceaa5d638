/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that several guests see, by name. It is there as long as a guest has it, or, when it was
 * created for itself, until it is destroyed too. shared_mutex guards the list and what is in it.
 */
#include <core/shared_mem.h>

#include <core/guest.h>
#include <core/mem.h>
#include <core/thread.h>
#include <libs/errno.h>
#include <libs/string.h>
#include "guest_priv.h"

struct shared_mem {
	struct list link; /* shared_mems */
	char name[GUEST_NAME_MAX];
	uint64_t size;
	unsigned users; /* regions of guests, and one for `kept` */
	bool kept;	/* created for itself */
	struct extent *extents;
	unsigned nr_extents;
};

static struct mutex shared_mutex = MUTEX_INIT(shared_mutex);
static struct list shared_mems = LIST_INIT(shared_mems);

static struct shared_mem *find(const char *name)
{
	struct shared_mem *s;

	list_for_each_entry(s, &shared_mems, link)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static struct shared_mem *make(const char *name, uint64_t size, uint64_t align)
{
	struct shared_mem *s = heap_zalloc(sizeof(*s));

	if (!s || extents_alloc(size, align, &s->extents, &s->nr_extents)) {
		heap_free(s);
		return NULL;
	}
	strlcpy(s->name, name, sizeof(s->name));
	s->size = size;
	list_add_tail(&shared_mems, &s->link);
	return s;
}

static void put(struct shared_mem *s)
{
	if (--s->users)
		return;
	list_del(&s->link);
	extents_free(s->extents, s->nr_extents);
	heap_free(s->extents);
	heap_free(s);
}

int shared_mem_get(struct region *r, const char *name)
{
	struct shared_mem *s;
	int err = 0;

	mutex_lock(&shared_mutex);
	s = find(name);
	if (s && s->size != r->size)
		err = -EINVAL;
	else if (!s)
		s = make(name, r->size, 0);
	if (!s)
		err = -ENOMEM;
	if (!err) {
		s->users++;
		r->shared = s;
		r->extents = s->extents;
		r->nr_extents = s->nr_extents;
	}
	mutex_unlock(&shared_mutex);
	return err;
}

void shared_mem_put(struct region *r)
{
	mutex_lock(&shared_mutex);
	put(r->shared);
	mutex_unlock(&shared_mutex);
	r->shared = NULL;
	r->extents = NULL;
}

int shared_mem_create(const char *name, uint64_t size, uint64_t align)
{
	struct shared_mem *s;
	int err = 0;

	if (!*name || strlen(name) >= GUEST_NAME_MAX || !size || !IS_ALIGNED(size, PAGE_SIZE))
		return -EINVAL;
	mutex_lock(&shared_mutex);
	s = find(name) ? NULL : make(name, size, align);
	if (s) {
		s->kept = true;
		s->users = 1;
	} else {
		err = find(name) ? -EEXIST : -ENOMEM;
	}
	mutex_unlock(&shared_mutex);
	return err;
}

int shared_mem_destroy(const char *name)
{
	struct shared_mem *s;
	int err = 0;

	mutex_lock(&shared_mutex);
	s = find(name);
	if (!s) {
		err = -ENOENT;
	} else if (s->users > s->kept) {
		err = -EBUSY;
	} else {
		put(s);
	}
	mutex_unlock(&shared_mutex);
	return err;
}

void shared_mem_for_each(void (*fn)(const struct shared_mem_info *info, void *arg), void *arg)
{
	struct shared_mem *s;

	mutex_lock(&shared_mutex);
	list_for_each_entry(s, &shared_mems, link) {
		struct shared_mem_info info = { s->name, s->size, s->users - s->kept,
						s->extents[0].hpa };

		fn(&info, arg);
	}
	mutex_unlock(&shared_mutex);
}
