/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A ring from both ends, and each way in which a peer can lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "vmbus/ring.h"

#define PAGES 3u
#define SIZE  (PAGES * HV_PAGE_SIZE)

static struct vmbus_ring_control control;
/* The pages lie in another order than their numbers, as a guest's do. */
static uint8_t data[PAGES][HV_PAGE_SIZE] __attribute__((aligned(8)));
static uint8_t *const page[PAGES] = {data[2], data[0], data[1]};
static struct ring_memory memory = {.control = &control, .page = page, .page_count = PAGES};
static struct ring_reader reader;
static struct ring_writer writer;
static uint64_t buffer[SIZE / 8];
static struct ring_packet packet;

static void start_at(uint32_t index) {
	memset(&control, 0, sizeof(control));
	memset(data, 0xa5, sizeof(data));
	control.read_index = control.write_index = index;
	assert_true(ring_reader_init(&reader, &memory, index));
	assert_true(ring_writer_init(&writer, &memory, index));
}

static int fresh(void **state) {
	(void)state;
	start_at(0);
	return 0;
}

static enum ring_result put(uint64_t id, uint32_t header_size, uint32_t payload_size) {
	static uint8_t header[SIZE], payload[SIZE];
	struct ring_send send = {
	    .type = VMBUS_PACKET_INBAND,
	    .flags = VMBUS_PACKET_COMPLETION_REQUESTED,
	    .transaction_id = id,
	    .header = header,
	    .header_size = header_size,
	    .payload = payload,
	    .payload_size = payload_size,
	};

	memset(header, (int)id + 1, sizeof(header));
	memset(payload, (int)id, sizeof(payload));
	return ring_write(&writer, &send);
}

static enum ring_result get(void) { return ring_read(&reader, buffer, sizeof(buffer), &packet); }

static void assert_packet(uint64_t id, uint32_t header_size, uint32_t payload_size) {
	assert_int_equal(get(), RING_OK);
	assert_int_equal(packet.type, VMBUS_PACKET_INBAND);
	assert_int_equal(packet.flags, VMBUS_PACKET_COMPLETION_REQUESTED);
	assert_int_equal(packet.transaction_id, id);
	assert_int_equal(packet.header_size, header_size);
	assert_int_equal(packet.payload_size, (payload_size + 7) / 8 * 8);
	for (uint32_t i = 0; i < header_size; i++)
		assert_int_equal(packet.header[i], (uint8_t)(id + 1));
	for (uint32_t i = 0; i < packet.payload_size; i++)
		assert_int_equal(packet.payload[i], i < payload_size ? (uint8_t)id : 0);
}

/* Puts a descriptor of these numbers at index 0 and claims `published` bytes. */
static void forge(uint16_t offset8, uint16_t size8, uint32_t published) {
	struct vmbus_packet_descriptor d = {6, offset8, size8, 0, 1};

	memcpy(page[0], &d, sizeof(d));
	control.write_index = published;
}

static void assert_broken(void) {
	assert_int_equal(get(), RING_BROKEN);
	control.write_index = 0;
	assert_int_equal(get(), RING_BROKEN); /* for good */
	assert_true(ring_unmask(&reader));
}

static void packets_arrive_in_order_and_whole(void **state) {
	(void)state;
	assert_int_equal(put(1, 0, 64), RING_OK);
	assert_int_equal(put(2, 24, 5), RING_OK);
	assert_int_equal(put(3, 0, 0), RING_OK);
	assert_int_equal(get(), RING_EMPTY);
	ring_publish(&writer);
	assert_packet(1, 0, 64);
	assert_packet(2, 24, 5);
	assert_packet(3, 0, 0);
	assert_int_equal(get(), RING_EMPTY);
}

static void a_packet_wraps_at_every_offset(void **state) {
	(void)state;
	for (uint32_t back = 0; back <= 80; back += 8) {
		start_at((SIZE - back) % SIZE);
		assert_int_equal(put(7, 16, 33), RING_OK);
		ring_publish(&writer);
		assert_packet(7, 16, 33);
		assert_int_equal(reader.read, writer.write);
	}
}

