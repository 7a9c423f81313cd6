/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of overlay pages. */
#include "mm/gpa_space.h"
#include "mm_test.h"

#define SOURCE 2048ull
#define GPFN   600ull
#define AT     gpa(GPFN << PAGE_SHIFT)

static bool is_placed(sfn_t overlay) { return (frame_at(overlay)->flags & FRAME_PLACED) != 0; }

static struct gpa_space *child(struct world *world) { return &world->child[0].space; }

static sfn_t new_overlay(struct world *world) {
	sfn_t frame;

	assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OVERLAY, &frame));
	return frame;
}

static uint32_t access_at(struct world *world, uint64_t gpfn) {
	struct gpa_translation to;

	assert_success(world_translate(child(world), gpa(gpfn << PAGE_SHIFT), 0, &to));
	return to.access;
}

static void an_overlay_hides_the_page_and_clearing_brings_it_back(void **state) {
	struct world *world = *state;
	sfn_t overlay = new_overlay(world);

	assert_success(world_map(world, 0, GPFN, SOURCE, 1, RO | HV_MAP_GPA_EXECUTABLE));
	assert_success(gpa_overlay_set(child(world), AT, overlay, RW));
	assert_int_equal(world_frame_at(child(world), GPFN), overlay.v);
	assert_int_equal(access_at(world, GPFN), RW);
	assert_true(is_placed(overlay));
	assert_int_equal(frame_lent_to(frame_at(sfn(SOURCE))), WORLD_CHILD_ID);
	world_check(world);

	gpa_overlay_clear(child(world), AT, overlay);
	assert_int_equal(world_frame_at(child(world), GPFN), SOURCE);
	assert_int_equal(access_at(world, GPFN), RO | HV_MAP_GPA_EXECUTABLE);
	assert_false(is_placed(overlay));
	assert_false(frame_is_flushed(frame_at(overlay)));
	world_check(world);
}

static void an_overlay_splits_a_large_page_and_leaves_the_rest(void **state) {
	struct world *world = *state;
	sfn_t overlay = new_overlay(world);

	assert_success(world_map(world, 0, 512, SOURCE, 2, RWX));
	assert_success(gpa_overlay_set(child(world), AT, overlay, RO));
	for (uint64_t i = 0; i < 512; i++)
		assert_int_equal(world_frame_at(child(world), 512 + i), 512 + i == GPFN ? overlay.v : SOURCE + i);
	assert_int_equal(space_mapped_pages(child(world)), 512);
	world_check(world);
	gpa_overlay_clear(child(world), AT, overlay);
	assert_int_equal(world_frame_at(child(world), GPFN), SOURCE + GPFN - 512);
	world_check(world);
}

static void an_overlay_may_lie_where_nothing_is(void **state) {
	struct world *world = *state;
	sfn_t overlay = new_overlay(world);

	assert_success(gpa_overlay_set(child(world), AT, overlay, RW));
	assert_int_equal(world_frame_at(child(world), GPFN), overlay.v);
	world_check(world);
	gpa_overlay_clear(child(world), AT, overlay);
	assert_int_equal(world_frame_at(child(world), GPFN), ~0ull);
	world_check(world);
}

static void overlays_on_one_page_come_off_in_any_order(void **state) {
	static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct world *world = *state;
	sfn_t overlay[3];

	assert_success(world_map(world, 0, GPFN, SOURCE, 1, RW));
	for (unsigned i = 0; i < 3; i++)
		overlay[i] = new_overlay(world);
	for (unsigned o = 0; o < 6; o++) {
		unsigned left = 7;

		for (unsigned i = 0; i < 3; i++)
			assert_success(gpa_overlay_set(child(world), AT, overlay[i], i == 1 ? RO : RWX));
		world_check(world);
		for (unsigned i = 0; i < 3; i++) {
			gpa_overlay_clear(child(world), AT, overlay[orders[o][i]]);
			left &= ~(1u << orders[o][i]);
			if (left != 0) {
				unsigned top = (left & 4) != 0 ? 2 : (left & 2) != 0 ? 1 : 0;

				assert_int_equal(world_frame_at(child(world), GPFN), overlay[top].v);
				assert_int_equal(access_at(world, GPFN), top == 1 ? RO : RWX);
			}
			world_check(world);
		}
		assert_int_equal(world_frame_at(child(world), GPFN), SOURCE);
		assert_int_equal(access_at(world, GPFN), RW);
	}
}

