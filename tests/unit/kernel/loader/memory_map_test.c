/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The firmware's map against the kernel's, with a naive model page by page. */
#include "loader/memory_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fault.h"

#define MIB      0x100000ull
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { LOADER_DATA = 2, BOOT_DATA = 4, RUNTIME = 5, CONVENTIONAL = 7, UNUSABLE = 8, ACPI = 9, MMIO = 11 };

static struct handoff map;

static struct memory_descriptor range(uint32_t type, uint64_t base, uint64_t size) {
	return (struct memory_descriptor){.type = type, .physical = base, .pages = size / 4096, .attributes = 0xf};
}

static const char *build(const struct memory_descriptor *d, size_t count, const struct handoff_memory *claim,
                         uint32_t claim_count) {
	const struct memory_source source = {d, count * sizeof(*d), sizeof(*d)};

	return memory_map_build(&source, claim, claim_count, &map);
}

static void expect(uint32_t index, uint64_t base, uint64_t size, uint32_t type) {
	assert_true(index < map.memory_count);
	assert_int_equal(map.memory[index].base, base);
	assert_int_equal(map.memory[index].size, size);
	assert_int_equal(map.memory[index].type, type);
}

static void a_map_is_sorted_and_merged(void **state) {
	const struct memory_descriptor d[] = {
	    range(CONVENTIONAL, 64 * MIB, 64 * MIB),
	    range(BOOT_DATA, 2 * MIB, 62 * MIB),
	    range(LOADER_DATA, MIB, MIB),
	    range(ACPI, 128 * MIB, MIB),
	    range(RUNTIME, 129 * MIB, MIB),
	    range(MMIO, 4096 * MIB, MIB),
	};

	(void)state;
	assert_sound(build(d, COUNT(d), NULL, 0));
	assert_int_equal(map.memory_count, 4);
	expect(0, 0, MIB, HANDOFF_MEMORY_RESERVED);
	expect(1, MIB, 127 * MIB, HANDOFF_MEMORY_USABLE);
	expect(2, 128 * MIB, 2 * MIB, HANDOFF_MEMORY_FIRMWARE);
	expect(3, 4096 * MIB, MIB, HANDOFF_MEMORY_RESERVED);
	assert_int_equal(memory_map_end(&map), 130 * MIB);
	assert_int_equal(memory_map_usable(&map), 127 * MIB);
}

static void low_memory_is_reserved_but_for_its_usable_parts(void **state) {
	const struct memory_descriptor d[] = {range(CONVENTIONAL, 0, 0x90000), range(CONVENTIONAL, MIB, MIB)};

	(void)state;
	assert_sound(build(d, COUNT(d), NULL, 0));
	assert_int_equal(map.memory_count, 4);
	expect(0, 0, 0x1000, HANDOFF_MEMORY_RESERVED);
	expect(1, 0x1000, 0x8f000, HANDOFF_MEMORY_USABLE);
	expect(2, 0x90000, 0x70000, HANDOFF_MEMORY_RESERVED);
	expect(3, MIB, MIB, HANDOFF_MEMORY_USABLE);
}

static void a_gap_stays_a_gap(void **state) {
	const struct memory_descriptor d[] = {range(CONVENTIONAL, 2 * MIB, MIB), range(CONVENTIONAL, 4 * MIB, MIB)};

	(void)state;
	assert_sound(build(d, COUNT(d), NULL, 0));
	assert_int_equal(map.memory_count, 3);
	expect(1, 2 * MIB, MIB, HANDOFF_MEMORY_USABLE);
	expect(2, 4 * MIB, MIB, HANDOFF_MEMORY_USABLE);
}

static void where_ranges_overlap_the_less_usable_wins(void **state) {
	const struct memory_descriptor d[] = {range(UNUSABLE, 4 * MIB, 2 * MIB), range(CONVENTIONAL, MIB, 9 * MIB),
	                                      range(ACPI, 5 * MIB, 2 * MIB)};

	(void)state;
	assert_sound(build(d, COUNT(d), NULL, 0));
	assert_int_equal(map.memory_count, 5);
	expect(1, MIB, 3 * MIB, HANDOFF_MEMORY_USABLE);
	expect(2, 4 * MIB, 2 * MIB, HANDOFF_MEMORY_RESERVED);
	expect(3, 6 * MIB, MIB, HANDOFF_MEMORY_FIRMWARE);
	expect(4, 7 * MIB, 3 * MIB, HANDOFF_MEMORY_USABLE);
}

