/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any bytes, and an image with any changes in its headers, for multiboot1_load. */
#include "loaders/multiboot1.h"

#include "fuzz/parent/loader_target.h"
#include "unit/parent/loaders/image_files.h"

#define ELF_HEADERS 0xe0u /* positions of the ELF header and the program headers */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *make(size_t *size) {
	uint8_t *file = elf_file_make(false, 0);

	elf_file_add_multiboot(file, 3);
	*size = ELF_FILE_SIZE;
	return file;
}

static size_t offset_of(uint8_t position) {
	return position < ELF_HEADERS ? position : ELF_CODE_OFFSET + position - ELF_HEADERS;
}

/* The flags are the fuzzer's, the checksum is right. */
static void repair(uint8_t *file) {
	uint32_t flags = file[ELF_CODE_OFFSET + 4] | (file[ELF_CODE_OFFSET + 6] & 1u) << 16;

	elf_file_add_multiboot(file, flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct loader_target target = {multiboot1_load, make, offset_of, repair};

	return loader_target_run(&target, data, size);
}
