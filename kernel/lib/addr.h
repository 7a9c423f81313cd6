/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Address types. One-member structs, so that a guest physical address does not
 * compile where a system physical one is meant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SHIFT   12
#define PAGE_SIZE    4096ull
#define PAGE_SIZE_2M (1ull << 21)
#define PAGE_SIZE_1G (1ull << 30)

/* System physical address: what the memory controller sees. */
typedef struct {
	uint64_t v;
} spa_t;

/* Guest physical address of one partition. */
typedef struct {
	uint64_t v;
} gpa_t;

/* Frame number: a system physical address in 4 KiB units. */
typedef struct {
	uint64_t v;
} sfn_t;

static inline spa_t spa(uint64_t v) { return (spa_t){v}; }

static inline gpa_t gpa(uint64_t v) { return (gpa_t){v}; }

static inline sfn_t sfn(uint64_t v) { return (sfn_t){v}; }

static inline spa_t sfn_to_spa(sfn_t n) { return (spa_t){n.v << PAGE_SHIFT}; }

static inline sfn_t spa_to_sfn(spa_t a) { return (sfn_t){a.v >> PAGE_SHIFT}; }

static inline uint64_t align_down(uint64_t v, uint64_t alignment) { return v & ~(alignment - 1); }

static inline uint64_t align_up(uint64_t v, uint64_t alignment) { return (v + alignment - 1) & ~(alignment - 1); }

static inline bool is_aligned(uint64_t v, uint64_t alignment) { return (v & (alignment - 1)) == 0; }
