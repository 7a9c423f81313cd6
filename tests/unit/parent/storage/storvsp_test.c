/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A guest's storage driver against the controller, over real rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "fake/vmbus_guest.h"
#include "fake/volume.h"
#include "storage/storvsp.h"
#include "vmbus/vmbus_state.h"

#define DATA_PFN 64u

static struct storvsp controller;
static struct fake_volume volume;
static struct scsi_disk disk;
static const struct hv_guid instance = {.data1 = 0x5c51};
static struct hv_storvsc_packet reply;
static uint64_t reply_id;
static uint32_t reply_size;
static bool is_old; /* the guest sends 56 bytes */

static int fresh(void **state) {
	(void)state;
	free(controller.queue[0].slot);
	guest_reset();
	memset(&controller, 0, sizeof(controller));
	fake_volume_init(&volume);
	disk = (struct scsi_disk){.volume = &volume.volume, .transfer_max = STORVSP_TRANSFER_MAX};
	controller.target.lun[0] = &disk;
	assert_int_equal(storvsp_offer(&controller, &guest.server, &instance, 2), ERR_NONE);
	guest_bring_up(1);
	return 0;
}

static int last(void **state) {
	(void)state;
	free(controller.queue[0].slot);
	controller.queue[0].slot = NULL;
	return 0;
}

/* The next completion. */
static bool take(void) {
	struct ring_packet packet;

	if (!guest_receive(&packet))
		return false;
	assert_int_equal(packet.type, VMBUS_PACKET_COMPLETION);
	assert_true(packet.payload_size <= 64);
	reply_size = packet.payload_size;
	memcpy(&reply, packet.payload, reply_size);
	reply_id = packet.transaction_id;
	assert_int_equal(reply.operation, HV_STORVSC_COMPLETE_IO);
	return true;
}

static void expect(uint64_t id, uint32_t status) {
	assert_true(take());
	assert_int_equal(reply_id, id);
	assert_int_equal(reply.status, status);
	assert_true(reply_size == 64 || is_old);
}

static void say(uint32_t operation, uint16_t argument, uint32_t status) {
	struct hv_storvsc_packet packet = {.operation = operation, .flags = 1};

	packet.version.version = argument;
	guest_send(VMBUS_PACKET_INBAND, 0xfffffffffffffffd, NULL, 0, &packet, sizeof(packet));
	expect(0xfffffffffffffffd, status);
}

static void shake_hands(void) {
	say(HV_STORVSC_BEGIN_INITIALIZATION, 0, 0);
	say(HV_STORVSC_QUERY_VERSION, HV_STORVSC_VERSION_6_2, 0);
	say(HV_STORVSC_QUERY_PROPERTIES, 0, 0);
	assert_int_equal(reply.properties.transfer_max, STORVSP_TRANSFER_MAX);
	assert_int_equal(reply.properties.subchannel_max, 2);
	assert_int_equal(reply.properties.flags, HV_STORVSC_MULTICHANNEL);
	say(HV_STORVSC_END_INITIALIZATION, 0, 0);
}

static struct hv_storvsc_packet make_srb(uint8_t opcode, uint8_t direction, uint32_t size) {
	struct hv_storvsc_packet packet = {
	    .operation = HV_STORVSC_EXECUTE_SRB,
	    .srb = {.length = 52, .cdb_size = 10, .direction = direction, .transfer_size = size},
	};

	packet.srb.cdb[0] = opcode;
	return packet;
}

struct gpa_direct {
	struct vmbus_gpa_direct_header header;
	struct vmbus_gpa_range range;
	uint64_t pfn[80];
};

/* `size` bytes at `offset` of the pages from DATA_PFN on, every other page. */
static struct gpa_direct make_memory(uint32_t size, uint32_t offset) {
	struct gpa_direct g = {.header = {0, 1}, .range = {size, offset}};

	for (unsigned i = 0; i < 80; i++)
		g.pfn[i] = DATA_PFN + 2 * i;
	return g;
}

static void send_direct(uint64_t id, const struct hv_storvsc_packet *packet, const struct gpa_direct *g,
                        unsigned pages) {
	guest_send(VMBUS_PACKET_GPA_DIRECT, id, g, 16 + 8 * pages, packet, sizeof(*packet));
}

