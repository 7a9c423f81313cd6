/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "vmbus/ic_shutdown.h"

#include <string.h>

/* Seconds that users of the guest are given, as its own tools show them. */
#define TIMEOUT 60u

static struct ic_shutdown *shutdown_of(struct ic *ic) { return (struct ic_shutdown *)ic; }

static void answered(struct ic *ic, uint32_t status, const void *body, uint32_t size) {
	(void)body;
	(void)size;
	shutdown_of(ic)->answer = status == HV_IC_STATUS_OK ? IC_SHUTDOWN_ACCEPTED : IC_SHUTDOWN_REFUSED;
}

static void closed(struct ic *ic) {
	if (shutdown_of(ic)->answer == IC_SHUTDOWN_ASKED)
		shutdown_of(ic)->answer = IC_SHUTDOWN_NONE;
}

const struct ic_service ic_shutdown_service = {
    .interface = {0x0e0b6031, 0x5213, 0x4934, {0x81, 0x8b, 0x38, 0xd9, 0x0c, 0xed, 0x39, 0xdb}},
    .type = HV_IC_SHUTDOWN,
    .body_size = sizeof(struct hv_ic_shutdown),
    .framework_count = 2,
    .message_count = 4,
    .framework = {{3, 0}, {1, 0}},
    .message = {{3, 2}, {3, 1}, {3, 0}, {1, 0}},
    .answered = answered,
    .closed = closed,
};

enum err ic_shutdown_offer(struct ic_shutdown *d, struct vmbus_server *s, const struct hv_guid *instance) {
	d->answer = IC_SHUTDOWN_NONE;
	return ic_offer(&d->ic, s, &ic_shutdown_service, instance);
}

enum err ic_shutdown_request(struct ic_shutdown *d, bool is_reboot, bool is_forced) {
	struct hv_ic_shutdown body;
	enum err err;

	memset(&body, 0, sizeof(body));
	body.timeout = TIMEOUT;
	body.flags = (is_reboot ? HV_IC_SHUTDOWN_REBOOT : HV_IC_SHUTDOWN_OFF) | (is_forced ? HV_IC_SHUTDOWN_FORCE : 0);
	err = ic_request(&d->ic, &body, sizeof(body));
	if (err == ERR_NONE)
		d->answer = IC_SHUTDOWN_ASKED;
	return err;
}
