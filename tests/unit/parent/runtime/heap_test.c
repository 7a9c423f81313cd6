/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The heap over the C library's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "runtime/heap.h"

static struct heap heap;
static void *taken[64];
static size_t taken_count;
static size_t given_size;
static bool is_short;

static void *take(void *context, size_t size) {
	void *memory = is_short ? NULL : aligned_alloc(4096, size);

	assert_ptr_equal(context, &heap);
	if (memory != NULL)
		taken[taken_count++] = memory;
	return memory;
}

static void give(void *context, void *memory, size_t size) {
	assert_ptr_equal(context, &heap);
	given_size += size;
	for (size_t i = 0; i < taken_count; i++)
		if (taken[i] == memory)
			taken[i] = NULL;
	free(memory);
}

static int set_up(void **state) {
	(void)state;
	heap_init(&heap, take, give, &heap);
	taken_count = 0;
	given_size = 0;
	is_short = false;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	for (size_t i = 0; i < taken_count; i++)
		free(taken[i]);
	return 0;
}

static void blocks_are_aligned_and_do_not_overlap(void **state) {
	uint8_t *block[200];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		block[i] = heap_allocate(&heap, i * 7);
		assert_non_null(block[i]);
		assert_int_equal((uintptr_t)block[i] % 16, 0);
		assert_true(heap_size(block[i]) >= i * 7);
		memset(block[i], (int)i, i * 7);
	}
	for (unsigned i = 0; i < 200; i++)
		for (unsigned b = 0; b < i * 7; b++)
			assert_int_equal(block[i][b], (uint8_t)i);
}

static void a_freed_block_is_used_again(void **state) {
	void *first = heap_allocate(&heap, 100);

	(void)state;
	heap_free(&heap, first);
	assert_int_equal(heap.used, 0);
	assert_ptr_equal(heap_allocate(&heap, 90), first);
	heap_free(&heap, NULL);
}

static void large_blocks_go_back_to_the_supplier(void **state) {
	void *large = heap_allocate(&heap, 1u << 20);

	(void)state;
	assert_non_null(large);
	memset(large, 1, 1u << 20);
	heap_free(&heap, large);
	assert_int_equal(given_size, (1u << 20) + 4096);
	assert_int_equal(heap.used, 0);
}

static void the_rest_of_a_chunk_is_not_lost(void **state) {
	(void)state;
	/* 3 of 256 KiB leave less than a fourth, which the next one needs. */
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(heap_allocate(&heap, (1u << 18) - 16));
	assert_non_null(heap_allocate(&heap, 64));
	assert_non_null(heap_allocate(&heap, (1u << 18) - 16));
	assert_int_equal(taken_count, 2);
	assert_non_null(heap_allocate(&heap, (1u << 17) - 16));
	assert_int_equal(taken_count, 2);
	assert_non_null(heap.free[16]);
}

static void shortage_and_absurd_sizes_give_null(void **state) {
	(void)state;
	assert_null(heap_allocate(&heap, SIZE_MAX));
	assert_null(heap_allocate(&heap, SIZE_MAX / 2));
	is_short = true;
	assert_null(heap_allocate(&heap, 10));
	assert_null(heap_allocate(&heap, 1u << 20));
	assert_int_equal(heap.used, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(blocks_are_aligned_and_do_not_overlap, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_freed_block_is_used_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(large_blocks_go_back_to_the_supplier, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_rest_of_a_chunk_is_not_lost, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(shortage_and_absurd_sizes_give_null, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
