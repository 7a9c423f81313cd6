/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The guest's control messages. Each is copied, long enough, and judged against
 * the connection's state before its handler sees it:
 *
 *  message            disconnected  resetting     connected
 *  INITIATE_CONTACT   answered      the newest    reset, then answered
 *                                   is answered
 *  UNLOAD             answered      answered      reset, then answered
 *  every other        dropped       dropped       as below
 *
 *  REQUEST_OFFERS     offers and their end; again: the end alone
 *  OPEN_CHANNEL       OPEN_RESULT, with an error unless the channel is offered,
 *                     closed and not rescinded, its ring list is ready, both
 *                     rings have a page of data, and the VP exists
 *  CLOSE_CHANNEL      no reply; dropped unless open or opening
 *  GPADL_HEADER       GPADL_CREATED, after the last body, or at once on an error
 *  GPADL_BODY         likewise; dropped if no such list grows
 *  GPADL_TEARDOWN     GPADL_TORNDOWN once nobody holds the list, and at once for
 *                     a handle that nobody has; dropped if it is another's
 *                     channel or leaves already
 *  RELID_RELEASED     no reply; closes a rescinded channel first; dropped if
 *                     open and not rescinded
 *  MODIFY_CHANNEL     MODIFY_RESPONSE from version 5.3 on, with an error unless
 *                     the channel is open or opening and the VP exists
 *  TL_CONNECT         TL_CONNECT_RESULT: nobody listens
 *  others             dropped
 */
#include "vmbus/vmbus.h"

#include <string.h>
#include "vmbus/vmbus_internal.h"

static const uint8_t size_of[] = {
    [VMBUS_REQUEST_OFFERS] = sizeof(struct vmbus_message_header),
    [VMBUS_OPEN_CHANNEL] = sizeof(struct vmbus_open_channel),
    [VMBUS_CLOSE_CHANNEL] = sizeof(struct vmbus_relid_message),
    [VMBUS_GPADL_HEADER] = sizeof(struct vmbus_gpadl_header),
    [VMBUS_GPADL_BODY] = sizeof(struct vmbus_gpadl_body),
    [VMBUS_GPADL_TEARDOWN] = sizeof(struct vmbus_gpadl_teardown),
    [VMBUS_RELID_RELEASED] = sizeof(struct vmbus_relid_message),
    [VMBUS_INITIATE_CONTACT] = sizeof(struct vmbus_initiate_contact),
    [VMBUS_UNLOAD] = sizeof(struct vmbus_message_header),
    [VMBUS_TL_CONNECT] = sizeof(struct vmbus_tl_connect),
    [VMBUS_MODIFY_CHANNEL] = sizeof(struct vmbus_modify_channel),
};

/* A message, private to us. */
union message {
	struct vmbus_message_header header;
	struct vmbus_open_channel open;
	struct vmbus_relid_message relid;
	struct vmbus_gpadl_header gpadl_header;
	struct vmbus_gpadl_body gpadl_body;
	struct vmbus_gpadl_teardown teardown;
	struct vmbus_initiate_contact contact;
	struct vmbus_tl_connect connect;
	struct vmbus_modify_channel modify;
	uint8_t byte[HV_MESSAGE_PAYLOAD_SIZE];
};

/* The page numbers behind a structure of `offset` bytes. */
static uint32_t page_numbers(const union message *m, size_t size, size_t offset, uint64_t *pfn) {
	size_t count = (size - offset) / sizeof(*pfn);

	memcpy(pfn, m->byte + offset, count * sizeof(*pfn));
	return (uint32_t)count;
}

static void reply_created(struct vmbus_server *s, uint32_t relid, uint32_t id, enum err err) {
	struct vmbus_gpadl_created reply = {
	    .header.type = VMBUS_GPADL_CREATED,
	    .relid = relid,
	    .gpadl = id,
	    .status = err == ERR_NONE     ? VMBUS_STATUS_SUCCESS
	              : err == ERR_MEMORY ? VMBUS_STATUS_NO_RESOURCES
	                                  : VMBUS_STATUS_INVALID,
	};

	vmbus_reply_append(s, &reply, sizeof(reply));
}

static enum err gpadl_header(struct vmbus_server *s, const union message *m, size_t size) {
	const struct vmbus_gpadl_header *header = &m->gpadl_header;
	const struct vmbus_channel *c = vmbus_channel_find(s, header->relid);
	uint64_t pfn[HV_MESSAGE_PAYLOAD_SIZE / 8];
	uint32_t count = page_numbers(m, size, sizeof(*header), pfn);
	bool done = true;
	enum err err;

