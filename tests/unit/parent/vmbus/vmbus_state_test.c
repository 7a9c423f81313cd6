/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Saving and loading: what comes back, what is refused, who adopts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "fake_device.h"
#include "vmbus/vmbus_state.h"

static struct fake_device a, b;
static struct vmbus_channel *c;
static uint8_t saved[16384], again[16384];
static size_t size;

/* Channel 1 open, 2 rescinded and not yet told, a list that grows, one that
 * leaves, a reply that waits. */
static int fresh(void **state) {
	(void)state;
	guest_reset();
	c = fake_device_offer(&a, 1);
	assert_non_null(fake_device_offer(&b, 2));
	guest_bring_up(1);
	assert_int_equal(guest_lend(1, 50, 3, 5), ERR_NONE);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, GUEST_GPADL + 1), ERR_NONE);
	fake_vmbus.room = 0;
	vmbus_rescind(&guest.server.channel[1]);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, 77), ERR_NOT_FOUND);
	guest.taken = fake_vmbus.post_count;
	return 0;
}

static void save(void) {
	size = vmbus_save_size(&guest.server);
	assert_true(size <= sizeof(saved));
	assert_int_equal(vmbus_save(&guest.server, saved, size), ERR_NONE);
}

/* The guest goes on, its server is a new one. */
static void replace_server(void) {
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		guest.server.gpadls.list[i].holders = 0;
	gpadl_forget_all(&guest.server.gpadls, 0);
	fake_vmbus.listening = 0;
	vmbus_init(&guest.server, &guest.memory, GUEST_VPS, NULL);
}

static void assert_as_new(void) {
	assert_int_equal(guest.server.gpadls.pages_used, 0);
	assert_int_equal(fake_vmbus.listening, 0);
	assert_int_equal(guest.server.state, VMBUS_DISCONNECTED);
	assert_int_equal(vmbus_save_size(&guest.server), sizeof(struct vmbus_state_header));
}

static struct vmbus_channel *adopt(uint32_t number, struct fake_device *d) {
	struct vmbus_offer offer = fake_offer(number);

	*d = (struct fake_device){0};
	return vmbus_adopt(&guest.server, &offer, &fake_device_ops, d);
}

static void what_was_saved_comes_back_the_same(void **state) {
	(void)state;
	save();
	replace_server();
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_NONE);
	assert_int_equal(vmbus_save_size(&guest.server), size);
	assert_int_equal(vmbus_save(&guest.server, again, size), ERR_NONE);
	assert_memory_equal(saved, again, size);
	assert_int_equal(fake_vmbus.listening, 1);
}

static void the_guest_notices_nothing(void **state) {
	static uint64_t buffer[64];
	struct ring_packet packet;

	(void)state;
	guest_send(VMBUS_PACKET_INBAND, 3, NULL, 0, "before", 6);
	save();
	replace_server();
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_NONE);
	c = adopt(1, &a);
	assert_non_null(c);
	assert_null(adopt(1, &b)); /* once */
	assert_null(adopt(2, &b)); /* on its way out */
	assert_null(adopt(3, &b));
	vmbus_adopt_end(&guest.server);
	assert_int_equal(fake_vmbus.again, 1);
	assert_int_equal(vmbus_channel_read(c, buffer, sizeof(buffer), &packet), RING_OK);
	assert_memory_equal(packet.payload, "before", 6);
	fake_vmbus.room = 9;
	vmbus_flush(&guest.server);
	guest_expect(VMBUS_GPADL_TORNDOWN, 12); /* the reply that waited */
	guest_expect(VMBUS_RESCIND_OFFER, 12);
	guest_expect_nothing();
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(a.closes, 1);
	guest_expect(VMBUS_GPADL_TORNDOWN, 12); /* the list that was leaving */
}

static void what_nobody_adopts_is_rescinded(void **state) {
	(void)state;
	save();
	replace_server();
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_NONE);
	fake_vmbus.room = 9;
	vmbus_adopt_end(&guest.server);
	guest_expect(VMBUS_GPADL_TORNDOWN, 12);
	guest_expect(VMBUS_RESCIND_OFFER, 12);
	guest_expect(VMBUS_RESCIND_OFFER, 12);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 1), ERR_NONE);
	assert_int_equal(guest.server.channel[0].state, VMBUS_CHANNEL_FREE);
}

