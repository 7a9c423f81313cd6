/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the changes of a frame's owner. */
#include "mm/frame_owner.h"
#include "mm_test.h"

#define FRAME 2000ull /* a frame of the parent */

static enum hv_status deposit(struct world *world, uint64_t frame) {
	return frame_owner_deposit(&world->parent, &world->child[0].pool, sfn(frame));
}

static enum hv_status withdraw(struct world *world, sfn_t *out) {
	return frame_owner_withdraw(&world->parent, &world->child[0].pool, out);
}

static enum hv_status may_lend(uint64_t frame, uint64_t count, uint32_t partition) {
	return frame_owner_may_lend(sfn(frame), count, partition);
}

static void lend_and_end(uint64_t frame, uint32_t partition) {
	frame_owner_lend(sfn(frame), 1, partition);
	frame_owner_unlend(sfn(frame), 1, partition);
}

static void a_deposited_frame_leaves_the_parent(void **state) {
	struct world *world = *state;

	assert_int_equal(world_frame_at(&world->parent, FRAME), FRAME);
	assert_success(deposit(world, FRAME));
	assert_int_equal(world_frame_at(&world->parent, FRAME), ~0ull);
	assert_int_equal(world_frame_at(&world->parent, FRAME - 1), FRAME - 1);
	assert_int_equal(world_frame_at(&world->parent, FRAME + 1), FRAME + 1);
	assert_int_equal(world->child[0].pool.total_count, 65);
	assert_int_equal(frame_table.deposited_count, 240 + 65);
	world_check(world);
}

static void a_deposited_frame_is_not_handed_out_before_the_flush(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[1].pool;
	sfn_t frame;

	assert_success(frame_owner_deposit(&world->parent, pool, sfn(FRAME)));
	assert_int_equal(frame_pool_allocate(pool, FRAME_OBJECT, &frame), HV_STATUS_INSUFFICIENT_MEMORY);
	world_flush();
	assert_success(frame_pool_allocate(pool, FRAME_OBJECT, &frame));
	assert_int_equal(frame.v, FRAME);
}

