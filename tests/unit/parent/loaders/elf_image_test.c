/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reading of ELF headers of both classes, field by field. */
#include "loaders/elf_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "unit/parent/loaders/image_files.h"
#include "unit/parent/loaders/rig.h"

static struct elf_image image;
static struct err_text text;

static void segments_and_notes_are_read_in_both_classes(void **state) {
	(void)state;
	for (int is_64 = 0; is_64 < 2; is_64++) {
		const struct load_segment *s = image.plan.segment;

		assert_int_equal(elf_image_parse(elf_file_make(is_64, 20), ELF_FILE_SIZE, &image, &text), ERR_NONE);
		assert_int_equal(image.is_64, is_64);
		assert_int_equal(image.plan.segment_count, 2);
		assert_int_equal(s[0].gpa, ELF_CODE_GPA);
		assert_int_equal(s[0].file_offset, ELF_CODE_OFFSET);
		assert_int_equal(s[0].file_size, ELF_CODE_SIZE);
		assert_int_equal(s[0].memory_size, ELF_CODE_MEMORY);
		assert_int_equal(s[1].gpa, ELF_DATA_GPA);
		assert_int_equal(image.notes_count, 1);
		assert_int_equal(image.notes[0].offset, ELF_NOTE_OFFSET);
		assert_int_equal(image.notes[0].size, 20);
	}
}

static void a_virtual_entry_becomes_physical_by_its_executable_segment(void **state) {
	uint8_t *file = elf_file_make(false, 0);

	(void)state;
	assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_NONE);
	assert_int_equal(image.plan.entry, ELF_CODE_GPA + 0x20);
	store(file, elf_file_field(false, 0, FIELD_FLAGS), 4, 4); /* no longer executable */
	assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_NONE);
	assert_int_equal(image.plan.entry, ELF_CODE_VADDR + 0x20);
}

struct flaw {
	bool is_64;
	size_t offset;
	unsigned width;
	uint64_t value;
	const char *words;
};

static void every_flawed_header_is_refused_and_named(void **state) {
	static const struct flaw flaws[] = {
	    {false, 0, 4, 0x464c457e, "not an ELF file"},
	    {false, 4, 1, 3, "class 3"},
	    {false, 5, 1, 2, "byte order 2"},
	    {false, 16, 2, 1, "type 1"},
	    {true, 18, 2, 183, "machine 183"},
	    {false, 44, 2, 0, "0 program headers"},
	    {true, 56, 2, 65, "65 program headers"},
	    {false, 42, 2, 31, "of 31 bytes"},
	    {true, 54, 2, 55, "of 55 bytes"},
	    {false, 28, 4, ELF_FILE_SIZE - 95, "cut short"},
	    {false, 28, 4, 0xffffffff, "cut short"},
	    {true, 32, 8, UINT64_MAX, "cut short"},
	    {true, 54, 2, 0xffff, "cut short"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		uint8_t *file = elf_file_make(flaws[i].is_64, 0);

		store(file, flaws[i].offset, flaws[i].width, flaws[i].value);
		assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_FORMAT);
		if (strstr(text.text, flaws[i].words) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", text.text, flaws[i].words);
	}
}

static void notes_outside_the_file_are_refused(void **state) {
	(void)state;
	for (int is_64 = 0; is_64 < 2; is_64++) {
		uint8_t *file = elf_file_make(is_64, ELF_FILE_SIZE - ELF_NOTE_OFFSET + 1);

		assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_FORMAT);
		assert_non_null(strstr(text.text, "notes at 0x2f00"));
	}
}

static void a_file_with_nothing_to_load_is_refused(void **state) {
	uint8_t *file = elf_file_make(false, 0);

	(void)state;
	store(file, elf_file_field(false, 0, FIELD_TYPE), 4, 2);
	store(file, elf_file_field(false, 1, FIELD_FILE_SIZE), 4, 0);
	store(file, elf_file_field(false, 1, FIELD_MEMORY_SIZE), 4, 0);
	assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "nothing to load"));
}

static void more_segments_than_we_hold_are_refused(void **state) {
	uint8_t *file = elf_file_make(false, 0);
	size_t first = elf_file_field(false, 0, FIELD_TYPE);

	(void)state;
	for (unsigned i = 1; i <= LOAD_SEGMENTS_MAX; i++)
		memcpy(file + elf_file_field(false, i, FIELD_TYPE), file + first, 32);
	store(file, 44, 2, LOAD_SEGMENTS_MAX);
	assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_NONE);
	store(file, 44, 2, LOAD_SEGMENTS_MAX + 1);
	assert_int_equal(elf_image_parse(file, ELF_FILE_SIZE, &image, &text), ERR_UNSUPPORTED);
}

static void a_file_cut_inside_its_headers_is_refused(void **state) {
	(void)state;
	for (int is_64 = 0; is_64 < 2; is_64++) {
		size_t whole = elf_file_field(is_64, 3, FIELD_TYPE);

		for (size_t size = 0; size < whole; size++) {
			uint8_t *cut = malloc(size > 0 ? size : 1);

			assert_non_null(cut);
			memcpy(cut, elf_file_make(is_64, 0), size);
			assert_int_equal(elf_image_parse(cut, size, &image, &text), ERR_FORMAT);
			free(cut);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(segments_and_notes_are_read_in_both_classes),
	    cmocka_unit_test(a_virtual_entry_becomes_physical_by_its_executable_segment),
	    cmocka_unit_test(every_flawed_header_is_refused_and_named),
	    cmocka_unit_test(notes_outside_the_file_are_refused),
	    cmocka_unit_test(a_file_with_nothing_to_load_is_refused),
	    cmocka_unit_test(more_segments_than_we_hold_are_refused),
	    cmocka_unit_test(a_file_cut_inside_its_headers_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
