/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The VMBus server of one VM: connection, offers, channels. It answers every
 * message in every state (vmbus_messages.c has the table), holds a bounded
 * amount of state, and touches no guest page after it said that it would not.
 * Versions 4.0 to 5.3. Pure: the machine is behind vmbus_host.h. No locks; the
 * caller serializes all calls on one VM's server and its channels (the VM's lock).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hv_abi/vmbus.h>
#include "runtime/err.h"
#include "vmbus/gpadl.h"
#include "vmbus/ring.h"

#define VMBUS_CHANNEL_COUNT   128u
#define VMBUS_OUTBOX_SIZE     32u
#define VMBUS_REPLY_SIZE_MAX  44u
/* Connection id of a channel = this + relid. A partition's connection ids must differ
 * modulo HV_MAX_CONNECTIONS, and messages have 1 and 4. */
#define VMBUS_CONNECTION_BASE 0x2010u

struct vmbus_channel;

/* A device behind a channel. It may call back from any of these. */
struct vmbus_device_ops {
	/* The guest opens: rings are set up, VP and user data known. An error
	 * refuses, and then `close` is not called. Nothing may be sent yet. */
	enum err (*open)(struct vmbus_channel *c);
	/* The guest has been told: sending may begin. */
	void (*opened)(struct vmbus_channel *c);
	/* The guest signaled, or may have. */
	void (*signaled)(struct vmbus_channel *c);
	/* The channel ends: begin no more work, and call vmbus_channel_closed, now
	 * or later, when nothing of the guest's is touched any more. */
	void (*close)(struct vmbus_channel *c);
	/* The channel does not exist any more. */
	void (*gone)(struct vmbus_channel *c);
};

struct vmbus_offer {
	struct hv_guid interface;
	struct hv_guid instance;
	uint16_t channel_flags;
	uint16_t subchannel_index; /* 0: primary */
	uint8_t user_data[VMBUS_USER_DATA_SIZE];
};

enum vmbus_channel_state {
	VMBUS_CHANNEL_FREE = 0,
	VMBUS_CHANNEL_WAITING,  /* not offered yet in this connection */
	VMBUS_CHANNEL_OFFERED,  /* the guest knows of it */
	VMBUS_CHANNEL_OPENING,  /* opened; the guest has not been told */
	VMBUS_CHANNEL_OPEN,     /* traffic */
	VMBUS_CHANNEL_CLOSING,  /* the device drains */
	VMBUS_CHANNEL_RELEASED, /* the guest does not want it until it connects anew */
};

struct vmbus_channel {
	struct vmbus_server *server;
	const struct vmbus_device_ops *ops;
	void *device; /* the owner's, never looked at here */
	enum vmbus_channel_state state;
	bool is_rescinded;   /* ends when the guest gives its relid back */
	bool is_rescind_due; /* the guest has not been told yet */
	bool is_released;    /* it gave the relid back; the device still drains */
	bool is_broken;      /* its rings are */
	uint32_t relid;
	uint32_t target_vp;
	uint32_t open_id;
	struct vmbus_offer offer;
	uint8_t open_data[VMBUS_USER_DATA_SIZE]; /* the guest's, of the last open */
	struct gpadl *ring_gpadl;                /* held while open */
	uint32_t downstream_page;
	struct ring_reader in;  /* guest to host */
	struct ring_writer out; /* host to guest */
};

enum vmbus_connection_state {
	VMBUS_DISCONNECTED = 0,
	VMBUS_CONNECTED,
	VMBUS_RESETTING, /* waits for devices to drain; then `after_reset` is done */
};

enum vmbus_after_reset {
	VMBUS_AFTER_RESET_NOTHING = 0,
	VMBUS_AFTER_RESET_CONTACT, /* answer `contact` */
	VMBUS_AFTER_RESET_UNLOAD,  /* say that it is unloaded */
};

struct vmbus_reply {
	uint8_t size;
	uint8_t payload[VMBUS_REPLY_SIZE_MAX];
};

