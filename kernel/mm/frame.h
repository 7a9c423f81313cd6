/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The frame table: one entry per 4 KiB of system memory from 0 to the end of
 * RAM, which says what the frame is, whose it is, and which flush has to be
 * over before it may be handed on (architecture.md decision 4 and D3). It
 * decides nothing: owners change in frame_owner.h and frame_pool.h only.
 *
 * Lock: every function and field here needs the memory lock, except at boot.
 */
#pragma once

#include <stddef.h>

#include "lib/addr.h"
#include "lib/check.h"
#include "mm/flush_ledger.h"

/* No partition. Ids are never 0. */
#define PARTITION_NONE  0u

/* No frame, where 32 bits hold a frame number. */
#define FRAME_LINK_NONE 0xffffffffu

enum frame_type {
	FRAME_NONE = 0,     /* not RAM: MMIO, reserved, a hole */
	FRAME_FIRMWARE = 1, /* mapped in the parent, never lent or deposited */
	FRAME_KERNEL = 2,   /* the kernel's image and boot reserve */
	FRAME_PARENT = 3,   /* the parent's; perhaps lent to one child */
	FRAME_POOL = 4,     /* deposited for a partition and free */
	FRAME_OBJECT = 5,   /* a kernel object of a partition */
	FRAME_TABLE = 6,    /* a second-level table of a partition */
	FRAME_OVERLAY = 7,  /* an overlay page of a partition, perhaps placed */
	FRAME_SHARED = 8,   /* a kernel object that is mapped into the parent */
	FRAME_RETIRED = 9,  /* lost to a machine check, never used again */
};
#define FRAME_TYPE_COUNT     10u

/* frame.flags */
#define FRAME_BENEATH_ACCESS 0x0fu /* OVERLAY, placed: access of what it hides, 0 nothing */
#define FRAME_SHARED_WRITE   0x10u /* SHARED: the parent may write it */
#define FRAME_SEEN           0x20u /* scratch of invariants_check, else clear */
#define FRAME_PLACED         0x40u /* OVERLAY: shadows a page of its partition */
#define FRAME_LENT           0x80u /* PARENT: lent to `partition` now */

struct frame {
	/* PARENT: the partition it is lent to (FRAME_LENT) or was lent to last and
	 * not scrubbed since. POOL, OBJECT, TABLE, OVERLAY, SHARED: whose deposit. */
	uint32_t partition;
	/* PARENT: mappings of the loan. POOL: the next free frame. OVERLAY, placed:
	 * the frame that it hides, or FRAME_LINK_NONE. */
	uint32_t link;
	/* Flush generation that every processor must reach before a new owner. */
	uint64_t flush : 48;
	uint64_t type : 8; /* enum frame_type */
	uint64_t flags : 8;
};
_Static_assert(sizeof(struct frame) == 16, "one frame costs 16 bytes");

struct frame_table {
	struct frame *frames;
	uint64_t count;           /* frames from 0 to the end of RAM */
	uint64_t lent_count;      /* frames that are lent now */
	uint64_t deposited_count; /* frames that belong to a pool, free or not */
};

/* The machine has one. */
extern struct frame_table frame_table;

/* Takes `frames`, an array of `count` entries, at most 2^32 - 1, and makes all
 * of it FRAME_NONE. The memory stays the caller's and must outlive the table. */
void frame_table_init(struct frame *frames, uint64_t count);

/* Boot only: gives `count` frames from `first` the type NONE, FIRMWARE, KERNEL
 * or PARENT, whatever they were. Frames past the end of the table are left out. */
void frame_table_set_range(sfn_t first, uint64_t count, enum frame_type type);

/* The entry of a frame, or NULL past the end of RAM. For numbers from outside. */
static inline struct frame *frame_find(sfn_t number) {
	return number.v < frame_table.count ? &frame_table.frames[number.v] : NULL;
}

/* The entry of a frame that the kernel knows to exist. */
static inline struct frame *frame_at(sfn_t number) {
	check(number.v < frame_table.count);
	return &frame_table.frames[number.v];
}

static inline bool frame_is_lent(const struct frame *frame) {
	return frame->type == FRAME_PARENT && (frame->flags & FRAME_LENT) != 0;
}

/* The frame was, until now, reachable by a guest: it must not get a new owner
 * before every processor has flushed after this moment. */
static inline void frame_stamp(struct frame *frame) { frame->flush = flush_ledger_required() & FLUSH_GENERATION_MASK; }

/* Every processor has flushed since the frame was last unmapped. */
static inline bool frame_is_flushed(const struct frame *frame) { return flush_ledger_is_reached(frame->flush); }

/*
 * How the kernel reaches memory: it has no map of guest memory, its own frames are
 * mapped for good, a guest's frame only through this processor's window.
 * arch/x86/host_pt.c implements these, for host tests tests/fake/mm_memory.c.
 */

/* Where the kernel sees one of its own frames (KERNEL, POOL, OBJECT, TABLE,
 * OVERLAY, SHARED). Never NULL. Lock: none. */
void *frame_pointer(sfn_t frame);

/* Maps one frame of RAM into this processor's window and returns the address of
 * its first byte; one frame at a time, to be given back before the next. Never
 * NULL. Any lock may be held. */
void *window_map(sfn_t frame);
void window_unmap(void);
