/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The memory map of a child, and finding room in it. */
#include "loaders/layout.h"

#define PAGE 4096ull

static void add_range(struct memory_layout *l, uint64_t gpa, uint64_t end, enum memory_type type) {
	if (end > gpa)
		l->range[l->range_count++] = (struct memory_range){gpa, end - gpa, type};
}

enum err memory_layout_init(struct memory_layout *layout, uint64_t memory_size, struct err_text *text) {
	struct memory_layout l = {.range_count = 0};

	if (memory_size < LAYOUT_MEMORY_MIN || memory_size > LAYOUT_MEMORY_MAX || memory_size % LAYOUT_MEMORY_UNIT != 0)
		return err_set(text, ERR_RANGE,
		               "a VM cannot have %llu bytes of memory: it takes a multiple of "
		               "2 MiB from 4 MiB to 1 TiB",
		               (unsigned long long)memory_size);
	l.low_size = memory_size < LAYOUT_GAP_BASE ? memory_size : LAYOUT_GAP_BASE;
	l.high_size = memory_size - l.low_size;
	add_range(&l, 0, LAYOUT_LOW_END, MEMORY_RAM);
	add_range(&l, LAYOUT_ACPI, LAYOUT_ACPI + LAYOUT_ACPI_SIZE, MEMORY_ACPI);
	add_range(&l, LAYOUT_ROM, LAYOUT_RAM_1M, MEMORY_RESERVED);
	add_range(&l, LAYOUT_RAM_1M, l.low_size, MEMORY_RAM);
	add_range(&l, LAYOUT_HIGH_BASE, LAYOUT_HIGH_BASE + l.high_size, MEMORY_RAM);
	*layout = l;
	return ERR_NONE;
}

bool memory_layout_is_ram(const struct memory_layout *layout, uint64_t gpa, uint64_t size) {
	for (unsigned i = 0; i < layout->range_count; i++) {
		const struct memory_range *r = &layout->range[i];

		if (r->type == MEMORY_RAM && gpa >= r->gpa && gpa - r->gpa < r->size &&
		    size <= r->size - (gpa - r->gpa))
			return true;
	}
	return false;
}

uint64_t memory_layout_place_high(const struct memory_layout *layout, uint64_t size, uint64_t limit, uint64_t avoid,
                                  uint64_t avoid_size) {
	uint64_t end = limit < layout->low_size ? limit : layout->low_size;
	uint64_t gpa;

	if (size > end)
		return 0;
	gpa = (end - size) & ~(PAGE - 1);
	if (gpa < avoid + avoid_size && avoid < gpa + size) {
		if (size > avoid)
			return 0;
		gpa = (avoid - size) & ~(PAGE - 1);
	}
	return gpa >= LAYOUT_RAM_1M ? gpa : 0;
}

uint64_t memory_layout_place_low(const struct memory_layout *layout, uint64_t size, uint64_t start) {
	uint64_t gpa = start < LAYOUT_RAM_1M ? LAYOUT_RAM_1M : start;

	if (gpa >= layout->low_size)
		return 0;
	gpa = (gpa + PAGE - 1) & ~(PAGE - 1);
	return gpa < layout->low_size && size <= layout->low_size - gpa ? gpa : 0;
}
