/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/vmbus_guest.h"

#include <stdlib.h>
#include <string.h>

struct vmbus_guest guest;

static void require(bool holds) {
	if (!holds)
		abort();
}

void guest_reset(void) {
	/* What a test left open goes without ceremony. */
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		guest.server.gpadls.list[i].holders = 0;
	gpadl_forget_all(&guest.server.gpadls, 0);
	fake_vmbus_reset();
	memset(&guest, 0, sizeof(guest));
	guest.memory.count = 1;
	guest.memory.extent[0].size = sizeof(guest.ram);
	guest.memory.extent[0].host = guest.ram[0];
	vmbus_init(&guest.server, &guest.memory, GUEST_VPS, NULL);
}

static enum err send(const void *message, size_t size) { return vmbus_receive(&guest.server, message, size); }

bool guest_connect(uint32_t version) {
	struct vmbus_initiate_contact m = {.header.type = VMBUS_INITIATE_CONTACT};

	m.version = version;
	if (version >= VMBUS_VERSION_5_0)
		m.target.sint = VMBUS_SINT;
	return send(&m, sizeof(m)) == ERR_NONE;
}

enum err guest_say(uint32_t type) {
	struct vmbus_message_header m = {.type = type};

	return send(&m, sizeof(m));
}

enum err guest_say_about(uint32_t type, uint32_t relid) {
	struct vmbus_relid_message m = {.header.type = type, .relid = relid};

	return send(&m, sizeof(m));
}

enum err guest_say_two(uint32_t type, uint32_t a, uint32_t b) {
	struct vmbus_gpadl_teardown m = {.header.type = type, .relid = a, .gpadl = b};

	return send(&m, sizeof(m));
}

static uint32_t put_pages(uint8_t *at, uint64_t *pfn, uint32_t *left, uint32_t most) {
	uint32_t count = *left < most ? *left : most;

	for (uint32_t i = 0; i < count; i++, ++*pfn)
		memcpy(at + 8 * i, pfn, 8);
	*left -= count;
	return 8 * count;
}

enum err guest_lend(uint32_t relid, uint32_t gpadl, uint64_t pfn, uint32_t pages) {
	uint8_t bytes[HV_MESSAGE_PAYLOAD_SIZE];
	struct vmbus_gpadl_header header = {
	    .header.type = VMBUS_GPADL_HEADER,
	    .relid = relid,
	    .gpadl = gpadl,
	    .range_size = (uint16_t)(8 + 8 * pages),
	    .range_count = 1,
	    .byte_count = pages * HV_PAGE_SIZE,
	};
	struct vmbus_gpadl_body body = {.header.type = VMBUS_GPADL_BODY, .gpadl = gpadl};
	uint32_t size;
	enum err err;

	memcpy(bytes, &header, sizeof(header));
	size = put_pages(bytes + sizeof(header), &pfn, &pages, VMBUS_GPADL_HEADER_PAGES);
	err = send(bytes, sizeof(header) + size);
	while (pages > 0 && err == ERR_NONE) {
		memcpy(bytes, &body, sizeof(body));
		size = put_pages(bytes + sizeof(body), &pfn, &pages, VMBUS_GPADL_BODY_PAGES);
		err = send(bytes, sizeof(body) + size);
	}
	return err;
}

enum err guest_open(uint32_t relid, uint32_t vp) {
	uint32_t half = GUEST_RING_PAGES / 2;
	struct vmbus_open_channel m = {
	    .header.type = VMBUS_OPEN_CHANNEL,
	    .relid = relid,
	    .open_id = relid,
	    .ring_gpadl = GUEST_GPADL + relid,
	    .target_vp = vp,
	    .downstream_page = half,
	};

	for (unsigned way = 0; way < 2; way++) {
		struct ring_memory memory = {.page = guest.ring_page[way], .page_count = half - 1};
		uint32_t first = GUEST_RING_PFN + way * half;

		memset(guest.ram[first], 0, HV_PAGE_SIZE);
		memory.control = (struct vmbus_ring_control *)(void *)guest.ram[first];
		for (uint32_t i = 1; i < half; i++)
			guest.ring_page[way][i - 1] = guest.ram[first + i];
		require(way == 0 ? ring_writer_init(&guest.to_host, &memory, 0)
		                 : ring_reader_init(&guest.from_host, &memory, 0));
	}
	if (guest_lend(relid, GUEST_GPADL + relid, GUEST_RING_PFN, GUEST_RING_PAGES) != ERR_NONE)
		return ERR_MEMORY;
	return send(&m, sizeof(m));
}

void guest_bring_up(uint32_t relid) {
	require(guest_connect(VMBUS_VERSION_5_3));
	require(guest_say(VMBUS_REQUEST_OFFERS) == ERR_NONE);
	require(guest_open(relid, 1) == ERR_NONE);
	guest.taken = fake_vmbus.post_count;
}

const struct fake_post *guest_next(void) {
	if (guest.taken == fake_vmbus.post_count)
		return NULL;
	return &fake_vmbus.post[guest.taken++ % FAKE_POSTS];
}

const void *guest_expect(uint32_t type, uint32_t size) {
	const struct fake_post *post = guest_next();
	struct vmbus_message_header header;

	require(post != NULL);
	memcpy(&header, post->payload, sizeof(header));
	require(header.type == type && header.padding == 0);
	require(post->size == size);
	return post->payload;
}

void guest_expect_nothing(void) { require(guest.taken == fake_vmbus.post_count); }

void guest_send(uint16_t type, uint64_t id, const void *header, uint32_t header_size, const void *payload,
                uint32_t payload_size) {
	struct ring_send packet = {
	    .type = type,
	    .flags = VMBUS_PACKET_COMPLETION_REQUESTED,
	    .transaction_id = id,
	    .header = header,
	    .header_size = header_size,
	    .payload = payload,
	    .payload_size = payload_size,
	};

	require(ring_write(&guest.to_host, &packet) == RING_OK);
	if (ring_publish(&guest.to_host))
		for (uint32_t relid = 1; relid <= VMBUS_CHANNEL_COUNT; relid++)
			vmbus_signaled(&guest.server, relid);
}

bool guest_receive(struct ring_packet *packet) {
	static uint64_t buffer[512];
	enum ring_result result = ring_read(&guest.from_host, buffer, sizeof(buffer), packet);

	require(result != RING_BROKEN);
	if (ring_release(&guest.from_host))
		for (uint32_t relid = 1; relid <= VMBUS_CHANNEL_COUNT; relid++)
			vmbus_signaled(&guest.server, relid);
	return result == RING_OK;
}
