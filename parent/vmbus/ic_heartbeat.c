/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "vmbus/ic_heartbeat.h"

#include <string.h>

static struct ic_heartbeat *heartbeat_of(struct ic *ic) { return (struct ic_heartbeat *)ic; }

static void answered(struct ic *ic, uint32_t status, const void *body, uint32_t size) {
	struct ic_heartbeat *h = heartbeat_of(ic);
	uint64_t sequence;

	if (status != HV_IC_STATUS_OK || size < sizeof(sequence))
		return;
	memcpy(&sequence, body, sizeof(sequence));
	if (sequence != h->sequence + 1)
		return;
	h->misses = 0;
	h->has_answered = true;
}

static void closed(struct ic *ic) {
	heartbeat_of(ic)->misses = 0;
	heartbeat_of(ic)->has_answered = false;
}

const struct ic_service ic_heartbeat_service = {
    .interface = {0x57164f39, 0x9115, 0x4e78, {0xab, 0x55, 0x38, 0x2f, 0x3b, 0xd5, 0x42, 0x2d}},
    .type = HV_IC_HEARTBEAT,
    .body_size = sizeof(struct hv_ic_heartbeat),
    .framework_count = 2,
    .message_count = 2,
    .framework = {{3, 0}, {1, 0}},
    .message = {{3, 0}, {1, 0}},
    .answered = answered,
    .closed = closed,
};

enum err ic_heartbeat_offer(struct ic_heartbeat *h, struct vmbus_server *s, const struct hv_guid *instance) {
	return ic_offer(&h->ic, s, &ic_heartbeat_service, instance);
}

/* A number that did not come back is not followed by others: they would fill the
 * ring of a guest that is only slow. */
hv_reference_time_t ic_heartbeat_poll(struct ic_heartbeat *h, hv_reference_time_t now) {
	struct hv_ic_heartbeat body = {.sequence = h->sequence + 2};

	if (now < h->next)
		return h->next;
	h->next = now + IC_HEARTBEAT_PERIOD;
	if (h->ic.state != IC_READY)
		return h->next;
	if (h->ic.is_waiting)
		h->misses++;
	else if (ic_request(&h->ic, &body, sizeof(body)) == ERR_NONE)
		h->sequence = body.sequence;
	return h->next;
}

enum ic_heartbeat_health ic_heartbeat_health(const struct ic_heartbeat *h) {
	if (!h->has_answered)
		return IC_HEARTBEAT_UNKNOWN;
	return h->misses < IC_HEARTBEAT_MISSES ? IC_HEARTBEAT_ALIVE : IC_HEARTBEAT_LOST;
}
