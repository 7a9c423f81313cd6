/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Channels and slots. One function, pump, moves everything: replies to the
 * guest, requests from it, until neither moves. A volume that completes at once
 * does so inside pump and is picked up by its loop, never by a second one.
 */
#include "storage/storvsp.h"

#include <stdlib.h>
#include "runtime/invariant.h"
#include "storage/storvsp_internal.h"
#include "vmbus/vmbus_state.h"

/* A request: its ranges and its 64 bytes. */
#define PACKET_MAX        1024u

/* Requests taken before others on this processor have their turn. */
#define REQUESTS_PER_TURN 256u

/* Requests at the volumes that are many: the guest need not signal more of them, until so many
 * looks at the ring in a row have found that few have come. */
#define DEEP              8u
#define WORTH             4u
#define POOR_LOOKS        4u

static const struct hv_guid scsi_interface = {
    0xba6163d9, 0x04a1, 0x4d29, {0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f}};

static struct storvsp_queue *queue_of(struct vmbus_channel *c) { return c->device; }

/* Writes replies until none waits or the ring is full; then the guest signals
 * when it has read. True: something was written. */
static bool send_replies(struct storvsp_queue *q) {
	bool has_moved = false;

	while (q->done_first != NULL) {
		struct storvsp_slot *slot = q->done_first;
		struct ring_send reply = {
		    .type = VMBUS_PACKET_COMPLETION,
		    .transaction_id = slot->transaction_id,
		    .payload = &slot->packet,
		    .payload_size = slot->packet_size,
		};

		if (vmbus_channel_write(q->channel, &reply) != RING_OK)
			break;
		q->done_first = slot->next;
		slot->next = q->free;
		q->free = slot;
		has_moved = true;
	}
	return has_moved;
}

/* Tells the guest to look at its disks again, if it is to be told and there is room: else
 * it signals when it has read. True: it was told. */
static bool send_rescan(struct storvsp_queue *q) {
	struct hv_storvsc_packet packet = {.operation = HV_STORVSC_ENUMERATE_BUS};
	struct ring_send send = {
	    .type = VMBUS_PACKET_INBAND,
	    .payload = &packet,
	    .payload_size = sizeof(packet),
	};
	struct storvsp *s = q->controller;

	if (q != &s->queue[0] || q->is_closing || !s->is_rescan_due ||
	    vmbus_channel_write(q->channel, &send) != RING_OK)
		return false;
	s->is_rescan_due = false;
	return true;
}

static void take_slot(struct storvsp_queue *q, const struct ring_packet *packet) {
	struct storvsp_slot *slot = q->free;

	q->free = slot->next;
	q->busy++;
	slot->transaction_id = packet->transaction_id;
	storvsp_request(slot, packet);
}

/* Takes up to *budget requests. True: one was taken. *is_empty: the guest will
 * signal the next one. */
static bool take_requests(struct storvsp_queue *q, unsigned *budget, bool *is_empty) {
	uint64_t buffer[PACKET_MAX / 8];
	struct ring_packet packet;
	bool has_moved = false;

	*is_empty = false;
	while (q->free != NULL && *budget > 0) {
		enum ring_result result = vmbus_channel_read(q->channel, buffer, sizeof(buffer), &packet);

		if (result != RING_OK) {
			*is_empty = true;
			return has_moved;
		}
		take_slot(q, &packet);
		q->taken++;
		--*budget;
		has_moved = true;
	}
	return has_moved;
}

/* A ring that was empty is looked into once more, by falling asleep. While many requests
 * are under way we look at it by ourselves, and the guest need not signal. True: it was not
 * empty. */
static bool rest(struct storvsp_queue *q) {
	if (q->busy >= DEEP)
		q->poor_looks = 0;
	q->is_dozing =
	    (q->busy >= DEEP || (q->is_dozing && q->poor_looks < POOR_LOOKS)) && vmbus_channel_doze(q->channel);
	return !q->is_dozing && vmbus_channel_sleep(q->channel);
}