/* READ or WRITE of `count` blocks from `block` on, with memory at an offset. */
static void transfer(uint64_t id, bool is_write, uint16_t block, uint16_t count, uint32_t offset) {
	uint32_t size = count * 512u;
	struct hv_storvsc_packet packet = make_srb(is_write ? 0x2a : 0x28, is_write ? HV_SRB_WRITE : HV_SRB_READ, size);
	struct gpa_direct g = make_memory(size, offset);

	packet.srb.cdb[4] = (uint8_t)(block >> 8);
	packet.srb.cdb[5] = (uint8_t)block;
	packet.srb.cdb[7] = (uint8_t)(count >> 8);
	packet.srb.cdb[8] = (uint8_t)count;
	send_direct(id, &packet, &g, (offset + size + 4095) / 4096);
}

static void assert_srb(uint64_t id, uint8_t srb_status, uint32_t moved) {
	expect(id, 0);
	assert_int_equal(reply.srb.srb_status, srb_status);
	assert_int_equal(reply.srb.transfer_size, moved);
}

static void versions_are_tried_until_one_fits(void **state) {
	(void)state;
	say(HV_STORVSC_BEGIN_INITIALIZATION, 0, 0);
	say(HV_STORVSC_QUERY_VERSION, 0x0700, HV_STORVSC_STATUS_REVISION);
	say(HV_STORVSC_QUERY_PROPERTIES, 0, HV_STORVSC_STATUS_STATE);
	say(HV_STORVSC_QUERY_VERSION, 0x0501, 0);
	say(HV_STORVSC_END_INITIALIZATION, 0, 0);
	shake_hands(); /* once more is fine */
}

static void a_short_request_has_a_short_reply(void **state) {
	struct hv_storvsc_packet packet = {.operation = HV_STORVSC_BEGIN_INITIALIZATION};

	(void)state;
	guest_send(VMBUS_PACKET_INBAND, 1, NULL, 0, &packet, 50);
	is_old = true;
	expect(1, 0);
	assert_int_equal(reply_size, 56);
	packet.operation = HV_STORVSC_QUERY_VERSION;
	packet.version.version = HV_STORVSC_VERSION_6_0;
	guest_send(VMBUS_PACKET_INBAND, 2, NULL, 0, &packet, 48);
	expect(2, 0);
	assert_int_equal(reply_size, 48);
	is_old = false;
	say(HV_STORVSC_END_INITIALIZATION, 0, 0);
}

static void nothing_is_done_before_the_handshake(void **state) {
	(void)state;
	say(HV_STORVSC_END_INITIALIZATION, 0, HV_STORVSC_STATUS_STATE);
	say(HV_STORVSC_QUERY_VERSION, HV_STORVSC_VERSION_6_2, HV_STORVSC_STATUS_STATE);
	say(HV_STORVSC_CREATE_SUBCHANNELS, 1, HV_STORVSC_STATUS_STATE);
	say(HV_STORVSC_RESET_BUS, 0, HV_STORVSC_STATUS_STATE);
	transfer(5, false, 1, 1, 0);
	expect(5, HV_STORVSC_STATUS_STATE);
	assert_int_equal(volume.reads, 0);
}

static void blocks_go_to_the_guests_pages_and_back(void **state) {
	(void)state;
	shake_hands();
	transfer(7, false, 3, 16, 512); /* 8 KiB over three pages */
	assert_srb(7, HV_SRB_STATUS_SUCCESS, 8192);
	assert_int_equal(guest.ram[DATA_PFN][511], 0);
	assert_int_equal(guest.ram[DATA_PFN][512], 3);
	assert_int_equal(guest.ram[DATA_PFN + 2][0], 10);
	assert_int_equal(guest.ram[DATA_PFN + 4][511], 18);
	assert_int_equal(guest.ram[DATA_PFN + 4][512], 0);
	assert_int_equal(guest.ram[DATA_PFN + 1][0], 0); /* the page between */
	memset(guest.ram[DATA_PFN], 0x5a, 4096);
	transfer(8, true, 100, 8, 0);
	assert_srb(8, HV_SRB_STATUS_SUCCESS, 4096);
	assert_int_equal(volume.data[107][511], 0x5a);
	assert_false(take());
}

static void a_whole_transfer_fits(void **state) {
	(void)state;
	shake_hands();
	transfer(7, false, 0, STORVSP_TRANSFER_MAX / 512, 512);
	assert_srb(7, HV_SRB_STATUS_SUCCESS, STORVSP_TRANSFER_MAX);
	transfer(8, false, 0, STORVSP_TRANSFER_MAX / 512 + 1, 0);
	assert_srb(8, HV_SRB_STATUS_INVALID_REQUEST, 0);
}