static void the_trailer_names_the_packets_offset(void **state) {
	uint32_t trailer[2];

	(void)state;
	start_at(64);
	put(1, 0, 8);
	memcpy(trailer, page[0] + 64 + 24, sizeof(trailer));
	assert_int_equal(trailer[0], 0);
	assert_int_equal(trailer[1], 64);
}

static void a_ring_is_never_filled_to_the_last_byte(void **state) {
	uint32_t largest = ring_largest_packet(&writer);

	(void)state;
	assert_int_equal(put(1, 0, largest - 24 + 8), RING_FULL);
	assert_int_equal(put(2, 0, largest - 24), RING_OK);
	assert_int_equal(put(3, 0, 0), RING_FULL);
	ring_publish(&writer);
	assert_packet(2, 0, largest - 24);
	assert_int_equal(put(4, 0, 0), RING_FULL); /* not released yet */
	ring_release(&reader);
	assert_int_equal(put(4, 0, 0), RING_OK);
}

static void the_reader_is_signaled_when_the_ring_was_empty(void **state) {
	(void)state;
	put(1, 0, 8);
	assert_true(ring_publish(&writer));
	put(2, 0, 8);
	assert_false(ring_publish(&writer));
	assert_false(ring_publish(&writer)); /* nothing new */
	assert_packet(1, 0, 8);
	assert_packet(2, 0, 8);
	ring_release(&reader);
	put(3, 0, 8);
	put(4, 0, 8);
	assert_true(ring_publish(&writer)); /* one signal for a batch */
}

static void a_masked_reader_is_not_signaled_and_finds_it_on_unmasking(void **state) {
	(void)state;
	ring_mask(&reader);
	put(1, 0, 8);
	assert_false(ring_publish(&writer));
	assert_true(ring_unmask(&reader));
	assert_packet(1, 0, 8);
	ring_release(&reader);
	assert_false(ring_unmask(&reader));
	put(2, 0, 8);
	assert_true(ring_publish(&writer));
}

static void a_waiting_writer_is_signaled_once_when_its_room_is_there(void **state) {
	(void)state;
	for (unsigned i = 0; i < 11; i++)
		assert_int_equal(put(i, 0, 1000), RING_OK);
	ring_publish(&writer);
	assert_false(ring_wait_for_room(&writer, 2048));
	assert_int_equal(control.pending_send_size, 2048);
	assert_packet(0, 0, 1000);
	assert_false(ring_release(&reader)); /* 2048 free: not enough */
	assert_packet(1, 0, 1000);
	assert_true(ring_release(&reader));
	assert_packet(2, 0, 1000);
	assert_false(ring_release(&reader)); /* said already */
	assert_true(ring_wait_for_room(&writer, 2048));
	assert_int_equal(control.pending_send_size, 0);
}

static void nobody_is_signaled_for_room_that_nobody_waits_for(void **state) {
	(void)state;
	put(1, 0, 4000);
	ring_publish(&writer);
	assert_packet(1, 0, 4000);
	assert_false(ring_release(&reader));
	assert_false(ring_release(&reader));
	assert_int_equal(control.read_index, reader.read);
}

static void an_impossible_write_index_breaks_the_reader(void **state) {
	static const uint32_t bad[] = {4, SIZE, SIZE + 8, 0xfffffff8, 0xffffffff, 1};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_at(0);
		control.write_index = bad[i];
		assert_broken();
	}
}

static void a_write_index_that_moves_over_what_was_read_breaks_the_reader(void **state) {
	(void)state;
	start_at(1024);
	put(1, 0, 64);
	put(2, 0, 64);
	ring_publish(&writer);
	assert_packet(1, 0, 64);
	control.write_index = 1024 + 8;
	assert_int_equal(get(), RING_BROKEN);
}

