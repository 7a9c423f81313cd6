/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Heartbeat, shutdown, time, key-value exchange: what each says and hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "ic_guest.h"
#include "vmbus/ic_heartbeat.h"
#include "vmbus/ic_kvp.h"
#include "vmbus/ic_shutdown.h"
#include "vmbus/ic_timesync.h"
#include "runtime/utf16.h"

static struct ic_heartbeat heartbeat;
static struct ic_shutdown off;
static struct ic_timesync timesync;
static struct ic_kvp kvp;
static hv_reference_time_t now;

static int fresh(void **state) {
	(void)state;
	guest_reset();
	memset(&heartbeat, 0, sizeof(heartbeat));
	memset(&off, 0, sizeof(off));
	memset(&timesync, 0, sizeof(timesync));
	memset(&kvp, 0, sizeof(kvp));
	now = 1000;
	return 0;
}

static void beat(void) {
	assert_int_equal(ic_heartbeat_poll(&heartbeat, now), now + IC_HEARTBEAT_PERIOD);
	now += IC_HEARTBEAT_PERIOD;
}

static void answer_beat(void) {
	uint64_t sequence;

	assert_true(ic_guest_take());
	memcpy(&sequence, request.body, 8);
	sequence++;
	memcpy(request.body, &sequence, 8);
	ic_guest_answer(0);
}

static void a_guest_that_answers_is_alive_and_one_that_stops_is_lost(void **state) {
	(void)state;
	assert_int_equal(ic_heartbeat_offer(&heartbeat, &guest.server, &ic_instance), ERR_NONE);
	beat();
	guest_bring_up(1);
	ic_guest_choose(3, 3);
	assert_int_equal(ic_heartbeat_health(&heartbeat), IC_HEARTBEAT_UNKNOWN);
	for (unsigned i = 0; i < 3; i++) {
		beat();
		answer_beat();
		assert_int_equal(ic_heartbeat_health(&heartbeat), IC_HEARTBEAT_ALIVE);
	}
	assert_int_equal(ic_heartbeat_poll(&heartbeat, now - 1), now); /* not due */
	for (unsigned i = 0; i <= IC_HEARTBEAT_MISSES; i++)
		beat();
	assert_int_equal(ic_heartbeat_health(&heartbeat), IC_HEARTBEAT_LOST);
	answer_beat();
	assert_false(ic_guest_take()); /* it was not flooded meanwhile */
	assert_int_equal(ic_heartbeat_health(&heartbeat), IC_HEARTBEAT_ALIVE);
}

static void a_wrong_number_is_no_sign_of_life(void **state) {
	(void)state;
	assert_int_equal(ic_heartbeat_offer(&heartbeat, &guest.server, &ic_instance), ERR_NONE);
	guest_bring_up(1);
	ic_guest_choose(1, 1);
	beat();
	assert_true(ic_guest_take());
	ic_guest_answer(0);
	assert_int_equal(ic_heartbeat_health(&heartbeat), IC_HEARTBEAT_UNKNOWN);
	beat();
	assert_true(ic_guest_take());
	request.size = 4;
	ic_guest_answer(0);
	assert_int_equal(ic_heartbeat_health(&heartbeat), IC_HEARTBEAT_UNKNOWN);
}

static void a_shutdown_is_asked_for_and_answered(void **state) {
	struct hv_ic_shutdown body;

	(void)state;
	assert_int_equal(ic_shutdown_offer(&off, &guest.server, &ic_instance), ERR_NONE);
	assert_int_equal(ic_shutdown_request(&off, false, false), ERR_STATE);
	guest_bring_up(1);
	ic_guest_choose(3, 3);
	assert_int_equal(ic_shutdown_request(&off, true, true), ERR_NONE);
	assert_int_equal(off.answer, IC_SHUTDOWN_ASKED);
	assert_true(ic_guest_take());
	assert_int_equal(request.size, 2060);
	memcpy(&body, request.body, sizeof(body));
	assert_int_equal(body.flags, 3);
	ic_guest_answer(HV_IC_STATUS_FAIL);
	assert_int_equal(off.answer, IC_SHUTDOWN_REFUSED);
	assert_int_equal(ic_shutdown_request(&off, false, false), ERR_NONE);
	assert_true(ic_guest_take());
	memcpy(&body, request.body, sizeof(body));
	assert_int_equal(body.flags, 0);
	ic_guest_answer(0);
	assert_int_equal(off.answer, IC_SHUTDOWN_ACCEPTED);
	assert_int_equal(ic_shutdown_request(&off, false, false), ERR_NONE);
	assert_int_equal(guest_say(VMBUS_UNLOAD), ERR_NONE);
	assert_int_equal(off.answer, IC_SHUTDOWN_NONE);
}

