/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The tables and the look-ups. */
#include "core/port.h"

#include "core/partition.h"

_Static_assert(sizeof(struct port) * HV_MAX_PORTS <= PAGE_SIZE, "ports are one frame");
_Static_assert(sizeof(struct connection) * HV_MAX_CONNECTIONS <= PAGE_SIZE, "connections are one frame");

static void *table(const sfn_t *frame) {
	sfn_t number = sfn(__atomic_load_n(&frame->v, __ATOMIC_ACQUIRE));

	return number.v != 0 ? frame_pointer(number) : NULL;
}

struct port *port_at(const struct partition *p, uint32_t id) {
	struct port *ports = table(&p->ports);

	return ports != NULL ? &ports[id % HV_MAX_PORTS] : NULL;
}

struct connection *connection_at(const struct partition *p, uint32_t id) {
	struct connection *connections = table(&p->connections);

	return connections != NULL ? &connections[id % HV_MAX_CONNECTIONS] : NULL;
}

static enum hv_status make(struct partition *p, sfn_t *frame) {
	enum hv_status status = HV_STATUS_SUCCESS;
	sfn_t made = *frame;

	if (made.v == 0)
		status = frame_pool_allocate(&p->pool, FRAME_OBJECT, &made);
	if (status == HV_STATUS_SUCCESS)
		__atomic_store_n(&frame->v, made.v, __ATOMIC_RELEASE);
	return status;
}

enum hv_status port_make_tables(struct partition *p) {
	enum hv_status status;

	spinlock_acquire(&memory_lock);
	status = make(p, &p->ports);
	if (status == HV_STATUS_SUCCESS)
		status = make(p, &p->connections);
	spinlock_release(&memory_lock);
	return status;
}

const struct connection *connection_find(const struct partition *p, uint32_t id, enum hv_port_type type) {
	const struct connection *c = connection_at(p, id);

	return c != NULL && __atomic_load_n(&c->type, __ATOMIC_ACQUIRE) == type && c->id == id ? c : NULL;
}

const struct port *port_find(const struct partition *p, uint32_t id, enum hv_port_type type,
                             hv_partition_id_t connector) {
	const struct port *port = port_at(p, id);

	return port != NULL && port->type == type && port->id == id && port->connector == connector ? port : NULL;
}

void port_release_partition(struct partition *p) {
	sfn_t *const frames[] = {&p->ports, &p->connections};

	for (unsigned i = 0; i < 2; i++) {
		if (frames[i]->v != 0)
			frame_pool_free(&p->pool, *frames[i]);
		frames[i]->v = 0;
	}
}
