/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A volume: blocks that survive. Whoever serves a disk stands on this, and
 * whoever has blocks (a partition, a whole disk, an image) implements it.
 * Requests complete in any order.
 *
 * Who holds what when:
 * - A volume of the first kind (`completes_inside`) calls `done` before
 *   volume_submit returns, always, on the submitter's stack and under its locks.
 * - Any other calls `done` later, never inside volume_submit, on whatever VP the
 *   device's interrupt arrives, and with no lock held: not the submitter's, and none
 *   of the driver's, which `done` may enter again by another volume_submit.
 * - A submitter that serializes by a lock opens a slice (volume_slice.h) with a
 *   struct volume_owner; `done` of the second kind then comes under that lock.
 *   It is taken outside of drivers' locks: the submitter may hold it in volume_submit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct volume;

enum volume_operation {
	VOLUME_READ,
	VOLUME_WRITE,
	VOLUME_FLUSH,   /* all writes completed before it are durable */
	VOLUME_DISCARD, /* the blocks may read as anything from now on */
	VOLUME_ZERO,    /* the blocks read as 0 from now on */
};

enum volume_result {
	VOLUME_OK = 0,
	VOLUME_FAILED,   /* the device could not */
	VOLUME_NO_SPACE, /* nothing left to back the blocks with */
	VOLUME_GONE,     /* there is no device any more */
};

/* Part of a transfer's memory. Somebody else may write it meanwhile. It lies in
 * the identity map (runtime/memory.h) and is contiguous, as devices want it. */
struct volume_segment {
	uint8_t *memory;
	uint32_t size;
};

/* The submitter's until volume_submit, the volume's until `done`. */
struct volume_request {
	enum volume_operation operation;
	bool is_durable; /* VOLUME_WRITE: durable when done, whatever the cache */
	uint64_t block;
	uint64_t count; /* in range; 0 for VOLUME_FLUSH only */
	/* VOLUME_READ and _WRITE: at least count blocks of memory in all. */
	const struct volume_segment *segment;
	unsigned segment_count;
	void (*done)(struct volume_request *r, enum volume_result result);
	void *volume_data[2]; /* the volume's own */
	/* A slice's own: what it changed, to be put back. */
	struct volume_slice *slice;
	void (*slice_done)(struct volume_request *r, enum volume_result result);
};

struct volume {
	void (*submit)(struct volume *v, struct volume_request *r);
	uint64_t block_count;
	uint32_t block_size;          /* 512 or 4096 */
	uint32_t physical_block_size; /* a power of two, at least block_size */
	uint8_t id[16];               /* stable, unique in the host */
	bool is_read_only;
	bool has_write_cache; /* without it every write is durable when done */
	bool can_discard;
	bool completes_inside; /* of the first kind, see above */
};

/* How a volume is opened. */
enum volume_access {
	VOLUME_READ_ONLY = 0,
	VOLUME_READ_WRITE,    /* disks and partitions */
	VOLUME_COPY_ON_WRITE, /* images: what is written is private, and gone at the end */
};

/* Whoever opens a volume, as far as its completions go (see above). After
 * `leave` the slice may be gone. All NULL: nobody, `done` comes as it is. */
struct volume_owner {
	void (*enter)(void *context);
	void (*leave)(void *context);
	void *context;
};

static inline void volume_submit(struct volume *v, struct volume_request *r) { v->submit(v, r); }
