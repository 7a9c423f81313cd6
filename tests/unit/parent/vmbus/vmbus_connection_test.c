/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Contact, offers, reset, and the table of messages by state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "fake_device.h"

static struct fake_device a, b;
static struct vmbus_channel *channel_a;

static int fresh(void **state) {
	(void)state;
	guest_reset();
	channel_a = fake_device_offer(&a, 1);
	assert_non_null(fake_device_offer(&b, 2));
	return 0;
}

static void assert_version(bool is_supported, uint32_t connection_id) {
	const struct vmbus_version_response *r =
	    guest_expect(VMBUS_VERSION_RESPONSE, sizeof(struct vmbus_version_response));

	assert_int_equal(r->is_supported, is_supported);
	assert_int_equal(r->connection_state, 0);
	assert_int_equal(r->message_connection_id, connection_id);
}

static void assert_offer(uint32_t relid, uint32_t number) {
	struct vmbus_offer_channel o;

	memcpy(&o, guest_expect(VMBUS_OFFER_CHANNEL, 196), sizeof(o));
	assert_int_equal(o.relid, relid);
	assert_int_equal(o.instance.data1, number);
	assert_int_equal(o.connection_id, VMBUS_CONNECTION_BASE + relid);
	assert_int_equal(o.is_dedicated_interrupt, 1);
	assert_int_equal(o.is_monitor_allocated, 0);
}

static void assert_relid_message(uint32_t type, uint32_t relid) {
	const struct vmbus_relid_message *m = guest_expect(type, 12);

	assert_int_equal(m->relid, relid);
}

static void six_versions_are_spoken(void **state) {
	static const uint32_t known[] = {VMBUS_VERSION_4_0, VMBUS_VERSION_4_1, VMBUS_VERSION_5_0,
	                                 VMBUS_VERSION_5_1, VMBUS_VERSION_5_2, VMBUS_VERSION_5_3};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		assert_true(guest_connect(known[i]));
		assert_version(true, known[i] >= VMBUS_VERSION_5_0 ? 4 : 1);
	}
}

static void other_versions_are_refused_by_an_answer(void **state) {
	static const uint32_t other[] = {0,          0x00000013, 0x00020004, 0x00030000,
	                                 0x00040002, 0x00050004, 0x00060000, 0xffffffff};

	(void)state;
	for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		assert_false(guest_connect(other[i]));
		assert_version(false, 0);
		assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_STATE);
		guest_expect_nothing();
	}
	assert_true(guest_connect(VMBUS_VERSION_5_3)); /* the next one may fit */
}

static void contact_names_the_vp_that_hears(void **state) {
	struct vmbus_initiate_contact m = {
	    .header.type = VMBUS_INITIATE_CONTACT,
	    .version = VMBUS_VERSION_5_3,
	    .target_vp = 2,
	    .target.sint = VMBUS_SINT,
	};

	(void)state;
	assert_int_equal(vmbus_receive(&guest.server, &m, sizeof(m)), ERR_NONE);
	assert_int_equal(guest_next()->vp, 2);
	assert_int_equal(guest_say(VMBUS_UNLOAD), ERR_NONE);
	assert_int_equal(guest_next()->vp, 2);
	m.target_vp = GUEST_VPS;
	assert_int_equal(vmbus_receive(&guest.server, &m, sizeof(m)), ERR_RANGE);
	assert_version(false, 0);
	m.target_vp = 0;
	m.target.sint = 3;
	assert_int_equal(vmbus_receive(&guest.server, &m, sizeof(m)), ERR_RANGE);
	assert_version(false, 0);
	m.target.sint = VMBUS_SINT;
	m.target.vtl = 1;
	assert_int_equal(vmbus_receive(&guest.server, &m, sizeof(m)), ERR_RANGE);
	assert_version(false, 0);
}

static void offers_come_when_asked_for_and_end(void **state) {
	(void)state;
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	assert_version(true, 4);
	guest_expect_nothing();
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	assert_offer(1, 1);
	assert_offer(2, 2);
	guest_expect(VMBUS_ALL_OFFERS_DELIVERED, 8);
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_STATE);
	guest_expect(VMBUS_ALL_OFFERS_DELIVERED, 8);
	guest_expect_nothing();
}

static void a_later_offer_comes_at_once(void **state) {
	struct fake_device late;

	(void)state;
	guest_bring_up(1);
	assert_non_null(fake_device_offer(&late, 3));
	assert_offer(3, 3);
	guest_expect_nothing();
	assert_null(fake_device_offer(&late, 3)); /* twice the same */
}

