/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the synthetic timers. */
#include "core/stimer.h"
#include "model_test.h"

#define DIRECT(vector) (HV_STIMER_DIRECT | (uint64_t)(vector) << HV_STIMER_VECTOR_SHIFT)
#define MESSAGE(sint)  ((uint64_t)(sint) << HV_STIMER_SINT_SHIFT)

static struct stimer_bank fresh(void) {
	struct stimer_bank b;

	stimer_init(&b);
	return b;
}

static bool write_config(struct stimer_bank *b, unsigned timer, uint64_t config, hv_reference_time_t now) {
	return stimer_write(b, 2 * timer, config, now);
}

static void write_count(struct stimer_bank *b, unsigned timer, uint64_t count, hv_reference_time_t now) {
	assert_true(stimer_write(b, 2 * timer + 1, count, now));
}

/* How many raised their vector. */
static unsigned expire(struct stimer_bank *b, hv_reference_time_t now) {
	return (unsigned)__builtin_popcount(stimer_expire(b, now));
}

static void new_timers_are_off(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	assert_int_equal(stimer_deadline(&b), REFERENCE_TIME_NEVER);
	for (unsigned i = 0; i < HV_STIMER_COUNT; i++) {
		assert_int_equal(stimer_read(&b, 2 * i), 0);
		assert_int_equal(stimer_read(&b, 2 * i + 1), 0);
	}
	assert_int_equal(expire(&b, REFERENCE_TIME_NEVER - 1), 0);
}

/* What stock Linux does: enable with auto-enable, then write expirations. */
static void a_direct_one_shot_timer_raises_its_vector_once(void **state) {
	struct stimer_bank b = fresh();
	uint64_t config = HV_STIMER_ENABLE | HV_STIMER_AUTO_ENABLE | DIRECT(0xed);

	(void)state;
	assert_true(write_config(&b, 0, config, 100));
	assert_int_equal(stimer_deadline(&b), REFERENCE_TIME_NEVER);
	write_count(&b, 0, 5000, 100);
	assert_int_equal(stimer_deadline(&b), 5000);
	assert_int_equal(stimer_expire(&b, 4999), 0);
	assert_int_equal(stimer_expire(&b, 5000), 1);
	assert_int_equal(stimer_vector(&b.timer[0]), 0xed);
	assert_int_equal(b.timer[0].expired, 0);
	assert_int_equal(stimer_read(&b, 2 * 0), config & ~HV_STIMER_ENABLE);
	assert_int_equal(stimer_deadline(&b), REFERENCE_TIME_NEVER);
	write_count(&b, 0, 6000, 5001);
	assert_int_equal(stimer_read(&b, 2 * 0), config);
	assert_int_equal(stimer_deadline(&b), 6000);
}

static void an_expiration_in_the_past_expires_at_once(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	assert_true(write_config(&b, 2, HV_STIMER_AUTO_ENABLE | DIRECT(0x40), 9000));
	write_count(&b, 2, 1, 9000);
	assert_true(stimer_deadline(&b) <= 9000);
	assert_int_equal(expire(&b, 9000), 1);
	assert_int_equal(expire(&b, 9000), 0);
}

