/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any packets on an open storage channel. A byte says what comes: a handshake
 * well done, a completion of the volume, a close and another open, a disk that comes or
 * goes, the controller taken away and offered anew, or a packet: its kind, the size of its
 * ranges and of its body, then its bytes. No request is lost: slots are free, with the
 * volume, or waiting for room.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/vmbus_guest.h"
#include "fake/volume.h"
#include "storage/storvsp_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct storvsp controller;
static struct fake_volume volume;
static struct scsi_disk disk[2];

static void require(bool holds) {
	if (!holds)
		abort();
}

static void send(uint16_t type, const void *header, uint32_t header_size, const void *body, uint32_t body_size) {
	struct ring_send packet = {
	    .type = type,
	    .header = header,
	    .header_size = header_size,
	    .payload = body,
	    .payload_size = body_size,
	};

	if (ring_write(&guest.to_host, &packet) == RING_OK && ring_publish(&guest.to_host))
		vmbus_signaled(&guest.server, 1);
}

static void say(uint32_t operation, uint16_t argument) {
	struct hv_storvsc_packet packet = {.operation = operation};

	packet.version.version = argument;
	send(VMBUS_PACKET_INBAND, NULL, 0, &packet, sizeof(packet));
}

static void shake_hands(void) {
	say(HV_STORVSC_BEGIN_INITIALIZATION, 0);
	say(HV_STORVSC_QUERY_VERSION, HV_STORVSC_VERSION_6_2);
	say(HV_STORVSC_END_INITIALIZATION, 0);
}

static void drain(void) {
	struct ring_packet packet;

	while (guest_receive(&packet))
		require(packet.type == VMBUS_PACKET_COMPLETION
		            ? packet.payload_size >= 48 && packet.payload_size <= 64
		            : packet.type == VMBUS_PACKET_INBAND && packet.transaction_id == 0 &&
		                  packet.payload_size == 64);
}

static void check_slots(void) {
	const struct storvsp_queue *q = &controller.queue[0];
	unsigned count = q->busy;

	if (q->slot == NULL)
		return;
	for (const struct storvsp_slot *s = q->free; s != NULL; s = s->next)
		count++;
	for (const struct storvsp_slot *s = q->done_first; s != NULL; s = s->next)
		count++;
	require(q->is_closing ? q->busy == volume.queued : count == STORVSP_SLOTS);
}

static void close_and_open(void) {
	(void)!guest_say_about(VMBUS_CLOSE_CHANNEL, 1);
	while (fake_volume_complete(&volume))
		check_slots();
	require(controller.queue[0].slot == NULL);
	(void)!guest_say_two(VMBUS_GPADL_TEARDOWN, 1, GUEST_GPADL + 1);
	require(guest_open(1, 0) == ERR_NONE);
}

static hv_reference_time_t now;

static void change_disk(unsigned lun) {
	storvsp_set_disk(&controller, (uint8_t)lun, controller.target.lun[lun] == NULL ? &disk[lun] : NULL, now);
}

/* The guest closes first, or only gives the relid back: then the volume may still hold its
 * pages, and the channel goes when it is done. */
static void take_away(bool is_closed_first) {
	static const struct hv_guid instance = {.data1 = 1};

	storvsp_rescind(&controller);
	if (is_closed_first)
		(void)!guest_say_about(VMBUS_CLOSE_CHANNEL, 1);
	for (uint32_t relid = 1; relid <= 3; relid++) /* subchannels, if there are any */
		(void)!guest_say_about(VMBUS_RELID_RELEASED, relid);
	require(storvsp_is_offered(&controller) == (volume.queued > 0));
	while (fake_volume_complete(&volume))
		check_slots();
	require(!storvsp_is_offered(&controller) && guest.server.gpadls.pages_used == 0);
	require(storvsp_offer(&controller, &guest.server, &instance, 2) == ERR_NONE);
	require(guest_open(1, 0) == ERR_NONE);
}

static size_t send_any(const uint8_t *data, size_t size) {
	static uint64_t header[32], body[8];
	uint32_t header_size = data[0] % 32 * 8u, body_size = data[0] & 0x40 ? 64 : 56;
	size_t at = 1;

	memset(body, 0, sizeof(body));
	memset(header, 0, sizeof(header));
	for (uint32_t i = 0; i < 64 && at < size; i++)
		((uint8_t *)body)[i] = data[at++];
	for (uint32_t i = 0; i < header_size && at < size; i++)
		((uint8_t *)header)[i] = data[at++];
	send(data[0] & 0x80 ? VMBUS_PACKET_GPA_DIRECT : VMBUS_PACKET_INBAND, header, header_size, body, body_size);
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct hv_guid instance = {.data1 = 1};

	guest_reset();
	memset(&controller, 0, sizeof(controller));
	fake_volume_init(&volume);
	now = 1;
	disk[0] = disk[1] = (struct scsi_disk){&volume.volume, STORVSP_TRANSFER_MAX};
	controller.target.lun[0] = &disk[0];
	require(storvsp_offer(&controller, &guest.server, &instance, 2) == ERR_NONE);
	guest_bring_up(1);
	shake_hands();
	for (size_t at = 0; at < size;) {
		uint8_t what = data[at++];

		if (what == 0)
			close_and_open();
		else if (what < 3)
			take_away(what == 1);
		else if (what < 6)
			change_disk(what & 1);
		else if (what == 6)
			(void)storvsp_poll(&controller, now += STORVSP_RESCAN_DELAY / 2);
		else if (what < 32)
			volume.is_slow = what & 1;
		else if (what < 64)
			(void)!fake_volume_complete(&volume);
		else if (what < 80)
			shake_hands();
		else if (what < 112)
			drain();
		else if (at < size)
			at += send_any(data + at, size - at);
		check_slots();
	}
	(void)!guest_say(VMBUS_UNLOAD);
	while (fake_volume_complete(&volume))
		check_slots();
	require(controller.queue[0].slot == NULL && guest.server.gpadls.pages_used == 0);
	return 0;
}
