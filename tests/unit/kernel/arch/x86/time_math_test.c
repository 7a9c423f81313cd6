/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Clock arithmetic at ordinary values and at the ends of its ranges. */
#include "arch/x86/bring_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define PIT_HZ  1193182u
#define HPET_HZ 14318180u

static void a_rate_follows_from_two_counts(void **state) {
	(void)state;
	/* 20 ms of a 3 GHz TSC against PIT and HPET. */
	assert_in_range(time_rate(60000000, 23864, PIT_HZ), 2999900000u, 3000100000u);
	assert_in_range(time_rate(60000000, 286364, HPET_HZ), 2999990000u, 3000010000u);
	assert_int_equal(time_rate(10, 10, 1000), 1000);
	assert_int_equal(time_rate(0, 10, 1000), 0);
}

static void a_rate_of_no_time_is_zero_not_a_fault(void **state) {
	(void)state;
	assert_int_equal(time_rate(1000, 0, PIT_HZ), 0);
}

static void a_rate_survives_a_window_that_fills_the_reference(void **state) {
	/* 5 GHz for 40 s against a 100 MHz clock of 32 bits: the product of the
	 * counts would not fit. */
	uint64_t reference = 100000000ull * 40;

	(void)state;
	assert_int_equal(time_rate(5000000000ull * 40, reference, 100000000), 5000000000ull);
}

static void a_deadline_that_has_passed_counts_one(void **state) {
	(void)state;
	assert_int_equal(time_counter(1000, 1000, 1ull << 32), 1);
	assert_int_equal(time_counter(1000, 0, 1ull << 32), 1);
	assert_int_equal(time_counter(~0ull, 0, 1ull << 32), 1);
}

static void a_deadline_is_never_met_early_by_rounding(void **state) {
	(void)state;
	/* Four TSC ticks per counter tick: five ticks take two counts. */
	assert_int_equal(time_counter(0, 4, 1ull << 30), 1);
	assert_int_equal(time_counter(0, 5, 1ull << 30), 2);
	assert_int_equal(time_counter(0, 1, 1), 1);
}

static void a_deadline_out_of_reach_is_cut_to_the_counter(void **state) {
	(void)state;
	assert_int_equal(time_counter(0, UINT32_MAX, 1ull << 32), UINT32_MAX);
	assert_int_equal(time_counter(0, UINT32_MAX + 1ull, 1ull << 32), UINT32_MAX);
	assert_int_equal(time_counter(0, ~0ull, 1ull << 32), UINT32_MAX);
	assert_int_equal(time_counter(0, ~0ull, ~0ull), UINT32_MAX);
}

static void the_median_ignores_one_spoiled_window(void **state) {
	static const uint64_t rows[][3] = {
	    {1000, 1001, 9000}, {1000, 9000, 1001}, {9000, 1000, 1001}, {1, 1001, 2000},
	    {1001, 1, 1001},    {2000, 1, 1001},    {1001, 1001, 1001},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(time_median(rows[i]), 1001);
}

static void a_reading_between_the_two_own_ones_is_no_skew(void **state) {
	(void)state;
	assert_int_equal(time_skew(100, 100, 200), 0);
	assert_int_equal(time_skew(100, 200, 200), 0);
	assert_int_equal(time_skew(100, 99, 200), 1);
	assert_int_equal(time_skew(100, 201, 200), 1);
	assert_int_equal(time_skew(1ull << 60, 0, (1ull << 60) + 1), 1ull << 60);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rate_follows_from_two_counts),
	    cmocka_unit_test(a_rate_of_no_time_is_zero_not_a_fault),
	    cmocka_unit_test(a_rate_survives_a_window_that_fills_the_reference),
	    cmocka_unit_test(a_deadline_that_has_passed_counts_one),
	    cmocka_unit_test(a_deadline_is_never_met_early_by_rounding),
	    cmocka_unit_test(a_deadline_out_of_reach_is_cut_to_the_counter),
	    cmocka_unit_test(the_median_ignores_one_spoiled_window),
	    cmocka_unit_test(a_reading_between_the_two_own_ones_is_no_skew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