struct vmbus_server {
	void *context; /* for vmbus_host.h; never looked at here */
	uint32_t vp_count;
	enum vmbus_connection_state state;
	enum vmbus_after_reset after_reset;
	uint32_t version;   /* while connected */
	uint32_t target_vp; /* where messages go */
	struct {
		uint32_t version;
		uint32_t target_vp;
		bool is_acceptable;
	} contact; /* the newest, while resetting */
	bool are_offers_wanted;
	bool is_end_of_offers_due;
	uint32_t refused; /* messages that were answered with an error or not at all */
	unsigned reply_first, reply_count;
	struct vmbus_reply reply[VMBUS_OUTBOX_SIZE];
	struct gpadl_table gpadls;
	struct vmbus_channel channel[VMBUS_CHANNEL_COUNT]; /* relid - 1 */
};

/* Nothing connected, nothing offered. `memory` is the guest's and must outlive
 * the server. */
void vmbus_init(struct vmbus_server *s, const struct guest_memory *memory, uint32_t vp_count, void *context);

/* Another reset of the VM: closes all, answers nothing. Channels stay and are
 * offered again when the guest connects. */
void vmbus_reset(struct vmbus_server *s);

/* A message from the guest, `size` bytes of payload copied out of its reach.
 * What the guest is to hear follows by vmbus_host_post. The error tells which
 * rule the message broke:
 * ERR_MEMORY: too many replies wait, take it again after vmbus_flush (nothing
 * changed); or a limit was hit, and the guest was told: vmbus_can_receive tells
 * them apart. ERR_FORMAT: too short. ERR_UNSUPPORTED: no message of ours.
 * ERR_STATE, ERR_NOT_FOUND, ERR_RANGE: see vmbus_messages.c. */
ERR_CHECKED enum err vmbus_receive(struct vmbus_server *s, const void *payload, size_t size);
bool vmbus_can_receive(const struct vmbus_server *s);

/* Posts what waits, as far as the guest has room. */
void vmbus_flush(struct vmbus_server *s);

/* The guest signaled a channel; other relids than open ones are ignored. */
void vmbus_signaled(struct vmbus_server *s, uint32_t relid);

/* Offers a channel, at once if the guest asked for offers already. NULL: the
 * table is full, or the same interface, instance and index is there. */
struct vmbus_channel *vmbus_offer(struct vmbus_server *s, const struct vmbus_offer *offer,
                                  const struct vmbus_device_ops *ops, void *device);

/* Takes the offer back. `gone` follows, perhaps before this returns. */
void vmbus_rescind(struct vmbus_channel *c);

/* The device has let go of all that is the guest's; answer to `close`. */
void vmbus_channel_closed(struct vmbus_channel *c);

/* Takes the next packet, as ring_read. RING_BROKEN closes nothing: the device
 * merely hears nothing more. The guest's signals are masked until
 * vmbus_channel_sleep. */
enum ring_result vmbus_channel_read(struct vmbus_channel *c, void *buffer, uint32_t buffer_size,
                                    struct ring_packet *packet);

/* Gives back the room of what was read and lets the guest signal again. True:
 * more arrived meanwhile, read on. */
bool vmbus_channel_sleep(struct vmbus_channel *c);

/* Gives back the room, as vmbus_channel_sleep, but the guest need not signal what it sends: `signaled`
 * comes soon whatever happens. For a device that looks by itself often enough. False: nothing
 * happened, that cannot be had. */
bool vmbus_channel_doze(struct vmbus_channel *c);

/* Writes one packet, visible after vmbus_channel_publish. RING_FULL: the guest
 * signals when there is room. */
enum ring_result vmbus_channel_write(struct vmbus_channel *c, const struct ring_send *packet);
void vmbus_channel_publish(struct vmbus_channel *c);

/* For a device that stops in the middle: `signaled` comes again, after others on
 * this processor had their turn. A guest that sends without end takes no more than
 * its share so. */
void vmbus_channel_again(struct vmbus_channel *c);
