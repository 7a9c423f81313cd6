/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Loads a guest's kernel into its memory: recognizes which of the three formats
 * a file has and hands it to that loader. What is not recognized is refused
 * with a sentence that says what was seen.
 */
#pragma once

#include <stdint.h>
#include "loaders/boot_request.h"
#include "loaders/boot_state.h"
#include "loaders/layout.h"
#include "runtime/err.h"
#include "vmm/guest_memory.h"

enum guest_format { GUEST_BZIMAGE, GUEST_MULTIBOOT1, GUEST_PVH };

/* ERR_FORMAT with a sentence if the file is none of the three. An ELF file that
 * is both Multiboot and PVH counts as Multiboot. */
ERR_CHECKED enum err guest_loader_identify(const uint8_t *data, uint64_t size, enum guest_format *format,
                                           struct err_text *text);

/* Loads the kernel, its modules and what its boot protocol asks for, and says
 * how the first VP starts. The memory must hold the layout's RAM, zeroed.
 * ERR_FORMAT for a malformed file, ERR_UNSUPPORTED for one that asks for what
 * we do not offer, ERR_RANGE for what does not fit into the child's memory or
 * is too long; the sentence names the value. On error neither the memory nor
 * the state has changed. */
ERR_CHECKED enum err guest_loader_load(const struct boot_request *request, const struct memory_layout *layout,
                                       const struct guest_memory *memory, struct boot_state *state,
                                       struct err_text *text);
