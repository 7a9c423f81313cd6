/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The scrollback and its readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/console.h"

static struct console c;

static int set_up(void **state) {
	(void)state;
	memset(&c, 0, sizeof(c));
	return 0;
}

static void readers_have_positions_of_their_own(void **state) {
	uint64_t one = 0, two = 0, lost;
	char text[8] = "";

	(void)state;
	console_write(&c, "hello", 5);
	assert_int_equal(console_read(&c, &one, text, 3, &lost), 3);
	assert_memory_equal(text, "hel", 3);
	assert_int_equal(lost, 0);
	assert_int_equal(console_read(&c, &two, text, 8, NULL), 5);
	assert_memory_equal(text, "hello", 5);
	assert_true(console_has_more(&c, one));
	assert_int_equal(console_read(&c, &one, text, 8, NULL), 2);
	assert_memory_equal(text, "lo", 2);
	assert_false(console_has_more(&c, one));
	assert_int_equal(console_read(&c, &one, text, 8, NULL), 0);
}

static void a_slow_reader_loses_the_oldest_bytes_and_learns_how_many(void **state) {
	static uint8_t block[CONSOLE_SIZE];
	uint64_t position = 0, lost;
	uint8_t first;

	(void)state;
	console_write(&c, "0123456789", 10);
	memset(block, 'x', sizeof(block));
	block[0] = 'a';
	console_write(&c, block, sizeof(block));
	assert_int_equal(console_read(&c, &position, &first, 1, &lost), 1);
	assert_int_equal(lost, 10);
	assert_int_equal(first, 'a');
	assert_int_equal(position, 11);
}

static void the_tail_is_at_most_what_is_kept(void **state) {
	static uint8_t block[2 * CONSOLE_SIZE];

	(void)state;
	assert_int_equal(console_tail(&c, 100), 0);
	console_write(&c, "0123456789", 10);
	assert_int_equal(console_tail(&c, 4), 6);
	assert_int_equal(console_tail(&c, 100), 0);
	console_write(&c, block, sizeof(block));
	assert_int_equal(console_tail(&c, sizeof(block)), 10 + CONSOLE_SIZE);
}

static void a_reader_of_a_console_that_was_reset_starts_anew(void **state) {
	uint64_t position = 0;
	char text[8];

	(void)state;
	console_write(&c, "before", 6);
	assert_int_equal(console_read(&c, &position, text, 8, NULL), 6);
	console_reset(&c);
	console_write(&c, "new", 3);
	assert_int_equal(console_read(&c, &position, text, 8, NULL), 3);
	assert_memory_equal(text, "new", 3);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(readers_have_positions_of_their_own, set_up),
	    cmocka_unit_test_setup(a_slow_reader_loses_the_oldest_bytes_and_learns_how_many, set_up),
	    cmocka_unit_test_setup(the_tail_is_at_most_what_is_kept, set_up),
	    cmocka_unit_test_setup(a_reader_of_a_console_that_was_reset_starts_anew, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
