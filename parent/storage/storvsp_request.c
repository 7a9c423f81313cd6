/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The protocol's operations, and SCSI requests with their memory. */
#include <string.h>

#include "storage/storvsp_internal.h"
#include "vmm/guest_memory.h"

static void reply(struct storvsp_slot *slot, uint32_t status) {
	slot->packet.operation = HV_STORVSC_COMPLETE_IO;
	slot->packet.flags = 0;
	slot->packet.status = status;
	storvsp_done(slot);
}

bool storvsp_is_version_known(uint32_t version) {
	return version == HV_STORVSC_VERSION_6_2 || version == HV_STORVSC_VERSION_6_0 ||
	       version == HV_STORVSC_VERSION_5_1;
}

static uint32_t properties(const struct storvsp *s, struct hv_storvsc_packet *packet) {
	memset(packet->bytes, 0, sizeof(packet->bytes));
	packet->properties.subchannel_max = s->subchannel_max;
	packet->properties.flags = s->subchannel_max > 0 ? HV_STORVSC_MULTICHANNEL : 0;
	packet->properties.transfer_max = STORVSP_TRANSFER_MAX;
	return HV_STORVSC_STATUS_SUCCESS;
}

/* The handshake, on the primary channel. Returns the status. */
static uint32_t handshake(struct storvsp *s, struct hv_storvsc_packet *packet) {
	bool is_begin = packet->operation == HV_STORVSC_BEGIN_INITIALIZATION;

	if (!is_begin && s->state != STORVSP_INITIALIZING)
		return HV_STORVSC_STATUS_STATE;
	if (is_begin) {
		storvsp_set_state(s, STORVSP_INITIALIZING);
		s->version = 0;
		return HV_STORVSC_STATUS_SUCCESS;
	}
	if (packet->operation == HV_STORVSC_QUERY_VERSION) {
		if (!storvsp_is_version_known(packet->version.version))
			return HV_STORVSC_STATUS_REVISION;
		s->version = packet->version.version;
		return HV_STORVSC_STATUS_SUCCESS;
	}
	if (s->version == 0)
		return HV_STORVSC_STATUS_STATE;
	if (packet->operation == HV_STORVSC_QUERY_PROPERTIES)
		return properties(s, packet);
	storvsp_set_state(s, STORVSP_READY);
	return HV_STORVSC_STATUS_SUCCESS;
}

static uint32_t create_subchannels(struct storvsp *s, const struct hv_storvsc_packet *packet) {
	if (s->state != STORVSP_READY)
		return HV_STORVSC_STATUS_STATE;
	return storvsp_offer_subchannels(s, packet->subchannel_count) ? HV_STORVSC_STATUS_SUCCESS
	                                                              : HV_STORVSC_STATUS_INVALID;
}

/* There is nothing to abort: every request completes by itself, and a guest
 * that resets waits for that. */
static uint32_t reset(const struct storvsp *s) {
	return s->state == STORVSP_READY ? HV_STORVSC_STATUS_SUCCESS : HV_STORVSC_STATUS_STATE;
}

void storvsp_request(struct storvsp_slot *slot, const struct ring_packet *ring_packet) {
	struct hv_storvsc_packet *packet = &slot->packet;
	struct storvsp *s = slot->queue->controller;
	bool is_primary = slot->queue == &s->queue[0];
	uint32_t status = HV_STORVSC_STATUS_NOT_SUPPORTED;

	memset(packet, 0, sizeof(*packet));
	slot->packet_size = sizeof(*packet);
	if (ring_packet->payload_size < HV_STORVSC_PACKET_SIZE_MIN ||
	    (ring_packet->type != VMBUS_PACKET_INBAND && ring_packet->type != VMBUS_PACKET_GPA_DIRECT)) {
		reply(slot, HV_STORVSC_STATUS_INVALID);
		return;
	}
	if (ring_packet->payload_size < sizeof(*packet))
		slot->packet_size = ring_packet->payload_size;
	memcpy(packet, ring_packet->payload, slot->packet_size);
	switch (packet->operation) {
	case HV_STORVSC_EXECUTE_SRB:
		storvsp_srb(slot, ring_packet);
		return;
	case HV_STORVSC_BEGIN_INITIALIZATION:
	case HV_STORVSC_QUERY_VERSION:
	case HV_STORVSC_QUERY_PROPERTIES:
	case HV_STORVSC_END_INITIALIZATION:
		status = is_primary ? handshake(s, packet) : HV_STORVSC_STATUS_STATE;
		break;
	case HV_STORVSC_CREATE_SUBCHANNELS:
		status = is_primary ? create_subchannels(s, packet) : HV_STORVSC_STATUS_STATE;
		break;
	case HV_STORVSC_RESET_LUN:
	case HV_STORVSC_RESET_ADAPTER:
	case HV_STORVSC_RESET_BUS:
		status = reset(s);
		break;
	default:
		break;
	}
	reply(slot, status);
}

/* Adds [offset, offset + size) of one guest page; neighbors in memory become one
 * segment. False: no RAM, or too many. */