/* Count against configuration [XSA-504]: the row says what runs afterwards. */
static void counts_and_configurations_row_by_row(void **state) {
	static const struct {
		uint64_t config;
		uint64_t count;
		hv_reference_time_t deadline; /* written at time 1000 */
		bool is_enabled;
	} rows[] = {
	    {DIRECT(0x40), 0, REFERENCE_TIME_NEVER, false},
	    {DIRECT(0x40), 1, REFERENCE_TIME_NEVER, false},
	    {DIRECT(0x40) | HV_STIMER_AUTO_ENABLE, 0, REFERENCE_TIME_NEVER, false},
	    {DIRECT(0x40) | HV_STIMER_AUTO_ENABLE, 1, 1, true},
	    {DIRECT(0x40) | HV_STIMER_AUTO_ENABLE, ~0ull, REFERENCE_TIME_NEVER, true},
	    {DIRECT(0x40) | HV_STIMER_ENABLE, 0, REFERENCE_TIME_NEVER, false},
	    {DIRECT(0x40) | HV_STIMER_ENABLE, 1, 1, true},
	    {DIRECT(0x40) | HV_STIMER_ENABLE | HV_STIMER_PERIODIC, 0, REFERENCE_TIME_NEVER, false},
	    {DIRECT(0x40) | HV_STIMER_ENABLE | HV_STIMER_PERIODIC, 1, 1001, true},
	    {DIRECT(0x40) | HV_STIMER_ENABLE | HV_STIMER_PERIODIC, ~0ull, REFERENCE_TIME_NEVER, true},
	    {DIRECT(0x40) | HV_STIMER_ENABLE | HV_STIMER_PERIODIC, ~0ull - 2000, ~0ull - 1000, true},
	    {DIRECT(0x40) | HV_STIMER_ENABLE | HV_STIMER_LAZY, 7, 7, true},
	    {MESSAGE(0) | HV_STIMER_ENABLE, 7, REFERENCE_TIME_NEVER, false},
	    {MESSAGE(0) | HV_STIMER_AUTO_ENABLE, 7, REFERENCE_TIME_NEVER, false},
	    {MESSAGE(4) | HV_STIMER_ENABLE, 7, 7, true},
	    {MESSAGE(4) | HV_STIMER_ENABLE | HV_STIMER_PERIODIC | HV_STIMER_AUTO_ENABLE, 7, 1007, true},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct stimer_bank b = fresh();

		assert_true(write_config(&b, 1, rows[i].config, 1000));
		write_count(&b, 1, rows[i].count, 1000);
		if (stimer_deadline(&b) != rows[i].deadline)
			fail_msg("row %u: deadline %llu", i, (unsigned long long)stimer_deadline(&b));
		assert_int_equal(stimer_read(&b, 2 * 1) & HV_STIMER_ENABLE, rows[i].is_enabled);
		assert_int_equal(stimer_read(&b, 2 * 1 + 1), rows[i].count);
		(void)expire(&b, ~0ull - 1);
		(void)expire(&b, ~0ull - 1);
	}
}

