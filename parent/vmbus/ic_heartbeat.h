/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Is the guest's kernel alive? One number every two seconds, and it comes back
 * one larger. */
#pragma once

#include "vmbus/ic.h"

#define IC_HEARTBEAT_PERIOD (2 * HV_REFERENCE_TIME_HZ)
#define IC_HEARTBEAT_MISSES 3u /* in a row: the guest does not answer */

enum ic_heartbeat_health {
	IC_HEARTBEAT_UNKNOWN = 0, /* no service, or no answer yet */
	IC_HEARTBEAT_ALIVE,
	IC_HEARTBEAT_LOST,
};

struct ic_heartbeat {
	struct ic ic;
	uint64_t sequence; /* of the last number sent */
	unsigned misses;
	bool has_answered; /* since the channel was opened */
	hv_reference_time_t next;
};

ERR_CHECKED enum err ic_heartbeat_offer(struct ic_heartbeat *h, struct vmbus_server *s, const struct hv_guid *instance);

/* Sends what is due at `now`. Returns when to call again. */
hv_reference_time_t ic_heartbeat_poll(struct ic_heartbeat *h, hv_reference_time_t now);

enum ic_heartbeat_health ic_heartbeat_health(const struct ic_heartbeat *h);

/* For ic_load. */
extern const struct ic_service ic_heartbeat_service;
