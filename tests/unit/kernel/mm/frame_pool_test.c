/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of a partition's pool of deposited frames. */
#include "mm/frame_pool.h"
#include "mm_test.h"

static void an_allocated_frame_is_zero_and_has_its_type_and_owner(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint64_t before = pool->free_count;
	static const uint8_t zeros[PAGE_SIZE];
	sfn_t frame;

	memset(fake_memory_bytes(sfn(pool->first)), 0x5a, PAGE_SIZE);
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	assert_memory_equal(fake_memory_bytes(frame), zeros, PAGE_SIZE);
	assert_int_equal(frame_at(frame)->type, FRAME_OBJECT);
	assert_int_equal(frame_at(frame)->partition, WORLD_CHILD_ID);
	assert_int_equal(pool->free_count, before - 1);
	assert_int_equal(pool->total_count, 64);
	world_check(world);
}

static void the_pool_gives_each_frame_once_and_then_fails(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint8_t is_given[FRAMES_SMALL] = {0};
	uint64_t count = pool->free_count;
	sfn_t frame;

	for (uint64_t i = 0; i < count; i++) {
		assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
		assert_false(is_given[frame.v]);
		is_given[frame.v] = 1;
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(frame_pool_allocate(pool, FRAME_TABLE, &frame), HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(pool->free_count, 0);
	world_check(world);
}

static void a_freed_frame_can_be_allocated_again(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	sfn_t frame[64];
	uint64_t count = pool->free_count;
	sfn_t again;

	for (uint64_t i = 0; i < count; i++)
		assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame[i]));
	frame_pool_free(pool, frame[7]);
	assert_success(frame_pool_allocate(pool, FRAME_OVERLAY, &again));
	assert_int_equal(again.v, frame[7].v);
	world_check(world);
}

static void a_frame_that_a_guest_could_reach_waits_for_the_flush(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint64_t count = pool->free_count;
	sfn_t frame;

	for (uint64_t i = 0; i < count; i++)
		assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	frame_stamp(frame_at(frame));
	frame_pool_free(pool, frame);
	assert_int_equal(frame_pool_allocate(pool, FRAME_OBJECT, &frame), HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(frame_pool_take(pool, &frame), HV_STATUS_OBJECT_IN_USE);
	world_check(world);
	world_flush();
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
}

static void the_knob_makes_the_nth_allocation_fail_without_effect(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint64_t before = pool->free_count;
	sfn_t frame;

	pool->fail_after = 2;
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	assert_int_equal(frame_pool_allocate(pool, FRAME_OBJECT, &frame), HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(pool->free_count, before - 2);
	pool->fail_after = FRAME_POOL_NEVER_FAIL;
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
}

static void a_pool_says_how_many_allocations_cannot_fail(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint64_t count = pool->free_count;
	sfn_t frame;

	assert_true(frame_pool_has(pool, 0));
	assert_true(frame_pool_has(pool, count));
	assert_false(frame_pool_has(pool, count + 1));
	pool->fail_after = 2;
	assert_true(frame_pool_has(pool, 2));
	assert_false(frame_pool_has(pool, 3));
	pool->fail_after = FRAME_POOL_NEVER_FAIL;
	/* A frame at the queue's end that has yet to be flushed does not count. */
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	frame_stamp(frame_at(frame));
	frame_pool_free(pool, frame);
	assert_true(frame_pool_has(pool, count - 1));
	assert_false(frame_pool_has(pool, count));
}

static void a_frame_cannot_be_freed_twice_or_to_another_pool(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	sfn_t frame;

	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	expect_check_failure(frame_pool_free(&world->pool, frame));
	frame_pool_free(pool, frame);
	expect_check_failure(frame_pool_free(pool, frame));
	world_check(world);
}

static void an_empty_pool_gives_nothing(void **state) {
	struct world *world = *state;
	sfn_t frame;

	assert_int_equal(frame_pool_take(&world->child[1].pool, &frame), HV_STATUS_NOT_FOUND);
	assert_int_equal(frame_pool_allocate(&world->child[1].pool, FRAME_TABLE, &frame),
	                 HV_STATUS_INSUFFICIENT_MEMORY);
}

static void only_frames_of_the_kernel_seed_a_pool(void **state) {
	struct world *world = *state;

	expect_check_failure(frame_pool_seed(&world->pool, sfn(WORLD_PARENT), 1));
	expect_check_failure(frame_pool_seed(&world->pool, sfn(WORLD_FIRMWARE), 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(an_allocated_frame_is_zero_and_has_its_type_and_owner),
	    world_test(the_pool_gives_each_frame_once_and_then_fails),
	    world_test(a_freed_frame_can_be_allocated_again),
	    world_test(a_frame_that_a_guest_could_reach_waits_for_the_flush),
	    world_test(the_knob_makes_the_nth_allocation_fail_without_effect),
	    world_test(a_pool_says_how_many_allocations_cannot_fail),
	    world_test(a_frame_cannot_be_freed_twice_or_to_another_pool),
	    world_test(an_empty_pool_gives_nothing),
	    world_test(only_frames_of_the_kernel_seed_a_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
