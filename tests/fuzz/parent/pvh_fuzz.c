/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any bytes, and an ELF file with any changes in headers and notes, for pvh_load. */
#include "loaders/pvh.h"

#include "fuzz/parent/loader_target.h"
#include "unit/parent/loaders/image_files.h"

#define ELF_HEADERS 0xe8u /* positions of the ELF header and the program headers */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *make(size_t *size) {
	uint8_t *file = elf_file_make(true, ELF_FILE_SIZE - ELF_NOTE_OFFSET);

	elf_file_add_pvh(file, ELF_NOTE_OFFSET, ELF_CODE_GPA, 4);
	*size = ELF_FILE_SIZE;
	return file;
}

static size_t offset_of(uint8_t position) {
	return position < ELF_HEADERS ? position : ELF_NOTE_OFFSET + position - ELF_HEADERS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct loader_target target = {pvh_load, make, offset_of, NULL};

	return loader_target_run(&target, data, size);
}
