/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Guest kernels as ELF files of either class [System V ABI "ELF Header",
 * "Program Header"]: what goes where in physical memory, and where the notes
 * are. Bounds against the file are checked here; against RAM, in load_plan.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "loaders/load_plan.h"
#include "runtime/err.h"

#define ELF_NOTES_MAX 8u

struct elf_notes {
	uint64_t offset; /* in the file, within bounds */
	uint64_t size;
};

struct elf_image {
	/* plan.entry is physical: a virtual entry address inside an executable
	 * segment has been translated by that segment. */
	struct load_plan plan;
	struct elf_notes notes[ELF_NOTES_MAX];
	unsigned notes_count;
	uint16_t machine;
	bool is_64;
};

bool elf_image_is(const uint8_t *data, uint64_t size);

/* ERR_FORMAT if the file is no little-endian x86 executable ELF, is cut short or
 * has no loadable segment; ERR_UNSUPPORTED for more than LOAD_SEGMENTS_MAX. */
ERR_CHECKED enum err elf_image_parse(const uint8_t *data, uint64_t size, struct elf_image *image,
                                     struct err_text *text);