static void assert_time(uint64_t unix_time, uint8_t flags) {
	struct ic_timesync_moment moment = {now, now + 77, unix_time};
	struct hv_ic_time_reference body;

	assert_int_equal(ic_timesync_poll(&timesync, &moment), now + IC_TIMESYNC_PERIOD);
	now += IC_TIMESYNC_PERIOD;
	assert_true(ic_guest_take());
	assert_int_equal(request.header.size, HV_IC_TIME_REFERENCE_SIZE);
	memcpy(&body, request.body, HV_IC_TIME_REFERENCE_SIZE);
	assert_true(body.parent_time == unix_time + 116444736000000000ull);
	assert_true(body.reference_time == moment.reference);
	assert_int_equal(body.flags, flags);
	ic_guest_answer(0);
}

static void the_clock_is_set_once_and_then_sampled(void **state) {
	(void)state;
	assert_int_equal(ic_timesync_offer(&timesync, &guest.server, &ic_instance), ERR_NONE);
	guest_bring_up(1);
	ic_guest_choose(3, 4);
	assert_time(5000, HV_IC_TIME_SYNC);
	assert_time(6000, HV_IC_TIME_SAMPLE);
	ic_timesync_set_again(&timesync);
	assert_time(7000, HV_IC_TIME_SYNC);
}

static void an_older_guest_gets_the_older_message(void **state) {
	struct ic_timesync_moment moment = {now, now, 5};
	struct hv_ic_time body;

	(void)state;
	assert_int_equal(ic_timesync_offer(&timesync, &guest.server, &ic_instance), ERR_NONE);
	guest_bring_up(1);
	ic_guest_choose(3, 3);
	ic_timesync_poll(&timesync, &moment);
	assert_true(ic_guest_take());
	assert_int_equal(request.header.size, HV_IC_TIME_SIZE);
	memcpy(&body, request.body, HV_IC_TIME_SIZE);
	assert_int_equal(body.flags, HV_IC_TIME_SYNC);
}

static void start_kvp(void) {
	assert_int_equal(ic_kvp_offer(&kvp, &guest.server, &ic_instance), ERR_NONE);
	guest_bring_up(1);
	ic_guest_choose(3, 4);
}

static struct hv_ic_kvp *taken(void) {
	assert_true(ic_guest_take());
	assert_int_equal(request.header.size, sizeof(struct hv_ic_kvp));
	return (struct hv_ic_kvp *)(void *)request.body;
}

static void put(struct hv_ic_kvp_pair *pair, const char *key, const char *value) {
	pair->value_type = HV_IC_KVP_TYPE_STRING;
	assert_int_equal(utf16_encode(key, pair->key, 512, &pair->key_size), ERR_NONE);
	assert_int_equal(utf16_encode(value, pair->value, 2048, &pair->value_size), ERR_NONE);
}