static void sense_and_absence_are_reported(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x00, HV_SRB_NO_DATA, 0);
	struct gpa_direct g = make_memory(36, 0);

	(void)state;
	shake_hands();
	transfer(1, false, 0xffff, 1, 0);
	assert_srb(1, HV_SRB_STATUS_ERROR | HV_SRB_STATUS_SENSE_VALID, 0);
	assert_int_equal(reply.srb.scsi_status, 2);
	assert_int_equal(reply.srb.sense_size, 18);
	assert_int_equal(reply.srb.sense[12], 0x21);
	guest_send(VMBUS_PACKET_INBAND, 2, NULL, 0, &packet, sizeof(packet));
	assert_srb(2, HV_SRB_STATUS_SUCCESS, 0);
	for (unsigned i = 0; i < 4; i++) {
		packet = make_srb(0x00, HV_SRB_NO_DATA, 0);
		packet.srb.lun = i == 0 ? 1 : i == 1 ? 255 : 0;
		packet.srb.path = i == 2;
		packet.srb.target = i == 3;
		guest_send(VMBUS_PACKET_INBAND, 3, NULL, 0, &packet, sizeof(packet));
		assert_srb(3, HV_SRB_STATUS_INVALID_LUN, 0);
	}
	packet = make_srb(0x12, HV_SRB_READ, 36);
	packet.srb.lun = 1;
	packet.srb.cdb[4] = 36;
	send_direct(4, &packet, &g, 1);
	assert_srb(4, HV_SRB_STATUS_SUCCESS, 36);
	assert_int_equal(guest.ram[DATA_PFN][0], 0x7f);
}

static void impossible_memory_is_refused_and_not_touched(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x28, HV_SRB_READ, 4096);
	struct gpa_direct good = make_memory(4096, 0), g;

	(void)state;
	shake_hands();
	packet.srb.cdb[8] = 8;
	for (unsigned row = 0; row < 9; row++) {
		unsigned pages = 1;

		g = good;
		if (row == 0)
			g.range.offset = 4096;
		if (row == 1)
			g.range.size = 4095; /* less than is to be moved */
		if (row == 2)
			g.pfn[0] = GUEST_PAGES;
		if (row == 3)
			g.pfn[0] = ~0ull;
		if (row == 4)
			g.range.offset = 8; /* one page too few */
		if (row == 5)
			g.header.range_count = 0;
		if (row == 6)
			g.range.size = 0xffffffff;
		if (row == 7)
			pages = 0;
		if (row == 8)
			g.range = (struct vmbus_gpa_range){0xfffff000, 0xffffffff};
		send_direct(row, &packet, &g, pages);
		assert_srb(row, HV_SRB_STATUS_INVALID_REQUEST, 0);
	}
	guest_send(VMBUS_PACKET_INBAND, 20, NULL, 0, &packet, sizeof(packet));
	assert_srb(20, HV_SRB_STATUS_INVALID_REQUEST, 0);
	guest_send(VMBUS_PACKET_GPA_DIRECT, 21, NULL, 0, &packet, sizeof(packet));
	assert_srb(21, HV_SRB_STATUS_INVALID_REQUEST, 0);
	assert_int_equal(volume.reads, 0);
	g = good;
	g.header.range_count = 1000; /* more than are needed are not looked at */
	send_direct(22, &packet, &g, 1);
	assert_srb(22, HV_SRB_STATUS_SUCCESS, 4096);
}

static void several_ranges_make_one_transfer(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x28, HV_SRB_READ, 1024);
	struct {
		struct vmbus_gpa_direct_header header;
		struct {
			struct vmbus_gpa_range range;
			uint64_t pfn;
		} part[2];
	} g = {{0, 2}, {{{512, 0}, DATA_PFN}, {{512, 1024}, DATA_PFN}}};

	(void)state;
	shake_hands();
	packet.srb.cdb[5] = 4;
	packet.srb.cdb[8] = 2;
	guest_send(VMBUS_PACKET_GPA_DIRECT, 1, &g, sizeof(g), &packet, sizeof(packet));
	assert_srb(1, HV_SRB_STATUS_SUCCESS, 1024);
	assert_int_equal(guest.ram[DATA_PFN][0], 4);
	assert_int_equal(guest.ram[DATA_PFN][512], 0);
	assert_int_equal(guest.ram[DATA_PFN][1024], 5);
}

