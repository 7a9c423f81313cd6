/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "powercut/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_block_that_was_filled_reads_as_itself(void **state) {
	uint8_t bytes[BLOCK_SIZE];
	struct block block;

	(void)state;
	block_fill(bytes, (struct block){.number = 17, .synced = 12});
	assert_true(block_read(bytes, &block));
	assert_int_equal(block.number, 17);
	assert_int_equal(block.synced, 12);
}

static void one_wrong_bit_anywhere_is_no_block(void **state) {
	uint8_t bytes[BLOCK_SIZE];
	struct block block;

	(void)state;
	for (unsigned i = 0; i < BLOCK_SIZE; i += 37) {
		block_fill(bytes, (struct block){.number = 5, .synced = 4});
		bytes[i] ^= 0x10;
		assert_false(block_read(bytes, &block));
	}
}

static void zeros_are_no_block(void **state) {
	uint8_t bytes[BLOCK_SIZE] = {0};
	struct block block;

	(void)state;
	assert_false(block_read(bytes, &block));
}

static void blocks_in_a_row_have_different_slots(void **state) {
	static const uint64_t sizes[] = {BLOCK_SIZE, 16 * BLOCK_SIZE, 4097 * BLOCK_SIZE, 7919 * BLOCK_SIZE,
	                                 15838 * BLOCK_SIZE};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t slots = block_slots(sizes[i]);
		static uint8_t seen[20000];

		memset(seen, 0, sizeof(seen));
		for (uint64_t number = 1; number <= slots; number++) {
			assert_true(block_slot(number, slots) < slots);
			assert_int_equal(seen[block_slot(number, slots)]++, 0);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_block_that_was_filled_reads_as_itself),
	    cmocka_unit_test(one_wrong_bit_anywhere_is_no_block),
	    cmocka_unit_test(zeros_are_no_block),
	    cmocka_unit_test(blocks_in_a_row_have_different_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
