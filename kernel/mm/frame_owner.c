/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Every change of a frame's owner, see frame_owner.h. */
#include "mm/frame_owner.h"

#include "lib/string.h"
#include "mm/gpa_space.h"

enum hv_status frame_owner_may_lend(sfn_t first, uint64_t count, uint32_t partition) {
	const struct frame *frame;

	if (first.v >= frame_table.count || count > frame_table.count - first.v)
		return HV_STATUS_INVALID_PARAMETER;
	frame = &frame_table.frames[first.v];
	for (const struct frame *end = frame + count; frame < end; frame++) {
		if (frame->type == FRAME_PARENT && frame->partition == PARTITION_NONE)
			continue; /* as most are: a VM of a GiB has 262,144 */
		if (frame->type == FRAME_NONE)
			return HV_STATUS_INVALID_PARAMETER;
		if (frame->type != FRAME_PARENT)
			return HV_STATUS_ACCESS_DENIED;
		if (frame_is_lent(frame) && frame->partition != partition)
			return HV_STATUS_OBJECT_IN_USE;
		if (partition != PARTITION_NONE && frame->partition != partition)
			return HV_STATUS_OPERATION_DENIED;
		if (frame->link == UINT32_MAX)
			return HV_STATUS_NO_RESOURCES;
	}
	return HV_STATUS_SUCCESS;
}

/* Takes a frame that is lent to nobody out of the parent's space. */
static enum hv_status take_from_parent(struct gpa_space *parent, sfn_t number) {
	enum hv_status status = frame_owner_may_lend(number, 1, PARTITION_NONE);

	if (status != HV_STATUS_SUCCESS)
		return status;
	return gpa_identity_punch(parent, number, 1);
}

enum hv_status frame_owner_deposit(struct gpa_space *parent, struct frame_pool *pool, sfn_t number) {
	enum hv_status status = take_from_parent(parent, number);

	if (status != HV_STATUS_SUCCESS)
		return status;
	/* The stamp also covers a borrower of old who has not flushed yet; his data
	 * go when the frame is allocated or withdrawn. */
	frame_stamp(frame_at(number));
	frame_pool_put(pool, number);
	pool->total_count++;
	frame_table.deposited_count++;
	return HV_STATUS_SUCCESS;
}

enum hv_status frame_owner_withdraw(struct gpa_space *parent, struct frame_pool *pool, sfn_t *out) {
	enum hv_status status = frame_pool_take(pool, out);

	if (status != HV_STATUS_SUCCESS)
		return status;
	memset(frame_pointer(*out), 0, PAGE_SIZE);
	status = gpa_identity_fill(parent, *out, 1, HV_MAP_GPA_RWX);
	if (status != HV_STATUS_SUCCESS) {
		frame_pool_put(pool, *out);
		return status;
	}

	*frame_at(*out) = (struct frame){.type = FRAME_PARENT};
	pool->total_count--;
	frame_table.deposited_count--;
	return HV_STATUS_SUCCESS;
}

void frame_owner_lend(sfn_t first, uint64_t count, uint32_t partition) {
	struct frame *frame = frame_at(first);

	check(count <= frame_table.count - first.v);
	for (const struct frame *end = frame + count; frame < end; frame++) {
		check(frame->type == FRAME_PARENT);
		if ((frame->flags & FRAME_LENT) == 0) {
			/* Back to the last borrower it may go at once: what he
			 * could still reach is lent to him again. */
			check(frame->partition == partition ||
			      (frame->partition == PARTITION_NONE && frame_is_flushed(frame)));
			frame->flags = FRAME_LENT;
			frame->partition = partition;
			frame_table.lent_count++;
		} else {
			check(frame->partition == partition && frame->link != UINT32_MAX);
		}
		frame->link++;
	}
}

void frame_owner_unlend(sfn_t first, uint64_t count, uint32_t partition) {
	struct frame *frame = frame_at(first);

	check(count <= frame_table.count - first.v);
	for (const struct frame *end = frame + count; frame < end; frame++) {
		check(frame_is_lent(frame) && frame->partition == partition && frame->link > 0);
		frame_stamp(frame);
		frame->link--;
		if (frame->link == 0) {
			frame->flags = 0;
			frame_table.lent_count--;
		}
	}
}

enum hv_status frame_owner_scrub(sfn_t first, uint64_t count) {
	enum hv_status status = frame_owner_may_lend(first, count, PARTITION_NONE);

	if (status != HV_STATUS_SUCCESS)
		return status;
	for (uint64_t n = first.v; n < first.v + count; n++)
		if (!frame_is_flushed(&frame_table.frames[n]))
			return HV_STATUS_OBJECT_IN_USE;

	for (uint64_t n = first.v; n < first.v + count; n++) {
		memset(window_map(sfn(n)), 0, PAGE_SIZE);
		window_unmap();
		frame_table.frames[n].partition = PARTITION_NONE;
	}
	return HV_STATUS_SUCCESS;
}

enum hv_status frame_owner_share(struct gpa_space *parent, sfn_t number, bool may_write) {
	struct frame *frame = frame_at(number);
	enum hv_status status;

	check(frame->type == FRAME_OBJECT);
	status = gpa_identity_fill(parent, number, 1, HV_MAP_GPA_READABLE | (may_write ? HV_MAP_GPA_WRITABLE : 0));
	if (status != HV_STATUS_SUCCESS)
		return status;
	frame->type = FRAME_SHARED;
	frame->flags = may_write ? FRAME_SHARED_WRITE : 0;
	return HV_STATUS_SUCCESS;
}

void frame_owner_unshare(struct gpa_space *parent, sfn_t number) {
	struct frame *frame = frame_at(number);

	check(frame->type == FRAME_SHARED);
	/* Mapped by a leaf of 4 KiB, so there is nothing to split. */
	check(gpa_identity_punch(parent, number, 1) == HV_STATUS_SUCCESS);
	frame->type = FRAME_OBJECT;
	frame->flags = 0;
	frame_stamp(frame);
}

enum hv_status frame_owner_retire(struct gpa_space *parent, sfn_t number) {
	enum hv_status status = take_from_parent(parent, number);

	if (status == HV_STATUS_SUCCESS)
		*frame_at(number) = (struct frame){.type = FRAME_RETIRED};
	return status;
}
