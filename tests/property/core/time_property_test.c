/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Timers and time under random use: a synthetic timer bank never expires early,
 * never twice for one expiry, and never keeps a deadline that has passed; a
 * partition's time never runs backwards over freezes, thaws, saves and loads,
 * and every deadline is reached exactly. usage: [seed]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/reference_time.h"
#include "core/stimer.h"

#define STEPS 100000

static uint64_t seed;
static uint64_t random_state;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t random_size(void) { return random_u64() >> (random_u64() % 64); }

static bool write_config(struct stimer_bank *b, unsigned timer, uint64_t config, hv_reference_time_t now) {
	return stimer_write(b, 2 * timer, config, now);
}

static void write_count(struct stimer_bank *b, unsigned timer, uint64_t count, hv_reference_time_t now) {
	assert_true(stimer_write(b, 2 * timer + 1, count, now));
}

static void expire(struct stimer_bank *b, hv_reference_time_t now) {
	hv_reference_time_t before = stimer_deadline(b);
	uint32_t raised = stimer_expire(b, now);

	assert_in_range(raised, 0, (1u << HV_STIMER_COUNT) - 1);
	if (before > now)
		assert_int_equal(raised, 0);
	for (unsigned i = 0; i < HV_STIMER_COUNT; i++)
		if (raised >> i & 1)
			assert_true(stimer_vector(&b->timer[i]) >= 16);
	assert_true(stimer_deadline(b) > now);
	assert_true(stimer_is_possible(b));
	assert_int_equal(stimer_expire(b, now), 0);
}

static void timers_expire_once_and_never_early(void **state) {
	struct stimer_bank b;
	hv_reference_time_t now = 0;

	(void)state;
	stimer_init(&b);
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned index = (unsigned)random_u64() % HV_STIMER_COUNT;

		now += random_u64() >> (40 + random_u64() % 24);
		if (random_u64() % 4 == 0)
			(void)write_config(&b, index, random_u64() & 0xf1fff, now);
		else if (random_u64() % 4 == 0)
			write_count(&b, index, random_u64() & 1 ? random_size() : now + random_size(), now);
		expire(&b, now);
		assert_true(stimer_is_possible(&b));
	}
}

static void check_deadlines(const struct reference_time *r, uint64_t host_tsc) {
	uint64_t time = reference_time_at(r, host_tsc) + (random_u64() >> 24) + 1;
	uint64_t ns = reference_time_ns(r, host_tsc) + (random_u64() >> 24) + 1;
	uint64_t tsc = reference_time_host_tsc(r, time);

	assert_true(tsc > host_tsc);
	assert_true(reference_time_at(r, tsc) >= time);
	assert_true(reference_time_at(r, tsc - 1) < time);
	tsc = reference_time_host_tsc_of_ns(r, ns);
	assert_true(tsc > host_tsc);
	assert_true(reference_time_ns(r, tsc) >= ns);
	assert_true(reference_time_ns(r, tsc - 1) < ns);
}

static void time_never_runs_backwards(void **state) {
	struct reference_time r;
	uint64_t host_tsc = random_u64() >> 20;
	uint64_t last = 0;
	uint64_t hz = 2000000000;

	(void)state;
	assert_true(reference_time_init(&r, hz, host_tsc));
	for (unsigned i = 0; i < STEPS; i++) {
		struct hv_state_reference_time saved;

		host_tsc += random_u64() >> (30 + random_u64() % 34);
		assert_true(reference_time_at(&r, host_tsc) >= last);
		last = reference_time_at(&r, host_tsc);
		switch (random_u64() % 64) {
		case 0:
			reference_time_freeze(&r, host_tsc);
			break;
		case 1:
			reference_time_thaw(&r, host_tsc);
			break;
		case 2: /* to another machine */
			reference_time_save(&r, host_tsc, &saved);
			hz = REFERENCE_TIME_MIN_HZ + random_u64() % 5000000000;
			host_tsc = random_u64() >> 20;
			assert_int_equal(reference_time_load(&r, &saved, hz), HV_STATUS_SUCCESS);
			reference_time_thaw(&r, host_tsc);
			break;
		default:
			break;
		}
		if (!r.is_frozen)
			check_deadlines(&r, host_tsc);
	}
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timers_expire_once_and_never_early),
	    cmocka_unit_test(time_never_runs_backwards),
	};
	int failed;

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	random_state = seed | 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed != 0)
		printf("seed %llu\n", (unsigned long long)seed);
	return failed;
}
