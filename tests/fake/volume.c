/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/volume.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds) {
	if (!holds)
		abort();
}

static void transfer(struct fake_volume *v, struct volume_request *r, bool is_write) {
	uint64_t at = r->block * v->volume.block_size, left = r->count * v->volume.block_size;
	uint8_t *data = (uint8_t *)v->data;

	for (unsigned i = 0; i < r->segment_count && left > 0; i++) {
		uint64_t part = r->segment[i].size < left ? r->segment[i].size : left;

		if (is_write)
			memcpy(data + at, r->segment[i].memory, part);
		else
			memcpy(r->segment[i].memory, data + at, part);
		at += part;
		left -= part;
	}
	require(left == 0);
}

static void carry_out(struct fake_volume *v, struct volume_request *r) {
	switch (r->operation) {
	case VOLUME_READ:
		v->reads++;
		transfer(v, r, false);
		break;
	case VOLUME_WRITE:
		v->writes++;
		v->durable_writes += r->is_durable;
		transfer(v, r, true);
		break;
	case VOLUME_FLUSH:
		v->flushes++;
		break;
	case VOLUME_DISCARD:
		v->discards++;
		memset((uint8_t *)v->data + r->block * v->volume.block_size, 0xdd, r->count * v->volume.block_size);
		break;
	case VOLUME_ZERO:
		v->zeros++;
		memset((uint8_t *)v->data + r->block * v->volume.block_size, 0, r->count * v->volume.block_size);
		break;
	}
}

static void complete(struct fake_volume *v, struct volume_request *r) {
	if (v->result == VOLUME_OK)
		carry_out(v, r);
	r->done(r, v->result);
}

static void submit(struct volume *volume, struct volume_request *r) {
	struct fake_volume *v = (struct fake_volume *)volume;

	require(r->count <= volume->block_count && r->block <= volume->block_count - r->count);
	require(volume->block_count * volume->block_size <= sizeof(v->data));
	require((r->count == 0) == (r->operation == VOLUME_FLUSH));
	require(!volume->is_read_only || r->operation == VOLUME_READ || r->operation == VOLUME_FLUSH);
	v->last_block = r->block;
	v->last_count = r->count;
	if (!v->is_slow) {
		complete(v, r);
		return;
	}
	require(v->queued < FAKE_VOLUME_QUEUE);
	v->queue[v->queued++] = r;
}

void fake_volume_init(struct fake_volume *v) {
	memset(v, 0, sizeof(*v));
	v->volume = (struct volume){
	    .submit = submit,
	    .block_count = FAKE_VOLUME_BLOCKS,
	    .block_size = 512,
	    .physical_block_size = 4096,
	    .has_write_cache = true,
	    .can_discard = true,
	};
	for (unsigned i = 0; i < 16; i++)
		v->volume.id[i] = (uint8_t)(0xa0 + i);
	for (unsigned i = 0; i < FAKE_VOLUME_BLOCKS; i++)
		memset(v->data[i], (int)i, 512);
}

bool fake_volume_complete(struct fake_volume *v) {
	struct volume_request *r = v->queue[0];

	if (v->queued == 0)
		return false;
	v->queued--;
	memmove(v->queue, v->queue + 1, v->queued * sizeof(v->queue[0]));
	complete(v, r);
	return true;
}