static void bad_packets_are_answered(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x00, HV_SRB_NO_DATA, 0);

	(void)state;
	shake_hands();
	guest_send(VMBUS_PACKET_INBAND, 1, NULL, 0, &packet, 40);
	expect(1, HV_STORVSC_STATUS_INVALID);
	guest_send(VMBUS_PACKET_INBAND, 2, NULL, 0, NULL, 0);
	expect(2, HV_STORVSC_STATUS_INVALID);
	guest_send(VMBUS_PACKET_COMPLETION, 3, NULL, 0, &packet, 64);
	expect(3, HV_STORVSC_STATUS_INVALID);
	packet.srb.cdb_size = 17;
	guest_send(VMBUS_PACKET_INBAND, 4, NULL, 0, &packet, 64);
	assert_srb(4, HV_SRB_STATUS_INVALID_REQUEST, 0);
	packet = make_srb(0x00, 3, 0);
	guest_send(VMBUS_PACKET_INBAND, 5, NULL, 0, &packet, 64);
	assert_srb(5, HV_SRB_STATUS_INVALID_REQUEST, 0);
	for (uint16_t operation = 0; operation < 20; operation++)
		if (operation == 0 || operation == 2 || operation > 13)
			say(operation, 0, HV_STORVSC_STATUS_NOT_SUPPORTED);
	say(HV_STORVSC_RESET_BUS, 0, 0);
}

static void requests_complete_in_the_volumes_order_and_once(void **state) {
	struct volume_request *swapped;

	(void)state;
	shake_hands();
	volume.is_slow = true;
	for (uint64_t id = 10; id < 13; id++)
		transfer(id, false, (uint16_t)id, 1, 0);
	assert_false(take());
	swapped = volume.queue[0];
	volume.queue[0] = volume.queue[2];
	volume.queue[2] = swapped;
	while (fake_volume_complete(&volume))
		;
	assert_srb(12, HV_SRB_STATUS_SUCCESS, 512);
	assert_srb(11, HV_SRB_STATUS_SUCCESS, 512);
	assert_srb(10, HV_SRB_STATUS_SUCCESS, 512);
	assert_false(take());
}

static void no_more_than_the_slots_are_outstanding(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x35, HV_SRB_NO_DATA, 0);
	unsigned sent = 0, taken = 0;

	(void)state;
	shake_hands();
	volume.is_slow = true;
	for (; sent < STORVSP_SLOTS + 20; sent++)
		guest_send(VMBUS_PACKET_INBAND, sent, NULL, 0, &packet, 64);
	vmbus_signaled(&guest.server, 1); /* the look that is due */
	assert_int_equal(volume.queued, STORVSP_SLOTS);
	while (taken < sent) {
		assert_true(fake_volume_complete(&volume));
		while (take())
			assert_int_equal(reply_id, taken++);
	}
	assert_int_equal(volume.queued, 0);
	assert_int_equal(controller.queue[0].busy, 0);
}

static void a_guest_need_not_signal_while_many_requests_are_under_way(void **state) {
	const volatile struct vmbus_ring_control *ring = guest.to_host.memory.control;
	struct hv_storvsc_packet packet = make_srb(0x35, HV_SRB_NO_DATA, 0);

	(void)state;
	shake_hands();
	volume.is_slow = true;
	for (unsigned i = 0; i < 7; i++)
		guest_send(VMBUS_PACKET_INBAND, i, NULL, 0, &packet, 64);
	assert_int_equal(ring->interrupt_mask, 0);
	assert_int_equal(fake_vmbus.later, 0);
	for (unsigned i = 7; i < 10; i++)
		guest_send(VMBUS_PACKET_INBAND, i, NULL, 0, &packet, 64);
	assert_int_equal(ring->interrupt_mask, 1);
	assert_int_equal(fake_vmbus.later, 1);
	assert_int_equal(volume.queued, 8);
	/* One that ends, and the look that is due, take what has come. */
	assert_true(fake_volume_complete(&volume));
	assert_int_equal(volume.queued, 9);
	guest_send(VMBUS_PACKET_INBAND, 10, NULL, 0, &packet, 64);
	assert_int_equal(volume.queued, 9);
	vmbus_signaled(&guest.server, 1);
	assert_int_equal(volume.queued, 10);
	while (fake_volume_complete(&volume))
		;
	/* It goes on until a look finds that few have come. */
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(ring->interrupt_mask, 1);
		vmbus_signaled(&guest.server, 1);
	}
	assert_int_equal(ring->interrupt_mask, 0);
	for (unsigned i = 0; i <= 10; i++)
		assert_srb(i, HV_SRB_STATUS_SUCCESS, 0);
}

