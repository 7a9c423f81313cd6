/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of the look at a guest's instruction: the walk in every paging mode
 * [SDM 3A 4 "Paging"], bytes over page borders, prefixes and the one opcode.
 */
#include "arch/x86/guest_fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/vp_state.h"
#include "fake/check.h"
#include "fake/mm_memory.h"
#include "fake/mm_world.h"
#include "lib/bits.h"
#include "mm/gpa_space.h"

#define PAGES 64u
#define P     1ull    /* present */
#define PS    0x80ull /* large page */
#define NX    BIT(63)

static struct gpa_space *space;

/* A child with 64 pages at 0, on frames in reverse order, and two at 1 GiB. */
static int setup(void **state) {
	struct world *world = world_create(4096, true);

	world_add_child(world, 0, 1024, 64);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(world_map(world, 0, i, 2048 + PAGES - i, 1, HV_MAP_GPA_RWX), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(world_map(world, 0, 0x40000 + i, 2200 + i, 1, HV_MAP_GPA_RWX), 0);
	space = &world->child[0].space;
	*state = world;
	return 0;
}

static int teardown(void **state) {
	world_destroy(*state);
	return 0;
}

static void poke(uint64_t at, uint64_t value, unsigned size) {
	assert_int_equal(copy_to_guest(space, gpa(at), &value, size), HV_STATUS_SUCCESS);
}

static const struct fetch_mode real_mode = {.cr0 = CR0_ET};
static const struct fetch_mode mode_32 = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1000, .cr4 = 0x10};
static const struct fetch_mode mode_pae = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1020, .cr4 = CR4_PAE};
static const struct fetch_mode mode_4 = {
    .cr0 = CR0_PE | CR0_PG, .cr3 = 0x1fff, .cr4 = CR4_PAE | CR4_PCIDE, .efer = EFER_LME | EFER_LMA};
static const struct fetch_mode mode_5 = {
    .cr0 = CR0_PE | CR0_PG, .cr3 = 0x1000, .cr4 = CR4_PAE | CR4_LA57, .efer = EFER_LME | EFER_LMA};

static void expect(const struct fetch_mode *m, uint64_t gva, uint64_t expected) {
	gpa_t out = gpa(~0ull);

	if (!guest_fetch_translate(space, m, gva, &out))
		fail_msg("%llx is not mapped", (unsigned long long)gva);
	assert_int_equal(out.v, expected);
}

static void expect_none(const struct fetch_mode *m, uint64_t gva) {
	gpa_t out;

	assert_false(guest_fetch_translate(space, m, gva, &out));
}

static void without_paging_addresses_are_physical(void **state) {
	(void)state;
	expect(&real_mode, 0x7c00, 0x7c00);
	expect(&real_mode, 0xfffffff0, 0xfffffff0);
	expect(&real_mode, 0x100000010, 0x10);
}

static void paging_of_32_bits_walks_two_levels(void **state) {
	(void)state;
	poke(0x1000 + 0x300 * 4, 0x2000 | P, 4);
	poke(0x2000 + 0x005 * 4, 0xabcde000 | P | PS, 4); /* PAT here, not a size */
	expect(&mode_32, 0xc0005123, 0xabcde123);
	expect(&mode_32, 0x1c0005123, 0xabcde123);
	expect_none(&mode_32, 0xc0006123);
	expect_none(&mode_32, 0xc0405123);
	poke(0x2000 + 0x005 * 4, 0xabcde000, 4);
	expect_none(&mode_32, 0xc0005123);
}

/* [SDM 3A 4.3 table 4-4]: bits 20:13 of the entry are bits 39:32 of the page. */
static void large_pages_of_32_bits_need_pse_and_reach_40_bits(void **state) {
	struct fetch_mode without = mode_32;

	(void)state;
	poke(0x1000 + 0x200 * 4, 0x40c00000 | PS | P | 1 << 12, 4);
	expect(&mode_32, 0x80123456, 0x40d23456);
	poke(0x1000 + 0x200 * 4, 0x40c00000 | PS | P | 0x55 << 13, 4);
	expect(&mode_32, 0x80123456, 0x5540d23456);
	/* Without CR4.PSE the entry is a table's. */
	without.cr4 = 0;
	poke(0x1000 + 0x200 * 4, 0x2000 | PS | P, 4);
	poke(0x2000 + 0x123 * 4, 0x7000 | P, 4);
	expect(&without, 0x80123456, 0x7456);
}

