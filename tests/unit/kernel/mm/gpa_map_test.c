/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of mapping and unmapping pages in a child's space. */
#include "mm/gpa_space.h"
#include "mm_test.h"

#define SOURCE 2048ull /* frames of the parent, 2 MiB aligned */

static struct gpa_space *child(struct world *world) { return &world->child[0].space; }

static enum hv_status unmap(struct world *world, uint64_t gpfn, unsigned level) {
	return gpa_space_unmap(child(world), gpa(gpfn << PAGE_SHIFT), level);
}

static uint64_t leaf_size(struct world *world, uint64_t gpfn) {
	struct gpa_translation to;

	assert_success(world_translate(child(world), gpa(gpfn << PAGE_SHIFT), RO, &to));
	return to.leaf_size;
}

static void a_mapped_page_is_lent_and_reached(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, 7, SOURCE + 3, 1, RW));
	assert_int_equal(world_frame_at(child(world), 7), SOURCE + 3);
	assert_int_equal(world_frame_at(child(world), 6), ~0ull);
	assert_int_equal(world_frame_at(child(world), 8), ~0ull);
	assert_int_equal(frame_lent_to(frame_at(sfn(SOURCE + 3))), WORLD_CHILD_ID);
	assert_int_equal(world_frame_at(&world->parent, SOURCE + 3), SOURCE + 3);
	assert_int_equal(space_mapped_pages(child(world)), 1);
	world_check(world);
}

static void a_large_page_is_one_leaf_and_512_loans(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, FRAMES_2M, SOURCE, 2, RWX));
	assert_int_equal(leaf_size(world, FRAMES_2M + 5), PAGE_SIZE_2M);
	for (uint64_t i = 0; i < FRAMES_2M; i++) {
		assert_int_equal(world_frame_at(child(world), FRAMES_2M + i), SOURCE + i);
		assert_int_equal(frame_mapping_count(frame_at(sfn(SOURCE + i))), 1);
	}
	assert_int_equal(frame_table.lent_count, FRAMES_2M);
	assert_int_equal(space_table_count(child(world)), 3);
	world_check(world);
}

static void parameters_are_judged(void **state) {
	struct world *world = *state;
	uint64_t past = 1ull << (WORLD_ADDRESS_BITS - PAGE_SHIFT);
	uint64_t free_count = world->child[0].pool.free_count;
	const struct {
		uint64_t gpfn;
		uint64_t frame;
		unsigned level;
		uint32_t access;
		enum hv_status status;
	} row[] = {
	    {0, SOURCE, 0, RW, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 4, RW, HV_STATUS_INVALID_PARAMETER},
	    {1, SOURCE, 2, RW, HV_STATUS_INVALID_PARAMETER},
	    {512, SOURCE + 1, 2, RW, HV_STATUS_INVALID_PARAMETER},
	    {512, SOURCE, 3, RW, HV_STATUS_INVALID_PARAMETER},
	    {past, SOURCE, 1, RW, HV_STATUS_INVALID_PARAMETER},
	    {~0ull >> PAGE_SHIFT, SOURCE, 1, RW, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 1, 0, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 1, HV_MAP_GPA_WRITABLE, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 1, RO | 0x4, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 1, RO | 0x8, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 1, RO | 0x10, HV_STATUS_INVALID_PARAMETER},
	    {0, SOURCE, 2, RW | HV_MAP_GPA_LARGE_PAGE, HV_STATUS_INVALID_PARAMETER},
	    {0, FRAMES_SMALL - 1, 1, RW, HV_STATUS_INVALID_PARAMETER},
	    {0, FRAMES_SMALL - 512, 2, RW, HV_STATUS_INVALID_PARAMETER},
	    {0, 1ull << 40, 1, RW, HV_STATUS_INVALID_PARAMETER},
	    {0, ~0ull, 1, RW, HV_STATUS_INVALID_PARAMETER},
	    {0, WORLD_KERNEL, 1, RW, HV_STATUS_ACCESS_DENIED},
	    {0, WORLD_FIRMWARE, 1, RO, HV_STATUS_ACCESS_DENIED},
	    {0, 1024, 2, RW, HV_STATUS_ACCESS_DENIED},
	};

	for (unsigned i = 0; i < 2 * sizeof(row) / sizeof(row[0]); i++) {
		unsigned r = i / 2; /* every failing call twice */

		assert_int_equal(world_map(world, 0, row[r].gpfn, row[r].frame, row[r].level, row[r].access),
		                 row[r].status);
	}
	assert_int_equal(frame_table.lent_count, 0);
	assert_int_equal(world->child[0].pool.free_count, free_count);
	world_check(world);
}

