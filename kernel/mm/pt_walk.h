/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The one walker over second-level tables, for every entry format. Processors
 * walk the same tables meanwhile and set accessed and dirty bits, so entries are
 * loaded and stored whole.
 *
 * Lock: the partition's; to change tables the memory lock, too.
 */
#pragma once

#include "mm/pt_format.h"

/* Bytes that one entry of this level (1..4) covers. */
static inline uint64_t pt_level_size(unsigned level) { return 1ull << (PAGE_SHIFT + 9 * (level - 1)); }

/* The same in frames. */
static inline uint64_t pt_level_pages(unsigned level) { return 1ull << (9 * (level - 1)); }

static inline pt_entry_t pt_load(const pt_entry_t *entry) {
	return (pt_entry_t){__atomic_load_n(&entry->v, __ATOMIC_ACQUIRE)};
}

static inline void pt_store(pt_entry_t *entry, pt_entry_t value) {
	__atomic_store_n(&entry->v, value.v, __ATOMIC_RELEASE);
}

static inline void pt_clear(pt_entry_t *entry) { pt_store(entry, (pt_entry_t){0}); }

/* Present and not a leaf. */
static inline bool pt_is_table(pt_entry_t entry, unsigned level) {
	return pt_format_is_present(entry) && !pt_format_is_leaf(entry, level);
}

struct pt_position {
	pt_entry_t *entry;
	unsigned level;
};

/* Goes down from `root` towards `gpa`; stops at `level`, or above it where the
 * entry is a leaf or not present. Bits of `gpa` above 47 are ignored. */
struct pt_position pt_walk(sfn_t root, gpa_t gpa, unsigned level);
