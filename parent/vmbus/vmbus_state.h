/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VMBus server as bytes: one header, then a record per channel, then per list
 * of pages a record and its page numbers. What lies in the rings is the guest's
 * memory and travels with that. Loading believes nothing: the bytes may come from
 * a file that somebody edited.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "runtime/err.h"
#include "vmbus/vmbus.h"

#define VMBUS_STATE_VERSION       1u

#define VMBUS_STATE_OFFERS_WANTED 0x1u
#define VMBUS_STATE_END_DUE       0x2u
struct vmbus_state_header {
	uint32_t version;
	uint32_t size; /* of all, in bytes */
	uint32_t is_connected;
	uint32_t vmbus_version;
	uint32_t target_vp;
	uint32_t flags;
	uint32_t channel_count;
	uint32_t gpadl_count;
	uint32_t refused;
	uint32_t reply_count; /* oldest first; the others are 0 */
	struct vmbus_reply reply[VMBUS_OUTBOX_SIZE];
};
_Static_assert(sizeof(struct vmbus_state_header) == 1480, "vmbus_state_header");

#define VMBUS_STATE_RESCINDED   0x1u
#define VMBUS_STATE_RESCIND_DUE 0x2u
#define VMBUS_STATE_BROKEN      0x4u
#define VMBUS_STATE_WAITS       0x8u /* for room in its ring to the guest */
struct vmbus_state_channel {
	uint32_t relid;
	uint32_t state; /* enum vmbus_channel_state */
	uint32_t flags;
	uint32_t target_vp;
	uint32_t open_id;
	uint32_t ring_gpadl; /* the rest only while opening or open */
	uint32_t downstream_page;
	uint32_t in_index;
	uint32_t out_index;
	struct vmbus_offer offer;
	uint8_t open_data[VMBUS_USER_DATA_SIZE];
};
_Static_assert(sizeof(struct vmbus_state_channel) == 312, "vmbus_state_channel");

struct vmbus_state_gpadl {
	uint32_t state; /* enum gpadl_state */
	uint32_t id;
	uint32_t relid;
	uint32_t byte_count;
	uint32_t byte_offset;
	uint32_t page_count;
	uint32_t arrived; /* page numbers that follow, 8 bytes each */
	uint32_t reserved;
};
_Static_assert(sizeof(struct vmbus_state_gpadl) == 32, "vmbus_state_gpadl");

/* Bytes that vmbus_save will write now. */
size_t vmbus_save_size(const struct vmbus_server *s);

/* ERR_STATE: a device drains, or has read or written packets that it did not give
 * back or publish: let it finish first. ERR_RANGE: the size is not
 * vmbus_save_size. Nothing changes. */
ERR_CHECKED enum err vmbus_save(const struct vmbus_server *s, void *to, size_t size);

/* Into a server that vmbus_init just made. Channels are nobody's until
 * vmbus_adopt. ERR_UNSUPPORTED: another version. ERR_FORMAT: cut, or too long.
 * ERR_RANGE: a field that no server can have. Others as gpadl_begin and
 * vmbus_host_listen. After an error the server is as vmbus_init made it. */
ERR_CHECKED enum err vmbus_load(struct vmbus_server *s, const void *from, size_t size);

/* A loaded channel that nobody adopted yet, by its names; NULL: there is none. */
const struct vmbus_channel *vmbus_find_orphan(const struct vmbus_server *s, const struct vmbus_offer *offer);

/* Gives a loaded channel to its device, in the state that it was in; NULL: there
 * is no such channel, and the device offers a new one. */
struct vmbus_channel *vmbus_adopt(struct vmbus_server *s, const struct vmbus_offer *offer,
                                  const struct vmbus_device_ops *ops, void *device);

/* All devices are there: rescinds what nobody adopted, and has every open channel
 * looked at, since signals may have been lost. */
void vmbus_adopt_end(struct vmbus_server *s);