static void what_finds_no_room_comes_later_and_once(void **state) {
	(void)state;
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	fake_vmbus.room = 1;
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	assert_version(true, 4);
	assert_offer(1, 1);
	guest_expect_nothing();
	fake_vmbus.room = 1;
	vmbus_flush(&guest.server);
	assert_offer(2, 2);
	fake_vmbus.room = 1;
	vmbus_flush(&guest.server);
	guest_expect(VMBUS_ALL_OFFERS_DELIVERED, 8);
	fake_vmbus.room = 9;
	vmbus_flush(&guest.server);
	guest_expect_nothing();
}

static void a_guest_that_does_not_listen_is_not_heard_any_more(void **state) {
	(void)state;
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	fake_vmbus.room = 0;
	for (unsigned i = 0; i < VMBUS_OUTBOX_SIZE; i++)
		assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, i + 1), ERR_NOT_FOUND);
	assert_false(vmbus_can_receive(&guest.server));
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, 99), ERR_MEMORY);
	fake_vmbus.room = 1;
	vmbus_flush(&guest.server);
	assert_true(vmbus_can_receive(&guest.server));
}

static void unload_closes_all_and_is_answered_last(void **state) {
	(void)state;
	guest_bring_up(1);
	a.drains_later = true;
	assert_int_equal(guest_say(VMBUS_UNLOAD), ERR_NONE);
	assert_int_equal(a.closes, 1);
	guest_expect_nothing();
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_STATE); /* dropped */
	vmbus_channel_closed(channel_a);
	guest_expect(VMBUS_UNLOAD_RESPONSE, 8);
	guest_expect_nothing();
	assert_int_equal(guest.server.gpadls.pages_used, 0);
	assert_int_equal(fake_vmbus.listening, 0);
	assert_int_equal(guest_say(VMBUS_UNLOAD), ERR_NONE); /* answered always */
	guest_expect(VMBUS_UNLOAD_RESPONSE, 8);
}

static void a_new_contact_resets_and_offers_again(void **state) {
	(void)state;
	guest_bring_up(1);
	a.drains_later = true;
	assert_true(guest_connect(VMBUS_VERSION_5_0));
	guest_expect_nothing();
	assert_true(guest_connect(VMBUS_VERSION_4_1)); /* the newest counts */
	assert_int_equal(a.closes, 1);
	vmbus_channel_closed(channel_a);
	assert_version(true, 1);
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	assert_offer(1, 1);
	assert_offer(2, 2);
	guest_expect(VMBUS_ALL_OFFERS_DELIVERED, 8);
	assert_int_equal(guest_open(1, 0), ERR_NONE);
}

static void replies_of_the_old_connection_are_not_sent(void **state) {
	(void)state;
	guest_bring_up(1);
	fake_vmbus.room = 0;
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, 99), ERR_NOT_FOUND);
	vmbus_rescind(&guest.server.channel[1]);
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	fake_vmbus.room = 9;
	vmbus_flush(&guest.server);
	assert_version(true, 4);
	guest_expect_nothing();
	assert_int_equal(b.gones, 1);
}

static void a_reset_by_the_host_is_silent(void **state) {
	(void)state;
	guest_bring_up(1);
	vmbus_reset(&guest.server);
	assert_int_equal(a.closes, 1);
	guest_expect_nothing();
	assert_int_equal(guest.server.state, VMBUS_DISCONNECTED);
}

static void short_and_unknown_messages_are_dropped(void **state) {
	static const uint32_t minimum[] = {0, 0,  0,  8, 0, 148, 0, 12, 28, 16, 0,  16,
	                                   0, 12, 40, 0, 8, 0,   0, 0,  0,  40, 16, 0};
	uint8_t bytes[HV_MESSAGE_PAYLOAD_SIZE + 1];

	(void)state;
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	assert_version(true, 4);
	for (uint32_t type = 0; type < 40; type++) {
		uint32_t size = type < 24 ? minimum[type] : 0;

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, &type, 4);
		for (uint32_t cut = 0; cut < size; cut++)
			assert_int_equal(vmbus_receive(&guest.server, bytes, cut), ERR_FORMAT);
		if (size == 0)
			assert_int_equal(vmbus_receive(&guest.server, bytes, 240), ERR_UNSUPPORTED);
	}
	assert_int_equal(vmbus_receive(&guest.server, bytes, sizeof(bytes)), ERR_FORMAT);
	guest_expect_nothing();
	assert_int_equal(guest.server.state, VMBUS_CONNECTED);
}

