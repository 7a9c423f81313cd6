/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The debug-exit port; the first write counts. */
#include "debug_exit.h"

void debug_exit_reset(struct debug_exit *debug_exit) { *debug_exit = (struct debug_exit){0}; }

uint32_t debug_exit_read(const struct debug_exit *debug_exit) {
	(void)debug_exit;
	return 0;
}

void debug_exit_write(struct debug_exit *debug_exit, unsigned offset, uint32_t value) {
	if (offset != 0 || debug_exit->has_status)
		return;
	debug_exit->has_status = true;
	debug_exit->status = value << 1 | 1;
}

void debug_exit_save(const struct debug_exit *debug_exit, struct debug_exit_state *state) {
	*state = (struct debug_exit_state){
	    .version = DEBUG_EXIT_STATE_VERSION,
	    .has_status = debug_exit->has_status,
	    .status = debug_exit->status,
	};
}

bool debug_exit_load(struct debug_exit *debug_exit, const struct debug_exit_state *state) {
	if (state->version != DEBUG_EXIT_STATE_VERSION || state->has_status > 1)
		return false;
	/* Every status is odd, and there is none without a write. */
	if ((state->status & 1) != state->has_status || (!state->has_status && state->status))
		return false;
	debug_exit->has_status = state->has_status;
	debug_exit->status = state->status;
	return true;
}
