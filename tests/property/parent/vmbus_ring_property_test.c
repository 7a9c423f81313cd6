/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Random traffic over one ring whose memory changes as soon as it was fetched:
 * every packet arrives as it was sent, no byte is fetched twice, no index is
 * loaded twice, and each end that sleeps is signaled. usage: [seed]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "fake/shared_memory.h"
#include "vmbus/ring.h"

#define STEPS     60000u
#define PAGES_MAX 4u
#define QUEUE     1024u

static uint64_t seed;
static uint64_t random_state;
static struct vmbus_ring_control control;
static uint8_t data[PAGES_MAX * HV_PAGE_SIZE] __attribute__((aligned(8)));
static uint8_t *page[PAGES_MAX];
static struct ring_reader reader;
static struct ring_writer writer;
static bool is_reader_asleep, is_writer_asleep;
static uint32_t awaited; /* bytes that the sleeping writer waits for */
static unsigned delivered;

/* What was sent and has not arrived yet, oldest first. */
static struct {
	uint64_t id;
	uint32_t header_size, payload_size;
	bool is_published;
} queue[QUEUE];
static unsigned queue_first, queue_count;

static uint32_t random_below(uint32_t limit) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % limit;
}

static uint8_t byte_of(uint64_t id, uint32_t at) { return (uint8_t)(id * 31 + at * 7); }

static void publish(void) {
	fake_shared_step();
	if (ring_publish(&writer))
		is_reader_asleep = false;
	for (unsigned i = 0; i < queue_count; i++)
		queue[(queue_first + i) % QUEUE].is_published = true;
}

static void write_some(void) {
	static uint8_t header[256], payload[2048];
	static uint64_t next_id;
	struct ring_send send = {
	    .type = VMBUS_PACKET_GPA_DIRECT,
	    .transaction_id = ++next_id,
	    .header = header,
	    .header_size = random_below(32) * 8,
	    .payload = payload,
	    .payload_size = random_below(random_below(8) == 0 ? 2048 : 128),
	};
	unsigned at = (queue_first + queue_count) % QUEUE;
	enum ring_result result;

	if (is_writer_asleep || queue_count == QUEUE)
		return;
	for (uint32_t i = 0; i < send.header_size; i++)
		header[i] = byte_of(next_id, i);
	for (uint32_t i = 0; i < send.payload_size; i++)
		payload[i] = byte_of(next_id, i + 1);
	fake_shared_step();
	result = ring_write(&writer, &send);
	if (result == RING_OK) {
		queue[at].id = next_id;
		queue[at].header_size = send.header_size;
		queue[at].payload_size = send.payload_size;
		queue[at].is_published = false;
		queue_count++;
	} else {
		assert_int_equal(result, RING_FULL);
		publish();
		fake_shared_step();
		awaited = ring_packet_size(send.header_size, send.payload_size);
		is_writer_asleep = !ring_wait_for_room(&writer, awaited);
	}
	if (random_below(3) == 0)
		publish();
}

static void check_packet(const struct ring_packet *packet) {
	assert_true(queue_count > 0);
	assert_true(queue[queue_first].is_published);
	assert_int_equal(packet->transaction_id, queue[queue_first].id);
	assert_int_equal(packet->header_size, queue[queue_first].header_size);
	assert_int_equal(packet->payload_size, (queue[queue_first].payload_size + 7) / 8 * 8);
	for (uint32_t i = 0; i < packet->header_size; i++)
		assert_int_equal(packet->header[i], byte_of(packet->transaction_id, i));
	for (uint32_t i = 0; i < queue[queue_first].payload_size; i++)
		assert_int_equal(packet->payload[i], byte_of(packet->transaction_id, i + 1));
	queue_first = (queue_first + 1) % QUEUE;
	queue_count--;
	delivered++;
}

static void release(void) {
	fake_shared_step();
	if (ring_release(&reader))
		is_writer_asleep = false;
}

static void read_some(void) {
	static uint64_t buffer[512];
	struct ring_packet packet;
	enum ring_result result = RING_OK;

	if (is_reader_asleep)
		return;
	for (unsigned left = random_below(6); left > 0 && result == RING_OK; left--) {
		fake_shared_step();
		result = ring_read(&reader, buffer, sizeof(buffer), &packet);
		if (result == RING_OK)
			check_packet(&packet);
		if (random_below(4) == 0)
			release();
	}
	assert_int_not_equal(result, RING_BROKEN);
	if (result != RING_EMPTY)
		return;
	release();
	fake_shared_step();
	is_reader_asleep = !ring_unmask(&reader);
	if (!is_reader_asleep)
		ring_mask(&reader);
}

/* Whoever sleeps has a reason: a signal lost would leave both asleep here. */
static void check_wakefulness(void) {
	if (is_reader_asleep)
		assert_true(queue_count == 0 || !queue[queue_first].is_published);
	if (is_writer_asleep)
		assert_true(writer.size - (control.write_index + writer.size - control.read_index) % writer.size <=
		            awaited);
}

static void run(uint32_t pages) {
	struct ring_memory memory = {&control, page, pages};
	uint32_t start = random_below(pages * HV_PAGE_SIZE / 8) * 8;

	memset(&control, 0, sizeof(control));
	control.read_index = control.write_index = start;
	fake_shared_watch(data, sizeof(data));
	queue_count = 0;
	is_reader_asleep = is_writer_asleep = false;
	assert_true(ring_reader_init(&reader, &memory, start));
	assert_true(ring_writer_init(&writer, &memory, start));
	for (unsigned step = 0; step < STEPS / PAGES_MAX; step++) {
		if (random_below(2))
			write_some();
		else
			read_some();
		check_wakefulness();
	}
	assert_int_equal(fake_shared.second_fetches, 0);
	assert_int_equal(fake_shared.second_loads, 0);
}

static void traffic_survives_a_hostile_peer(void **state) {
	(void)state;
	for (uint32_t i = 0; i < PAGES_MAX; i++)
		page[i] = data + (PAGES_MAX - 1 - i) * HV_PAGE_SIZE;
	for (uint32_t pages = 1; pages <= PAGES_MAX; pages++)
		run(pages);
	assert_true(delivered > STEPS / 8);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(traffic_survives_a_hostile_peer),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	random_state = seed * 2654435761u + 88172645463325252ull;
	printf("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
