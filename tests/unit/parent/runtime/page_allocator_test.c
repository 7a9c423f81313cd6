/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The page allocator by sentence, and against a bitmap that cannot be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "runtime/page_allocator.h"

#define MIB (1ull << 20)

static struct page_allocator a;

static int set_up(void **state) {
	(void)state;
	page_allocator_init(&a);
	return 0;
}

static void an_empty_allocator_has_nothing(void **state) {
	(void)state;
	assert_int_equal(page_allocator_take(&a, 4096, 4096), 0);
	assert_int_equal(page_allocator_largest(&a, 4096), 0);
}

static void partial_pages_and_page_zero_are_not_used(void **state) {
	(void)state;
	assert_int_equal(page_allocator_add(&a, 0, 3 * 4096), ERR_NONE);
	assert_int_equal(a.free_size, 2 * 4096);
	assert_int_equal(page_allocator_add(&a, 0x10001, 4096), ERR_NONE);
	assert_int_equal(a.free_size, 2 * 4096);
	assert_int_equal(page_allocator_add(&a, 0x20001, 2 * 4096), ERR_NONE);
	assert_int_equal(a.free_size, 3 * 4096);
	assert_int_equal(a.range[1].base, 0x21000);
}

static void memory_added_twice_is_refused(void **state) {
	(void)state;
	assert_int_equal(page_allocator_add(&a, MIB, MIB), ERR_NONE);
	assert_int_equal(page_allocator_add(&a, MIB + 4096, 4096), ERR_RANGE);
	assert_int_equal(page_allocator_add(&a, 4096, MIB), ERR_RANGE);
	assert_int_equal(page_allocator_add(&a, UINT64_MAX - 4096, 3 * 4096), ERR_RANGE);
	assert_int_equal(a.total_size, MIB);
}

static void runs_are_aligned_and_rounded_to_pages(void **state) {
	(void)state;
	assert_int_equal(page_allocator_add(&a, MIB, 8 * MIB), ERR_NONE);
	assert_int_equal(page_allocator_take(&a, 1, 1) % 4096, 0);
	assert_int_equal(a.free_size, 8 * MIB - 4096);
	assert_int_equal(page_allocator_take(&a, 2 * MIB, 2 * MIB) % (2 * MIB), 0);
	assert_int_equal(page_allocator_take(&a, 8 * MIB, 4096), 0);
	assert_int_equal(page_allocator_take(&a, 0, 4096), 0);
	assert_int_equal(page_allocator_take(&a, UINT64_MAX, 4096), 0);
}

static void a_small_run_comes_from_the_smallest_range_that_fits(void **state) {
	(void)state;
	assert_int_equal(page_allocator_add(&a, 16 * MIB, 64 * MIB), ERR_NONE);
	assert_int_equal(page_allocator_add(&a, MIB, MIB), ERR_NONE);
	assert_true(page_allocator_take(&a, 4096, 4096) < 2 * MIB);
	assert_int_equal(page_allocator_largest(&a, 2 * MIB), 64 * MIB);
}

static void what_was_given_back_merges_with_its_neighbours(void **state) {
	uint64_t run[4];

	(void)state;
	assert_int_equal(page_allocator_add(&a, MIB, 4 * 4096), ERR_NONE);
	for (unsigned i = 0; i < 4; i++)
		run[i] = page_allocator_take(&a, 4096, 4096);
	assert_int_equal(a.count, 0);
	assert_int_equal(page_allocator_give(&a, run[1], 4096), ERR_NONE);
	assert_int_equal(page_allocator_give(&a, run[3], 4096), ERR_NONE);
	assert_int_equal(a.count, 2);
	assert_int_equal(page_allocator_give(&a, run[2], 4096), ERR_NONE);
	assert_int_equal(page_allocator_give(&a, run[0], 4096), ERR_NONE);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.range[0].base, MIB);
	assert_int_equal(a.range[0].size, 4 * 4096);
}

static void giving_back_twice_is_refused(void **state) {
	uint64_t run;

	(void)state;
	assert_int_equal(page_allocator_add(&a, MIB, 4 * 4096), ERR_NONE);
	run = page_allocator_take(&a, 8192, 4096);
	(void)page_allocator_take(&a, 4096, 4096);
	assert_int_equal(page_allocator_give(&a, run, 8192), ERR_NONE);
	assert_int_equal(page_allocator_give(&a, run, 8192), ERR_RANGE);
	assert_int_equal(page_allocator_give(&a, run + 4096, 4096), ERR_RANGE);
}

#define PAGES 512u
#define BASE  (2 * MIB)

struct naive {
	uint8_t is_taken[PAGES];
	uint64_t run[64];
	uint64_t size[64];
	unsigned runs;
};

static void model_take(struct naive *n) {
	uint64_t size = (uint64_t)(1 + rand() % 20) * 4096;
	uint64_t alignment = 4096ull << (rand() % 5);
	uint64_t base = page_allocator_take(&a, size, alignment);
	unsigned first = (unsigned)((base - BASE) / 4096);

	if (base == 0)
		return;
	assert_int_equal(base % alignment, 0);
	assert_in_range(base, BASE, BASE + PAGES * 4096 - size);
	for (unsigned i = 0; i < size / 4096; i++) {
		assert_int_equal(n->is_taken[first + i], 0);
		n->is_taken[first + i] = 1;
	}
	n->run[n->runs] = base;
	n->size[n->runs++] = size;
}

static void model_give(struct naive *n) {
	unsigned i = (unsigned)rand() % n->runs;
	unsigned first = (unsigned)((n->run[i] - BASE) / 4096);

	assert_int_equal(page_allocator_give(&a, n->run[i], n->size[i]), ERR_NONE);
	memset(n->is_taken + first, 0, n->size[i] / 4096);
	n->runs--;
	n->run[i] = n->run[n->runs];
	n->size[i] = n->size[n->runs];
}

static void check_model(const struct naive *n) {
	unsigned taken = 0, ranges = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		taken += n->is_taken[i];
		ranges += !n->is_taken[i] && (i == 0 || n->is_taken[i - 1]);
	}
	assert_int_equal(a.free_size, (PAGES - taken) * 4096ull);
	assert_int_equal(a.count, ranges);
}

static void random_takes_and_gives_match_a_bitmap(void **state) {
	const char *text = getenv("BULKHEAD_SEED");
	unsigned seed = text != NULL ? (unsigned)strtoul(text, NULL, 0) : 20261122;
	struct naive n = {0};

	(void)state;
	printf("seed %u\n", seed);
	srand(seed);
	assert_int_equal(page_allocator_add(&a, BASE, PAGES * 4096), ERR_NONE);
	for (unsigned step = 0; step < 20000; step++) {
		if (n.runs > 0 && (n.runs == 64 || rand() % 2))
			model_give(&n);
		else
			model_take(&n);
		check_model(&n);
	}
	while (n.runs > 0)
		model_give(&n);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.free_size, PAGES * 4096);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(an_empty_allocator_has_nothing, set_up),
	    cmocka_unit_test_setup(partial_pages_and_page_zero_are_not_used, set_up),
	    cmocka_unit_test_setup(memory_added_twice_is_refused, set_up),
	    cmocka_unit_test_setup(runs_are_aligned_and_rounded_to_pages, set_up),
	    cmocka_unit_test_setup(a_small_run_comes_from_the_smallest_range_that_fits, set_up),
	    cmocka_unit_test_setup(what_was_given_back_merges_with_its_neighbours, set_up),
	    cmocka_unit_test_setup(giving_back_twice_is_refused, set_up),
	    cmocka_unit_test_setup(random_takes_and_gives_match_a_bitmap, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
