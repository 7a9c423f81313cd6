/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Calendar dates against seconds that are known. */
#include "loader/unix_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct clock {
	int year, month, day, hour, minute, second, zone;
};

static int64_t seconds(const struct clock *c) {
	return unix_time(c->year, c->month, c->day, c->hour, c->minute, c->second, c->zone);
}

static void known_moments_have_their_seconds(void **state) {
	static const struct {
		struct clock time;
		int64_t seconds;
	} rows[] = {
	    {{1970, 1, 1, 0, 0, 1, 0}, 1},
	    {{2000, 2, 29, 12, 0, 0, 0}, 951825600},
	    {{2000, 3, 1, 0, 0, 0, 0}, 951868800},
	    {{2026, 1, 1, 0, 0, 0, UNIX_TIME_ZONE_UNKNOWN}, 1767225600},
	    {{2038, 1, 19, 3, 14, 8, 0}, 2147483648},
	    {{2100, 3, 1, 0, 0, 0, 0}, 4107542400},
	    /* An hour east of Greenwich it is an hour later than in UTC. */
	    {{2026, 1, 1, 1, 0, 0, -60}, 1767225600},
	    {{2025, 12, 31, 18, 30, 0, 330}, 1767225600},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(seconds(&rows[i].time), rows[i].seconds);
}

static void a_clock_out_of_range_is_unknown(void **state) {
	static const struct clock rows[] = {
	    {1969, 12, 31, 23, 59, 59, 0}, {10000, 1, 1, 0, 0, 0, 0}, {2026, 0, 1, 0, 0, 0, 0},
	    {2026, 13, 1, 0, 0, 0, 0},     {2026, 1, 0, 0, 0, 0, 0},  {2026, 4, 31, 0, 0, 0, 0},
	    {2025, 2, 29, 0, 0, 0, 0},     {2100, 2, 29, 0, 0, 0, 0}, {2026, 1, 1, 24, 0, 0, 0},
	    {2026, 1, 1, 0, 60, 0, 0},     {2026, 1, 1, 0, 0, 60, 0}, {2026, 1, 1, 0, 0, 0, 1441},
	    {2026, 1, 1, 0, 0, 0, -1441},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(seconds(&rows[i]), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_moments_have_their_seconds),
	    cmocka_unit_test(a_clock_out_of_range_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