	if (c == NULL)
		err = ERR_NOT_FOUND;
	else if (c->is_rescinded || c->state == VMBUS_CHANNEL_WAITING || c->state == VMBUS_CHANNEL_RELEASED)
		err = ERR_STATE;
	else
		err = gpadl_begin(&s->gpadls, header, pfn, count, &done);
	if (done || err != ERR_NONE)
		reply_created(s, header->relid, header->gpadl, err);
	return err;
}

static enum err gpadl_body(struct vmbus_server *s, const union message *m, size_t size) {
	uint64_t pfn[HV_MESSAGE_PAYLOAD_SIZE / 8];
	uint32_t count = page_numbers(m, size, sizeof(m->gpadl_body), pfn), relid = 0;
	uint32_t id = m->gpadl_body.gpadl;
	bool done = true;
	enum err err = gpadl_continue(&s->gpadls, id, pfn, count, &relid, &done);

	if (err != ERR_NOT_FOUND && (done || err != ERR_NONE))
		reply_created(s, relid, id, err);
	return err;
}

/* The reply to a list that there is comes with vmbus_flush, when it is torn. */
static enum err gpadl_teardown(struct vmbus_server *s, const struct vmbus_gpadl_teardown *m) {
	struct vmbus_gpadl_torndown reply = {
	    .header.type = VMBUS_GPADL_TORNDOWN,
	    .gpadl = m->gpadl,
	};

	if (gpadl_tear_down(&s->gpadls, m->relid, m->gpadl) == ERR_NONE)
		return ERR_NONE;
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		if (s->gpadls.list[i].state != GPADL_FREE && s->gpadls.list[i].id == m->gpadl)
			return ERR_STATE;
	vmbus_reply_append(s, &reply, sizeof(reply));
	return ERR_NOT_FOUND;
}

static enum err request_offers(struct vmbus_server *s) {
	bool is_first = !s->are_offers_wanted;

	s->are_offers_wanted = true;
	s->is_end_of_offers_due = true;
	return is_first ? ERR_NONE : ERR_STATE;
}

static enum err tl_connect(struct vmbus_server *s, const struct vmbus_tl_connect *m) {
	struct vmbus_tl_connect_result reply = {
	    .header.type = VMBUS_TL_CONNECT_RESULT,
	    .endpoint = m->endpoint,
	    .service = m->service,
	    .status = VMBUS_STATUS_UNSUCCESSFUL,
	};

	vmbus_reply_append(s, &reply, sizeof(reply));
	return ERR_NOT_FOUND;
}

static enum err connected_message(struct vmbus_server *s, const union message *m, size_t size) {
	switch (m->header.type) {
	case VMBUS_REQUEST_OFFERS:
		return request_offers(s);
	case VMBUS_OPEN_CHANNEL:
		return vmbus_open(s, &m->open);
	case VMBUS_CLOSE_CHANNEL:
		return vmbus_close(s, &m->relid);
	case VMBUS_GPADL_HEADER:
		return gpadl_header(s, m, size);
	case VMBUS_GPADL_BODY:
		return gpadl_body(s, m, size);
	case VMBUS_GPADL_TEARDOWN:
		return gpadl_teardown(s, &m->teardown);
	case VMBUS_RELID_RELEASED:
		return vmbus_release(s, &m->relid);
	case VMBUS_MODIFY_CHANNEL:
		return vmbus_modify(s, &m->modify);
	default:
		return tl_connect(s, &m->connect);
	}
}

static enum err handle(struct vmbus_server *s, const union message *m, size_t size) {
	uint32_t type = m->header.type;

	if (size < sizeof(m->header))
		return ERR_FORMAT;
	if (type >= sizeof(size_of) || size_of[type] == 0)
		return ERR_UNSUPPORTED;
	if (size < size_of[type])
		return ERR_FORMAT;
	if (type == VMBUS_INITIATE_CONTACT)
		return vmbus_contact(s, &m->contact);
	if (type == VMBUS_UNLOAD)
		return vmbus_unload(s);
	return s->state == VMBUS_CONNECTED ? connected_message(s, m, size) : ERR_STATE;
}

enum err vmbus_receive(struct vmbus_server *s, const void *payload, size_t size) {
	union message m = {0};
	enum err err;

	if (!vmbus_can_receive(s))
		return ERR_MEMORY;
	if (size > sizeof(m))
		return ERR_FORMAT;
	memcpy(&m, payload, size);
	err = handle(s, &m, size);
	if (err != ERR_NONE)
		s->refused++;
	vmbus_flush(s);
	return err;
}
