/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the life of a space and of look-ups in it. */
#include "mm/gpa_space.h"
#include "mm_test.h"

#define SOURCE 2048ull

static void a_new_space_maps_nothing_and_holds_one_table(void **state) {
	struct world *world = *state;
	const struct gpa_space *space = &world->child[0].space;

	assert_int_equal(world_frame_at(space, 0), ~0ull);
	assert_int_equal(space_table_count(space), 1);
	assert_int_equal(world->child[0].pool.free_count, 63);
	world_check(world);
}

static void a_space_without_memory_for_a_root_is_not_made(void **state) {
	struct world *world = *state;
	struct gpa_space space;
	struct frame_pool *pool = &world->child[1].pool;

	assert_int_equal(gpa_space_init(&space, pool, 36, false), HV_STATUS_INSUFFICIENT_MEMORY);
	expect_check_failure(assert_success(gpa_space_init(&space, pool, 49, false)));
}

static void a_look_up_names_the_very_byte_and_the_leaf(void **state) {
	struct world *world = *state;
	const struct gpa_space *space = &world->child[0].space;
	struct gpa_translation to;

	assert_success(world_map(world, 0, 512, SOURCE, 2, RO));
	assert_success(world_translate(space, gpa(PAGE_SIZE_2M + 0x12345), RO, &to));
	assert_int_equal(to.spa.v, (SOURCE << PAGE_SHIFT) + 0x12345);
	assert_int_equal(to.leaf_size, PAGE_SIZE_2M);
	assert_int_equal(to.access, RO);
}

static void access_that_is_not_granted_is_denied(void **state) {
	struct world *world = *state;
	const struct gpa_space *space = &world->child[0].space;
	struct gpa_translation to;

	assert_success(world_map(world, 0, 1, SOURCE, 1, RO));
	assert_success(world_map(world, 0, 2, SOURCE + 1, 1, RO | HV_MAP_GPA_EXECUTABLE));
	assert_success(world_translate(space, gpa(0x1000), RO, &to));
	assert_int_equal(world_translate(space, gpa(0x1000), HV_MAP_GPA_WRITABLE, &to), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(world_translate(space, gpa(0x1000), HV_MAP_GPA_EXECUTABLE, &to), HV_STATUS_ACCESS_DENIED);
	assert_success(world_translate(space, gpa(0x2000), HV_MAP_GPA_EXECUTABLE, &to));
	assert_int_equal(world_translate(space, gpa(0x2000), RWX, &to), HV_STATUS_ACCESS_DENIED);
}

static void addresses_past_the_space_are_not_found(void **state) {
	struct world *world = *state;
	struct gpa_translation to;
	uint64_t past[] = {1ull << WORLD_ADDRESS_BITS, 1ull << 48, 1ull << 63, ~0ull};

	assert_success(world_map(world, 0, 0, SOURCE, 1, RW));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(world_translate(&world->child[0].space, gpa(past[i]), RO, &to), HV_STATUS_NOT_FOUND);
}

static void destroying_gives_everything_back_in_small_steps(void **state) {
	struct world *world = *state;
	struct world_child *child = &world->child[0];
	uint64_t last = (1ull << (WORLD_ADDRESS_BITS - PAGE_SHIFT)) - 1;
	unsigned steps = 1;

	assert_success(world_map(world, 0, 512, SOURCE, 2, RW));
	assert_success(world_map(world, 0, 5, SOURCE + 512, 1, RW));
	assert_success(world_map(world, 0, last, SOURCE + 513, 1, RW));
	while (!gpa_space_destroy_some(&child->space, 50)) {
		world_check(world);
		steps++;
	}
	assert_true(steps > 10);
	assert_int_equal(child->pool.free_count, 64);
	assert_int_equal(frame_table.lent_count, 0);
	assert_true(gpa_space_destroy_some(&child->space, 50));
	assert_int_equal(world_frame_at(&child->space, 512), ~0ull);
	world_check(world);
}

static void frames_of_a_destroyed_space_wait_for_the_flush(void **state) {
	struct world *world = *state;
	struct world_child *child = &world->child[0];
	sfn_t frame;

	assert_success(world_map(world, 0, 5, SOURCE, 1, RW));
	while (child->pool.free_count > 0)
		assert_success(frame_pool_allocate(&child->pool, FRAME_OBJECT, &frame));
	assert_true(gpa_space_destroy_some(&child->space, ~0ull));
	assert_int_equal(child->pool.free_count, 4);
	assert_int_equal(frame_pool_allocate(&child->pool, FRAME_OBJECT, &frame), HV_STATUS_INSUFFICIENT_MEMORY);
	assert_false(frame_is_flushed(frame_at(sfn(SOURCE))));
	world_flush();
	assert_success(frame_pool_allocate(&child->pool, FRAME_OBJECT, &frame));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(a_new_space_maps_nothing_and_holds_one_table),
	    world_test(a_space_without_memory_for_a_root_is_not_made),
	    world_test(a_look_up_names_the_very_byte_and_the_leaf),
	    world_test(access_that_is_not_granted_is_denied),
	    world_test(addresses_past_the_space_are_not_found),
	    world_test(destroying_gives_everything_back_in_small_steps),
	    world_test(frames_of_a_destroyed_space_wait_for_the_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
