/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/uncached.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"
#include "runtime/memory.h"

#define GIB  (1ull << 30)
#define MIB2 (2ull << 20)

static _Alignas(4096) uint64_t root[512], first[512];

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	memset(root, 0, sizeof(root));
	root[0] = (uint64_t)(uintptr_t)first | 3;
	for (uint64_t i = 0; i < 512; i++)
		first[i] = i * GIB | 0x83;
	return 0;
}

static uint64_t *table(uint64_t entry) { return (uint64_t *)(uintptr_t)(entry & ~0xfffull); }

/* What the tables say of an address, and the size of its page. */
static uint64_t entry_of(uint64_t at) {
	uint64_t entry = first[at / GIB];

	for (uint64_t size = MIB2; !(entry & 0x80) && size >= 4096; size /= 512) {
		entry = table(entry)[at / size % 512];
		if (size == 4096)
			break;
	}
	return entry;
}

/* As the pages of tables are the kernel's for ever. */
static void forget(void) {
	for (unsigned i = 0; i < 512; i++) {
		if (first[i] == 0 || first[i] & 0x80)
			continue;
		for (unsigned k = 0; k < 512; k++)
			if (!(table(first[i])[k] & 0x80))
				memory_give((uint64_t)(uintptr_t)table(table(first[i])[k]), 4096);
		memory_give((uint64_t)(uintptr_t)table(first[i]), 4096);
	}
}

static void only_the_pages_touched_are_marked(void **state) {
	(void)state;
	assert_int_equal(uncached_mark(root, 3 * GIB + MIB2 + 4096, 5000), ERR_NONE);
	assert_int_equal(entry_of(3 * GIB + MIB2 + 4096), (3 * GIB + MIB2 + 4096) | 0x1b);
	assert_int_equal(entry_of(3 * GIB + MIB2 + 8192) & 0x18, 0x18);
	assert_int_equal(entry_of(3 * GIB + MIB2) & 0x18, 0);
	assert_int_equal(entry_of(3 * GIB + MIB2 + 12288), (3 * GIB + MIB2 + 12288) | 3);
	assert_int_equal(entry_of(3 * GIB), 3 * GIB | 0x83);
	assert_int_equal(first[2], 2 * GIB | 0x83);
	forget();
}

static void large_pages_stay_whole_inside_the_region(void **state) {
	(void)state;
	assert_int_equal(uncached_mark(root, GIB - MIB2, GIB + 2 * MIB2), ERR_NONE);
	assert_int_equal(first[1], GIB | 0x9b);
	assert_int_equal(entry_of(GIB - MIB2), (GIB - MIB2) | 0x9b);
	assert_int_equal(entry_of(2 * GIB), 2 * GIB | 0x9b);
	assert_int_equal(entry_of(2 * GIB + MIB2), (2 * GIB + MIB2) | 0x83);
	forget();
}

static void what_is_not_mapped_is_refused(void **state) {
	(void)state;
	assert_int_equal(uncached_mark(root, 512 * GIB, 4096), ERR_RANGE);
	assert_int_equal(uncached_mark(root, GIB, 0), ERR_RANGE);
	assert_int_equal(uncached_mark(root, UINT64_MAX - 4096, 8192), ERR_RANGE);
	first[5] = 0;
	assert_int_equal(uncached_mark(root, 5 * GIB, 4096), ERR_RANGE);
}

static void a_shortage_of_memory_is_said(void **state) {
	(void)state;
	fake.memory_limit = 1;
	assert_int_equal(uncached_mark(root, GIB + 4096, 4096), ERR_MEMORY);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(only_the_pages_touched_are_marked, set_up),
	    cmocka_unit_test_setup(large_pages_stay_whole_inside_the_region, set_up),
	    cmocka_unit_test_setup(what_is_not_mapped_is_refused, set_up),
	    cmocka_unit_test_setup(a_shortage_of_memory_is_said, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