static void where_no_look_can_be_had_each_request_is_signaled(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x35, HV_SRB_NO_DATA, 0);

	(void)state;
	fake_vmbus.has_no_later = true;
	shake_hands();
	volume.is_slow = true;
	for (unsigned i = 0; i < 20; i++)
		guest_send(VMBUS_PACKET_INBAND, i, NULL, 0, &packet, 64);
	assert_int_equal(volume.queued, 20);
}

static void replies_wait_for_room_in_the_ring(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x00, HV_SRB_NO_DATA, 0);
	unsigned sent = 0, taken = 0;

	(void)state;
	shake_hands();
	/* The ring holds 93 replies; the slots hold as many again. */
	while (sent < 93 + STORVSP_SLOTS)
		guest_send(VMBUS_PACKET_INBAND, sent++, NULL, 0, &packet, 64);
	while (take())
		assert_int_equal(reply_id, taken++);
	assert_int_equal(taken, sent);
}

static unsigned endless_count;

/* Another processor of the guest: takes replies and sends on, all the time. */
static void submit_endless(struct volume *v, struct volume_request *r) {
	struct hv_storvsc_packet packet = make_srb(0x35, HV_SRB_NO_DATA, 0);
	struct ring_send send = {.type = VMBUS_PACKET_INBAND, .payload = &packet, .payload_size = sizeof(packet)};

	(void)v;
	endless_count++;
	while (take())
		;
	if (ring_write(&guest.to_host, &send) == RING_OK)
		ring_publish(&guest.to_host);
	r->done(r, VOLUME_OK);
}

static void a_guest_without_end_gets_its_turn_and_no_more(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x35, HV_SRB_NO_DATA, 0);

	(void)state;
	shake_hands();
	volume.volume.submit = submit_endless;
	endless_count = 0;
	guest_send(VMBUS_PACKET_INBAND, 1, NULL, 0, &packet, 64);
	assert_int_equal(endless_count, 256);
	assert_int_equal(fake_vmbus.again, 1);
	fake_vmbus.again = 0;
	vmbus_signaled(&guest.server, 1);
	assert_int_equal(endless_count, 512);
	assert_int_equal(fake_vmbus.again, 1);
}

static void closing_waits_for_the_volume(void **state) {
	(void)state;
	shake_hands();
	volume.is_slow = true;
	transfer(1, false, 1, 1, 0);
	transfer(2, false, 1, 1, 0);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, GUEST_GPADL + 1), ERR_NONE);
	guest_expect_nothing();
	assert_true(fake_volume_complete(&volume));
	guest_expect_nothing();
	assert_true(fake_volume_complete(&volume));
	guest_expect(VMBUS_GPADL_TORNDOWN, 12);
	assert_null(controller.queue[0].slot);
	assert_int_equal(controller.state, STORVSP_CLOSED);
	assert_int_equal(guest_open(1, 0), ERR_NONE);
	shake_hands();
}

static void subchannels_are_offered_on_demand_and_end_with_the_primary(void **state) {
	struct vmbus_offer_channel offer;

	(void)state;
	shake_hands();
	say(HV_STORVSC_CREATE_SUBCHANNELS, 3, HV_STORVSC_STATUS_INVALID);
	guest_expect_nothing();
	say(HV_STORVSC_CREATE_SUBCHANNELS, 2, 0);
	for (unsigned i = 1; i <= 2; i++) {
		memcpy(&offer, guest_expect(VMBUS_OFFER_CHANNEL, 196), sizeof(offer));
		assert_int_equal(offer.relid, 1 + i);
		assert_int_equal(offer.subchannel_index, i);
		assert_int_equal(offer.instance.data1, instance.data1);
	}
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	guest_expect(VMBUS_RESCIND_OFFER, 12);
	guest_expect(VMBUS_RESCIND_OFFER, 12);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 2), ERR_NONE);
	assert_int_equal(guest_say(VMBUS_UNLOAD), ERR_NONE);
	assert_null(controller.queue[1].channel);
	assert_null(controller.queue[2].channel);
	assert_non_null(controller.queue[0].channel);
}

