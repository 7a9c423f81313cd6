/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Loading of PVH images that are built here, and their flaws. */
#include "loaders/pvh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "unit/parent/loaders/image_files.h"
#include "unit/parent/loaders/rig.h"

#define ENTRY (ELF_CODE_GPA + 0x40)

static enum err load(struct rig *r) { return pvh_load(&r->request, &r->layout, &r->memory, &r->state, &r->text); }

static uint8_t *make_pvh(bool is_64) {
	uint8_t *file = elf_file_make(is_64, is_64 ? 24 : 20);

	elf_file_add_pvh(file, ELF_NOTE_OFFSET, ENTRY, is_64 ? 8 : 4);
	return file;
}

static void the_entry_is_the_note_s_in_both_classes(void **state) {
	struct rig *r = *state;

	for (int is_64 = 0; is_64 < 2; is_64++) {
		rig_set_kernel(r, make_pvh(is_64), ELF_FILE_SIZE);
		assert_true(pvh_is(r->request.kernel.data, ELF_FILE_SIZE));
		assert_int_equal(load(r), ERR_NONE);
		assert_int_equal(r->state.rip, ENTRY);
		assert_int_equal(r->state.gpr[HV_RBX], LAYOUT_BOOT_INFO);
		assert_int_equal(r->state.cr0 & 0x80000001, 1);
		assert_int_equal(r->state.segment[HV_PAGE_CS].attributes, 0xc09b);
		assert_int_equal(r->state.tr.attributes, 0x8b);
		assert_int_equal(r->state.tr.limit, 0x67);
	}
}

static void the_note_is_found_behind_others_with_odd_sizes(void **state) {
	struct rig *r = *state;
	uint8_t *file = elf_file_make(true, 24 + 16 + 24);
	uint8_t *note = file + ELF_NOTE_OFFSET;

	store(note, 0, 4, 5); /* "Linux" takes 8 bytes, one byte of text takes 4 */
	store(note, 4, 4, 1);
	store(note, 8, 4, 18); /* the right type under another name */
	memcpy(note + 12, "Linu", 5);
	elf_file_add_pvh(file, ELF_NOTE_OFFSET + 24, ENTRY + 1, 4);
	store(note, 24 + 8, 4, 17); /* the right name with another type */
	elf_file_add_pvh(file, ELF_NOTE_OFFSET + 24 + 20, ENTRY, 4);
	rig_set_kernel(r, file, ELF_FILE_SIZE);
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(r->state.rip, ENTRY);
}

static void start_info_names_modules_map_rsdp_and_command_line(void **state) {
	struct rig *r = *state;
	uint64_t list, map;

	rig_set_kernel(r, make_pvh(true), ELF_FILE_SIZE);
	rig_add_module(r, "initrd", "abc", 3);
	r->request.cmdline = "root=/dev/sda";
	r->request.rsdp = LAYOUT_RSDP;
	assert_int_equal(load(r), ERR_NONE);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO), 0x336ec578);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 4), 1);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 8), 0);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 12), 1);
	list = rig_u64(r, LAYOUT_BOOT_INFO + 16);
	assert_int_equal(rig_u64(r, list), 0x201000);
	assert_int_equal(rig_u64(r, list + 8), 3);
	assert_memory_equal(r->ram + 0x201000, "abc", 3);
	assert_string_equal(r->ram + rig_u64(r, LAYOUT_BOOT_INFO + 24), "root=/dev/sda");
	assert_int_equal(rig_u64(r, LAYOUT_BOOT_INFO + 32), LAYOUT_RSDP);
	map = rig_u64(r, LAYOUT_BOOT_INFO + 40);
	assert_int_equal(rig_u32(r, LAYOUT_BOOT_INFO + 48), r->layout.range_count);
	for (unsigned i = 0; i < r->layout.range_count; i++) {
		assert_int_equal(rig_u64(r, map + 24 * i), r->layout.range[i].gpa);
		assert_int_equal(rig_u64(r, map + 24 * i + 8), r->layout.range[i].size);
		assert_int_equal(rig_u32(r, map + 24 * i + 16), r->layout.range[i].type);
	}
}

static void an_elf_file_without_the_note_is_refused(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_pvh(true);

	store(file, ELF_NOTE_OFFSET + 8, 4, 17);
	rig_set_kernel(r, file, ELF_FILE_SIZE);
	assert_false(pvh_is(file, ELF_FILE_SIZE));
	rig_assert_refused(r, load(r), ERR_FORMAT, "no PVH entry");
}

static void a_note_that_overruns_its_segment_is_no_note(void **state) {
	static const uint64_t sizes[][2] = {{4, 9}, {4, 0xffffffff}, {0xffffffff, 8}, {0xfffffffd, 0xfffffffd}, {4, 2}};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *file = make_pvh(true);

		store(file, ELF_NOTE_OFFSET, 4, sizes[i][0]);
		store(file, ELF_NOTE_OFFSET + 4, 4, sizes[i][1]);
		rig_set_kernel(r, file, ELF_FILE_SIZE);
		rig_assert_refused(r, load(r), ERR_FORMAT, "no PVH entry");
	}
	/* Its last four bytes lie in the file, but behind the segment. */
	elf_file_add_pvh(elf_file_make(true, 20), ELF_NOTE_OFFSET, ENTRY, 8);
	rig_assert_refused(r, load(r), ERR_FORMAT, "no PVH entry");
}

static void an_entry_outside_the_kernel_is_refused(void **state) {
	struct rig *r = *state;
	uint8_t *file = make_pvh(true);

	store(file, ELF_NOTE_OFFSET + 16, 8, 0x1000000000100000ull);
	rig_set_kernel(r, file, ELF_FILE_SIZE);
	rig_assert_refused(r, load(r), ERR_FORMAT, "entry 0x1000000000100000 lies outside");
}

static void a_command_line_of_more_than_a_page_is_refused(void **state) {
	struct rig *r = *state;
	char line[LAYOUT_COMMAND_LINE_SIZE + 1];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	rig_set_kernel(r, make_pvh(false), ELF_FILE_SIZE);
	r->request.cmdline = line;
	rig_assert_refused(r, load(r), ERR_RANGE, "has 4096 bytes; up to 4095");
	r->request.cmdline = line + 1;
	assert_int_equal(load(r), ERR_NONE);
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    rig_test(the_entry_is_the_note_s_in_both_classes),
	    rig_test(the_note_is_found_behind_others_with_odd_sizes),
	    rig_test(start_info_names_modules_map_rsdp_and_command_line),
	    rig_test(an_elf_file_without_the_note_is_refused),
	    rig_test(a_note_that_overruns_its_segment_is_no_note),
	    rig_test(an_entry_outside_the_kernel_is_refused),
	    rig_test(a_command_line_of_more_than_a_page_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
