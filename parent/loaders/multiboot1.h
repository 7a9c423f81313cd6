/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Multiboot 1 images [Multiboot Specification 0.6.96]: ELF of either class, or
 * any file whose header carries its load addresses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "loaders/boot_request.h"
#include "loaders/boot_state.h"
#include "loaders/layout.h"
#include "runtime/err.h"
#include "vmm/guest_memory.h"

/* Whether the first 8 KiB hold a header with a right checksum. */
bool multiboot1_is(const uint8_t *data, uint64_t size);

/* guest_loader_load for this format. As other loaders do, it puts the kernel's
 * name before the command line, and gives each module its name as its string.
 * ERR_UNSUPPORTED for a required header flag that we do not know. */
ERR_CHECKED enum err multiboot1_load(const struct boot_request *request, const struct memory_layout *layout,
                                     const struct guest_memory *memory, struct boot_state *state,
                                     struct err_text *text);
