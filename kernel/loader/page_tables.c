/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Four levels, all flags permissive: the kernel replaces these tables at once,
 * so 2 MiB leaves do, which every processor has.
 * They are laid out as root, kernel's two tables, identity map.
 * Follows [APM2 5.3 "Long-Mode Page Translation"].
 */
#include "loader/page_tables.h"

#include "lib/addr.h"
#include "loader/handoff.h"

#define ENTRIES     512u
#define ENTRY_TABLE 0x3ull  /* present, writable */
#define ENTRY_LEAF  0x83ull /* and large */

static uint64_t gigabytes(uint64_t identity_end) { return align_up(identity_end, PAGE_SIZE_1G) / PAGE_SIZE_1G; }

uint64_t page_tables_pages(uint64_t identity_end) {
	return 3 + (gigabytes(identity_end) + ENTRIES - 1) / ENTRIES + gigabytes(identity_end);
}

void page_tables_build(void *tables, uint64_t identity_end, uint64_t kernel_base, uint64_t kernel_size) {
	uint64_t(*page)[ENTRIES] = tables;
	uint64_t physical = (uint64_t)tables, next = 3, upper = 0;

	_Static_assert(KERNEL_LINK_BASE == 0ull - 2 * PAGE_SIZE_1G, "entries 511 and 510");
	page[0][511] = (physical + PAGE_SIZE) | ENTRY_TABLE;
	page[1][510] = (physical + 2 * PAGE_SIZE) | ENTRY_TABLE;
	for (uint64_t at = 0; at < kernel_size; at += PAGE_SIZE_2M)
		page[2][at / PAGE_SIZE_2M] = (kernel_base + at) | ENTRY_LEAF;

	for (uint64_t g = 0; g < gigabytes(identity_end); g++) {
		if (g % ENTRIES == 0) {
			upper = next++;
			page[0][g / ENTRIES] = (physical + upper * PAGE_SIZE) | ENTRY_TABLE;
		}
		page[upper][g % ENTRIES] = (physical + next * PAGE_SIZE) | ENTRY_TABLE;
		for (uint64_t i = 0; i < ENTRIES; i++)
			page[next][i] = (g * PAGE_SIZE_1G + i * PAGE_SIZE_2M) | ENTRY_LEAF;
		next++;
	}
}
