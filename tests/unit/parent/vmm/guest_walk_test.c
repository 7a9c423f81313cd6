/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tables laid by hand in a small memory, and a row per rule of the walk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "vmm/guest_walk.h"

#define PG          0x80000001ull
#define WP          0x10000ull
#define PSE         0x10ull
#define PAE         0x20ull
#define LA57        0x1000ull
#define SMEP        0x100000ull
#define SMAP        0x200000ull
#define LMA         0x500ull
#define NXE         0x800ull
#define AC          0x40000ull

#define P           0x1ull
#define W           0x2ull
#define U           0x4ull
#define PS          0x80ull
#define NX          0x8000000000000000ull
#define PWU         (P | W | U)

#define MEMORY_SIZE 0x10000u

static _Alignas(8) uint8_t memory[MEMORY_SIZE];
static unsigned reads;

static bool read_memory(void *context, uint64_t gpa, void *buffer, size_t size) {
	assert_ptr_equal(context, memory);
	assert_true(size == 4 || size == 8);
	assert_int_equal(gpa % size, 0);
	reads++;
	if (gpa > MEMORY_SIZE - size)
		return false;
	memcpy(buffer, memory + gpa, size);
	return true;
}

static void put64(uint64_t table, unsigned index, uint64_t entry) { memcpy(memory + table + 8 * index, &entry, 8); }

static void put32(uint64_t table, unsigned index, uint32_t entry) { memcpy(memory + table + 4 * index, &entry, 4); }

static int fresh(void **state) {
	(void)state;
	memset(memory, 0, sizeof(memory));
	reads = 0;
	return 0;
}

static const struct guest_paging long_mode = {.cr0 = PG | WP, .cr3 = 0x1000, .cr4 = PAE, .efer = LMA | NXE};

static enum guest_walk_status walk(const struct guest_paging *p, uint64_t gva, enum guest_access access,
                                   struct guest_walk *w) {
	memset(w, 0xa5, sizeof(*w));
	return guest_walk(p, gva, access, read_memory, memory, w);
}

static void assert_maps(const struct guest_paging *p, uint64_t gva, uint64_t gpa, uint64_t size) {
	struct guest_walk w;

	assert_int_equal(walk(p, gva, GUEST_READ, &w), GUEST_WALK_OK);
	assert_true(w.gpa == gpa);
	assert_true(w.page_size == size);
	assert_int_equal(w.error_code, 0);
}

static void assert_faults(const struct guest_paging *p, uint64_t gva, enum guest_access access, uint32_t error_code) {
	struct guest_walk w;

	assert_int_equal(walk(p, gva, access, &w), GUEST_WALK_PAGE_FAULT);
	assert_int_equal(w.error_code, error_code);
	assert_int_equal(w.gpa, 0);
}

static void assert_allowed(const struct guest_paging *p, uint64_t gva, enum guest_access access) {
	struct guest_walk w;

	assert_int_equal(walk(p, gva, access, &w), GUEST_WALK_OK);
}

/* 0xffff888000203abc: PML4 273, PDPT 0, PD 1, PT 3. */
#define GVA 0xffff888000203abcull
static void lay_long_mode(uint64_t pml4e, uint64_t pdpte, uint64_t pde, uint64_t pte) {
	put64(0x1000, 273, pml4e);
	put64(0x2000, 0, pdpte);
	put64(0x3000, 1, pde);
	put64(0x4000, 3, pte);
}

static void without_paging_addresses_are_physical(void **state) {
	struct guest_paging p = {.cr0 = 1};

	(void)state;
	assert_maps(&p, 0x12345678, 0x12345678, 0x1000);
	assert_maps(&p, 0x1fee00020, 0xfee00020, 0x1000);
	assert_int_equal(reads, 0);
}

