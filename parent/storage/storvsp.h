/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A SCSI controller over VMBus, as a stock guest's storvsc drives it: handshake,
 * requests with their memory as lists of guest pages, subchannels for more
 * processors. Each request is copied out of the ring, completes exactly once, and
 * holds one of a fixed number of slots; when none is free the ring waits.
 * Pure; the caller serializes with the VM's VMBus and its volumes' completions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/call_args.h>
#include <hv_abi/storvsc.h>
#include "runtime/err.h"
#include "storage/scsi.h"
#include "vmbus/vmbus.h"

#define STORVSP_TRANSFER_MAX   0x40000u                                  /* bytes */
#define STORVSP_SEGMENTS       (STORVSP_TRANSFER_MAX / HV_PAGE_SIZE + 1) /* of a request */
#define STORVSP_SLOTS          64u                                       /* of a channel */
#define STORVSP_SUBCHANNEL_MAX 15u

enum storvsp_state {
	STORVSP_CLOSED = 0,
	STORVSP_OPEN,         /* no handshake yet */
	STORVSP_INITIALIZING, /* between BEGIN and END */
	STORVSP_READY,
};

struct storvsp_slot; /* private */

/* One channel, primary or not. */
struct storvsp_queue {
	struct storvsp *controller;
	struct vmbus_channel *channel; /* NULL: not offered */
	struct storvsp_slot *slot;     /* STORVSP_SLOTS of them while open; owned */
	unsigned busy;                 /* slots that the volumes have */
	struct storvsp_slot *free, *done_first, *done_last;
	bool is_pumping;
	bool is_closing;
	bool is_dozing;      /* the guest does not signal */
	unsigned taken;      /* requests since the last look or signal */
	unsigned poor_looks; /* in a row, before which few had come */
};

struct storvsp {
	struct scsi_target target; /* the caller puts disks in */
	struct vmbus_server *server;
	struct hv_guid instance;
	uint16_t subchannel_max;
	enum storvsp_state state;
	uint32_t version;
	bool has_scanned;                /* the guest sends SCSI commands: it may be told of changes */
	bool is_rescan_due;              /* it is to be told, and the ring was full */
	hv_reference_time_t rescan_time; /* when it is to be told; 0: nothing to tell */
	struct storvsp_queue queue[1 + STORVSP_SUBCHANNEL_MAX]; /* 0: primary */
};

/* Offers the controller with up to `subchannel_max` subchannels (at most
 * STORVSP_SUBCHANNEL_MAX). ERR_MEMORY: no channel is left. ERR_RANGE. ERR_STATE: it is offered,
 * or the guest has not given back the channels of an earlier time. */
ERR_CHECKED enum err storvsp_offer(struct storvsp *s, struct vmbus_server *server, const struct hv_guid *instance,
                                   uint16_t subchannel_max);

/* Puts a disk behind a LUN below SCSI_LUN_COUNT, or takes it away (NULL). The guest looks
 * again: a guest that has not looked yet is not told, and of a disk that went it is told
 * by storvsp_poll when STORVSP_RESCAN_DELAY has passed. Requests that are with the old disk
 * end as they end: it must stay until its volume is idle. */
#define STORVSP_RESCAN_DELAY (2 * HV_REFERENCE_TIME_HZ)
void storvsp_set_disk(struct storvsp *s, uint8_t lun, struct scsi_disk *disk, hv_reference_time_t now);

/* Tells what is due. Returns when to call again, HV_DEADLINE_NEVER: after storvsp_set_disk. */
hv_reference_time_t storvsp_poll(struct storvsp *s, hv_reference_time_t now);

/* Takes the controller away. It is gone when the guest has given back all its channels;
 * until then it serves what comes. A stock guest loses what is in flight then, and waits for
 * it for ever: take the disks away first, and let it be quiet. */
void storvsp_rescind(struct storvsp *s);

/* It has channels, rescinded ones too; storvsp_offer works when it has none. */
bool storvsp_is_offered(const struct storvsp *s);

/* Requests that the guest waits for. */
unsigned storvsp_busy(const struct storvsp *s);

#define STORVSP_STATE_VERSION 1u
struct storvsp_saved {
	uint32_t version;
	uint32_t state;    /* enum storvsp_state */
	uint32_t protocol; /* version as agreed, 0: none yet */
	uint32_t subchannel_max;
	struct hv_guid instance;
};
_Static_assert(sizeof(struct storvsp_saved) == 32, "storvsp_saved");

/* ERR_STATE: requests are with a volume, or the guest is still to be told something;
 * nothing changes. */
ERR_CHECKED enum err storvsp_save(const struct storvsp *s, struct storvsp_saved *saved);

/* Instead of storvsp_offer, into a controller that is all zeros but its target, for
 * a server that was loaded: adopts its channels. ERR_UNSUPPORTED: another
 * version. ERR_RANGE: what no controller can hold. ERR_NOT_FOUND: the server has no such
 * channel. ERR_MEMORY: the channels are adopted and rescinded. */
ERR_CHECKED enum err storvsp_load(struct storvsp *s, struct vmbus_server *server, const struct storvsp_saved *saved);
