/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the parent's identity map. */
#include "mm/gpa_space.h"
#include "mm_test.h"

#define GIB_FRAMES (1ull << 18)

static void all_addresses_but_the_kernels_map_to_themselves(void **state) {
	struct world *world = *state;
	uint64_t end = 1ull << (WORLD_ADDRESS_BITS - PAGE_SHIFT);

	for (uint64_t n = 0; n < FRAMES_SMALL; n++) {
		bool is_kernel = n >= WORLD_KERNEL && n < WORLD_PARENT;
		bool is_deposit = n >= 1024 && n < 1088;

		assert_int_equal(world_frame_at(&world->parent, n), is_kernel || is_deposit ? ~0ull : n);
	}
	for (uint64_t n = FRAMES_SMALL; n < end; n += 9973)
		assert_int_equal(world_frame_at(&world->parent, n), n);
	assert_int_equal(world_frame_at(&world->parent, end - 1), end - 1);
	assert_int_equal(world_frame_at(&world->parent, end), ~0ull);
	world_check(world);
}

static void leaves_are_as_large_as_the_processor_allows(void **state) {
	(void)state;
	for (unsigned has = 0; has < 2; has++) {
		struct world *world = world_create(FRAMES_SMALL, has != 0);
		struct gpa_translation to;

		assert_success(world_translate(&world->parent, gpa(5 * PAGE_SIZE_1G), RWX, &to));
		assert_int_equal(to.leaf_size, has != 0 ? PAGE_SIZE_1G : PAGE_SIZE_2M);
		world_check(world);
		world_destroy(world);
	}
}

static void a_punched_range_is_gone_exactly(void **state) {
	struct world *world = *state;
	uint64_t first = GIB_FRAMES - 513; /* straddles leaves of every size */
	uint64_t end = 3 * GIB_FRAMES + 1537;

	assert_success(gpa_identity_punch(&world->parent, sfn(first), end - first));
	assert_int_equal(world_frame_at(&world->parent, first - 1), first - 1);
	assert_int_equal(world_frame_at(&world->parent, end), end);
	for (uint64_t n = first; n < end; n += 127)
		assert_int_equal(world_frame_at(&world->parent, n), ~0ull);
	assert_int_equal(world_frame_at(&world->parent, first), ~0ull);
	assert_int_equal(world_frame_at(&world->parent, end - 1), ~0ull);
	/* Once more is no error. */
	assert_success(gpa_identity_punch(&world->parent, sfn(first), end - first));
	world_check(world);
}

static void a_hole_that_was_punched_alone_is_filled_without_memory(void **state) {
	struct world *world = *state;
	sfn_t frame = sfn(2 * GIB_FRAMES + 77);

	assert_success(gpa_identity_punch(&world->parent, frame, 1));
	world->pool.fail_after = 0;
	assert_success(gpa_identity_fill(&world->parent, frame, 1, RWX));
	assert_int_equal(world_frame_at(&world->parent, frame.v), frame.v);
	expect_check_failure(assert_success(gpa_identity_fill(&world->parent, frame, 1, RWX)));
}

static void a_page_in_a_large_hole_is_filled_alone(void **state) {
	struct world *world = *state;
	sfn_t frame = sfn(2 * GIB_FRAMES + 77);

	assert_success(gpa_identity_punch(&world->parent, sfn(2 * GIB_FRAMES), GIB_FRAMES));
	for (unsigned n = 0; n < 2; n++) {
		world->pool.fail_after = n;
		assert_int_equal(gpa_identity_fill(&world->parent, frame, 1, RW), HV_STATUS_INSUFFICIENT_MEMORY);
	}
	world->pool.fail_after = 2;
	assert_success(gpa_identity_fill(&world->parent, frame, 1, RW));
	assert_int_equal(world_frame_at(&world->parent, frame.v), frame.v);
	assert_int_equal(world_frame_at(&world->parent, frame.v - 1), ~0ull);
	assert_int_equal(world_frame_at(&world->parent, frame.v + 1), ~0ull);
	world_check(world);
}

static void a_split_that_lacks_a_table_changes_nothing(void **state) {
	struct world *world = *state;
	uint64_t free_count = world->pool.free_count;

	for (unsigned n = 0; n < 2; n++) {
		world->pool.fail_after = n;
		assert_int_equal(gpa_identity_punch(&world->parent, sfn(2 * GIB_FRAMES + 5), 1),
		                 HV_STATUS_INSUFFICIENT_MEMORY);
		assert_int_equal(world->pool.free_count, free_count);
		assert_int_equal(world_frame_at(&world->parent, 2 * GIB_FRAMES + 5), 2 * GIB_FRAMES + 5);
		world_check(world);
	}
}

static void an_identity_map_that_lacks_a_table_is_not_made(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	struct gpa_space space;

	for (unsigned n = 0; n < 2; n++) {
		pool->fail_after = n == 0 ? 0 : 17;
		assert_int_equal(gpa_identity_init(&space, pool, 34, false), HV_STATUS_INSUFFICIENT_MEMORY);
	}
	pool->fail_after = 18;
	assert_success(gpa_identity_init(&space, pool, 34, false));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(all_addresses_but_the_kernels_map_to_themselves),
	    cmocka_unit_test(leaves_are_as_large_as_the_processor_allows),
	    world_test(a_punched_range_is_gone_exactly),
	    world_test(a_hole_that_was_punched_alone_is_filled_without_memory),
	    world_test(a_page_in_a_large_hole_is_filled_alone),
	    world_test(a_split_that_lacks_a_table_changes_nothing),
	    world_test(an_identity_map_that_lacks_a_table_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
