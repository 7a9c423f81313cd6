/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Linux kernels as bzImage files, started by the 64-bit boot protocol
 * [Linux "The Linux/x86 Boot Protocol"]. The kernel unpacks itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "loaders/boot_request.h"
#include "loaders/boot_state.h"
#include "loaders/layout.h"
#include "runtime/err.h"
#include "vmm/guest_memory.h"

/* What a file's header says, checked. */
struct bzimage {
	uint32_t payload_offset; /* of the protected-mode kernel in the file */
	uint64_t payload_size;
	uint32_t header_end; /* the setup header is [0x1f1, header_end) of the file */
	uint32_t init_size;  /* bytes that the kernel needs from its load address on */
	uint32_t alignment;  /* of the load address */
	uint64_t pref_address;
	uint64_t initrd_limit; /* first address that no byte of the initrd may reach */
	uint32_t cmdline_max;  /* bytes, without the terminating zero */
	bool is_relocatable;
};

/* Whether the file has a Linux kernel's magic numbers. */
bool bzimage_is(const uint8_t *data, uint64_t size);

/* ERR_FORMAT if the file is no bzImage or is cut short, ERR_UNSUPPORTED if it is
 * older than protocol 2.12 or has no 64-bit entry. */
ERR_CHECKED enum err bzimage_parse(const uint8_t *data, uint64_t size, struct bzimage *image, struct err_text *text);

/* guest_loader_load for this format; the only module it takes is the initrd. */
ERR_CHECKED enum err bzimage_load(const struct boot_request *request, const struct memory_layout *layout,
                                  const struct guest_memory *memory, struct boot_state *state, struct err_text *text);