static void illegal_configurations_fault_and_change_nothing(void **state) {
	static const uint64_t bad[] = {
	    1ull << 13, 1ull << 14, 1ull << 15, 1ull << 20, 1ull << 63, DIRECT(15), DIRECT(0),
	};
	struct stimer_bank b = fresh();
	struct stimer_bank before;

	(void)state;
	assert_true(write_config(&b, 3, DIRECT(0x40) | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 3, 99, 0);
	before = b;
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(write_config(&b, 3, bad[i], 0));
	assert_memory_equal(&b, &before, sizeof(b));
}

static void a_periodic_timer_keeps_its_phase_over_missed_periods(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	assert_true(write_config(&b, 0, DIRECT(0x40) | HV_STIMER_PERIODIC | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 0, 10000, 7);
	assert_int_equal(stimer_deadline(&b), 10007);
	assert_int_equal(expire(&b, 95000), 1);
	assert_int_equal(stimer_deadline(&b), 100007);
	assert_int_equal(expire(&b, 95000), 0);
	assert_true(stimer_read(&b, 2 * 0) & HV_STIMER_ENABLE);
}

static void the_shortest_period_does_not_storm(void **state) {
	struct stimer_bank b = fresh();
	hv_reference_time_t now = 1;
	unsigned interrupts = 0;

	(void)state;
	assert_true(write_config(&b, 0, DIRECT(0x40) | HV_STIMER_PERIODIC | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 0, 1, 0);
	while (now < 10000) {
		assert_int_equal(expire(&b, now), 1);
		interrupts++;
		assert_true(stimer_deadline(&b) > now);
		now = stimer_deadline(&b);
	}
	assert_int_equal(interrupts, 10000 / STIMER_MIN_PERIOD);
}

static void four_timers_expire_in_one_call(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	for (unsigned i = 0; i < HV_STIMER_COUNT; i++) {
		assert_true(write_config(&b, i, DIRECT(0x40 + i) | HV_STIMER_AUTO_ENABLE, 0));
		write_count(&b, i, 100 + i, 0);
	}
	assert_int_equal(stimer_deadline(&b), 100);
	assert_int_equal(stimer_expire(&b, 102), 7);
	assert_int_equal(stimer_vector(&b.timer[2]), 0x42);
	assert_int_equal(stimer_deadline(&b), 103);
}

static void a_timer_in_message_mode_runs_and_says_when_it_expired(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	assert_true(write_config(&b, 2, MESSAGE(4) | HV_STIMER_PERIODIC | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 2, 1000, 0);
	assert_int_equal(expire(&b, 1000), 0);
	assert_int_equal(b.timer[2].expired, 1000);
	assert_int_equal(stimer_sint(&b.timer[2]), 4);
	assert_int_equal(stimer_deadline(&b), 2000);
	assert_true(stimer_is_possible(&b));
	/* The next expiry replaces what was not told. */
	assert_int_equal(expire(&b, 2500), 0);
	assert_int_equal(b.timer[2].expired, 2000);
}

static void a_write_takes_back_what_was_not_told(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	assert_true(write_config(&b, 1, MESSAGE(2) | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 1, 10, 0);
	assert_int_equal(expire(&b, 10), 0);
	assert_int_equal(b.timer[1].expired, 10);
	write_count(&b, 1, 0, 11);
	assert_int_equal(b.timer[1].expired, 0);
}

static void a_direct_timer_has_nothing_to_tell(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	b.timer[0].config = DIRECT(0x40);
	b.timer[0].expired = 1;
	assert_false(stimer_is_possible(&b));
	b.timer[0].config = MESSAGE(3);
	assert_true(stimer_is_possible(&b));
}

static void what_ran_is_possible(void **state) {
	struct stimer_bank b = fresh();

	(void)state;
	assert_true(stimer_is_possible(&b));
	assert_true(write_config(&b, 0, DIRECT(0xed) | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 0, 777, 0);
	assert_true(write_config(&b, 3, MESSAGE(2) | HV_STIMER_PERIODIC | HV_STIMER_AUTO_ENABLE, 0));
	write_count(&b, 3, 50, 0);
	assert_int_equal(expire(&b, 60), 0);
	assert_true(stimer_is_possible(&b));
}

static void what_no_write_leaves_is_impossible(void **state) {
	static const struct {
		unsigned index;
		struct stimer timer;
	} flaws[] = {
	    {1, {1ull << 40, 0, REFERENCE_TIME_NEVER, 0}},
	    {2, {HV_STIMER_ENABLE, 0, REFERENCE_TIME_NEVER, 0}}, /* SINT 0 */
	    {3, {0, 0, 5, 0}},                                   /* a timer that is off */
	    {3, {DIRECT(0x40) | HV_STIMER_ENABLE, 0, 5, 0}},
	    {0, {DIRECT(3), 0, REFERENCE_TIME_NEVER, 0}},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(flaws); i++) {
		struct stimer_bank b = fresh();

		b.timer[flaws[i].index] = flaws[i].timer;
		assert_false(stimer_is_possible(&b));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(new_timers_are_off),
	    cmocka_unit_test(a_direct_one_shot_timer_raises_its_vector_once),
	    cmocka_unit_test(an_expiration_in_the_past_expires_at_once),
	    cmocka_unit_test(counts_and_configurations_row_by_row),
	    cmocka_unit_test(illegal_configurations_fault_and_change_nothing),
	    cmocka_unit_test(a_periodic_timer_keeps_its_phase_over_missed_periods),
	    cmocka_unit_test(the_shortest_period_does_not_storm),
	    cmocka_unit_test(four_timers_expire_in_one_call),
	    cmocka_unit_test(a_timer_in_message_mode_runs_and_says_when_it_expired),
	    cmocka_unit_test(a_write_takes_back_what_was_not_told),
	    cmocka_unit_test(a_direct_timer_has_nothing_to_tell),
	    cmocka_unit_test(what_ran_is_possible),
	    cmocka_unit_test(what_no_write_leaves_is_impossible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
