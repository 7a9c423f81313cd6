/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VMBus server from bytes. Lists of pages come first, since rings lie in them;
 * connections of the kernel last, since only they are somebody else's.
 */
#include "vmbus/vmbus_state.h"

#include <string.h>
#include "vmbus/vmbus_host.h"
#include "vmbus/vmbus_internal.h"

/* Until a device adopts it, a channel has one that does nothing. */
static enum err orphan_open(struct vmbus_channel *c) {
	(void)c;
	return ERR_STATE;
}

static void orphan_ignore(struct vmbus_channel *c) { (void)c; }

static const struct vmbus_device_ops orphan = {orphan_open, orphan_ignore, orphan_ignore, vmbus_channel_closed,
                                               orphan_ignore};

static bool is_open(const struct vmbus_channel *c) {
	return c->state == VMBUS_CHANNEL_OPENING || c->state == VMBUS_CHANNEL_OPEN;
}

static bool is_header_valid(const struct vmbus_server *s, const struct vmbus_state_header *h) {
	if (h->is_connected > 1 || h->target_vp >= s->vp_count || h->channel_count > VMBUS_CHANNEL_COUNT ||
	    h->gpadl_count > GPADL_COUNT || h->reply_count > VMBUS_OUTBOX_SIZE ||
	    h->flags & ~(VMBUS_STATE_OFFERS_WANTED | VMBUS_STATE_END_DUE) || (h->flags != 0 && !h->is_connected))
		return false;
	if (h->is_connected && !vmbus_is_version_known(h->vmbus_version))
		return false;
	for (unsigned i = 0; i < h->reply_count; i++)
		if (h->reply[i].size < sizeof(struct vmbus_message_header) || h->reply[i].size > VMBUS_REPLY_SIZE_MAX)
			return false;
	return true;
}

static bool is_channel_valid(const struct vmbus_state_header *h, const struct vmbus_state_channel *r) {
	const uint32_t flags = VMBUS_STATE_RESCINDED | VMBUS_STATE_RESCIND_DUE | VMBUS_STATE_BROKEN | VMBUS_STATE_WAITS;

	if (r->relid == 0 || r->relid > VMBUS_CHANNEL_COUNT || r->flags & ~flags)
		return false;
	if (r->flags & VMBUS_STATE_RESCIND_DUE && !(r->flags & VMBUS_STATE_RESCINDED))
		return false;
	switch (r->state) {
	case VMBUS_CHANNEL_WAITING:
		return r->flags == 0;
	case VMBUS_CHANNEL_RELEASED:
		return r->flags == 0 && h->is_connected;
	case VMBUS_CHANNEL_OFFERED:
	case VMBUS_CHANNEL_OPENING:
	case VMBUS_CHANNEL_OPEN:
		return h->is_connected;
	default:
		return false;
	}
}

static enum err load_channel(struct vmbus_server *s, const struct vmbus_state_header *h, const uint8_t *at) {
	struct vmbus_state_channel r;
	struct vmbus_channel *c;

	memcpy(&r, at, sizeof(r));
	if (!is_channel_valid(h, &r))
		return ERR_RANGE;
	c = &s->channel[r.relid - 1];
	if (c->state != VMBUS_CHANNEL_FREE)
		return ERR_RANGE;
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++)
		if (s->channel[i].state != VMBUS_CHANNEL_FREE && !s->channel[i].is_rescinded &&
		    !(r.flags & VMBUS_STATE_RESCINDED) && vmbus_is_same_offer(&s->channel[i].offer, &r.offer))
			return ERR_RANGE;
	c->ops = &orphan;
	c->state = (enum vmbus_channel_state)r.state;
	c->is_rescinded = r.flags & VMBUS_STATE_RESCINDED;
	c->is_rescind_due = r.flags & VMBUS_STATE_RESCIND_DUE;
	c->is_broken = r.flags & VMBUS_STATE_BROKEN;
	c->offer = r.offer;
	return ERR_NONE;
}

/* What an open channel has beyond others. */
static enum err load_rings(struct vmbus_server *s, const uint8_t *at) {
	struct vmbus_state_channel r;
	struct ring_memory in, out;
	struct vmbus_channel *c;
	enum err err;

	memcpy(&r, at, sizeof(r));
	c = &s->channel[r.relid - 1];
	if (!is_open(c))
		return ERR_NONE;
	if (r.target_vp >= s->vp_count)
		return ERR_RANGE;
	c->ring_gpadl = gpadl_hold_again(&s->gpadls, r.relid, r.ring_gpadl);
	if (c->ring_gpadl == NULL)
		return ERR_RANGE;
	c->target_vp = r.target_vp;
	c->open_id = r.open_id;
	c->downstream_page = r.downstream_page;
	memcpy(c->open_data, r.open_data, sizeof(c->open_data));
	err = vmbus_place_rings(c->ring_gpadl, r.downstream_page, &in, &out);
	if (err != ERR_NONE)
		return err;
	/* Our own indices count, not those that the guest could write. */
	if (!ring_reader_init(&c->in, &in, r.in_index) || !ring_writer_init(&c->out, &out, r.out_index))
		return ERR_RANGE;
	c->out.is_waiting = r.flags & VMBUS_STATE_WAITS;
	return ERR_NONE;
}

/* One list at `at`, of which `left` bytes are there; *used counts them. */
static enum err load_gpadl(struct vmbus_server *s, const uint8_t *at, size_t left, size_t *used) {
	struct vmbus_state_gpadl r;
	struct gpadl g;

