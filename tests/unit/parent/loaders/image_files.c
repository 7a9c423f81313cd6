/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Hand-made files [System V ABI "ELF Header", "Program Header"], [Linux "The
 * Linux/x86 Boot Protocol"].
 */
#include "unit/parent/loaders/image_files.h"

#include <string.h>

void store(uint8_t *file, size_t offset, unsigned width, uint64_t value) {
	for (unsigned i = 0; i < width; i++)
		file[offset + i] = (uint8_t)(value >> (8 * i));
}

size_t elf_file_field(bool is_64, unsigned index, enum elf_field field) {
	static const uint8_t offsets_32[] = {0, 24, 4, 8, 12, 16, 20};
	static const uint8_t offsets_64[] = {0, 4, 8, 16, 24, 32, 40};

	return is_64 ? 64 + 56 * index + offsets_64[field] : 52 + 32 * index + offsets_32[field];
}

static void add_header(uint8_t *file, bool is_64, unsigned index, const uint64_t values[7]) {
	for (unsigned f = FIELD_TYPE; f <= FIELD_MEMORY_SIZE; f++) {
		unsigned width = is_64 && f >= FIELD_OFFSET ? 8 : 4;

		store(file, elf_file_field(is_64, index, (enum elf_field)f), width, values[f]);
	}
}

uint8_t *elf_file_make(bool is_64, uint32_t note_size) {
	static uint8_t file[ELF_FILE_SIZE];
	const uint64_t code[] = {1, 5, ELF_CODE_OFFSET, ELF_CODE_VADDR, ELF_CODE_GPA, ELF_CODE_SIZE, ELF_CODE_MEMORY};
	const uint64_t data[] = {1, 6, ELF_DATA_OFFSET, 0, ELF_DATA_GPA, ELF_DATA_SIZE, ELF_DATA_SIZE};
	const uint64_t note[] = {4, 4, ELF_NOTE_OFFSET, 0, 0, note_size, note_size};

	for (size_t i = 0; i < ELF_FILE_SIZE; i++)
		file[i] = i < ELF_CODE_OFFSET ? 0 : (uint8_t)(i * 11 + 3);
	memcpy(file, "\177ELF", 4);
	store(file, 4, 1, is_64 ? 2 : 1);
	store(file, 5, 1, 1);
	store(file, 16, 2, 2);
	store(file, 18, 2, is_64 ? 62 : 3);
	store(file, 24, is_64 ? 8 : 4, ELF_CODE_VADDR + 0x20);
	store(file, is_64 ? 32 : 28, is_64 ? 8 : 4, is_64 ? 64 : 52);
	store(file, is_64 ? 54 : 42, 2, is_64 ? 56 : 32);
	store(file, is_64 ? 56 : 44, 2, 3);
	add_header(file, is_64, 0, code);
	add_header(file, is_64, 1, data);
	add_header(file, is_64, 2, note);
	memset(file + ELF_NOTE_OFFSET, 0, ELF_FILE_SIZE - ELF_NOTE_OFFSET);
	return file;
}

void elf_file_add_multiboot(uint8_t *file, uint32_t flags) {
	store(file, ELF_CODE_OFFSET, 4, 0x1badb002);
	store(file, ELF_CODE_OFFSET + 4, 4, flags);
	store(file, ELF_CODE_OFFSET + 8, 4, 0u - (0x1badb002u + flags));
}

void elf_file_add_pvh(uint8_t *file, size_t offset, uint64_t entry, unsigned entry_size) {
	store(file, offset, 4, 4);
	store(file, offset + 4, 4, entry_size);
	store(file, offset + 8, 4, 18);
	memcpy(file + offset + 12, "Xen", 4);
	store(file, offset + 16, entry_size, entry);
}

uint8_t *bzimage_file_make(uint64_t pref_address, uint32_t init_size) {
	static uint8_t file[BZIMAGE_FILE_SIZE];

	for (size_t i = 0; i < BZIMAGE_FILE_SIZE; i++)
		file[i] = i < BZIMAGE_CODE_OFFSET ? 0 : (uint8_t)(i * 7 + 1);
	store(file, 0x1f1, 1, 1);                      /* setup_sects */
	store(file, 0x1f4, 4, BZIMAGE_CODE_SIZE / 16); /* syssize */
	store(file, 0x1fe, 2, 0xaa55);
	store(file, 0x200, 2, 0x6aeb); /* jump: the header ends at 0x26c */
	store(file, 0x202, 4, 0x53726448);
	store(file, 0x206, 2, 0x020f);
	store(file, 0x211, 1, 1);          /* loadflags: LOADED_HIGH */
	store(file, 0x218, 4, 0xbad00bad); /* ramdisk_image, the loader's to set */
	store(file, 0x22c, 4, 0x7fffffff); /* initrd_addr_max */
	store(file, 0x230, 4, 0x200000);   /* kernel_alignment */
	store(file, 0x234, 1, 1);          /* relocatable_kernel */
	store(file, 0x236, 2, 0x7f);       /* xloadflags */
	store(file, 0x238, 4, 64);         /* cmdline_size */
	store(file, 0x250, 8, 0xbad00bad); /* setup_data, the loader's to set */
	store(file, 0x258, 8, pref_address);
	store(file, 0x260, 4, init_size);
	return file;
}
