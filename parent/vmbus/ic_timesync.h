/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Sets the guest's clock once when it starts, then tells it the time for
 * comparison. */
#pragma once

#include "vmbus/ic.h"

#define IC_TIMESYNC_PERIOD (5 * HV_REFERENCE_TIME_HZ)

struct ic_timesync {
	struct ic ic;
	bool is_set; /* the guest has been told to set its clock */
	hv_reference_time_t next;
};

/* One moment on three clocks, all in 100 ns. */
struct ic_timesync_moment {
	hv_reference_time_t now;       /* the caller's, for the period */
	hv_reference_time_t reference; /* the guest's reference time */
	uint64_t unix_time;            /* since 1970 */
};

ERR_CHECKED enum err ic_timesync_offer(struct ic_timesync *t, struct vmbus_server *s, const struct hv_guid *instance);

/* Sends what is due. Returns when to call again. */
hv_reference_time_t ic_timesync_poll(struct ic_timesync *t, const struct ic_timesync_moment *moment);

/* The clocks have jumped (the guest was paused or restored): sets it again. */
void ic_timesync_set_again(struct ic_timesync *t);

/* For ic_load. */
extern const struct ic_service ic_timesync_service;