static void a_32_bit_walk_has_two_levels(void **state) {
	struct guest_paging p = {.cr0 = PG, .cr3 = 0x1018};

	(void)state;
	put32(0x1000, 0x3fb, 0x2000 | PWU); /* 0xfec00000; bit 21 is an address bit */
	put32(0x2000, 0x001, 0xfee01000 | PWU);
	assert_maps(&p, 0xfec01abc, 0xfee01abc, 0x1000);
	assert_int_equal(reads, 2);
	assert_faults(&p, 0xfec02000, GUEST_READ, 0);
	assert_faults(&p, 0x00000000, GUEST_WRITE, GUEST_FAULT_WRITE);
}

static void a_4_mib_page_needs_pse_and_may_lie_above_4_gib(void **state) {
	struct guest_paging p = {.cr0 = PG, .cr3 = 0x1000, .cr4 = PSE};

	(void)state;
	put32(0x1000, 1, 0x12400000 | 0x00006000 | PS | PWU); /* bits 33:32 by PSE-36 */
	assert_maps(&p, 0x00412345, 0x312412345, 1u << 22);
	put32(0x1000, 1, 0x12400000 | 1u << 21 | PS | PWU);
	assert_faults(&p, 0x00412345, GUEST_READ, GUEST_FAULT_PRESENT | GUEST_FAULT_RESERVED);
	/* Without PSE the bit means nothing and the entry names a table. */
	p.cr4 = 0;
	put32(0x1000, 1, 0x2000 | PS | PWU);
	put32(0x2000, 0x12, 0x7000 | PWU);
	assert_maps(&p, 0x00412345, 0x7345, 0x1000);
}

static void a_pae_walk_has_three_levels(void **state) {
	struct guest_paging p = {.cr0 = PG, .cr3 = 0x1020, .cr4 = PAE, .efer = NXE};

	(void)state;
	/* 0xc0203abc: PDPT 3, PD 1, PT 3; the PDPT is 32-byte aligned */
	put64(0x1020, 3, 0x2000 | P);
	put64(0x2000, 1, 0x3000 | PWU);
	put64(0x3000, 3, 0x23456789000 | PWU);
	assert_maps(&p, 0xc0203abc, 0x23456789abc, 0x1000);
	assert_maps(&p, 0xffffffffc0203abc, 0x23456789abc, 0x1000); /* 32 bits count */
	put64(0x2000, 1, 0xfee00000 | PS | PWU);
	assert_maps(&p, 0xc0203abc, 0xfee03abc, 1u << 21);
	/* The PDPTE has no rights: the write is judged below it. */
	p.cpl = 3;
	assert_allowed(&p, 0xc0203abc, GUEST_WRITE);
}

static void a_4_level_walk_ends_at_any_leaf(void **state) {
	(void)state;
	lay_long_mode(0x2000 | PWU, 0x3000 | PWU, 0x4000 | PWU, 0xfffffffff9000 | PWU);
	assert_maps(&long_mode, GVA, 0xfffffffff9abc, 0x1000);
	assert_int_equal(reads, 4);
	lay_long_mode(0x2000 | PWU, 0x3000 | PWU, 0xc0000000 | PS | PWU, 0);
	assert_maps(&long_mode, GVA, 0xc0003abc, 1u << 21);
	lay_long_mode(0x2000 | PWU, 0x1c0000000 | PS | PWU, 0, 0);
	assert_maps(&long_mode, GVA, 0x1c0203abc, 1u << 30);
	/* PAT and the global bit are no address bits. */
	lay_long_mode(0x2000 | PWU, 0x3000 | PWU, 0xc0000000 | 1u << 12 | 0x100 | PS | PWU, 0);
	assert_maps(&long_mode, GVA, 0xc0003abc, 1u << 21);
}

