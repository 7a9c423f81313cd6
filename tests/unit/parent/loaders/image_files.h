/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Well-formed small kernels for loader tests and fuzzers: ELF of both classes, bzImage. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FILE_SIZE   0x3000u
#define ELF_CODE_OFFSET 0x1000u /* of the first segment in the file */
#define ELF_CODE_SIZE   0x1800u
#define ELF_CODE_GPA    0x100000u
#define ELF_CODE_VADDR  0xc0100000u
#define ELF_CODE_MEMORY 0x5000u /* with bss */
#define ELF_DATA_GPA    0x200000u
#define ELF_DATA_OFFSET 0x2800u
#define ELF_DATA_SIZE   0x100u
#define ELF_NOTE_OFFSET 0x2f00u

/* An executable with two segments, a note segment of `note_size` bytes at
 * ELF_NOTE_OFFSET (still empty), and entry ELF_CODE_VADDR + 0x20. The result is
 * one static buffer of ELF_FILE_SIZE bytes. */
uint8_t *elf_file_make(bool is_64, uint32_t note_size);

/* Offset in the file of a field of program header `index`. */
enum elf_field { FIELD_TYPE, FIELD_FLAGS, FIELD_OFFSET, FIELD_VADDR, FIELD_PADDR, FIELD_FILE_SIZE, FIELD_MEMORY_SIZE };
size_t elf_file_field(bool is_64, unsigned index, enum elf_field field);

/* Puts a Multiboot header with these flags at the start of the first segment. */
void elf_file_add_multiboot(uint8_t *file, uint32_t flags);

/* Puts a Xen PHYS32_ENTRY note of `entry_size` bytes at `offset`. */
void elf_file_add_pvh(uint8_t *file, size_t offset, uint64_t entry, unsigned entry_size);

/* A bzImage of protocol 2.15: 1 KiB of set-up and 16 KiB of kernel, in one static
 * buffer of BZIMAGE_FILE_SIZE bytes. */
#define BZIMAGE_FILE_SIZE   0x4400u
#define BZIMAGE_CODE_OFFSET 0x400u
#define BZIMAGE_CODE_SIZE   (BZIMAGE_FILE_SIZE - BZIMAGE_CODE_OFFSET)
uint8_t *bzimage_file_make(uint64_t pref_address, uint32_t init_size);

/* Little-endian stores of 1, 2, 4 or 8 bytes into a file. */
void store(uint8_t *file, size_t offset, unsigned width, uint64_t value);
