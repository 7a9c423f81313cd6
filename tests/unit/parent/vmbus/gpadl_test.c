/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Lists of pages: growing, refused, torn down, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "fake/vmbus_guest.h"
#include "vmbus/gpadl.h"

#define ID 7u

static struct gpadl_table table;
static bool done;
static uint32_t relid;
static uint64_t pfn[64];

static int fresh(void **state) {
	(void)state;
	gpadl_forget_all(&table, 0);
	guest_reset();
	gpadl_init(&table, &guest.memory);
	for (unsigned i = 0; i < 64; i++)
		pfn[i] = i;
	return 0;
}

static int empty(void **state) {
	(void)state;
	gpadl_forget_all(&table, 0);
	assert_int_equal(table.pages_used, 0);
	return 0;
}

static enum err begin(uint32_t id, uint32_t bytes, uint32_t offset, uint32_t count) {
	struct vmbus_gpadl_header header = {
	    .relid = 3,
	    .gpadl = id,
	    .range_count = 1,
	    .byte_count = bytes,
	    .byte_offset = offset,
	};

	return gpadl_begin(&table, &header, pfn, count, &done);
}

static enum err more(uint32_t id, uint32_t count) { return gpadl_continue(&table, id, pfn, count, &relid, &done); }

static void one_message_can_be_a_whole_list(void **state) {
	struct gpadl *g;

	(void)state;
	pfn[1] = 9;
	assert_int_equal(begin(ID, 5000, 100, 2), ERR_NONE);
	assert_true(done);
	g = gpadl_find(&table, 3, ID);
	assert_non_null(g);
	assert_int_equal(g->page_count, 2);
	assert_ptr_equal(g->page[1], guest.ram[9]);
	assert_null(gpadl_find(&table, 4, ID)); /* another channel's */
	assert_null(gpadl_find(&table, 3, ID + 1));
}

static void bodies_follow_until_all_pages_are_there(void **state) {
	(void)state;
	assert_int_equal(begin(ID, 60 * HV_PAGE_SIZE, 0, 26), ERR_NONE);
	assert_false(done);
	assert_null(gpadl_find(&table, 3, ID));
	assert_int_equal(more(ID, 28), ERR_NONE);
	assert_false(done);
	assert_int_equal(more(ID, 6), ERR_NONE);
	assert_true(done);
	assert_int_equal(relid, 3);
	assert_non_null(gpadl_find(&table, 3, ID));
	assert_int_equal(more(ID, 1), ERR_NOT_FOUND); /* it grows no more */
}

static void a_list_may_be_longer_than_its_16_bit_size_can_say(void **state) {
	uint32_t left = 9000 - 26;

	(void)state;
	assert_int_equal(begin(ID, 9000 * HV_PAGE_SIZE, 0, 26), ERR_NONE);
	while (left > 0) {
		uint32_t count = left < 28 ? left : 28;

		assert_false(done);
		assert_int_equal(more(ID, count), ERR_NONE);
		left -= count;
	}
	assert_true(done);
	assert_int_equal(gpadl_find(&table, 3, ID)->page_count, 9000);
}

static void impossible_lists_are_refused_and_leave_nothing(void **state) {
	struct vmbus_gpadl_header two = {.gpadl = ID, .range_count = 2, .byte_count = 4096};

	(void)state;
	assert_int_equal(begin(0, 4096, 0, 1), ERR_RANGE);
	assert_int_equal(begin(ID, 0, 0, 1), ERR_RANGE);
	assert_int_equal(begin(ID, 4096, 4096, 2), ERR_RANGE);
	assert_int_equal(begin(ID, 4096, 0, 0), ERR_RANGE);
	assert_int_equal(begin(ID, 4096, 0, 2), ERR_RANGE); /* surplus */
	assert_int_equal(gpadl_begin(&table, &two, pfn, 1, &done), ERR_UNSUPPORTED);
	two.range_count = 0;
	assert_int_equal(gpadl_begin(&table, &two, pfn, 1, &done), ERR_UNSUPPORTED);
	assert_int_equal(begin(ID, 0xffffffff, 4095, 26), ERR_MEMORY);
	assert_int_equal(table.pages_used, 0);
	assert_int_equal(begin(ID, 40 * HV_PAGE_SIZE, 0, 26), ERR_NONE);
	assert_int_equal(more(ID, 15), ERR_RANGE); /* surplus again */
	assert_int_equal(more(ID, 14), ERR_NOT_FOUND);
	assert_int_equal(table.pages_used, 0);
}

