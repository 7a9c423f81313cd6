/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A volume in memory that completes at once, later, or with an error. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "storage/volume.h"

#define FAKE_VOLUME_BLOCKS 1024u
#define FAKE_VOLUME_QUEUE  512u

struct fake_volume {
	struct volume volume;
	uint8_t data[FAKE_VOLUME_BLOCKS][512];
	bool is_slow; /* requests wait for fake_volume_complete */
	struct volume_request *queue[FAKE_VOLUME_QUEUE];
	unsigned queued;
	enum volume_result result; /* of all requests from now on */
	unsigned reads, writes, durable_writes, flushes, discards, zeros;
	uint64_t last_block, last_count;
};

/* 512-byte blocks, writable, with a cache and discard; block n holds n. Size and number of
 * the blocks may be changed afterwards. */
void fake_volume_init(struct fake_volume *v);

/* Completes the oldest waiting request; false: none. */
bool fake_volume_complete(struct fake_volume *v);
