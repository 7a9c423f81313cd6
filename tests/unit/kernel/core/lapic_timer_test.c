/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the local APIC timer's arithmetic. */
#include "core/lapic_model.h"
#include "model_test.h"

#define VECTOR 0x40

static struct lapic unmasked(bool is_periodic, uint32_t divide) {
	struct lapic l;

	lapic_init(&l, 0, true);
	l.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	l.reg[LAPIC_LVT_TIMER] = VECTOR | (is_periodic ? LAPIC_LVT_TIMER_PERIODIC : 0);
	l.reg[LAPIC_DIVIDE] = divide;
	return l;
}

static void start(struct lapic *l, uint32_t count, uint64_t now) {
	l->reg[LAPIC_INITIAL_COUNT] = count;
	lapic_timer_start(l, count, now);
}

static void the_divide_register_has_eight_values(void **state) {
	static const struct {
		uint32_t divide;
		uint32_t divisor;
	} rows[] = {{0x0, 2}, {0x1, 4}, {0x2, 8}, {0x3, 16}, {0x8, 32}, {0x9, 64}, {0xa, 128}, {0xb, 1}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lapic l = unmasked(false, rows[i].divide);

		start(&l, 3, 100);
		assert_int_equal(l.deadline_ns, 100 + 3 * rows[i].divisor);
	}
}

static void after_reset_the_timer_is_stopped_and_masked(void **state) {
	struct lapic l;

	(void)state;
	lapic_init(&l, 0, true);
	assert_int_equal(l.deadline_ns, REFERENCE_TIME_NEVER);
	assert_int_equal(l.reg[LAPIC_LVT_TIMER], LAPIC_LVT_MASKED);
	assert_int_equal(lapic_timer_count(&l, 1000), 0);
	assert_false(lapic_timer_expire(&l, REFERENCE_TIME_NEVER - 1));
}

static void one_tick_at_divide_1_is_a_nanosecond(void **state) {
	struct lapic l = unmasked(false, 0xb);

	(void)state;
	start(&l, 1000, 5000);
	assert_int_equal(l.deadline_ns, 6000);
	assert_int_equal(lapic_timer_count(&l, 5000), 1000);
	assert_int_equal(lapic_timer_count(&l, 5999), 1);
	assert_int_equal(lapic_timer_count(&l, 6000), 0);
}

static void a_one_shot_timer_expires_once(void **state) {
	struct lapic l = unmasked(false, 0x3);

	(void)state;
	start(&l, 10, 0);
	assert_false(lapic_timer_expire(&l, 159));
	assert_true(lapic_timer_expire(&l, 160));
	assert_int_equal(l.deadline_ns, REFERENCE_TIME_NEVER);
	assert_false(lapic_timer_expire(&l, 1000000));
	assert_int_equal(l.reg[LAPIC_INITIAL_COUNT], 10);
}

static void an_initial_count_of_0_stops_the_timer(void **state) {
	struct lapic l = unmasked(true, 0xb);

	(void)state;
	start(&l, 100000, 0);
	start(&l, 0, 50);
	assert_int_equal(l.deadline_ns, REFERENCE_TIME_NEVER);
	assert_false(lapic_timer_expire(&l, 1ull << 40));
	assert_int_equal(lapic_timer_count(&l, 1ull << 40), 0);
}

static void a_periodic_timer_keeps_its_phase_over_missed_periods(void **state) {
	struct lapic l = unmasked(true, 0xb);

	(void)state;
	start(&l, 1000000, 7);
	assert_true(lapic_timer_expire(&l, 1000007));
	assert_int_equal(l.deadline_ns, 2000007);
	assert_true(lapic_timer_expire(&l, 9500000));
	assert_int_equal(l.deadline_ns, 10000007);
	assert_false(lapic_timer_expire(&l, 9500000));
}

static void the_shortest_period_does_not_storm(void **state) {
	struct lapic l = unmasked(true, 0xb);
	uint64_t now = 1;
	unsigned interrupts = 0;

	(void)state;
	start(&l, 1, 0);
	while (now < 1000000) {
		assert_true(lapic_timer_expire(&l, now));
		interrupts++;
		assert_true(l.deadline_ns > now);
		now = l.deadline_ns;
	}
	assert_int_equal(interrupts, 1000000 / LAPIC_TIMER_MIN_PERIOD_NS);
}

static void a_short_period_catches_up_in_one_step(void **state) {
	struct lapic l = unmasked(true, 0xb);

	(void)state;
	start(&l, 3, 0);
	assert_true(lapic_timer_expire(&l, 1ull << 62));
	assert_true(l.deadline_ns > 1ull << 62);
	assert_int_equal(l.deadline_ns % 3, 0);
	assert_in_range(lapic_timer_count(&l, 1ull << 62), 1, 3);
}

static void the_count_of_a_late_periodic_timer_wraps(void **state) {
	struct lapic l = unmasked(true, 0xb);

	(void)state;
	start(&l, 100, 0);
	assert_int_equal(lapic_timer_count(&l, 30), 70);
	assert_int_equal(lapic_timer_count(&l, 100), 100);
	assert_int_equal(lapic_timer_count(&l, 350), 50);
}

static void a_masked_timer_runs_but_does_not_interrupt(void **state) {
	struct lapic l = unmasked(true, 0xb);

	(void)state;
	l.reg[LAPIC_LVT_TIMER] |= LAPIC_LVT_MASKED;
	start(&l, 100000, 0);
	assert_false(lapic_timer_expire(&l, 150000));
	assert_int_equal(l.deadline_ns, 200000);
}

static void a_new_divisor_keeps_the_current_count(void **state) {
	struct lapic_action action;
	struct lapic l = unmasked(false, 0xb);

	(void)state;
	start(&l, 1000, 0);
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_DIVIDE, 0xfffffffa, 400, &action));
	assert_int_equal(l.reg[LAPIC_DIVIDE], 0xa);
	assert_int_equal(lapic_timer_count(&l, 400), 600);
	assert_int_equal(l.deadline_ns, 400 + 600 * 128);
}

static void the_largest_count_and_divisor_do_not_overflow(void **state) {
	struct lapic l = unmasked(true, 0xa);

	(void)state;
	start(&l, 0xffffffff, 10);
	assert_int_equal(l.deadline_ns, 10 + 0xffffffffull * 128);
	assert_int_equal(lapic_timer_count(&l, 10), 0xffffffff);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_divide_register_has_eight_values),
	    cmocka_unit_test(after_reset_the_timer_is_stopped_and_masked),
	    cmocka_unit_test(one_tick_at_divide_1_is_a_nanosecond),
	    cmocka_unit_test(a_one_shot_timer_expires_once),
	    cmocka_unit_test(an_initial_count_of_0_stops_the_timer),
	    cmocka_unit_test(a_periodic_timer_keeps_its_phase_over_missed_periods),
	    cmocka_unit_test(the_shortest_period_does_not_storm),
	    cmocka_unit_test(a_short_period_catches_up_in_one_step),
	    cmocka_unit_test(the_count_of_a_late_periodic_timer_wraps),
	    cmocka_unit_test(a_masked_timer_runs_but_does_not_interrupt),
	    cmocka_unit_test(a_new_divisor_keeps_the_current_count),
	    cmocka_unit_test(the_largest_count_and_divisor_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
