/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The flush ledger: which generation of "forget all guest translations" each
 * processor has reached. Frames and address spaces remember the generation that
 * must be reached by all before their memory may be handed on, so a missing
 * flush is found even on machines that flush eagerly (security-cases.md 2.3).
 *
 * How it is used: whoever needs a flush calls flush_ledger_begin and kicks the
 * processors. A processor, before its next entry of a guest: g = observe(),
 * flush everything, reach(cpu, g). Reaching is a promise that no translation
 * older than g is used on that processor from now on; a processor that is in
 * the kernel may give it early if it flushes before it enters a guest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FLUSH_MAX_CPUS        64u
#define FLUSH_GENERATION_MASK ((1ull << 48) - 1)

/* Lock legend: m memory lock to write, atomic; o written by its processor, atomic;
 * I immutable after boot. */
struct flush_ledger {
	uint64_t generation;              /* m: flushes begun; never wraps 48 bits */
	uint64_t settled;                 /* m: a generation that all are known to have reached */
	uint32_t cpu_count;               /* I */
	uint64_t reached[FLUSH_MAX_CPUS]; /* o */
};

extern struct flush_ledger flush_ledger;

/* cpu_count is 1..FLUSH_MAX_CPUS. */
void flush_ledger_init(uint32_t cpu_count);

/* The generation that covers every change of tables made so far: the one that
 * the next flush will have. Lock: memory. */
static inline uint64_t flush_ledger_required(void) { return flush_ledger.generation + 1; }

/* Begins a flush and returns its generation. Lock: memory, under which all
 * tables are changed; so who sees the generation also sees the changes. */
uint64_t flush_ledger_begin(void);

/* A processor that is about to flush: the generation that it will have reached. */
static inline uint64_t flush_ledger_observe(void) {
	return __atomic_load_n(&flush_ledger.generation, __ATOMIC_ACQUIRE);
}

/* A processor that has flushed since it observed `generation`. Lock: none. */
void flush_ledger_reach(uint32_t cpu, uint64_t generation);

/* All processors have reached the generation. Lock: memory. */
bool flush_ledger_is_reached(uint64_t generation);
