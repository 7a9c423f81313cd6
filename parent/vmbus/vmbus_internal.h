/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the VMBus server share. */
#pragma once

#include "vmbus/vmbus.h"

/* Appends a reply. There is room: vmbus_receive made sure of it, and a message
 * has one reply at most. */
void vmbus_reply_append(struct vmbus_server *s, const void *message, size_t size);

/* The channel of a relid, in any state but free; NULL otherwise. */
struct vmbus_channel *vmbus_channel_find(struct vmbus_server *s, uint32_t relid);

/* Messages about one channel; errors as vmbus_messages.c lists them. */
enum err vmbus_open(struct vmbus_server *s, const struct vmbus_open_channel *m);
enum err vmbus_close(struct vmbus_server *s, const struct vmbus_relid_message *m);
enum err vmbus_modify(struct vmbus_server *s, const struct vmbus_modify_channel *m);
enum err vmbus_release(struct vmbus_server *s, const struct vmbus_relid_message *m);

/* Begins closing a channel that is opening or open. */
void vmbus_channel_close(struct vmbus_channel *c);

/* The channel is no more; its device hears `gone`. */
void vmbus_channel_free(struct vmbus_channel *c);

/* OPEN_RESULT of this channel has reached the guest. */
void vmbus_channel_told(struct vmbus_channel *c);

/* Where the rings of a channel lie in list `g`: a control page and data, once from
 * its start and once from page `downstream` on. ERR_RANGE: they have no room. */
enum err vmbus_place_rings(const struct gpadl *g, uint32_t downstream, struct ring_memory *in, struct ring_memory *out);

/* Do two offers name the same channel? */
bool vmbus_is_same_offer(const struct vmbus_offer *a, const struct vmbus_offer *b);

/* Connection: */
bool vmbus_is_version_known(uint32_t version);
enum err vmbus_contact(struct vmbus_server *s, const struct vmbus_initiate_contact *m);
enum err vmbus_unload(struct vmbus_server *s);

/* Ends the reset if no channel drains any more. */
void vmbus_reset_continue(struct vmbus_server *s);