static void memory_beneath_overlays_can_be_unmapped_and_mapped(void **state) {
	struct world *world = *state;
	sfn_t low = new_overlay(world);
	sfn_t high = new_overlay(world);

	assert_success(world_map(world, 0, GPFN, SOURCE, 1, RW));
	assert_success(gpa_overlay_set(child(world), AT, low, RO));
	assert_success(gpa_overlay_set(child(world), AT, high, RO));
	assert_int_equal(world_map(world, 0, GPFN, SOURCE + 1, 1, RW), HV_STATUS_OBJECT_IN_USE);
	assert_success(gpa_space_unmap(child(world), AT, 1));
	assert_int_equal(world_frame_at(child(world), GPFN), high.v);
	assert_false(frame_is_lent(frame_at(sfn(SOURCE))));
	world_check(world);

	/* A large page goes around the overlays, too. */
	assert_success(world_map(world, 0, 512, SOURCE + 512, 2, RO));
	assert_int_equal(world_frame_at(child(world), GPFN), high.v);
	assert_int_equal(world_frame_at(child(world), GPFN + 1), SOURCE + GPFN + 1);
	world_check(world);
	gpa_overlay_clear(child(world), AT, high);
	gpa_overlay_clear(child(world), AT, low);
	assert_int_equal(world_frame_at(child(world), GPFN), SOURCE + GPFN);
	assert_int_equal(access_at(world, GPFN), RO);
	world_check(world);
}

static void an_overlay_that_lacks_a_table_changes_nothing(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	sfn_t overlay = new_overlay(world);
	uint64_t free_count;

	assert_success(world_map(world, 0, 512, SOURCE, 2, RW));
	free_count = pool->free_count;
	pool->fail_after = 0;
	assert_int_equal(gpa_overlay_set(child(world), AT, overlay, RW), HV_STATUS_INSUFFICIENT_MEMORY);
	pool->fail_after = 2;
	assert_int_equal(gpa_overlay_set(child(world), gpa(5ull << 30), overlay, RW), HV_STATUS_SUCCESS);
	gpa_overlay_clear(child(world), gpa(5ull << 30), overlay);
	assert_int_equal(pool->free_count, free_count - 2);
	assert_int_equal(world_frame_at(child(world), GPFN), SOURCE + GPFN - 512);
	assert_false(is_placed(overlay));
	world_check(world);
}

static void addresses_are_judged(void **state) {
	struct world *world = *state;
	sfn_t overlay = new_overlay(world);

	assert_int_equal(gpa_overlay_set(child(world), gpa(0x1001), overlay, RW), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(gpa_overlay_set(child(world), gpa(1ull << WORLD_ADDRESS_BITS), overlay, RW),
	                 HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(gpa_overlay_set(child(world), gpa(~0xfffull), overlay, RW), HV_STATUS_INVALID_PARAMETER);
}

static void what_is_no_free_overlay_of_this_partition_is_our_own_mistake(void **state) {
	struct world *world = *state;
	sfn_t overlay = new_overlay(world);
	sfn_t other;

	world_add_child(world, 1, 1200, 8);
	assert_success(frame_pool_allocate(&world->child[1].pool, FRAME_OVERLAY, &other));
	expect_check_failure(assert_success(gpa_overlay_set(child(world), AT, other, RW)));
	expect_check_failure(assert_success(gpa_overlay_set(child(world), AT, sfn(SOURCE), RW)));
	expect_check_failure(gpa_overlay_clear(child(world), AT, overlay));
	assert_success(gpa_overlay_set(child(world), AT, overlay, RW));
	expect_check_failure(assert_success(gpa_overlay_set(child(world), gpa(0x1000), overlay, RW)));
	expect_check_failure(frame_pool_free(&world->child[0].pool, overlay));
	expect_check_failure(gpa_overlay_clear(child(world), gpa(0x1000), overlay));
	expect_check_failure(assert_true(gpa_space_destroy_some(child(world), ~0ull)));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(an_overlay_hides_the_page_and_clearing_brings_it_back),
	    world_test(an_overlay_splits_a_large_page_and_leaves_the_rest),
	    world_test(an_overlay_may_lie_where_nothing_is),
	    world_test(overlays_on_one_page_come_off_in_any_order),
	    world_test(memory_beneath_overlays_can_be_unmapped_and_mapped),
	    world_test(an_overlay_that_lacks_a_table_changes_nothing),
	    world_test(addresses_are_judged),
	    world_test(what_is_no_free_overlay_of_this_partition_is_our_own_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
