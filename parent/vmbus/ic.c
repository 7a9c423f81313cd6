/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of integration services that is the same for all. */
#include "vmbus/ic.h"

#include <string.h>
#include "vmbus/vmbus_state.h"

#define BODY_MAX         2600u
#define PACKET_MAX       ((uint32_t)sizeof(struct hv_ic_header) + BODY_MAX)

/* Taken before others on this processor have their turn. */
#define PACKETS_PER_TURN 64u

static struct ic *ic_of(struct vmbus_channel *c) { return c->device; }

static enum err send(struct ic *ic, uint16_t type, const void *body, uint32_t size) {
	uint64_t packet[(PACKET_MAX + 7) / 8] = {0};
	struct hv_ic_header header = {
	    .pipe_flags = 1,
	    .pipe_size = (uint32_t)sizeof(header) - 8 + size,
	    .framework = ic->framework,
	    .type = type,
	    .message = ic->message,
	    .size = (uint16_t)size,
	    .transaction_id = (uint8_t)(ic->transaction + 1),
	    .flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST,
	};
	struct ring_send out = {
	    .type = VMBUS_PACKET_INBAND,
	    .transaction_id = header.transaction_id,
	    .payload = packet,
	    .payload_size = (uint32_t)sizeof(header) + size,
	};

	memcpy(packet, &header, sizeof(header));
	memcpy((uint8_t *)packet + sizeof(header), body, size);
	if (vmbus_channel_write(ic->channel, &out) != RING_OK)
		return ERR_MEMORY;
	vmbus_channel_publish(ic->channel);
	ic->transaction = header.transaction_id;
	ic->is_waiting = true;
	return ERR_NONE;
}

static void negotiate(struct ic *ic) {
	const struct ic_service *service = ic->service;
	struct hv_ic_negotiate body = {
	    .framework_count = service->framework_count,
	    .message_count = service->message_count,
	};
	uint32_t count = (uint32_t)service->framework_count + service->message_count;

	memcpy(body.version, service->framework, service->framework_count * sizeof(body.version[0]));
	memcpy(body.version + service->framework_count, service->message,
	       service->message_count * sizeof(body.version[0]));
	ic->framework = ic->message = (struct hv_ic_version){1, 0};
	ic->is_negotiation_due =
	    send(ic, HV_IC_NEGOTIATE, &body, 8 + count * (uint32_t)sizeof(body.version[0])) != ERR_NONE;
}

static bool is_listed(const struct hv_ic_version *list, unsigned count, struct hv_ic_version v) {
	for (unsigned i = 0; i < count; i++)
		if (list[i].major == v.major && list[i].minor == v.minor)
			return true;
	return false;
}

/* The guest says which of the versions it takes: one of each, or none. */
static void negotiated(struct ic *ic, const void *body, uint32_t size) {
	const struct ic_service *service = ic->service;
	struct hv_ic_negotiate n;

	memset(&n, 0, sizeof(n));
	memcpy(&n, body, size < sizeof(n) ? size : sizeof(n));
	ic->state = IC_REFUSED;
	if (n.framework_count != 1 || n.message_count != 1 ||
	    !is_listed(service->framework, service->framework_count, n.version[0]) ||
	    !is_listed(service->message, service->message_count, n.version[1]))
		return;
	ic->framework = n.version[0];
	ic->message = n.version[1];
	ic->state = IC_READY;
	if (service->ready != NULL)
		service->ready(ic);
}

static void received(struct ic *ic, const struct ring_packet *packet) {
	uint32_t size = packet->payload_size;
	const uint8_t *body = packet->payload + sizeof(struct hv_ic_header);
	bool is_negotiating = ic->state == IC_NEGOTIATING;
	uint16_t type = is_negotiating ? HV_IC_NEGOTIATE : ic->service->type;
	struct hv_ic_header header;

	memset(&header, 0, sizeof(header));
	if (size >= sizeof(header))
		memcpy(&header, packet->payload, sizeof(header));
	if (packet->type != VMBUS_PACKET_INBAND || size < sizeof(header) || header.type != type ||
	    !(header.flags & HV_IC_FLAG_RESPONSE) || !ic->is_waiting || header.transaction_id != ic->transaction) {
		ic->ignored++;
		return;
	}
	ic->is_waiting = false;
	size -= (uint32_t)sizeof(header);
	if (is_negotiating)
		negotiated(ic, body, size);
	else
		ic->service->answered(ic, header.status, body, size);
}

