/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Making and deleting ports and connections [TLFS "Inter-Partition Communication"]. */
#include "core/hypercall.h"
#include "core/partition.h"
#include "core/port.h"

/* Whether an object may take its place, which holds one of type `type` and id `old`. */
static enum hv_status judge_place(uint32_t type, uint32_t old, uint32_t id) {
	if (type == 0)
		return HV_STATUS_SUCCESS;
	return old == id ? HV_STATUS_OBJECT_IN_USE : HV_STATUS_NO_RESOURCES;
}

static bool info_is_legal(const struct hv_port_info *info, uint32_t vp_count) {
	bool is_event = info->type == HV_PORT_EVENT;
	uint32_t end = (uint32_t)info->base_flag + info->flag_count;

	return (is_event ? info->flag_count > 0 && end <= HV_EVENT_FLAGS : info->type == HV_PORT_MESSAGE && end == 0) &&
	       info->target_sint < HV_SINT_COUNT && info->target_vp < vp_count && info->reserved == 0 &&
	       info->reserved2 == 0;
}

enum hv_status call_create_port(struct hypercall *hc) {
	const struct hv_create_port_in *in = hc->in;
	const struct hv_port_info *info = &in->port_info;
	enum hv_status status;
	struct port *port;

	if (in->port_id >= HV_PORT_ID_LIMIT || in->port_vtl != 0 || in->min_connection_vtl != 0 || in->reserved != 0 ||
	    !info_is_legal(info, hc->partition->cpu.vp_count))
		return HV_STATUS_INVALID_PARAMETER;
	status = port_make_tables(hc->partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	port = port_at(hc->partition, in->port_id);
	status = judge_place(port->type, port->id, in->port_id);
	if (status == HV_STATUS_SUCCESS)
		*port = (struct port){.type = info->type,
		                      .id = in->port_id,
		                      .connector = in->connection_partition,
		                      .sint = (uint8_t)info->target_sint,
		                      .vp = (uint8_t)info->target_vp,
		                      .base_flag = info->base_flag,
		                      .flag_count = info->flag_count};
	return status;
}

enum hv_status call_delete_port(struct hypercall *hc) {
	const struct hv_delete_port_in *in = hc->in;
	struct port *port = port_at(hc->partition, in->port_id);

	if (in->reserved != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (port == NULL || port->type == 0 || port->id != in->port_id)
		return HV_STATUS_INVALID_PORT_ID;
	port->type = 0;
	return HV_STATUS_SUCCESS;
}

/* The parent's ports are there; a child's must be, for this connector. *owner: whose it is. */
static enum hv_status judge_port(const struct hv_connect_port_in *in, uint32_t *owner) {
	struct partition *p;
	enum hv_status status = partition_lock(in->port_partition, &p);
	bool exists;

	if (status != HV_STATUS_SUCCESS)
		return status;
	*owner = p->id;
	exists = p->is_parent ? in->type == HV_PORT_MESSAGE || in->port_id < HV_PARENT_PORTS
	                      : port_find(p, in->port_id, in->type, in->connection_partition) != NULL;
	partition_unlock(p);
	return exists ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PORT_ID;
}

/* Not more than one child is locked at a time: the port may be gone again when the
 * connection is made, and is looked up anew whenever it is used. */
enum hv_status call_connect_port(struct hypercall *hc) {
	const struct hv_connect_port_in *in = hc->in;
	struct connection made = {.id = in->connection_id, .port = in->port_id};
	struct connection *c;
	enum hv_status status;

	if (in->connection_id >= HV_PORT_ID_LIMIT || in->connection_vtl != 0 ||
	    (in->type != HV_PORT_MESSAGE && in->type != HV_PORT_EVENT))
		return HV_STATUS_INVALID_PARAMETER;
	status = judge_port(in, &made.partition);
	if (status == HV_STATUS_SUCCESS)
		status = partition_lock(in->connection_partition, &hc->partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	if (hc->partition->is_parent)
		return HV_STATUS_ACCESS_DENIED;
	if (hc->partition->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	status = port_make_tables(hc->partition);
	if (status != HV_STATUS_SUCCESS)
		return status;
	c = connection_at(hc->partition, in->connection_id);
	status = judge_place(c->type, c->id, in->connection_id);
	if (status == HV_STATUS_SUCCESS) {
		*c = made;
		__atomic_store_n(&c->type, in->type, __ATOMIC_RELEASE);
	}
	return status;
}

/* Its place is free for another once nobody uses it any more. */
enum hv_status call_disconnect_port(struct hypercall *hc) {
	const struct hv_disconnect_port_in *in = hc->in;
	struct connection *c = connection_at(hc->partition, in->connection_id);

	if (in->reserved != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (c == NULL || c->type == 0 || c->id != in->connection_id)
		return HV_STATUS_INVALID_CONNECTION_ID;
	__atomic_store_n(&c->type, 0, __ATOMIC_RELEASE);
	hc->needs_shootdown = true;
	return HV_STATUS_SUCCESS;
}
