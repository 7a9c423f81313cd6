/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Look-ups and copies by guest physical address, within and across extents. */
#include "vmm/guest_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define LOW   0x1000u             /* two extents that touch at 0x2000, in wrong order */
#define TOP   (UINT64_MAX - 0xff) /* one that ends at the last address, one at 0 */
#define PAGES 0x1000u

static uint8_t first[PAGES], second[PAGES], last[0x100], zero[16];
static const struct guest_memory memory = {
    .extent = {{LOW + PAGES, PAGES, second}, {LOW, PAGES, first}, {TOP, 0x100, last}, {0, 16, zero}},
    .count = 4,
};

static int reset(void **state) {
	(void)state;
	memset(first, 0x11, sizeof(first));
	memset(second, 0x22, sizeof(second));
	memset(last, 0x33, sizeof(last));
	return 0;
}

static void a_pointer_is_given_only_inside_one_extent(void **state) {
	(void)state;
	assert_ptr_equal(guest_memory_pointer(&memory, LOW, PAGES), first);
	assert_ptr_equal(guest_memory_pointer(&memory, LOW + 5, 7), first + 5);
	assert_ptr_equal(guest_memory_pointer(&memory, LOW + PAGES, 1), second);
	assert_null(guest_memory_pointer(&memory, LOW, PAGES + 1));
	assert_null(guest_memory_pointer(&memory, LOW + PAGES - 1, 2));
	assert_null(guest_memory_pointer(&memory, LOW - 1, 1));
	assert_null(guest_memory_pointer(&memory, LOW + 2 * PAGES, 0));
	assert_null(guest_memory_pointer(&memory, LOW, UINT64_MAX));
	assert_ptr_equal(guest_memory_pointer(&memory, UINT64_MAX, 1), last + 0xff);
	assert_null(guest_memory_pointer(&memory, UINT64_MAX, 2));
}

static void a_copy_spans_extents_that_touch(void **state) {
	uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t back[8] = {0};

	(void)state;
	assert_int_equal(guest_memory_write(&memory, LOW + PAGES - 3, bytes, 8), ERR_NONE);
	assert_memory_equal(first + PAGES - 3, bytes, 3);
	assert_memory_equal(second, bytes + 3, 5);
	assert_int_equal(first[PAGES - 4], 0x11);
	assert_int_equal(second[5], 0x22);
	assert_int_equal(guest_memory_read(&memory, LOW + PAGES - 3, back, 8), ERR_NONE);
	assert_memory_equal(back, bytes, 8);
}

static void a_fill_spans_extents_that_touch(void **state) {
	(void)state;
	assert_int_equal(guest_memory_fill(&memory, LOW + PAGES - 1, 0xee, 2), ERR_NONE);
	assert_int_equal(first[PAGES - 1], 0xee);
	assert_int_equal(second[0], 0xee);
	assert_int_equal(second[1], 0x22);
}

static void a_range_that_leaves_memory_changes_nothing(void **state) {
	static uint8_t bytes[3 * PAGES];

	(void)state;
	memset(bytes, 0x77, sizeof(bytes));
	assert_int_equal(guest_memory_write(&memory, LOW, bytes, 2 * PAGES + 1), ERR_RANGE);
	assert_int_equal(guest_memory_fill(&memory, LOW, 0x77, 2 * PAGES + 1), ERR_RANGE);
	assert_int_equal(guest_memory_write(&memory, LOW - 1, bytes, 2), ERR_RANGE);
	assert_int_equal(first[0], 0x11);
	assert_int_equal(second[PAGES - 1], 0x22);
	assert_int_equal(guest_memory_read(&memory, LOW, bytes, 2 * PAGES + 1), ERR_RANGE);
	assert_int_equal(bytes[0], 0x77);
}

static void a_range_that_wraps_around_is_refused(void **state) {
	uint8_t bytes[2];

	(void)state;
	assert_int_equal(guest_memory_read(&memory, UINT64_MAX, bytes, 1), ERR_NONE);
	assert_int_equal(bytes[0], 0x33);
	assert_int_equal(guest_memory_read(&memory, UINT64_MAX, bytes, 2), ERR_RANGE);
	assert_int_equal(guest_memory_fill(&memory, TOP, 0, UINT64_MAX), ERR_RANGE);
	assert_int_equal(last[0], 0x33);
}

static void nothing_can_be_copied_anywhere(void **state) {
	(void)state;
	assert_int_equal(guest_memory_read(&memory, 0, NULL, 0), ERR_NONE);
	assert_true(guest_memory_covers(&memory, 0, 0));
	assert_true(guest_memory_covers(&memory, LOW, 2 * PAGES));
	assert_false(guest_memory_covers(&memory, LOW, 2 * PAGES + 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_pointer_is_given_only_inside_one_extent, reset),
	    cmocka_unit_test_setup(a_copy_spans_extents_that_touch, reset),
	    cmocka_unit_test_setup(a_fill_spans_extents_that_touch, reset),
	    cmocka_unit_test_setup(a_range_that_leaves_memory_changes_nothing, reset),
	    cmocka_unit_test_setup(a_range_that_wraps_around_is_refused, reset),
	    cmocka_unit_test_setup(nothing_can_be_copied_anywhere, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
