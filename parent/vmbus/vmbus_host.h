/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a VMBus server needs of the machine under it: the kernel's SynIC, and
 * a turn later. Host tests link a fake.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hv_abi/types.h>
#include "runtime/err.h"

struct vmbus_server;

/* Posts one message of VMBUS_MESSAGE_TYPE to VMBUS_SINT of a VP. False: there is
 * no room now; the server is to get vmbus_flush when there may be. */
bool vmbus_host_post(struct vmbus_server *s, hv_vp_index_t vp, const void *payload, size_t size);

/* Sets event flag `relid` of VMBUS_SINT of a VP. */
void vmbus_host_signal(struct vmbus_server *s, hv_vp_index_t vp, uint32_t relid);

/* From now on the guest's HvSignalEvent on this connection becomes
 * vmbus_signaled(s, relid); and back. */
ERR_CHECKED enum err vmbus_host_listen(struct vmbus_server *s, uint32_t connection_id, uint32_t relid);
void vmbus_host_unlisten(struct vmbus_server *s, uint32_t connection_id, uint32_t relid);

/* Calls vmbus_signaled(s, relid) when others on this processor had their turn. */
void vmbus_host_again(struct vmbus_server *s, uint32_t relid);

/* Calls vmbus_signaled(s, relid) within a millisecond or two. False: it cannot, from here. */
bool vmbus_host_later(struct vmbus_server *s, uint32_t relid);
