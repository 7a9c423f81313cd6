/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any sequence of control messages, GPADLs among them, between moves of the
 * host: rescinds, drains, a guest that does not listen. A byte says what comes;
 * a message is its type, its length and its bytes. After each step the server
 * keeps its books: pages counted are pages held, listeners are open channels.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/vmbus_host.h"
#include "vmbus/vmbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGES    32u
#define CHANNELS 3u
#define VPS      2u

static uint8_t ram[PAGES][HV_PAGE_SIZE] __attribute__((aligned(4096)));
static struct vmbus_server server;
static bool drains_later;

static void require(bool holds) {
	if (!holds)
		abort();
}

static enum err device_open(struct vmbus_channel *c) {
	require(c->ring_gpadl != NULL);
	return c->open_data[0] == 0xee ? ERR_DEVICE : ERR_NONE;
}

static void device_opened(struct vmbus_channel *c) { require(c->state == VMBUS_CHANNEL_OPEN); }

static void device_signaled(struct vmbus_channel *c) {
	static uint64_t buffer[64];
	struct ring_packet packet;
	struct ring_send reply = {.type = VMBUS_PACKET_COMPLETION};

	for (unsigned i = 0; i < 64; i++) {
		if (vmbus_channel_read(c, buffer, sizeof(buffer), &packet) != RING_OK)
			break;
		reply.transaction_id = packet.transaction_id;
		if (vmbus_channel_write(c, &reply) != RING_OK)
			break;
	}
	vmbus_channel_publish(c);
	vmbus_channel_sleep(c);
}

static void device_close(struct vmbus_channel *c) {
	if (!drains_later)
		vmbus_channel_closed(c);
}

static void device_gone(struct vmbus_channel *c) { require(c->state == VMBUS_CHANNEL_FREE); }

static const struct vmbus_device_ops ops = {device_open, device_opened, device_signaled, device_close, device_gone};

static void offer(uint32_t number) {
	/* The second is a subchannel: rescinds of both kinds wait together. */
	struct vmbus_offer o = {.instance.data1 = number, .subchannel_index = number == 1};

	vmbus_offer(&server, &o, &ops, NULL);
}

static void drain(void) {
	for (unsigned i = 0; i < CHANNELS; i++)
		if (server.channel[i].state == VMBUS_CHANNEL_CLOSING)
			vmbus_channel_closed(&server.channel[i]);
}

static void check_books(void) {
	uint32_t pages = 0, holders = 0;
	unsigned open = 0;

	for (unsigned i = 0; i < GPADL_COUNT; i++) {
		const struct gpadl *g = &server.gpadls.list[i];

		pages += g->page_count;
		holders += g->holders;
		require(g->state != GPADL_READY || g->arrived == g->page_count);
		require(g->arrived <= g->page_count);
	}
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++)
		open += server.channel[i].ring_gpadl != NULL;
	require(pages == server.gpadls.pages_used && pages <= GPADL_PAGES_MAX);
	require(holders == open && open == fake_vmbus.listening);
	require(server.reply_count <= VMBUS_OUTBOX_SIZE);
}

/* Moves of the host; `what` is below 16. */
static void move(unsigned what) {
	switch (what) {
	case 0:
		drain();
		break;
	case 1:
		drains_later = !drains_later;
		break;
	case 2:
		fake_vmbus.room = fake_vmbus.room ? 0 : ~0u;
		vmbus_flush(&server);
		break;
	case 3:
		vmbus_reset(&server);
		break;
	case 4:
		offer(fake_vmbus.post_count % CHANNELS);
		break;
	default:
		vmbus_rescind(&server.channel[what % CHANNELS]);
		break;
	}
}

static void say(const void *message, size_t size) {
	if (vmbus_can_receive(&server))
		(void)!vmbus_receive(&server, message, size);
}

/* What a stock guest says, so that random messages find every state. */
static void say_well(unsigned what) {
	struct vmbus_initiate_contact contact = {.header.type = VMBUS_INITIATE_CONTACT, .version = VMBUS_VERSION_5_3};
	struct vmbus_message_header request = {.type = VMBUS_REQUEST_OFFERS};
	uint32_t relid = 1 + what % CHANNELS;
	struct {
		struct vmbus_gpadl_header header;
		uint32_t pfn[8];
	} lend = {.header = {{VMBUS_GPADL_HEADER, 0}, relid, relid, 40, 1, 4 * HV_PAGE_SIZE, 0},
	          .pfn = {0, 0, 1, 0, 2, 0, 3, 0}};
	struct vmbus_open_channel open = {
	    .header.type = VMBUS_OPEN_CHANNEL, .relid = relid, .ring_gpadl = relid, .downstream_page = 2};

	if (what >= 12) {
		say(&contact, sizeof(contact));
		say(&request, sizeof(request));
	} else if (what >= 6) {
		say(&lend, sizeof(lend));
	} else {
		say(&open, sizeof(open));
	}
}

static size_t step(const uint8_t *data, size_t size) {
	uint8_t message[HV_MESSAGE_PAYLOAD_SIZE] = {data[0]};
	size_t length = size > 1 ? data[1] : 0, given;

	if (data[0] >= 0xf0) {
		move(data[0] & 0xf);
		return 1;
	}
	if (data[0] >= 0xe0) {
		vmbus_signaled(&server, data[0] & 0xf);
		return 1;
	}
	if (data[0] >= 0xd0) {
		say_well(data[0] & 0xf);
		return 1;
	}
	if (data[0] >= 0x80) { /* a guest writes into its ring */
		memcpy(ram[data[0] % PAGES] + length % 16 * 4, data, size < 4 ? size : 4);
		return 4;
	}
	length = length > sizeof(message) ? sizeof(message) : length;
	given = length > 8 ? length - 8 : 0;
	given = size < given + 2 ? size - (size < 2 ? size : 2) : given;
	memcpy(message + 8, data + 2, given);
	say(message, length);
	return 2 + given;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct guest_memory memory = {.count = 1};
	size_t at = 0;

	memory.extent[0].host = ram[0];
	memory.extent[0].size = sizeof(ram);
	memset(ram, 0, sizeof(ram));
	fake_vmbus_reset();
	drains_later = false;
	vmbus_init(&server, &memory, VPS, NULL);
	for (uint32_t i = 0; i < CHANNELS; i++)
		offer(i);
	while (at < size) {
		at += step(data + at, size - at);
		check_books();
	}
	drains_later = false;
	vmbus_reset(&server);
	drain();
	check_books();
	require(server.gpadls.pages_used == 0 && fake_vmbus.listening == 0);
	return 0;
}
