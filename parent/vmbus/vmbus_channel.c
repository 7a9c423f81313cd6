/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The life of a channel between its offer and its end. */
#include "vmbus/vmbus.h"

#include <string.h>
#include "runtime/invariant.h"
#include "vmbus/shared_memory.h"
#include "vmbus/vmbus_host.h"
#include "vmbus/vmbus_internal.h"

struct vmbus_channel *vmbus_channel_find(struct vmbus_server *s, uint32_t relid) {
	struct vmbus_channel *c;

	if (relid == 0 || relid > VMBUS_CHANNEL_COUNT)
		return NULL;
	c = &s->channel[relid - 1];
	return c->state == VMBUS_CHANNEL_FREE ? NULL : c;
}

bool vmbus_is_same_offer(const struct vmbus_offer *a, const struct vmbus_offer *b) {
	return memcmp(&a->interface, &b->interface, sizeof(a->interface)) == 0 &&
	       memcmp(&a->instance, &b->instance, sizeof(a->instance)) == 0 &&
	       a->subchannel_index == b->subchannel_index;
}

struct vmbus_channel *vmbus_offer(struct vmbus_server *s, const struct vmbus_offer *offer,
                                  const struct vmbus_device_ops *ops, void *device) {
	struct vmbus_channel *c = NULL;

	for (unsigned i = VMBUS_CHANNEL_COUNT; i-- > 0;) {
		if (s->channel[i].state == VMBUS_CHANNEL_FREE)
			c = &s->channel[i];
		else if (!s->channel[i].is_rescinded && vmbus_is_same_offer(&s->channel[i].offer, offer))
			return NULL;
	}
	if (c == NULL)
		return NULL;
	*c = (struct vmbus_channel){
	    .server = s,
	    .ops = ops,
	    .device = device,
	    .state = VMBUS_CHANNEL_WAITING,
	    .relid = c->relid,
	    .offer = *offer,
	};
	vmbus_flush(s);
	return c;
}

void vmbus_channel_free(struct vmbus_channel *c) {
	invariant(c->ring_gpadl == NULL);
	gpadl_forget_all(&c->server->gpadls, c->relid);
	c->state = VMBUS_CHANNEL_FREE;
	c->is_rescinded = c->is_rescind_due = c->is_released = false;
	c->ops->gone(c);
}

void vmbus_rescind(struct vmbus_channel *c) {
	struct vmbus_server *s = c->server;

	if (c->is_rescinded || c->state == VMBUS_CHANNEL_FREE)
		return;
	c->is_rescinded = true;
	if (c->state == VMBUS_CHANNEL_WAITING || c->state == VMBUS_CHANNEL_RELEASED) {
		vmbus_channel_free(c);
		return;
	}
	c->is_rescind_due = s->state == VMBUS_CONNECTED;
	vmbus_flush(s);
}

enum err vmbus_place_rings(const struct gpadl *g, uint32_t downstream, struct ring_memory *in,
                           struct ring_memory *out) {
	if (g->byte_offset != 0 || g->page_count < 4 || downstream < 2 || downstream > g->page_count - 2)
		return ERR_RANGE;
	*in = (struct ring_memory){(struct vmbus_ring_control *)(void *)g->page[0], g->page + 1, downstream - 1};
	*out = (struct ring_memory){(struct vmbus_ring_control *)(void *)g->page[downstream], g->page + downstream + 1,
	                            g->page_count - downstream - 1};
	return ERR_NONE;
}

/* Rings start where the guest's control pages say, which is 0 in a ring that it
 * cleared. */
static enum err set_up_rings(struct vmbus_channel *c, const struct gpadl *g, uint32_t downstream) {
	struct ring_memory in, out;
	enum err err = vmbus_place_rings(g, downstream, &in, &out);

	if (err != ERR_NONE)
		return err;
	if (!ring_reader_init(&c->in, &in, shared_load32(&in.control->read_index)) ||
	    !ring_writer_init(&c->out, &out, shared_load32(&out.control->write_index)))
		return ERR_RANGE;
	return ERR_NONE;
}

/* All that an OPEN can be refused for, before anything changes. */
static enum err open_prepare(struct vmbus_server *s, struct vmbus_channel *c, const struct vmbus_open_channel *m,
                             struct gpadl **ring) {
	if (c == NULL)
		return ERR_NOT_FOUND;
	if (c->state != VMBUS_CHANNEL_OFFERED || c->is_rescinded)
		return ERR_STATE;
	if (m->target_vp >= s->vp_count)
		return ERR_RANGE;
	*ring = gpadl_find(&s->gpadls, m->relid, m->ring_gpadl);
	if (*ring == NULL)
		return ERR_NOT_FOUND;
	return set_up_rings(c, *ring, m->downstream_page);
}

