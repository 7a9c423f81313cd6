/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A small machine for tests of mm: four processors, RAM with a kernel, firmware
 * and a hole, a parent with its identity map, and room for three children.
 *
 *   frames 0..15 firmware, 16..255 kernel (seeded into the parent's pool), then
 *   the parent's, and 16 frames that are not RAM at the end
 */
#pragma once

#include "mm/gpa_space.h"
#include "mm/invariants.h"

#define WORLD_CPUS         4u
#define WORLD_CHILDREN     3u
#define WORLD_FIRMWARE     3ull   /* a frame of firmware */
#define WORLD_KERNEL       16ull  /* first frame of the kernel */
#define WORLD_PARENT       256ull /* first frame of the parent */
#define WORLD_PARENT_ID    1u
#define WORLD_CHILD_ID     10u /* child n has id 10 + n */
#define WORLD_ADDRESS_BITS 33u

struct world_child {
	struct frame_pool pool;
	struct gpa_space space;
};

struct world {
	struct frame_pool pool; /* the parent's */
	struct gpa_space parent;
	struct world_child child[WORLD_CHILDREN];
};

/* A machine of `frames` frames; the caller destroys it. */
struct world *world_create(uint64_t frames, bool has_huge_leaves);
void world_destroy(struct world *world);

/* The first frame past the end of RAM. */
uint64_t world_end_of_ram(void);

/* Deposits `count` frames from `first` and makes the child's space. */
void world_add_child(struct world *world, unsigned index, uint64_t first, uint64_t count);

/* Every processor flushes. */
void world_flush(void);

/* gpa_space_map. */
enum hv_status world_map(struct world *world, unsigned child, uint64_t gpfn, uint64_t frame, unsigned level,
                         uint32_t access);

/* gpa_space_translate, and what the leaf says. */
struct gpa_translation {
	spa_t spa;
	uint64_t leaf_size;
	uint32_t access;
};
enum hv_status world_translate(const struct gpa_space *space, gpa_t at, uint32_t access, struct gpa_translation *out);

/* The frame that a child reaches at a guest page, ~0 if none. */
uint64_t world_frame_at(const struct gpa_space *space, uint64_t gpfn);

/* The rule that is broken first; HV_FRAME_RULE_NONE if all hold. */
enum hv_frame_rule world_judge(struct world *world);

/* Dies with the rule and the frame unless every rule holds. */
void world_check(struct world *world);
