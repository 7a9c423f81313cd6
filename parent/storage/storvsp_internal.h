/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the storage controller share. */
#pragma once

#include "storage/storvsp.h"

struct storvsp_slot {
	struct scsi_command command; /* first: a command is its slot */
	struct storvsp_queue *queue;
	struct storvsp_slot *next;
	uint64_t transaction_id;
	struct hv_storvsc_packet packet; /* request, then reply */
	uint32_t packet_size;            /* of the request, and so of the reply */
	struct volume_segment segment[STORVSP_SEGMENTS];
};

/* Also forgets that the guest has looked at its disks. */
void storvsp_set_state(struct storvsp *s, enum storvsp_state state);

/* The reply in slot->packet is ready to go. */
void storvsp_done(struct storvsp_slot *slot);

/* Handles slot->packet; the reply may come later. `ring_packet` says where the
 * memory is and stays as it is only during the call. */
void storvsp_request(struct storvsp_slot *slot, const struct ring_packet *ring_packet);

bool storvsp_is_version_known(uint32_t version);

/* EXECUTE_SRB. */
void storvsp_srb(struct storvsp_slot *slot, const struct ring_packet *ring_packet);

/* Offers subchannels up to `count`. False: it cannot. */
bool storvsp_offer_subchannels(struct storvsp *s, uint16_t count);

/* What is offered: SCSI, the instance, the index. */
struct vmbus_offer storvsp_offer_of(const struct hv_guid *instance, uint16_t index);

/* The queue's channel of a server that was loaded, if there is one. ERR_MEMORY. */
ERR_CHECKED enum err storvsp_adopt_queue(struct storvsp *s, uint16_t index);