static void pae_walks_four_pointers_and_two_levels(void **state) {
	(void)state;
	poke(0x1020 + 3 * 8, 0x2000 | P, 8);
	poke(0x2000 + 0 * 8, 0x3000 | P, 8);
	poke(0x3000 + 1 * 8, 0x1f000 | P | NX | 0xe00, 8);
	poke(0x2000 + 1 * 8, 0x40000000 | P | PS | NX | 1 << 12, 8);
	expect(&mode_pae, 0xc0001fff, 0x1ffff);
	expect(&mode_pae, 0x5c0001fff, 0x1ffff);
	expect(&mode_pae, 0xc0312345, 0x40112345);
	expect_none(&mode_pae, 0xc0002000);
	expect_none(&mode_pae, 0x80001000);
}

/* A page directory pointer of PAE has no size bit: PS there is reserved. */
static void pae_has_no_pages_of_one_gigabyte(void **state) {
	(void)state;
	poke(0x1020 + 0 * 8, 0x2000 | P | PS, 8);
	poke(0x2000, 0x40000000 | P | PS, 8);
	expect(&mode_pae, 0x1234, 0x40001234);
}

static void four_levels_map_three_sizes(void **state) {
	(void)state;
	poke(0x1000 + 511 * 8, 0x2000 | P, 8);
	poke(0x2000 + 510 * 8, 0x3000 | P, 8);
	poke(0x3000 + 2 * 8, 0x4000 | P, 8);
	poke(0x4000 + 3 * 8, 0x000ffffffffff000 | P | PS | NX, 8);
	expect(&mode_4, 0xffffffff80403abc, 0x000ffffffffffabc);
	poke(0x3000 + 4 * 8, 0x40000000 | P | PS | NX | 1 << 12, 8);
	expect(&mode_4, 0xffffffff80812345, 0x40012345);
	poke(0x2000 + 511 * 8, 0x80000000 | P | PS | NX | 1 << 12, 8);
	expect(&mode_4, 0xfffffffffeedbeef, 0xbeedbeef);
	expect_none(&mode_4, 0xffffffff80404000);
	expect_none(&mode_4, 0x0000000080403000);
}

/* The size bit of the topmost level is reserved: no page of 512 GiB. */
static void the_top_level_has_no_pages(void **state) {
	(void)state;
	poke(0x1000 + 0 * 8, 0x2000 | P | PS, 8);
	poke(0x2000, 0x40000000 | P | PS, 8);
	expect(&mode_4, 0x1234, 0x40001234);
}

static void five_levels_use_bit_56(void **state) {
	(void)state;
	poke(0x1000 + 0x101 * 8, 0x2000 | P, 8);
	poke(0x2000, 0x3000 | P, 8);
	poke(0x3000, 0x4000 | P, 8);
	poke(0x4000, 0x5000 | P, 8);
	poke(0x5000 + 8, 0x6000 | P, 8);
	expect(&mode_5, 0x0101000000001678, 0x6678);
	expect_none(&mode_5, 0x0001000000001678);
}

static void tables_outside_of_memory_map_nothing(void **state) {
	struct fetch_mode m = mode_4;

	(void)state;
	m.cr3 = 0x50000000;
	expect_none(&m, 0x1000);
	m.cr3 = 0x000ffffffffff000;
	expect_none(&m, 0x1000);
	poke(0x1000, 0x000fffffffff0000 | P, 8);
	expect_none(&mode_4, 0x1000);
}

/* A recursive entry ends where the levels end. */
static void a_table_that_points_to_itself_ends(void **state) {
	(void)state;
	for (unsigned i = 0; i < 512; i++)
		poke(0x1000 + i * 8, 0x1000 | P, 8);
	expect(&mode_5, 0x0123456789abcdef & ~0xfffull, 0x1000);
	expect(&mode_4, 0x1abc, 0x1abc);
}

static void bytes_are_stitched_over_a_page_border(void **state) {
	uint8_t bytes[INSTRUCTION_MAX] = {0};

	(void)state;
	poke(0x1000, 0x2000 | P, 8);
	poke(0x2000, 0x3000 | P, 8);
	poke(0x3000, 0x4000 | P, 8);
	poke(0x4000 + 1 * 8, 0x9000 | P, 8);
	poke(0x4000 + 2 * 8, 0x6000 | P, 8);
	poke(0x9ff8, 0x8877665544332211, 8);
	poke(0x6000, 0xffeeddccbbaa99, 7);
	assert_int_equal(guest_fetch_bytes(space, &mode_4, 0x1ff8, bytes), 15);
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(bytes[i], 0x11 * (i + 1));
	assert_int_equal(guest_fetch_bytes(space, &mode_4, 0x2ff8, bytes), 8);
	assert_int_equal(guest_fetch_bytes(space, &mode_4, 0x2fff, bytes), 1);
	assert_int_equal(guest_fetch_bytes(space, &mode_4, 0x3000, bytes), 0);
}

