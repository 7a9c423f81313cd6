/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Where things lie in a child's guest physical address space: RAM from 0, a gap
 * for MMIO below 4 GiB, the rest of the RAM from 4 GiB on, the ACPI tables, and
 * the loaders' own structures in low memory. What Linux wants to find free below
 * 1 MiB (the start-up code of other processors) stays free: the loaders use no
 * more than [0x1000, 0xa000).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "runtime/err.h"

#define LAYOUT_GAP_BASE          0xe0000000ull  /* MMIO from here to 4 GiB */
#define LAYOUT_HIGH_BASE         0x100000000ull /* RAM that does not fit below the gap */
#define LAYOUT_IOAPIC            0xfec00000ull
#define LAYOUT_LAPIC             0xfee00000ull

/* Bytes of RAM of a child: a multiple of 2 MiB in this range. */
#define LAYOUT_MEMORY_MIN        (4ull << 20)
#define LAYOUT_MEMORY_MAX        (1ull << 40)
#define LAYOUT_MEMORY_UNIT       (2ull << 20)

/* Low memory. Everything up to LAYOUT_LOW_END is ordinary RAM for the child. */
#define LAYOUT_GDT               0x1000ull
#define LAYOUT_SETUP_DATA        0x1800ull /* what extends the zero page */
#define LAYOUT_BOOT_INFO         0x2000ull /* zero page, Multiboot or PVH structures */
#define LAYOUT_BOOT_INFO_SIZE    0x1000ull
#define LAYOUT_COMMAND_LINE      0x3000ull
#define LAYOUT_COMMAND_LINE_SIZE 0x1000ull /* with the terminating zero */
#define LAYOUT_PAGE_TABLES       0x4000ull /* 6 pages: identity map of 4 GiB by 2 MiB */
#define LAYOUT_LOW_END           0x9f000ull

/* The RSDP stands at the start of the ACPI area, where a scan finds it
 * [ACPI 6.5 5.2.5.1 "Finding the RSDP on IA-PC Systems"]. */
#define LAYOUT_ACPI              0xe0000ull
#define LAYOUT_ACPI_SIZE         0x10000ull
#define LAYOUT_RSDP              LAYOUT_ACPI
#define LAYOUT_ROM               0xf0000ull /* reserved, up to 1 MiB; backed by RAM */
#define LAYOUT_RESET_VECTOR      0xffff0ull /* f000:fff0 in real mode */
#define LAYOUT_RAM_1M            0x100000ull

/* The numbers that e820, Multiboot and PVH share. */
enum memory_type { MEMORY_RAM = 1, MEMORY_RESERVED = 2, MEMORY_ACPI = 3 };

struct memory_range {
	uint64_t gpa;
	uint64_t size;
	enum memory_type type;
};

#define LAYOUT_RANGES 8u

struct memory_layout {
	uint64_t low_size;  /* RAM backs [0, low_size), the ranges below 1 MiB included */
	uint64_t high_size; /* RAM backs [LAYOUT_HIGH_BASE, + high_size); may be 0 */
	/* The map that the child is told: rising, without overlaps. */
	struct memory_range range[LAYOUT_RANGES];
	unsigned range_count;
};

/* Lays out `memory_size` bytes of RAM. ERR_RANGE with a sentence if the size is
 * not one of those that LAYOUT_MEMORY_* allow; the layout is then unchanged. */
ERR_CHECKED enum err memory_layout_init(struct memory_layout *layout, uint64_t memory_size, struct err_text *text);

/* Whether [gpa, gpa + size) lies wholly inside one range of RAM. */
bool memory_layout_is_ram(const struct memory_layout *layout, uint64_t gpa, uint64_t size);

/* A page-aligned place for `size` bytes in the RAM between 1 MiB and the gap, or
 * 0: the highest that ends at or below `limit` and is clear of
 * [avoid, avoid + avoid_size), or the lowest at or after `start`. */
uint64_t memory_layout_place_high(const struct memory_layout *layout, uint64_t size, uint64_t limit, uint64_t avoid,
                                  uint64_t avoid_size);
uint64_t memory_layout_place_low(const struct memory_layout *layout, uint64_t size, uint64_t start);
