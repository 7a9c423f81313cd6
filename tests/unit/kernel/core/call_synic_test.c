/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of PostMessage and SignalEvent in every form, to the parent and between
 * children, and of the parent's direct calls.
 */
#include "synic_world.h"
#include "core/parent.h"

#define MESSAGE_PORT 9u
#define EVENT_PORT   10u
#define INPUT        0x3000u /* a page of the sender's for its input */

static struct partition *p;
static struct vp *sender;
static struct vp *receiver;

static void connect(uint32_t id, hv_partition_id_t to, uint32_t port, uint32_t type) {
	const struct hv_connect_port_in in = {
	    .connection_partition = p->id, .connection_id = id, .port_partition = to, .port_id = port, .type = type};

	assert_status(core_call(HV_CALL_CONNECT_PORT, &in, sizeof(in), NULL, 0), SUCCESS);
}

static void create(hv_partition_id_t of, uint32_t id, struct hv_port_info info) {
	const struct hv_create_port_in in = {
	    .port_partition = of, .port_id = id, .connection_partition = p->id, .port_info = info};

	assert_status(core_call(HV_CALL_CREATE_PORT, &in, sizeof(in), NULL, 0), SUCCESS);
}

/* Connections of the sender: 1 messages and 2 events to the parent, 3 and 4 to another child. */
static int setup(void **state) {
	struct partition *other;

	(void)core_world_setup(state);
	p = core_child(100, 1);
	other = core_child(100, 1);
	sender = core_vp(p, 0);
	receiver = core_vp(other, 0);
	synic_open(sender);
	synic_open(receiver);
	create(other->id, MESSAGE_PORT, (struct hv_port_info){.type = HV_PORT_MESSAGE, .target_sint = 2});
	create(other->id, EVENT_PORT,
	       (struct hv_port_info){.type = HV_PORT_EVENT, .target_sint = 2, .base_flag = 64, .flag_count = 3});
	connect(1, HV_PARTITION_ID_SELF, 0, HV_PORT_MESSAGE);
	connect(2, HV_PARTITION_ID_SELF, 4095, HV_PORT_EVENT);
	connect(3, other->id, MESSAGE_PORT, HV_PORT_MESSAGE);
	connect(4, other->id, EVENT_PORT, HV_PORT_EVENT);
	return 0;
}

static enum hv_status post(struct hv_post_message_in in) {
	spa_t page;

	assert_status(gpa_space_translate(&p->space, gpa(INPUT), HV_MAP_GPA_READABLE, &page), SUCCESS);
	memcpy(fake_machine_bytes(spa_to_sfn(page)), &in, sizeof(in));
	return (enum hv_status)core_raw_call(sender, HV_CALL_POST_MESSAGE, INPUT, 0);
}

static struct hv_post_message_in message_to(uint32_t connection) {
	return (struct hv_post_message_in){
	    .connection_id = connection, .message_type = 1, .payload_size = 240, .payload = {7, [239] = 8}};
}

static enum hv_status signal(uint32_t connection, uint32_t flag) {
	return (enum hv_status)core_raw_call(sender, HV_CALL_SIGNAL_EVENT | HV_CONTROL_FAST,
	                                     connection | (uint64_t)flag << 32, 0);
}

static void a_message_to_the_parent_is_an_intercept_of_its_sender(void **state) {
	struct hv_post_message_in posted;
	const uint64_t rip = fake_vp_of(sender)->state.rip;

	(void)state;
	assert_status(post(message_to(1)), SUCCESS);
	assert_true(sender->hold & HOLD_INTERCEPT);
	assert_int_equal(sender->intercept->message.header.type, HV_MESSAGE_POSTED_MESSAGE);
	memcpy(&posted, sender->intercept->posted, sizeof(posted));
	assert_int_equal(posted.connection_id, 1);
	assert_int_equal(posted.payload[239], 8);
	assert_int_equal(fake_vp_of(sender)->state.rip, rip + 3);
	assert_int_equal(vp_gpr(sender)[HV_RAX], 0); /* for the parent to change */
}

