/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A channel: open, close, lists of pages, moving VPs, release, traffic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "fake_device.h"

#define RELID 1u
#define GPADL (GUEST_GPADL + RELID)

static struct fake_device a, b;
static struct vmbus_channel *c;

/* Offers known, nothing open. */
static int fresh(void **state) {
	(void)state;
	guest_reset();
	c = fake_device_offer(&a, 1);
	assert_non_null(fake_device_offer(&b, 2));
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	guest.taken = fake_vmbus.post_count;
	return 0;
}

static void assert_created(uint32_t relid, uint32_t gpadl, uint32_t status) {
	const struct vmbus_gpadl_created *r = guest_expect(VMBUS_GPADL_CREATED, 20);

	assert_int_equal(r->relid, relid);
	assert_int_equal(r->gpadl, gpadl);
	assert_int_equal(r->status, status);
}

static void assert_torndown(uint32_t gpadl) {
	const struct vmbus_gpadl_torndown *r = guest_expect(VMBUS_GPADL_TORNDOWN, 12);

	assert_int_equal(r->gpadl, gpadl);
}

static void assert_opened(uint32_t status) {
	const struct vmbus_open_result *r = guest_expect(VMBUS_OPEN_RESULT, 20);

	assert_int_equal(r->relid, RELID);
	assert_int_equal(r->open_id, RELID);
	assert_int_equal(r->status, status);
}

static void open_up(void) {
	assert_int_equal(guest_open(RELID, 1), ERR_NONE);
	assert_created(RELID, GPADL, 0);
	assert_opened(0);
}

/* OPEN of a lent list with one field changed. */
static enum err open_with(uint32_t relid, uint32_t gpadl, uint32_t vp, uint32_t downstream) {
	struct vmbus_open_channel m = {
	    .header.type = VMBUS_OPEN_CHANNEL,
	    .relid = relid,
	    .open_id = RELID,
	    .ring_gpadl = gpadl,
	    .target_vp = vp,
	    .downstream_page = downstream,
	};

	return vmbus_receive(&guest.server, &m, sizeof(m));
}

static void opening_sets_rings_up_and_tells_the_device_in_order(void **state) {
	(void)state;
	fake_vmbus.room = 1;
	assert_int_equal(guest_open(RELID, 1), ERR_NONE);
	assert_int_equal(a.opens, 1);
	assert_int_equal(a.openeds, 0); /* the guest does not know yet */
	vmbus_signaled(&guest.server, RELID);
	assert_int_equal(a.signals, 0);
	fake_vmbus.room = 1;
	vmbus_flush(&guest.server);
	assert_created(RELID, GPADL, 0);
	assert_opened(0);
	assert_int_equal(a.openeds, 1);
	assert_int_equal(fake_vmbus.listening, 1);
	assert_int_equal(guest.ram[GUEST_RING_PFN + 3][64], 1); /* pending_send_size */
	vmbus_signaled(&guest.server, RELID);
	assert_int_equal(a.signals, 1);
}

static void an_impossible_open_is_answered_and_changes_nothing(void **state) {
	(void)state;
	assert_int_equal(guest_lend(RELID, GPADL, GUEST_RING_PFN, 6), ERR_NONE);
	assert_int_equal(guest_lend(RELID, GPADL + 7, GUEST_RING_PFN, 3), ERR_NONE);
	assert_int_equal(guest_lend(2, GPADL + 8, GUEST_RING_PFN, 6), ERR_NONE);
	guest.taken = fake_vmbus.post_count;
	assert_int_equal(open_with(0, GPADL, 0, 3), ERR_NOT_FOUND);
	assert_int_equal(open_with(9, GPADL, 0, 3), ERR_NOT_FOUND);
	assert_int_equal(open_with(0xffffffff, GPADL, 0, 3), ERR_NOT_FOUND);
	assert_int_equal(open_with(RELID, GPADL, GUEST_VPS, 3), ERR_RANGE);
	assert_int_equal(open_with(RELID, GPADL + 1, 0, 3), ERR_NOT_FOUND);
	assert_int_equal(open_with(RELID, GPADL + 8, 0, 3), ERR_NOT_FOUND); /* another's */
	assert_int_equal(open_with(RELID, GPADL + 7, 0, 2), ERR_RANGE);     /* too short */
	static const uint32_t bad[] = {0, 1, 5, 6, 0xffffffff};
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(open_with(RELID, GPADL, 0, bad[i]), ERR_RANGE);
	guest.ram[GUEST_RING_PFN][4] = 3; /* our index of the ring to us */
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_RANGE);
	guest.ram[GUEST_RING_PFN][4] = 0;
	fake_vmbus.refuses_to_listen = true;
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_HYPERCALL);
	fake_vmbus.refuses_to_listen = false;
	a.open_result = ERR_MEMORY;
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_MEMORY);
	for (unsigned i = 0; i < 15; i++) {
		struct vmbus_open_result r;

		if (guest.taken == fake_vmbus.post_count)
			break;
		memcpy(&r, guest_expect(VMBUS_OPEN_RESULT, 20), sizeof(r));
		assert_int_not_equal(r.status, 0);
	}
	guest_expect_nothing();
	assert_int_equal(a.closes + a.openeds, 0);
	assert_int_equal(fake_vmbus.listening, 0);
	a.open_result = ERR_NONE;
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_NONE);
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_STATE);
}

