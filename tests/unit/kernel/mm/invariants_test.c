/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the invariant checker: each rule is broken by hand and must be named. */
#include "mm/invariants.h"
#include "mm/frame_owner.h"
#include "mm/gpa_space.h"
#include "mm/pt_walk.h"
#include "mm_test.h"

#define SOURCE 2048ull

static sfn_t overlay; /* placed at guest page 600 of child 0, over memory */
static sfn_t shared;

/* A world in which every kind of frame is in use. */
static int setup_busy(void **state) {
	struct world *world;

	setup_world(state);
	world = *state;
	world_add_child(world, 1, 1200, 16);
	assert_success(world_map(world, 0, 512, SOURCE, 2, RW));
	assert_success(world_map(world, 1, 3, SOURCE + 1000, 1, RW));
	assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OVERLAY, &overlay));
	assert_success(gpa_overlay_set(&world->child[0].space, gpa(600 << PAGE_SHIFT), overlay, RW));
	assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OBJECT, &shared));
	assert_success(frame_owner_share(&world->parent, shared, true));
	world_check(world);
	return 0;
}

static struct frame *frame(uint64_t number) { return frame_at(sfn(number)); }

static pt_entry_t *entry_at(const struct gpa_space *space, uint64_t gpfn) {
	return pt_walk(space->root, gpa(gpfn << PAGE_SHIFT), 1).entry;
}

static void assert_rule(struct world *world, enum hv_frame_rule rule) {
	assert_int_equal(world_judge(world), rule);
	/* The checker puts back what it counted with: it finds the same again. */
	assert_int_equal(world_judge(world), rule);
}

static void the_checker_leaves_no_trace(void **state) {
	struct world *world = *state;
	size_t size = FRAMES_SMALL * sizeof(struct frame);
	struct frame *before = malloc(size);

	memcpy(before, frame_table.frames, size);
	world_check(world);
	assert_memory_equal(before, frame_table.frames, size);
	free(before);
}

static void a_frame_that_makes_no_sense_is_found(void **state) {
	struct world *world = *state;

	frame(WORLD_KERNEL + 200)->flags = FRAME_LENT;
	assert_rule(world, HV_FRAME_RULE_TYPE);
	frame(WORLD_KERNEL + 200)->flags = 0;
	frame(3000)->type = FRAME_TYPE_COUNT;
	assert_rule(world, HV_FRAME_RULE_TYPE);
	frame(3000)->type = FRAME_PARENT;
	frame(3000)->flags = FRAME_LENT; /* to nobody */
	assert_rule(world, HV_FRAME_RULE_TYPE);
}

static void a_loan_to_an_unknown_partition_is_found(void **state) {
	struct world *world = *state;

	frame_owner_lend(sfn(3000), 1, 99);
	assert_rule(world, HV_FRAME_RULE_OWNER_UNKNOWN);
}

static void a_wrong_mapping_count_is_found(void **state) {
	struct world *world = *state;

	frame(SOURCE + 7)->link++;
	assert_rule(world, HV_FRAME_RULE_LOAN_COUNT);
	frame(SOURCE + 7)->link--;
	frame_owner_lend(sfn(3000), 1, WORLD_CHILD_ID);
	assert_rule(world, HV_FRAME_RULE_LOAN_COUNT);
}

static void a_foreign_frame_in_a_childs_table_is_found(void **state) {
	struct world *world = *state;
	uint64_t foreign[] = {WORLD_KERNEL, 1070, 3000, SOURCE + 8, WORLD_FIRMWARE, world->child[1].space.root.v,
	                      1ull << 30};

	for (unsigned i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		pt_entry_t *entry = entry_at(&world->child[1].space, 3);
		pt_entry_t before = pt_load(entry);
		struct hv_check_invariants_out out;
		struct gpa_space *spaces[] = {&world->parent, &world->child[0].space, &world->child[1].space};

		pt_store(entry, pt_format_leaf(sfn(foreign[i]), 1, RO));
		invariants_check(spaces, 3, &out);
		assert_int_equal(out.first_bad_rule, HV_FRAME_RULE_CHILD_FOREIGN);
		assert_int_equal(out.first_bad_frame, foreign[i]);
		/* The loan that is mapped nowhere now is the second one. */
		assert_int_equal(out.violations, 2);
		pt_store(entry, before);
		world_check(world);
	}
}

static void a_kernel_frame_in_the_parents_table_is_found(void **state) {
	struct world *world = *state;
	uint64_t frames[] = {WORLD_KERNEL, 1070, world->child[0].space.root.v, overlay.v};

	for (unsigned i = 0; i < 4; i++) {
		assert_success(gpa_identity_fill(&world->parent, sfn(frames[i]), 1, RO));
		assert_rule(world, HV_FRAME_RULE_PARENT_KERNEL);
		assert_success(gpa_identity_punch(&world->parent, sfn(frames[i]), 1));
		world_check(world);
	}
}

