/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Loading of bzImages that are built here, field by field, and their flaws. */
#include "loaders/bzimage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "unit/parent/loaders/image_files.h"
#include "unit/parent/loaders/rig.h"

#define FILE_SIZE    BZIMAGE_FILE_SIZE
#define CODE_OFFSET  BZIMAGE_CODE_OFFSET
#define CODE_SIZE    BZIMAGE_CODE_SIZE
#define PREF_ADDRESS 0x1000000u
#define INIT_SIZE    0x200000u

static uint8_t *make_kernel(void) { return bzimage_file_make(PREF_ADDRESS, INIT_SIZE); }

static enum err load(struct rig *r) { return bzimage_load(&r->request, &r->layout, &r->memory, &r->state, &r->text); }

static void a_kernel_is_copied_to_its_preferred_address(void **state) {
	struct rig *r = *state;
	const uint8_t *file = make_kernel();

	rig_set_kernel(r, file, FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_memory_equal(r->ram + PREF_ADDRESS, file + CODE_OFFSET, CODE_SIZE);
	assert_int_equal(r->state.rip, PREF_ADDRESS + 0x200);
	assert_int_equal(r->state.gpr[HV_RSI], LAYOUT_BOOT_INFO);
}

static void the_first_vp_starts_in_64_bit_mode_with_interrupts_off(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->state.cr0 & 0x80000001, 0x80000001);
	assert_int_equal(r->state.cr4, 0x20);
	assert_int_equal(r->state.efer, 0x500);
	assert_int_equal(r->state.rflags, 2);
	assert_int_equal(r->state.segment[HV_PAGE_CS].selector, 0x10);
	assert_int_equal(r->state.segment[HV_PAGE_CS].attributes, 0xa09b);
	assert_int_equal(r->state.segment[HV_PAGE_SS].selector, 0x18);
	assert_int_equal(r->state.segment[HV_PAGE_DS].attributes, 0xc093);
	assert_int_equal(r->state.tr.attributes, 0x8b);
}

static void the_gdt_holds_what_the_selectors_name(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->state.gdtr.base, LAYOUT_GDT);
	assert_int_equal(r->state.gdtr.limit, 31);
	assert_int_equal(rig_u64(r, LAYOUT_GDT), 0);
	assert_int_equal(rig_u64(r, LAYOUT_GDT + 0x08), 0x00cf9b000000ffff);
	assert_int_equal(rig_u64(r, LAYOUT_GDT + 0x10), 0x00af9b000000ffff);
	assert_int_equal(rig_u64(r, LAYOUT_GDT + 0x18), 0x00cf93000000ffff);
}

/* Walks the tables as the processor does, down to a 2 MiB leaf. */
static uint64_t translate(const struct rig *r, uint64_t address) {
	uint64_t table = r->state.cr3;

	for (unsigned level = 4; level > 1; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		uint64_t entry = rig_u64(r, table + (address >> shift & 511) * 8);

		assert_int_equal(entry & 3, 3);
		if (level == 2) {
			assert_true(entry & 0x80);
			return (entry & ~0x1fffffull) | (address & 0x1fffff);
		}
		table = entry & ~0xfffull;
	}
	return ~0ull;
}

static void the_first_4_gib_are_mapped_to_themselves(void **state) {
	static const uint64_t addresses[] = {0, 0x2000, 0x1000200, 0x3fffffff, 0x40000000, 0xfee00010, 0xffffffff};
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		assert_int_equal(translate(r, addresses[i]), addresses[i]);
	assert_int_equal(rig_u64(r, r->state.cr3 + 8), 0); /* and no more */
}

static void the_zero_page_holds_the_header_and_what_the_loader_says(void **state) {
	struct rig *r = *state;
	const uint8_t *file = make_kernel();
	const uint8_t *zero = r->ram + LAYOUT_BOOT_INFO;

	rig_set_kernel(r, file, FILE_SIZE);
	r->request.cmdline = "console=ttyS0 quiet";
	r->request.rsdp = LAYOUT_RSDP;
	assert_int_equal(load(r), ERR_NONE);
	assert_memory_equal(zero + 0x202, file + 0x202, 0x210 - 0x202);
	assert_memory_equal(zero + 0x22c, file + 0x22c, 0x250 - 0x22c);
	assert_memory_equal(zero + 0x258, file + 0x258, 0x26c - 0x258);
	assert_int_equal(zero[0x210], 0xff);
	assert_int_equal(zero[0x211], file[0x211]);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x218), 0);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x21c), 0);
	assert_int_equal(rig_u64(r, LAYOUT_BOOT_INFO + 0x250), 0);
	assert_int_equal(rig_u64(r, LAYOUT_BOOT_INFO + 0x70), LAYOUT_RSDP);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x228), LAYOUT_COMMAND_LINE);
	assert_string_equal(r->ram + LAYOUT_COMMAND_LINE, "console=ttyS0 quiet");
}

