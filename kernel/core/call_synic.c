/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sending [TLFS "Inter-Partition Communication"]: by a connection, or, of the
 * parent, straight to a VP. What goes to the parent is a bit of an event page or an
 * intercept of the sender, so that nothing is stored here.
 */
#include "core/cpu.h"
#include "core/hypercall.h"
#include "core/partition.h"
#include "core/port.h"
#include "core/sched.h"
#include "core/synic.h"
#include "core/vp.h"
#include "lib/string.h"

#define TYPES_OF_HYPERVISOR 0x80000000u

/* The port behind a connection to a child, whose partition is hc->partition then,
 * locked; *vp: its VP. */
static enum hv_status lock_port(struct hypercall *hc, const struct connection *c, const struct port **port,
                                struct vp **vp) {
	if (partition_lock(c->partition, &hc->partition) != HV_STATUS_SUCCESS)
		return HV_STATUS_INVALID_CONNECTION_ID;
	*port = port_find(hc->partition, c->port, c->type, hc->caller->id);
	if (*port == NULL)
		return HV_STATUS_INVALID_CONNECTION_ID;
	*vp = hc->partition->state == PARTITION_ACTIVE ? hc->partition->vp[(*port)->vp] : NULL;
	return *vp != NULL ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_SYNIC_STATE;
}

static void fill(struct hv_message *message, const struct hv_post_message_in *in, uint32_t port) {
	message->header = (struct hv_message_header){
	    .type = in->message_type, .payload_size = (uint8_t)in->payload_size, .sender = port};
	memcpy(message->payload, in->payload, sizeof(message->payload));
}

enum hv_status call_post_message(struct hypercall *hc) {
	const struct hv_post_message_in *in = hc->in;
	const struct connection *c = connection_find(hc->caller, in->connection_id, HV_PORT_MESSAGE);
	const struct port *port;
	struct hv_message message;
	enum hv_status status;
	struct vp *vp;

	if (in->reserved != 0 || in->payload_size > HV_POST_MESSAGE_SIZE || in->message_type == HV_MESSAGE_NONE ||
	    (in->message_type & TYPES_OF_HYPERVISOR))
		return HV_STATUS_INVALID_PARAMETER;
	if (c == NULL)
		return HV_STATUS_INVALID_CONNECTION_ID;
	hc->is_posted = c->partition == PARENT_ID;
	if (hc->is_posted)
		return HV_STATUS_SUCCESS;
	status = lock_port(hc, c, &port, &vp);
	if (status != HV_STATUS_SUCCESS)
		return status;
	fill(&message, in, port->id);
	return synic_post(vp, port->sint, &message);
}

enum hv_status call_signal_event(struct hypercall *hc) {
	const struct hv_signal_event_in *in = hc->in;
	const struct connection *c = connection_find(hc->caller, in->connection_id, HV_PORT_EVENT);
	const struct port *port;
	enum hv_status status;
	bool is_new;
	struct vp *vp;

	if (in->reserved != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (c == NULL)
		return HV_STATUS_INVALID_CONNECTION_ID;
	if (c->partition == PARENT_ID) {
		if (in->flag_number != 0)
			return HV_STATUS_INVALID_PARAMETER;
		vp_wait_signal_port(this_cpu()->sched->io_vp, c->port);
		return HV_STATUS_SUCCESS;
	}
	status = lock_port(hc, c, &port, &vp);
	if (status != HV_STATUS_SUCCESS)
		return status;
	if (in->flag_number >= port->flag_count)
		return HV_STATUS_INVALID_PARAMETER;
	return synic_signal(vp, port->sint, port->base_flag + (unsigned)in->flag_number, &is_new);
}

enum hv_status call_signal_event_direct(struct hypercall *hc) {
	const struct hv_signal_event_direct_in *in = hc->in;
	struct hv_signal_event_direct_out *out = hc->out;
	bool is_new = false;
	enum hv_status status;

	if (in->target_vtl != 0 || in->target_sint >= HV_SINT_COUNT || in->flag_number >= HV_EVENT_FLAGS)
		return HV_STATUS_INVALID_PARAMETER;
	status = synic_signal(hc->target, in->target_sint, in->flag_number, &is_new);
	out->newly_signaled = is_new;
	return status;
}

enum hv_status call_post_message_direct(struct hypercall *hc) {
	const struct hv_post_message_direct_in *in = hc->in;
	const struct hv_message *message = (const struct hv_message *)in->message;
	struct vp *vp = hc->target;
	enum hv_status status;

	if (in->target_vtl != 0 || in->target_sint >= HV_SINT_COUNT || in->reserved != 0 ||
	    message->header.type == HV_MESSAGE_NONE || message->header.payload_size > HV_POST_MESSAGE_SIZE)
		return HV_STATUS_INVALID_PARAMETER;
	/* Wanted before the look, so that no change between the two is missed. */
	__atomic_fetch_or(&vp->msrs.sints_wanted, 1ull << in->target_sint, __ATOMIC_SEQ_CST);
	status = synic_post(vp, in->target_sint, message);
	if (status == HV_STATUS_SUCCESS)
		__atomic_fetch_and(&vp->msrs.sints_wanted, ~(1ull << in->target_sint), __ATOMIC_SEQ_CST);
	return status;
}