static void a_page_that_is_no_memory_is_refused_with_the_last_body(void **state) {
	static const uint64_t bad[] = {GUEST_PAGES, 0xfee00, 1ull << 52, ~0ull, 1ull << 63};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pfn[3] = bad[i];
		assert_int_equal(begin(ID, 40 * HV_PAGE_SIZE, 0, 26), ERR_NONE);
		assert_false(done);
		pfn[3] = 3;
		assert_int_equal(more(ID, 14), ERR_RANGE);
		assert_true(done);
		assert_null(gpadl_find(&table, 3, ID));
		assert_int_equal(table.pages_used, 0);
	}
}

static void a_handle_in_use_is_refused(void **state) {
	(void)state;
	assert_int_equal(begin(ID, 4096, 0, 1), ERR_NONE);
	assert_int_equal(begin(ID, 4096, 0, 1), ERR_STATE);
	assert_non_null(gpadl_find(&table, 3, ID));
	assert_int_equal(table.pages_used, 1);
}

static void lists_and_pages_are_bounded(void **state) {
	(void)state;
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		assert_int_equal(begin(i + 1, 4096, 0, 1), ERR_NONE);
	assert_int_equal(begin(GPADL_COUNT + 1, 4096, 0, 1), ERR_MEMORY);
	gpadl_forget_all(&table, 0);
	assert_int_equal(begin(1, GPADL_PAGES_MAX / 2 * HV_PAGE_SIZE, 0, 1), ERR_NONE);
	assert_int_equal(begin(2, GPADL_PAGES_MAX / 2 * HV_PAGE_SIZE, 1, 1), ERR_MEMORY);
	assert_int_equal(begin(2, GPADL_PAGES_MAX / 2 * HV_PAGE_SIZE, 0, 1), ERR_NONE);
}

static void a_list_that_is_held_is_torn_when_it_is_let_go(void **state) {
	struct gpadl *g;

	(void)state;
	assert_int_equal(begin(ID, 4096, 0, 1), ERR_NONE);
	g = gpadl_find(&table, 3, ID);
	gpadl_hold(g);
	gpadl_hold(g);
	assert_int_equal(gpadl_tear_down(&table, 4, ID), ERR_NOT_FOUND);
	assert_int_equal(gpadl_tear_down(&table, 3, ID), ERR_NONE);
	assert_int_equal(gpadl_tear_down(&table, 3, ID), ERR_NOT_FOUND);
	assert_null(gpadl_find(&table, 3, ID));
	gpadl_release(g);
	assert_null(gpadl_next_torn(&table));
	gpadl_release(g);
	assert_ptr_equal(gpadl_next_torn(&table), g);
	gpadl_forget(&table, g);
	assert_null(gpadl_next_torn(&table));
	assert_int_equal(table.pages_used, 0);
}

static void a_growing_list_can_be_torn_down(void **state) {
	(void)state;
	assert_int_equal(begin(ID, 40 * HV_PAGE_SIZE, 0, 26), ERR_NONE);
	assert_int_equal(gpadl_tear_down(&table, 3, ID), ERR_NONE);
	assert_int_equal(more(ID, 14), ERR_NOT_FOUND);
	assert_non_null(gpadl_next_torn(&table));
}

static void the_lists_of_one_channel_go_alone(void **state) {
	(void)state;
	assert_int_equal(begin(ID, 4096, 0, 1), ERR_NONE);
	gpadl_forget_all(&table, 4);
	assert_non_null(gpadl_find(&table, 3, ID));
	gpadl_forget_all(&table, 3);
	assert_null(gpadl_find(&table, 3, ID));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, empty)
	const struct CMUnitTest tests[] = {
	    TEST(one_message_can_be_a_whole_list),
	    TEST(bodies_follow_until_all_pages_are_there),
	    TEST(a_list_may_be_longer_than_its_16_bit_size_can_say),
	    TEST(impossible_lists_are_refused_and_leave_nothing),
	    TEST(a_page_that_is_no_memory_is_refused_with_the_last_body),
	    TEST(a_handle_in_use_is_refused),
	    TEST(lists_and_pages_are_bounded),
	    TEST(a_list_that_is_held_is_torn_when_it_is_let_go),
	    TEST(a_growing_list_can_be_torn_down),
	    TEST(the_lists_of_one_channel_go_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