static void a_server_in_motion_is_not_saved(void **state) {
	static uint64_t buffer[64];
	struct ring_packet packet;

	(void)state;
	size = vmbus_save_size(&guest.server);
	assert_int_equal(vmbus_save(&guest.server, saved, size - 1), ERR_RANGE);
	guest_send(VMBUS_PACKET_INBAND, 3, NULL, 0, "x", 1);
	assert_int_equal(vmbus_channel_read(c, buffer, sizeof(buffer), &packet), RING_OK);
	assert_int_equal(vmbus_save(&guest.server, saved, size), ERR_STATE);
	vmbus_channel_sleep(c);
	a.drains_later = true;
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(vmbus_save(&guest.server, saved, size), ERR_STATE);
}

static void other_versions_and_cut_states_are_refused(void **state) {
	(void)state;
	save();
	replace_server();
	for (size_t cut = 0; cut < size; cut++) {
		assert_int_not_equal(vmbus_load(&guest.server, saved, cut), ERR_NONE);
		memcpy(again, saved, size);
		((struct vmbus_state_header *)(void *)again)->size = (uint32_t)cut;
		if (cut >= sizeof(struct vmbus_state_header))
			assert_int_equal(vmbus_load(&guest.server, again, cut), ERR_FORMAT);
	}
	saved[0]++;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_UNSUPPORTED);
	assert_as_new();
}

/* Each byte in turn; what is loaded can be saved, what is not leaves nothing. */
static void no_byte_can_do_harm(void **state) {
	static const uint8_t flips[] = {0x01, 0x02, 0x80, 0xff};

	(void)state;
	save();
	for (size_t i = 0; i < size; i++) {
		for (unsigned f = 0; f < sizeof(flips); f++) {
			replace_server();
			memcpy(again, saved, size);
			again[i] ^= flips[f];
			if (vmbus_load(&guest.server, again, size) != ERR_NONE)
				assert_as_new();
			else
				assert_int_equal(vmbus_save_size(&guest.server), size);
			vmbus_reset(&guest.server);
			assert_int_equal(guest.server.gpadls.pages_used, 0);
			assert_int_equal(fake_vmbus.listening, 0);
		}
	}
}

static void numbers_outside_this_machine_are_refused(void **state) {
	struct vmbus_state_header *h = (struct vmbus_state_header *)(void *)saved;
	struct vmbus_state_channel *r = (struct vmbus_state_channel *)(void *)(h + 1);

	(void)state;
	save();
	replace_server();
	r->target_vp = GUEST_VPS;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_RANGE);
	r->target_vp = 0;
	r->in_index = 2 * HV_PAGE_SIZE;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_RANGE);
	r->in_index = 0;
	r->downstream_page = 1;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_RANGE);
	r->downstream_page = 3;
	r->ring_gpadl = 50; /* there, and too short */
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_RANGE);
	r->ring_gpadl = GUEST_GPADL + 1;
	r[1].relid = 1; /* twice the same */
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_RANGE);
	r[1].relid = 2;
	h->target_vp = GUEST_VPS;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_RANGE);
	assert_as_new();
	h->target_vp = 0;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_NONE);
}

static void a_kernel_that_refuses_leaves_nothing(void **state) {
	(void)state;
	save();
	replace_server();
	fake_vmbus.refuses_to_listen = true;
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_HYPERCALL);
	assert_as_new();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(what_was_saved_comes_back_the_same),        TEST(the_guest_notices_nothing),
	    TEST(what_nobody_adopts_is_rescinded),           TEST(a_server_in_motion_is_not_saved),
	    TEST(other_versions_and_cut_states_are_refused), TEST(no_byte_can_do_harm),
	    TEST(numbers_outside_this_machine_are_refused),  TEST(a_kernel_that_refuses_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
