/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Software events between the parent's VPs: a bit in the receiver's event page
 * (hv_abi/boot_info.h). An event says "look", what to look at lies elsewhere.
 */
#pragma once

#include "runtime/hypercall.h"
#include "runtime/log.h"

enum parent_event {
	EVENT_START,      /* VP 0 has set up what all share */
	EVENT_VM_ENDED,   /* management VP: a VM waits to be torn down */
	EVENT_OPERATOR,   /* management VP: bytes were typed at the prompt */
	EVENT_POWER_OFF,  /* VP 0: switch the host off */
	EVENT_SERVICES,   /* VP 0: VMs' services or disks have something to tell, or will */
	EVENT_CRASH_LOOP, /* VP 0: never call VpWait again, for tests */
	EVENT_DISKS,      /* I/O VPs: requests wait to be taken in, or to be told that they are done */
};

#define EVENT_BIT(event) (1ull << (event))

static inline void parent_signal(uint32_t vp_index, enum parent_event event) {
	enum hv_status status = hypercall_signal_parent_vp(vp_index, event);

	if (status != HV_STATUS_SUCCESS)
		log_error("signaling VP %u failed: %s", vp_index, hypercall_status_text(status));
}