static void bytes_that_are_not_memory_are_not_read(void **state) {
	uint8_t bytes[INSTRUCTION_MAX];

	(void)state;
	assert_int_equal(guest_fetch_bytes(space, &real_mode, PAGES * 4096 - 4, bytes), 4);
	assert_int_equal(guest_fetch_bytes(space, &real_mode, PAGES * 4096, bytes), 0);
	assert_int_equal(guest_fetch_bytes(space, &real_mode, 0xfee00000, bytes), 0);
	assert_int_equal(guest_fetch_bytes(space, &real_mode, 0x3fffffff + 1, bytes), 15);
}

static void linear_addresses_of_32_bits_wrap(void **state) {
	uint8_t bytes[INSTRUCTION_MAX];

	(void)state;
	poke(0x1000 + 0x3ff * 4, 0x2000 | P, 4);
	poke(0x2000 + 0x3ff * 4, 0x8000 | P, 4);
	poke(0x1000, 0x3000 | P, 4);
	poke(0x3000, 0x9000 | P, 4);
	poke(0x8ffe, 0xa20f, 2);
	poke(0x9000, 0xf4, 1);
	assert_int_equal(guest_fetch_bytes(space, &mode_32, 0xfffffffe, bytes), 15);
	assert_int_equal(bytes[0], 0x0f);
	assert_int_equal(bytes[2], 0xf4);
}

struct length_row {
	uint8_t bytes[16];
	uint8_t count;
	bool is_64;
	enum fetch_opcode opcode;
	uint8_t length;
};

static const struct length_row lengths[] = {
    {{0x0f, 0xa2}, 2, true, OPCODE_CPUID, 2},
    {{0x0f, 0xa2}, 2, false, OPCODE_CPUID, 2},
    {{0xf4}, 1, true, OPCODE_HLT, 1},
    {{0x0f, 0x32}, 2, true, OPCODE_RDMSR, 2},
    {{0x0f, 0x30}, 2, true, OPCODE_WRMSR, 2},
    {{0x0f, 0x01, 0xd1}, 3, true, OPCODE_XSETBV, 3},
    {{0x0f, 0x08}, 2, true, OPCODE_INVD_OR_WBINVD, 2},
    {{0x0f, 0x09}, 2, true, OPCODE_INVD_OR_WBINVD, 2},
    {{0xf3, 0x0f, 0x09}, 3, true, OPCODE_INVD_OR_WBINVD, 3}, /* WBNOINVD */
    /* Not the opcode of this exit. */
    {{0x0f, 0x30}, 2, true, OPCODE_RDMSR, 0},
    {{0x0f, 0x32}, 2, true, OPCODE_WRMSR, 0},
    {{0x0f, 0x0a}, 2, true, OPCODE_INVD_OR_WBINVD, 0},
    {{0x0f, 0x01, 0xd0}, 3, true, OPCODE_XSETBV, 0},
    {{0x90, 0xf4}, 2, true, OPCODE_HLT, 0},
    /* Cut short. */
    {{0x0f}, 0, true, OPCODE_CPUID, 0},
    {{0x0f, 0xa2}, 1, true, OPCODE_CPUID, 0},
    {{0x0f, 0x01, 0xd1}, 2, true, OPCODE_XSETBV, 0},
    {{0x66, 0x66}, 2, true, OPCODE_HLT, 0},
    /* REX exists in 64-bit mode only; elsewhere 4x is INC or DEC. */
    {{0x48, 0x0f, 0xa2}, 3, true, OPCODE_CPUID, 3},
    {{0x4f, 0xf4}, 2, true, OPCODE_HLT, 2},
    {{0x40, 0xf4}, 2, true, OPCODE_HLT, 2},
    {{0x48, 0x0f, 0xa2}, 3, false, OPCODE_CPUID, 0},
    {{0x50, 0xf4}, 2, true, OPCODE_HLT, 0},
    {{0x3f, 0xf4}, 2, true, OPCODE_HLT, 0},
    /* Newer Linux emits these in front of WRMSR. */
    {{0x3e, 0x3e, 0x3e, 0x0f, 0x30}, 5, true, OPCODE_WRMSR, 5},
    {{0x66, 0x2e, 0x0f, 0x30}, 4, true, OPCODE_WRMSR, 4},
    /* Fifteen bytes at most. */
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xf4},
     15,
     true,
     OPCODE_HLT,
     15},
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x0f},
     15,
     true,
     OPCODE_CPUID,
     0},
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66},
     15,
     true,
     OPCODE_HLT,
     0},
};

