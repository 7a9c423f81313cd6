/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Two threads on one ring, on real memory: each end sleeps only until it is
 * signaled, so a signal lost stops the traffic and the alarm ends the test. This
 * is what sees a fence that is missing. usage: [packets]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pthread.h>
#include <semaphore.h>
#include <cmocka.h>

#include "vmbus/ring.h"

static struct vmbus_ring_control control __attribute__((aligned(4096)));
static uint8_t data[HV_PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t *page[1] = {data};
static sem_t to_reader, to_writer;
static uint64_t packets = 2000000;

static void *write_all(void *unused) {
	struct ring_memory memory = {&control, page, 1};
	struct ring_writer w;
	uint64_t payload[4] = {0};
	struct ring_send send = {.type = VMBUS_PACKET_INBAND, .payload = payload};

	(void)unused;
	if (!ring_writer_init(&w, &memory, 0))
		abort();
	for (uint64_t id = 0; id < packets;) {
		send.transaction_id = payload[0] = id;
		send.payload_size = 8 + (uint32_t)(id % 25);
		if (ring_write(&w, &send) == RING_OK) {
			id++;
			if (ring_publish(&w))
				sem_post(&to_reader);
			continue;
		}
		if (w.is_broken)
			abort();
		if (!ring_wait_for_room(&w, ring_packet_size(0, send.payload_size)))
			sem_wait(&to_writer);
	}
	return NULL;
}

static void read_all(void) {
	struct ring_memory memory = {&control, page, 1};
	struct ring_reader r;
	struct ring_packet packet;
	uint64_t buffer[16], next = 0;

	assert_true(ring_reader_init(&r, &memory, 0));
	while (next < packets) {
		enum ring_result result = ring_read(&r, buffer, sizeof(buffer), &packet);

		if (result == RING_OK) {
			assert_int_equal(packet.transaction_id, next);
			assert_memory_equal(packet.payload, &next, 8);
			next++;
			if (next % 7 == 0 && ring_release(&r))
				sem_post(&to_writer);
			continue;
		}
		assert_int_equal(result, RING_EMPTY);
		if (ring_release(&r))
			sem_post(&to_writer);
		if (!ring_unmask(&r))
			sem_wait(&to_reader);
		ring_mask(&r);
	}
}

static void no_signal_is_lost_between_two_processors(void **state) {
	pthread_t writer;

	(void)state;
	sem_init(&to_reader, 0, 0);
	sem_init(&to_writer, 0, 0);
	alarm(60);
	assert_int_equal(pthread_create(&writer, NULL, write_all, NULL), 0);
	read_all();
	pthread_join(writer, NULL);
	alarm(0);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_signal_is_lost_between_two_processors),
	};

	if (argc > 1)
		packets = strtoull(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