	if (left < sizeof(r))
		return ERR_FORMAT;
	memcpy(&r, at, sizeof(r));
	if (r.arrived > (left - sizeof(r)) / sizeof(uint64_t))
		return ERR_FORMAT;
	if (vmbus_channel_find(s, r.relid) == NULL || r.state > GPADL_TORN)
		return ERR_RANGE;
	*used = sizeof(r) + r.arrived * sizeof(uint64_t);
	g = (struct gpadl){
	    .state = (enum gpadl_state)r.state,
	    .id = r.id,
	    .relid = r.relid,
	    .byte_count = r.byte_count,
	    .byte_offset = r.byte_offset,
	    .page_count = r.page_count,
	    .arrived = r.arrived,
	};
	return gpadl_restore(&s->gpadls, &g, at + sizeof(r));
}

static enum err load_all(struct vmbus_server *s, const struct vmbus_state_header *h, const uint8_t *at, size_t left) {
	const uint8_t *channels = at;
	size_t used = h->channel_count * sizeof(struct vmbus_state_channel);
	enum err err = left < used ? ERR_FORMAT : ERR_NONE;

	for (uint32_t i = 0; i < h->channel_count && err == ERR_NONE; i++)
		err = load_channel(s, h, channels + i * sizeof(struct vmbus_state_channel));
	for (uint32_t i = 0; i < h->gpadl_count && err == ERR_NONE; i++) {
		at += used;
		left -= used;
		err = load_gpadl(s, at, left, &used);
	}
	if (err == ERR_NONE && left != used)
		err = ERR_FORMAT;
	for (uint32_t i = 0; i < h->channel_count && err == ERR_NONE; i++)
		err = load_rings(s, channels + i * sizeof(struct vmbus_state_channel));
	for (unsigned i = 0; i < GPADL_COUNT && err == ERR_NONE; i++)
		if (s->gpadls.list[i].state == GPADL_LEAVING && s->gpadls.list[i].holders == 0)
			err = ERR_RANGE;
	return err;
}

/* All open channels, or none. */
static enum err listen(struct vmbus_server *s) {
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		enum err err;

		if (!is_open(&s->channel[i]))
			continue;
		err = vmbus_host_listen(s, VMBUS_CONNECTION_BASE + i + 1, i + 1);
		if (err == ERR_NONE)
			continue;
		while (i-- > 0)
			if (is_open(&s->channel[i]))
				vmbus_host_unlisten(s, VMBUS_CONNECTION_BASE + i + 1, i + 1);
		return err;
	}
	return ERR_NONE;
}

static void undo(struct vmbus_server *s) {
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++)
		if (s->channel[i].ring_gpadl != NULL)
			gpadl_release(s->channel[i].ring_gpadl);
	gpadl_forget_all(&s->gpadls, 0);
	vmbus_init(s, s->gpadls.memory, s->vp_count, s->context);
}

enum err vmbus_load(struct vmbus_server *s, const void *from, size_t size) {
	struct vmbus_state_header h;
	enum err err;

	if (size < sizeof(h))
		return ERR_FORMAT;
	memcpy(&h, from, sizeof(h));
	if (h.version != VMBUS_STATE_VERSION)
		return ERR_UNSUPPORTED;
	if (h.size != size)
		return ERR_FORMAT;
	if (!is_header_valid(s, &h))
		return ERR_RANGE;
	err = load_all(s, &h, (const uint8_t *)from + sizeof(h), size - sizeof(h));
	if (err == ERR_NONE)
		err = listen(s);
	if (err != ERR_NONE) {
		undo(s);
		return err;
	}
	s->state = h.is_connected ? VMBUS_CONNECTED : VMBUS_DISCONNECTED;
	s->version = h.vmbus_version;
	s->target_vp = h.target_vp;
	s->are_offers_wanted = h.flags & VMBUS_STATE_OFFERS_WANTED;
	s->is_end_of_offers_due = h.flags & VMBUS_STATE_END_DUE;
	s->refused = h.refused;
	s->reply_count = h.reply_count;
	memcpy(s->reply, h.reply, sizeof(s->reply));
	return ERR_NONE;
}

const struct vmbus_channel *vmbus_find_orphan(const struct vmbus_server *s, const struct vmbus_offer *offer) {
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		const struct vmbus_channel *c = &s->channel[i];

		if (c->state != VMBUS_CHANNEL_FREE && c->ops == &orphan && !c->is_rescinded &&
		    vmbus_is_same_offer(&c->offer, offer))
			return c;
	}
	return NULL;
}

struct vmbus_channel *vmbus_adopt(struct vmbus_server *s, const struct vmbus_offer *offer,
                                  const struct vmbus_device_ops *ops, void *device) {
	const struct vmbus_channel *found = vmbus_find_orphan(s, offer);
	struct vmbus_channel *c;

	if (found == NULL)
		return NULL;
	c = &s->channel[found->relid - 1];
	c->ops = ops;
	c->device = device;
	return c;
}

void vmbus_adopt_end(struct vmbus_server *s) {
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		struct vmbus_channel *c = &s->channel[i];

		if (c->state != VMBUS_CHANNEL_FREE && c->ops == &orphan)
			vmbus_rescind(c);
		else if (c->state == VMBUS_CHANNEL_OPEN)
			vmbus_host_again(s, c->relid);
	}
	vmbus_flush(s);
}
