/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The guest's side of an integration service: takes a request, answers in place. */
#pragma once

#include <stdlib.h>
#include <string.h>
#include "fake/vmbus_guest.h"
#include "vmbus/ic.h"

static struct {
	struct hv_ic_header header;
	uint8_t body[4096];
	uint32_t size; /* of the body */
} request __attribute__((unused));

static const struct hv_guid ic_instance __attribute__((unused)) = {.data1 = 0x1c};

/* The next request, or false. */
static inline bool ic_guest_take(void) {
	struct ring_packet packet;

	if (!guest_receive(&packet))
		return false;
	memcpy(&request.header, packet.payload, sizeof(request.header));
	request.size = packet.payload_size - (uint32_t)sizeof(request.header);
	memcpy(request.body, packet.payload + sizeof(request.header), request.size);
	return packet.type == VMBUS_PACKET_INBAND &&
	       request.header.flags == (HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST) &&
	       request.header.pipe_size + 8 <= packet.payload_size;
}

/* Sends what is in `request` back as the answer. */
static inline void ic_guest_answer(uint32_t status) {
	uint8_t bytes[sizeof(request.header) + sizeof(request.body)];

	request.header.status = status;
	request.header.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_RESPONSE;
	memcpy(bytes, &request.header, sizeof(request.header));
	memcpy(bytes + sizeof(request.header), request.body, request.size);
	guest_send(VMBUS_PACKET_INBAND, request.header.transaction_id, NULL, 0, bytes,
	           (uint32_t)sizeof(request.header) + request.size);
}

/* Answers the negotiation with one version of each kind. */
static inline void ic_guest_choose(uint16_t framework, uint16_t message) {
	struct hv_ic_negotiate n = {
	    .framework_count = 1,
	    .message_count = 1,
	    .version = {{framework, 0}, {message, 0}},
	};

	if (!ic_guest_take() || request.header.type != HV_IC_NEGOTIATE)
		abort();
	memcpy(request.body, &n, 16);
	ic_guest_answer(HV_IC_STATUS_OK);
}