static void lengths_row_by_row(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(lengths); i++) {
		const struct length_row *r = &lengths[i];
		const unsigned length = guest_fetch_length(r->bytes, r->count, r->is_64, r->opcode);

		if (length != r->length)
			fail_msg("row %u: length %u", i, length);
	}
}

/* [SDM 2A 2.1.1 "Instruction Prefixes"]: all eleven, and no other byte. */
static void exactly_the_prefixes_are_skipped(void **state) {
	static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (unsigned is_64 = 0; is_64 < 2; is_64++) {
			const uint8_t bytes[] = {(uint8_t)byte, 0x0f, 0xa2};
			bool is_prefix = is_64 && byte >= 0x40 && byte <= 0x4f;

			for (unsigned i = 0; i < sizeof(prefixes); i++)
				is_prefix |= prefixes[i] == byte;
			assert_int_equal(guest_fetch_length(bytes, 3, is_64, OPCODE_CPUID), is_prefix ? 3 : 0);
		}
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* MOV to and from control registers: only CR4 and CR8, with the REX bits where they
 * count [SDM 2B "MOV—Move to/from Control Registers"]. */
static void moves_of_cr4_and_cr8_are_told_row_by_row(void **state) {
	static const struct {
		uint8_t byte[6];
		uint8_t size;
		bool is_64;
		bool is_known;
		bool is_write;
		uint8_t cr;
		uint8_t gpr;
	} rows[] = {
	    {{0x0f, 0x20, 0xe0}, 3, true, true, false, 4, 0},        /* mov %cr4, %rax */
	    {{0x0f, 0x22, 0xe1}, 3, true, true, true, 4, 1},         /* mov %rcx, %cr4 */
	    {{0x41, 0x0f, 0x22, 0xe7}, 4, true, true, true, 4, 15},  /* mov %r15, %cr4 */
	    {{0x44, 0x0f, 0x22, 0xc3}, 4, true, true, true, 8, 3},   /* mov %rbx, %cr8 */
	    {{0x45, 0x0f, 0x20, 0xc2}, 4, true, true, false, 8, 10}, /* mov %cr8, %r10 */
	    {{0x66, 0x41, 0x0f, 0x22, 0xe0}, 5, true, true, true, 4, 8},
	    {{0x41, 0x66, 0x0f, 0x22, 0xe0}, 5, true, true, true, 4, 0}, /* REX does not count */
	    {{0x0f, 0x22, 0xe0}, 3, false, true, true, 4, 0},
	    {{0x41, 0x0f, 0x22, 0xe0}, 4, false, false, false, 0, 0}, /* INC first */
	    {{0x0f, 0x22, 0xd8}, 3, true, false, false, 0, 0},        /* CR3 */
	    {{0x44, 0x0f, 0x22, 0xe0}, 4, true, false, false, 0, 0},  /* CR12 */
	    {{0x0f, 0x21, 0xe0}, 3, true, false, false, 0, 0},        /* a debug register */
	    {{0x0f, 0x22}, 2, true, false, false, 0, 0},              /* cut short */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fetch_mov_cr mov = {0};
		bool is_known = guest_fetch_mov_cr(rows[i].byte, rows[i].size, rows[i].is_64, &mov);

		if (is_known != rows[i].is_known)
			fail_msg("row %u: known %d", i, is_known);
		if (!is_known)
			continue;
		assert_int_equal(mov.is_write, rows[i].is_write);
		assert_int_equal(mov.cr, rows[i].cr);
		assert_int_equal(mov.gpr, rows[i].gpr);
		assert_int_equal(mov.length, rows[i].size);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    world_test(without_paging_addresses_are_physical),
	    world_test(paging_of_32_bits_walks_two_levels),
	    world_test(large_pages_of_32_bits_need_pse_and_reach_40_bits),
	    world_test(pae_walks_four_pointers_and_two_levels),
	    world_test(pae_has_no_pages_of_one_gigabyte),
	    world_test(four_levels_map_three_sizes),
	    world_test(the_top_level_has_no_pages),
	    world_test(five_levels_use_bit_56),
	    world_test(tables_outside_of_memory_map_nothing),
	    world_test(a_table_that_points_to_itself_ends),
	    world_test(bytes_are_stitched_over_a_page_border),
	    world_test(bytes_that_are_not_memory_are_not_read),
	    world_test(linear_addresses_of_32_bits_wrap),
	    cmocka_unit_test(lengths_row_by_row),
	    cmocka_unit_test(moves_of_cr4_and_cr8_are_told_row_by_row),
	    cmocka_unit_test(exactly_the_prefixes_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
