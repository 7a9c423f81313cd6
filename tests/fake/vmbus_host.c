/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/vmbus_host.h"

#include <stdlib.h>
#include <string.h>
#include "vmbus/vmbus.h"
#include "vmbus/vmbus_host.h"

struct fake_vmbus_host fake_vmbus;

void fake_vmbus_reset(void) {
	memset(&fake_vmbus, 0, sizeof(fake_vmbus));
	fake_vmbus.room = ~0u;
}

bool vmbus_host_post(struct vmbus_server *s, hv_vp_index_t vp, const void *payload, size_t size) {
	struct fake_post *post = &fake_vmbus.post[fake_vmbus.post_count % FAKE_POSTS];

	if (vp >= s->vp_count || size > sizeof(post->payload))
		abort();
	if (fake_vmbus.room == 0)
		return false;
	fake_vmbus.room--;
	post->vp = vp;
	post->size = (uint32_t)size;
	memcpy(post->payload, payload, size);
	fake_vmbus.post_count++;
	return true;
}

void vmbus_host_signal(struct vmbus_server *s, hv_vp_index_t vp, uint32_t relid) {
	if (vp >= s->vp_count || relid == 0 || relid >= VMBUS_RELID_LIMIT)
		abort();
	fake_vmbus.signals++;
	fake_vmbus.signaled = relid;
	fake_vmbus.signaled_vp = vp;
}

enum err vmbus_host_listen(struct vmbus_server *s, uint32_t connection_id, uint32_t relid) {
	(void)s;
	if (connection_id != VMBUS_CONNECTION_BASE + relid)
		abort();
	if (fake_vmbus.refuses_to_listen)
		return ERR_HYPERCALL;
	fake_vmbus.listening++;
	return ERR_NONE;
}

void vmbus_host_unlisten(struct vmbus_server *s, uint32_t connection_id, uint32_t relid) {
	(void)s;
	if (connection_id != VMBUS_CONNECTION_BASE + relid || fake_vmbus.listening == 0)
		abort();
	fake_vmbus.listening--;
}

void vmbus_host_again(struct vmbus_server *s, uint32_t relid) {
	(void)s;
	fake_vmbus.again = relid;
}

bool vmbus_host_later(struct vmbus_server *s, uint32_t relid) {
	(void)s;
	if (fake_vmbus.has_no_later)
		return false;
	fake_vmbus.later = relid;
	return true;
}
