/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Size classes and free lists; a header of 16 bytes before each block. */
#include "runtime/heap.h"
#include "runtime/invariant.h"

#define BLOCK_USED   0x6b636f6c42455355ull
#define BLOCK_FREE   0x6b636f6c42454552ull
#define CLASS_DIRECT 0u /* straight from the supplier */

struct heap_block {
	uint64_t mark;
	uint64_t size;           /* the whole block, header included; class in bits 63:56 */
	struct heap_block *next; /* in the free list; else the user's first bytes */
};
#define HEADER_SIZE offsetof(struct heap_block, next)
_Static_assert(HEADER_SIZE == 16, "blocks stay 16-byte aligned");

#define CLASS_SHIFT 56
#define SIZE_MASK   ((1ull << CLASS_SHIFT) - 1)

void heap_init(struct heap *h, void *(*take)(void *context, size_t size),
               void (*give)(void *context, void *memory, size_t size), void *context) {
	*h = (struct heap){.take = take, .give = give, .context = context};
}

static unsigned class_of(size_t size) {
	unsigned class = HEAP_CLASS_FIRST;

	while ((size_t)1 << class < size)
		class ++;
	return class;
}

static void *block_use(struct heap *h, struct heap_block *block, uint64_t size, unsigned class) {
	block->mark = BLOCK_USED;
	block->size = size | (uint64_t) class << CLASS_SHIFT;
	h->used += size;
	return &block->next;
}

static struct heap_block *cut(struct heap *h, size_t size) {
	struct heap_block *block;

	if (h->chunk_left < size) {
		uint8_t *chunk = h->take(h->context, HEAP_CHUNK_SIZE);

		if (chunk == NULL)
			return NULL;
		/* The rest of the old chunk goes to the free lists, largest first. */
		for (unsigned class = HEAP_CLASS_LAST; class >= HEAP_CLASS_FIRST; class --) {
			if (h->chunk_left < (size_t)1 << class)
				continue;
			block = (struct heap_block *)(void *)h->chunk;
			block->mark = BLOCK_FREE;
			block->next = h->free[class];
			h->free[class] = block;
			h->chunk += (size_t)1 << class;
			h->chunk_left -= (size_t)1 << class;
		}
		h->chunk = chunk;
		h->chunk_left = HEAP_CHUNK_SIZE;
	}
	block = (struct heap_block *)(void *)h->chunk;
	h->chunk += size;
	h->chunk_left -= size;
	return block;
}

void *heap_allocate(struct heap *h, size_t size) {
	struct heap_block *block;
	unsigned class;

	if (size > SIZE_MASK - HEADER_SIZE - 4096)
		return NULL;
	size += HEADER_SIZE;
	if (size > (size_t)1 << HEAP_CLASS_LAST) {
		size = (size + 4095) & ~(size_t)4095;
		block = h->take(h->context, size);
		return block == NULL ? NULL : block_use(h, block, size, CLASS_DIRECT);
	}
	class = class_of(size);
	block = h->free[class];
	if (block != NULL)
		h->free[class] = block->next;
	else
		block = cut(h, (size_t)1 << class);
	return block == NULL ? NULL : block_use(h, block, (uint64_t)1 << class, class);
}

static struct heap_block *block_of(const void *memory) {
	struct heap_block *block = (struct heap_block *)(void *)((uint8_t *)(uintptr_t)memory - HEADER_SIZE);

	invariant(block->mark == BLOCK_USED);
	return block;
}

void heap_free(struct heap *h, void *memory) {
	struct heap_block *block;
	unsigned class;
	uint64_t size;

	if (memory == NULL)
		return;
	block = block_of(memory);
	class = (unsigned)(block->size >> CLASS_SHIFT);
	size = block->size & SIZE_MASK;
	block->mark = BLOCK_FREE;
	h->used -= size;
	if (class == CLASS_DIRECT) {
		h->give(h->context, block, size);
	} else {
		block->next = h->free[class];
		h->free[class] = block;
	}
}

size_t heap_size(const void *memory) { return (block_of(memory)->size & SIZE_MASK) - HEADER_SIZE; }