static void a_subchannel_carries_requests_but_no_handshake(void **state) {
	(void)state;
	shake_hands();
	say(HV_STORVSC_CREATE_SUBCHANNELS, 1, 0);
	guest.taken = fake_vmbus.post_count;
	/* Its rings take the place of the primary's in the fake guest. */
	assert_int_equal(guest_open(2, 1), ERR_NONE);
	say(HV_STORVSC_BEGIN_INITIALIZATION, 0, HV_STORVSC_STATUS_STATE);
	transfer(1, false, 6, 1, 0);
	assert_srb(1, HV_SRB_STATUS_SUCCESS, 512);
	assert_int_equal(guest.ram[DATA_PFN][0], 6);
	vmbus_reset(&guest.server);
	assert_null(controller.queue[1].channel);
}

/* The guest's first command: it has begun to look for disks. */
static void test_unit(uint64_t id, uint8_t lun, uint8_t srb_status) {
	struct hv_storvsc_packet packet = make_srb(0x00, HV_SRB_NO_DATA, 0);

	packet.srb.lun = lun;
	guest_send(VMBUS_PACKET_INBAND, id, NULL, 0, &packet, 64);
	assert_srb(id, srb_status, 0);
}

static void expect_rescan(void) {
	struct ring_packet packet;

	assert_true(guest_receive(&packet));
	assert_int_equal(packet.type, VMBUS_PACKET_INBAND);
	assert_int_equal(packet.transaction_id, 0);
	assert_int_equal(packet.payload_size, 64);
	memcpy(&reply, packet.payload, 64);
	assert_int_equal(reply.operation, HV_STORVSC_ENUMERATE_BUS);
}

static void a_disk_that_went_is_told_of_later(void **state) {
	struct ring_packet packet;
	struct scsi_disk other = disk;

	(void)state;
	shake_hands();
	test_unit(1, 0, HV_SRB_STATUS_SUCCESS);
	assert_int_equal(storvsp_poll(&controller, 1), HV_DEADLINE_NEVER);
	storvsp_set_disk(&controller, 5, NULL, 100);
	assert_int_equal(storvsp_poll(&controller, 100), 100 + STORVSP_RESCAN_DELAY);
	assert_int_equal(storvsp_save(&controller, &(struct storvsp_saved){0}), ERR_STATE);
	/* What comes meanwhile is told of together with it. */
	storvsp_set_disk(&controller, 6, &other, 200);
	assert_int_equal(storvsp_poll(&controller, 99 + STORVSP_RESCAN_DELAY), 100 + STORVSP_RESCAN_DELAY);
	assert_false(guest_receive(&packet));
	assert_int_equal(storvsp_poll(&controller, 100 + STORVSP_RESCAN_DELAY), HV_DEADLINE_NEVER);
	expect_rescan();
	assert_int_equal(storvsp_poll(&controller, 101 + STORVSP_RESCAN_DELAY), HV_DEADLINE_NEVER);
	assert_false(guest_receive(&packet));
	/* A guest that closes need not be told. */
	storvsp_set_disk(&controller, 6, NULL, 300);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(storvsp_poll(&controller, 301), HV_DEADLINE_NEVER);
}

static void a_guest_that_looked_is_told_to_look_again(void **state) {
	struct ring_packet packet;
	struct scsi_disk other = disk;

	(void)state;
	storvsp_set_disk(&controller, 3, &other, 1);
	shake_hands();
	storvsp_set_disk(&controller, 4, &other, 1);
	assert_false(guest_receive(&packet)); /* it has not looked, so it need not again */
	test_unit(1, 0, HV_SRB_STATUS_ERROR | HV_SRB_STATUS_SENSE_VALID);
	assert_int_equal(reply.srb.sense[2], 6); /* but the first disk says so, as to any initiator */
	storvsp_set_disk(&controller, 5, &other, 1);
	expect_rescan();
	storvsp_set_disk(&controller, 4, NULL, 1);
	test_unit(2, 4, HV_SRB_STATUS_INVALID_LUN);
	test_unit(3, 3, HV_SRB_STATUS_ERROR | HV_SRB_STATUS_SENSE_VALID);
	test_unit(4, 3, HV_SRB_STATUS_SUCCESS);
	/* A new driver begins anew. */
	say(HV_STORVSC_BEGIN_INITIALIZATION, 0, 0);
	storvsp_set_disk(&controller, 4, &other, 1);
	assert_false(guest_receive(&packet));
}