static void a_ring_may_not_lie_at_an_offset(void **state) {
	uint8_t bytes[HV_MESSAGE_PAYLOAD_SIZE] = {0};
	struct vmbus_gpadl_header m = {
	    .header.type = VMBUS_GPADL_HEADER,
	    .relid = RELID,
	    .gpadl = 5,
	    .range_count = 1,
	    .byte_count = 6 * HV_PAGE_SIZE,
	    .byte_offset = 8,
	};

	(void)state;
	memcpy(bytes, &m, sizeof(m));
	assert_int_equal(vmbus_receive(&guest.server, bytes, sizeof(m) + 7 * 8), ERR_NONE);
	assert_int_equal(open_with(RELID, 5, 0, 3), ERR_RANGE);
}

static void closing_frees_the_list_after_the_device_drained(void **state) {
	(void)state;
	open_up();
	a.drains_later = true;
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, RELID), ERR_NONE);
	assert_int_equal(a.closes, 1);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, RELID), ERR_STATE);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, RELID, GPADL), ERR_NONE);
	guest_expect_nothing(); /* pages are in use */
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_STATE);
	assert_opened(VMBUS_STATUS_INVALID);
	vmbus_channel_closed(c);
	assert_torndown(GPADL);
	assert_int_equal(fake_vmbus.listening, 0);
	open_up(); /* and again */
	assert_int_equal(a.opens, 2);
}

static void an_open_channels_list_leaves_with_its_close(void **state) {
	(void)state;
	open_up();
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, RELID, GPADL), ERR_NONE);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, RELID, GPADL), ERR_STATE);
	guest_expect_nothing();
	assert_int_equal(a.closes, 0);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, RELID), ERR_NONE);
	assert_torndown(GPADL);
}

static void closing_what_is_not_open_is_dropped(void **state) {
	(void)state;
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, RELID), ERR_STATE);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 0), ERR_NOT_FOUND);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 2047), ERR_NOT_FOUND);
	assert_int_equal(a.closes, 0);
	guest_expect_nothing();
}

static void closing_before_the_result_was_sent_ends_it(void **state) {
	(void)state;
	fake_vmbus.room = 0;
	assert_int_equal(guest_open(RELID, 1), ERR_NONE);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, RELID), ERR_NONE);
	fake_vmbus.room = 9;
	vmbus_flush(&guest.server);
	assert_int_equal(a.openeds, 0);
	assert_int_equal(a.closes, 1);
}

static void lending_is_answered_after_the_last_body(void **state) {
	(void)state;
	assert_int_equal(guest_lend(RELID, 5, 0, 26), ERR_NONE);
	assert_created(RELID, 5, 0);
	assert_int_equal(guest_lend(RELID, 6, 0, 27), ERR_NONE);
	assert_created(RELID, 6, 0);
	assert_int_equal(guest_lend(RELID, 7, 0, 26 + 28 + 28), ERR_NONE);
	assert_created(RELID, 7, 0);
	guest_expect_nothing();
}

