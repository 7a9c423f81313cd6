/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Capacity and mode pages [SBC-3 "READ CAPACITY (10)", "READ CAPACITY (16)",
 * "Mode parameters for direct access block devices", "Caching mode page"; SPC-4
 * "Control mode page"].
 */
#include <string.h>

#include "storage/scsi_internal.h"

void scsi_read_capacity(struct scsi_command *c) {
	uint64_t last = scsi_block_count(c->disk) - 1;
	uint8_t reply[8];

	be32_put(reply, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
	be32_put(reply + 4, scsi_block_size(c->disk));
	scsi_reply(c, reply, sizeof(reply), sizeof(reply));
}

void scsi_read_capacity_16(struct scsi_command *c) {
	const struct volume *v = c->disk->volume;
	uint8_t reply[32] = {0};

	be64_put(reply, scsi_block_count(c->disk) - 1);
	be32_put(reply + 8, scsi_block_size(c->disk));
	reply[13] = (uint8_t)__builtin_ctz(v->physical_block_size / v->block_size); /* as an exponent */
	reply[14] = v->can_discard ? 0x80 : 0;                                      /* provisioning is managed */
	scsi_reply(c, reply, sizeof(reply), be32_get(c->cdb + 10));
}

#define PAGE_CACHING 0x08
#define PAGE_CONTROL 0x0a
#define PAGE_ALL     0x3f

/* Values that can be changed: none. */
static uint32_t caching_page(const struct volume *v, bool is_changeable, uint8_t *page) {
	page[0] = PAGE_CACHING;
	page[1] = 18;
	if (!is_changeable && v->has_write_cache)
		page[2] = 0x04; /* WCE */
	return 20;
}

static uint32_t control_page(bool is_changeable, uint8_t *page) {
	page[0] = PAGE_CONTROL;
	page[1] = 10;
	if (!is_changeable)
		page[3] = 0x10; /* commands may be reordered */
	return 12;
}

static uint32_t block_descriptor(const struct volume *v, uint8_t *to) {
	be32_put(to, v->block_count > UINT32_MAX ? UINT32_MAX : (uint32_t)v->block_count);
	be32_put(to + 4, v->block_size); /* 24 bits */
	return 8;
}

void scsi_mode_sense(struct scsi_command *c) {
	const struct volume *v = c->disk->volume;
	bool is_long = c->cdb[0] == 0x5a, is_changeable = c->cdb[2] >> 6 == 1;
	uint8_t code = c->cdb[2] & 0x3f;
	uint8_t flags = (uint8_t)((v->is_read_only ? 0x80 : 0) | 0x10); /* WP, DPOFUA */
	uint8_t reply[64] = {0};
	uint32_t header = is_long ? 8 : 4, size = header;

	if (c->cdb[2] >> 6 == 3) {
		scsi_fail(c, SENSE_NO_SAVED_PARAMETERS);
		return;
	}
	if ((code != PAGE_CACHING && code != PAGE_CONTROL && code != PAGE_ALL) ||
	    (c->cdb[3] != 0 && !(code == PAGE_ALL && c->cdb[3] == 0xff))) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	if (!(c->cdb[1] & 0x08))
		size += block_descriptor(v, reply + size);
	reply[header - 1] = (uint8_t)(size - header);
	if (code != PAGE_CONTROL)
		size += caching_page(v, is_changeable, reply + size);
	if (code != PAGE_CACHING)
		size += control_page(is_changeable, reply + size);
	reply[is_long ? 3 : 2] = flags;
	reply[is_long ? 1 : 0] = (uint8_t)(size - (is_long ? 2 : 1));
	scsi_reply(c, reply, size, is_long ? be16_get(c->cdb + 7) : c->cdb[4]);
}
