/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Uncached pages in the parent's identity map, which the kernel makes of cached
 * 1 GiB pages. With Intel's extended tables nothing but the parent's own tables says
 * that a page is a device's [SDM 3C 29.3.7 "EPT and Memory Typing"]. Pure.
 */
#pragma once

#include <stdint.h>
#include "runtime/err.h"

/* Marks the pages that [base, base + size) touches in the tables under `root` (the
 * top table of 4-level paging), splitting larger pages; addresses in tables are
 * pointers. The caller drops old translations. Errors: ERR_RANGE a part is not
 * mapped, ERR_MEMORY no page for a table: pages before it are marked then. */
ERR_CHECKED enum err uncached_mark(uint64_t *root, uint64_t base, uint64_t size);