static void a_page_that_is_taken_cannot_be_mapped_over(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, 512, SOURCE, 2, RW));
	assert_success(world_map(world, 0, 1030, SOURCE + 600, 1, RW));
	assert_int_equal(world_map(world, 0, 515, SOURCE + 700, 1, RW), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(world_map(world, 0, 512, SOURCE + 512, 2, RW), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(world_map(world, 0, 1030, SOURCE + 700, 1, RW), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(world_map(world, 0, 1024, SOURCE + 512, 2, RW), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(frame_table.lent_count, 513);
	world_check(world);
}

static void a_large_page_fits_into_an_empty_table(void **state) {
	struct world *world = *state;
	uint64_t tables;

	assert_success(world_map(world, 0, 512, SOURCE, 1, RW));
	assert_success(unmap(world, 512, 1));
	tables = space_table_count(child(world));
	assert_success(world_map(world, 0, 512, SOURCE, 2, RO));
	assert_int_equal(leaf_size(world, 600), PAGE_SIZE);
	assert_int_equal(world_frame_at(child(world), 1023), SOURCE + 511);
	assert_int_equal(space_table_count(child(world)), tables);
	world_check(world);
}

static void mapping_fails_without_effect_for_lack_of_each_table(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint64_t free_count = pool->free_count;

	for (unsigned n = 0; n < 3; n++) {
		pool->fail_after = n;
		assert_int_equal(world_map(world, 0, 99, SOURCE, 1, RW), HV_STATUS_INSUFFICIENT_MEMORY);
		assert_int_equal(pool->free_count, free_count);
		assert_int_equal(frame_table.lent_count, 0);
		assert_int_equal(world_frame_at(child(world), 99), ~0ull);
		world_check(world);
	}
	pool->fail_after = 3;
	assert_success(world_map(world, 0, 99, SOURCE, 1, RW));
}

static void unmapping_a_page_leaves_its_neighbors(void **state) {
	struct world *world = *state;

	for (uint64_t i = 0; i < 3; i++)
		assert_success(world_map(world, 0, 10 + i, SOURCE + i, 1, RW));
	assert_success(unmap(world, 11, 1));
	assert_int_equal(world_frame_at(child(world), 10), SOURCE);
	assert_int_equal(world_frame_at(child(world), 11), ~0ull);
	assert_int_equal(world_frame_at(child(world), 12), SOURCE + 2);
	assert_false(frame_is_lent(frame_at(sfn(SOURCE + 1))));
	world_check(world);
}

static void unmapping_part_of_a_large_page_splits_it(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, 512, SOURCE, 2, RO));
	assert_success(unmap(world, 700, 1));
	for (uint64_t i = 0; i < FRAMES_2M; i++)
		assert_int_equal(world_frame_at(child(world), 512 + i), 512 + i == 700 ? ~0ull : SOURCE + i);
	assert_int_equal(leaf_size(world, 701), PAGE_SIZE);
	assert_int_equal(space_mapped_pages(child(world)), 511);
	world_check(world);
}

static void a_split_without_a_table_changes_nothing(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, 512, SOURCE, 2, RW));
	world->child[0].pool.fail_after = 0;
	for (int i = 0; i < 2; i++)
		assert_int_equal(unmap(world, 700, 1), HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(leaf_size(world, 700), PAGE_SIZE_2M);
	assert_int_equal(frame_table.lent_count, 512);
	world_check(world);
	/* The whole page needs no table. */
	assert_success(unmap(world, 512, 2));
	assert_int_equal(frame_table.lent_count, 0);
}

static void unmapping_a_large_page_ends_small_mappings_in_it(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, 512, SOURCE, 1, RW));
	assert_success(world_map(world, 0, 800, SOURCE + 5, 1, RW));
	assert_success(world_map(world, 0, 1024, SOURCE + 6, 1, RW));
	assert_success(unmap(world, 512, 2));
	assert_int_equal(frame_table.lent_count, 1);
	assert_int_equal(world_frame_at(child(world), 1024), SOURCE + 6);
	world_check(world);
}

