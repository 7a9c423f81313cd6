/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the partition's time against plain 128-bit arithmetic. */
#include "core/reference_time.h"
#include "model_test.h"

#define HOST_START 0x123456789abull

static const uint64_t rates[] = {
    REFERENCE_TIME_MIN_HZ, 50000000, 999999999, 1000000000, 1000000001, 2399998000, 3000000000, 5123456789};

static struct reference_time started(uint64_t hz) {
	struct reference_time r;

	assert_true(reference_time_init(&r, hz, HOST_START));
	return r;
}

static void time_starts_at_0_with_the_guests_tsc(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rates); i++) {
		struct reference_time r = started(rates[i]);

		assert_int_equal(reference_time_guest_tsc(&r, HOST_START), 0);
		assert_int_equal(reference_time_at(&r, HOST_START), 0);
		assert_int_equal(reference_time_ns(&r, HOST_START), 0);
	}
}

static void a_tsc_too_slow_for_the_page_is_refused(void **state) {
	struct reference_time r;

	(void)state;
	assert_false(reference_time_init(&r, REFERENCE_TIME_MIN_HZ - 1, 0));
	assert_false(reference_time_init(&r, 0, 0));
}

static void time_follows_the_frequency(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rates); i++) {
		struct reference_time r = started(rates[i]);

		for (uint64_t tsc = 1; tsc < 1ull << 58; tsc = tsc * 5 + 3) {
			unsigned __int128 units = (unsigned __int128)tsc * 10000000 / rates[i];
			unsigned __int128 ns = (unsigned __int128)tsc * 1000000000 / rates[i];
			uint64_t time = reference_time_at(&r, HOST_START + tsc);

			/* The scale is rounded up to 64 bits: early by less than tsc / 2^64
			 * units, here 1/64 unit. */
			assert_in_range(time, (uint64_t)units, (uint64_t)units + 1);
			time = reference_time_ns(&r, HOST_START + tsc);
			assert_in_range(time, (uint64_t)ns, (uint64_t)ns + 2);
		}
	}
}

static void a_deadline_is_the_first_tsc_that_reaches_it(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rates); i++) {
		struct reference_time r = started(rates[i]);

		for (uint64_t time = 1; time < 1ull << 55; time = time * 7 + 1) {
			uint64_t tsc = reference_time_host_tsc(&r, time);

			assert_true(reference_time_at(&r, tsc) >= time);
			assert_true(reference_time_at(&r, tsc - 1) < time);
			tsc = reference_time_host_tsc_of_ns(&r, time);
			assert_true(reference_time_ns(&r, tsc) >= time);
			assert_true(reference_time_ns(&r, tsc - 1) < time);
		}
		assert_int_equal(reference_time_host_tsc(&r, 0), HOST_START);
	}
}

static void a_deadline_that_no_tsc_reaches_never_comes(void **state) {
	struct reference_time r = started(3000000000);

	(void)state;
	assert_int_equal(reference_time_host_tsc(&r, REFERENCE_TIME_NEVER), REFERENCE_TIME_NEVER);
	assert_int_equal(reference_time_host_tsc(&r, 1ull << 63), REFERENCE_TIME_NEVER);
	assert_int_equal(reference_time_host_tsc_of_ns(&r, 1ull << 63), REFERENCE_TIME_NEVER);
	assert_int_equal(reference_time_host_tsc_of_ns(&r, ~0ull), REFERENCE_TIME_NEVER);
	/* Representable for the guest's TSC, but not for the host's. */
	assert_int_equal(reference_time_host_tsc(&r, reference_time_at(&r, HOST_START - 2)), REFERENCE_TIME_NEVER);
}

