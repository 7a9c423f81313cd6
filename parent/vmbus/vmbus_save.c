/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A VMBus server to bytes. */
#include "vmbus/vmbus_state.h"

#include <string.h>

size_t vmbus_save_size(const struct vmbus_server *s) {
	size_t size = sizeof(struct vmbus_state_header);

	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++)
		if (s->channel[i].state != VMBUS_CHANNEL_FREE)
			size += sizeof(struct vmbus_state_channel);
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		if (s->gpadls.list[i].state != GPADL_FREE)
			size += sizeof(struct vmbus_state_gpadl) + s->gpadls.list[i].arrived * sizeof(uint64_t);
	return size;
}

static bool is_open(const struct vmbus_channel *c) {
	return c->state == VMBUS_CHANNEL_OPENING || c->state == VMBUS_CHANNEL_OPEN;
}

static bool is_quiet(const struct vmbus_server *s) {
	if (s->state == VMBUS_RESETTING)
		return false;
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		const struct vmbus_channel *c = &s->channel[i];

		if (c->state == VMBUS_CHANNEL_CLOSING)
			return false;
		if (is_open(c) && !c->is_broken && (c->in.read != c->in.released || c->out.write != c->out.published))
			return false;
	}
	return true;
}

static struct vmbus_state_channel save_channel(const struct vmbus_channel *c) {
	struct vmbus_state_channel r = {
	    .relid = c->relid,
	    .state = c->state,
	    .flags = (c->is_rescinded ? VMBUS_STATE_RESCINDED : 0) | (c->is_rescind_due ? VMBUS_STATE_RESCIND_DUE : 0),
	    .offer = c->offer,
	};

	if (!is_open(c))
		return r;
	r.flags |= (c->is_broken ? VMBUS_STATE_BROKEN : 0) | (c->out.is_waiting ? VMBUS_STATE_WAITS : 0);
	r.target_vp = c->target_vp;
	r.open_id = c->open_id;
	r.ring_gpadl = c->ring_gpadl->id;
	r.downstream_page = c->downstream_page;
	r.in_index = c->in.released;
	r.out_index = c->out.published;
	memcpy(r.open_data, c->open_data, sizeof(r.open_data));
	return r;
}

static uint8_t *save_gpadl(const struct gpadl *g, uint8_t *at) {
	struct vmbus_state_gpadl r = {
	    .state = g->state,
	    .id = g->id,
	    .relid = g->relid,
	    .byte_count = g->byte_count,
	    .byte_offset = g->byte_offset,
	    .page_count = g->page_count,
	    .arrived = g->arrived,
	};

	memcpy(at, &r, sizeof(r));
	at += sizeof(r);
	memcpy(at, g->pfn, g->arrived * sizeof(*g->pfn));
	return at + g->arrived * sizeof(*g->pfn);
}

enum err vmbus_save(const struct vmbus_server *s, void *to, size_t size) {
	struct vmbus_state_header h = {
	    .version = VMBUS_STATE_VERSION,
	    .size = (uint32_t)size,
	    .is_connected = s->state == VMBUS_CONNECTED,
	    .vmbus_version = s->version,
	    .target_vp = s->target_vp,
	    .flags = (s->are_offers_wanted ? VMBUS_STATE_OFFERS_WANTED : 0) |
	             (s->is_end_of_offers_due ? VMBUS_STATE_END_DUE : 0),
	    .refused = s->refused,
	    .reply_count = s->reply_count,
	};
	uint8_t *at = (uint8_t *)to + sizeof(h);

	if (!is_quiet(s))
		return ERR_STATE;
	if (size != vmbus_save_size(s))
		return ERR_RANGE;
	for (unsigned i = 0; i < s->reply_count; i++)
		h.reply[i] = s->reply[(s->reply_first + i) % VMBUS_OUTBOX_SIZE];
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		struct vmbus_state_channel r;

		if (s->channel[i].state == VMBUS_CHANNEL_FREE)
			continue;
		r = save_channel(&s->channel[i]);
		memcpy(at, &r, sizeof(r));
		at += sizeof(r);
		h.channel_count++;
	}
	for (unsigned i = 0; i < GPADL_COUNT; i++) {
		if (s->gpadls.list[i].state == GPADL_FREE)
			continue;
		at = save_gpadl(&s->gpadls.list[i], at);
		h.gpadl_count++;
	}
	memcpy(to, &h, sizeof(h));
	return ERR_NONE;
}