static void a_shared_frame_with_other_access_is_found(void **state) {
	struct world *world = *state;

	frame(shared.v)->flags = 0;
	assert_rule(world, HV_FRAME_RULE_PARENT_SHARED);
	assert_success(gpa_identity_punch(&world->parent, shared, 1));
	assert_rule(world, HV_FRAME_RULE_PARENT_SHARED);
}

static void a_parents_page_that_is_not_identical_is_found(void **state) {
	struct world *world = *state;

	pt_store(entry_at(&world->parent, 300), pt_format_leaf(sfn(301), 1, RWX));
	assert_rule(world, HV_FRAME_RULE_PARENT_IDENTITY);
}

static void a_parents_frame_that_is_missing_is_found(void **state) {
	struct world *world = *state;

	assert_success(gpa_identity_punch(&world->parent, sfn(3000), 1));
	assert_rule(world, HV_FRAME_RULE_PARENT_MISSING);
}

static void a_table_that_is_linked_twice_or_never_is_found(void **state) {
	struct world *world = *state;
	struct gpa_space *space = &world->child[0].space;
	pt_entry_t *slot = pt_walk(space->root, gpa(512 << PAGE_SHIFT), 2).entry;
	pt_entry_t link = pt_load(slot);

	pt_store(slot + 1, link);
	assert_rule(world, HV_FRAME_RULE_TABLE_LINK);
	pt_clear(slot + 1);
	world_check(world);
	/* A cycle must not keep the checker busy for ever. */
	pt_store(slot + 1, pt_format_table(space->root));
	assert_rule(world, HV_FRAME_RULE_TABLE_LINK);
	pt_clear(slot + 1);
	pt_clear(slot);
	assert_int_not_equal(world_judge(world), HV_FRAME_RULE_NONE);
	pt_store(slot, link);
	world_check(world);
}

static void an_overlay_that_is_not_where_it_should_be_is_found(void **state) {
	struct world *world = *state;
	pt_entry_t *entry = entry_at(&world->child[0].space, 601);
	pt_entry_t before = pt_load(entry);
	sfn_t loose;

	pt_store(entry, pt_format_leaf(overlay, 1, RW));
	assert_rule(world, HV_FRAME_RULE_OVERLAY);
	assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OVERLAY, &loose));
	pt_store(entry, pt_format_leaf(loose, 1, RW));
	assert_rule(world, HV_FRAME_RULE_OVERLAY);
	pt_store(entry, before);
	world_check(world);
	frame(loose.v)->flags = FRAME_PLACED;
	assert_rule(world, HV_FRAME_RULE_OVERLAY);
}

static void a_broken_queue_of_free_frames_is_found(void **state) {
	struct world *world = *state;
	struct frame_pool *pool = &world->child[0].pool;
	uint32_t second = frame(pool->first)->link;

	frame(pool->first)->link = pool->first;
	assert_rule(world, HV_FRAME_RULE_POOL_LIST);
	frame(pool->first)->link = FRAME_LINK_NONE;
	assert_rule(world, HV_FRAME_RULE_POOL_LIST);
	frame(pool->first)->link = 3000;
	assert_rule(world, HV_FRAME_RULE_POOL_LIST);
	frame(pool->first)->link = second;
	world_check(world);
}

static void wrong_counts_are_found(void **state) {
	struct world *world = *state;

	world->child[0].pool.total_count++;
	assert_rule(world, HV_FRAME_RULE_POOL_COUNT);
	world->child[0].pool.total_count--;
	world->child[0].pool.free_count--;
	assert_rule(world, HV_FRAME_RULE_POOL_LIST);
	world->child[0].pool.free_count += 2;
	assert_rule(world, HV_FRAME_RULE_POOL_LIST);
	world->child[0].pool.free_count--;
	frame_table.lent_count++;
	assert_rule(world, HV_FRAME_RULE_TABLE_COUNT);
	frame_table.lent_count--;
	frame_table.deposited_count--;
	assert_rule(world, HV_FRAME_RULE_TABLE_COUNT);
}

#define busy_test(name) cmocka_unit_test_setup_teardown(name, setup_busy, teardown_world)

int main(void) {
	const struct CMUnitTest tests[] = {
	    busy_test(the_checker_leaves_no_trace),
	    busy_test(a_frame_that_makes_no_sense_is_found),
	    busy_test(a_loan_to_an_unknown_partition_is_found),
	    busy_test(a_wrong_mapping_count_is_found),
	    busy_test(a_foreign_frame_in_a_childs_table_is_found),
	    busy_test(a_kernel_frame_in_the_parents_table_is_found),
	    busy_test(a_shared_frame_with_other_access_is_found),
	    busy_test(a_parents_page_that_is_not_identical_is_found),
	    busy_test(a_parents_frame_that_is_missing_is_found),
	    busy_test(a_table_that_is_linked_twice_or_never_is_found),
	    busy_test(an_overlay_that_is_not_where_it_should_be_is_found),
	    busy_test(a_broken_queue_of_free_frames_is_found),
	    busy_test(wrong_counts_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
