/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A machine under a VMBus server: remembers what was posted and signaled. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/vmbus.h>

#define FAKE_POSTS 512u

struct fake_post {
	hv_vp_index_t vp;
	uint32_t size;
	uint8_t payload[HV_MESSAGE_PAYLOAD_SIZE];
};

struct fake_vmbus_host {
	struct fake_post post[FAKE_POSTS];
	unsigned post_count;
	unsigned room;     /* posts that will be taken before it is full */
	unsigned signals;  /* in all */
	uint32_t signaled; /* the last relid */
	hv_vp_index_t signaled_vp;
	unsigned listening; /* connections open */
	bool refuses_to_listen;
	uint32_t again; /* relid that wants another turn, or 0 */
	uint32_t later; /* relid that is to be looked at soon, or 0 */
	bool has_no_later;
};
extern struct fake_vmbus_host fake_vmbus;

/* Nothing happened; room for all. */
void fake_vmbus_reset(void);