static bool add_page(struct storvsp_slot *slot, uint64_t pfn, uint32_t offset, uint32_t size) {
	const struct guest_memory *memory = slot->queue->controller->server->gpadls.memory;
	struct scsi_command *c = &slot->command;
	unsigned count = c->segment_count;
	struct volume_segment *last = count > 0 ? &slot->segment[count - 1] : NULL;
	uint8_t *page =
	    pfn > UINT64_MAX >> HV_PAGE_SHIFT ? NULL : guest_memory_pointer(memory, pfn << HV_PAGE_SHIFT, HV_PAGE_SIZE);

	if (page == NULL)
		return false;
	if (last != NULL && last->memory + last->size == page + offset) {
		last->size += size;
		return true;
	}
	if (count == STORVSP_SEGMENTS)
		return false;
	slot->segment[c->segment_count++] = (struct volume_segment){page + offset, size};
	return true;
}

/* Adds one range, but no more than `left` bytes of it. `at` holds its page
 * numbers, which are there. */
static bool add_range(struct storvsp_slot *slot, const struct vmbus_gpa_range *range, const uint8_t *at,
                      uint32_t *left) {
	uint32_t size = range->size < *left ? range->size : *left, offset = range->offset;

	*left -= size;
	while (size > 0) {
		uint32_t part = HV_PAGE_SIZE - offset < size ? HV_PAGE_SIZE - offset : size;
		uint64_t pfn;

		memcpy(&pfn, at, sizeof(pfn));
		if (!add_page(slot, pfn, offset, part))
			return false;
		at += sizeof(pfn);
		size -= part;
		offset = 0;
	}
	return true;
}

/* The memory of a GPA-direct packet, of which `size` bytes are meant. False: it
 * lies outside RAM, is less than that, or the packet is not what it says. */
static bool take_memory(struct storvsp_slot *slot, const struct ring_packet *p, uint32_t size) {
	struct vmbus_gpa_direct_header header;
	struct vmbus_gpa_range range;
	uint32_t at = sizeof(header), left = size;

	if (p->type != VMBUS_PACKET_GPA_DIRECT || p->header_size < sizeof(header))
		return false;
	memcpy(&header, p->header, sizeof(header));
	for (uint32_t i = 0; i < header.range_count && left > 0; i++) {
		uint64_t pages;

		if (p->header_size - at < sizeof(range))
			return false;
		memcpy(&range, p->header + at, sizeof(range));
		at += sizeof(range);
		pages = ((uint64_t)range.offset + range.size + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;
		if (range.offset >= HV_PAGE_SIZE || pages > (p->header_size - at) / 8)
			return false;
		if (!add_range(slot, &range, p->header + at, &left))
			return false;
		at += (uint32_t)pages * 8;
	}
	return left == 0;
}

static void srb_reply(struct storvsp_slot *slot, uint8_t srb_status) {
	slot->packet.srb.srb_status = srb_status;
	reply(slot, HV_STORVSC_STATUS_SUCCESS);
}

static void srb_done(struct scsi_command *c) {
	struct storvsp_slot *slot = (struct storvsp_slot *)c;
	struct hv_storvsc_srb *srb = &slot->packet.srb;
	bool has_sense = c->status == SCSI_CHECK_CONDITION;

	srb->scsi_status = (uint8_t)c->status;
	srb->transfer_size = c->transferred;
	memset(srb->sense, 0, sizeof(srb->sense));
	srb->sense_size = 0;
	if (!has_sense) {
		srb_reply(slot, HV_SRB_STATUS_SUCCESS);
		return;
	}
	memcpy(srb->sense, c->sense, sizeof(c->sense));
	srb->sense_size = sizeof(c->sense);
	srb_reply(slot, c->is_lun_absent ? HV_SRB_STATUS_INVALID_LUN : HV_SRB_STATUS_ERROR | HV_SRB_STATUS_SENSE_VALID);
}

/* Disks are at path 0, target 0; everywhere else nothing is. */
static uint8_t lun_of(const struct hv_storvsc_srb *srb) {
	return srb->path == 0 && srb->target == 0 && srb->lun < SCSI_LUN_COUNT ? srb->lun : SCSI_LUN_COUNT;
}

void storvsp_srb(struct storvsp_slot *slot, const struct ring_packet *ring_packet) {
	struct storvsp *s = slot->queue->controller;
	struct hv_storvsc_srb *srb = &slot->packet.srb;
	uint32_t size = srb->direction == HV_SRB_NO_DATA ? 0 : srb->transfer_size;
	struct scsi_command *c = &slot->command;

	if (s->state != STORVSP_READY) {
		reply(slot, HV_STORVSC_STATUS_STATE);
		return;
	}
	s->has_scanned = true;
	*c = (struct scsi_command){
	    .lun = lun_of(srb),
	    .cdb_size = srb->cdb_size,
	    .direction = size == 0                       ? SCSI_NO_DATA
	                 : srb->direction == HV_SRB_READ ? SCSI_DATA_IN
	                                                 : SCSI_DATA_OUT,
	    .data_size = size,
	    .segment = slot->segment,
	    .done = srb_done,
	};
	if (srb->cdb_size > HV_SRB_CDB_SIZE || srb->direction > HV_SRB_NO_DATA || size > STORVSP_TRANSFER_MAX ||
	    (size > 0 && !take_memory(slot, ring_packet, size))) {
		srb->transfer_size = 0;
		srb_reply(slot, HV_SRB_STATUS_INVALID_REQUEST);
		return;
	}
	memcpy(c->cdb, srb->cdb, srb->cdb_size);
	scsi_execute(&s->target, c);
}
