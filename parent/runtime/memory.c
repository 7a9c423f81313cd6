/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The page allocator, the heap above it, and the C library's malloc. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "runtime/exception.h"
#include "runtime/heap.h"
#include "runtime/invariant.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/page_allocator.h"
#include "runtime/spinlock.h"

static struct spinlock page_lock;
static struct page_allocator pages; /* page_lock */
static struct spinlock heap_lock;
static struct heap heap; /* heap_lock */

static void *heap_take(void *context, size_t size) {
	(void)context;
	return memory_pointer(memory_take(size, HV_PAGE_SIZE));
}

static void heap_give(void *context, void *memory, size_t size) {
	(void)context;
	memory_give((uint64_t)(uintptr_t)memory, size);
}

void memory_init(const struct hv_boot_info *info) {
	page_allocator_init(&pages);
	for (uint32_t i = 0; i < info->memory_count && i < HV_BOOT_MAX_MEMORY; i++) {
		const struct hv_boot_memory *m = &info->memory[i];

		if (m->type == HV_BOOT_MEMORY_USABLE && page_allocator_add(&pages, m->base, m->size) != ERR_NONE)
			log_warning("memory at 0x%llx, 0x%llx bytes, is left unused", (unsigned long long)m->base,
			            (unsigned long long)m->size);
	}
	heap_init(&heap, heap_take, heap_give, NULL);
}

uint64_t memory_take(uint64_t size, uint64_t alignment) {
	uint64_t base;

	spinlock_acquire(&page_lock);
	base = page_allocator_take(&pages, size, alignment);
	spinlock_release(&page_lock);
	return base;
}

void memory_give(uint64_t base, uint64_t size) {
	enum err error;

	spinlock_acquire(&page_lock);
	error = page_allocator_give(&pages, base, size);
	spinlock_release(&page_lock);
	invariant(error == ERR_NONE);
}

void memory_usage(struct memory_usage *usage) {
	spinlock_acquire(&page_lock);
	usage->total_size = pages.total_size;
	usage->free_size = pages.free_size;
	usage->largest_free = page_allocator_largest(&pages, 2ull << 20);
	spinlock_release(&page_lock);
	usage->heap_size = __atomic_load_n(&heap.used, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
	void *memory;

	spinlock_acquire(&heap_lock);
	memory = heap_allocate(&heap, size);
	spinlock_release(&heap_lock);
	if (memory == NULL)
		errno = ENOMEM;
	return memory;
}

void free(void *memory) {
	spinlock_acquire(&heap_lock);
	heap_free(&heap, memory);
	spinlock_release(&heap_lock);
}

void *calloc(size_t count, size_t size) {
	size_t total;
	void *memory;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	memory = malloc(total);
	if (memory != NULL)
		memset(memory, 0, total);
	return memory;
}

void *realloc(void *old, size_t size) {
	void *memory;

	if (old != NULL && size <= heap_size(old))
		return old;
	memory = malloc(size);
	if (memory != NULL && old != NULL) {
		memcpy(memory, old, heap_size(old));
		free(old);
	}
	return memory;
}
