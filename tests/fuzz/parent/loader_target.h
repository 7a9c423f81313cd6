/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the loader fuzzers share: a child of 4 MiB whose memory is exactly that,
 * so that a byte written outside is seen, and what must hold after every load.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "loaders/guest_loader.h"

typedef enum err (*loader_t)(const struct boot_request *request, const struct memory_layout *layout,
                             const struct guest_memory *memory, struct boot_state *state, struct err_text *text);

/* An odd first byte makes the input a list of (position, value) bytes by which a
 * well-formed kernel, freshly made, is changed: this finds what lies behind the
 * magic numbers. An even one makes the rest of the input the kernel. */
struct loader_target {
	loader_t load;
	/* The kernel, in a static buffer of *size bytes. */
	uint8_t *(*make)(size_t *size);
	/* Where in the kernel a position points. */
	size_t (*offset_of)(uint8_t position);
	/* Makes good what a change must not break, as a checksum; may be NULL. */
	void (*repair)(uint8_t *file);
};

/* Runs the input, with an initrd and a command line. Aborts if an error came
 * without a sentence or changed memory, or if a success left the entry outside
 * RAM. */
int loader_target_run(const struct loader_target *target, const uint8_t *data, size_t size);