static void only_a_free_frame_of_the_parent_can_be_deposited(void **state) {
	struct world *world = *state;

	assert_int_equal(deposit(world, WORLD_FIRMWARE), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(deposit(world, WORLD_KERNEL), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(deposit(world, 1024), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(deposit(world, world_end_of_ram()), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(deposit(world, FRAMES_SMALL), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(deposit(world, ~0ull), HV_STATUS_INVALID_PARAMETER);
	frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID);
	assert_int_equal(deposit(world, FRAME), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(world->child[0].pool.total_count, 64);
	frame_owner_unlend(sfn(FRAME), 1, WORLD_CHILD_ID);
	world_check(world);
}

static void a_deposit_without_a_table_for_the_split_changes_nothing(void **state) {
	struct world *world = *state;
	uint64_t free_count = world->pool.free_count;

	/* Frame 2560 lies in a 2 MiB page of the parent that is whole. */
	world->pool.fail_after = 0;
	for (int i = 0; i < 2; i++)
		assert_int_equal(deposit(world, 2560), HV_STATUS_INSUFFICIENT_MEMORY);
	assert_int_equal(world_frame_at(&world->parent, 2560), 2560);
	assert_int_equal(world->pool.free_count, free_count);
	assert_int_equal(world->child[0].pool.total_count, 64);
	world_check(world);
}

static void a_withdrawn_frame_is_scrubbed_and_mapped_again(void **state) {
	struct world *world = *state;
	static const uint8_t zeros[PAGE_SIZE];
	sfn_t frame = sfn(world->child[0].pool.first);

	memset(fake_memory_bytes(frame), 0x77, PAGE_SIZE);
	assert_success(withdraw(world, &frame));
	assert_memory_equal(fake_memory_bytes(frame), zeros, PAGE_SIZE);
	assert_int_equal(world_frame_at(&world->parent, frame.v), frame.v);
	assert_int_equal(frame_at(frame)->type, FRAME_PARENT);
	assert_success(may_lend(frame.v, 1, WORLD_CHILD_ID + 1));
	assert_int_equal(world->child[0].pool.total_count, 63);
	world_check(world);
}

static void everything_deposited_can_be_withdrawn_once_flushed(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[1].pool;
	unsigned count = 0;
	enum hv_status status;
	sfn_t frame;

	for (unsigned i = 0; i < 20; i++)
		assert_success(frame_owner_deposit(&world->parent, pool, sfn(FRAME + i)));
	assert_int_equal(frame_owner_withdraw(&world->parent, pool, &frame), HV_STATUS_OBJECT_IN_USE);
	world_flush();
	while ((status = frame_owner_withdraw(&world->parent, pool, &frame)) == HV_STATUS_SUCCESS)
		count++;
	assert_int_equal(status, HV_STATUS_NOT_FOUND);
	assert_int_equal(count, 20);
	assert_int_equal(pool->total_count, 0);
	world_check(world);
}

static void a_frame_is_lent_to_one_child_only(void **state) {
	(void)state;
	frame_owner_lend(sfn(FRAME), 4, WORLD_CHILD_ID);
	assert_int_equal(frame_lent_to(frame_at(sfn(FRAME))), WORLD_CHILD_ID);
	assert_int_equal(frame_mapping_count(frame_at(sfn(FRAME))), 1);
	assert_int_equal(frame_table.lent_count, 4);
	assert_int_equal(may_lend(FRAME, 4, WORLD_CHILD_ID + 1), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(may_lend(FRAME - 1, 2, WORLD_CHILD_ID + 1), HV_STATUS_OBJECT_IN_USE);
	assert_success(may_lend(FRAME - 1, 2, WORLD_CHILD_ID));
}

static void what_is_not_the_parents_cannot_be_lent(void **state) {
	struct world *world = *state;
	uint64_t end = world_end_of_ram();

	assert_int_equal(may_lend(WORLD_FIRMWARE, 1, 10), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(may_lend(WORLD_KERNEL, 1, 10), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(may_lend(1024, 1, 10), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(may_lend(world->child[0].space.root.v, 1, 10), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(may_lend(1023, 2, 10), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(may_lend(end, 1, 10), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(may_lend(end - 1, 2, 10), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(may_lend(FRAMES_SMALL, 1, 10), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(may_lend(FRAME, FRAMES_SMALL, 10), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(may_lend(~0ull, 2, 10), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(may_lend(1, ~0ull, 10), HV_STATUS_INVALID_PARAMETER);
}

static void a_loan_ends_with_its_last_mapping(void **state) {
	const struct frame *frame = frame_at(sfn(FRAME));

	(void)state;
	frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID);
	frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID);
	frame_owner_unlend(sfn(FRAME), 1, WORLD_CHILD_ID);
	assert_true(frame_is_lent(frame));
	frame_owner_unlend(sfn(FRAME), 1, WORLD_CHILD_ID);
	assert_false(frame_is_lent(frame));
	assert_int_equal(frame_soiled_by(frame), WORLD_CHILD_ID);
	assert_false(frame_is_flushed(frame));
	assert_int_equal(frame_table.lent_count, 0);
	expect_check_failure(frame_owner_unlend(sfn(FRAME), 1, WORLD_CHILD_ID));
}

static void a_soiled_frame_goes_back_to_its_borrower_but_to_no_other(void **state) {
	(void)state;
	lend_and_end(FRAME, WORLD_CHILD_ID);
	assert_success(may_lend(FRAME, 1, WORLD_CHILD_ID));
	assert_int_equal(may_lend(FRAME, 1, WORLD_CHILD_ID + 1), HV_STATUS_OPERATION_DENIED);
	frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID);
	frame_owner_unlend(sfn(FRAME), 1, WORLD_CHILD_ID);
	expect_check_failure(frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID + 1));
}

static void scrubbing_waits_for_the_flush_and_frees_the_frame_for_all(void **state) {
	static const uint8_t zeros[PAGE_SIZE];

	(void)state;
	lend_and_end(FRAME, WORLD_CHILD_ID);
	memset(fake_memory_bytes(sfn(FRAME)), 0x11, PAGE_SIZE);
	memset(fake_memory_bytes(sfn(FRAME + 1)), 0x22, PAGE_SIZE);
	assert_int_equal(frame_owner_scrub(sfn(FRAME), 1), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(fake_memory_bytes(sfn(FRAME))[0], 0x11);
	world_flush();
	assert_success(frame_owner_scrub(sfn(FRAME), 1));
	assert_memory_equal(fake_memory_bytes(sfn(FRAME)), zeros, PAGE_SIZE);
	assert_int_equal(fake_memory_bytes(sfn(FRAME + 1))[0], 0x22);
	assert_success(may_lend(FRAME, 1, WORLD_CHILD_ID + 1));
}

static void scrubbing_judges_every_frame_before_the_first_is_touched(void **state) {
	(void)state;
	frame_owner_lend(sfn(FRAME + 1), 1, WORLD_CHILD_ID);
	memset(fake_memory_bytes(sfn(FRAME)), 0x33, PAGE_SIZE);
	assert_int_equal(frame_owner_scrub(sfn(FRAME), 2), HV_STATUS_OBJECT_IN_USE);
	assert_int_equal(fake_memory_bytes(sfn(FRAME))[0], 0x33);
	assert_int_equal(frame_owner_scrub(sfn(WORLD_KERNEL), 1), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(frame_owner_scrub(sfn(FRAME), ~0ull), HV_STATUS_INVALID_PARAMETER);
}

static void a_loan_cannot_be_counted_past_its_last_number(void **state) {
	(void)state;
	frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID);
	frame_at(sfn(FRAME))->link = UINT32_MAX;
	assert_int_equal(may_lend(FRAME, 1, WORLD_CHILD_ID), HV_STATUS_NO_RESOURCES);
	expect_check_failure(frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID));
}

static void a_shared_frame_appears_in_the_parent_and_goes_away_again(void **state) {
	struct world *world = *state;
	struct gpa_translation to;
	sfn_t frame;

	for (unsigned may_write = 0; may_write < 2; may_write++) {
		assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OBJECT, &frame));
		assert_success(frame_owner_share(&world->parent, frame, may_write != 0));
		assert_success(world_translate(&world->parent, gpa(sfn_to_spa(frame).v), RO, &to));
		assert_int_equal(to.access, may_write != 0 ? RW : RO);
		world_check(world);
		frame_owner_unshare(&world->parent, frame);
		assert_int_equal(world_frame_at(&world->parent, frame.v), ~0ull);
		assert_false(frame_is_flushed(frame_at(frame)));
		frame_pool_free(&world->child[0].pool, frame);
		world_check(world);
	}
}

static void only_an_object_can_be_shared(void **state) {
	struct world *world = *state;

	expect_check_failure(assert_success(frame_owner_share(&world->parent, world->child[0].space.root, true)));
	expect_check_failure(frame_owner_unshare(&world->parent, sfn(FRAME)));
}

static void a_retired_frame_is_out_of_use_for_good(void **state) {
	struct world *world = *state;

	frame_owner_lend(sfn(FRAME), 1, WORLD_CHILD_ID);
	assert_int_equal(frame_owner_retire(&world->parent, sfn(FRAME)), HV_STATUS_OBJECT_IN_USE);
	frame_owner_unlend(sfn(FRAME), 1, WORLD_CHILD_ID);
	assert_success(frame_owner_retire(&world->parent, sfn(FRAME)));
	assert_int_equal(world_frame_at(&world->parent, FRAME), ~0ull);
	assert_int_equal(may_lend(FRAME, 1, WORLD_CHILD_ID), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(deposit(world, FRAME), HV_STATUS_ACCESS_DENIED);
	world_check(world);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(a_deposited_frame_leaves_the_parent),
	    world_test(a_deposited_frame_is_not_handed_out_before_the_flush),
	    world_test(only_a_free_frame_of_the_parent_can_be_deposited),
	    world_test(a_deposit_without_a_table_for_the_split_changes_nothing),
	    world_test(a_withdrawn_frame_is_scrubbed_and_mapped_again),
	    world_test(everything_deposited_can_be_withdrawn_once_flushed),
	    world_test(a_frame_is_lent_to_one_child_only),
	    world_test(what_is_not_the_parents_cannot_be_lent),
	    world_test(a_loan_ends_with_its_last_mapping),
	    world_test(a_soiled_frame_goes_back_to_its_borrower_but_to_no_other),
	    world_test(scrubbing_waits_for_the_flush_and_frees_the_frame_for_all),
	    world_test(scrubbing_judges_every_frame_before_the_first_is_touched),
	    world_test(a_loan_cannot_be_counted_past_its_last_number),
	    world_test(a_shared_frame_appears_in_the_parent_and_goes_away_again),
	    world_test(only_an_object_can_be_shared),
	    world_test(a_retired_frame_is_out_of_use_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