static void the_next_period_keeps_its_phase_row_by_row(void **state) {
	static const struct {
		uint64_t deadline, period, now, minimum, next;
	} rows[] = {
	    {100, 10, 100, 0, 110},
	    {100, 10, 109, 0, 110},
	    {100, 10, 110, 0, 120},
	    {100, 1000, 95000, 200, 95100},
	    {100, 1, 100, 200, 300},
	    {100, 150, 100, 200, 400}, /* two periods: the first that leaves the minimum */
	    {1, ~0ull, 5, 200, REFERENCE_TIME_NEVER},
	    {~0ull - 9, 3, ~0ull - 2, 0, ~0ull},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(
		    reference_time_next_period(rows[i].deadline, rows[i].period, rows[i].now, rows[i].minimum),
		    rows[i].next);
}

static void frozen_time_stands_still_and_goes_on_where_it_stopped(void **state) {
	struct reference_time r = started(2000000000);
	uint64_t stop = HOST_START + 6000000;
	uint64_t time = reference_time_at(&r, stop);
	struct hv_reference_tsc_page before;
	struct hv_reference_tsc_page after;

	(void)state;
	reference_time_fill_page(&r, &before);
	reference_time_freeze(&r, stop);
	reference_time_freeze(&r, stop + 1000);
	assert_int_equal(reference_time_at(&r, stop + 99999999), time);
	assert_int_equal(reference_time_guest_tsc(&r, stop + 99999999), 6000000);
	assert_int_equal(reference_time_host_tsc(&r, time + 1), REFERENCE_TIME_NEVER);
	assert_int_equal(reference_time_host_tsc_of_ns(&r, 1), REFERENCE_TIME_NEVER);
	reference_time_thaw(&r, stop + 500000000);
	reference_time_thaw(&r, stop + 600000000);
	assert_int_equal(reference_time_at(&r, stop + 500000000), time);
	assert_int_equal(reference_time_guest_tsc(&r, stop + 500000002), 6000002);
	reference_time_fill_page(&r, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void the_page_gives_the_guest_the_same_time(void **state) {
	struct reference_time r = started(2399998000);
	struct hv_reference_tsc_page page;

	(void)state;
	memset(&page, 0xff, sizeof(page));
	reference_time_fill_page(&r, &page);
	assert_int_not_equal(page.sequence, 0);
	assert_int_not_equal(page.sequence, ~0u);
	for (unsigned i = 0; i < sizeof(page.padding); i++)
		assert_int_equal(page.padding[i], 0);
	for (uint64_t tsc = 1; tsc < 1ull << 50; tsc = tsc * 3 + 1) {
		uint64_t seen = (uint64_t)((unsigned __int128)tsc * page.scale >> 64) + (uint64_t)page.offset;

		assert_int_equal(reference_time_at(&r, HOST_START + tsc), seen);
	}
}

static void a_saved_time_goes_on_after_loading(void **state) {
	struct reference_time r = started(2000000000);
	struct reference_time loaded;
	struct hv_state_reference_time saved;
	uint64_t stop = HOST_START + 123456789;

	(void)state;
	reference_time_save(&r, stop, &saved);
	assert_int_equal(saved.version, HV_STATE_REFERENCE_TIME_VERSION);
	assert_int_equal(reference_time_load(&loaded, &saved, 2000000000), HV_STATUS_SUCCESS);
	assert_true(loaded.is_frozen);
	reference_time_thaw(&loaded, 55);
	assert_int_equal(reference_time_guest_tsc(&loaded, 56), 123456790);
	assert_int_equal(reference_time_at(&loaded, 55), reference_time_at(&r, stop));
	assert_int_equal(loaded.sequence, r.sequence);
	assert_int_equal(loaded.offset, 0);
	/* The host's TSC may lie behind the guest's: then a deadline has passed. */
	assert_int_equal(reference_time_host_tsc(&loaded, 1), 0);
}

static void another_frequency_changes_the_page_and_its_sequence(void **state) {
	struct reference_time r = started(2000000000);
	struct reference_time loaded;
	struct hv_state_reference_time saved;
	struct hv_state_reference_time again;
	uint64_t stop = HOST_START + 8000000000;

	(void)state;
	reference_time_save(&r, stop, &saved);
	assert_int_equal(reference_time_load(&loaded, &saved, 4000000000), HV_STATUS_SUCCESS);
	assert_int_not_equal(loaded.sequence, r.sequence);
	reference_time_thaw(&loaded, 0);
	assert_int_equal(reference_time_at(&loaded, 0), saved.time);
	assert_in_range(reference_time_at(&loaded, 4000000000) - saved.time, 9999999, 10000000);
	assert_true(reference_time_at(&loaded, reference_time_host_tsc(&loaded, saved.time + 5)) >= saved.time + 5);
	/* And back to a slower one: the offset has both signs. */
	reference_time_save(&loaded, 0, &again);
	assert_int_equal(reference_time_load(&loaded, &again, 1000000000), HV_STATUS_SUCCESS);
	assert_true(loaded.offset < 0);
	reference_time_thaw(&loaded, 0);
	assert_int_equal(reference_time_at(&loaded, 0), again.time);
	assert_true(reference_time_at(&loaded, reference_time_host_tsc(&loaded, again.time + 5)) >= again.time + 5);
}

static void an_impossible_state_is_refused_and_changes_nothing(void **state) {
	struct reference_time r = started(2000000000);
	struct reference_time before = r;

	(void)state;
	for (unsigned flaw = 0; flaw < 6; flaw++) {
		struct hv_state_reference_time saved;

		reference_time_save(&r, HOST_START, &saved);
		if (flaw == 0)
			saved.version = 0;
		else if (flaw == 1)
			saved.sequence = 0;
		else if (flaw == 2)
			saved.sequence = ~0u;
		else if (flaw == 3)
			saved.tsc_hz = 1;
		else if (flaw == 4)
			saved.guest_tsc = 1ull << 63;
		else
			saved.time = 1ull << 62;
		assert_int_equal(reference_time_load(&r, &saved, 2000000000), HV_STATUS_INVALID_SAVE_RESTORE_STATE);
		reference_time_save(&r, HOST_START, &saved);
		assert_int_equal(reference_time_load(&r, &saved, 5), HV_STATUS_PROCESSOR_FEATURE_NOT_SUPPORTED);
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(time_starts_at_0_with_the_guests_tsc),
	    cmocka_unit_test(a_tsc_too_slow_for_the_page_is_refused),
	    cmocka_unit_test(time_follows_the_frequency),
	    cmocka_unit_test(a_deadline_is_the_first_tsc_that_reaches_it),
	    cmocka_unit_test(a_deadline_that_no_tsc_reaches_never_comes),
	    cmocka_unit_test(the_next_period_keeps_its_phase_row_by_row),
	    cmocka_unit_test(frozen_time_stands_still_and_goes_on_where_it_stopped),
	    cmocka_unit_test(the_page_gives_the_guest_the_same_time),
	    cmocka_unit_test(a_saved_time_goes_on_after_loading),
	    cmocka_unit_test(another_frequency_changes_the_page_and_its_sequence),
	    cmocka_unit_test(an_impossible_state_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
