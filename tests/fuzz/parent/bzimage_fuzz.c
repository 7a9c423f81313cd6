/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any bytes, and a kernel with any changes in its header, for bzimage_load. */
#include "loaders/bzimage.h"

#include "fuzz/parent/loader_target.h"
#include "unit/parent/loaders/image_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *make(size_t *size) {
	*size = BZIMAGE_FILE_SIZE;
	return bzimage_file_make(LAYOUT_RAM_1M, 0x100000);
}

static size_t offset_of(uint8_t position) { return 0x1f0u + position % 0xa0; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct loader_target target = {bzimage_load, make, offset_of, NULL};

	return loader_target_run(&target, data, size);
}
