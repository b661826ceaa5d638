/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/atomic.h: what each function returns, and that nothing is lost between threads.
 */
#include <limits.h>
#include <pthread.h>

#include <libs/atomic.h>

#include "unit.h"

#define ROUNDS	100000
#define THREADS	4

TEST(results)
{
	atomic_t a = ATOMIC_INIT(5);

	CHECK_EQ(atomic_load(&a), 5);
	atomic_store_release(&a, 6);
	CHECK_EQ(atomic_load_acquire(&a), 6);
	atomic_add(&a, 4);
	atomic_sub(&a, 3);
	CHECK_EQ(atomic_add_return(&a, 1), 8);
	CHECK_EQ(atomic_sub_return(&a, 8), 0);
	CHECK(!atomic_inc_not_zero(&a));
	atomic_inc(&a);
	CHECK(atomic_inc_not_zero(&a));
	CHECK(!atomic_dec_and_test(&a));
	CHECK(atomic_dec_and_test(&a));
	CHECK_EQ(atomic_cmpxchg(&a, 1, 2), 0);
	CHECK_EQ(atomic_load(&a), 0);
	CHECK_EQ(atomic_cmpxchg_acquire(&a, 0, 2), 0);
	CHECK_EQ(atomic_xchg(&a, 12), 2);
	CHECK_EQ(atomic_fetch_or(&a, 3), 12);
	CHECK_EQ(atomic_fetch_and(&a, 5), 15);
	CHECK_EQ(atomic_load(&a), 5);
	atomic_store(&a, INT_MAX);
	atomic_inc(&a);
	CHECK_EQ(atomic_load(&a), INT_MIN);
}

static atomic_t counter;
static atomic_t lock;
static int guarded;

static void *work(void *unused)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		atomic_inc(&counter);
		while (atomic_cmpxchg_acquire(&lock, 0, 1) != 0)
			;
		guarded++;
		atomic_store_release(&lock, 0);
	}
	return NULL;
}

TEST(nothing_is_lost_between_threads)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(atomic_load(&counter), ROUNDS * THREADS);
	CHECK_EQ(guarded, ROUNDS * THREADS);
}
