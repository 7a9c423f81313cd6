/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A small machine for tests of mm, see mm_world.h. */
#include "fake/mm_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake/mm_memory.h"
#include "lib/check.h"
#include "mm/frame_owner.h"

#define NOT_RAM 16u

static void must_succeed(enum hv_status status) { check(status == HV_STATUS_SUCCESS); }

uint64_t world_end_of_ram(void) { return frame_table.count - NOT_RAM; }

struct world *world_create(uint64_t frames, bool has_huge_leaves) {
	struct world *world = calloc(1, sizeof(*world));
	uint64_t kernel_count = WORLD_PARENT - WORLD_KERNEL;

	flush_ledger_init(WORLD_CPUS);
	frame_table_init(malloc(frames * sizeof(struct frame)), frames);
	frame_table_set_range(sfn(0), WORLD_KERNEL, FRAME_FIRMWARE);
	frame_table_set_range(sfn(WORLD_KERNEL), kernel_count, FRAME_KERNEL);
	frame_table_set_range(sfn(WORLD_PARENT), world_end_of_ram() - WORLD_PARENT, FRAME_PARENT);
	fake_memory_create();

	frame_pool_init(&world->pool, WORLD_PARENT_ID);
	frame_pool_seed(&world->pool, sfn(WORLD_KERNEL), kernel_count);
	must_succeed(gpa_identity_init(&world->parent, &world->pool, WORLD_ADDRESS_BITS, has_huge_leaves));
	must_succeed(gpa_identity_punch(&world->parent, sfn(WORLD_KERNEL), kernel_count));
	for (unsigned i = 0; i < WORLD_CHILDREN; i++) {
		frame_pool_init(&world->child[i].pool, WORLD_CHILD_ID + i);
		world->child[i].space.pool = &world->child[i].pool;
	}
	world_flush();
	return world;
}

void world_destroy(struct world *world) {
	fake_memory_destroy();
	free(frame_table.frames);
	free(world);
}

void world_add_child(struct world *world, unsigned index, uint64_t first, uint64_t count) {
	struct world_child *child = &world->child[index];

	for (uint64_t n = first; n < first + count; n++)
		must_succeed(frame_owner_deposit(&world->parent, &child->pool, sfn(n)));
	world_flush();
	must_succeed(gpa_space_init(&child->space, &child->pool, WORLD_ADDRESS_BITS, world->parent.has_huge_leaves));
}

void world_flush(void) {
	uint64_t generation = flush_ledger_begin();

	for (uint32_t cpu = 0; cpu < WORLD_CPUS; cpu++)
		flush_ledger_reach(cpu, generation);
}

enum hv_status world_map(struct world *world, unsigned child, uint64_t gpfn, uint64_t frame, unsigned level,
                         uint32_t access) {
	return gpa_space_map(&world->child[child].space, gpa(gpfn << PAGE_SHIFT), sfn(frame), level, access);
}

enum hv_status world_translate(const struct gpa_space *space, gpa_t at, uint32_t access, struct gpa_translation *out) {
	enum hv_status status = gpa_space_translate(space, at, access, &out->spa);

	if (status != HV_STATUS_NOT_FOUND) {
		struct pt_position to = pt_walk(space->root, at, 1);

		out->leaf_size = pt_level_size(to.level);
		out->access = pt_format_access(pt_load(to.entry));
	}
	return status;
}

uint64_t world_frame_at(const struct gpa_space *space, uint64_t gpfn) {
	spa_t to;

	if (gpa_space_translate(space, gpa(gpfn << PAGE_SHIFT), 0, &to) != HV_STATUS_SUCCESS)
		return ~0ull;
	return spa_to_sfn(to).v;
}

static void run_checker(struct world *world, struct hv_check_invariants_out *out) {
	struct gpa_space *spaces[1 + WORLD_CHILDREN] = {&world->parent};

	for (unsigned i = 0; i < WORLD_CHILDREN; i++)
		spaces[1 + i] = &world->child[i].space;
	invariants_check(spaces, 1 + WORLD_CHILDREN, out);
}

enum hv_frame_rule world_judge(struct world *world) {
	struct hv_check_invariants_out out;

	run_checker(world, &out);
	check((out.violations == 0) == (out.first_bad_rule == HV_FRAME_RULE_NONE));
	return (enum hv_frame_rule)out.first_bad_rule;
}

void world_check(struct world *world) {
	struct hv_check_invariants_out out;

	run_checker(world, &out);
	if (out.violations == 0)
		return;
	fprintf(stderr, "frame %llx: rule %llu\n", (unsigned long long)out.first_bad_frame,
	        (unsigned long long)out.first_bad_rule);
	check(out.violations == 0);
}
