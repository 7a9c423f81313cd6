/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the flush ledger. */
#include "mm/flush_ledger.h"
#include "mm_test.h"

static void reach_all(uint64_t generation) {
	for (uint32_t cpu = 0; cpu < flush_ledger.cpu_count; cpu++)
		flush_ledger_reach(cpu, generation);
}

static void a_change_is_covered_by_the_next_flush_only(void **state) {
	uint64_t required;

	(void)state;
	flush_ledger_init(2);
	reach_all(flush_ledger_begin());
	required = flush_ledger_required();
	assert_false(flush_ledger_is_reached(required));
	assert_int_equal(flush_ledger_begin(), required);
	assert_false(flush_ledger_is_reached(required));
	reach_all(required);
	assert_true(flush_ledger_is_reached(required));
}

static void a_flush_is_over_when_the_last_processor_has_reached_it(void **state) {
	uint64_t generation;

	(void)state;
	flush_ledger_init(3);
	generation = flush_ledger_begin();
	flush_ledger_reach(0, generation);
	flush_ledger_reach(2, generation);
	assert_false(flush_ledger_is_reached(generation));
	flush_ledger_reach(1, generation);
	assert_true(flush_ledger_is_reached(generation));
}

static void a_later_flush_covers_the_earlier_ones(void **state) {
	uint64_t first;

	(void)state;
	flush_ledger_init(2);
	first = flush_ledger_begin();
	flush_ledger_begin();
	reach_all(flush_ledger_observe());
	assert_true(flush_ledger_is_reached(first));
	assert_true(flush_ledger_is_reached(first + 1));
	assert_false(flush_ledger_is_reached(first + 2));
}

static void generation_zero_needs_no_flush(void **state) {

	(void)state;
	flush_ledger_init(FLUSH_MAX_CPUS);
	assert_true(flush_ledger_is_reached(0));
}

static void a_processor_cannot_go_back_or_ahead_of_the_flush(void **state) {

	(void)state;
	flush_ledger_init(1);
	flush_ledger_reach(0, flush_ledger_begin());
	expect_check_failure(flush_ledger_reach(0, 0));
	expect_check_failure(flush_ledger_reach(0, 2));
	expect_check_failure(flush_ledger_reach(1, 1));
	expect_check_failure(flush_ledger_init(FLUSH_MAX_CPUS + 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_is_covered_by_the_next_flush_only),
	    cmocka_unit_test(a_flush_is_over_when_the_last_processor_has_reached_it),
	    cmocka_unit_test(a_later_flush_covers_the_earlier_ones),
	    cmocka_unit_test(generation_zero_needs_no_flush),
	    cmocka_unit_test(a_processor_cannot_go_back_or_ahead_of_the_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