static void a_5_level_walk_begins_one_higher(void **state) {
	struct guest_paging p = long_mode;

	(void)state;
	p.cr4 |= LA57;
	put64(0x1000, 0x188, 0x2000 | PWU); /* 0xff88.. */
	put64(0x2000, 0x000, 0x3000 | PWU);
	put64(0x3000, 0x000, 0x40000000 | PS | PWU);
	assert_maps(&p, 0xff88000000003abc, 0x40003abc, 1u << 30);
	/* Canonical here, but not with four levels. */
	struct guest_walk w;
	assert_int_equal(walk(&long_mode, 0xff88000000003abc, GUEST_READ, &w), GUEST_WALK_NOT_CANONICAL);
	assert_int_equal(w.gpa, 0);
	assert_int_equal(walk(&p, 0x0100000000000000, GUEST_READ, &w), GUEST_WALK_NOT_CANONICAL);
}

static void non_canonical_addresses_are_told_apart(void **state) {
	struct guest_walk w;

	(void)state;
	assert_int_equal(walk(&long_mode, 0x0000800000000000, GUEST_READ, &w), GUEST_WALK_NOT_CANONICAL);
	assert_int_equal(walk(&long_mode, 0xffff7fffffffffff, GUEST_READ, &w), GUEST_WALK_NOT_CANONICAL);
	assert_faults(&long_mode, 0x00007fffffffffff, GUEST_READ, 0);
	assert_faults(&long_mode, 0xffff800000000000, GUEST_READ, 0);
}

static void a_table_outside_memory_is_named(void **state) {
	struct guest_walk w;

	(void)state;
	lay_long_mode(0x2000 | PWU, 0x7f0000 | PWU, 0, 0);
	assert_int_equal(walk(&long_mode, GVA, GUEST_READ, &w), GUEST_WALK_NO_MEMORY);
	assert_int_equal(w.gpa, 0x7f0008);
	assert_int_equal(w.error_code, 0);
}

static void an_entry_that_is_not_present_faults_at_every_level(void **state) {
	(void)state;
	for (unsigned missing = 0; missing < 4; missing++) {
		uint64_t entry[4] = {0x2000 | PWU, 0x3000 | PWU, 0x4000 | PWU, 0x7000 | PWU};

		/* Nothing else of an absent entry counts, reserved bits included. */
		entry[missing] = ~P;
		lay_long_mode(entry[0], entry[1], entry[2], entry[3]);
		assert_faults(&long_mode, GVA, GUEST_READ, 0);
	}
}

