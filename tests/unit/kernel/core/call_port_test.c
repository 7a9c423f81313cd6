/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of making and deleting ports and connections, a row per refusal. */
#include "synic_world.h"

static struct partition *p;
static struct partition *other;

static int setup(void **state) {
	(void)core_world_setup(state);
	p = core_child(100, 2);
	other = core_child(100, 1);
	return 0;
}

static struct hv_create_port_in event_port(uint32_t id) {
	return (struct hv_create_port_in){
	    .port_partition = p->id,
	    .port_id = id,
	    .connection_partition = other->id,
	    .port_info = {
	        .type = HV_PORT_EVENT, .target_sint = 5, .target_vp = 1, .base_flag = 100, .flag_count = 1948}};
}

static enum hv_status create(const struct hv_create_port_in *in) {
	return core_call(HV_CALL_CREATE_PORT, in, sizeof(*in), NULL, 0);
}

static enum hv_status delete (hv_partition_id_t id, uint32_t port) {
	const struct hv_delete_port_in in = {id, port, 0};

	return core_call(HV_CALL_DELETE_PORT, &in, sizeof(in), NULL, 0);
}

static enum hv_status connect(hv_partition_id_t from, uint32_t id, hv_partition_id_t to, uint32_t port, uint32_t type) {
	const struct hv_connect_port_in in = {
	    .connection_partition = from, .connection_id = id, .port_partition = to, .port_id = port, .type = type};

	return core_call(HV_CALL_CONNECT_PORT, &in, sizeof(in), NULL, 0);
}

static enum hv_status disconnect(hv_partition_id_t from, uint32_t id) {
	const struct hv_disconnect_port_in in = {from, id, 0};

	return core_call(HV_CALL_DISCONNECT_PORT, &in, sizeof(in), NULL, 0);
}

static void a_port_is_made_once_and_deleted_once(void **state) {
	const struct hv_create_port_in in = event_port(7);

	(void)state;
	assert_status(delete (p->id, 7), INVALID_PORT_ID); /* no table yet */
	assert_status(create(&in), SUCCESS);
	assert_status(create(&in), OBJECT_IN_USE);
	assert_status(delete (p->id, 7 + HV_MAX_PORTS), INVALID_PORT_ID);
	assert_status(delete (p->id, 7), SUCCESS);
	assert_status(delete (p->id, 7), INVALID_PORT_ID);
	assert_status(create(&in), SUCCESS);
	core_world_prove();
}

static void ports_are_refused_row_by_row(void **state) {
	static const struct {
		size_t offset;
		uint32_t value;
		enum hv_status status;
	} rows[] = {
#define ROW(field, v, s) {offsetof(struct hv_create_port_in, field), v, HV_STATUS_##s}
	    ROW(port_id, HV_PORT_ID_LIMIT, INVALID_PARAMETER),
	    ROW(port_vtl, 1, INVALID_PARAMETER),
	    ROW(port_vtl, 0x100, INVALID_PARAMETER),   /* minimum VTL of the connection */
	    ROW(port_vtl, 0x10000, INVALID_PARAMETER), /* reserved */
	    ROW(port_info.type, 0, INVALID_PARAMETER),
	    ROW(port_info.type, HV_PORT_MESSAGE, INVALID_PARAMETER), /* with flags */
	    ROW(port_info.type, 3, INVALID_PARAMETER),
	    ROW(port_info.reserved, 1, INVALID_PARAMETER),
	    ROW(port_info.target_sint, 16, INVALID_PARAMETER),
	    ROW(port_info.target_vp, 2, INVALID_PARAMETER),
	    ROW(port_info.base_flag, 1949u << 16 | 100, INVALID_PARAMETER), /* one too many */
	    ROW(port_info.base_flag, 100, INVALID_PARAMETER),               /* none */
	    ROW(port_info.reserved2, 1, INVALID_PARAMETER),
	    ROW(port_partition, 0x7777, INVALID_PARTITION_ID),
	    ROW(port_partition, PARENT_ID, ACCESS_DENIED),
#undef ROW
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct hv_create_port_in in = event_port(7);

		memcpy((uint8_t *)&in + rows[i].offset, &rows[i].value, 4);
		for (unsigned twice = 0; twice < 2; twice++)
			if (create(&in) != rows[i].status)
				fail_msg("row %u", i);
	}
	assert_int_equal(p->ports.v, 0);
}

static void a_place_holds_one_object(void **state) {
	struct hv_create_port_in in = event_port(7);

	(void)state;
	assert_status(create(&in), SUCCESS);
	in.port_id += HV_MAX_PORTS;
	assert_status(create(&in), NO_RESOURCES);
	assert_status(connect(p->id, 3, HV_PARTITION_ID_SELF, 1, HV_PORT_EVENT), SUCCESS);
	assert_status(connect(p->id, 3, HV_PARTITION_ID_SELF, 2, HV_PORT_EVENT), OBJECT_IN_USE);
	assert_status(connect(p->id, 3 + HV_MAX_CONNECTIONS, HV_PARTITION_ID_SELF, 1, HV_PORT_EVENT), NO_RESOURCES);
}

