/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the VMBus server stands on, by hypercalls (vmbus/vmbus_host.h). */
#include <string.h>
#include "hal/polls.h"
#include "runtime/event_page.h"
#include "runtime/hypercall.h"
#include "runtime/invariant.h"
#include "runtime/log.h"
#include "runtime/time.h"
#include "vmbus/vmbus_host.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_vmbus.h"

/* A ring that a disk looks at by itself is looked at this often all the same: what the disk
 * waits for may never end, and the next request may be for another disk. */
#define LATER (HV_REFERENCE_TIME_HZ / 1000)

_Static_assert(VMS_MAX *VMBUS_CHANNEL_COUNT <= HV_PARENT_PORTS, "an event port per channel of every VM");

static struct vm *vm_of(const struct vmbus_server *s) { return s->context; }

static uint32_t port_of(const struct vmbus_server *s, uint32_t relid) {
	return vm_of(s)->place * VMBUS_CHANNEL_COUNT + relid - 1;
}

/* Whatever the kernel says, the message stays with us: it goes when the guest listens. */
bool vmbus_host_post(struct vmbus_server *s, hv_vp_index_t vp, const void *payload, size_t size) {
	struct hv_message message = {.header = {.type = VMBUS_MESSAGE_TYPE, .payload_size = (uint8_t)size}};
	struct hv_post_message_direct_in in = {
	    .partition_id = vm_of(s)->partition,
	    .vp_index = vp,
	    .target_sint = VMBUS_SINT,
	};
	enum hv_status status;

	_Static_assert(sizeof(message) == sizeof(in.message), "one message");
	invariant(size <= sizeof(message.payload));
	memcpy(message.payload, payload, size);
	memcpy(in.message, &message, sizeof(in.message));
	status = hypercall_post_message_direct(&in);
	if (status != HV_STATUS_SUCCESS && status != HV_STATUS_INSUFFICIENT_BUFFERS &&
	    status != HV_STATUS_INVALID_SYNIC_STATE)
		log_debug("vm %s: a message to processor %u: %s", vm_of(s)->config.name, vp,
		          hypercall_status_text(status));
	return status == HV_STATUS_SUCCESS;
}

/* A guest that does not listen has lost the signal, as on a bus. */
void vmbus_host_signal(struct vmbus_server *s, hv_vp_index_t vp, uint32_t relid) {
	struct hv_signal_event_direct_in in = {
	    .partition_id = vm_of(s)->partition,
	    .vp_index = vp,
	    .target_sint = VMBUS_SINT,
	    .flag_number = (uint16_t)relid,
	};
	enum hv_status status = hypercall_signal_event_direct(&in);

	if (status != HV_STATUS_SUCCESS)
		log_debug("vm %s: a signal of channel %u to processor %u: %s", vm_of(s)->config.name, relid, vp,
		          hypercall_status_text(status));
}

/* The page of connections exists since vm_vmbus_start: no deposit is needed here. */
enum err vmbus_host_listen(struct vmbus_server *s, uint32_t connection_id, uint32_t relid) {
	struct hv_connect_port_in in = {
	    .connection_partition = vm_of(s)->partition,
	    .connection_id = connection_id,
	    .port_partition = HV_PARTITION_ID_SELF,
	    .port_id = port_of(s, relid),
	    .type = HV_PORT_EVENT,
	};
	enum hv_status status = hypercall_connect_port(&in);

	if (status == HV_STATUS_SUCCESS)
		return ERR_NONE;
	log_error("vm %s: connecting channel %u failed: %s", vm_of(s)->config.name, relid,
	          hypercall_status_text(status));
	return ERR_HYPERCALL;
}

void vmbus_host_unlisten(struct vmbus_server *s, uint32_t connection_id, uint32_t relid) {
	enum hv_status status = hypercall_disconnect_port(vm_of(s)->partition, connection_id);

	if (status != HV_STATUS_SUCCESS)
		log_error("vm %s: disconnecting channel %u failed: %s", vm_of(s)->config.name, relid,
		          hypercall_status_text(status));
}

/* As if the guest had signaled once more: this VP's next VpWait returns at once, with
 * what else there is to do. */
void vmbus_host_again(struct vmbus_server *s, uint32_t relid) {
	event_page_set_port(event_page_own(), port_of(s, relid));
}

bool vmbus_host_later(struct vmbus_server *s, uint32_t relid) {
	return polls_add_port(port_of(s, relid), time_now() + LATER);
}
