/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The few functions that change whose a frame is (architecture.md decision 4,
 * D3). A frame reaches a new owner only after it was unmapped everywhere, every
 * processor has flushed since, and it was scrubbed.
 *
 *   PARENT -- deposit --> POOL -- allocate --> OBJECT, TABLE, OVERLAY
 *          <- withdraw --      <--- free ----     |
 *   PARENT -- lend ----> PARENT, lent             | share (OBJECT only)
 *          <- unlend ---  (then soiled)         SHARED
 *
 * Frame numbers come from outside and are judged; nothing is changed on error.
 * Lock: the memory lock, the parent's and, where a pool or a child's space is
 * named, that partition's.
 */
#pragma once

#include "mm/frame_pool.h"

struct gpa_space;

/*
 * Deposits a frame of the parent: unmaps it from the parent's space and puts it
 * into a pool. It can be allocated once the flush that it was stamped with is
 * over. On success the caller maps the frame for the kernel before it releases
 * the lock. Errors: INVALID_PARAMETER not RAM, ACCESS_DENIED not the parent's,
 * OBJECT_IN_USE lent, INSUFFICIENT_MEMORY the parent's own pool has no table for
 * the split of its large page.
 */
must_use enum hv_status frame_owner_deposit(struct gpa_space *parent, struct frame_pool *pool, sfn_t frame);

/*
 * Gives the first free frame of a pool, scrubbed, back to the parent and maps it
 * there again. On success the caller unmaps the frame from the kernel. Errors:
 * NOT_FOUND no free frame is left, OBJECT_IN_USE a processor has yet to flush:
 * flush, then repeat.
 */
must_use enum hv_status frame_owner_withdraw(struct gpa_space *parent, struct frame_pool *pool, sfn_t *out);

/*
 * Whether `count` frames from `first` may be lent to `partition`; for
 * PARTITION_NONE, whether they are the parent's and lent to nobody. Errors:
 * INVALID_PARAMETER not RAM, ACCESS_DENIED not the parent's, OBJECT_IN_USE lent
 * to another partition, OPERATION_DENIED soiled by another partition: scrub it
 * first, NO_RESOURCES mapped too often.
 */
must_use enum hv_status frame_owner_may_lend(sfn_t first, uint64_t count, uint32_t partition);

/* Counts one more mapping of each frame in the partition's tables. The frames
 * have passed frame_owner_may_lend under the same lock. */
void frame_owner_lend(sfn_t first, uint64_t count, uint32_t partition);

/* Counts one mapping less, and ends the loan with the last one: the frames stay
 * soiled by the partition and are stamped. */
void frame_owner_unlend(sfn_t first, uint64_t count, uint32_t partition);

/*
 * Fills frames of the parent with zeros, through the window, so that they may be
 * lent to anyone. Errors: INVALID_PARAMETER not RAM, ACCESS_DENIED not the
 * parent's, OBJECT_IN_USE lent, or a processor has yet to flush.
 */
must_use enum hv_status frame_owner_scrub(sfn_t first, uint64_t count);

/*
 * Maps an OBJECT into the parent's space, at GPA = SPA, for reading and, if
 * asked, writing; it becomes SHARED. It was deposited or in the boot reserve, so
 * the parent has a hole there that was filled by 4 KiB before. Errors:
 * INSUFFICIENT_MEMORY the parent's pool has no table for a split.
 */
must_use enum hv_status frame_owner_share(struct gpa_space *parent, sfn_t frame, bool may_write);

/* Takes a SHARED frame out of the parent's space; it is an OBJECT again and
 * stamped. */
void frame_owner_unshare(struct gpa_space *parent, sfn_t frame);

/*
 * Takes a frame of the parent out of use for good, after a machine check.
 * Errors: as frame_owner_deposit; OBJECT_IN_USE: repeat once the loan is over.
 */
must_use enum hv_status frame_owner_retire(struct gpa_space *parent, sfn_t frame);