static void pump(struct storvsp_queue *q) {
	unsigned budget = REQUESTS_PER_TURN;
	bool is_empty, has_moved;

	if (q->is_pumping || q->is_closing)
		return;
	q->is_pumping = true;
	do {
		has_moved = take_requests(q, &budget, &is_empty);
		has_moved |= send_replies(q);
		has_moved |= send_rescan(q);
		/* With no slot free the guest need not signal: a reply brings us
		 * back. */
		if (is_empty)
			has_moved = rest(q);
	} while (has_moved);
	q->is_pumping = false;
	vmbus_channel_publish(q->channel);
	if (budget == 0)
		vmbus_channel_again(q->channel);
}

void storvsp_set_state(struct storvsp *s, enum storvsp_state state) {
	s->state = state;
	s->has_scanned = s->is_rescan_due = false;
	s->rescan_time = 0;
}

static void finish_close(struct storvsp_queue *q) {
	if (q->busy > 0)
		return;
	free(q->slot);
	q->slot = q->free = q->done_first = NULL;
	q->is_closing = false;
	if (q == &q->controller->queue[0])
		storvsp_set_state(q->controller, STORVSP_CLOSED);
	vmbus_channel_closed(q->channel);
}

void storvsp_done(struct storvsp_slot *slot) {
	struct storvsp_queue *q = slot->queue;

	invariant(q->busy > 0);
	q->busy--;
	if (q->is_closing) {
		finish_close(q);
		return;
	}
	slot->next = NULL;
	if (q->done_first == NULL)
		q->done_first = slot;
	else
		q->done_last->next = slot;
	q->done_last = slot;
	pump(q);
}

static enum err make_slots(struct storvsp_queue *q) {
	q->slot = calloc(STORVSP_SLOTS, sizeof(*q->slot));
	if (q->slot == NULL)
		return ERR_MEMORY;
	q->busy = 0;
	q->is_closing = false;
	q->is_dozing = false;
	q->free = q->done_first = NULL;
	for (unsigned i = STORVSP_SLOTS; i-- > 0;) {
		q->slot[i].queue = q;
		q->slot[i].next = q->free;
		q->free = &q->slot[i];
	}
	return ERR_NONE;
}

static enum err open(struct vmbus_channel *c) {
	struct storvsp_queue *q = queue_of(c);
	enum err err;

	if (ring_packet_size(0, sizeof(struct hv_storvsc_packet)) > ring_largest_packet(&c->out))
		return ERR_RANGE;
	err = make_slots(q);
	if (err == ERR_NONE && q == &q->controller->queue[0])
		storvsp_set_state(q->controller, STORVSP_OPEN);
	return err;
}

/* By the guest, or it is time for a look. */
static void signaled(struct vmbus_channel *c) {
	struct storvsp_queue *q = queue_of(c);

	q->poor_looks = q->taken >= WORTH ? 0 : q->poor_looks + 1;
	q->taken = 0;
	pump(q);
}

/* Subchannels end with their primary: the guest asks for them anew. */
static void close(struct vmbus_channel *c) {
	struct storvsp_queue *q = queue_of(c);
	struct storvsp *s = q->controller;

	if (q == &s->queue[0])
		for (unsigned i = 1; i <= STORVSP_SUBCHANNEL_MAX; i++)
			if (s->queue[i].channel != NULL)
				vmbus_rescind(s->queue[i].channel);
	q->is_closing = true;
	finish_close(q);
}

static void gone(struct vmbus_channel *c) { queue_of(c)->channel = NULL; }

/* Requests may have come before the guest knew that it may send them. */
static void opened(struct vmbus_channel *c) { pump(queue_of(c)); }

static const struct vmbus_device_ops ops = {open, opened, signaled, close, gone};

struct vmbus_offer storvsp_offer_of(const struct hv_guid *instance, uint16_t index) {
	return (struct vmbus_offer){
	    .interface = scsi_interface,
	    .instance = *instance,
	    .subchannel_index = index,
	};
}

