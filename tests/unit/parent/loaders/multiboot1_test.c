/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Loading of Multiboot images that are built here, and their flaws. */
#include "loaders/multiboot1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "unit/parent/loaders/image_files.h"
#include "unit/parent/loaders/rig.h"

static enum err load(struct rig *r) {
	return multiboot1_load(&r->request, &r->layout, &r->memory, &r->state, &r->text);
}

static uint8_t *make_elf(bool is_64) {
	uint8_t *file = elf_file_make(is_64, 0);

	elf_file_add_multiboot(file, 3);
	return file;
}

static void assert_elf_is_loaded(bool is_64, struct rig *r) {
	uint8_t *file = make_elf(is_64);

	memset(r->ram + ELF_CODE_GPA, 0xcc, ELF_CODE_MEMORY);
	rig_set_kernel(r, file, ELF_FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_memory_equal(r->ram + ELF_CODE_GPA, file + ELF_CODE_OFFSET, ELF_CODE_SIZE);
	assert_memory_equal(r->ram + ELF_DATA_GPA, file + ELF_DATA_OFFSET, ELF_DATA_SIZE);
	for (size_t i = ELF_CODE_SIZE; i < ELF_CODE_MEMORY; i++)
		assert_int_equal(r->ram[ELF_CODE_GPA + i], 0);
	assert_int_equal(r->state.rip, ELF_CODE_GPA + 0x20);
}

static void an_elf32_image_is_loaded_and_its_bss_zeroed(void **state) { assert_elf_is_loaded(false, *state); }

static void an_elf64_image_is_loaded_and_its_bss_zeroed(void **state) { assert_elf_is_loaded(true, *state); }

static void the_first_vp_starts_in_flat_32_bit_mode(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_elf(false), ELF_FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->state.gpr[HV_RAX], 0x2badb002);
	assert_int_equal(r->state.gpr[HV_RBX], LAYOUT_BOOT_INFO);
	assert_int_equal(r->state.cr0 & 0x80000001, 1);
	assert_int_equal(r->state.cr4, 0);
	assert_int_equal(r->state.efer, 0);
	assert_int_equal(r->state.rflags, 2);
	assert_int_equal(r->state.segment[HV_PAGE_CS].attributes, 0xc09b);
	for (unsigned i = 0; i < HV_PAGE_SEGMENT_COUNT; i++) {
		assert_int_equal(r->state.segment[i].base, 0);
		assert_int_equal(r->state.segment[i].limit, 0xffffffff);
	}
}

static void the_information_names_memory_and_command_line(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, make_elf(false), ELF_FILE_SIZE);
	r->request.cmdline = "-x 5";
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO), 0x24d);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 4), 636);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 8), (RIG_MEMORY >> 10) - 1024);
	assert_string_equal(r->ram + rig_u32(r, LAYOUT_BOOT_INFO + 16), "image -x 5");
	assert_string_equal(r->ram + rig_u32(r, LAYOUT_BOOT_INFO + 64), "Bulkhead");
}

static void the_memory_map_is_the_layout_s(void **state) {
	struct rig *r = *state;
	uint32_t entry, end;
	unsigned i = 0;

	rig_set_kernel(r, make_elf(false), ELF_FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	entry = rig_u32(r, LAYOUT_BOOT_INFO + 48);
	end = entry + rig_u32(r, LAYOUT_BOOT_INFO + 44);
	for (; entry < end; entry += 4 + rig_u32(r, entry), i++) {
		assert_int_equal(rig_u32(r, entry), 20);
		assert_int_equal(rig_u64(r, entry + 4), r->layout.range[i].gpa);
		assert_int_equal(rig_u64(r, entry + 12), r->layout.range[i].size);
		assert_int_equal(rig_u32(r, entry + 20), r->layout.range[i].type);
	}
	assert_int_equal(i, r->layout.range_count);
}

static void modules_follow_the_kernel_on_page_boundaries_with_their_names(void **state) {
	struct rig *r = *state;
	uint8_t first[4097], second[10];
	uint32_t mods;

	memset(first, 0xa1, sizeof(first));
	memset(second, 0xa2, sizeof(second));
	rig_set_kernel(r, make_elf(false), ELF_FILE_SIZE);
	rig_add_module(r, "initrd", first, sizeof(first));
	rig_add_module(r, "dir/second", second, sizeof(second));
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 20), 2);
	mods = rig_u32(r, LAYOUT_BOOT_INFO + 24);
	assert_int_equal(rig_u32(r, mods), 0x201000);
	assert_int_equal(rig_u32(r, mods + 4), 0x201000 + sizeof(first));
	assert_string_equal(r->ram + rig_u32(r, mods + 8), "initrd");
	assert_int_equal(rig_u32(r, mods + 16), 0x203000);
	assert_int_equal(rig_u32(r, mods + 20), 0x203000 + sizeof(second));
	assert_string_equal(r->ram + rig_u32(r, mods + 24), "dir/second");
	assert_memory_equal(r->ram + 0x201000, first, sizeof(first));
	assert_memory_equal(r->ram + 0x203000, second, sizeof(second));
}

