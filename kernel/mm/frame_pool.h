/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A partition's pool: the frames that were deposited for it. All kernel memory
 * of the partition comes from here and nowhere else, so running out stays its
 * own problem (architecture.md decision 4). Free frames form a queue through the
 * frame table: the one freed last is used last, so that its flush is over.
 *
 * Lock: the partition's and the memory lock, for all functions.
 */
#pragma once

#include <hv_abi/status.h>
#include "mm/frame.h"

#define FRAME_POOL_NEVER_FAIL (~0ull)

struct frame_pool {
	uint32_t partition; /* immutable */
	uint32_t first;     /* next to be allocated, or FRAME_LINK_NONE */
	uint32_t last;
	uint64_t free_count;
	uint64_t total_count; /* deposited frames, free or in use */
	uint64_t fail_after;  /* tests: so many allocations succeed, then none does */
	uint64_t counted;     /* scratch of invariants_check */
};

void frame_pool_init(struct frame_pool *pool, uint32_t partition);

/* Boot only: `count` frames of type KERNEL, mapped at frame_pointer(), become
 * free frames of the pool. This is how the parent's own pool begins. */
void frame_pool_seed(struct frame_pool *pool, sfn_t first, uint64_t count);

/* Takes a free frame, fills it with zeros and makes it OBJECT, TABLE or OVERLAY
 * (not placed). The caller owns it until frame_pool_free. Errors:
 * INSUFFICIENT_MEMORY no free frame whose flush is over; *out is unchanged. */
must_use enum hv_status frame_pool_allocate(struct frame_pool *pool, enum frame_type type, sfn_t *out);

/* The next `count` allocations cannot fail. */
bool frame_pool_has(const struct frame_pool *pool, uint64_t count);

/* Gives back an OBJECT, TABLE or OVERLAY (not placed) frame of this pool. A
 * frame that a guest could reach was stamped when it was unmapped. Not scrubbed:
 * that happens at the next hand-over. */
void frame_pool_free(struct frame_pool *pool, sfn_t frame);

/* For frame_owner.c: puts a frame, whatever it was, at the end of the queue;
 * takes the first one, in state FRAME_POOL, if its flush is over. Errors of take:
 * NOT_FOUND the pool has no free frame, OBJECT_IN_USE a processor has yet to
 * flush. They do not touch total_count. */
void frame_pool_put(struct frame_pool *pool, sfn_t frame);
must_use enum hv_status frame_pool_take(struct frame_pool *pool, sfn_t *out);