/* One row: bits of the level that lacks something, who asks, what happens. */
static void rights_are_combined_over_the_levels(void **state) {
	static const struct {
		uint64_t entry_bits; /* of one level, all others grant everything */
		uint64_t cr0, cr4, rflags;
		uint8_t cpl;
		enum guest_access access;
		bool is_allowed;
		uint32_t error_code;
	} rows[] = {
	    {PWU, WP, 0, 0, 3, GUEST_READ, true, 0},
	    {PWU, WP, 0, 0, 3, GUEST_WRITE, true, 0},
	    {PWU, WP, 0, 0, 3, GUEST_FETCH, true, 0},
	    {P | U, WP, 0, 0, 3, GUEST_READ, true, 0},
	    {P | U, WP, 0, 0, 3, GUEST_WRITE, false, 0x7},
	    {P | U, 0, 0, 0, 3, GUEST_WRITE, false, 0x7},
	    {P | U, WP, 0, 0, 0, GUEST_WRITE, false, 0x3},
	    {P | U, 0, 0, 0, 0, GUEST_WRITE, true, 0},
	    {P | W, WP, 0, 0, 3, GUEST_READ, false, 0x5},
	    {P | W, WP, 0, 0, 3, GUEST_WRITE, false, 0x7},
	    {P | W, WP, 0, 0, 3, GUEST_FETCH, false, 0x15},
	    {P | W, WP, 0, 0, 0, GUEST_WRITE, true, 0},
	    {P | W, WP, SMEP | SMAP, 0, 0, GUEST_FETCH, true, 0},
	    {P | W, WP, SMEP | SMAP, 0, 0, GUEST_READ, true, 0},
	    {NX | PWU, WP, 0, 0, 0, GUEST_FETCH, false, 0x11},
	    {NX | PWU, WP, 0, 0, 3, GUEST_FETCH, false, 0x15},
	    {NX | PWU, WP, 0, 0, 0, GUEST_READ, true, 0},
	    {PWU, WP, SMEP, 0, 0, GUEST_FETCH, false, 0x11},
	    {PWU, WP, SMEP, 0, 3, GUEST_FETCH, true, 0},
	    {PWU, WP, SMAP, 0, 0, GUEST_READ, false, 0x1},
	    {PWU, WP, SMAP, 0, 1, GUEST_WRITE, false, 0x3},
	    {PWU, WP, SMAP, AC, 0, GUEST_READ, true, 0},
	    {PWU, WP, SMAP, 0, 3, GUEST_READ, true, 0},
	    {PWU, WP, SMAP, 0, 0, GUEST_FETCH, true, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned level = 0; level < 4; level++) {
			static const uint64_t next[] = {0x2000, 0x3000, 0x4000, 0x7000};
			struct guest_paging p = long_mode;
			uint64_t e[4];

			for (unsigned l = 0; l < 4; l++)
				e[l] = next[l] | (l == level ? rows[i].entry_bits : PWU);
			fresh(state);
			lay_long_mode(e[0], e[1], e[2], e[3]);
			p.cr0 = PG | rows[i].cr0;
			p.cr4 |= rows[i].cr4;
			p.rflags = rows[i].rflags;
			p.cpl = rows[i].cpl;
			if (rows[i].is_allowed)
				assert_allowed(&p, GVA, rows[i].access);
			else
				assert_faults(&p, GVA, rows[i].access, rows[i].error_code);
		}
}

static void reserved_bits_fault(void **state) {
	static const struct {
		uint64_t entry[4];
		uint64_t efer;
		uint8_t physical_bits;
		bool is_fault;
	} rows[] = {
	    {{0, 0, 0, 0}, NXE, 0, false},
	    {{1ull << 51, 0, 0, 0}, NXE, 48, true}, /* above MAXPHYADDR */
	    {{0, 1ull << 48, 0, 0}, NXE, 48, true},
	    {{0, 0, 0, 1ull << 40}, NXE, 40, true},
	    {{0, 0, 0, 1ull << 39}, NXE, 40, false},
	    {{0, 0, 0, 1ull << 51}, NXE, 52, false},
	    {{0, 0, 0, 1ull << 51}, NXE, 99, false},
	    {{PS, 0, 0, 0}, NXE, 0, true},              /* PML4 holds no leaf */
	    {{0, PS | 1ull << 29, 0, 0}, NXE, 0, true}, /* 1 GiB, not aligned */
	    {{0, PS | 1ull << 13, 0, 0}, NXE, 0, true},
	    {{0, 0, PS | 1ull << 20, 0}, NXE, 0, true}, /* 2 MiB, not aligned */
	    {{0, 0, PS | 1ull << 13, 0}, NXE, 0, true},
	    {{0, 0, 0, PS}, NXE, 0, false}, /* PAT there */
	    {{NX, 0, 0, 0}, NXE, 0, false},
	    {{NX, 0, 0, 0}, 0, 0, true}, /* without NXE it is reserved */
	    {{0, 0, 0, NX}, 0, 0, true},
	    {{1ull << 52, 1ull << 62, 1ull << 58, 1ull << 59}, NXE, 40, false}, /* ignored */
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest_paging p = long_mode;
		const uint64_t *e = rows[i].entry;

		fresh(state);
		/* Large leaves have no address bits of their own here. */
		lay_long_mode(e[0] | 0x2000 | PWU, e[1] | (e[1] & PS ? 0 : 0x3000) | PWU,
		              e[2] | (e[2] & PS ? 0 : 0x4000) | PWU, e[3] | 0x7000 | PWU);
		p.efer = LMA | rows[i].efer;
		p.physical_bits = rows[i].physical_bits;
		if (rows[i].is_fault)
			assert_faults(&p, GVA, GUEST_READ, 0x9);
		else
			assert_allowed(&p, GVA, GUEST_READ);
	}
}

static void pae_reserves_more(void **state) {
	static const struct {
		unsigned level; /* 2: PDPTE */
		uint64_t bits;
		bool is_fault;
	} rows[] = {
	    {2, W, true},          {2, U, true},    {2, PS, true},  {2, 0x20, true},
	    {2, 0x100, true},      {2, 0x8, false}, {2, NX, true},  {1, 1ull << 52, true},
	    {0, 1ull << 62, true}, {1, NX, false},  {0, NX, false}, {2, 1ull << 52, true},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest_paging p = {.cr0 = PG, .cr3 = 0x1000, .cr4 = PAE, .efer = NXE};
		uint64_t e[3] = {0x7000 | PWU, 0x3000 | PWU, 0x2000 | P};

		fresh(state);
		e[rows[i].level] |= rows[i].bits;
		put64(0x1000, 3, e[2]);
		put64(0x2000, 1, e[1]);
		put64(0x3000, 3, e[0]);
		if (rows[i].is_fault)
			assert_faults(&p, 0xc0203abc, GUEST_READ, 0x9);
		else
			assert_maps(&p, 0xc0203abc, 0x7abc, 0x1000);
	}
}

static void a_fetch_is_named_only_where_fetches_differ(void **state) {
	struct guest_paging p = {.cr0 = PG, .cr3 = 0x1000};

	(void)state;
	assert_faults(&p, 0, GUEST_FETCH, 0);
	p.cr4 = SMEP;
	assert_faults(&p, 0, GUEST_FETCH, GUEST_FAULT_FETCH);
	p.cr4 = 0;
	p.efer = NXE; /* without PAE there is no NX bit */
	assert_faults(&p, 0, GUEST_FETCH, 0);
	p.cr4 = PAE;
	assert_faults(&p, 0, GUEST_FETCH, GUEST_FAULT_FETCH);
	p.cpl = 3;
	assert_faults(&p, 0, GUEST_FETCH, GUEST_FAULT_FETCH | GUEST_FAULT_USER);
}

static void pcid_and_cache_bits_of_cr3_are_no_address(void **state) {
	struct guest_paging p = long_mode;

	(void)state;
	p.cr3 = 0x1fff;
	lay_long_mode(0x2000 | PWU, 0x3000 | PWU, 0x4000 | PWU, 0x7000 | PWU);
	assert_maps(&p, GVA, 0x7abc, 0x1000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(without_paging_addresses_are_physical, fresh),
	    cmocka_unit_test_setup(a_32_bit_walk_has_two_levels, fresh),
	    cmocka_unit_test_setup(a_4_mib_page_needs_pse_and_may_lie_above_4_gib, fresh),
	    cmocka_unit_test_setup(a_pae_walk_has_three_levels, fresh),
	    cmocka_unit_test_setup(a_4_level_walk_ends_at_any_leaf, fresh),
	    cmocka_unit_test_setup(a_5_level_walk_begins_one_higher, fresh),
	    cmocka_unit_test_setup(non_canonical_addresses_are_told_apart, fresh),
	    cmocka_unit_test_setup(a_table_outside_memory_is_named, fresh),
	    cmocka_unit_test_setup(an_entry_that_is_not_present_faults_at_every_level, fresh),
	    cmocka_unit_test_setup(rights_are_combined_over_the_levels, fresh),
	    cmocka_unit_test_setup(reserved_bits_fault, fresh),
	    cmocka_unit_test_setup(pae_reserves_more, fresh),
	    cmocka_unit_test_setup(a_fetch_is_named_only_where_fetches_differ, fresh),
	    cmocka_unit_test_setup(pcid_and_cache_bits_of_cr3_are_no_address, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
