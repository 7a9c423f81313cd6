/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Asks the guest to go off or to reboot, as somebody at its console would. */
#pragma once

#include "vmbus/ic.h"

enum ic_shutdown_answer {
	IC_SHUTDOWN_NONE = 0, /* nobody asked */
	IC_SHUTDOWN_ASKED,    /* no answer yet */
	IC_SHUTDOWN_ACCEPTED, /* the guest is about to do it */
	IC_SHUTDOWN_REFUSED,
};

struct ic_shutdown {
	struct ic ic;
	enum ic_shutdown_answer answer;
};

ERR_CHECKED enum err ic_shutdown_offer(struct ic_shutdown *d, struct vmbus_server *s, const struct hv_guid *instance);

/* Errors as ic_request. The answer says only that the guest begins; that it has
 * gone off is seen by its VPs. */
ERR_CHECKED enum err ic_shutdown_request(struct ic_shutdown *d, bool is_reboot, bool is_forced);

/* For ic_load. */
extern const struct ic_service ic_shutdown_service;
