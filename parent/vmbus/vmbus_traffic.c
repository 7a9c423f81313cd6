/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Packets of an open channel, and who is signaled for them. */
#include "vmbus/vmbus.h"

#include "vmbus/vmbus_host.h"
#include "vmbus/vmbus_internal.h"

void vmbus_signaled(struct vmbus_server *s, uint32_t relid) {
	struct vmbus_channel *c = vmbus_channel_find(s, relid);

	if (c != NULL && c->state == VMBUS_CHANNEL_OPEN)
		c->ops->signaled(c);
}

static bool has_rings(const struct vmbus_channel *c) { return c->state == VMBUS_CHANNEL_OPEN && !c->is_broken; }

static void signal_guest(struct vmbus_channel *c) { vmbus_host_signal(c->server, c->target_vp, c->relid); }

enum ring_result vmbus_channel_read(struct vmbus_channel *c, void *buffer, uint32_t buffer_size,
                                    struct ring_packet *packet) {
	enum ring_result result;

	if (!has_rings(c))
		return RING_BROKEN;
	ring_mask(&c->in);
	/* Long before the guest has no room left. */
	if (ring_unreleased(&c->in) >= c->in.size / 4 && ring_release(&c->in))
		signal_guest(c);
	result = ring_read(&c->in, buffer, buffer_size, packet);
	c->is_broken = result == RING_BROKEN;
	return result;
}

bool vmbus_channel_sleep(struct vmbus_channel *c) {
	bool has_more;

	if (!has_rings(c))
		return false;
	if (ring_release(&c->in))
		signal_guest(c);
	has_more = ring_unmask(&c->in);
	c->is_broken = c->in.is_broken;
	return has_more && !c->is_broken;
}

bool vmbus_channel_doze(struct vmbus_channel *c) {
	if (!has_rings(c) || !vmbus_host_later(c->server, c->relid))
		return false;
	if (ring_release(&c->in))
		signal_guest(c);
	return true;
}

enum ring_result vmbus_channel_write(struct vmbus_channel *c, const struct ring_send *packet) {
	enum ring_result result;

	if (!has_rings(c))
		return RING_BROKEN;
	result = ring_write(&c->out, packet);
	/* Publish what is there before waiting: the guest frees nothing that it
	 * does not see. */
	if (result == RING_FULL) {
		vmbus_channel_publish(c);
		if (ring_wait_for_room(&c->out, ring_packet_size(packet->header_size, packet->payload_size)))
			result = ring_write(&c->out, packet);
	}
	c->is_broken = c->out.is_broken;
	return c->is_broken ? RING_BROKEN : result;
}

void vmbus_channel_publish(struct vmbus_channel *c) {
	if (has_rings(c) && ring_publish(&c->out))
		signal_guest(c);
}

void vmbus_channel_again(struct vmbus_channel *c) {
	if (has_rings(c))
		vmbus_host_again(c->server, c->relid);
}