static void a_random_seed_reaches_the_kernel_as_setup_data(void **state) {
	struct rig *r = *state;
	uint8_t seed[BOOT_SEED_SIZE];

	memset(seed, 0x5a, sizeof(seed));
	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	r->request.seed = seed;
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u64(r, LAYOUT_BOOT_INFO + 0x250), LAYOUT_SETUP_DATA);
	assert_int_equal(rig_u64(r, LAYOUT_SETUP_DATA), 0);
	assert_int_equal(rig_u32(r, LAYOUT_SETUP_DATA + 8), 9);
	assert_int_equal(rig_u32(r, LAYOUT_SETUP_DATA + 12), sizeof(seed));
	assert_memory_equal(r->ram + LAYOUT_SETUP_DATA + 16, seed, sizeof(seed));
}

static void the_e820_map_is_the_layout_s(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->ram[LAYOUT_BOOT_INFO + 0x1e8], r->layout.range_count);
	for (unsigned i = 0; i < r->layout.range_count; i++) {
		uint64_t entry = LAYOUT_BOOT_INFO + 0x2d0 + 20 * i;

		assert_int_equal(rig_u64(r, entry), r->layout.range[i].gpa);
		assert_int_equal(rig_u64(r, entry + 8), r->layout.range[i].size);
		assert_int_equal(rig_u32(r, entry + 16), r->layout.range[i].type);
	}
}

static void an_initrd_lies_page_aligned_at_the_top_of_memory(void **state) {
	struct rig *r = *state;
	uint8_t initrd[5000];

	memset(initrd, 0xe1, sizeof(initrd));
	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	rig_add_module(r, "initrd", initrd, sizeof(initrd));
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x218), RIG_MEMORY - 0x2000);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x21c), sizeof(initrd));
	assert_memory_equal(r->ram + RIG_MEMORY - 0x2000, initrd, sizeof(initrd));
}

static void an_initrd_stays_below_the_kernel_s_limit_and_clear_of_the_kernel(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_kernel();
	uint8_t initrd[5000] = {1};

	store(file, 0x22c, 4, PREF_ADDRESS + INIT_SIZE + 0xfff); /* too little room above */
	rig_set_kernel(r, file, FILE_SIZE);
	rig_add_module(r, "initrd", initrd, sizeof(initrd));
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x218), PREF_ADDRESS - 0x2000);
	assert_int_equal(r->ram[PREF_ADDRESS - 0x2000], 1);
	assert_memory_equal(r->ram + PREF_ADDRESS, file + CODE_OFFSET, CODE_SIZE);
}

static void an_empty_initrd_counts_as_none(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	rig_add_module(r, "initrd", "", 0);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 0x218), 0);
}

static void a_relocatable_kernel_goes_lower_where_its_preferred_address_is_no_ram(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_kernel();

	store(file, 0x258, 8, RIG_MEMORY - 0x100000);
	rig_set_kernel(r, file, FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->state.rip, 0x200000 + 0x200);
	assert_memory_equal(r->ram + 0x200000, file + CODE_OFFSET, CODE_SIZE);
}

/* One field made wrong; what the error must be and say. */
struct flaw {
	size_t offset;
	unsigned width;
	uint64_t value;
	enum err error;
	const char *words;
};

