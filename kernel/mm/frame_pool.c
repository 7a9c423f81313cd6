/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A partition's pool of deposited frames, see frame_pool.h. */
#include "mm/frame_pool.h"

#include "lib/string.h"

void frame_pool_init(struct frame_pool *pool, uint32_t partition) {
	check(partition != PARTITION_NONE);
	*pool = (struct frame_pool){
	    .partition = partition,
	    .first = FRAME_LINK_NONE,
	    .last = FRAME_LINK_NONE,
	    .fail_after = FRAME_POOL_NEVER_FAIL,
	};
}

void frame_pool_seed(struct frame_pool *pool, sfn_t first, uint64_t count) {
	for (uint64_t i = 0; i < count; i++) {
		sfn_t number = sfn(first.v + i);

		check(frame_at(number)->type == FRAME_KERNEL);
		frame_pool_put(pool, number);
	}
	pool->total_count += count;
	frame_table.deposited_count += count;
}

void frame_pool_put(struct frame_pool *pool, sfn_t number) {
	struct frame *frame = frame_at(number);

	frame->type = FRAME_POOL;
	frame->flags = 0;
	frame->partition = pool->partition;
	frame->link = FRAME_LINK_NONE;
	if (pool->free_count == 0)
		pool->first = (uint32_t)number.v;
	else
		frame_at(sfn(pool->last))->link = (uint32_t)number.v;
	pool->last = (uint32_t)number.v;
	pool->free_count++;
}

enum hv_status frame_pool_take(struct frame_pool *pool, sfn_t *out) {
	struct frame *frame;

	if (pool->free_count == 0)
		return HV_STATUS_NOT_FOUND;

	frame = frame_at(sfn(pool->first));
	check(frame->type == FRAME_POOL && frame->partition == pool->partition);
	if (!frame_is_flushed(frame))
		return HV_STATUS_OBJECT_IN_USE;

	*out = sfn(pool->first);
	pool->first = frame->link;
	pool->free_count--;
	if (pool->free_count == 0)
		pool->last = FRAME_LINK_NONE;
	return HV_STATUS_SUCCESS;
}

bool frame_pool_has(const struct frame_pool *pool, uint64_t count) {
	uint32_t next = pool->first;

	if (count > pool->free_count || count > pool->fail_after)
		return false;
	for (; count > 0; count--) {
		const struct frame *frame = frame_at(sfn(next));

		if (!frame_is_flushed(frame))
			return false;
		next = frame->link;
	}
	return true;
}

enum hv_status frame_pool_allocate(struct frame_pool *pool, enum frame_type type, sfn_t *out) {
	struct frame *frame;

	check(type == FRAME_OBJECT || type == FRAME_TABLE || type == FRAME_OVERLAY);
	if (pool->fail_after == 0 || frame_pool_take(pool, out) != HV_STATUS_SUCCESS)
		return HV_STATUS_INSUFFICIENT_MEMORY;
	if (pool->fail_after != FRAME_POOL_NEVER_FAIL)
		pool->fail_after--;

	frame = frame_at(*out);
	frame->type = (uint8_t)type;
	frame->link = type == FRAME_OVERLAY ? FRAME_LINK_NONE : 0;
	memset(frame_pointer(*out), 0, PAGE_SIZE);
	return HV_STATUS_SUCCESS;
}

void frame_pool_free(struct frame_pool *pool, sfn_t number) {
	const struct frame *frame = frame_at(number);

	check(frame->type == FRAME_OBJECT || frame->type == FRAME_TABLE || frame->type == FRAME_OVERLAY);
	check(frame->partition == pool->partition);
	check((frame->flags & FRAME_PLACED) == 0);
	frame_pool_put(pool, number);
}