static void pairs_are_read_written_and_counted(void **state) {
	struct hv_ic_kvp *body;

	(void)state;
	start_kvp();
	assert_int_equal(ic_kvp_enumerate(&kvp, HV_IC_KVP_POOL_AUTO, 3), ERR_NONE);
	assert_int_equal(kvp.answer, IC_KVP_ASKED);
	body = taken();
	assert_int_equal(body->header.operation, HV_IC_KVP_ENUMERATE);
	assert_int_equal(body->header.pool, HV_IC_KVP_POOL_AUTO);
	assert_int_equal(body->item.index, 3);
	put(&body->item.pair, "OSName", "Debian");
	ic_guest_answer(0);
	assert_int_equal(kvp.answer, IC_KVP_DONE);
	assert_string_equal(kvp.key, "OSName");
	assert_string_equal(kvp.value, "Debian");
	assert_int_equal(ic_kvp_enumerate(&kvp, HV_IC_KVP_POOL_AUTO, 4), ERR_NONE);
	taken();
	ic_guest_answer(HV_IC_STATUS_END);
	assert_int_equal(kvp.answer, IC_KVP_END);
	assert_int_equal(ic_kvp_get(&kvp, HV_IC_KVP_POOL_GUEST, "k"), ERR_NONE);
	body = taken();
	assert_int_equal(body->header.operation, HV_IC_KVP_GET);
	assert_int_equal(body->pair.key_size, 4);
	put(&body->pair, "k", "v");
	ic_guest_answer(0);
	assert_string_equal(kvp.value, "v");
	assert_int_equal(ic_kvp_set(&kvp, HV_IC_KVP_POOL_EXTERNAL, "k", "w"), ERR_NONE);
	body = taken();
	assert_int_equal(body->header.operation, HV_IC_KVP_SET);
	assert_int_equal(body->pair.value_size, 4);
	assert_int_equal(body->pair.value[0], 'w');
	ic_guest_answer(HV_IC_STATUS_FAIL);
	assert_int_equal(kvp.answer, IC_KVP_FAILED);
	assert_int_equal(ic_kvp_delete(&kvp, HV_IC_KVP_POOL_EXTERNAL, "k"), ERR_NONE);
	body = taken();
	assert_int_equal(body->header.operation, HV_IC_KVP_DELETE);
	assert_int_equal(body->forget.key_size, 4);
	assert_int_equal(ic_kvp_delete(&kvp, HV_IC_KVP_POOL_EXTERNAL, "k"), ERR_STATE);
	ic_kvp_give_up(&kvp);
	assert_int_equal(kvp.answer, IC_KVP_NONE);
}

static void a_lying_guest_is_not_believed(void **state) {
	struct hv_ic_kvp *body;

	(void)state;
	start_kvp();
	for (unsigned row = 0; row < 7; row++) {
		assert_int_equal(ic_kvp_enumerate(&kvp, HV_IC_KVP_POOL_AUTO, 0), ERR_NONE);
		body = taken();
		put(&body->item.pair, "key", "value");
		if (row == 0)
			body->item.pair.key_size = 513;
		if (row == 1)
			body->item.pair.value_size = 2050;
		if (row == 2)
			body->item.pair.value_size = 0xffffffff;
		if (row == 3)
			body->item.pair.key_size = 3;
		if (row == 4)
			body->item.pair.value_type = 4;
		if (row == 5)
			body->item.pair.key[1] = 0xdc; /* a lone surrogate */
		if (row == 6)
			request.size = 16; /* nothing behind it */
		ic_guest_answer(0);
		assert_int_equal(kvp.answer, IC_KVP_BAD);
	}
}

static void impossible_requests_are_not_sent(void **state) {
	char longest[IC_KVP_VALUE_SIZE];

	(void)state;
	start_kvp();
	memset(longest, 'x', 1024);
	longest[1024] = 0;
	assert_int_equal(ic_kvp_set(&kvp, HV_IC_KVP_POOL_EXTERNAL, "k", longest), ERR_RANGE);
	longest[256] = 0;
	assert_int_equal(ic_kvp_get(&kvp, HV_IC_KVP_POOL_EXTERNAL, longest), ERR_RANGE);
	assert_int_equal(ic_kvp_get(&kvp, HV_IC_KVP_POOL_COUNT, "k"), ERR_RANGE);
	assert_int_equal(ic_kvp_get(&kvp, HV_IC_KVP_POOL_EXTERNAL, "\xff"), ERR_FORMAT);
	assert_false(ic_guest_take());
	longest[255] = 0;
	assert_int_equal(ic_kvp_get(&kvp, HV_IC_KVP_POOL_EXTERNAL, longest), ERR_NONE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(a_guest_that_answers_is_alive_and_one_that_stops_is_lost),
	    TEST(a_wrong_number_is_no_sign_of_life),
	    TEST(a_shutdown_is_asked_for_and_answered),
	    TEST(the_clock_is_set_once_and_then_sampled),
	    TEST(an_older_guest_gets_the_older_message),
	    TEST(pairs_are_read_written_and_counted),
	    TEST(a_lying_guest_is_not_believed),
	    TEST(impossible_requests_are_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
