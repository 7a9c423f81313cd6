/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the frame table. */
#include "mm/frame.h"
#include "mm_test.h"

struct small_table {
	struct frame frames[16];
};

static void make(struct small_table *small) {
	memset(small, 0xff, sizeof(*small));
	flush_ledger_init(1);
	frame_table_init(small->frames, 16);
}

static void a_new_table_holds_no_ram(void **state) {
	struct small_table small;

	(void)state;
	make(&small);
	for (unsigned n = 0; n < 16; n++)
		assert_int_equal(small.frames[n].type, FRAME_NONE);
	assert_int_equal(frame_table.count, 16);
	assert_int_equal(frame_table.lent_count, 0);
	assert_int_equal(frame_table.deposited_count, 0);
}

static void a_range_gets_its_type_and_its_neighbors_keep_theirs(void **state) {
	struct small_table small;

	(void)state;
	make(&small);
	frame_table_set_range(sfn(4), 3, FRAME_PARENT);
	for (unsigned n = 0; n < 16; n++)
		assert_int_equal(small.frames[n].type, n >= 4 && n < 7 ? FRAME_PARENT : FRAME_NONE);
}

static void a_range_that_leaves_the_table_is_cut(void **state) {
	struct small_table small;

	(void)state;
	make(&small);
	frame_table_set_range(sfn(14), ~0ull, FRAME_PARENT);
	frame_table_set_range(sfn(20), 5, FRAME_PARENT);
	frame_table_set_range(sfn(15), 5, FRAME_FIRMWARE);
	assert_int_equal(small.frames[13].type, FRAME_NONE);
	assert_int_equal(small.frames[14].type, FRAME_PARENT);
	assert_int_equal(small.frames[15].type, FRAME_FIRMWARE);
}

static void boot_cannot_invent_frames_of_a_partition(void **state) {
	struct small_table small;

	(void)state;
	make(&small);
	expect_check_failure(frame_table_set_range(sfn(0), 1, FRAME_POOL));
}

static void a_frame_past_the_end_is_not_found(void **state) {
	struct small_table small;

	(void)state;
	make(&small);
	assert_ptr_equal(frame_find(sfn(15)), &small.frames[15]);
	assert_null(frame_find(sfn(16)));
	assert_null(frame_find(sfn(~0ull)));
	expect_check_failure((void)frame_at(sfn(16)));
}

static void a_stamped_frame_waits_for_every_processor(void **state) {
	struct small_table small;

	(void)state;
	make(&small);
	assert_true(frame_is_flushed(&small.frames[1]));
	frame_stamp(&small.frames[1]);
	assert_false(frame_is_flushed(&small.frames[1]));
	flush_ledger_reach(0, flush_ledger_begin());
	assert_true(frame_is_flushed(&small.frames[1]));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_table_holds_no_ram),
	    cmocka_unit_test(a_range_gets_its_type_and_its_neighbors_keep_theirs),
	    cmocka_unit_test(a_range_that_leaves_the_table_is_cut),
	    cmocka_unit_test(boot_cannot_invent_frames_of_a_partition),
	    cmocka_unit_test(a_frame_past_the_end_is_not_found),
	    cmocka_unit_test(a_stamped_frame_waits_for_every_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
