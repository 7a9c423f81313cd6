/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Cuts a request's memory into runs that a device can reach. Pure. */
#pragma once

#include "drivers/disk_queue.h"

/* Fills `run` with at most `size` bytes (a multiple of `block_size`) from `at` on, whole
 * blocks, as far as the limits allow. Returns the bytes; 0: the next block cannot be
 * reached as it lies. */
uint32_t disk_cut(const struct disk_limits *limits, const struct volume_request *r, struct disk_cursor at,
                  uint32_t size, uint32_t block_size, struct disk_run run[DISK_RUNS_MAX], unsigned *run_count);

/* Moves a cursor. False: there is less memory than that. */
bool disk_cursor_advance(const struct volume_request *r, struct disk_cursor *at, uint64_t size);

/* Copies between `size` bytes from the cursor on, which exist, and a buffer. */
void disk_copy(const struct volume_request *r, struct disk_cursor at, uint8_t *buffer, uint32_t size, bool to_buffer);
