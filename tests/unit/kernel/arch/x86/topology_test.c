/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which processors are used: one thread per core, reachable, within the limit. */
#include "arch/x86/bring_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define LIMIT 8u

static uint32_t ids[LIMIT];

static void threads_per_core_come_from_leaf_b_or_from_amds_leaf(void **state) {
	static const struct {
		uint32_t leaf_b[4];
		uint32_t leaf_8000001e[4];
		unsigned bits;
	} rows[] = {
	    {{0}, {0}, 0},
	    /* Leaf 0xB: shift 1, two threads, type SMT. */
	    {{1, 2, 0x100}, {0}, 1},
	    {{0, 1, 0x100}, {0}, 0},
	    {{1, 1, 0x100}, {0}, 0},
	    {{2, 4, 0x100}, {0}, 2},
	    /* It has the last word where it exists. */
	    {{0, 1, 0x100}, {0, 0x100}, 0},
	    /* A level of another type says nothing about threads. */
	    {{4, 16, 0x200}, {0}, 0},
	    /* Leaf 0x8000001E: threads - 1 in bits 15..8; the core's number below. */
	    {{0}, {0, 0x107}, 1},
	    {{0}, {0, 0x007}, 0},
	    {{0}, {0, 0x200}, 2},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (topology_thread_bits(rows[i].leaf_b, rows[i].leaf_8000001e) != rows[i].bits)
			fail_msg("row %u: not %u bits", i, rows[i].bits);
}

static void every_core_is_used_by_its_first_listed_thread(void **state) {
	const struct handoff_cpu list[] = {{0, 1}, {2, 1}, {1, 1}, {3, 1}, {5, 1}};
	uint32_t count = topology_select(list, 5, 1, LIMIT, ids);

	(void)state;
	assert_int_equal(count, 3);
	assert_int_equal(ids[0], 0);
	assert_int_equal(ids[1], 2);
	assert_int_equal(ids[2], 5);
}

static void without_threads_all_processors_are_used(void **state) {
	const struct handoff_cpu list[] = {{0, 1}, {1, 1}, {2, 1}};
	uint32_t count = topology_select(list, 3, 0, LIMIT, ids);

	(void)state;
	assert_int_equal(count, 3);
}

static void the_boot_processor_is_used_even_if_it_is_the_second_thread(void **state) {
	const struct handoff_cpu list[] = {{7, 0}, {6, 1}, {0, 1}};
	uint32_t count = topology_select(list, 3, 1, LIMIT, ids);

	(void)state;
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], 7);
	assert_int_equal(ids[1], 0);
}

static void disabled_processors_are_left_out(void **state) {
	const struct handoff_cpu list[] = {{0, 1}, {1, 0}, {2, 1}};
	uint32_t count = topology_select(list, 3, 0, LIMIT, ids);

	(void)state;
	assert_int_equal(count, 2);
	assert_int_equal(ids[1], 2);
}

static void ids_that_devices_cannot_reach_are_left_out(void **state) {
	const struct handoff_cpu list[] = {{0, 1}, {254, 1}, {255, 1}, {300, 1}};
	uint32_t count = topology_select(list, 4, 0, LIMIT, ids);

	(void)state;
	assert_int_equal(count, 2);
	assert_int_equal(ids[1], 254);
}

static void processors_beyond_the_limit_are_not_written(void **state) {
	const struct handoff_cpu list[] = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
	uint32_t count;

	(void)state;
	ids[2] = 0xdead;
	count = topology_select(list, 4, 0, 2, ids);
	assert_int_equal(count, 2);
	assert_int_equal(ids[2], 0xdead);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(threads_per_core_come_from_leaf_b_or_from_amds_leaf),
	    cmocka_unit_test(every_core_is_used_by_its_first_listed_thread),
	    cmocka_unit_test(without_threads_all_processors_are_used),
	    cmocka_unit_test(the_boot_processor_is_used_even_if_it_is_the_second_thread),
	    cmocka_unit_test(disabled_processors_are_left_out),
	    cmocka_unit_test(ids_that_devices_cannot_reach_are_left_out),
	    cmocka_unit_test(processors_beyond_the_limit_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
