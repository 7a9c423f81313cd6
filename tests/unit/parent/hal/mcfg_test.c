/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/mcfg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* The root pointer at 0, the root table at 64, MCFG at 128. */
static uint8_t memory[256];
static struct hv_boot_info info;
static struct mcfg mcfg;
static struct err_text text;

static void put(unsigned at, uint64_t value, unsigned size) { memcpy(memory + at, &value, size); }

static void fix_sum(unsigned at, unsigned size, unsigned sum_at) {
	uint8_t sum = 0;

	memory[at + sum_at] = 0;
	for (unsigned i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[at + sum_at] = (uint8_t)-sum;
}

static uint64_t address(unsigned at) { return (uint64_t)(uintptr_t)(memory + at); }

static void fix_sums(void) {
	fix_sum(128, 60, 9);
	fix_sum(64, 44, 9);
	fix_sum(0, 20, 8);
	fix_sum(0, 36, 32);
}

static int set_up(void **state) {
	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(&info, 0, sizeof(info));
	memcpy(memory, "RSD PTR ", 8);
	memory[15] = 2;
	put(24, address(64), 8);
	memcpy(memory + 64, "XSDT", 4);
	put(68, 44, 4);
	put(64 + 36, address(128), 8);
	memcpy(memory + 128, "MCFG", 4);
	put(132, 60, 4);
	put(128 + 44, 0xb0000000, 8);
	memory[128 + 55] = 0xff;
	fix_sums();
	info.rsdp = address(0);
	info.memory_count = 1;
	info.memory[0] = (struct hv_boot_memory){address(0), sizeof(memory), HV_BOOT_MEMORY_FIRMWARE, 0};
	return 0;
}

static enum err find(void) {
	fix_sums();
	return mcfg_find(&info, &mcfg, &text);
}

static void the_region_of_segment_0_is_found(void **state) {
	(void)state;
	assert_int_equal(find(), ERR_NONE);
	assert_true(mcfg.base == 0xb0000000 && mcfg.first_bus == 0 && mcfg.last_bus == 255);
}

static void the_base_is_that_of_bus_0(void **state) {
	(void)state;
	memory[128 + 54] = 16;
	assert_int_equal(find(), ERR_NONE);
	assert_true(mcfg.base == 0xb1000000 && mcfg.first_bus == 16);
}

static void other_segments_are_not_taken(void **state) {
	(void)state;
	memory[128 + 52] = 1;
	assert_int_equal(find(), ERR_NOT_FOUND);
}

static void wrong_sums_and_signatures_are_refused(void **state) {
	static const unsigned at[] = {0, 9, 64, 100, 128, 180};

	(void)state;
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		(void)set_up(NULL);
		memory[at[i]] ^= 1;
		assert_int_not_equal(mcfg_find(&info, &mcfg, &text), ERR_NONE);
	}
}

static void tables_outside_the_firmwares_memory_are_not_read(void **state) {
	(void)state;
	info.memory[0].size = 128 + 59;
	assert_int_equal(find(), ERR_NOT_FOUND);
	info.memory[0].size = 40;
	assert_int_equal(find(), ERR_FORMAT);
	info.memory[0].type = HV_BOOT_MEMORY_USABLE;
	assert_int_equal(find(), ERR_FORMAT);
}

static void regions_that_cannot_be_are_refused(void **state) {
	static const uint64_t bases[] = {0, 0xb0080000, 1ull << 47, ~0xfffffull};

	(void)state;
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		(void)set_up(NULL);
		put(128 + 44, bases[i], 8);
		assert_int_equal(find(), ERR_RANGE);
	}
	(void)set_up(NULL);
	memory[128 + 54] = 9;
	memory[128 + 55] = 8;
	assert_int_equal(find(), ERR_RANGE);
	(void)set_up(NULL);
	info.memory_count = 2;
	info.memory[1] = (struct hv_boot_memory){0xb8000000, 0x1000, HV_BOOT_MEMORY_USABLE, 0};
	assert_int_equal(find(), ERR_RANGE);
}

static void a_host_without_tables_is_told_apart(void **state) {
	(void)state;
	info.rsdp = 0;
	assert_int_equal(find(), ERR_NOT_FOUND);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(the_region_of_segment_0_is_found),
	    T(the_base_is_that_of_bus_0),
	    T(other_segments_are_not_taken),
	    T(wrong_sums_and_signatures_are_refused),
	    T(tables_outside_the_firmwares_memory_are_not_read),
	    T(regions_that_cannot_be_are_refused),
	    T(a_host_without_tables_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
