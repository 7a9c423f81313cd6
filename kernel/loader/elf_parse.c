/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Decides whether a file is an executable that may be loaded: ELF64, little
 * endian, x86-64, ET_EXEC, with every range inside the file and inside the
 * address limits. Sections, symbols and relocations are not looked at.
 * Follows the System V ABI, "Object Files" and "Program Loading".
 */
#include "loader/elf_parse.h"

#include <elf.h>
#include <stdbool.h>

#include "lib/addr.h"
#include "lib/string.h"

static bool is_inside(uint64_t offset, uint64_t length, uint64_t size) {
	return offset <= size && length <= size - offset;
}

/* Each rule leaves the value that it looked at in *seen. */
static const char *check_header(const Elf64_Ehdr *h, size_t size, uint64_t *seen) {
	memcpy(seen, h->e_ident, sizeof(*seen));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return "it is not an ELF file: its magic number is wrong";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return "it is not a 64-bit little-endian ELF file";
	*seen = h->e_machine;
	if (h->e_machine != EM_X86_64)
		return "it is built for another machine than x86-64 (62)";
	*seen = h->e_type;
	if (h->e_type != ET_EXEC)
		return "it is not a statically linked executable (type 2)";
	*seen = h->e_phentsize;
	if (h->e_phentsize != sizeof(Elf64_Phdr))
		return "it is corrupt: its program headers have a wrong size";
	*seen = h->e_phoff;
	if (!is_inside(h->e_phoff, (uint64_t)h->e_phnum * h->e_phentsize, size))
		return "it is truncated: headers or contents lie behind its end";
	return NULL;
}

static const char *add_segment(const Elf64_Phdr *p, size_t size, struct elf_image *image, uint64_t *seen) {
	*seen = p->p_offset;
	if (!is_inside(p->p_offset, p->p_filesz, size))
		return "it is truncated: headers or contents lie behind its end";
	*seen = p->p_filesz;
	if (p->p_filesz > p->p_memsz)
		return "it is corrupt: a segment has more bytes in the file than in memory";
	if (p->p_memsz == 0)
		return NULL;
	*seen = p->p_vaddr;
	if (p->p_vaddr < ELF_LOWEST || !is_inside(p->p_vaddr, p->p_memsz, ELF_END))
		return "it is linked for an address where it cannot be loaded";
	if (!is_aligned(p->p_vaddr, PAGE_SIZE))
		return "it is linked wrongly: a segment does not start on a page";
	if (p->p_vaddr < image->end)
		return "it is corrupt: its segments overlap or are out of order";
	if (image->segment_count == HANDOFF_MAX_SEGMENTS)
		return "it has too many segments: at most 8 can be loaded";
	image->segment[image->segment_count++] =
	    (struct handoff_segment){p->p_offset, p->p_filesz, p->p_vaddr, p->p_memsz};
	image->end = p->p_vaddr + p->p_memsz;
	return NULL;
}

const char *elf_parse(const void *file, size_t size, struct elf_image *image, uint64_t *seen) {
	const char *fault, *missing = "it is corrupt: its entry point is not in an executable segment";
	Elf64_Ehdr header;

	*seen = size;
	if (size < sizeof(header))
		return "it is truncated: headers or contents lie behind its end";
	memcpy(&header, file, sizeof(header));
	fault = check_header(&header, size, seen);
	*image = (struct elf_image){.entry = header.e_entry};
	for (uint64_t i = 0; fault == NULL && i < header.e_phnum; i++) {
		Elf64_Phdr program;

		memcpy(&program, (const char *)file + header.e_phoff + i * sizeof(program), sizeof(program));
		if (program.p_type != PT_LOAD)
			continue;
		fault = add_segment(&program, size, image, seen);
		if ((program.p_flags & PF_X) && header.e_entry >= program.p_vaddr &&
		    header.e_entry - program.p_vaddr < program.p_filesz)
			missing = NULL;
	}
	if (fault != NULL)
		return fault;
	*seen = header.e_phnum;
	if (image->segment_count == 0)
		return "it is corrupt: none of its program headers is a segment to load";
	*seen = header.e_entry;
	return missing;
}
