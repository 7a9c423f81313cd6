/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Taking memory out of the handoff's map: row by row, then against a naive model. */
#include "arch/x86/bring_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake/check.h"
#include "mm/frame.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define U   HANDOFF_MEMORY_USABLE
#define K   HANDOFF_MEMORY_KERNEL
#define L   HANDOFF_MEMORY_LOADER
#define M   HANDOFF_MEMORY_MODULE
#define F   HANDOFF_MEMORY_FIRMWARE
#define R   HANDOFF_MEMORY_RESERVED

static struct handoff handoff;
static struct handoff_memory *const map = handoff.memory;
#define count handoff.memory_count

struct boot boot = {.handoff = &handoff};
static uint8_t memory[4 * PAGE_SIZE];

void *frame_pointer(sfn_t frame) { return memory + frame.v % 2 * PAGE_SIZE; }

_Noreturn void panic(const char *format, ...) { check_failed(format, __FILE__, __LINE__); }

static void add(uint64_t base, uint64_t size, uint32_t type) {
	map[count++] = (struct handoff_memory){base, size, type, 0};
}

/* A small machine: 640 KiB, then 256 MiB with firmware in the middle. */
static int small_machine(void **state) {
	(void)state;
	count = 0;
	add(0x1000, 0x9f000, U);
	add(1 * MIB, 99 * MIB, U);
	add(100 * MIB, 4 * MIB, F);
	add(104 * MIB, 152 * MIB, U);
	add(3 * GIB, 256 * MIB, R);
	return 0;
}

static void expect(uint32_t at, uint64_t base, uint64_t size, uint32_t type) {
	assert_true(at < count);
	assert_int_equal(map[at].base, base);
	assert_int_equal(map[at].size, size);
	assert_int_equal(map[at].type, type);
}

static void the_reserve_holds_frame_table_page_tables_and_stacks(void **state) {
	const uint64_t frames = 64 * GIB / PAGE_SIZE;
	struct handoff_memory reserve;

	(void)state;
	count = 0;
	add(4 * GIB, 60 * GIB, U);
	handoff.cpu_count = 64;
	handoff.memory_end = 64 * GIB;
	reserve = boot_memory_init();
	assert_int_equal(boot.frame_count, frames);
	assert_true(reserve.size >= frames * 16 + frames * 8 + 64 * 65536 + 8 * MIB);
	assert_true(reserve.size <= frames * 24 + 64 * 65536 * 2 + 16 * MIB);
	assert_int_equal(reserve.size % PAGE_SIZE_2M, 0);
	assert_int_equal(reserve.base, 64 * GIB - reserve.size);
	expect(1, reserve.base, reserve.size, K);
}

static void the_reserve_is_handed_out_upwards_cleared_until_it_is_used_up(void **state) {
	struct handoff_memory reserve;

	(void)state;
	handoff.cpu_count = 1;
	handoff.memory_end = 256 * MIB;
	reserve = boot_memory_init();
	memset(memory, 0xff, sizeof(memory));
	assert_int_equal(boot_allocate(100, PAGE_SIZE).v, reserve.base);
	assert_int_equal(memory[PAGE_SIZE - 1], 0);
	assert_int_equal(memory[PAGE_SIZE], 0xff);
	assert_int_equal(boot_allocate(PAGE_SIZE, PAGE_SIZE).v, reserve.base + PAGE_SIZE);
	assert_int_equal(boot_allocate(PAGE_SIZE, 4 * PAGE_SIZE).v, reserve.base + 4 * PAGE_SIZE);
	expect_check_failure(boot_allocate(reserve.size, PAGE_SIZE));
}

static void without_memory_for_the_reserve_there_is_no_kernel(void **state) {
	(void)state;
	map[3].size = 4 * MIB;
	map[1].type = M;
	handoff.memory_end = 256 * MIB;
	expect_check_failure(boot_memory_init());
}

static void a_taken_range_is_the_highest_that_fits(void **state) {
	(void)state;
	assert_int_equal(boot_take(2 * MIB, K).v, 254 * MIB);
	assert_int_equal(count, 6);
	expect(3, 104 * MIB, 150 * MIB, U);
	expect(4, 254 * MIB, 2 * MIB, K);
	assert_int_equal(boot_take(151 * MIB, M).v, 0);
	assert_int_equal(boot_take(150 * MIB, M).v, 104 * MIB);
	assert_int_equal(boot_take(4 * MIB, M).v, 96 * MIB);
}

static void neighbours_of_the_same_type_become_one(void **state) {
	(void)state;
	assert_int_equal(boot_take(2 * MIB, K).v, 254 * MIB);
	assert_int_equal(boot_take(2 * MIB, K).v, 252 * MIB);
	assert_int_equal(count, 6);
	expect(4, 252 * MIB, 4 * MIB, K);
}

static void alignment_may_leave_usable_memory_on_both_sides(void **state) {
	(void)state;
	map[3].size += PAGE_SIZE;
	assert_int_equal(boot_take(31 * MIB, K).v, 224 * MIB);
	expect(3, 104 * MIB, 120 * MIB, U);
	expect(4, 224 * MIB, 31 * MIB, K);
	expect(5, 255 * MIB, MIB + PAGE_SIZE, U);
}

static void the_first_megabyte_is_left_alone(void **state) {
	(void)state;
	count = 1;
	map[0] = (struct handoff_memory){0, 8 * MIB, U, 0};
	assert_int_equal(boot_take(7 * MIB, K).v, 0);
	assert_int_equal(boot_take(6 * MIB, K).v, 2 * MIB);
	assert_int_equal(boot_take(MIB, K).v, 0);
}

static void a_whole_range_can_be_taken(void **state) {
	(void)state;
	assert_int_equal(boot_take(152 * MIB, L).v, 104 * MIB);
	assert_int_equal(count, 5);
	expect(3, 104 * MIB, 152 * MIB, L);
}