static void signaled(struct vmbus_channel *c) {
	uint64_t buffer[(PACKET_MAX + 7) / 8];
	struct ic *ic = ic_of(c);
	struct ring_packet packet;

	if (ic->is_negotiation_due)
		negotiate(ic);
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++) {
		enum ring_result result = vmbus_channel_read(c, buffer, sizeof(buffer), &packet);

		if (result == RING_OK)
			received(ic, &packet);
		else if (result == RING_BROKEN || !vmbus_channel_sleep(c))
			return;
	}
	vmbus_channel_again(c);
}

static enum err open(struct vmbus_channel *c) {
	struct ic *ic = ic_of(c);
	uint32_t body = ic->service->body_size > sizeof(struct hv_ic_negotiate)
	                    ? ic->service->body_size
	                    : (uint32_t)sizeof(struct hv_ic_negotiate);
	uint32_t need = ring_packet_size(0, (uint32_t)sizeof(struct hv_ic_header) + body);

	return need > ring_largest_packet(&c->out) ? ERR_RANGE : ERR_NONE;
}

static void opened(struct vmbus_channel *c) {
	struct ic *ic = ic_of(c);

	ic->state = IC_NEGOTIATING;
	negotiate(ic);
}

static void close(struct vmbus_channel *c) {
	struct ic *ic = ic_of(c);

	ic->state = IC_CLOSED;
	ic->is_waiting = ic->is_negotiation_due = false;
	if (ic->service->closed != NULL)
		ic->service->closed(ic);
	vmbus_channel_closed(c);
}

static void gone(struct vmbus_channel *c) { ic_of(c)->channel = NULL; }

static const struct vmbus_device_ops ops = {open, opened, signaled, close, gone};

enum err ic_offer(struct ic *ic, struct vmbus_server *s, const struct ic_service *service,
                  const struct hv_guid *instance) {
	struct vmbus_offer offer = {.interface = service->interface, .instance = *instance};

	if (ic->channel != NULL)
		return ERR_STATE;
	*ic = (struct ic){.service = service};
	ic->channel = vmbus_offer(s, &offer, &ops, ic);
	return ic->channel == NULL ? ERR_MEMORY : ERR_NONE;
}

enum err ic_request(struct ic *ic, const void *body, uint32_t size) {
	if (ic->state != IC_READY || ic->is_waiting || size > ic->service->body_size)
		return ERR_STATE;
	return send(ic, ic->service->type, body, size);
}

void ic_give_up(struct ic *ic) { ic->is_waiting = false; }

void ic_save(const struct ic *ic, struct ic_saved *saved) {
	*saved = (struct ic_saved){
	    .version = IC_STATE_VERSION,
	    .state = ic->state,
	    .framework = ic->framework,
	    .message = ic->message,
	    .transaction = ic->transaction,
	    .is_negotiation_due = ic->is_negotiation_due,
	};
}

static enum err check_saved(const struct ic_service *service, const struct ic_saved *saved) {
	if (saved->version != IC_STATE_VERSION)
		return ERR_UNSUPPORTED;
	if (saved->state > IC_REFUSED || saved->is_negotiation_due > 1 || saved->reserved[0] || saved->reserved[1] ||
	    (saved->is_negotiation_due && saved->state != IC_NEGOTIATING))
		return ERR_RANGE;
	if (saved->state == IC_READY && (!is_listed(service->framework, service->framework_count, saved->framework) ||
	                                 !is_listed(service->message, service->message_count, saved->message)))
		return ERR_RANGE;
	return ERR_NONE;
}

enum err ic_load(struct ic *ic, struct vmbus_server *s, const struct ic_service *service,
                 const struct hv_guid *instance, const struct ic_saved *saved) {
	struct vmbus_offer offer = {.interface = service->interface, .instance = *instance};
	const struct vmbus_channel *found = vmbus_find_orphan(s, &offer);
	enum err err = check_saved(service, saved);

	if (err != ERR_NONE)
		return err;
	if (found == NULL)
		return ERR_NOT_FOUND;
	if ((found->state == VMBUS_CHANNEL_OPEN) != (saved->state != IC_CLOSED))
		return ERR_STATE;
	*ic = (struct ic){
	    .service = service,
	    .state = (enum ic_state)saved->state,
	    .framework = saved->framework,
	    .message = saved->message,
	    .transaction = saved->transaction,
	    .is_waiting = saved->state == IC_NEGOTIATING,
	    .is_negotiation_due = saved->is_negotiation_due,
	};
	ic->channel = vmbus_adopt(s, &offer, &ops, ic);
	return ERR_NONE;
}
