/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The generator: what it needs, and that no two requests or seeds give the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "runtime/random.h"

static uint64_t hardware_word;

void random_hardware(uint64_t words[RANDOM_HARDWARE_WORDS]) { words[0] = hardware_word; }

static void start(uint8_t first) {
	uint8_t seed[32] = {first};

	assert_int_equal(random_init(seed, sizeof(seed)), ERR_NONE);
}

static void without_a_seed_there_are_no_random_bytes(void **state) {
	static const uint8_t zeros[32], short_seed[31] = {1};
	uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	assert_int_equal(random_init(zeros, sizeof(zeros)), ERR_RANGE);
	assert_int_equal(random_init(short_seed, sizeof(short_seed)), ERR_RANGE);
	assert_int_equal(random_bytes(bytes, sizeof(bytes)), ERR_STATE);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
}

static void two_requests_give_different_bytes(void **state) {
	uint8_t first[64], second[64];

	(void)state;
	start(1);
	assert_int_equal(random_bytes(first, sizeof(first)), ERR_NONE);
	assert_int_equal(random_bytes(second, sizeof(second)), ERR_NONE);
	assert_memory_not_equal(first, second, sizeof(first));
	assert_memory_not_equal(first, first + 32, 32);
}

/* Two hosts with one seed (a cloned disk image) part at the first request. */
static void seed_and_hardware_both_decide_what_comes(void **state) {
	uint8_t a[32], again[32], other_seed[32], other_hardware[32];

	(void)state;
	start(1);
	assert_int_equal(random_bytes(a, sizeof(a)), ERR_NONE);
	start(1);
	assert_int_equal(random_bytes(again, sizeof(again)), ERR_NONE);
	start(2);
	assert_int_equal(random_bytes(other_seed, sizeof(other_seed)), ERR_NONE);
	start(1);
	hardware_word = 7;
	assert_int_equal(random_bytes(other_hardware, sizeof(other_hardware)), ERR_NONE);
	assert_memory_equal(a, again, sizeof(a));
	assert_memory_not_equal(a, other_seed, sizeof(a));
	assert_memory_not_equal(a, other_hardware, sizeof(a));
}

static void a_long_request_is_filled_to_its_end(void **state) {
	static uint8_t bytes[5000];
	unsigned zeros = 0;

	(void)state;
	start(3);
	assert_int_equal(random_bytes(bytes, sizeof(bytes)), ERR_NONE);
	for (unsigned i = sizeof(bytes) - 64; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	assert_true(zeros < 8);
}

static int forget(void **state) {
	/* What the generator allocated goes with a seed that is refused. */
	static const uint8_t zeros[32];

	(void)state;
	return random_init(zeros, sizeof(zeros)) == ERR_RANGE ? 0 : -1;
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_seed_there_are_no_random_bytes),
	    cmocka_unit_test(two_requests_give_different_bytes),
	    cmocka_unit_test(seed_and_hardware_both_decide_what_comes),
	    cmocka_unit_test(a_long_request_is_filled_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
