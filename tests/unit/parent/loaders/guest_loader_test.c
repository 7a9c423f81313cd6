/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Telling kernel formats apart; real kernels, where the environment names some. */
#include "loaders/guest_loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "unit/parent/loaders/image_files.h"
#include "unit/parent/loaders/rig.h"

static void assert_format(const uint8_t *file, uint64_t size, enum guest_format expected) {
	enum guest_format format;

	assert_int_equal(guest_loader_identify(file, size, &format, NULL), ERR_NONE);
	assert_int_equal(format, expected);
}

static void each_format_is_recognized(void **state) {
	uint8_t linux_file[0x300] = {0};
	uint8_t *file;

	(void)state;
	store(linux_file, 0x1fe, 2, 0xaa55);
	store(linux_file, 0x202, 4, 0x53726448);
	assert_format(linux_file, sizeof(linux_file), GUEST_BZIMAGE);
	file = elf_file_make(false, 20);
	elf_file_add_pvh(file, ELF_NOTE_OFFSET, ELF_CODE_GPA, 4);
	assert_format(file, ELF_FILE_SIZE, GUEST_PVH);
	elf_file_add_multiboot(file, 0); /* both: Multiboot */
	assert_format(file, ELF_FILE_SIZE, GUEST_MULTIBOOT1);
}

static void other_files_are_refused_by_what_they_begin_with(void **state) {
	struct rig *r = *state;
	const uint8_t gzip[8] = {0x1f, 0x8b, 0x08};

	rig_set_kernel(r, gzip, sizeof(gzip));
	rig_assert_refused(r, guest_loader_load(&r->request, &r->layout, &r->memory, &r->state, &r->text), ERR_FORMAT,
	                   "begins with bytes 1f 8b 08 00");
	rig_set_kernel(r, gzip, 3);
	rig_assert_refused(r, guest_loader_load(&r->request, &r->layout, &r->memory, &r->state, &r->text), ERR_FORMAT,
	                   "only 3 bytes");
	rig_set_kernel(r, elf_file_make(true, 0), ELF_FILE_SIZE);
	rig_assert_refused(r, guest_loader_load(&r->request, &r->layout, &r->memory, &r->state, &r->text), ERR_FORMAT,
	                   "neither a Multiboot header nor a PVH");
}

static void each_format_goes_to_its_loader(void **state) {
	struct rig *r = *state;
	uint8_t *file = elf_file_make(false, 20);

	elf_file_add_pvh(file, ELF_NOTE_OFFSET, ELF_CODE_GPA, 4);
	rig_set_kernel(r, file, ELF_FILE_SIZE);
	assert_int_equal(guest_loader_load(&r->request, &r->layout, &r->memory, &r->state, &r->text), ERR_NONE);
	assert_int_equal(r->state.gpr[HV_RAX], 0);
	elf_file_add_multiboot(file, 0);
	assert_int_equal(guest_loader_load(&r->request, &r->layout, &r->memory, &r->state, &r->text), ERR_NONE);
	assert_int_equal(r->state.gpr[HV_RAX], 0x2badb002);
}

static void more_modules_than_a_request_holds_are_refused(void **state) {
	struct rig *r = *state;

	rig_set_kernel(r, elf_file_make(false, 0), ELF_FILE_SIZE);
	r->request.module_count = BOOT_MODULES_MAX + 1;
	rig_assert_refused(r, guest_loader_load(&r->request, &r->layout, &r->memory, &r->state, &r->text), ERR_RANGE,
	                   "10 modules");
}

/* BULKHEAD_TEST_KERNELS: paths of bzImages, separated by colons. */
static void real_kernels_load(void **state) {
	struct rig *r = *state;
	char *paths = getenv("BULKHEAD_TEST_KERNELS");
	struct memory_layout layout;
	uint8_t *ram;

	if (paths == NULL)
		skip();
	assert_int_equal(memory_layout_init(&layout, 256ull << 20, NULL), ERR_NONE);
	ram = calloc(1, layout.low_size);
	assert_non_null(ram);
	r->memory = (struct guest_memory){{{0, layout.low_size, ram}}, 1};
	paths = strdup(paths);
	for (char *path = strtok(paths, ":"); path != NULL; path = strtok(NULL, ":")) {
		FILE *f = fopen(path, "rb");
		uint8_t *file = malloc(32u << 20);
		size_t size;

		assert_non_null(f);
		assert_non_null(file);
		size = fread(file, 1, 32u << 20, f);
		(void)fclose(f);
		assert_format(file, size, GUEST_BZIMAGE);
		rig_set_kernel(r, file, size);
		if (guest_loader_load(&r->request, &layout, &r->memory, &r->state, &r->text) != ERR_NONE)
			fail_msg("%s: %s", path, r->text.text);
		print_message("%s: entry 0x%llx\n", path, (unsigned long long)r->state.rip);
		assert_memory_equal(ram + r->state.rip - 0x200, file + (file[0x1f1] + 1) * 512, 0x10000);
		free(file);
	}
	free(paths);
	free(ram);
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    rig_test(each_format_is_recognized),
	    rig_test(other_files_are_refused_by_what_they_begin_with),
	    rig_test(each_format_goes_to_its_loader),
	    rig_test(more_modules_than_a_request_holds_are_refused),
	    rig_test(real_kernels_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
