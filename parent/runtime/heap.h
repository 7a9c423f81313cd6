/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Heap of the parent: blocks of power-of-two sizes with a free list per size,
 * cut from 1 MiB chunks; what is larger than a quarter of a chunk comes from
 * the supplier whole. Pure: memory comes by two functions; callers lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HEAP_CHUNK_SIZE  (1u << 20)
#define HEAP_CLASS_FIRST 5u  /* 32 bytes, 16 of them the header */
#define HEAP_CLASS_LAST  18u /* 256 KiB */

struct heap_block; /* private */

struct heap {
	/* `size` bytes, page-aligned, or NULL; and back. */
	void *(*take)(void *context, size_t size);
	void (*give)(void *context, void *memory, size_t size);
	void *context;
	struct heap_block *free[HEAP_CLASS_LAST + 1];
	uint8_t *chunk; /* the uncut rest of the newest chunk */
	size_t chunk_left;
	size_t used; /* bytes in blocks handed out */
};

void heap_init(struct heap *h, void *(*take)(void *context, size_t size),
               void (*give)(void *context, void *memory, size_t size), void *context);

/* 16-byte aligned, contents undefined; NULL if memory is short or size absurd. */
void *heap_allocate(struct heap *h, size_t size);

/* NULL is allowed. A pointer that is not a block in use breaks the heap's
 * invariant: the parent stops. */
void heap_free(struct heap *h, void *memory);

/* Bytes that the block can hold, at least what was asked for. */
size_t heap_size(const void *memory);