static void claims_keep_their_type(void **state) {
	const struct memory_descriptor d[] = {range(LOADER_DATA, MIB, 15 * MIB)};
	const struct handoff_memory claims[] = {
	    {8 * MIB, 4096, HANDOFF_MEMORY_LOADER, 0},        {2 * MIB, 2 * MIB, HANDOFF_MEMORY_KERNEL, 0},
	    {8 * MIB + 4096, 4096, HANDOFF_MEMORY_LOADER, 0}, {6 * MIB, MIB, HANDOFF_MEMORY_MODULE, 0},
	    {12 * MIB, MIB, HANDOFF_MEMORY_USABLE, 0},
	};

	(void)state;
	assert_sound(build(d, COUNT(d), claims, COUNT(claims)));
	assert_int_equal(map.memory_count, 8);
	expect(2, 2 * MIB, 2 * MIB, HANDOFF_MEMORY_KERNEL);
	expect(4, 6 * MIB, MIB, HANDOFF_MEMORY_MODULE);
	expect(6, 8 * MIB, 8192, HANDOFF_MEMORY_LOADER);
	expect(7, 8 * MIB + 8192, 8 * MIB - 8192, HANDOFF_MEMORY_USABLE);
	assert_int_equal(memory_map_usable(&map), 12 * MIB);
}

static void a_claim_outside_usable_memory_is_refused(void **state) {
	const struct memory_descriptor d[] = {range(CONVENTIONAL, MIB, MIB), range(ACPI, 2 * MIB, MIB)};
	const struct handoff_memory beyond = {8 * MIB, 4096, HANDOFF_MEMORY_LOADER, 0};
	const struct handoff_memory across = {2 * MIB - 4096, 8192, HANDOFF_MEMORY_LOADER, 0};

	(void)state;
	assert_fault(build(d, COUNT(d), &beyond, 1), "gave to the loader");
	assert_fault(build(d, COUNT(d), &across, 1), "gave to the loader");
}

static void special_purpose_memory_is_reserved(void **state) {
	struct memory_descriptor d[] = {range(CONVENTIONAL, MIB, MIB)};

	(void)state;
	d[0].attributes |= 0x40000;
	assert_sound(build(d, COUNT(d), NULL, 0));
	assert_int_equal(memory_map_usable(&map), 0);
	assert_int_equal(memory_map_end(&map), 0);
}

static void types_of_the_future_are_reserved(void **state) {
	static const uint32_t types[] = {0, 8, 11, 12, 13, 14, 15, 16, 0x70000000, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		const struct memory_descriptor d = range(types[i], 2 * MIB, MIB);

		assert_sound(build(&d, 1, NULL, 0));
		expect(1, 2 * MIB, MIB, HANDOFF_MEMORY_RESERVED);
	}
}

static void a_descriptor_longer_than_ours_is_stepped_over(void **state) {
	struct {
		struct memory_descriptor d;
		uint64_t more;
	} wide[2] = {{range(CONVENTIONAL, 2 * MIB, MIB), ~0ull}, {range(CONVENTIONAL, 4 * MIB, MIB), ~0ull}};
	struct memory_source source = {wide, sizeof(wide), sizeof(wide[0])};

	(void)state;
	assert_sound(memory_map_build(&source, NULL, 0, &map));
	assert_int_equal(memory_map_usable(&map), 2 * MIB);
	source.stride = 39;
	assert_fault(memory_map_build(&source, NULL, 0, &map), "too short");
	source.stride = 0;
	assert_fault(memory_map_build(&source, NULL, 0, &map), "too short");
}

static void a_cut_last_descriptor_is_not_read(void **state) {
	struct memory_descriptor *d = malloc(sizeof(*d) + 20);
	const struct memory_source source = {d, sizeof(*d) + 20, sizeof(*d)};

	(void)state;
	assert_non_null(d);
	*d = range(CONVENTIONAL, 2 * MIB, MIB);
	assert_sound(memory_map_build(&source, NULL, 0, &map));
	assert_int_equal(memory_map_usable(&map), MIB);
	free(d);
}

static void a_senseless_descriptor_is_refused(void **state) {
	struct memory_descriptor d = range(CONVENTIONAL, 2 * MIB + 1, MIB);

	(void)state;
	assert_fault(build(&d, 1, NULL, 0), "not page-aligned");
	d = range(CONVENTIONAL, 2 * MIB, MIB);
	d.pages = ~0ull;
	assert_fault(build(&d, 1, NULL, 0), "not page-aligned");
	d.pages = ~0ull / 4096;
	assert_fault(build(&d, 1, NULL, 0), "not page-aligned");
}

static void an_empty_descriptor_changes_nothing(void **state) {
	const struct memory_descriptor d[] = {range(CONVENTIONAL, MIB, 4 * MIB), range(UNUSABLE, 2 * MIB, 0)};

	(void)state;
	assert_sound(build(d, COUNT(d), NULL, 0));
	assert_int_equal(map.memory_count, 2);
}