static void lending_what_cannot_be_lent_is_answered(void **state) {
	(void)state;
	assert_int_equal(guest_lend(RELID, 0, 0, 1), ERR_RANGE);
	assert_created(RELID, 0, VMBUS_STATUS_INVALID);
	assert_int_equal(guest_lend(77, 5, 0, 1), ERR_NOT_FOUND);
	assert_created(77, 5, VMBUS_STATUS_INVALID);
	assert_int_equal(guest_lend(RELID, 5, GUEST_PAGES - 1, 2), ERR_RANGE);
	assert_created(RELID, 5, VMBUS_STATUS_INVALID);
	assert_int_equal(guest_lend(RELID, 5, GUEST_PAGES - 30, 31), ERR_RANGE);
	assert_created(RELID, 5, VMBUS_STATUS_INVALID);
	assert_int_equal(guest_lend(RELID, 5, 0, GPADL_PAGES_MAX + 1), ERR_MEMORY);
	assert_created(RELID, 5, VMBUS_STATUS_NO_RESOURCES);
	guest_expect_nothing();
	assert_int_equal(guest.server.gpadls.pages_used, 0);
}

static void an_unknown_list_is_torn_down_anothers_is_not(void **state) {
	(void)state;
	assert_int_equal(guest_lend(RELID, 5, 0, 1), ERR_NONE);
	assert_created(RELID, 5, 0);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, RELID, 6), ERR_NOT_FOUND);
	assert_torndown(6);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 2, 5), ERR_STATE);
	guest_expect_nothing();
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, RELID, 5), ERR_NONE);
	assert_torndown(5);
}

static void interrupts_move_to_another_vp(void **state) {
	const struct vmbus_modify_response *r;

	(void)state;
	open_up();
	assert_int_equal(guest_say_two(VMBUS_MODIFY_CHANNEL, RELID, 3), ERR_NONE);
	r = guest_expect(VMBUS_MODIFY_RESPONSE, 16);
	assert_int_equal(r->relid, RELID);
	assert_int_equal(r->status, 0);
	assert_int_equal(fake_vmbus.signals, 1); /* nothing is lost on the way */
	assert_int_equal(fake_vmbus.signaled_vp, 3);
	assert_int_equal(guest_say_two(VMBUS_MODIFY_CHANNEL, RELID, GUEST_VPS), ERR_RANGE);
	r = guest_expect(VMBUS_MODIFY_RESPONSE, 16);
	assert_int_equal(r->status, VMBUS_STATUS_INVALID);
	assert_int_equal(c->target_vp, 3);
	assert_int_equal(guest_say_two(VMBUS_MODIFY_CHANNEL, 2, 0), ERR_STATE);
	r = guest_expect(VMBUS_MODIFY_RESPONSE, 16);
	assert_int_equal(r->status, VMBUS_STATUS_INVALID);
	assert_int_equal(guest_say_two(VMBUS_MODIFY_CHANNEL, 99, 0), ERR_NOT_FOUND);
	guest_expect(VMBUS_MODIFY_RESPONSE, 16);
}

static void moving_is_answered_from_version_5_3_on(void **state) {
	(void)state;
	assert_true(guest_connect(VMBUS_VERSION_5_2));
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	guest.taken = fake_vmbus.post_count;
	open_up();
	assert_int_equal(guest_say_two(VMBUS_MODIFY_CHANNEL, RELID, 3), ERR_NONE);
	guest_expect_nothing();
	assert_int_equal(c->target_vp, 3);
}

static void a_relid_that_is_not_rescinded_comes_back_at_the_next_contact(void **state) {
	(void)state;
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, RELID), ERR_NONE);
	assert_int_equal(a.gones, 0);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, RELID), ERR_STATE);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 99), ERR_NOT_FOUND);
	assert_int_equal(open_with(RELID, GPADL, 0, 3), ERR_STATE);
	assert_true(guest_connect(VMBUS_VERSION_5_3));
	assert_int_equal(guest_say(VMBUS_REQUEST_OFFERS), ERR_NONE);
	assert_int_equal(c->state, VMBUS_CHANNEL_OFFERED);
}

static void an_open_channel_is_not_released(void **state) {
	(void)state;
	open_up();
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, RELID), ERR_STATE);
	assert_int_equal(c->state, VMBUS_CHANNEL_OPEN);
}

static void a_rescinded_channel_ends_by_its_release_alone(void **state) {
	(void)state;
	open_up();
	a.drains_later = true;
	vmbus_rescind(c);
	guest_expect(VMBUS_RESCIND_OFFER, 12);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, RELID), ERR_NONE);
	assert_int_equal(a.closes, 1);
	assert_int_equal(a.gones, 0); /* it still drains */
	vmbus_channel_closed(c);
	assert_int_equal(a.gones, 1);
	assert_int_equal(guest.server.gpadls.pages_used, 0);
	assert_non_null(fake_device_offer(&a, 1)); /* the relid is free */
	guest_expect(VMBUS_OFFER_CHANNEL, 196);
}