static void connections_are_refused_row_by_row(void **state) {
	const struct hv_create_port_in port = event_port(7);
	const struct {
		hv_partition_id_t from;
		uint32_t id;
		hv_partition_id_t to;
		uint32_t port;
		uint32_t type;
		enum hv_status status;
	} rows[] = {
	    {other->id, HV_PORT_ID_LIMIT, p->id, 7, HV_PORT_EVENT, HV_STATUS_INVALID_PARAMETER},
	    {other->id, 1, p->id, 7, 0, HV_STATUS_INVALID_PARAMETER},
	    {other->id, 1, p->id, 7, 3, HV_STATUS_INVALID_PARAMETER},
	    {other->id, 1, p->id, 7, HV_PORT_MESSAGE, HV_STATUS_INVALID_PORT_ID}, /* of another type */
	    {other->id, 1, p->id, 8, HV_PORT_EVENT, HV_STATUS_INVALID_PORT_ID},
	    {p->id, 1, p->id, 7, HV_PORT_EVENT, HV_STATUS_INVALID_PORT_ID}, /* not for this one */
	    {other->id, 1, 0x7777, 7, HV_PORT_EVENT, HV_STATUS_INVALID_PARTITION_ID},
	    {0x7777, 1, HV_PARTITION_ID_SELF, 7, HV_PORT_EVENT, HV_STATUS_INVALID_PARTITION_ID},
	    {PARENT_ID, 1, HV_PARTITION_ID_SELF, 7, HV_PORT_EVENT, HV_STATUS_ACCESS_DENIED},
	    {other->id, 1, HV_PARTITION_ID_SELF, HV_PARENT_PORTS, HV_PORT_EVENT, HV_STATUS_INVALID_PORT_ID},
	};

	(void)state;
	assert_status(create(&port), SUCCESS);
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		for (unsigned twice = 0; twice < 2; twice++)
			if (connect(rows[i].from, rows[i].id, rows[i].to, rows[i].port, rows[i].type) != rows[i].status)
				fail_msg("row %u", i);
	assert_int_equal(other->connections.v, 0);
	assert_status(connect(other->id, 1, p->id, 7, HV_PORT_EVENT), SUCCESS);
	assert_status(connect(other->id, 2, HV_PARTITION_ID_SELF, HV_PARENT_PORTS - 1, HV_PORT_EVENT), SUCCESS);
}

static void a_connection_is_deleted_once(void **state) {
	(void)state;
	assert_status(disconnect(p->id, 1), INVALID_CONNECTION_ID);
	assert_status(connect(p->id, 1, HV_PARTITION_ID_SELF, 0, HV_PORT_MESSAGE), SUCCESS);
	assert_status(disconnect(p->id, 1 + HV_MAX_CONNECTIONS), INVALID_CONNECTION_ID);
	assert_status(disconnect(p->id, 1), SUCCESS);
	assert_status(disconnect(p->id, 1), INVALID_CONNECTION_ID);
}

/* Each allocation fails in turn, and nothing is left of the attempt but a table. */
static void a_shortage_makes_nothing(void **state) {
	const struct hv_create_port_in in = event_port(7);

	(void)state;
	for (uint64_t n = 0; n < 2; n++) {
		p->pool.fail_after = n;
		assert_status(create(&in), INSUFFICIENT_MEMORY);
		core_world_prove();
	}
	p->pool.fail_after = FRAME_POOL_NEVER_FAIL;
	assert_status(create(&in), SUCCESS);
	other->pool.fail_after = 0;
	assert_status(connect(other->id, 1, p->id, 7, HV_PORT_EVENT), INSUFFICIENT_MEMORY);
	other->pool.fail_after = FRAME_POOL_NEVER_FAIL;
	assert_status(connect(other->id, 1, p->id, 7, HV_PORT_EVENT), SUCCESS);
}

static void a_partition_without_life_gets_no_ports(void **state) {
	hv_partition_id_t id = core_create(1);
	const struct hv_create_port_in in = {.port_partition = id, .port_info = {.type = HV_PORT_MESSAGE}};

	(void)state;
	assert_status(create(&in), INVALID_PARTITION_STATE);
	assert_status(connect(id, 1, HV_PARTITION_ID_SELF, 1, HV_PORT_EVENT), INVALID_PARTITION_STATE);
}

#define port_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    port_test(a_port_is_made_once_and_deleted_once),
	    port_test(ports_are_refused_row_by_row),
	    port_test(a_place_holds_one_object),
	    port_test(connections_are_refused_row_by_row),
	    port_test(a_connection_is_deleted_once),
	    port_test(a_shortage_makes_nothing),
	    port_test(a_partition_without_life_gets_no_ports),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
