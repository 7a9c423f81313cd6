/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Negotiation and transactions, with a service of two versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "ic_guest.h"
#include "vmbus/vmbus_state.h"

static struct ic ic;
static unsigned readies, answers, closes;
static uint32_t answer_status, answer_size;

static void ready(struct ic *i) {
	assert_ptr_equal(i, &ic);
	readies++;
}

static void answered(struct ic *i, uint32_t status, const void *body, uint32_t size) {
	(void)i;
	(void)body;
	answers++;
	answer_status = status;
	answer_size = size;
}

static void closed(struct ic *i) {
	(void)i;
	closes++;
}

static const struct ic_service service = {
    .interface.data1 = 5,
    .type = HV_IC_SHUTDOWN,
    .body_size = 2060,
    .framework_count = 2,
    .message_count = 2,
    .framework = {{3, 0}, {1, 0}},
    .message = {{3, 0}, {2, 0}},
    .ready = ready,
    .answered = answered,
    .closed = closed,
};

static int fresh(void **state) {
	(void)state;
	guest_reset();
	memset(&ic, 0, sizeof(ic));
	readies = answers = closes = 0;
	assert_int_equal(ic_offer(&ic, &guest.server, &service, &ic_instance), ERR_NONE);
	assert_int_equal(ic_offer(&ic, &guest.server, &service, &ic_instance), ERR_STATE);
	guest_bring_up(1);
	return 0;
}

static void the_host_speaks_first_and_names_its_versions(void **state) {
	struct hv_ic_negotiate n;

	(void)state;
	assert_true(ic_guest_take());
	assert_int_equal(request.header.type, HV_IC_NEGOTIATE);
	assert_int_equal(request.header.size, 8 + 4 * 4);
	memcpy(&n, request.body, 24);
	assert_int_equal(n.framework_count, 2);
	assert_int_equal(n.message_count, 2);
	assert_int_equal(n.version[0].major, 3);
	assert_int_equal(n.version[1].major, 1);
	assert_int_equal(n.version[3].major, 2);
	assert_int_equal(ic.state, IC_NEGOTIATING);
	assert_int_equal(ic_request(&ic, "x", 1), ERR_STATE);
}

static void versions_are_agreed(void **state) {
	(void)state;
	ic_guest_choose(1, 2);
	assert_int_equal(ic.state, IC_READY);
	assert_int_equal(readies, 1);
	assert_int_equal(ic_request(&ic, "body", 4), ERR_NONE);
	assert_int_equal(ic_request(&ic, "body", 4), ERR_STATE); /* one at a time */
	assert_true(ic_guest_take());
	assert_int_equal(request.header.type, HV_IC_SHUTDOWN);
	assert_int_equal(request.header.framework.major, 1);
	assert_int_equal(request.header.message.major, 2);
	assert_int_equal(request.header.size, 4);
	ic_guest_answer(77);
	assert_int_equal(answers, 1);
	assert_int_equal(answer_status, 77);
	assert_int_equal(answer_size, 4);
	assert_int_equal(ic_request(&ic, "body", 4), ERR_NONE);
}

static void versions_that_were_not_offered_are_refused(void **state) {
	static const uint16_t bad[][2] = {{3, 1}, {2, 3}, {0, 0}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fresh(NULL);
		ic_guest_choose(bad[i][0], bad[i][1]);
		assert_int_equal(ic.state, IC_REFUSED);
		assert_int_equal(readies, 0);
		assert_int_equal(ic_request(&ic, "x", 1), ERR_STATE);
	}
}

static void no_version_in_common_ends_the_service(void **state) {
	(void)state;
	assert_true(ic_guest_take());
	memset(request.body, 0, 4);
	ic_guest_answer(HV_IC_STATUS_FAIL);
	assert_int_equal(ic.state, IC_REFUSED);
}

static void what_is_no_answer_is_ignored(void **state) {
	(void)state;
	ic_guest_choose(3, 3);
	assert_int_equal(ic_request(&ic, "x", 1), ERR_NONE);
	assert_true(ic_guest_take());
	request.header.transaction_id++;
	ic_guest_answer(0);
	request.header.transaction_id--;
	request.header.type = HV_IC_KVP;
	ic_guest_answer(0);
	request.header.type = HV_IC_NEGOTIATE;
	ic_guest_answer(0);
	guest_send(VMBUS_PACKET_INBAND, 1, NULL, 0, "short", 5);
	guest_send(VMBUS_PACKET_INBAND, 1, NULL, 0, NULL, 0);
	guest_send(VMBUS_PACKET_COMPLETION, 1, NULL, 0, &request, 64);
	assert_int_equal(answers, 0);
	assert_int_equal(ic.ignored, 6);
	request.header.type = HV_IC_SHUTDOWN;
	ic_guest_answer(0);
	ic_guest_answer(0); /* twice */
	assert_int_equal(answers, 1);
	assert_int_equal(ic.ignored, 7);
}