static enum err open_commit(struct vmbus_server *s, struct vmbus_channel *c, const struct vmbus_open_channel *m,
                            struct gpadl *ring) {
	enum err err = vmbus_host_listen(s, VMBUS_CONNECTION_BASE + c->relid, c->relid);

	if (err != ERR_NONE)
		return err;
	gpadl_hold(ring);
	c->ring_gpadl = ring;
	c->downstream_page = m->downstream_page;
	c->target_vp = m->target_vp;
	c->open_id = m->open_id;
	c->is_broken = false;
	memcpy(c->open_data, m->user_data, sizeof(c->open_data));
	err = c->ops->open(c);
	if (err == ERR_NONE) {
		ring_set_features(&c->out);
		c->state = VMBUS_CHANNEL_OPENING;
		return ERR_NONE;
	}
	c->ring_gpadl = NULL;
	gpadl_release(ring);
	vmbus_host_unlisten(s, VMBUS_CONNECTION_BASE + c->relid, c->relid);
	return err;
}

enum err vmbus_open(struct vmbus_server *s, const struct vmbus_open_channel *m) {
	struct vmbus_channel *c = vmbus_channel_find(s, m->relid);
	struct vmbus_open_result reply = {
	    .header.type = VMBUS_OPEN_RESULT,
	    .relid = m->relid,
	    .open_id = m->open_id,
	};
	struct gpadl *ring = NULL;
	enum err err = open_prepare(s, c, m, &ring);

	if (err == ERR_NONE)
		err = open_commit(s, c, m, ring);
	if (err != ERR_NONE)
		reply.status = err == ERR_MEMORY ? VMBUS_STATUS_NO_RESOURCES : VMBUS_STATUS_INVALID;
	vmbus_reply_append(s, &reply, sizeof(reply));
	return err;
}

void vmbus_channel_told(struct vmbus_channel *c) {
	c->state = VMBUS_CHANNEL_OPEN;
	c->ops->opened(c);
}

void vmbus_channel_close(struct vmbus_channel *c) {
	c->state = VMBUS_CHANNEL_CLOSING;
	c->ops->close(c);
}

void vmbus_channel_closed(struct vmbus_channel *c) {
	struct vmbus_server *s = c->server;
	struct gpadl *ring = c->ring_gpadl;

	invariant(c->state == VMBUS_CHANNEL_CLOSING);
	c->ring_gpadl = NULL;
	gpadl_release(ring);
	vmbus_host_unlisten(s, VMBUS_CONNECTION_BASE + c->relid, c->relid);
	c->state = VMBUS_CHANNEL_OFFERED;
	if (c->is_released)
		vmbus_channel_free(c);
	vmbus_reset_continue(s);
	vmbus_flush(s);
}

enum err vmbus_close(struct vmbus_server *s, const struct vmbus_relid_message *m) {
	struct vmbus_channel *c = vmbus_channel_find(s, m->relid);

	if (c == NULL)
		return ERR_NOT_FOUND;
	if (c->state != VMBUS_CHANNEL_OPENING && c->state != VMBUS_CHANNEL_OPEN)
		return ERR_STATE;
	vmbus_channel_close(c);
	return ERR_NONE;
}

/* An event flag that was set on the old VP stays there; the new one gets one
 * more, so that neither order of events loses it. */
enum err vmbus_modify(struct vmbus_server *s, const struct vmbus_modify_channel *m) {
	struct vmbus_channel *c = vmbus_channel_find(s, m->relid);
	struct vmbus_modify_response reply = {
	    .header.type = VMBUS_MODIFY_RESPONSE,
	    .relid = m->relid,
	};
	enum err err = ERR_NONE;

	if (c == NULL)
		err = ERR_NOT_FOUND;
	else if (c->state != VMBUS_CHANNEL_OPENING && c->state != VMBUS_CHANNEL_OPEN)
		err = ERR_STATE;
	else if (m->target_vp >= s->vp_count)
		err = ERR_RANGE;
	if (err == ERR_NONE && c->target_vp != m->target_vp) {
		c->target_vp = m->target_vp;
		if (c->state == VMBUS_CHANNEL_OPEN)
			vmbus_host_signal(s, c->target_vp, c->relid);
	}
	reply.status = err == ERR_NONE ? VMBUS_STATUS_SUCCESS : VMBUS_STATUS_INVALID;
	if (s->version >= VMBUS_VERSION_5_3)
		vmbus_reply_append(s, &reply, sizeof(reply));
	return err;
}

/* A guest gives a relid back when the offer was rescinded, and then it need not
 * have torn its lists down; or because it has no use for the device. */
enum err vmbus_release(struct vmbus_server *s, const struct vmbus_relid_message *m) {
	struct vmbus_channel *c = vmbus_channel_find(s, m->relid);

	if (c == NULL)
		return ERR_NOT_FOUND;
	if (c->state == VMBUS_CHANNEL_WAITING || c->state == VMBUS_CHANNEL_RELEASED ||
	    (!c->is_rescinded && c->state != VMBUS_CHANNEL_OFFERED))
		return ERR_STATE;
	if (!c->is_rescinded) {
		c->state = VMBUS_CHANNEL_RELEASED;
		return ERR_NONE;
	}
	c->is_rescind_due = false;
	if (c->state == VMBUS_CHANNEL_OFFERED) {
		vmbus_channel_free(c);
		return ERR_NONE;
	}
	c->is_released = true;
	if (c->state != VMBUS_CHANNEL_CLOSING)
		vmbus_channel_close(c);
	return ERR_NONE;
}
