/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A sound executable, and a row for every byte that may be wrong in one. */
#include "loader/elf_parse.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fault.h"

#define BASE 0xffffffff80000000ull

/* A file of two segments, code with the entry and data with bss. */
struct file {
	Elf64_Ehdr header;
	Elf64_Phdr program[10];
	char contents[512];
};

static struct file good_file(void) {
	struct file f = {.header = {
	                     .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
	                     .e_type = ET_EXEC,
	                     .e_machine = EM_X86_64,
	                     .e_version = 1,
	                     .e_entry = BASE + 0x10,
	                     .e_phoff = sizeof(Elf64_Ehdr),
	                     .e_phentsize = sizeof(Elf64_Phdr),
	                     .e_phnum = 3,
	                 }};

	f.program[0] = (Elf64_Phdr){.p_type = PT_LOAD,
	                            .p_flags = PF_R | PF_X,
	                            .p_offset = offsetof(struct file, contents),
	                            .p_vaddr = BASE,
	                            .p_filesz = 256,
	                            .p_memsz = 512};
	f.program[1] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = ~0ull, .p_filesz = ~0ull};
	f.program[2] = (Elf64_Phdr){.p_type = PT_LOAD,
	                            .p_flags = PF_R | PF_W,
	                            .p_offset = offsetof(struct file, contents) + 256,
	                            .p_vaddr = BASE + 0x1000,
	                            .p_filesz = 256,
	                            .p_memsz = 0x3000};
	return f;
}

static struct elf_image image;
static uint64_t seen;

/* On the heap, so that the sanitizer sees every read behind the end. */
static const char *parse(const struct file *f, size_t size) {
	void *copy = malloc(size > 0 ? size : 1);
	const char *fault;

	assert_non_null(copy);
	memcpy(copy, f, size);
	fault = elf_parse(copy, size, &image, &seen);
	free(copy);
	return fault;
}

static void a_sound_executable_is_described(void **state) {
	struct file f = good_file();

	(void)state;
	assert_sound(parse(&f, sizeof(f)));
	assert_int_equal(image.segment_count, 2);
	assert_int_equal(image.entry, BASE + 0x10);
	assert_int_equal(image.end, BASE + 0x4000);
	assert_int_equal(image.segment[0].virtual_address, BASE);
	assert_int_equal(image.segment[1].file, offsetof(struct file, contents) + 256);
	assert_int_equal(image.segment[1].file_size, 256);
	assert_int_equal(image.segment[1].memory_size, 0x3000);
}

static void a_file_cut_anywhere_is_truncated(void **state) {
	struct file f = good_file();

	(void)state;
	for (size_t size = 0; size < sizeof(f); size++)
		assert_fault(parse(&f, size), "truncated");
}

/* The fault of a file with one 64-bit, 32-bit or 16-bit field changed. */
#define fault_with(field, value)                                                                                       \
	({                                                                                                             \
		struct file changed_ = good_file();                                                                    \
		changed_.field = (value);                                                                              \
		parse(&changed_, sizeof(changed_));                                                                    \
	})

static void a_wrong_header_is_named(void **state) {
	(void)state;
	assert_fault(fault_with(header.e_ident[1], 'F'), "magic number");
	assert_fault(fault_with(header.e_ident[EI_CLASS], ELFCLASS32), "not a 64-bit");
	assert_fault(fault_with(header.e_ident[EI_DATA], ELFDATA2MSB), "not a 64-bit");
	assert_fault(fault_with(header.e_machine, EM_AARCH64), "another machine");
	assert_int_equal(seen, EM_AARCH64);
	assert_fault(fault_with(header.e_type, ET_DYN), "not a statically linked");
	assert_int_equal(seen, ET_DYN);
	assert_fault(fault_with(header.e_phentsize, 32), "headers have a wrong size");
	assert_fault(fault_with(header.e_phoff, ~0ull), "truncated");
	assert_fault(fault_with(header.e_phoff, sizeof(struct file) - 56), "truncated");
	assert_fault(fault_with(header.e_phnum, 0xffff), "truncated");
	assert_fault(fault_with(header.e_phnum, 0), "none of its program headers");
}

static void a_wrong_segment_is_named(void **state) {
	(void)state;
	assert_fault(fault_with(program[2].p_offset, ~0ull), "truncated");
	assert_fault(fault_with(program[2].p_filesz, ~0ull), "truncated");
	assert_fault(fault_with(program[2].p_offset, offsetof(struct file, contents) + 257), "truncated");
	assert_fault(fault_with(program[2].p_memsz, 255), "more bytes in the file");
	assert_fault(fault_with(program[0].p_vaddr, BASE - 4096), "where it cannot be loaded");
	assert_fault(fault_with(program[2].p_vaddr, BASE + 0x40000000 - 0x2000), "where it cannot be loaded");
	assert_fault(fault_with(program[2].p_vaddr, 0xfffffffffffff000), "where it cannot be loaded");
	assert_fault(fault_with(program[2].p_memsz, ~0ull), "where it cannot be loaded");
	assert_fault(fault_with(program[2].p_vaddr, BASE + 0x1800), "does not start on a page");
	assert_fault(fault_with(program[0].p_vaddr, BASE + 0x4000), "overlap or are out of order");
	assert_fault(fault_with(program[2].p_vaddr, BASE), "overlap or are out of order");
}

static void the_entry_must_lie_in_code_of_the_file(void **state) {
	(void)state;
	assert_sound(fault_with(header.e_entry, BASE + 255));
	assert_fault(fault_with(header.e_entry, BASE + 256), "entry point");
	assert_fault(fault_with(header.e_entry, BASE + 0x1000), "entry point");
	assert_fault(fault_with(header.e_entry, 0), "entry point");
	assert_fault(fault_with(program[0].p_flags, PF_R | PF_W), "entry point");
}

static void an_empty_segment_is_skipped(void **state) {
	struct file f = good_file();

	(void)state;
	f.program[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 1};
	assert_sound(parse(&f, sizeof(f)));
	assert_int_equal(image.segment_count, 2);
}

static void eight_segments_are_taken_and_nine_refused(void **state) {
	struct file f = good_file();

	(void)state;
	for (unsigned i = 1; i < 10; i++) {
		f.program[i] = f.program[0];
		f.program[i].p_vaddr = BASE + i * 0x1000;
	}
	f.header.e_phnum = 8;
	assert_sound(parse(&f, sizeof(f)));
	assert_int_equal(image.segment_count, 8);
	f.header.e_phnum = 9;
	assert_fault(parse(&f, sizeof(f)), "at most 8");
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sound_executable_is_described),
	    cmocka_unit_test(a_file_cut_anywhere_is_truncated),
	    cmocka_unit_test(a_wrong_header_is_named),
	    cmocka_unit_test(a_wrong_segment_is_named),
	    cmocka_unit_test(the_entry_must_lie_in_code_of_the_file),
	    cmocka_unit_test(an_empty_segment_is_skipped),
	    cmocka_unit_test(eight_segments_are_taken_and_nine_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
