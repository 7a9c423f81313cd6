/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The page tables in which the kernel starts. Pure: it only fills memory. */
#pragma once

#include <stdint.h>

/* Pages that the tables need to map [0, identity_end), rounded up to 1 GiB and at
 * most 128 TiB, and the kernel. */
uint64_t page_tables_pages(uint64_t identity_end);

/* Fills `tables`, page_tables_pages() zeroed pages at their physical address; the
 * first one is the root, for CR3. All is mapped writable and executable, the
 * kernel at KERNEL_LINK_BASE; its base and size are multiples of 2 MiB, its size at
 * most 1 GiB. */
void page_tables_build(void *tables, uint64_t identity_end, uint64_t kernel_base, uint64_t kernel_size);
