/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "runtime/utf16.h"

static uint8_t units[64];
static char text[64];
static uint32_t used;

static void text_comes_back_as_it_was(void **state) {
	static const char *const rows[] = {
	    "", "Debian", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80!", "\xf4\x8f\xbf\xbf"};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(utf16_encode(rows[i], units, sizeof(units), &used), ERR_NONE);
		assert_int_equal(utf16_decode(units, used, text, sizeof(text)), ERR_NONE);
		assert_string_equal(text, rows[i]);
		assert_int_equal(utf16_decode(units, used - 2, text, sizeof(text)), ERR_NONE);
		assert_string_equal(text, rows[i]);
	}
}

static void a_surrogate_pair_has_the_standard_form(void **state) {
	static const uint8_t pair[] = {0x3d, 0xd8, 0x00, 0xde, 0, 0};

	(void)state;
	assert_int_equal(utf16_encode("\xf0\x9f\x98\x80", units, sizeof(units), &used), ERR_NONE);
	assert_int_equal(used, 6);
	assert_memory_equal(units, pair, 6);
}

static void bad_utf8_is_refused(void **state) {
	static const char *const rows[] = {"\x80",
	                                   "\xc3",
	                                   "\xc3(",
	                                   "\xc0\x80",
	                                   "\xe0\x80\x80",
	                                   "\xed\xa0\x80",
	                                   "\xf4\x90\x80\x80",
	                                   "\xf8\x88\x80\x80\x80",
	                                   "\xff",
	                                   "\xe2\x82"};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utf16_encode(rows[i], units, sizeof(units), &used), ERR_FORMAT);
}

static void bad_utf16_is_refused(void **state) {
	static const uint8_t lone_low[] = {0x00, 0xdc}, lone_high[] = {0x3d, 0xd8};
	static const uint8_t broken[] = {0x3d, 0xd8, 'x', 0}, early[] = {0, 0, 'x', 0};

	(void)state;
	assert_int_equal(utf16_decode(lone_low, 2, text, sizeof(text)), ERR_FORMAT);
	assert_int_equal(utf16_decode(lone_high, 2, text, sizeof(text)), ERR_FORMAT);
	assert_int_equal(utf16_decode(broken, 4, text, sizeof(text)), ERR_FORMAT);
	assert_int_equal(utf16_decode(early, 4, text, sizeof(text)), ERR_FORMAT);
	assert_int_equal(utf16_decode(broken, 3, text, sizeof(text)), ERR_FORMAT);
}

static void what_does_not_fit_is_refused(void **state) {
	(void)state;
	assert_int_equal(utf16_encode("abc", units, 8, &used), ERR_NONE);
	assert_int_equal(utf16_encode("abc", units, 7, &used), ERR_RANGE);
	assert_int_equal(utf16_encode("", units, 1, &used), ERR_RANGE);
	assert_int_equal(utf16_encode("abc", units, 8, &used), ERR_NONE);
	assert_int_equal(utf16_decode(units, used, text, 4), ERR_NONE);
	assert_int_equal(utf16_decode(units, used, text, 3), ERR_RANGE);
	assert_int_equal(utf16_decode(units, 0, text, 0), ERR_RANGE);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_comes_back_as_it_was),    cmocka_unit_test(a_surrogate_pair_has_the_standard_form),
	    cmocka_unit_test(bad_utf8_is_refused),          cmocka_unit_test(bad_utf16_is_refused),
	    cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
