/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the integration services share: the channel, the negotiation of versions,
 * and one request at a time. A service embeds a struct ic as its first member.
 * The host speaks first; a guest that answers late or never costs nothing but
 * its own service. Pure; the caller serializes with the VM's other work.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/ic.h>
#include "runtime/err.h"
#include "vmbus/vmbus.h"

struct ic;

enum ic_state {
	IC_CLOSED = 0,  /* the guest has not opened the channel */
	IC_NEGOTIATING, /* asked for versions */
	IC_READY,
	IC_REFUSED, /* no version in common; until the guest opens again */
};

struct ic_service {
	struct hv_guid interface;
	uint16_t type;           /* enum hv_ic_message_type */
	uint16_t body_size;      /* of its largest request */
	uint8_t framework_count; /* the newest first, in both lists */
	uint8_t message_count;
	struct hv_ic_version framework[2];
	struct hv_ic_version message[4];
	void (*ready)(struct ic *ic); /* versions are agreed; may be NULL */
	/* The guest answered the request: body of `size` bytes, private. */
	void (*answered)(struct ic *ic, uint32_t status, const void *body, uint32_t size);
	void (*closed)(struct ic *ic); /* a request open gets no answer; may be NULL */
};

struct ic {
	const struct ic_service *service;
	struct vmbus_channel *channel; /* NULL: not offered */
	enum ic_state state;
	struct hv_ic_version framework; /* as agreed */
	struct hv_ic_version message;
	bool is_waiting; /* for the answer to `transaction` */
	bool is_negotiation_due;
	uint8_t transaction;
	uint32_t ignored; /* packets that were no answer to anything */
};

/* Offers the service; `instance` names it within its VM. ERR_MEMORY: no channel
 * is left; ERR_STATE: it is offered already. */
ERR_CHECKED enum err ic_offer(struct ic *ic, struct vmbus_server *s, const struct ic_service *service,
                              const struct hv_guid *instance);

/* Sends a request. ERR_STATE: not ready, or the last one is not answered yet.
 * ERR_MEMORY: the guest's ring is full. */
ERR_CHECKED enum err ic_request(struct ic *ic, const void *body, uint32_t size);

#define IC_STATE_VERSION 1u
struct ic_saved {
	uint32_t version;
	uint32_t state; /* enum ic_state */
	struct hv_ic_version framework;
	struct hv_ic_version message;
	uint8_t transaction;
	uint8_t is_negotiation_due;
	uint8_t reserved[2];
};
_Static_assert(sizeof(struct ic_saved) == 20, "ic_saved");

/* A request that is not answered is not saved: its answer will be ignored. */
void ic_save(const struct ic *ic, struct ic_saved *saved);

/* Instead of ic_offer, for a server that was loaded: adopts the channel. What the
 * service itself keeps begins as new. ERR_UNSUPPORTED: another version. ERR_RANGE:
 * what no service can hold. ERR_NOT_FOUND: the server has no such channel. ERR_STATE:
 * it is not in the channel's state. Nothing is adopted then. */
ERR_CHECKED enum err ic_load(struct ic *ic, struct vmbus_server *s, const struct ic_service *service,
                             const struct hv_guid *instance, const struct ic_saved *saved);

/* Forgets the request that is not answered: an answer later is ignored. */
void ic_give_up(struct ic *ic);
