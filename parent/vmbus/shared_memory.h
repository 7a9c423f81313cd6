/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Memory that somebody else writes at the same time. Each byte is loaded once
 * per call, so that what was copied can be checked and then used. Host tests
 * link their own, which tells when a byte is fetched twice.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Naturally aligned; later accesses stay behind the load. */
uint32_t shared_load32(const uint32_t *from);

/* Naturally aligned; earlier accesses stay before the store. */
void shared_store32(uint32_t *to, uint32_t value);

/* Earlier stores are visible before later loads are made. */
void shared_fence(void);

/* `size` bytes at any alignment; the private side must not be shared. */
void shared_read(void *to, const void *from, size_t size);
void shared_write(void *to, const void *from, size_t size);
