/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The queue of deadlines under random use, against an array that is searched
 * from end to end. usage: [seed]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/timer_queue.h"

#define NODES 64u
#define STEPS 200000u

static uint64_t seed;
static uint64_t random_state;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t model[NODES]; /* deadline of each node */

static uint64_t model_earliest(void) {
	uint64_t earliest = TIMER_NEVER;

	for (unsigned i = 0; i < NODES; i++)
		if (model[i] < earliest)
			earliest = model[i];
	return earliest;
}

static void pop_all_due(struct timer_queue *q, struct timer_node *nodes, uint64_t now) {
	struct timer_node *n;

	while ((n = timer_queue_pop(q, now)) != NULL) {
		const size_t i = (size_t)(n - nodes);

		assert_true(i < NODES);
		assert_int_equal(model[i], model_earliest());
		assert_true(model[i] <= now);
		assert_int_equal(n->deadline, TIMER_NEVER);
		model[i] = TIMER_NEVER;
	}
	assert_true(model_earliest() > now);
}

/* Few different deadlines at times, so that equal ones are common. */
static void random_operations_agree_with_a_naive_list(void **state) {
	struct timer_queue q = {0};
	struct timer_node nodes[NODES];
	uint64_t now = 0;

	(void)state;
	for (unsigned i = 0; i < NODES; i++) {
		timer_node_init(&nodes[i]);
		model[i] = TIMER_NEVER;
	}
	for (unsigned step = 0; step < STEPS; step++) {
		const unsigned i = random_u64() % NODES;
		const uint64_t r = random_u64();

		if (r % 16 == 0) {
			now += r >> 8 & 0x3ff;
			pop_all_due(&q, nodes, now);
		} else {
			model[i] = r % 16 < 4 ? TIMER_NEVER : now + (r >> 8 & (r & 0x80 ? 7 : 0xfff));
			timer_queue_set(&q, &nodes[i], model[i]);
		}
		assert_int_equal(timer_queue_earliest(&q), model_earliest());
	}
	pop_all_due(&q, nodes, TIMER_NEVER - 1);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_operations_agree_with_a_naive_list),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	random_state = seed * 2 + 1;
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