static void a_late_answer_to_what_was_given_up_is_ignored(void **state) {
	(void)state;
	ic_guest_choose(3, 3);
	assert_int_equal(ic_request(&ic, "x", 1), ERR_NONE);
	assert_true(ic_guest_take());
	ic_give_up(&ic);
	ic_guest_answer(0);
	assert_int_equal(answers, 0);
	assert_int_equal(ic_request(&ic, "x", 1), ERR_NONE);
}

static void closing_and_opening_negotiates_anew(void **state) {
	(void)state;
	ic_guest_choose(3, 3);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(ic.state, IC_CLOSED);
	assert_int_equal(closes, 1);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, GUEST_GPADL + 1), ERR_NONE);
	assert_int_equal(guest_open(1, 0), ERR_NONE);
	ic_guest_choose(3, 2);
	assert_int_equal(readies, 2);
	vmbus_rescind(ic.channel);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 1), ERR_NONE);
	assert_null(ic.channel);
}

static void a_flood_gets_a_turn_and_then_waits(void **state) {
	struct ring_send packet = {.type = VMBUS_PACKET_INBAND};

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ring_write(&guest.to_host, &packet), RING_OK);
	assert_true(ring_publish(&guest.to_host));
	vmbus_signaled(&guest.server, 1);
	assert_int_equal(ic.ignored, 64);
	assert_int_equal(fake_vmbus.again, 1);
	vmbus_signaled(&guest.server, 1);
	assert_int_equal(ic.ignored, 100);
	assert_int_equal(ring_write(&guest.to_host, &packet), RING_OK);
	assert_true(ring_publish(&guest.to_host)); /* it sleeps and wants a signal */
}

/* The guest goes on, its server is a new one. */
static void replace_server(void) {
	static uint8_t saved[16384];
	size_t size = vmbus_save_size(&guest.server);

	assert_int_equal(vmbus_save(&guest.server, saved, size), ERR_NONE);
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		guest.server.gpadls.list[i].holders = 0;
	gpadl_forget_all(&guest.server.gpadls, 0);
	vmbus_init(&guest.server, &guest.memory, GUEST_VPS, NULL);
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_NONE);
	memset(&ic, 0, sizeof(ic));
}

static void a_loaded_service_goes_on(void **state) {
	struct ic_saved saved;

	(void)state;
	assert_true(ic_guest_take()); /* negotiation, not answered yet */
	ic_save(&ic, &saved);
	replace_server();
	assert_int_equal(ic_load(&ic, &guest.server, &service, &ic_instance, &saved), ERR_NONE);
	memcpy(request.body, &(struct hv_ic_negotiate){1, 1, 0, {{3, 0}, {2, 0}}}, 16);
	ic_guest_answer(0);
	assert_int_equal(ic.state, IC_READY);
	assert_int_equal(ic_request(&ic, "x", 1), ERR_NONE);
	assert_true(ic_guest_take());
	ic_save(&ic, &saved);
	replace_server();
	assert_int_equal(ic_load(&ic, &guest.server, &service, &ic_instance, &saved), ERR_NONE);
	ic_guest_answer(0); /* to a request that was not saved */
	assert_int_equal(answers, 0);
	assert_int_equal(ic_request(&ic, "y", 1), ERR_NONE);
	assert_true(ic_guest_take());
	assert_int_equal(request.header.message.major, 2);
	ic_guest_answer(0);
	assert_int_equal(answers, 1);
}

static void an_impossible_state_is_refused(void **state) {
	struct ic_saved good, bad;

	(void)state;
	ic_guest_choose(3, 3);
	ic_save(&ic, &good);
	replace_server();
	for (unsigned row = 0; row < 6; row++) {
		enum err expected = row == 0 ? ERR_UNSUPPORTED : row == 5 ? ERR_STATE : ERR_RANGE;

		bad = good;
		if (row == 0)
			bad.version++;
		if (row == 1)
			bad.state = IC_REFUSED + 1;
		if (row == 2)
			bad.message.major = 9;
		if (row == 3)
			bad.is_negotiation_due = 1;
		if (row == 4)
			bad.reserved[1] = 1;
		if (row == 5)
			bad.state = IC_CLOSED;
		assert_int_equal(ic_load(&ic, &guest.server, &service, &ic_instance, &bad), expected);
		assert_null(ic.channel);
	}
	assert_int_equal(ic_load(&ic, &guest.server, &service, &ic_instance, &good), ERR_NONE);
	assert_int_equal(ic_load(&ic, &guest.server, &service, &ic_instance, &good), ERR_NOT_FOUND);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(the_host_speaks_first_and_names_its_versions),
	    TEST(versions_are_agreed),
	    TEST(versions_that_were_not_offered_are_refused),
	    TEST(no_version_in_common_ends_the_service),
	    TEST(what_is_no_answer_is_ignored),
	    TEST(a_late_answer_to_what_was_given_up_is_ignored),
	    TEST(closing_and_opening_negotiates_anew),
	    TEST(a_loaded_service_goes_on),
	    TEST(an_impossible_state_is_refused),
	    TEST(a_flood_gets_a_turn_and_then_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
