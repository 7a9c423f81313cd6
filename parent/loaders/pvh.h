/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PVH guests: an ELF file whose note PHYS32_ENTRY names a 32-bit entry
 * [Xen "x86/HVM direct boot ABI (PVH)"].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "loaders/boot_request.h"
#include "loaders/boot_state.h"
#include "loaders/layout.h"
#include "runtime/err.h"
#include "vmm/guest_memory.h"

/* Whether the file is ELF with a PHYS32_ENTRY note. */
bool pvh_is(const uint8_t *data, uint64_t size);

/* guest_loader_load for this format. */
ERR_CHECKED enum err pvh_load(const struct boot_request *request, const struct memory_layout *layout,
                              const struct guest_memory *memory, struct boot_state *state, struct err_text *text);