static void only_usable_memory_is_taken(void **state) {
	(void)state;
	map[1].type = M;
	map[3].type = F;
	assert_int_equal(boot_take(PAGE_SIZE, K).v, 0);
	assert_int_equal(count, 5);
}

static void a_full_map_gives_nothing_and_stays_as_it_is(void **state) {
	struct handoff_memory before[HANDOFF_MAX_MEMORY];

	(void)state;
	count = 0;
	for (uint64_t i = 1; i < HANDOFF_MAX_MEMORY; i++)
		add(i * 4 * MIB, 2 * MIB, U);
	memcpy(before, map, sizeof(before));
	assert_int_equal(boot_take(PAGE_SIZE, K).v, 0);
	assert_int_equal(count, HANDOFF_MAX_MEMORY - 1);
	assert_memory_equal(before, map, sizeof(before));
}

static void a_size_that_is_no_page_multiple_is_a_bug(void **state) {
	(void)state;
	expect_check_failure(boot_take(100, K));
	expect_check_failure(boot_take(0, K));
}

static void what_the_loader_left_becomes_usable_and_merges(void **state) {
	(void)state;
	count = 0;
	add(1 * MIB, MIB, U);
	add(2 * MIB, MIB, L);
	add(3 * MIB, MIB, U);
	add(4 * MIB, MIB, M);
	add(5 * MIB, MIB, L);
	boot_memory_retype(0, ~0ull, L, U);
	assert_int_equal(count, 3);
	expect(0, 1 * MIB, 3 * MIB, U);
	expect(1, 4 * MIB, MIB, M);
	expect(2, 5 * MIB, MIB, U);
}

/* The naive model: a type per page of a machine of 1,024 pages. */
#define MODEL_PAGES 16384u
#define BIG_PAGE    512u
static uint32_t model[MODEL_PAGES];

static void compare_with_model(unsigned seed) {
	static uint32_t seen[MODEL_PAGES];

	memset(seen, 0, sizeof(seen));

	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && (map[i - 1].base + map[i - 1].size > map[i].base ||
		              (map[i - 1].base + map[i - 1].size == map[i].base && map[i - 1].type == map[i].type)))
			fail_msg("seed %u: range %u is out of order or not merged", seed, i);
		for (uint64_t p = 0; p < map[i].size / PAGE_SIZE; p++)
			seen[map[i].base / PAGE_SIZE + p] = map[i].type;
	}
	for (unsigned p = 0; p < MODEL_PAGES; p++)
		if (seen[p] != model[p])
			fail_msg("seed %u: page %u is %u, should be %u", seed, p, seen[p], model[p]);
}

static uint64_t model_take(unsigned pages, uint32_t type) {
	for (unsigned at = MODEL_PAGES; at > 0; at -= BIG_PAGE) {
		unsigned n = 0;

		if (at + pages > MODEL_PAGES)
			continue;
		while (n < pages && model[at + n] == U)
			n++;
		if (n < pages)
			continue;
		for (n = 0; n < pages; n++)
			model[at + n] = type;
		return at * PAGE_SIZE;
	}
	return 0;
}

static void random_machine(unsigned seed) {
	unsigned at = 1;

	srand(seed);
	count = 0;
	memset(model, 0, sizeof(model));
	while (at < MODEL_PAGES - 2048) {
		unsigned pages = 1 + (unsigned)rand() % 2000;
		uint32_t type = 1 + (uint32_t)rand() % 6;

		if (count > 0 && map[count - 1].type == type &&
		    map[count - 1].base + map[count - 1].size == at * PAGE_SIZE)
			at++;
		add(at * PAGE_SIZE, pages * PAGE_SIZE, type);
		for (unsigned p = 0; p < pages; p++)
			model[at + p] = type;
		at += pages + (unsigned)rand() % 3;
	}
}

static void random_takes_agree_with_a_page_by_page_model(void **state) {
	(void)state;
	for (unsigned seed = 1; seed <= 100; seed++) {
		random_machine(seed);
		compare_with_model(seed);
		for (unsigned step = 0; step < 20; step++) {
			unsigned pages = 1 + (unsigned)rand() % 800;
			uint32_t type = 2 + (uint32_t)rand() % 3;
			uint64_t want = model_take(pages, type);

			if (boot_take(pages * PAGE_SIZE, type).v != want)
				fail_msg("seed %u, step %u: another range than %lx", seed, step, (unsigned long)want);
			compare_with_model(seed);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_reserve_holds_frame_table_page_tables_and_stacks),
	    cmocka_unit_test_setup(the_reserve_is_handed_out_upwards_cleared_until_it_is_used_up, small_machine),
	    cmocka_unit_test_setup(without_memory_for_the_reserve_there_is_no_kernel, small_machine),
	    cmocka_unit_test_setup(a_taken_range_is_the_highest_that_fits, small_machine),
	    cmocka_unit_test_setup(neighbours_of_the_same_type_become_one, small_machine),
	    cmocka_unit_test_setup(alignment_may_leave_usable_memory_on_both_sides, small_machine),
	    cmocka_unit_test(the_first_megabyte_is_left_alone),
	    cmocka_unit_test_setup(a_whole_range_can_be_taken, small_machine),
	    cmocka_unit_test_setup(only_usable_memory_is_taken, small_machine),
	    cmocka_unit_test(a_full_map_gives_nothing_and_stays_as_it_is),
	    cmocka_unit_test_setup(a_size_that_is_no_page_multiple_is_a_bug, small_machine),
	    cmocka_unit_test(what_the_loader_left_becomes_usable_and_merges),
	    cmocka_unit_test(random_takes_agree_with_a_page_by_page_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
