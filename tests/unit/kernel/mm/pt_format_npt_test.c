/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of AMD's entry format, bit by bit [APM2 5.3, 15.25]. */
#include "mm/pt_format.h"
#include "mm_test.h"

#define NX 0x8000000000000000ull

static void leaves_have_the_bits_of_the_manual(void **state) {
	const struct {
		uint64_t frame;
		unsigned level;
		uint32_t access;
		uint64_t bits;
	} row[] = {
	    /* P 0x1, RW 0x2, US 0x4, PS 0x80 */
	    {0x12345, 1, RWX, 0x12345007},     {0x12345, 1, RW, NX | 0x12345007},
	    {0x12345, 1, RO, NX | 0x12345005}, {0x12345, 1, RO | HV_MAP_GPA_EXECUTABLE, 0x12345005},
	    {0x12200, 2, RWX, 0x12200087},     {0x12200, 2, RO, NX | 0x12200085},
	    {0x40000, 3, RWX, 0x40000087},     {0xffffffffff, 1, RWX, 0x000ffffffffff007},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		pt_entry_t entry = pt_format_leaf(sfn(row[i].frame), row[i].level, row[i].access);

		assert_int_equal(entry.v, row[i].bits);
		assert_true(pt_format_is_present(entry));
		assert_true(pt_format_is_leaf(entry, row[i].level));
		assert_int_equal(pt_format_frame(entry, row[i].level).v, row[i].frame);
		assert_int_equal(pt_format_access(entry), row[i].access);
	}
}

static void tables_grant_all_access_to_user_mode(void **state) {
	pt_entry_t entry = pt_format_table(sfn(0x777));

	(void)state;
	assert_int_equal(entry.v, 0x777007);
	assert_true(pt_format_is_present(entry));
	for (unsigned level = 2; level <= 4; level++)
		assert_false(pt_format_is_leaf(entry, level));
	assert_int_equal(pt_format_frame(entry, 3).v, 0x777);
}

static void zero_is_not_present(void **state) {
	(void)state;
	assert_false(pt_format_is_present((pt_entry_t){0}));
}

static void accessed_and_dirty_bits_change_nothing(void **state) {
	pt_entry_t entry = pt_format_leaf(sfn(0x200), 2, RW);

	(void)state;
	entry.v |= 0x60;
	assert_true(pt_format_is_leaf(entry, 2));
	assert_int_equal(pt_format_frame(entry, 2).v, 0x200);
	assert_int_equal(pt_format_access(entry), RW);
}

static void a_leaf_that_no_processor_takes_is_our_own_mistake(void **state) {
	(void)state;
	expect_check_failure((void)pt_format_leaf(sfn(1), 2, RW));
	expect_check_failure((void)pt_format_leaf(sfn(512), 3, RW));
	expect_check_failure((void)pt_format_leaf(sfn(0), 4, RW));
	expect_check_failure((void)pt_format_leaf(sfn(0), 1, HV_MAP_GPA_WRITABLE));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaves_have_the_bits_of_the_manual),
	    cmocka_unit_test(tables_grant_all_access_to_user_mode),
	    cmocka_unit_test(zero_is_not_present),
	    cmocka_unit_test(accessed_and_dirty_bits_change_nothing),
	    cmocka_unit_test(a_leaf_that_no_processor_takes_is_our_own_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
