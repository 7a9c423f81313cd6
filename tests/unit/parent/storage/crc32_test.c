/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Against the published check value, and against the definition bit by bit. */
#include "storage/crc32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint32_t by_bits(const uint8_t *p, size_t size) {
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void the_check_value_is_the_published_one(void **state) {
	(void)state;
	assert_int_equal(crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32(0, "", 0), 0);
}

static void every_byte_gives_what_the_definition_gives(void **state) {
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t pair[2] = {(uint8_t)i, (uint8_t)(255 - i)};

		assert_int_equal(crc32(0, pair, 1), by_bits(pair, 1));
		assert_int_equal(crc32(0, pair, 2), by_bits(pair, 2));
	}
}

static void pieces_give_what_the_whole_gives(void **state) {
	(void)state;
	for (size_t i = 0; i <= 9; i++)
		assert_int_equal(crc32(crc32(0, "123456789", i), "123456789" + i, 9 - i), 0xcbf43926);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_check_value_is_the_published_one),
	    cmocka_unit_test(every_byte_gives_what_the_definition_gives),
	    cmocka_unit_test(pieces_give_what_the_whole_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
