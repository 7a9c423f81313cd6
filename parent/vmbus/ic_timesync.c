/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "vmbus/ic_timesync.h"

static struct ic_timesync *timesync_of(struct ic *ic) { return (struct ic_timesync *)ic; }

/* Due at once. */
static void ready(struct ic *ic) { ic_timesync_set_again(timesync_of(ic)); }

static void answered(struct ic *ic, uint32_t status, const void *body, uint32_t size) {
	(void)ic;
	(void)status;
	(void)body;
	(void)size;
}

const struct ic_service ic_timesync_service = {
    .interface = {0x9527e630, 0xd0ae, 0x497b, {0xad, 0xce, 0xe8, 0x0a, 0xb0, 0x17, 0x5c, 0xaf}},
    .type = HV_IC_TIMESYNC,
    .body_size = HV_IC_TIME_SIZE,
    .framework_count = 2,
    .message_count = 3,
    .framework = {{3, 0}, {1, 0}},
    .message = {{4, 0}, {3, 0}, {1, 0}},
    .ready = ready,
    .answered = answered,
};

enum err ic_timesync_offer(struct ic_timesync *t, struct vmbus_server *s, const struct hv_guid *instance) {
	t->is_set = false;
	t->next = 0;
	return ic_offer(&t->ic, s, &ic_timesync_service, instance);
}

void ic_timesync_set_again(struct ic_timesync *t) {
	t->is_set = false;
	t->next = 0;
}

static enum err send(struct ic_timesync *t, const struct ic_timesync_moment *moment) {
	uint64_t parent_time = moment->unix_time + HV_IC_TIME_1601_TO_1970;
	uint8_t flags = t->is_set ? HV_IC_TIME_SAMPLE : HV_IC_TIME_SYNC;
	struct hv_ic_time_reference newer = {
	    .parent_time = parent_time,
	    .reference_time = moment->reference,
	    .flags = flags,
	};
	struct hv_ic_time older = {.parent_time = parent_time, .flags = flags};

	if (t->ic.message.major >= 4)
		return ic_request(&t->ic, &newer, HV_IC_TIME_REFERENCE_SIZE);
	return ic_request(&t->ic, &older, HV_IC_TIME_SIZE);
}

hv_reference_time_t ic_timesync_poll(struct ic_timesync *t, const struct ic_timesync_moment *moment) {
	if (moment->now < t->next)
		return t->next;
	t->next = moment->now + IC_TIMESYNC_PERIOD;
	if (t->ic.state == IC_READY && send(t, moment) == ERR_NONE)
		t->is_set = true;
	return t->next;
}
