/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the walker over second-level tables. */
#include "mm/pt_walk.h"
#include "mm_test.h"

static pt_entry_t *reach(struct world *world, uint64_t address, unsigned level) {
	pt_entry_t *entry;

	assert_success(gpa_space_reach(&world->child[0].space, gpa(address), level, &entry));
	return entry;
}

static void levels_cover_what_the_format_says(void **state) {
	(void)state;
	assert_int_equal(pt_level_size(1), PAGE_SIZE);
	assert_int_equal(pt_level_size(2), PAGE_SIZE_2M);
	assert_int_equal(pt_level_size(3), PAGE_SIZE_1G);
	assert_int_equal(pt_level_size(4), 1ull << 39);
	assert_int_equal(pt_level_pages(3), 512 * 512);
}

static void a_walk_of_an_empty_root_stops_at_the_top(void **state) {
	struct world *world = *state;
	sfn_t root = world->child[0].space.root;
	struct pt_position at = pt_walk(root, gpa(5ull << 39), 1);

	assert_int_equal(at.level, PT_MAX_LEVEL);
	assert_ptr_equal(at.entry, (pt_entry_t *)(void *)fake_memory_bytes(root) + 5);
}

static void reaching_an_entry_makes_the_tables_above_it(void **state) {
	struct world *world = *state;
	sfn_t root = world->child[0].space.root;
	uint64_t address = 1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12;
	pt_entry_t *entry = reach(world, address, 1);
	struct pt_position at = pt_walk(root, gpa(address | 0xfff), 1);

	assert_int_equal(at.level, 1);
	assert_ptr_equal(at.entry, entry);
	assert_int_equal((uintptr_t)entry % PAGE_SIZE, 4 * sizeof(pt_entry_t));
	assert_false(pt_format_is_present(pt_load(entry)));
	assert_int_equal(pt_walk(root, gpa(address + PAGE_SIZE_2M), 1).level, 2);
	assert_int_equal(pt_walk(root, gpa(address + PAGE_SIZE_1G), 1).level, 3);
	assert_int_equal(pt_walk(root, gpa(address), 3).level, 3);
}

static void a_walk_stops_at_a_large_leaf(void **state) {
	struct world *world = *state;
	sfn_t root = world->child[0].space.root;

	pt_store(reach(world, PAGE_SIZE_2M, 2), pt_format_leaf(sfn(512), 2, RW));
	assert_int_equal(pt_walk(root, gpa(PAGE_SIZE_2M + 5 * PAGE_SIZE), 1).level, 2);
}

static void splitting_a_leaf_changes_no_translation(void **state) {
	struct world *world = *state;
	sfn_t root = world->child[0].space.root;

	pt_store(reach(world, PAGE_SIZE_1G, 3), pt_format_leaf(sfn(FRAMES_1G), 3, RO));
	(void)reach(world, PAGE_SIZE_1G + 7 * PAGE_SIZE_2M + 9 * PAGE_SIZE, 1);
	for (uint64_t page = 0; page < FRAMES_1G; page += 17) {
		gpa_t at = gpa(PAGE_SIZE_1G + page * PAGE_SIZE);
		struct pt_position to = pt_walk(root, at, 1);
		pt_entry_t entry = pt_load(to.entry);
		uint64_t first = align_down(FRAMES_1G + page, pt_level_pages(to.level));

		assert_int_equal(to.level, page / 512 == 7 ? 1 : 2);
		assert_true(pt_format_is_leaf(entry, to.level));
		assert_int_equal(pt_format_frame(entry, to.level).v, first);
		assert_int_equal(pt_format_access(entry), RO);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(levels_cover_what_the_format_says),
	    world_test(a_walk_of_an_empty_root_stops_at_the_top),
	    world_test(reaching_an_entry_makes_the_tables_above_it),
	    world_test(a_walk_stops_at_a_large_leaf),
	    world_test(splitting_a_leaf_changes_no_translation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
