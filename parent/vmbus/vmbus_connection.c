/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Beginning and end of a connection. A guest may begin anew at any time (kexec);
 * then everything of the old connection is undone first, and the answer waits
 * until the devices let go of the old guest's pages.
 */
#include "vmbus/vmbus.h"

#include <string.h>
#include "runtime/invariant.h"
#include "vmbus/vmbus_internal.h"

void vmbus_init(struct vmbus_server *s, const struct guest_memory *memory, uint32_t vp_count, void *context) {
	memset(s, 0, sizeof(*s));
	s->context = context;
	s->vp_count = vp_count;
	gpadl_init(&s->gpadls, memory);
	for (uint32_t i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		s->channel[i].server = s;
		s->channel[i].relid = i + 1;
	}
}

bool vmbus_is_version_known(uint32_t version) {
	static const uint32_t known[] = {VMBUS_VERSION_4_0, VMBUS_VERSION_4_1, VMBUS_VERSION_5_0,
	                                 VMBUS_VERSION_5_1, VMBUS_VERSION_5_2, VMBUS_VERSION_5_3};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (version == known[i])
			return true;
	return false;
}

static void answer_contact(struct vmbus_server *s) {
	struct vmbus_version_response reply = {
	    .header.type = VMBUS_VERSION_RESPONSE,
	    .is_supported = s->contact.is_acceptable,
	};

	s->target_vp = s->contact.target_vp;
	s->version = s->contact.version;
	if (s->contact.is_acceptable) {
		s->state = VMBUS_CONNECTED;
		reply.message_connection_id =
		    s->version >= VMBUS_VERSION_5_0 ? VMBUS_MESSAGE_CONNECTION_4 : VMBUS_MESSAGE_CONNECTION;
	}
	vmbus_reply_append(s, &reply, sizeof(reply));
}

/* All devices have let go. */
static void finish_reset(struct vmbus_server *s) {
	struct vmbus_message_header unloaded = {.type = VMBUS_UNLOAD_RESPONSE};
	enum vmbus_after_reset after = s->after_reset;

	gpadl_forget_all(&s->gpadls, 0);
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		struct vmbus_channel *c = &s->channel[i];

		if (c->state != VMBUS_CHANNEL_FREE && c->is_rescinded)
			vmbus_channel_free(c);
		else if (c->state != VMBUS_CHANNEL_FREE)
			c->state = VMBUS_CHANNEL_WAITING;
	}
	s->state = VMBUS_DISCONNECTED;
	s->after_reset = VMBUS_AFTER_RESET_NOTHING;
	switch (after) {
	case VMBUS_AFTER_RESET_NOTHING:
		break;
	case VMBUS_AFTER_RESET_CONTACT:
		answer_contact(s);
		break;
	case VMBUS_AFTER_RESET_UNLOAD:
		vmbus_reply_append(s, &unloaded, sizeof(unloaded));
		break;
	}
}

void vmbus_reset_continue(struct vmbus_server *s) {
	if (s->state != VMBUS_RESETTING)
		return;
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++)
		if (s->channel[i].state == VMBUS_CHANNEL_CLOSING)
			return;
	finish_reset(s);
}

/* What the old connection still had to say is not said any more. */
static void begin_reset(struct vmbus_server *s, enum vmbus_after_reset after) {
	s->after_reset = after;
	s->reply_count = 0;
	s->are_offers_wanted = false;
	s->is_end_of_offers_due = false;
	/* Channels that close at once must not find the reset finished while
	 * others are still open: it is looked at when all have been told. */
	s->state = VMBUS_DISCONNECTED;
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		struct vmbus_channel *c = &s->channel[i];

		c->is_rescind_due = false;
		if (c->state == VMBUS_CHANNEL_OPENING || c->state == VMBUS_CHANNEL_OPEN)
			vmbus_channel_close(c);
	}
	s->state = VMBUS_RESETTING;
	vmbus_reset_continue(s);
}

void vmbus_reset(struct vmbus_server *s) { begin_reset(s, VMBUS_AFTER_RESET_NOTHING); }

enum err vmbus_contact(struct vmbus_server *s, const struct vmbus_initiate_contact *m) {
	bool has_vp = m->target_vp < s->vp_count;
	bool has_sint = m->version < VMBUS_VERSION_5_0 ||
	                ((m->target.sint == VMBUS_SINT || m->target.sint == 0) && m->target.vtl == 0);

	s->contact.version = m->version;
	s->contact.target_vp = has_vp ? m->target_vp : 0;
	s->contact.is_acceptable = has_vp && has_sint && vmbus_is_version_known(m->version);
	begin_reset(s, VMBUS_AFTER_RESET_CONTACT);
	if (s->contact.is_acceptable)
		return ERR_NONE;
	return has_vp && has_sint ? ERR_UNSUPPORTED : ERR_RANGE;
}

enum err vmbus_unload(struct vmbus_server *s) {
	begin_reset(s, VMBUS_AFTER_RESET_UNLOAD);
	return ERR_NONE;
}
