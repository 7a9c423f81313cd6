/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Memory that was lent to a child and waits to be scrubbed by the kernel before
 * the allocator has it back (architecture.md D3). Scrubbing is slow and nobody
 * waits for it: the management VP does a piece whenever it has nothing else to
 * do, and the rest when a VM needs the memory. Management VP only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Takes a run of memory_take over; base and size in bytes, page-multiple. */
void scrub_pool_put(uint64_t base, uint64_t size);

/* Scrubs a piece of at most 2 MiB; a run that is done goes back to the allocator,
 * and one that the kernel refuses is never used again, with a line in the log.
 * False: nothing waits. */
bool scrub_pool_step(void);

/* Bytes that wait. */
uint64_t scrub_pool_size(void);
