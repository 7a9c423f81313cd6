/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The tables are walked as the processor would, by a walk written for the test. */
#include "loader/page_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <stdlib.h>

#include "loader/handoff.h"

#define PHYSICAL (uint64_t)(uintptr_t) tables
#define KERNEL   0x2000000ull
#define GIB      (1ull << 30)
#define NOWHERE  ~0ull

static uint64_t *tables;
static uint64_t pages;

static void build(uint64_t identity_end, uint64_t kernel_size) {
	pages = page_tables_pages(identity_end);
	tables = aligned_alloc(4096, pages * 4096);
	assert_non_null(tables);
	memset(tables, 0, pages * 4096);
	page_tables_build(tables, identity_end, KERNEL, kernel_size);
}

/* [APM2 5.3 "Long-Mode Page Translation"] */
static uint64_t translate(uint64_t address) {
	uint64_t table = PHYSICAL;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		uint64_t index = (address >> shift) % 512;
		uint64_t entry;

		assert_true(table >= PHYSICAL && table < PHYSICAL + pages * 4096);
		entry = tables[(table - PHYSICAL) / 8 + index];
		if ((entry & 3) != 3)
			return NOWHERE;
		if (entry & 0x80)
			return (entry & ~0xfffull) + address % (1ull << shift);
		table = entry & ~0xfffull;
	}
	return NOWHERE;
}

static void memory_is_mapped_identically_up_to_its_end(void **state) {
	(void)state;
	build(5 * GIB + 4096, 0x200000);
	for (uint64_t at = 0; at < 6 * GIB; at += 0x155000)
		assert_int_equal(translate(at), at);
	assert_int_equal(translate(6 * GIB - 1), 6 * GIB - 1);
	assert_int_equal(translate(6 * GIB), NOWHERE);
	free(tables);
}

static void more_than_one_upper_table_is_made_where_needed(void **state) {
	(void)state;
	build(513 * GIB, 0x200000);
	assert_int_equal(pages, 3 + 2 + 513);
	assert_int_equal(translate(511 * GIB + 5), 511 * GIB + 5);
	assert_int_equal(translate(512 * GIB + 5), 512 * GIB + 5);
	assert_int_equal(translate(513 * GIB), NOWHERE);
	free(tables);
}

static void the_kernel_is_mapped_at_its_link_address_and_nothing_behind_it(void **state) {
	(void)state;
	build(4 * GIB, 0x600000);
	assert_int_equal(translate(KERNEL_LINK_BASE), KERNEL);
	assert_int_equal(translate(KERNEL_LINK_BASE + 0x5fffff), KERNEL + 0x5fffff);
	assert_int_equal(translate(KERNEL_LINK_BASE + 0x600000), NOWHERE);
	assert_int_equal(translate(KERNEL_LINK_BASE - 1), NOWHERE);
	free(tables);
}

static void a_kernel_of_a_gigabyte_fills_its_table(void **state) {
	(void)state;
	build(4 * GIB, GIB);
	assert_int_equal(translate(KERNEL_LINK_BASE + GIB - 1), KERNEL + GIB - 1);
	assert_int_equal(translate(KERNEL_LINK_BASE + GIB), NOWHERE);
	free(tables);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_mapped_identically_up_to_its_end),
	    cmocka_unit_test(more_than_one_upper_table_is_made_where_needed),
	    cmocka_unit_test(the_kernel_is_mapped_at_its_link_address_and_nothing_behind_it),
	    cmocka_unit_test(a_kernel_of_a_gigabyte_fills_its_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
