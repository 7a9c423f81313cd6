/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reads the program headers of an ELF file; section headers do not matter to a
 * loader. Layouts: [System V ABI "ELF Header", "Program Header"].
 */
#include "loaders/elf_image.h"

#include <string.h>
#include "loaders/bytes.h"

#define ELF_HEADER_SIZE_32 52u
#define ELF_HEADER_SIZE_64 64u
#define ELF_CLASS          4u /* offsets in e_ident */
#define ELF_DATA           5u
#define ELF_CLASS_32       1u
#define ELF_CLASS_64       2u
#define ELF_DATA_LSB       1u
#define ELF_TYPE           16u
#define ELF_MACHINE        18u
#define ELF_TYPE_EXEC      2u
#define ELF_TYPE_DYN       3u
#define ELF_MACHINE_386    3u
#define ELF_MACHINE_X86_64 62u
#define PHDR_SIZE_32       32u
#define PHDR_SIZE_64       56u
#define PHDR_COUNT_MAX     64u
#define PT_LOAD            1u
#define PT_NOTE            4u
#define PF_EXECUTE         1u

struct program_header {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t file_size;
	uint64_t memory_size;
};

/* Where the program headers are, and what they start. */
struct elf_header {
	uint64_t entry;
	uint64_t phdr_offset;
	unsigned phdr_size;
	unsigned phdr_count;
};

bool elf_image_is(const uint8_t *data, uint64_t size) {
	return size >= ELF_HEADER_SIZE_32 && memcmp(data, "\177ELF", 4) == 0;
}

static struct program_header read_program_header(const uint8_t *p, bool is_64) {
	if (is_64)
		return (struct program_header){.type = get_u32(p),
		                               .flags = get_u32(p + 4),
		                               .offset = get_u64(p + 8),
		                               .vaddr = get_u64(p + 16),
		                               .paddr = get_u64(p + 24),
		                               .file_size = get_u64(p + 32),
		                               .memory_size = get_u64(p + 40)};
	return (struct program_header){.type = get_u32(p),
	                               .offset = get_u32(p + 4),
	                               .vaddr = get_u32(p + 8),
	                               .paddr = get_u32(p + 12),
	                               .file_size = get_u32(p + 16),
	                               .memory_size = get_u32(p + 20),
	                               .flags = get_u32(p + 24)};
}

static enum err check_ident(const uint8_t *data, uint64_t size, struct elf_image *image, struct err_text *text) {
	unsigned type;

	if (!elf_image_is(data, size))
		return err_set(text, ERR_FORMAT, "not an ELF file");
	image->is_64 = data[ELF_CLASS] == ELF_CLASS_64;
	if ((!image->is_64 && data[ELF_CLASS] != ELF_CLASS_32) || data[ELF_DATA] != ELF_DATA_LSB ||
	    (image->is_64 && size < ELF_HEADER_SIZE_64))
		return err_set(text, ERR_FORMAT,
		               "an ELF file of class %u and byte order %u; 1 or 2, and 1, are "
		               "possible",
		               data[ELF_CLASS], data[ELF_DATA]);
	type = get_u16(data + ELF_TYPE);
	image->machine = get_u16(data + ELF_MACHINE);
	if ((image->machine != ELF_MACHINE_386 && image->machine != ELF_MACHINE_X86_64) ||
	    (type != ELF_TYPE_EXEC && type != ELF_TYPE_DYN))
		return err_set(text, ERR_FORMAT,
		               "an ELF file of type %u for machine %u; an executable (2) for x86 "
		               "(3 or 62) is needed",
		               type, image->machine);
	return ERR_NONE;
}

static enum err read_header(const uint8_t *data, uint64_t size, bool is_64, struct elf_header *h,
                            struct err_text *text) {
	unsigned least = is_64 ? PHDR_SIZE_64 : PHDR_SIZE_32;

	h->entry = is_64 ? get_u64(data + 24) : get_u32(data + 24);
	h->phdr_offset = is_64 ? get_u64(data + 32) : get_u32(data + 28);
	h->phdr_size = get_u16(data + (is_64 ? 54 : 42));
	h->phdr_count = get_u16(data + (is_64 ? 56 : 44));
	if (h->phdr_count == 0 || h->phdr_count > PHDR_COUNT_MAX || h->phdr_size < least)
		return err_set(text, ERR_FORMAT,
		               "an ELF file with %u program headers of %u bytes; 1 to 64 of at "
		               "least %u are possible",
		               h->phdr_count, h->phdr_size, least);
	if (h->phdr_offset > size || (uint64_t)h->phdr_count * h->phdr_size > size - h->phdr_offset)
		return err_set(text, ERR_FORMAT,
		               "the ELF file is cut short: program headers at 0x%llx, but it has "
		               "0x%llx bytes",
		               (unsigned long long)h->phdr_offset, (unsigned long long)size);
	return ERR_NONE;
}

static enum err add_notes(struct elf_image *image, const struct program_header *p, uint64_t size,
                          struct err_text *text) {
	if (p->offset > size || p->file_size > size - p->offset)
		return err_set(text, ERR_FORMAT, "the ELF file is cut short: notes at 0x%llx, but it has 0x%llx bytes",
		               (unsigned long long)p->offset, (unsigned long long)size);
	if (image->notes_count < ELF_NOTES_MAX)
		image->notes[image->notes_count++] = (struct elf_notes){p->offset, p->file_size};
	return ERR_NONE;
}

static enum err add_segment(struct elf_image *image, const struct program_header *p, uint64_t virtual_entry,
                            struct err_text *text) {
	struct load_plan *plan = &image->plan;

	if (p->memory_size == 0 && p->file_size == 0)
		return ERR_NONE;
	if (plan->segment_count == LOAD_SEGMENTS_MAX)
		return err_set(text, ERR_UNSUPPORTED, "the ELF file has more than %u loadable segments",
		               LOAD_SEGMENTS_MAX);
	plan->segment[plan->segment_count++] = (struct load_segment){
	    .gpa = p->paddr,
	    .file_offset = p->offset,
	    .file_size = p->file_size,
	    .memory_size = p->memory_size,
	};
	if ((p->flags & PF_EXECUTE) != 0 && virtual_entry >= p->vaddr && virtual_entry - p->vaddr < p->memory_size)
		plan->entry = virtual_entry - p->vaddr + p->paddr;
	return ERR_NONE;
}

enum err elf_image_parse(const uint8_t *data, uint64_t size, struct elf_image *image, struct err_text *text) {
	struct elf_header h = {0};
	enum err error;

	memset(image, 0, sizeof(*image));
	error = check_ident(data, size, image, text);
	if (error == ERR_NONE)
		error = read_header(data, size, image->is_64, &h, text);
	if (error != ERR_NONE)
		return error;
	image->plan.entry = h.entry;
	for (unsigned i = 0; i < h.phdr_count; i++) {
		struct program_header p =
		    read_program_header(data + h.phdr_offset + (uint64_t)i * h.phdr_size, image->is_64);

		if (p.type == PT_LOAD)
			error = add_segment(image, &p, h.entry, text);
		else if (p.type == PT_NOTE)
			error = add_notes(image, &p, size, text);
		if (error != ERR_NONE)
			return error;
	}
	if (image->plan.segment_count == 0)
		return err_set(text, ERR_FORMAT, "the ELF file has nothing to load");
	return ERR_NONE;
}
