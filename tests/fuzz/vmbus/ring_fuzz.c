/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A peer that writes anything anywhere in a ring, between any two of our steps.
 * The first byte says how many pages; then 8 bytes are one operation: a word of
 * the peer's, or a step of ours. What is read lies inside the buffer.
 */
#include <stdlib.h>
#include <string.h>
#include "vmbus/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGES_MAX 2u

static struct vmbus_ring_control control[2];
static uint8_t pages[2][PAGES_MAX][HV_PAGE_SIZE];

static void require(bool holds) {
	if (!holds)
		abort();
}

static void read_one(struct ring_reader *r, uint32_t buffer_size) {
	uint8_t *buffer = malloc(buffer_size);
	struct ring_packet packet;
	enum ring_result result = ring_read(r, buffer, buffer_size, &packet);

	if (result == RING_OK) {
		require(packet.header == buffer);
		require(packet.payload == buffer + packet.header_size);
		require(packet.header_size + packet.payload_size <= buffer_size);
	}
	require(result != RING_BROKEN || r->is_broken);
	require(r->read < r->size && r->read % 8 == 0);
	free(buffer);
}

static void write_one(struct ring_writer *w, uint16_t header8, uint16_t payload_size) {
	static const uint8_t bytes[65536];
	struct ring_send send = {
	    .header = bytes,
	    .header_size = header8 * 8u % 1024,
	    .payload = bytes,
	    .payload_size = payload_size % 9000,
	};
	uint32_t before = w->write;

	if (ring_write(w, &send) == RING_OK)
		require(ring_packet_size(send.header_size, send.payload_size) <= ring_largest_packet(w));
	else
		require(w->write == before);
	require(w->write < w->size && w->write % 8 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint8_t *page[2][PAGES_MAX];
	struct ring_memory memory[2];
	struct ring_reader reader;
	struct ring_writer writer;
	uint32_t count = size > 0 ? data[0] % PAGES_MAX + 1 : 1;

	memset(control, 0, sizeof(control));
	memset(pages, 0, sizeof(pages));
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned p = 0; p < PAGES_MAX; p++)
			page[i][p] = pages[i][p];
		memory[i] = (struct ring_memory){&control[i], page[i], count};
	}
	require(ring_reader_init(&reader, &memory[0], 0));
	require(ring_writer_init(&writer, &memory[1], 0));
	for (size_t at = 1; at + 8 <= size; at += 8) {
		uint16_t word[4];

		memcpy(word, data + at, 8);
		switch (word[0] % 8) {
		case 0:
			memcpy((uint8_t *)&control[word[0] >> 8 & 1] + word[1] % 5 * 16 % 80, &word[2], 4);
			break;
		case 1:
			memcpy(&control[word[0] >> 8 & 1].write_index, &word[2], 4);
			memcpy(&control[word[0] >> 8 & 1].read_index, &word[2], 4);
			break;
		case 2:
			memcpy((uint8_t *)pages[0] + word[1] % (count * HV_PAGE_SIZE - 8), &word[2], 4);
			break;
		case 3:
			read_one(&reader, word[1]);
			break;
		case 4:
			ring_release(&reader);
			ring_unmask(&reader);
			break;
		case 5:
			write_one(&writer, word[1], word[2]);
			break;
		case 6:
			ring_publish(&writer);
			break;
		default:
			ring_wait_for_room(&writer, word[1]);
			break;
		}
	}
	return 0;
}
