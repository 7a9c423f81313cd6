/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What an I/O VP looks at by time instead of being told: where events come faster than
 * each is worth an interruption, their source is masked and looked at a little later,
 * all such sources of a VP at once. Each VP has its own; nothing is shared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/types.h>
#include <hv_abi/boot_info.h>
#include <hv_abi/call_args.h>

/* A source; the owner's memory, which stays while it is pending. */
struct poll {
	void (*look)(struct poll *p); /* on the VP that it was given to, with no lock held */
	struct poll *next;            /* polls.c's */
	bool is_pending;              /* only that VP may look at it meanwhile */
};

struct polls {
	hv_reference_time_t due; /* HV_DEADLINE_NEVER: nothing is pending */
	struct poll *first;
	struct hv_event_page *ports; /* a bit per event port; NULL: none was given yet */
};

/* Nothing is pending anywhere. Before the I/O VPs serve. */
void polls_init(uint32_t io_vp_count);

/* An I/O VP's own, to be read by it. */
const struct polls *polls_of(uint32_t vp_index);

/* The calling VP, an I/O VP, looks at `p` at `due` or earlier, once. If it is pending
 * there already, the earlier time counts. */
void polls_add(struct poll *p, hv_reference_time_t due);

/* The same for an event port, which is then taken as if it had been signaled. False: the
 * caller is no I/O VP, or there is no memory; nothing happens then. */
bool polls_add_port(uint32_t port, hv_reference_time_t due);

/* If it is time, looks at everything that is pending at the calling VP, an I/O VP. */
void polls_look(void (*signaled)(uint32_t port));
