/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the lock with turns and without. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "lib/spinlock.h"

#define THREADS 4u
#define ROUNDS  20000u

static struct spinlock lock;
static unsigned counter;

static int set_up(void **state) {
	(void)state;
	spinlock_init(&lock, 1);
	return 0;
}

static void a_lock_that_is_held_is_not_taken(void **state) {
	(void)state;
	assert_true(spinlock_try(&lock));
	assert_false(spinlock_try(&lock));
	lock.owner++; /* given back; whoever tried to take it has no turn */
	assert_int_equal(lock.next, lock.owner);
	assert_true(spinlock_try(&lock));
}

static void who_tries_does_not_pass_who_waits_in_turn(void **state) {
	(void)state;
	lock.next = 2; /* one has the lock, another waits */
	assert_false(spinlock_try(&lock));
	lock.owner = 1; /* it is the other's turn */
	assert_false(spinlock_try(&lock));
	lock.owner = 2;
	assert_true(spinlock_try(&lock));
}

static void turns_go_on_past_the_last_number(void **state) {
	(void)state;
	lock.next = lock.owner = 0xffff;
	assert_true(spinlock_try(&lock));
	assert_int_equal(lock.next, 0);
	assert_int_equal(lock.owner, 0xffff);
	assert_false(spinlock_try(&lock));
	lock.owner++;
	assert_true(spinlock_try(&lock));
}

/* Without rank: each thread would need its own list of what it holds. */
static void *count(void *unused) {
	(void)unused;
	for (unsigned i = 0; i < ROUNDS; i++) {
		while (!spinlock_try(&lock))
			__builtin_ia32_pause();
		counter++;
		__atomic_store_n(&lock.owner, (uint16_t)(lock.owner + 1), __ATOMIC_RELEASE);
	}
	return NULL;
}

static void only_one_thread_at_a_time_has_it(void **state) {
	pthread_t threads[THREADS];

	(void)state;
	counter = 0;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(counter, THREADS * ROUNDS);
}

static void both_ways_of_waiting_leave_the_lock_free(void **state) {
	(void)state;
	for (unsigned turns = 0; turns < 2; turns++) {
		spinlock_has_turns = turns;
		spinlock_acquire(&lock);
		assert_false(spinlock_try(&lock));
		spinlock_release(&lock);
		assert_int_equal(lock.next, lock.owner);
	}
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_lock_that_is_held_is_not_taken),
	    T(who_tries_does_not_pass_who_waits_in_turn),
	    T(turns_go_on_past_the_last_number),
	    T(only_one_thread_at_a_time_has_it),
	    T(both_ways_of_waiting_leave_the_lock_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