static void without_a_connection_everything_else_is_dropped(void **state) {
	uint8_t bytes[HV_MESSAGE_PAYLOAD_SIZE] = {0};

	(void)state;
	for (uint32_t type = 0; type < 30; type++) {
		if (type == VMBUS_INITIATE_CONTACT || type == VMBUS_UNLOAD)
			continue;
		memcpy(bytes, &type, 4);
		assert_int_not_equal(vmbus_receive(&guest.server, bytes, sizeof(bytes)), ERR_NONE);
	}
	guest_expect_nothing();
	assert_int_equal(guest.server.state, VMBUS_DISCONNECTED);
}

static void a_socket_connection_is_refused(void **state) {
	struct vmbus_tl_connect m = {.header.type = VMBUS_TL_CONNECT, .service.data1 = 5};
	const struct vmbus_tl_connect_result *r;

	(void)state;
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	assert_version(true, 4);
	assert_int_equal(vmbus_receive(&guest.server, &m, sizeof(m)), ERR_NOT_FOUND);
	r = guest_expect(VMBUS_TL_CONNECT_RESULT, sizeof(*r));
	assert_int_equal(r->service.data1, 5);
	assert_int_not_equal(r->status, 0);
}

static void rescinded_offers_end_when_the_relid_comes_back(void **state) {
	(void)state;
	guest_bring_up(1);
	vmbus_rescind(channel_a);
	vmbus_rescind(channel_a);
	assert_relid_message(VMBUS_RESCIND_OFFER, 1);
	guest_expect_nothing();
	assert_int_equal(a.gones, 0);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(guest_open(1, 0), ERR_MEMORY); /* lending is refused */
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 1), ERR_NONE);
	assert_int_equal(a.gones, 1);
	assert_int_equal(guest.server.gpadls.pages_used, 0);
	assert_int_equal(channel_a->state, VMBUS_CHANNEL_FREE);
}

static void a_rescinded_channel_is_not_opened_again(void **state) {
	const struct vmbus_open_result *r;
	struct vmbus_open_channel m = {
	    .header.type = VMBUS_OPEN_CHANNEL,
	    .relid = 1,
	    .ring_gpadl = GUEST_GPADL + 1,
	    .downstream_page = 3,
	};

	(void)state;
	guest_bring_up(1);
	vmbus_rescind(channel_a);
	assert_relid_message(VMBUS_RESCIND_OFFER, 1);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(vmbus_receive(&guest.server, &m, sizeof(m)), ERR_STATE);
	r = guest_expect(VMBUS_OPEN_RESULT, 20);
	assert_int_not_equal(r->status, 0);
	assert_int_equal(a.opens, 1);
}

static void an_unseen_offer_is_taken_back_silently(void **state) {
	(void)state;
	vmbus_rescind(channel_a);
	assert_int_equal(a.gones, 1);
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	assert_version(true, 4);
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	assert_offer(2, 2);
}

static void the_table_of_channels_is_bounded(void **state) {
	static struct fake_device d[VMBUS_CHANNEL_COUNT];
	uint32_t count = 2;

	(void)state;
	while (fake_device_offer(&d[count - 2], count + 1) != NULL)
		count++;
	assert_int_equal(count, VMBUS_CHANNEL_COUNT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(six_versions_are_spoken),
	    TEST(other_versions_are_refused_by_an_answer),
	    TEST(contact_names_the_vp_that_hears),
	    TEST(offers_come_when_asked_for_and_end),
	    TEST(a_later_offer_comes_at_once),
	    TEST(what_finds_no_room_comes_later_and_once),
	    TEST(a_guest_that_does_not_listen_is_not_heard_any_more),
	    TEST(unload_closes_all_and_is_answered_last),
	    TEST(a_new_contact_resets_and_offers_again),
	    TEST(replies_of_the_old_connection_are_not_sent),
	    TEST(a_reset_by_the_host_is_silent),
	    TEST(short_and_unknown_messages_are_dropped),
	    TEST(without_a_connection_everything_else_is_dropped),
	    TEST(a_socket_connection_is_refused),
	    TEST(rescinded_offers_end_when_the_relid_comes_back),
	    TEST(a_rescinded_channel_is_not_opened_again),
	    TEST(an_unseen_offer_is_taken_back_silently),
	    TEST(the_table_of_channels_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