static void a_message_between_children_needs_no_parent(void **state) {
	(void)state;
	assert_status(post(message_to(3)), SUCCESS);
	assert_int_equal(sender->hold, 0);
	assert_int_equal(synic_slot(receiver, 2)->header.type, 1);
	assert_int_equal(synic_slot(receiver, 2)->header.sender, MESSAGE_PORT);
	assert_int_equal(synic_slot(receiver, 2)->payload[239], 8);
	assert_int_equal(synic_interrupt(receiver), VECTOR);
	assert_status(post(message_to(3)), INSUFFICIENT_BUFFERS);
	assert_int_equal(receiver->msrs.sints_wanted, 0); /* the sender tries again by itself */
}

static void messages_are_refused_row_by_row(void **state) {
	static const struct {
		struct hv_post_message_in in;
		enum hv_status status;
	} rows[] = {
	    {{.connection_id = 1, .message_type = 1, .payload_size = 241}, HV_STATUS_INVALID_PARAMETER},
	    {{.connection_id = 1, .message_type = 1, .payload_size = ~0u}, HV_STATUS_INVALID_PARAMETER},
	    {{.connection_id = 1, .message_type = 0}, HV_STATUS_INVALID_PARAMETER},
	    {{.connection_id = 1, .message_type = 0x80000000}, HV_STATUS_INVALID_PARAMETER},
	    {{.connection_id = 1, .message_type = 1, .reserved = 1}, HV_STATUS_INVALID_PARAMETER},
	    {{.connection_id = 0, .message_type = 1}, HV_STATUS_INVALID_CONNECTION_ID},
	    {{.connection_id = 2, .message_type = 1}, HV_STATUS_INVALID_CONNECTION_ID}, /* of events */
	    {{.connection_id = 257, .message_type = 1}, HV_STATUS_INVALID_CONNECTION_ID},
	    {{.connection_id = ~0u, .message_type = 1}, HV_STATUS_INVALID_CONNECTION_ID},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		for (unsigned twice = 0; twice < 2; twice++)
			if (post(rows[i].in) != rows[i].status)
				fail_msg("row %u", i);
	assert_int_equal(sender->hold, 0);
	assert_int_equal(core_raw_call(sender, HV_CALL_POST_MESSAGE | HV_CONTROL_FAST, 1, 0),
	                 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(core_raw_call(sender, HV_CALL_POST_MESSAGE, INPUT + 0xf08, 0), HV_STATUS_INVALID_ALIGNMENT);
}

static void an_event_to_the_parent_is_a_bit_where_the_sender_runs(void **state) {
	struct vp *io = parent_vp(sender->home->index);

	(void)state;
	assert_status(signal(2, 0), SUCCESS);
	assert_int_equal(io->events->port[63], 1ull << 63);
	assert_int_equal(io->events->port_words[0], 1ull << 63);
	assert_int_equal(io->hold & HOLD_WAIT, 0);
	io->events->port_words[0] = 0; /* the parent is about to take the bit: it needs no second word */
	assert_status(signal(2, 0), SUCCESS);
	assert_int_equal(io->events->port_words[0], 0);
	io->events->port[63] = 0;
	assert_status(signal(2, 1), INVALID_PARAMETER);
}

static void an_event_between_children_is_a_flag_of_its_port(void **state) {
	(void)state;
	assert_status(signal(4, 2), SUCCESS);
	assert_int_equal(synic_flags(receiver, 2)[1], 1ull << 2);
	assert_int_equal(synic_interrupt(receiver), VECTOR);
	assert_status(signal(4, 2), SUCCESS); /* set already */
	assert_status(signal(4, 3), INVALID_PARAMETER);
	assert_status(signal(4, 0xffff), INVALID_PARAMETER);
	assert_status(signal(4, 0x10000), INVALID_PARAMETER); /* reserved */
	assert_status(signal(3, 0), INVALID_CONNECTION_ID);   /* of messages */
	assert_status(signal(260, 0), INVALID_CONNECTION_ID);
}

static void an_event_may_have_its_input_in_memory(void **state) {
	const struct hv_signal_event_in in = {.connection_id = 4, .flag_number = 1};
	spa_t page;

	(void)state;
	assert_status(gpa_space_translate(&p->space, gpa(INPUT), HV_MAP_GPA_READABLE, &page), SUCCESS);
	memcpy(fake_machine_bytes(spa_to_sfn(page)), &in, sizeof(in));
	assert_int_equal(core_raw_call(sender, HV_CALL_SIGNAL_EVENT, INPUT, 0), HV_STATUS_SUCCESS);
	assert_int_equal(synic_flags(receiver, 2)[1], 1ull << 1);
}

static void nobody_listens(void **state) {
	(void)state;
	(void)synic_wrmsr(receiver, HV_MSR_SCONTROL, 0);
	assert_status(signal(4, 0), INVALID_SYNIC_STATE);
	assert_status(post(message_to(3)), INVALID_SYNIC_STATE);
}

static void a_connection_ends_with_its_port_and_with_its_partition(void **state) {
	const struct hv_delete_port_in in = {receiver->partition->id, EVENT_PORT, 0};

	(void)state;
	assert_status(core_call(HV_CALL_DELETE_PORT, &in, sizeof(in), NULL, 0), SUCCESS);
	assert_status(signal(4, 0), INVALID_CONNECTION_ID);
	assert_status(core_destroy(receiver->partition->id), SUCCESS);
	assert_status(post(message_to(3)), INVALID_CONNECTION_ID);
}

static void direct_calls_are_refused_row_by_row(void **state) {
	bool is_new;
	struct hv_post_message_direct_in in = {.partition_id = p->id, .target_sint = 2};
	struct hv_message message = {.header = {.type = 1, .payload_size = 241}};

	(void)state;
	assert_status(synic_signal_direct(receiver, 16, 0, &is_new), INVALID_PARAMETER);
	assert_status(synic_signal_direct(receiver, 2, 2048, &is_new), INVALID_PARAMETER);
	assert_status(synic_post_direct(receiver, 16, 1, 0), INVALID_PARAMETER);
	assert_status(synic_post_direct(receiver, 2, 0, 0), INVALID_PARAMETER);
	memcpy(in.message, &message, sizeof(message));
	assert_status(core_call(HV_CALL_POST_MESSAGE_DIRECT, &in, sizeof(in), NULL, 0), INVALID_PARAMETER);
	message.header.payload_size = 240;
	memcpy(in.message, &message, sizeof(message));
	in.target_vtl = 1;
	assert_status(core_call(HV_CALL_POST_MESSAGE_DIRECT, &in, sizeof(in), NULL, 0), INVALID_PARAMETER);
	in.target_vtl = 0;
	in.vp_index = 1;
	assert_status(core_call(HV_CALL_POST_MESSAGE_DIRECT, &in, sizeof(in), NULL, 0), INVALID_VP_INDEX);
	assert_int_equal(synic_slot(receiver, 2)->header.type, 0);
}

#define synic_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    synic_test(a_message_to_the_parent_is_an_intercept_of_its_sender),
	    synic_test(a_message_between_children_needs_no_parent),
	    synic_test(messages_are_refused_row_by_row),
	    synic_test(an_event_to_the_parent_is_a_bit_where_the_sender_runs),
	    synic_test(an_event_between_children_is_a_flag_of_its_port),
	    synic_test(an_event_may_have_its_input_in_memory),
	    synic_test(nobody_listens),
	    synic_test(a_connection_ends_with_its_port_and_with_its_partition),
	    synic_test(direct_calls_are_refused_row_by_row),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