static void an_impossible_descriptor_breaks_the_reader(void **state) {
	static const struct {
		uint16_t offset8, size8;
		uint32_t published;
	} rows[] = {
	    {2, 3, 8},           /* less than a descriptor is there */
	    {2, 3, 16},          /* no trailer is there */
	    {2, 4, 32},          /* the trailer is not whole */
	    {0, 4, 4096},        /* payload in the descriptor */
	    {1, 4, 4096},        /* likewise */
	    {2, 1, 4096},        /* shorter than the descriptor */
	    {2, 0, 4096},        /* of no size */
	    {5, 4, 4096},        /* payload behind the packet */
	    {2, 512, 4096},      /* longer than what was published */
	    {2, 0xffff, 4096},   /* longer than the ring */
	    {0xffff, 0xffff, 8}, /* both */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_at(0);
		forge(rows[i].offset8, rows[i].size8, rows[i].published);
		assert_broken();
	}
}

static void a_packet_larger_than_the_buffer_breaks_the_reader(void **state) {
	(void)state;
	put(1, 0, 64);
	put(2, 0, 72);
	ring_publish(&writer);
	assert_int_equal(ring_read(&reader, buffer, 64, &packet), RING_OK);
	assert_int_equal(ring_read(&reader, buffer, 64, &packet), RING_BROKEN);
}

static void the_trailer_is_not_looked_at(void **state) {
	(void)state;
	put(1, 0, 8);
	memset(page[0] + 24, 0xff, 8);
	ring_publish(&writer);
	assert_packet(1, 0, 8);
}

static void an_impossible_read_index_breaks_the_writer(void **state) {
	static const uint32_t bad[] = {4, SIZE, 0xffffffff, 16, 2048};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_at(8);
		put(1, 0, 1000); /* not published: no reader may be inside */
		control.read_index = bad[i];
		if (bad[i] == 2048) { /* beyond all, as if nearly full */
			assert_int_equal(put(2, 0, 8), RING_OK);
			continue;
		}
		assert_int_equal(put(2, 0, 8), RING_BROKEN);
		control.read_index = 8;
		assert_int_equal(put(2, 0, 8), RING_BROKEN);
		assert_false(ring_publish(&writer));
		assert_false(ring_wait_for_room(&writer, 8));
		assert_int_equal(control.write_index, 8);
	}
}

static void an_end_refuses_impossible_memory(void **state) {
	struct ring_memory none = {.control = &control, .page = page, .page_count = 0};
	struct ring_memory huge = {.control = &control, .page = page, .page_count = RING_PAGES_MAX + 1};

	(void)state;
	assert_false(ring_reader_init(&reader, &none, 0));
	assert_false(ring_writer_init(&writer, &huge, 0));
	assert_false(ring_reader_init(&reader, &memory, SIZE));
	assert_false(ring_writer_init(&writer, &memory, 12));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(packets_arrive_in_order_and_whole, fresh),
	    cmocka_unit_test_setup(a_packet_wraps_at_every_offset, fresh),
	    cmocka_unit_test_setup(the_trailer_names_the_packets_offset, fresh),
	    cmocka_unit_test_setup(a_ring_is_never_filled_to_the_last_byte, fresh),
	    cmocka_unit_test_setup(the_reader_is_signaled_when_the_ring_was_empty, fresh),
	    cmocka_unit_test_setup(a_masked_reader_is_not_signaled_and_finds_it_on_unmasking, fresh),
	    cmocka_unit_test_setup(a_waiting_writer_is_signaled_once_when_its_room_is_there, fresh),
	    cmocka_unit_test_setup(nobody_is_signaled_for_room_that_nobody_waits_for, fresh),
	    cmocka_unit_test_setup(an_impossible_write_index_breaks_the_reader, fresh),
	    cmocka_unit_test_setup(a_write_index_that_moves_over_what_was_read_breaks_the_reader, fresh),
	    cmocka_unit_test_setup(an_impossible_descriptor_breaks_the_reader, fresh),
	    cmocka_unit_test_setup(a_packet_larger_than_the_buffer_breaks_the_reader, fresh),
	    cmocka_unit_test_setup(the_trailer_is_not_looked_at, fresh),
	    cmocka_unit_test_setup(an_impossible_read_index_breaks_the_writer, fresh),
	    cmocka_unit_test_setup(an_end_refuses_impossible_memory, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
