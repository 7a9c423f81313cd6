/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the queue of deadlines. Random operations: tests/property/core. */
#include "core/timer_queue.h"
#include "model_test.h"

#define NODES 5u

static struct timer_queue queue;
static struct timer_node node[NODES];

static int fresh(void **state) {
	(void)state;
	queue.root = NULL;
	for (unsigned i = 0; i < NODES; i++)
		timer_node_init(&node[i]);
	return 0;
}

static void an_empty_queue_never_expires(void **state) {
	(void)state;
	assert_int_equal(timer_queue_earliest(&queue), TIMER_NEVER);
	assert_null(timer_queue_pop(&queue, TIMER_NEVER - 1));
}

static void nodes_come_out_in_the_order_of_their_deadlines(void **state) {
	static const uint64_t deadline[NODES] = {30, 10, 50, 20, 40};
	static const unsigned order[NODES] = {1, 3, 0, 4, 2};

	(void)state;
	for (unsigned i = 0; i < NODES; i++)
		timer_queue_set(&queue, &node[i], deadline[i]);
	for (unsigned i = 0; i < NODES; i++) {
		assert_int_equal(timer_queue_earliest(&queue), deadline[order[i]]);
		assert_ptr_equal(timer_queue_pop(&queue, 100), &node[order[i]]);
		assert_int_equal(node[order[i]].deadline, TIMER_NEVER);
	}
	assert_null(timer_queue_pop(&queue, 100));
}

static void a_node_expires_at_its_deadline_and_not_before(void **state) {
	(void)state;
	timer_queue_set(&queue, &node[0], 1000);
	assert_null(timer_queue_pop(&queue, 999));
	assert_ptr_equal(timer_queue_pop(&queue, 1000), &node[0]);
}

static void a_deadline_moves_both_ways(void **state) {
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		timer_queue_set(&queue, &node[i], 100 + i);
	timer_queue_set(&queue, &node[0], 500);
	assert_int_equal(timer_queue_earliest(&queue), 101);
	timer_queue_set(&queue, &node[2], 7);
	assert_int_equal(timer_queue_earliest(&queue), 7);
	timer_queue_set(&queue, &node[2], 7);
	assert_ptr_equal(timer_queue_pop(&queue, 600), &node[2]);
	assert_ptr_equal(timer_queue_pop(&queue, 600), &node[1]);
	assert_ptr_equal(timer_queue_pop(&queue, 600), &node[0]);
}

static void a_removed_node_does_not_expire_and_may_come_back(void **state) {
	(void)state;
	timer_queue_set(&queue, &node[0], 1);
	timer_queue_set(&queue, &node[1], 2);
	timer_queue_set(&queue, &node[0], TIMER_NEVER);
	timer_queue_set(&queue, &node[0], TIMER_NEVER);
	assert_ptr_equal(timer_queue_pop(&queue, 10), &node[1]);
	assert_null(timer_queue_pop(&queue, 10));
	timer_queue_set(&queue, &node[0], 3);
	assert_ptr_equal(timer_queue_pop(&queue, 10), &node[0]);
}

static void equal_deadlines_all_expire(void **state) {
	(void)state;
	for (unsigned i = 0; i < NODES; i++)
		timer_queue_set(&queue, &node[i], 42);
	for (unsigned i = 0; i < NODES; i++)
		assert_non_null(timer_queue_pop(&queue, 42));
	assert_null(timer_queue_pop(&queue, 42));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(an_empty_queue_never_expires, fresh),
	    cmocka_unit_test_setup(nodes_come_out_in_the_order_of_their_deadlines, fresh),
	    cmocka_unit_test_setup(a_node_expires_at_its_deadline_and_not_before, fresh),
	    cmocka_unit_test_setup(a_deadline_moves_both_ways, fresh),
	    cmocka_unit_test_setup(a_removed_node_does_not_expire_and_may_come_back, fresh),
	    cmocka_unit_test_setup(equal_deadlines_all_expire, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