static bool offer_queue(struct storvsp *s, uint16_t index) {
	struct vmbus_offer offer = storvsp_offer_of(&s->instance, index);
	struct storvsp_queue *q = &s->queue[index];

	q->controller = s;
	if (q->channel == NULL)
		q->channel = vmbus_offer(s->server, &offer, &ops, q);
	return q->channel != NULL;
}

bool storvsp_offer_subchannels(struct storvsp *s, uint16_t count) {
	if (count > s->subchannel_max || s->queue[0].channel->is_rescinded)
		return false;
	for (uint16_t i = 1; i <= count; i++)
		if (!offer_queue(s, i))
			return false;
	return true;
}

enum err storvsp_offer(struct storvsp *s, struct vmbus_server *server, const struct hv_guid *instance,
                       uint16_t subchannel_max) {
	if (subchannel_max > STORVSP_SUBCHANNEL_MAX)
		return ERR_RANGE;
	if (storvsp_is_offered(s))
		return ERR_STATE;
	s->server = server;
	s->instance = *instance;
	s->subchannel_max = subchannel_max;
	return offer_queue(s, 0) ? ERR_NONE : ERR_MEMORY;
}

/* No pump: requests are not for the VP that changes disks. */
static void tell(struct storvsp *s) {
	s->rescan_time = 0;
	s->is_rescan_due = true;
	if (send_rescan(&s->queue[0]))
		vmbus_channel_publish(s->queue[0].channel);
}

/* Before its first command a guest looks at all disks anyway, and a stock one is not
 * ready to be told: it would fall. One that uses a disk that went learns of it by its own
 * requests, and lets go of it; while it looks for disks at the same time, which halts its
 * queues again and again, it cannot, so it is told later, also of a disk that came since. */
void storvsp_set_disk(struct storvsp *s, uint8_t lun, struct scsi_disk *disk, hv_reference_time_t now) {
	scsi_target_set(&s->target, lun, disk);
	if (!s->has_scanned)
		return;
	if (disk == NULL)
		s->rescan_time = now + STORVSP_RESCAN_DELAY;
	else if (s->rescan_time == 0)
		tell(s);
}

hv_reference_time_t storvsp_poll(struct storvsp *s, hv_reference_time_t now) {
	if (s->rescan_time != 0 && now >= s->rescan_time)
		tell(s);
	return s->rescan_time == 0 ? HV_DEADLINE_NEVER : s->rescan_time;
}

void storvsp_rescind(struct storvsp *s) {
	for (unsigned i = 0; i <= STORVSP_SUBCHANNEL_MAX; i++)
		if (s->queue[STORVSP_SUBCHANNEL_MAX - i].channel != NULL)
			vmbus_rescind(s->queue[STORVSP_SUBCHANNEL_MAX - i].channel);
}

bool storvsp_is_offered(const struct storvsp *s) {
	for (unsigned i = 0; i <= STORVSP_SUBCHANNEL_MAX; i++)
		if (s->queue[i].channel != NULL)
			return true;
	return false;
}

unsigned storvsp_busy(const struct storvsp *s) {
	unsigned count = 0;

	for (unsigned i = 0; i <= STORVSP_SUBCHANNEL_MAX; i++)
		count += s->queue[i].busy + (s->queue[i].done_first != NULL);
	return count;
}

enum err storvsp_adopt_queue(struct storvsp *s, uint16_t index) {
	struct vmbus_offer offer = storvsp_offer_of(&s->instance, index);
	struct storvsp_queue *q = &s->queue[index];

	q->controller = s;
	q->channel = vmbus_adopt(s->server, &offer, &ops, q);
	if (q->channel == NULL ||
	    (q->channel->state != VMBUS_CHANNEL_OPENING && q->channel->state != VMBUS_CHANNEL_OPEN))
		return ERR_NONE;
	return make_slots(q);
}
