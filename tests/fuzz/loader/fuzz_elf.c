/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any bytes as an executable: what is accepted keeps every promise of elf_parse.h. */
#include <stdint.h>
#include <stdlib.h>

#include "loader/elf_parse.h"

static void require(int condition) {
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct elf_image image;
	uint64_t seen, end = ELF_LOWEST;

	if (elf_parse(data, size, &image, &seen) != NULL)
		return 0;
	require(image.segment_count > 0 && image.segment_count <= HANDOFF_MAX_SEGMENTS);
	require(image.entry >= ELF_LOWEST && image.entry < image.end);
	for (uint32_t i = 0; i < image.segment_count; i++) {
		const struct handoff_segment *s = &image.segment[i];

		require(s->file <= size && s->file_size <= size - s->file);
		require(s->memory_size > 0 && s->file_size <= s->memory_size);
		require(s->virtual_address % 4096 == 0 && s->virtual_address >= end);
		end = s->virtual_address + s->memory_size;
		require(end > s->virtual_address && end <= ELF_END);
	}
	require(end == image.end);
	return 0;
}