static void a_full_ring_only_delays_that(void **state) {
	struct hv_storvsc_packet packet = make_srb(0x00, HV_SRB_NO_DATA, 0);
	struct scsi_disk other = disk;
	unsigned sent = 0, taken = 0;

	(void)state;
	shake_hands();
	while (sent < 93 + 10)
		guest_send(VMBUS_PACKET_INBAND, sent++, NULL, 0, &packet, 64);
	storvsp_set_disk(&controller, 1, &other, 1);
	assert_true(controller.is_rescan_due);
	assert_int_equal(storvsp_save(&controller, &(struct storvsp_saved){0}), ERR_STATE);
	for (; taken < sent; taken++) {
		struct ring_packet next;

		assert_true(guest_receive(&next));
		if (next.type == VMBUS_PACKET_INBAND)
			taken--;
	}
	if (controller.is_rescan_due)
		fail_msg("the guest read all and was not told");
}

static void a_disk_that_is_taken_away_ends_what_it_has(void **state) {
	(void)state;
	shake_hands();
	volume.is_slow = true;
	transfer(1, false, 6, 1, 0);
	storvsp_set_disk(&controller, 0, NULL, 1);
	test_unit(2, 0, HV_SRB_STATUS_INVALID_LUN);
	assert_int_equal(storvsp_busy(&controller), 1);
	assert_true(fake_volume_complete(&volume));
	assert_srb(1, HV_SRB_STATUS_SUCCESS, 512);
	assert_int_equal(guest.ram[DATA_PFN][0], 6);
	assert_int_equal(storvsp_busy(&controller), 0);
}

static void expect_rescind(uint32_t relid) {
	struct vmbus_relid_message m;

	memcpy(&m, guest_expect(VMBUS_RESCIND_OFFER, sizeof(m)), sizeof(m));
	assert_int_equal(m.relid, relid);
}

/* The guest has room for one message when the controller goes: still it hears of the
 * primary channel last. */
static void a_busy_controller_goes_after_its_subchannels_and_its_requests(void **state) {
	(void)state;
	shake_hands();
	say(HV_STORVSC_CREATE_SUBCHANNELS, 2, 0);
	guest.taken = fake_vmbus.post_count;
	volume.is_slow = true;
	transfer(1, false, 6, 1, 0);
	transfer(2, true, 7, 1, 0);
	fake_vmbus.room = 1;
	storvsp_rescind(&controller);
	fake_vmbus.room = ~0u;
	vmbus_flush(&guest.server);
	expect_rescind(3);
	expect_rescind(2);
	expect_rescind(1);
	guest_expect_nothing();
	say(HV_STORVSC_CREATE_SUBCHANNELS, 1, HV_STORVSC_STATUS_INVALID);
	assert_true(fake_volume_complete(&volume)); /* it is still answered */
	assert_srb(1, HV_SRB_STATUS_SUCCESS, 512);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 3), ERR_NONE);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 2), ERR_NONE);
	assert_int_equal(guest_say_about(VMBUS_CLOSE_CHANNEL, 1), ERR_NONE);
	assert_int_equal(guest_say_two(VMBUS_GPADL_TEARDOWN, 1, GUEST_GPADL + 1), ERR_NONE);
	assert_int_equal(guest_say_about(VMBUS_RELID_RELEASED, 1), ERR_NONE);
	guest_expect_nothing();
	assert_true(storvsp_is_offered(&controller));
	assert_int_equal(storvsp_offer(&controller, &guest.server, &instance, 2), ERR_STATE);
	assert_true(fake_volume_complete(&volume));
	assert_false(storvsp_is_offered(&controller));
	assert_int_equal(guest.server.gpadls.pages_used, 0);
	guest.taken = fake_vmbus.post_count;
	volume.is_slow = false;
	assert_int_equal(storvsp_offer(&controller, &guest.server, &instance, 2), ERR_NONE);
	guest_expect(VMBUS_OFFER_CHANNEL, 196);
	assert_int_equal(guest_open(1, 0), ERR_NONE);
	shake_hands();
}

static void a_controller_that_nobody_saw_goes_at_once(void **state) {
	(void)state;
	assert_int_equal(guest_say(VMBUS_UNLOAD), ERR_NONE);
	storvsp_rescind(&controller);
	assert_false(storvsp_is_offered(&controller));
	assert_int_equal(storvsp_offer(&controller, &guest.server, &instance, 2), ERR_NONE);
}

