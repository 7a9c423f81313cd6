/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The fuzzed child. Its memory is cleared after every successful load. */
#include "fuzz/parent/loader_target.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_SIZE (4u << 20)

static void require(int condition) {
	if (!condition)
		abort();
}

static void check_result(enum err error, const struct err_text *text, const uint8_t *ram,
                         const struct memory_layout *layout, const struct boot_state *state) {
	if (error == ERR_NONE) {
		require(memory_layout_is_ram(layout, state->rip, 1));
		return;
	}
	require(text->text[0] != '\0' && memchr(text->text, '\0', sizeof(text->text)) != NULL);
	require(ram[0] == 0 && memcmp(ram, ram + 1, MEMORY_SIZE - 1) == 0);
}

static void run(loader_t load, const uint8_t *file, size_t size) {
	static const uint8_t initrd[5000] = {0x1f, 0x8b};
	static uint8_t *ram;
	struct boot_request request = {
	    .kernel = {file, size, "image"},
	    .module = {{initrd, sizeof(initrd), "initrd"}},
	    .module_count = 1,
	    .cmdline = "console=ttyS0",
	    .rsdp = LAYOUT_RSDP,
	};
	struct guest_memory memory = {{{0, MEMORY_SIZE, NULL}}, 1};
	struct memory_layout layout;
	struct boot_state state;
	struct err_text text = {""};
	enum err error;

	if (ram == NULL)
		ram = calloc(1, MEMORY_SIZE);
	require(ram != NULL && memory_layout_init(&layout, MEMORY_SIZE, NULL) == ERR_NONE);
	memory.extent[0].host = ram;
	error = load(&request, &layout, &memory, &state, &text);
	check_result(error, &text, ram, &layout, &state);
	if (error == ERR_NONE)
		memset(ram, 0, MEMORY_SIZE);
}

int loader_target_run(const struct loader_target *target, const uint8_t *data, size_t size) {
	uint8_t *file;
	size_t file_size;

	if (size == 0)
		return 0;
	if (!(data[0] & 1)) {
		run(target->load, data + 1, size - 1);
		return 0;
	}
	file = target->make(&file_size);
	for (size_t i = 1; i + 1 < size; i += 2)
		file[target->offset_of(data[i])] = data[i + 1];
	if (target->repair != NULL)
		target->repair(file);
	run(target->load, file, file_size);
	return 0;
}
