/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory maps of children, and finding room in them. */
#include "loaders/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct memory_layout layout;
static struct err_text text;

static void make(uint64_t size) { assert_int_equal(memory_layout_init(&layout, size, &text), ERR_NONE); }

static void memory_up_to_the_gap_lies_below_it(void **state) {
	(void)state;
	make(256 * MIB);
	assert_int_equal(layout.low_size, 256 * MIB);
	assert_int_equal(layout.high_size, 0);
	make(LAYOUT_GAP_BASE);
	assert_int_equal(layout.low_size, LAYOUT_GAP_BASE);
	assert_int_equal(layout.high_size, 0);
}

static void the_rest_of_the_memory_lies_above_4_gib(void **state) {
	(void)state;
	make(8 * GIB);
	assert_int_equal(layout.low_size, LAYOUT_GAP_BASE);
	assert_int_equal(layout.high_size, 8 * GIB - LAYOUT_GAP_BASE);
	assert_int_equal(layout.range[layout.range_count - 1].gpa, 4 * GIB);
	assert_int_equal(layout.range[layout.range_count - 1].type, MEMORY_RAM);
}

static void ranges_rise_without_overlaps_and_leave_the_gap_out(void **state) {
	static const uint64_t sizes[] = {4 * MIB, 3583 * MIB + MIB, 3586 * MIB, 1024 * GIB};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t end = 0;

		make(sizes[i]);
		for (unsigned n = 0; n < layout.range_count; n++) {
			const struct memory_range *r = &layout.range[n];

			assert_true(r->size > 0 && r->gpa >= end);
			end = r->gpa + r->size;
			assert_true(end <= LAYOUT_GAP_BASE || r->gpa >= LAYOUT_HIGH_BASE);
		}
	}
}

static void low_memory_below_the_bios_area_is_ram_for_other_processors_start(void **state) {
	(void)state;
	make(64 * MIB);
	assert_true(memory_layout_is_ram(&layout, 0, LAYOUT_LOW_END));
	assert_false(memory_layout_is_ram(&layout, 0, LAYOUT_LOW_END + 1));
	assert_false(memory_layout_is_ram(&layout, LAYOUT_ACPI, 1));
	assert_false(memory_layout_is_ram(&layout, LAYOUT_RAM_1M - 1, 2));
	assert_true(memory_layout_is_ram(&layout, LAYOUT_RAM_1M, 63 * MIB));
	assert_false(memory_layout_is_ram(&layout, LAYOUT_RAM_1M, 63 * MIB + 1));
	assert_false(memory_layout_is_ram(&layout, LAYOUT_RAM_1M, UINT64_MAX));
	assert_false(memory_layout_is_ram(&layout, UINT64_MAX, 2));
}

static void sizes_that_are_not_possible_are_refused_and_named(void **state) {
	static const uint64_t sizes[] = {0, 2 * MIB, 5 * MIB, 64 * MIB + 1, 1024 * GIB + 2 * MIB, UINT64_MAX};

	(void)state;
	make(64 * MIB);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct memory_layout before = layout;

		assert_int_equal(memory_layout_init(&layout, sizes[i], &text), ERR_RANGE);
		assert_memory_equal(&before, &layout, sizeof(before));
		assert_non_null(strstr(text.text, "2 MiB"));
	}
}

static void placing_high_takes_the_last_pages_below_the_limit(void **state) {
	(void)state;
	make(64 * MIB);
	assert_int_equal(memory_layout_place_high(&layout, 1, UINT64_MAX, 0, 0), 64 * MIB - 4096);
	assert_int_equal(memory_layout_place_high(&layout, 4097, 32 * MIB, 0, 0), 32 * MIB - 8192);
	assert_int_equal(memory_layout_place_high(&layout, 63 * MIB, UINT64_MAX, 0, 0), MIB);
	assert_int_equal(memory_layout_place_high(&layout, 63 * MIB + 1, UINT64_MAX, 0, 0), 0);
	assert_int_equal(memory_layout_place_high(&layout, UINT64_MAX, UINT64_MAX, 0, 0), 0);
}

static void placing_high_goes_below_what_it_must_avoid(void **state) {
	(void)state;
	make(64 * MIB);
	assert_int_equal(memory_layout_place_high(&layout, MIB, UINT64_MAX, 16 * MIB, 47 * MIB), 63 * MIB);
	assert_int_equal(memory_layout_place_high(&layout, MIB + 1, UINT64_MAX, 16 * MIB, 47 * MIB), 15 * MIB - 4096);
	assert_int_equal(memory_layout_place_high(&layout, 15 * MIB + 1, UINT64_MAX, 16 * MIB, 48 * MIB), 0);
	assert_int_equal(memory_layout_place_high(&layout, 17 * MIB, UINT64_MAX, 16 * MIB, 48 * MIB), 0);
}

static void placing_low_takes_the_first_whole_pages_from_the_start_on(void **state) {
	(void)state;
	make(64 * MIB);
	assert_int_equal(memory_layout_place_low(&layout, 1, 0), MIB);
	assert_int_equal(memory_layout_place_low(&layout, 1, 2 * MIB + 1), 2 * MIB + 4096);
	assert_int_equal(memory_layout_place_low(&layout, 62 * MIB, 2 * MIB), 2 * MIB);
	assert_int_equal(memory_layout_place_low(&layout, 62 * MIB + 1, 2 * MIB), 0);
	assert_int_equal(memory_layout_place_low(&layout, 1, 64 * MIB - 1), 0);
	assert_int_equal(memory_layout_place_low(&layout, 0, UINT64_MAX), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_up_to_the_gap_lies_below_it),
	    cmocka_unit_test(the_rest_of_the_memory_lies_above_4_gib),
	    cmocka_unit_test(ranges_rise_without_overlaps_and_leave_the_gap_out),
	    cmocka_unit_test(low_memory_below_the_bios_area_is_ram_for_other_processors_start),
	    cmocka_unit_test(sizes_that_are_not_possible_are_refused_and_named),
	    cmocka_unit_test(placing_high_takes_the_last_pages_below_the_limit),
	    cmocka_unit_test(placing_high_goes_below_what_it_must_avoid),
	    cmocka_unit_test(placing_low_takes_the_first_whole_pages_from_the_start_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