/* The guest goes on, its controller and its server are new ones. */
static void replace_all(void) {
	static uint8_t saved[16384];
	size_t size = vmbus_save_size(&guest.server);

	assert_int_equal(vmbus_save(&guest.server, saved, size), ERR_NONE);
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		guest.server.gpadls.list[i].holders = 0;
	gpadl_forget_all(&guest.server.gpadls, 0);
	vmbus_init(&guest.server, &guest.memory, GUEST_VPS, NULL);
	assert_int_equal(vmbus_load(&guest.server, saved, size), ERR_NONE);
	free(controller.queue[0].slot);
	memset(&controller, 0, sizeof(controller));
	controller.target.lun[0] = &disk;
}

static void a_new_controller_goes_on_where_the_old_one_was(void **state) {
	struct storvsp_saved saved;

	(void)state;
	shake_hands();
	say(HV_STORVSC_CREATE_SUBCHANNELS, 1, 0);
	volume.is_slow = true;
	transfer(1, false, 6, 1, 0);
	assert_int_equal(storvsp_save(&controller, &saved), ERR_STATE);
	assert_true(fake_volume_complete(&volume));
	assert_srb(1, HV_SRB_STATUS_SUCCESS, 512);
	assert_int_equal(storvsp_save(&controller, &saved), ERR_NONE);
	replace_all();
	assert_int_equal(storvsp_load(&controller, &guest.server, &saved), ERR_NONE);
	vmbus_adopt_end(&guest.server);
	assert_non_null(controller.queue[1].channel);
	volume.is_slow = false;
	transfer(2, false, 7, 1, 0);
	assert_srb(2, HV_SRB_STATUS_SUCCESS, 512);
	assert_int_equal(guest.ram[DATA_PFN][0], 7);
}

static void an_impossible_state_is_refused(void **state) {
	struct storvsp_saved good, bad;

	(void)state;
	shake_hands();
	assert_int_equal(storvsp_save(&controller, &good), ERR_NONE);
	replace_all();
	bad = good;
	bad.version++;
	assert_int_equal(storvsp_load(&controller, &guest.server, &bad), ERR_UNSUPPORTED);
	bad = good;
	bad.instance.data1++;
	assert_int_equal(storvsp_load(&controller, &guest.server, &bad), ERR_NOT_FOUND);
	for (unsigned row = 0; row < 5; row++) {
		bad = good;
		if (row == 0)
			bad.state = STORVSP_READY + 1;
		if (row == 1)
			bad.state = STORVSP_CLOSED;
		if (row == 2)
			bad.protocol = 0;
		if (row == 3)
			bad.protocol = 0x700;
		if (row == 4)
			bad.subchannel_max = STORVSP_SUBCHANNEL_MAX + 1;
		assert_int_equal(storvsp_load(&controller, &guest.server, &bad), ERR_RANGE);
	}
	assert_int_equal(storvsp_load(&controller, &guest.server, &good), ERR_NONE);
	assert_int_equal(storvsp_load(&controller, &guest.server, &good), ERR_NOT_FOUND);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, last)
	const struct CMUnitTest tests[] = {
	    TEST(versions_are_tried_until_one_fits),
	    TEST(a_short_request_has_a_short_reply),
	    TEST(nothing_is_done_before_the_handshake),
	    TEST(blocks_go_to_the_guests_pages_and_back),
	    TEST(a_whole_transfer_fits),
	    TEST(sense_and_absence_are_reported),
	    TEST(impossible_memory_is_refused_and_not_touched),
	    TEST(several_ranges_make_one_transfer),
	    TEST(bad_packets_are_answered),
	    TEST(requests_complete_in_the_volumes_order_and_once),
	    TEST(no_more_than_the_slots_are_outstanding),
	    TEST(a_guest_need_not_signal_while_many_requests_are_under_way),
	    TEST(where_no_look_can_be_had_each_request_is_signaled),
	    TEST(replies_wait_for_room_in_the_ring),
	    TEST(a_guest_without_end_gets_its_turn_and_no_more),
	    TEST(closing_waits_for_the_volume),
	    TEST(subchannels_are_offered_on_demand_and_end_with_the_primary),
	    TEST(a_subchannel_carries_requests_but_no_handshake),
	    TEST(a_new_controller_goes_on_where_the_old_one_was),
	    TEST(an_impossible_state_is_refused),
	    TEST(a_guest_that_looked_is_told_to_look_again),
	    TEST(a_disk_that_went_is_told_of_later),
	    TEST(a_full_ring_only_delays_that),
	    TEST(a_disk_that_is_taken_away_ends_what_it_has),
	    TEST(a_busy_controller_goes_after_its_subchannels_and_its_requests),
	    TEST(a_controller_that_nobody_saw_goes_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
