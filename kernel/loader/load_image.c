/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Places the kernel in one 2 MiB-aligned piece of memory below 4 GiB, so that
 * large pages map it and nothing else; the parent is only described.
 */
#include "lib/addr.h"
#include "lib/string.h"
#include "loader/elf_parse.h"
#include "loader/files.h"
#include "loader/firmware.h"
#include "loader/report.h"
#include "loader/stages.h"

#define ELF_FILE_MAX (256ull << 20)

static struct file read_elf(const char *what, const char *path, enum handoff_memory_type type,
                            struct elf_image *image) {
	struct file file = files_read(what, path, ELF_FILE_MAX, type);
	uint64_t seen;
	const char *fault = elf_parse(file.data, file.size, image, &seen);

	if (fault != NULL)
		fail(EFI_LOAD_ERROR, "%s %s cannot be used: %s (seen: 0x%lx); write the file again", what, path, fault,
		     seen);
	return file;
}

uint64_t load_kernel(const char *path, struct handoff *handoff) {
	struct elf_image image;
	struct file file = read_elf("the kernel", path, HANDOFF_MEMORY_USABLE, &image);
	char *base;

	handoff->kernel_size = align_up(image.end - KERNEL_LINK_BASE, PAGE_SIZE_2M);
	base = firmware_allocate("the kernel", handoff->kernel_size, PAGE_SIZE_2M, FIRMWARE_BELOW_4G,
	                         HANDOFF_MEMORY_KERNEL);
	handoff->kernel_base = (uint64_t)base;
	for (uint32_t i = 0; i < image.segment_count; i++) {
		const struct handoff_segment *s = &image.segment[i];

		memcpy(base + (s->virtual_address - KERNEL_LINK_BASE), (char *)file.data + s->file, s->file_size);
	}
	return image.entry;
}

void load_parent(const char *path, struct handoff *handoff) {
	struct elf_image image;
	struct file file = read_elf("the parent", path, HANDOFF_MEMORY_MODULE, &image);

	handoff->parent_entry = image.entry;
	handoff->parent_segment_count = image.segment_count;
	for (uint32_t i = 0; i < image.segment_count; i++) {
		handoff->parent_segment[i] = image.segment[i];
		handoff->parent_segment[i].file += (uint64_t)file.data;
	}
}
