/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Logs of a few sectors, made by hand from the kernel's documentation of dm-log-writes.
 */
#include "powercut/write_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECTOR 512u

static uint8_t file[16 * SECTOR];

static void put(size_t at, uint64_t value) { memcpy(file + at, &value, sizeof(value)); }

static void head(uint64_t entries) {
	memset(file, 0, sizeof(file));
	put(0, 0x6a736677736872ull);
	put(8, 1);
	put(16, entries);
	file[25] = SECTOR >> 8;
}

static void entry(unsigned sector, uint64_t offset, uint64_t sectors, uint64_t flags) {
	put(sector * SECTOR, offset);
	put(sector * SECTOR + 8, sectors);
	put(sector * SECTOR + 16, flags);
}

static void entries_are_read_in_order_with_their_flags_and_data(void **state) {
	struct write_log log;
	struct write_log_entry e;
	const char *error;

	(void)state;
	head(4);
	entry(1, 8, 2, 0);
	file[2 * SECTOR] = 0xaa;
	entry(4, 0, 0, 1);
	entry(5, 100, 1, 2);
	entry(7, 200, 50, 4);
	assert_true(write_log_open(&log, file, 8 * SECTOR, &error));
	assert_true(write_log_next(&log, &e, &error));
	assert_int_equal(e.offset, 8 * SECTOR);
	assert_int_equal(e.size, 2 * SECTOR);
	assert_int_equal(e.data[0], 0xaa);
	assert_false(e.is_flush || e.is_durable || e.is_discard);
	assert_true(write_log_next(&log, &e, &error));
	assert_true(e.is_flush && e.size == 0 && !e.data);
	assert_true(write_log_next(&log, &e, &error));
	assert_true(e.is_durable && !e.is_flush && e.data == file + 6 * SECTOR);
	assert_true(write_log_next(&log, &e, &error));
	assert_true(e.is_discard && e.size == 50 * SECTOR && !e.data);
	assert_false(write_log_next(&log, &e, &error));
	assert_null(error);
}

static void an_incomplete_entry_that_is_not_counted_is_the_end(void **state) {
	struct write_log log;
	struct write_log_entry e;
	const char *error;

	(void)state;
	head(1);
	entry(1, 0, 1, 0);
	entry(3, 0, 8, 0);
	assert_true(write_log_open(&log, file, 6 * SECTOR, &error));
	assert_true(write_log_next(&log, &e, &error));
	assert_false(write_log_next(&log, &e, &error));
	assert_null(error);
}

static void an_incomplete_entry_that_is_counted_is_an_error(void **state) {
	struct write_log log;
	struct write_log_entry e;
	const char *error;

	(void)state;
	head(2);
	entry(1, 0, 1, 0);
	entry(3, 0, 8, 0);
	assert_true(write_log_open(&log, file, 6 * SECTOR, &error));
	assert_true(write_log_next(&log, &e, &error));
	assert_false(write_log_next(&log, &e, &error));
	assert_non_null(error);
}

static void a_length_that_would_overflow_is_the_end(void **state) {
	struct write_log log;
	struct write_log_entry e;
	const char *error;

	(void)state;
	head(0);
	entry(1, 0, UINT64_MAX / SECTOR + 2, 0);
	assert_true(write_log_open(&log, file, sizeof(file), &error));
	assert_false(write_log_next(&log, &e, &error));
}

static void what_is_no_log_is_refused(void **state) {
	struct write_log log;
	const char *error;

	(void)state;
	head(0);
	assert_false(write_log_open(&log, file, 511, &error));
	file[0] ^= 1;
	assert_false(write_log_open(&log, file, sizeof(file), &error));
	head(0);
	put(8, 2);
	assert_false(write_log_open(&log, file, sizeof(file), &error));
	head(0);
	file[24] = 1;
	assert_false(write_log_open(&log, file, sizeof(file), &error));
	assert_non_null(error);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_are_read_in_order_with_their_flags_and_data),
	    cmocka_unit_test(an_incomplete_entry_that_is_not_counted_is_the_end),
	    cmocka_unit_test(an_incomplete_entry_that_is_counted_is_an_error),
	    cmocka_unit_test(a_length_that_would_overflow_is_the_end),
	    cmocka_unit_test(what_is_no_log_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
