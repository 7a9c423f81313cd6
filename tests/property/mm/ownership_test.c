/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Thousands of random operations of kernel/mm against the naive model. After each
 * one the invariant checker runs; every operation that allocates is first made to
 * fail at each of its allocations, and must then have had no effect. Children
 * write their id into all that they can reach: nobody may ever find another's.
 *
 * Usage: ownership_test [SEED [OPERATIONS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/mm_memory.h"
#include "lib/check.h"
#include "mm/frame_owner.h"
#include "mm/gpa_space.h"
#include "model.h"

#define PARENT_MARK 0x80
#define RW          (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)

static struct world *world;
static struct model model;
static uint64_t random_state;
static unsigned long success_count;
static unsigned long refusal_count;
static unsigned long shortage_count;

/* xorshift64* */
static uint64_t draw(uint64_t below) {
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dull >> 33) % below;
}

static uint32_t draw_access(void) {
	static const uint32_t access[] = {HV_MAP_GPA_READABLE, RW, HV_MAP_GPA_RWX,
	                                  HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE};

	return access[draw(4)];
}

/* Mostly RAM of the parent, at times anything. */
static uint64_t draw_frame(void) { return draw(8) == 0 ? draw(MODEL_FRAMES + 8) : WORLD_PARENT + draw(3800); }

/* Guest pages on which much happens: few, and both sides of a 2 MiB border. */
static uint64_t draw_page(void) { return draw(2) == 0 ? 500 + draw(24) : draw(MODEL_PAGES); }

struct operation {
	enum hv_status (*run)(const struct operation *operation);
	unsigned child;
	unsigned level;
	uint64_t gpfn;
	uint64_t frame;
	uint32_t access;
};

/* Runs an operation with each of its allocations failing in turn, then as it
 * is. A failure must leave everything as it was. */
static enum hv_status run(const struct operation *operation) {
	struct frame_pool *pools[] = {&world->child[operation->child].pool, &world->pool};
	enum hv_status status = HV_STATUS_SUCCESS;

	for (unsigned p = 0; p < 2 && draw(2) == 0; p++) {
		for (uint64_t n = 0; n < 4; n++) {
			uint64_t before = pools[p]->free_count;

			pools[p]->fail_after = n;
			status = operation->run(operation);
			pools[p]->fail_after = FRAME_POOL_NEVER_FAIL;
			if (status != HV_STATUS_INSUFFICIENT_MEMORY)
				return status;
			shortage_count++;
			check(pools[p]->free_count == before);
			world_check(world);
		}
	}
	status = operation->run(operation);
	if (status == HV_STATUS_INSUFFICIENT_MEMORY)
		shortage_count++;
	return status;
}

/* The answer is the expected one, or memory was short; true on success. */
static bool conclude(enum hv_status status, enum hv_status expected) {
	if (status == HV_STATUS_INSUFFICIENT_MEMORY && expected == HV_STATUS_SUCCESS)
		return false;
	check(status == expected);
	if (status == HV_STATUS_SUCCESS)
		success_count++;
	else
		refusal_count++;
	return status == HV_STATUS_SUCCESS;
}

static void flush(void) {
	world_flush();
	model_flush(&model);
}

/* A flush that the last processor has not finished: nothing may come of it. */
static void flush_partly(void) {
	uint64_t generation = flush_ledger_begin();

	for (uint32_t cpu = 0; cpu < WORLD_CPUS - 1; cpu++)
		flush_ledger_reach(cpu, generation);
}

static enum hv_status run_deposit(const struct operation *o) {
	return frame_owner_deposit(&world->parent, &world->child[o->child].pool, sfn(o->frame));
}

static void deposit(unsigned child, uint64_t frame) {
	struct operation o = {.run = run_deposit, .child = child, .frame = frame};

	if (!conclude(run(&o), model_judge_deposit(&model, frame)))
		return;
	model.frame[frame] =
	    (struct model_frame){.type = FRAME_POOL, .owner = WORLD_CHILD_ID + child, .needs_flush = true};
	model.deposited[child]++;
}

static enum hv_status withdraw(unsigned child) {
	struct frame_pool *pool = &world->child[child].pool;
	sfn_t frame;
	enum hv_status status = frame_owner_withdraw(&world->parent, pool, &frame);

	if (status != HV_STATUS_SUCCESS) {
		check(status == HV_STATUS_OBJECT_IN_USE || pool->free_count == 0);
		return status;
	}
	success_count++;
	check(model.frame[frame.v].type == FRAME_POOL);
	check(model.frame[frame.v].owner == WORLD_CHILD_ID + child);
	check(fake_memory_bytes(frame)[0] == 0 && fake_memory_bytes(frame)[4095] == 0);
	model.frame[frame.v] = (struct model_frame){.type = FRAME_PARENT};
	model.deposited[child]--;
	return status;
}

static enum hv_status run_map(const struct operation *o) {
	return world_map(world, o->child, o->gpfn, o->frame, o->level, o->access);
}

/* A child finds nobody's bytes but its own and the parent's, then leaves its own. */
static void use_memory(unsigned child, uint64_t gpfn, uint64_t frame, uint64_t pages) {
	uint8_t id = (uint8_t)(WORLD_CHILD_ID + child);

	for (uint64_t i = 0; i < pages; i++) {
		uint8_t *bytes = fake_memory_bytes(sfn(frame + i));
		enum hv_status status;

		check(bytes[8] == 0 || bytes[8] == id || bytes[8] == PARENT_MARK);
		bytes[8] = id;
		if (model.page[child][gpfn + i].overlay_count > 0)
			continue;
		status = copy_to_guest(&world->child[child].space, gpa(((gpfn + i) << PAGE_SHIFT) + 16), &id, 1);
		check(status == ((model.page[child][gpfn + i].access & HV_MAP_GPA_WRITABLE) != 0
		                     ? HV_STATUS_SUCCESS
		                     : HV_STATUS_ACCESS_DENIED));
		check(status != HV_STATUS_SUCCESS || bytes[16] == id);
	}
}

static void map(unsigned child) {
	unsigned level = draw(5) == 0 ? 2 : 1;
	struct operation o = {
	    .run = run_map,
	    .child = child,
	    .level = level,
	    .gpfn = draw_page(),
	    .frame = draw_frame(),
	    .access = draw_access(),
	};

	if (level == 2 && draw(8) != 0) {
		o.gpfn &= ~511ull;
		o.frame &= ~511ull;
	}
	if (level == 2 && o.gpfn % 512 == 0 && o.gpfn + 512 > MODEL_PAGES)
		return;
	if (!conclude(run(&o), model_judge_map(&model, child, o.gpfn, o.frame, level)))
		return;
	model_map(&model, child, o.gpfn, o.frame, level, o.access);
	use_memory(child, o.gpfn, o.frame, level == 1 ? 1 : 512);
	model_compare_page(&model, world, child, o.gpfn);
}

static enum hv_status run_unmap(const struct operation *o) {
	return gpa_space_unmap(&world->child[o->child].space, gpa(o->gpfn << PAGE_SHIFT), o->level);
}

static void unmap(unsigned child) {
	struct operation o = {
	    .run = run_unmap,
	    .child = child,
	    .level = draw(6) == 0 ? 2 : 1,
	    .gpfn = draw_page(),
	};

	if (o.level == 2)
		o.gpfn &= ~511ull;
	if (conclude(run(&o), HV_STATUS_SUCCESS))
		model_unmap(&model, child, o.gpfn, o.level);
	model_compare_page(&model, world, child, o.gpfn);
}

static void scrub(void) {
	uint64_t frame = draw_frame();
	uint64_t count = 1 + draw(4);

	if (!conclude(frame_owner_scrub(sfn(frame), count), model_judge_scrub(&model, frame, count)))
		return;
	for (uint64_t n = frame; n < frame + count; n++) {
		check(fake_memory_bytes(sfn(n))[8] == 0 && fake_memory_bytes(sfn(n))[16] == 0);
		model.frame[n].soiled_by = 0;
	}
}

/* The parent takes its lent-and-returned pages into use without asking anyone. */
static void parent_writes(void) {
	uint64_t frame = WORLD_PARENT + draw(3800);
	uint8_t mark = PARENT_MARK;
	gpa_t at = gpa((frame << PAGE_SHIFT) + 8);

	if (model.frame[frame].type != FRAME_PARENT || model.frame[frame].soiled_by != 0)
		return;
	check(copy_to_guest(&world->parent, at, &mark, 1) == HV_STATUS_SUCCESS);
}

/* Some frame of this type and child, MODEL_NONE if there is none. */
static uint64_t find_frame(enum frame_type type, unsigned child) {
	uint64_t start = draw(MODEL_FRAMES);

	for (uint64_t i = 0; i < MODEL_FRAMES; i++) {
		uint64_t n = (start + i) % MODEL_FRAMES;

		if (model.frame[n].type == type && model.frame[n].owner == WORLD_CHILD_ID + child)
			return n;
	}
	return MODEL_NONE;
}

static uint64_t allocate(unsigned child, enum frame_type type) {
	struct frame_pool *pool = &world->child[child].pool;
	sfn_t frame;

	if (frame_pool_allocate(pool, type, &frame) != HV_STATUS_SUCCESS)
		return MODEL_NONE;
	check(model.frame[frame.v].type == FRAME_POOL);
	check(!model.frame[frame.v].needs_flush);
	for (unsigned i = 0; i < PAGE_SIZE; i += 8)
		check(fake_memory_bytes(frame)[i] == 0);
	model.frame[frame.v].type = type;
	return frame.v;
}

static void release(unsigned child, uint64_t frame) {
	frame_pool_free(&world->child[child].pool, sfn(frame));
	model.frame[frame].type = FRAME_POOL;
}

static enum hv_status run_overlay_set(const struct operation *o) {
	return gpa_overlay_set(&world->child[o->child].space, gpa(o->gpfn << PAGE_SHIFT), sfn(o->frame), o->access);
}

static void overlay_set(unsigned child) {
	struct operation o = {
	    .run = run_overlay_set,
	    .child = child,
	    .gpfn = draw_page(),
	    .access = draw_access(),
	};

	if (model.page[child][o.gpfn].overlay_count == MODEL_OVERLAYS)
		return;
	o.frame = allocate(child, FRAME_OVERLAY);
	if (o.frame == MODEL_NONE)
		return;
	if (conclude(run(&o), HV_STATUS_SUCCESS))
		model_overlay_set(&model, child, o.gpfn, o.frame, o.access);
	else
		release(child, o.frame);
	model_compare_page(&model, world, child, o.gpfn);
}

static void overlay_clear_at(unsigned child, uint64_t gpfn) {
	const struct model_page *page = &model.page[child][gpfn];
	uint64_t frame;

	if (page->overlay_count == 0)
		return;
	frame = page->overlay[draw(page->overlay_count)];
	gpa_overlay_clear(&world->child[child].space, gpa(gpfn << PAGE_SHIFT), sfn(frame));
	model_overlay_clear(&model, child, gpfn, frame);
	release(child, frame);
	model_compare_page(&model, world, child, gpfn);
}

static enum hv_status run_share(const struct operation *o) {
	return frame_owner_share(&world->parent, sfn(o->frame), o->access == RW);
}

static void share(unsigned child) {
	struct operation o = {.run = run_share, .child = child, .access = draw_access()};

	o.frame = allocate(child, FRAME_OBJECT);
	if (o.frame == MODEL_NONE)
		return;
	if (conclude(run(&o), HV_STATUS_SUCCESS))
		model.frame[o.frame].type = FRAME_SHARED;
	else
		release(child, o.frame);
}

static bool unshare(unsigned child) {
	uint64_t frame = find_frame(FRAME_SHARED, child);

	if (frame == MODEL_NONE)
		return false;
	frame_owner_unshare(&world->parent, sfn(frame));
	model.frame[frame].needs_flush = true;
	release(child, frame);
	return true;
}

/* A child comes to life with a few frames, or with too few. */
static void create(unsigned child) {
	bool has_huge_leaves = draw(2) == 0;
	unsigned count = 1 + (unsigned)draw(24);

	for (unsigned i = 0; i < count; i++)
		deposit(child, draw_frame());
	flush();
	if (gpa_space_init(&world->child[child].space, &world->child[child].pool, WORLD_ADDRESS_BITS,
	                   has_huge_leaves) != HV_STATUS_SUCCESS)
		check(world->child[child].pool.free_count == 0);
}

/* Teardown in small steps; every deposited frame comes back. */
static void destroy(unsigned child) {
	struct gpa_space *space = &world->child[child].space;
	uint64_t budget = 1 + draw(600);

	while (unshare(child))
		;
	for (uint64_t n = 0; n < MODEL_PAGES; n++) {
		while (model.page[child][n].overlay_count > 0)
			overlay_clear_at(child, n);
	}
	while (!gpa_space_destroy_some(space, budget)) {
		if (draw(16) == 0)
			world_check(world);
	}
	for (uint64_t n = 0; n < MODEL_PAGES; n++)
		model_unmap(&model, child, n, 1);
	world_check(world);
	flush();
	while (withdraw(child) == HV_STATUS_SUCCESS)
		;
	check(model.deposited[child] == 0 && world->child[child].pool.total_count == 0);
}

static void act_on(unsigned child) {
	switch (draw(16)) {
	case 0:
	case 1:
		deposit(child, draw_frame());
		break;
	case 2:
		if (draw(3) == 0)
			(void)withdraw(child);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		map(child);
		break;
	case 7:
	case 8:
		unmap(child);
		break;
	case 9:
		scrub();
		break;
	case 10:
		overlay_set(child);
		break;
	case 11:
		overlay_clear_at(child, draw_page());
		break;
	case 12:
		share(child);
		break;
	case 13:
		(void)unshare(child);
		break;
	case 14:
		parent_writes();
		break;
	default:
		if (draw(2) == 0)
			flush();
		else
			flush_partly();
		break;
	}
}

static void run_operations(uint64_t seed, unsigned count) {
	printf("seed %llu, %u operations\n", (unsigned long long)seed, count);
	fflush(stdout);
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
	world = world_create(MODEL_FRAMES, true);
	model_init(&model);
	for (unsigned i = 0; i < count; i++) {
		unsigned child = (unsigned)draw(WORLD_CHILDREN);

		if (!world->child[child].space.is_alive)
			create(child);
		else if (draw(200) == 0)
			destroy(child);
		else
			act_on(child);
		world_check(world);
		if (i % 64 == 0)
			model_compare(&model, world);
	}
	model_compare(&model, world);
	for (unsigned c = 0; c < WORLD_CHILDREN; c++) {
		if (world->child[c].space.is_alive)
			destroy(c);
	}
	model_compare(&model, world);
	check(frame_table.lent_count == 0);
	world_destroy(world);
}

int main(int argc, char **argv) {
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 2000;

	if (seed != 0) {
		run_operations(seed, count);
	} else {
		for (seed = 1; seed <= 3; seed++)
			run_operations(seed, count);
	}
	printf("%lu done, %lu refused, %lu for lack of memory\n", success_count, refusal_count, shortage_count);
	return 0;
}
