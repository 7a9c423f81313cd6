/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The debug-exit port that bare test kernels end with: a write of value ends
 * the VM with status (value << 1) | 1, as QEMU's isa-debug-exit does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DEBUG_EXIT_PORT       0xf4u
#define DEBUG_EXIT_PORT_COUNT 4u
#define DEBUG_EXIT_WIDTH      4u /* port_device.width: takes accesses whole */

struct debug_exit {
	bool has_status;
	uint32_t status; /* of the first write; later ones change nothing */
};

void debug_exit_reset(struct debug_exit *debug_exit);

/* Reads give 0 at every size. */
uint32_t debug_exit_read(const struct debug_exit *debug_exit);

/* offset: port - DEBUG_EXIT_PORT; a write past the first port is ignored. */
void debug_exit_write(struct debug_exit *debug_exit, unsigned offset, uint32_t value);

#define DEBUG_EXIT_STATE_VERSION 1u
struct debug_exit_state {
	uint32_t version;
	uint32_t has_status;
	uint32_t status;
};
_Static_assert(sizeof(struct debug_exit_state) == 12, "debug_exit_state");

void debug_exit_save(const struct debug_exit *debug_exit, struct debug_exit_state *state);

/* False, and nothing changes, if the state is of no version or value we know. */
bool debug_exit_load(struct debug_exit *debug_exit, const struct debug_exit_state *state);
