/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of devices in memory. A region is mapped once, uncached, and every
 * access is checked against its size. Host tests link fake devices.
 */
#pragma once

#include <stdint.h>
#include "runtime/err.h"

struct mmio {
	uint64_t base; /* physical, which is the address too (architecture.md D3) */
	uint64_t size; /* bytes */
};

/* Makes [base, base + size) uncached in the parent's page tables. VP 0, before the
 * other VPs serve, each of which calls mmio_forget_translations once. Errors:
 * ERR_RANGE beyond the identity map, ERR_MEMORY no page for a table. */
ERR_CHECKED enum err mmio_map(uint64_t base, uint64_t size, struct mmio *m);

/* Drops what this VP's processor remembers of the page tables. */
void mmio_forget_translations(void);

/* One access of 32 bits, naturally aligned, inside the region. Earlier stores to
 * memory are visible to the device before a write. */
uint32_t mmio_read32(const struct mmio *m, uint64_t offset);
void mmio_write32(const struct mmio *m, uint64_t offset, uint32_t value);