/* A file without ELF, whose header at 0x40 says where it goes. */
#define RAW_SIZE 0x1200u
static uint8_t *make_raw(uint32_t load_addr, uint32_t load_end, uint32_t bss_end, uint32_t entry) {
	static uint8_t file[RAW_SIZE];

	for (size_t i = 0; i < RAW_SIZE; i++)
		file[i] = (uint8_t)(i * 13 + 5);
	store(file, 0x40, 4, 0x1badb002);
	store(file, 0x44, 4, 0x10000);
	store(file, 0x48, 4, 0u - (0x1badb002u + 0x10000u));
	store(file, 0x4c, 4, 0x100040); /* header_addr */
	store(file, 0x50, 4, load_addr);
	store(file, 0x54, 4, load_end);
	store(file, 0x58, 4, bss_end);
	store(file, 0x5c, 4, entry);
	return file;
}

static void address_fields_place_a_file_that_is_no_elf(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_raw(0x100010, 0x100810, 0x101000, 0x100100);

	memset(r->ram + 0x100000, 0xcc, 0x2000);
	rig_set_kernel(r, file, RAW_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_memory_equal(r->ram + 0x100010, file + 0x10, 0x800);
	for (uint64_t gpa = 0x100810; gpa < 0x101000; gpa++)
		assert_int_equal(r->ram[gpa], 0);
	assert_int_equal(r->ram[0x10000f], 0xcc);
	assert_int_equal(r->ram[0x101000], 0xcc);
	assert_int_equal(r->state.rip, 0x100100);
}

static void address_fields_of_zero_mean_the_whole_file_and_no_bss(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_raw(0x100000, 0, 0, 0x100100);

	rig_set_kernel(r, file, RAW_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_memory_equal(r->ram + 0x100000, file, RAW_SIZE);
}

struct raw_flaw {
	uint32_t load_addr, load_end, bss_end, entry;
	enum err error;
	const char *words;
};

static void flawed_address_fields_are_refused(void **state) {
	static const struct raw_flaw flaws[] = {
	    {0x100041, 0, 0, 0x100100, ERR_FORMAT, "cannot be loaded at 0x100040"},
	    {0x0fff00, 0, 0, 0x100100, ERR_FORMAT, "cannot be loaded at 0x100040"},
	    {0x100000, 0xfffff, 0, 0x100100, ERR_FORMAT, "load_end_addr 0xfffff"},
	    {0x100000, 0x101201, 0, 0x100100, ERR_FORMAT, "cut short"},
	    {0x100000, 0x100800, 0x1007ff, 0x100100, ERR_FORMAT, "bss_end_addr 0x1007ff"},
	    {0x100000, 0x100800, 0xf0000000, 0x100100, ERR_RANGE, "not free RAM"},
	    {0x100000, 0x100800, 0, 0x100800, ERR_FORMAT, "entry 0x100800 lies outside"},
	    {0x100000, 0x100800, 0, 0xfffff, ERR_FORMAT, "entry 0xfffff lies outside"},
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		const struct raw_flaw *f = &flaws[i];

		rig_set_kernel(r, make_raw(f->load_addr, f->load_end, f->bss_end, f->entry), RAW_SIZE);
		rig_assert_refused(r, load(r), f->error, f->words);
	}
}

static void address_fields_at_the_end_of_the_file_are_refused(void **state) {
	struct rig *r = *state;
	uint8_t *cut = malloc(0x5f);

	assert_non_null(cut);
	memcpy(cut, make_raw(0x100000, 0, 0, 0x100000), 0x5f);
	rig_set_kernel(r, cut, 0x5f);
	rig_assert_refused(r, load(r), ERR_FORMAT, "cut off at offset 0x40");
	free(cut);
}

static void required_flags_that_we_do_not_know_are_refused(void **state) {
	struct rig *r = *state;

	for (uint32_t bit = 0; bit < 16; bit++) {
		uint8_t *file = elf_file_make(false, 0);

		elf_file_add_multiboot(file, 1u << bit);
		rig_set_kernel(r, file, ELF_FILE_SIZE);
		if (bit <= 2)
			continue; /* page alignment, memory information, video mode: taken */
		rig_assert_refused(r, load(r), ERR_UNSUPPORTED, "requires flags 0x");
	}
	elf_file_add_multiboot(elf_file_make(false, 0), 0xfffe0007); /* optional ones */
	assert_int_equal(load(r), ERR_NONE);
}

static void a_header_is_found_only_aligned_in_the_first_8_kib_with_its_checksum(void **state) {
	uint8_t *file = calloc(1, 0x3000);

	(void)state;
	assert_non_null(file);
	for (size_t offset = 8192 - 16; offset <= 8192; offset++) {
		memset(file, 0, 0x3000);
		store(file, offset, 4, 0x1badb002);
		store(file, offset + 8, 4, 0u - 0x1badb002u);
		assert_int_equal(multiboot1_is(file, 0x3000), offset == 8192 - 16 || offset == 8192 - 12);
		store(file, offset + 8, 4, 0u - 0x1badb001u);
		assert_false(multiboot1_is(file, 0x3000));
	}
	free(file);
}

static void a_segment_outside_free_ram_is_refused(void **state) {
	static const uint64_t places[] = {
	    0, 0x1000, 0x3fff, 0x9e000, 0xa0000, 0xe0000, 0xff000, RIG_MEMORY - 0x4fff, RIG_MEMORY, 0xfffffff0};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t *file = make_elf(false);

		store(file, elf_file_field(false, 0, FIELD_PADDR), 4, places[i]);
		rig_set_kernel(r, file, ELF_FILE_SIZE);
		rig_assert_refused(r, load(r), ERR_RANGE, "not free RAM");
	}
}

static void an_image_may_use_low_memory_above_the_loader_s_pages(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_elf(false);

	store(file, elf_file_field(false, 0, FIELD_PADDR), 4, 0x4000);
	rig_set_kernel(r, file, ELF_FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->state.rip, 0x4020);
}

static void a_module_or_command_line_that_does_not_fit_is_refused(void **state) {
	struct rig *r = *state;
	char line[LAYOUT_COMMAND_LINE_SIZE];

	rig_set_kernel(r, make_elf(false), ELF_FILE_SIZE);
	rig_add_module(r, "initrd", "", RIG_MEMORY);
	rig_assert_refused(r, load(r), ERR_RANGE, "module 0 has 32768 KiB");
	r->request.module_count = 0;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - sizeof("image ") + 1] = '\0'; /* one byte too many with the name */
	r->request.cmdline = line;
	rig_assert_refused(r, load(r), ERR_RANGE, "the command line has 4096 bytes");
	line[sizeof(line) - sizeof("image ")] = '\0';
	assert_int_equal(load(r), ERR_NONE);
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    rig_test(an_elf32_image_is_loaded_and_its_bss_zeroed),
	    rig_test(an_elf64_image_is_loaded_and_its_bss_zeroed),
	    rig_test(the_first_vp_starts_in_flat_32_bit_mode),
	    rig_test(the_information_names_memory_and_command_line),
	    rig_test(the_memory_map_is_the_layout_s),
	    rig_test(modules_follow_the_kernel_on_page_boundaries_with_their_names),
	    rig_test(address_fields_place_a_file_that_is_no_elf),
	    rig_test(address_fields_of_zero_mean_the_whole_file_and_no_bss),
	    rig_test(flawed_address_fields_are_refused),
	    rig_test(address_fields_at_the_end_of_the_file_are_refused),
	    rig_test(required_flags_that_we_do_not_know_are_refused),
	    rig_test(a_header_is_found_only_aligned_in_the_first_8_kib_with_its_checksum),
	    rig_test(a_segment_outside_free_ram_is_refused),
	    rig_test(an_image_may_use_low_memory_above_the_loader_s_pages),
	    rig_test(a_module_or_command_line_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