static void unmapping_what_is_not_mapped_is_no_error(void **state) {
	struct world *world = *state;

	assert_success(unmap(world, 5, 1));
	assert_success(unmap(world, 0, 3));
	assert_int_equal(unmap(world, 5, 2), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(unmap(world, 0, 4), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(unmap(world, 1ull << (WORLD_ADDRESS_BITS - PAGE_SHIFT), 1), HV_STATUS_INVALID_PARAMETER);
}

static void a_frame_may_be_mapped_twice_in_one_child(void **state) {
	struct world *world = *state;

	assert_success(world_map(world, 0, 1, SOURCE, 1, RW));
	assert_success(world_map(world, 0, 2, SOURCE, 1, RO));
	assert_int_equal(frame_mapping_count(frame_at(sfn(SOURCE))), 2);
	world_check(world);
	assert_success(unmap(world, 1, 1));
	assert_true(frame_is_lent(frame_at(sfn(SOURCE))));
	world_check(world);
}

static void memory_moves_to_another_child_only_scrubbed(void **state) {
	struct world *world = *state;

	world_add_child(world, 1, 1200, 8);
	assert_success(world_map(world, 0, 1, SOURCE, 1, RW));
	assert_int_equal(world_map(world, 1, 1, SOURCE, 1, RW), HV_STATUS_OBJECT_IN_USE);
	assert_success(unmap(world, 1, 1));
	assert_int_equal(world_map(world, 1, 1, SOURCE, 1, RW), HV_STATUS_OPERATION_DENIED);
	world_check(world);
}

static void a_huge_page_is_one_leaf_where_the_processor_has_them(void **state) {
	(void)state;
	for (unsigned has = 0; has < 2; has++) {
		struct world *world = world_create(FRAMES_LARGE, has != 0);

		world_add_child(world, 0, 1024, 64);
		assert_success(world_map(world, 0, FRAMES_1G, FRAMES_1G, 3, RW));
		assert_int_equal(leaf_size(world, FRAMES_1G + 1), has != 0 ? PAGE_SIZE_1G : PAGE_SIZE_2M);
		assert_int_equal(world_frame_at(child(world), 2 * FRAMES_1G - 1), 2 * FRAMES_1G - 1);
		world_check(world);
		/* Unmapping one page splits down to 4 KiB. */
		assert_success(unmap(world, FRAMES_1G + 777, 1));
		assert_int_equal(world_frame_at(child(world), FRAMES_1G + 777), ~0ull);
		assert_int_equal(world_frame_at(child(world), FRAMES_1G + 778), FRAMES_1G + 778);
		assert_int_equal(world_frame_at(child(world), FRAMES_1G + 5000), FRAMES_1G + 5000);
		assert_int_equal(space_mapped_pages(child(world)), FRAMES_1G - 1);
		world_check(world);
		assert_success(unmap(world, FRAMES_1G, 3));
		assert_int_equal(frame_table.lent_count, 0);
		/* The tables are still there and take the page again. */
		assert_success(world_map(world, 0, FRAMES_1G, FRAMES_1G, 3, RW));
		assert_int_equal(leaf_size(world, FRAMES_1G + 777), PAGE_SIZE);
		assert_int_equal(leaf_size(world, FRAMES_1G + 5000), PAGE_SIZE_2M);
		world_check(world);
		world_destroy(world);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(a_mapped_page_is_lent_and_reached),
	    world_test(a_large_page_is_one_leaf_and_512_loans),
	    world_test(parameters_are_judged),
	    world_test(a_page_that_is_taken_cannot_be_mapped_over),
	    world_test(a_large_page_fits_into_an_empty_table),
	    world_test(mapping_fails_without_effect_for_lack_of_each_table),
	    world_test(unmapping_a_page_leaves_its_neighbors),
	    world_test(unmapping_part_of_a_large_page_splits_it),
	    world_test(a_split_without_a_table_changes_nothing),
	    world_test(unmapping_a_large_page_ends_small_mappings_in_it),
	    world_test(unmapping_what_is_not_mapped_is_no_error),
	    world_test(a_frame_may_be_mapped_twice_in_one_child),
	    world_test(memory_moves_to_another_child_only_scrubbed),
	    cmocka_unit_test(a_huge_page_is_one_leaf_where_the_processor_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