static void packets_pass_both_ways_with_signals_that_are_needed(void **state) {
	static uint64_t buffer[64];
	struct ring_packet packet;
	struct ring_send reply = {.type = VMBUS_PACKET_COMPLETION, .transaction_id = 9};

	(void)state;
	open_up();
	guest_send(VMBUS_PACKET_INBAND, 9, NULL, 0, "question", 8);
	assert_int_equal(a.signals, 1);
	assert_int_equal(vmbus_channel_read(c, buffer, sizeof(buffer), &packet), RING_OK);
	assert_memory_equal(packet.payload, "question", 8);
	guest_send(VMBUS_PACKET_INBAND, 10, NULL, 0, "more", 4);
	assert_int_equal(a.signals, 1); /* it is awake */
	assert_int_equal(vmbus_channel_read(c, buffer, sizeof(buffer), &packet), RING_OK);
	assert_int_equal(vmbus_channel_read(c, buffer, sizeof(buffer), &packet), RING_EMPTY);
	assert_false(vmbus_channel_sleep(c));
	guest_send(VMBUS_PACKET_INBAND, 11, NULL, 0, "again", 5);
	assert_int_equal(a.signals, 2);
	assert_int_equal(vmbus_channel_write(c, &reply), RING_OK);
	assert_int_equal(vmbus_channel_write(c, &reply), RING_OK);
	assert_false(guest_receive(&packet)); /* not published */
	vmbus_channel_publish(c);
	assert_int_equal(fake_vmbus.signals, 1);
	assert_int_equal(fake_vmbus.signaled, RELID);
	assert_int_equal(fake_vmbus.signaled_vp, 1);
	assert_true(guest_receive(&packet));
	assert_int_equal(packet.transaction_id, 9);
}

static void a_full_ring_wakes_the_device_when_there_is_room(void **state) {
	struct ring_send big = {.type = VMBUS_PACKET_INBAND, .payload_size = 2000};
	static const uint8_t zeros[2000];
	struct ring_packet packet;

	(void)state;
	big.payload = zeros;
	open_up();
	while (vmbus_channel_write(c, &big) == RING_OK)
		;
	assert_int_equal(fake_vmbus.signals, 1); /* full means published */
	assert_int_equal(a.signals, 0);
	assert_true(guest_receive(&packet));
	assert_int_equal(a.signals, 1);
	assert_int_equal(vmbus_channel_write(c, &big), RING_OK);
}

static void a_broken_ring_is_silent_and_harms_nobody(void **state) {
	static uint64_t buffer[64];
	struct ring_packet packet;
	struct ring_send reply = {.type = VMBUS_PACKET_COMPLETION};

	(void)state;
	open_up();
	guest.ram[GUEST_RING_PFN][0] = 5; /* write_index */
	assert_int_equal(vmbus_channel_read(c, buffer, sizeof(buffer), &packet), RING_BROKEN);
	assert_true(c->is_broken);
	assert_int_equal(vmbus_channel_write(c, &reply), RING_BROKEN);
	assert_false(vmbus_channel_sleep(c));
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, RELID), ERR_NONE);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, RELID, GPADL), ERR_NONE);
	assert_torndown(GPADL);
	open_up();
	assert_false(c->is_broken);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(opening_sets_rings_up_and_tells_the_device_in_order),
	    TEST(an_impossible_open_is_answered_and_changes_nothing),
	    TEST(a_ring_may_not_lie_at_an_offset),
	    TEST(closing_frees_the_list_after_the_device_drained),
	    TEST(an_open_channels_list_leaves_with_its_close),
	    TEST(closing_what_is_not_open_is_dropped),
	    TEST(closing_before_the_result_was_sent_ends_it),
	    TEST(lending_is_answered_after_the_last_body),
	    TEST(lending_what_cannot_be_lent_is_answered),
	    TEST(an_unknown_list_is_torn_down_anothers_is_not),
	    TEST(interrupts_move_to_another_vp),
	    TEST(moving_is_answered_from_version_5_3_on),
	    TEST(a_relid_that_is_not_rescinded_comes_back_at_the_next_contact),
	    TEST(an_open_channel_is_not_released),
	    TEST(a_rescinded_channel_ends_by_its_release_alone),
	    TEST(packets_pass_both_ways_with_signals_that_are_needed),
	    TEST(a_full_ring_wakes_the_device_when_there_is_room),
	    TEST(a_broken_ring_is_silent_and_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