static void too_many_pieces_are_refused(void **state) {
	static struct memory_descriptor d[HANDOFF_MAX_MEMORY];

	(void)state;
	for (unsigned i = 0; i < HANDOFF_MAX_MEMORY; i++)
		d[i] = range(CONVENTIONAL, (2 + 2 * i) * MIB, MIB);
	/* The first MiB is a piece too. */
	assert_sound(build(d, HANDOFF_MAX_MEMORY - 1, NULL, 0));
	assert_int_equal(map.memory_count, HANDOFF_MAX_MEMORY);
	assert_fault(build(d, HANDOFF_MAX_MEMORY, NULL, 0), "more than 512");
}

static void memory_is_readable_where_the_map_says_so(void **state) {
	const struct memory_descriptor d[] = {range(ACPI, 2 * MIB, MIB), range(MMIO, 8 * MIB, MIB)};
	const struct memory_source source = {d, sizeof(d), sizeof(d[0])};

	(void)state;
	assert_true(memory_map_has(&source, 2 * MIB, MIB));
	assert_true(memory_map_has(&source, 3 * MIB - 1, 1));
	assert_false(memory_map_has(&source, 3 * MIB - 1, 2));
	assert_false(memory_map_has(&source, 2 * MIB - 1, 2));
	assert_false(memory_map_has(&source, 3 * MIB, 1));
	assert_false(memory_map_has(&source, 2 * MIB, ~0ull));
	assert_false(memory_map_has(&source, 8 * MIB, 1));
	assert_true(memory_map_has(&source, 0xe0000, 0x20000));
	assert_false(memory_map_has(&source, 0xe0000, 0x20001));
}

#define MODEL_PAGES 600u /* reaches over the first MiB */

static uint32_t model_type(const struct memory_descriptor *d, size_t count, uint64_t page) {
	uint32_t type = page < 256 ? 0 : 1000;
	uint32_t worst = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t t = d[i].type == CONVENTIONAL ? 1u : d[i].type == ACPI ? 5u : 6u;

		if (page >= d[i].physical / 4096 && page < d[i].physical / 4096 + d[i].pages && t > worst)
			worst = t;
	}
	if (page == 0)
		return HANDOFF_MEMORY_RESERVED;
	if (worst == 0)
		return type == 0 ? HANDOFF_MEMORY_RESERVED : 0;
	return worst;
}

static uint32_t map_type(uint64_t address) {
	for (uint32_t i = 0; i < map.memory_count; i++)
		if (address >= map.memory[i].base && address < map.memory[i].base + map.memory[i].size)
			return map.memory[i].type;
	return 0;
}

static void random_maps_equal_the_naive_model(void **state) {
	static const uint32_t types[] = {CONVENTIONAL, CONVENTIONAL, ACPI, UNUSABLE};

	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct memory_descriptor d[12];
		unsigned random = seed;

		for (size_t i = 0; i < COUNT(d); i++)
			d[i] = range(types[rand_r(&random) % 4], (uint64_t)(rand_r(&random) % (int)MODEL_PAGES) * 4096,
			             (uint64_t)(rand_r(&random) % 100) * 4096);
		assert_sound(build(d, COUNT(d), NULL, 0));
		for (uint64_t page = 0; page < MODEL_PAGES + 100; page++)
			if (map_type(page * 4096) != model_type(d, COUNT(d), page))
				fail_msg("seed %u, page %lu: %u instead of %u", seed, page, map_type(page * 4096),
				         model_type(d, COUNT(d), page));
		for (uint32_t i = 1; i < map.memory_count; i++) {
			const struct handoff_memory *e = &map.memory[i];
			uint64_t end = e[-1].base + e[-1].size;

			if (end > e->base || (end == e->base && e[-1].type == e->type))
				fail_msg("seed %u: entry %u is out of order or not merged", seed, i);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_map_is_sorted_and_merged),
	    cmocka_unit_test(low_memory_is_reserved_but_for_its_usable_parts),
	    cmocka_unit_test(a_gap_stays_a_gap),
	    cmocka_unit_test(where_ranges_overlap_the_less_usable_wins),
	    cmocka_unit_test(claims_keep_their_type),
	    cmocka_unit_test(a_claim_outside_usable_memory_is_refused),
	    cmocka_unit_test(special_purpose_memory_is_reserved),
	    cmocka_unit_test(types_of_the_future_are_reserved),
	    cmocka_unit_test(a_descriptor_longer_than_ours_is_stepped_over),
	    cmocka_unit_test(a_cut_last_descriptor_is_not_read),
	    cmocka_unit_test(a_senseless_descriptor_is_refused),
	    cmocka_unit_test(an_empty_descriptor_changes_nothing),
	    cmocka_unit_test(too_many_pieces_are_refused),
	    cmocka_unit_test(memory_is_readable_where_the_map_says_so),
	    cmocka_unit_test(random_maps_equal_the_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