static void every_flawed_header_is_refused_and_named(void **state) {
	static const struct flaw flaws[] = {
	    {0x1fe, 2, 0x55aa, ERR_FORMAT, "not a Linux bzImage"},
	    {0x202, 4, 0x53726449, ERR_FORMAT, "not a Linux bzImage"},
	    {0x206, 2, 0x020b, ERR_UNSUPPORTED, "boot protocol 2.11"},
	    {0x211, 1, 0x00, ERR_UNSUPPORTED, "zImage"},
	    {0x236, 2, 0x7e, ERR_UNSUPPORTED, "no 64-bit entry (xloadflags 0x007e)"},
	    {0x201, 1, 0x65, ERR_FORMAT, "ends at 0x267"},
	    {0x201, 1, 0x8f, ERR_FORMAT, "ends at 0x291"},
	    {0x1f1, 1, 40, ERR_FORMAT, "cut short"},
	    {0x1f1, 1, 0, ERR_FORMAT, "cut short"}, /* 0 means 4: 2 KiB less code */
	    {0x1f4, 4, CODE_SIZE / 16 + 1, ERR_FORMAT, "cut short"},
	    {0x1f4, 4, 0xffffffff, ERR_FORMAT, "cut short"},
	    {0x260, 4, CODE_SIZE - 1, ERR_FORMAT, "init_size 0x3fff"},
	    {0x230, 4, 0, ERR_FORMAT, "alignment 0x0"},
	    {0x230, 4, 0x300000, ERR_FORMAT, "alignment 0x300000"},
	    {0x230, 4, 0x80000000, ERR_FORMAT, "alignment 0x80000000"},
	    {0x260, 4, 0xf0000000, ERR_RANGE, "needs 3932160 KiB at 0x1000000"},
	    {0x260, 4, RIG_MEMORY, ERR_RANGE, "32 MiB below 4 GiB"},
	    {0x238, 4, 3, ERR_RANGE, "has 4 bytes; this kernel takes up to 3"},
	};
	struct rig *r = *state;

	r->request.cmdline = "four";
	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		uint8_t *file = make_kernel();

		store(file, flaws[i].offset, flaws[i].width, flaws[i].value);
		rig_set_kernel(r, file, FILE_SIZE);
		rig_assert_refused(r, load(r), flaws[i].error, flaws[i].words);
	}
}

static void a_fixed_kernel_is_refused_where_its_address_is_no_ram(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_kernel();

	store(file, 0x234, 1, 0);
	store(file, 0x258, 8, 0xfffffffffffff000ull);
	rig_set_kernel(r, file, FILE_SIZE);
	rig_assert_refused(r, load(r), ERR_RANGE, "at 0xfffffffffffff000");
	store(file, 0x258, 8, 0x9000); /* below 1 MiB are the loader's own tables */
	rig_assert_refused(r, load(r), ERR_RANGE, "at 0x9000");
}

static void a_kernel_cut_at_any_byte_is_refused(void **state) {
	struct rig *r = *state;
	const uint8_t *file = make_kernel();

	for (uint64_t size = 0; size < FILE_SIZE; size += size < 0x300 ? 1 : 509) {
		uint8_t *cut = malloc(size > 0 ? size : 1); /* exact, so that ASan sees overreads */

		assert_non_null(cut);
		memcpy(cut, file, size);
		rig_set_kernel(r, cut, size);
		assert_int_equal(load(r), ERR_FORMAT);
		free(cut);
	}
	rig_assert_untouched(r);
}

static void an_initrd_that_does_not_fit_is_refused(void **state) {
	struct rig *r = *state;
	uint8_t byte = 0;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	rig_add_module(r, "initrd", &byte, PREF_ADDRESS); /* refused before it is read */
	rig_assert_refused(r, load(r), ERR_RANGE, "the initrd has 16384 KiB");
	r->request.module[0].size = UINT64_MAX;
	rig_assert_refused(r, load(r), ERR_RANGE, "the initrd has");
}

static void modules_beside_the_initrd_are_refused(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	rig_add_module(r, "initrd", "a", 1);
	rig_add_module(r, "more", "b", 1);
	rig_assert_refused(r, load(r), ERR_UNSUPPORTED, "2 files");
}

static void memory_that_does_not_match_the_layout_is_refused(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_kernel(), FILE_SIZE);
	r->memory.count = 1;
	rig_assert_refused(r, load(r), ERR_RANGE, "does not match");
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    rig_test(a_kernel_is_copied_to_its_preferred_address),
	    rig_test(the_first_vp_starts_in_64_bit_mode_with_interrupts_off),
	    rig_test(the_gdt_holds_what_the_selectors_name),
	    rig_test(the_first_4_gib_are_mapped_to_themselves),
	    rig_test(the_zero_page_holds_the_header_and_what_the_loader_says),
	    rig_test(a_random_seed_reaches_the_kernel_as_setup_data),
	    rig_test(the_e820_map_is_the_layout_s),
	    rig_test(an_initrd_lies_page_aligned_at_the_top_of_memory),
	    rig_test(an_initrd_stays_below_the_kernel_s_limit_and_clear_of_the_kernel),
	    rig_test(an_empty_initrd_counts_as_none),
	    rig_test(a_relocatable_kernel_goes_lower_where_its_preferred_address_is_no_ram),
	    rig_test(every_flawed_header_is_refused_and_named),
	    rig_test(a_fixed_kernel_is_refused_where_its_address_is_no_ram),
	    rig_test(a_kernel_cut_at_any_byte_is_refused),
	    rig_test(an_initrd_that_does_not_fit_is_refused),
	    rig_test(modules_beside_the_initrd_are_refused),
	    rig_test(memory_that_does_not_match_the_layout_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
