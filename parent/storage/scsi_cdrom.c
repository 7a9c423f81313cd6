/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What only CD-ROM drives are asked: one data track from the first block to the last, in
 * one session that is complete. A disc of more blocks than a CD has is a DVD [MMC-6 5
 * "Features and Profiles", 6.5 "GET CONFIGURATION Command", 6.21 "READ DISC INFORMATION
 * Command", 6.25 "READ TOC/PMA/ATIP Command", 6.11 "MECHANISM STATUS Command"; MMC-3
 * "MM Capabilities and Mechanical Status Page"].
 */
#include <string.h>

#include "storage/scsi_internal.h"

#define CD_BLOCKS      (80u * 60 * 75) /* 80 minutes */
#define PROFILE_CD     0x0008u
#define PROFILE_DVD    0x0010u
#define DATA_TRACK     0x14u /* ADR 1, digital copy prohibited, data */
#define LEAD_OUT       0xaau
#define LEAD_IN_FRAMES 150u /* before block 0 */
#define REPLY_MAX      128u

/* Blocks, no more than an address of 32 bits tells. */
static uint32_t block_count(const struct scsi_disk *d) {
	uint64_t count = scsi_block_count(d);

	return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static uint32_t profile_of(const struct scsi_disk *d) { return block_count(d) > CD_BLOCKS ? PROFILE_DVD : PROFILE_CD; }

/* --- GET CONFIGURATION --- */

struct reply {
	uint32_t size;
	uint8_t bytes[REPLY_MAX];
};

/* Whether a feature is asked for: all from `start` on, of these the current ones, or one. */
static bool is_asked(const struct scsi_command *c, uint32_t feature, bool is_current) {
	uint32_t start = be16_get(c->cdb + 2);

	switch (c->cdb[1] & 3) {
	case 0:
		return feature >= start;
	case 1:
		return feature >= start && is_current;
	default:
		return feature == start;
	}
}

static void add_feature(const struct scsi_command *c, struct reply *r, uint32_t feature, uint8_t version,
                        bool is_current, const void *data, uint8_t size) {
	uint8_t *at = r->bytes + r->size;

	if (!is_asked(c, feature, is_current))
		return;
	be16_put(at, feature);
	at[2] = (uint8_t)(version << 2 | (feature <= 3 ? 2 : 0) | is_current); /* the first are persistent */
	at[3] = size;
	memcpy(at + 4, data, size);
	r->size += 4u + size;
}

static void add_features(const struct scsi_command *c, struct reply *r, uint32_t profile) {
	static const uint8_t core[8] = {0, 0, 0, 1, 0x01};        /* SCSI; has media events */
	static const uint8_t morphing[4] = {0x02};                /* operational changes: none */
	static const uint8_t removable[4] = {0x29};               /* a tray that opens and can be locked */
	static const uint8_t readable[8] = {0, 0, 0x08, 0, 0, 1}; /* 2048 bytes, one by one */
	static const uint8_t cd_read[4] = {0}, dvd_read[4] = {0};
	uint8_t profiles[8] = {0};

	be16_put(profiles, PROFILE_DVD);
	profiles[2] = profile == PROFILE_DVD;
	be16_put(profiles + 4, PROFILE_CD);
	profiles[6] = profile == PROFILE_CD;
	add_feature(c, r, 0x0000, 0, true, profiles, sizeof(profiles));
	add_feature(c, r, 0x0001, 2, true, core, sizeof(core));
	add_feature(c, r, 0x0002, 1, true, morphing, sizeof(morphing));
	add_feature(c, r, 0x0003, 1, true, removable, sizeof(removable));
	add_feature(c, r, 0x0010, 0, profile != 0, readable, sizeof(readable));
	add_feature(c, r, 0x001e, 2, profile == PROFILE_CD, cd_read, sizeof(cd_read));
	add_feature(c, r, 0x001f, 0, profile == PROFILE_DVD, dvd_read, sizeof(dvd_read));
}

void scsi_cdrom_configuration(struct scsi_command *c) {
	struct reply r = {.size = 8};
	uint32_t profile = scsi_has_medium(c->disk) ? profile_of(c->disk) : 0;

	if ((c->cdb[1] & 3) == 3) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	add_features(c, &r, profile);
	be32_put(r.bytes, r.size - 4);
	be16_put(r.bytes + 6, profile);
	scsi_reply(c, r.bytes, r.size, be16_get(c->cdb + 7));
}

/* --- Table of contents --- */

/* A block's address, or minute, second and frame from the beginning of the lead-in. */
static void put_address(uint8_t *to, uint32_t block, bool is_time) {
	uint32_t frames = block + LEAD_IN_FRAMES;

	if (!is_time) {
		be32_put(to, block);
		return;
	}
	to[0] = 0;
	to[1] = (uint8_t)(frames / (60 * 75));
	to[2] = (uint8_t)(frames / 75 % 60);
	to[3] = (uint8_t)(frames % 75);
}

static uint32_t add_track(uint8_t *to, uint8_t track, uint32_t block, bool is_time) {
	to[1] = DATA_TRACK;
	to[2] = track;
	put_address(to + 4, block, is_time);
	return 8;
}

/* Tracks from one on: the first is the only one. */
static uint32_t tracks(const struct scsi_command *c, uint8_t *reply) {
	bool is_time = c->cdb[1] & 2;
	uint32_t size = 4;

	if (c->cdb[6] <= 1)
		size += add_track(reply + size, 1, 0, is_time);
	size += add_track(reply + size, LEAD_OUT, block_count(c->disk), is_time);
	return size;
}

static uint32_t sessions(const struct scsi_command *c, uint8_t *reply) {
	return 4 + add_track(reply + 4, 1, 0, c->cdb[1] & 2);
}

/* What stands in the lead-in: first track, last track, lead-out, and the track. */
static uint32_t raw_entry(uint8_t *to, uint8_t point, uint32_t block, uint8_t minute) {
	to[0] = 1;
	to[1] = DATA_TRACK;
	to[3] = point;
	put_address(to + 7, block, true);
	if (minute != 0) {
		to[8] = minute;
		to[9] = to[10] = 0;
	}
	return 11;
}

static uint32_t raw_contents(const struct scsi_command *c, uint8_t *reply) {
	uint32_t size = 4;

	size += raw_entry(reply + size, 0xa0, 0, 1);
	size += raw_entry(reply + size, 0xa1, 0, 1);
	size += raw_entry(reply + size, 0xa2, block_count(c->disk), 0);
	size += raw_entry(reply + size, 1, 0, 0);
	return size;
}

/* The format is in byte 2, of old initiators in the last byte's upper bits. */
void scsi_cdrom_contents(struct scsi_command *c) {
	uint8_t reply[64] = {0}, format = c->cdb[2] & 0xf;
	uint32_t size;

	if (format == 0)
		format = c->cdb[9] >> 6;
	if (format > 2 || (format == 0 && c->cdb[6] > 1 && c->cdb[6] != LEAD_OUT)) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	size = format == 0 ? tracks(c, reply) : format == 1 ? sessions(c, reply) : raw_contents(c, reply);
	be16_put(reply, size - 2);
	reply[2] = reply[3] = 1; /* first and last track, or session */
	scsi_reply(c, reply, size, be16_get(c->cdb + 7));
}

void scsi_cdrom_disc_information(struct scsi_command *c) {
	uint8_t reply[34] = {0};

	if (c->cdb[1] & 7) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	be16_put(reply, sizeof(reply) - 2);
	reply[2] = 0x0e;                               /* disc and its last session are complete */
	reply[3] = reply[4] = reply[5] = reply[6] = 1; /* first track; sessions; first and last track of the last */
	reply[7] = 0x20;                               /* for any use */
	memset(reply + 16, 0xff, 8);                   /* nowhere to go on writing */
	scsi_reply(c, reply, sizeof(reply), be16_get(c->cdb + 7));
}

void scsi_cdrom_mechanism(struct scsi_command *c) {
	uint8_t reply[8] = {0};

	reply[1] = c->disk->is_tray_open ? 0x10 : 0;
	reply[5] = 1; /* slot */
	scsi_reply(c, reply, sizeof(reply), be16_get(c->cdb + 8));
}

/* --- Mode pages --- */

#define PAGE_RECOVERY     0x01u
#define PAGE_CAPABILITIES 0x2au
#define PAGE_ALL          0x3fu
#define SPEED             (32u * 176) /* KB/s; nothing depends on it */

static uint32_t recovery_page(uint8_t *page) {
	page[0] = PAGE_RECOVERY;
	page[1] = 10;
	return 12;
}

static uint32_t capabilities_page(const struct scsi_disk *d, uint8_t *page) {
	page[0] = PAGE_CAPABILITIES;
	page[1] = 20;
	page[2] = 0x3b;                                     /* reads CD-R, CD-RW, DVD-ROM, DVD-R, DVD-RAM */
	page[4] = 0x70;                                     /* both forms of mode 2, several sessions */
	page[6] = (uint8_t)(0x29 | (d->is_locked ? 2 : 0)); /* a tray that opens and can be locked */
	be16_put(page + 8, SPEED);
	be16_put(page + 14, SPEED);
	return 22;
}

/* No block descriptor, and nothing that can be changed. */
void scsi_cdrom_mode_sense(struct scsi_command *c) {
	bool is_long = c->cdb[0] == 0x5a, is_changeable = c->cdb[2] >> 6 == 1;
	uint8_t code = c->cdb[2] & 0x3f, reply[64] = {0};
	uint32_t header = is_long ? 8 : 4, size = header;

	if (c->cdb[2] >> 6 == 3) {
		scsi_fail(c, SENSE_NO_SAVED_PARAMETERS);
		return;
	}
	if (c->cdb[3] != 0 || (code != PAGE_RECOVERY && code != PAGE_CAPABILITIES && code != PAGE_ALL)) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	if (code != PAGE_CAPABILITIES)
		size += recovery_page(reply + size);
	if (code != PAGE_RECOVERY) {
		uint32_t page = capabilities_page(c->disk, reply + size);

		if (is_changeable)
			memset(reply + size + 2, 0, page - 2);
		size += page;
	}
	reply[is_long ? 1 : 0] = (uint8_t)(size - (is_long ? 2 : 1));
	scsi_reply(c, reply, size, is_long ? be16_get(c->cdb + 7) : c->cdb[4]);
}
