/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the guest is told, in this order: replies as they were made, lists that
 * are torn down, rescinded offers, offers, the end of offers. Only replies are
 * stored; the others are read off the state they report, so that nothing here
 * grows with what a guest asks for.
 */
#include "vmbus/vmbus.h"

#include <string.h>
#include "runtime/invariant.h"
#include "vmbus/vmbus_host.h"
#include "vmbus/vmbus_internal.h"

bool vmbus_can_receive(const struct vmbus_server *s) { return s->reply_count < VMBUS_OUTBOX_SIZE; }

void vmbus_reply_append(struct vmbus_server *s, const void *message, size_t size) {
	struct vmbus_reply *reply;

	invariant(s->reply_count < VMBUS_OUTBOX_SIZE && size <= VMBUS_REPLY_SIZE_MAX);
	reply = &s->reply[(s->reply_first + s->reply_count++) % VMBUS_OUTBOX_SIZE];
	reply->size = (uint8_t)size;
	memcpy(reply->payload, message, size);
}

static bool post(struct vmbus_server *s, const void *message, size_t size) {
	return vmbus_host_post(s, s->target_vp, message, size);
}

/* A channel may send once the guest knows that it is open. */
static void told(struct vmbus_server *s, const struct vmbus_reply *reply) {
	struct vmbus_open_result result;
	struct vmbus_channel *c;

	memcpy(&result, reply->payload, sizeof(result));
	if (result.header.type != VMBUS_OPEN_RESULT || result.status != VMBUS_STATUS_SUCCESS)
		return;
	c = vmbus_channel_find(s, result.relid);
	if (c != NULL && c->state == VMBUS_CHANNEL_OPENING)
		vmbus_channel_told(c);
}

static bool flush_replies(struct vmbus_server *s) {
	while (s->reply_count > 0) {
		struct vmbus_reply reply = s->reply[s->reply_first];

		if (!post(s, reply.payload, reply.size))
			return false;
		s->reply_first = (s->reply_first + 1) % VMBUS_OUTBOX_SIZE;
		s->reply_count--;
		told(s, &reply);
	}
	return true;
}

static bool flush_torn(struct vmbus_server *s) {
	struct gpadl *g;

	while ((g = gpadl_next_torn(&s->gpadls)) != NULL) {
		struct vmbus_gpadl_torndown message = {
		    .header.type = VMBUS_GPADL_TORNDOWN,
		    .gpadl = g->id,
		};

		if (!post(s, &message, sizeof(message)))
			return false;
		gpadl_forget(&s->gpadls, g);
	}
	return true;
}

/* Those of subchannels, or those of primary channels. */
static bool flush_rescinds_of(struct vmbus_server *s, bool are_primary) {
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		struct vmbus_relid_message message = {
		    .header.type = VMBUS_RESCIND_OFFER,
		    .relid = i + 1,
		};

		if (!s->channel[i].is_rescind_due || (s->channel[i].offer.subchannel_index == 0) != are_primary)
			continue;
		if (!post(s, &message, sizeof(message)))
			return false;
		s->channel[i].is_rescind_due = false;
	}
	return true;
}

/* A stock guest that loses a device forgets the primary channel; subchannels that it has
 * not been told of would be left without one. */
static bool flush_rescinds(struct vmbus_server *s) { return flush_rescinds_of(s, false) && flush_rescinds_of(s, true); }

static bool post_offer(struct vmbus_server *s, struct vmbus_channel *c) {
	struct vmbus_offer_channel message = {
	    .header.type = VMBUS_OFFER_CHANNEL,
	    .interface = c->offer.interface,
	    .instance = c->offer.instance,
	    .channel_flags = c->offer.channel_flags,
	    .subchannel_index = c->offer.subchannel_index,
	    .relid = c->relid,
	    .is_dedicated_interrupt = 1,
	    .connection_id = VMBUS_CONNECTION_BASE + c->relid,
	};

	memcpy(message.user_data, c->offer.user_data, sizeof(message.user_data));
	if (!post(s, &message, sizeof(message)))
		return false;
	c->state = VMBUS_CHANNEL_OFFERED;
	return true;
}

static bool flush_offers(struct vmbus_server *s) {
	struct vmbus_message_header end = {.type = VMBUS_ALL_OFFERS_DELIVERED};

	if (!s->are_offers_wanted)
		return true;
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++)
		if (s->channel[i].state == VMBUS_CHANNEL_WAITING && !post_offer(s, &s->channel[i]))
			return false;
	if (s->is_end_of_offers_due && !post(s, &end, sizeof(end)))
		return false;
	s->is_end_of_offers_due = false;
	return true;
}

void vmbus_flush(struct vmbus_server *s) {
	if (!flush_replies(s) || s->state != VMBUS_CONNECTED)
		return;
	if (flush_torn(s) && flush_rescinds(s))
		flush_offers(s);
}
