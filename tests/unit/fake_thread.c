/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread that never waits: a mutex that is taken twice, or given back without being held, is
 * a mistake and ends the program.
 */
#include <stdlib.h>

#include <core/thread.h>

static struct thread the_thread = { .name = "test" };

struct thread *thread_current(void)
{
	return &the_thread;
}

void mutex_init(struct mutex *m)
{
	m->owner = 0;
}

void mutex_lock(struct mutex *m)
{
	if (m->owner)
		abort();
	m->owner = (uintptr_t)&the_thread;
}

bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = (uintptr_t)&the_thread;
	return true;
}

void mutex_unlock(struct mutex *m)
{
	if (m->owner != (uintptr_t)&the_thread)
		abort();
	m->owner = 0;
}
