/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A walk of the tables [SDM 3A 4.5 "4-Level Paging and 5-Level Paging"] with the types
 * of [SDM 3A 12.12.3 "Selecting a Memory Type from the PAT"], of which the processor's
 * reset value makes number 3, both bits set, uncacheable. */
#include "hal/uncached.h"
#include <stdbool.h>
#include "runtime/memory.h"

#define PRESENT  0x1ull
#define UNCACHED 0x18ull /* PWT and PCD */
#define LARGE    0x80ull
#define ADDRESS  0x000ffffffffff000ull
#define FLAGS    0xfffull
#define ENTRIES  512u
#define PAGE     4096ull

static uint64_t size_of(unsigned level) { return PAGE << 9 * level; }

static uint64_t *table_of(uint64_t entry) { return memory_pointer(entry & ADDRESS); }

/* Replaces a large page of `level` by a table of the next lower one. */
static bool split(uint64_t *entry, unsigned level) {
	uint64_t table = memory_take(PAGE, PAGE);
	uint64_t flags = *entry & FLAGS;

	if (table == 0)
		return false;
	if (level == 1)
		flags &= ~LARGE; /* where it would be an index into the PAT */
	for (unsigned i = 0; i < ENTRIES; i++)
		table_of(table)[i] = ((*entry & ADDRESS) + i * size_of(level - 1)) | flags;
	__atomic_store_n(entry, table | 0x3, __ATOMIC_RELEASE);
	return true;
}

/* Marks the largest page at `base` that ends at `end` or before; its size in *done. */
static enum err mark(uint64_t *root, uint64_t base, uint64_t end, uint64_t *done) {
	uint64_t *table = root;

	for (unsigned level = 3;; level--) {
		uint64_t *entry = &table[base / size_of(level) % ENTRIES];
		bool is_leaf = level == 0 || (level < 3 && (*entry & LARGE));

		if (!(*entry & PRESENT))
			return ERR_RANGE;
		if (is_leaf && base % size_of(level) == 0 && end - base >= size_of(level)) {
			*entry |= UNCACHED;
			*done = size_of(level);
			return ERR_NONE;
		}
		if (is_leaf && !split(entry, level))
			return ERR_MEMORY;
		table = table_of(*entry);
	}
}

enum err uncached_mark(uint64_t *root, uint64_t base, uint64_t size) {
	uint64_t end = base + size, done;

	if (size == 0 || end < base || end > 1ull << 47)
		return ERR_RANGE;
	end = (end + PAGE - 1) & ~(PAGE - 1);
	for (uint64_t at = base & ~(PAGE - 1); at < end; at += done) {
		enum err error = mark(root, at, end, &done);

		if (error != ERR_NONE)
			return error;
	}
	return ERR_NONE;
}
