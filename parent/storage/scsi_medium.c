/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Media that come and go, by the initiator's wish or the host's [SPC-4 "PREVENT ALLOW
 * MEDIUM REMOVAL command"; SBC-3 "START STOP UNIT command"; MMC-6 6.6 "GET EVENT STATUS
 * NOTIFICATION Command"].
 */
#include "storage/scsi_internal.h"

#define LOAD_EJECT  0x02u
#define START       0x01u

#define CLASS_MEDIA 4u
#define EVENT_NEW   2u
#define EVENT_GONE  3u

static void arrive(struct scsi_disk *d) {
	d->event = EVENT_NEW;
	d->attention = SENSE_MEDIUM_CHANGED;
}

void scsi_insert_medium(struct scsi_disk *d, struct volume *v) {
	d->volume = v;
	d->is_empty = d->is_tray_open = false;
	arrive(d);
}

void scsi_remove_medium(struct scsi_disk *d) {
	d->is_empty = true;
	d->event = EVENT_GONE;
	d->attention = 0;
}

static void eject(struct scsi_command *c) {
	struct scsi_disk *d = c->disk;

	if (d->is_locked) {
		scsi_fail(c, SENSE_REMOVAL_PREVENTED);
		return;
	}
	if (!d->is_tray_open && !d->is_empty)
		d->event = EVENT_GONE;
	d->is_tray_open = true;
	scsi_flush(c);
}

static void load(struct scsi_command *c) {
	struct scsi_disk *d = c->disk;

	if (d->is_tray_open && !d->is_empty)
		arrive(d);
	d->is_tray_open = false;
	scsi_good(c);
}

/* Stopping writes the cache out. */
void scsi_start_stop(struct scsi_command *c) {
	bool is_start = c->cdb[4] & START;

	if (!(c->cdb[4] & LOAD_EJECT)) {
		if (is_start)
			scsi_good(c);
		else
			scsi_flush(c);
	} else if (!scsi_is_removable(c->disk)) {
		scsi_fail(c, SENSE_INVALID_FIELD);
	} else if (is_start) {
		load(c);
	} else {
		eject(c);
	}
}

void scsi_prevent_removal(struct scsi_command *c) {
	if (scsi_is_removable(c->disk))
		c->disk->is_locked = c->cdb[4] & 1;
	scsi_good(c);
}

/* Polled only, and of the medium only. */
void scsi_event_status(struct scsi_command *c) {
	struct scsi_disk *d = c->disk;
	uint8_t reply[8] = {0, 2, 0x80, 1u << CLASS_MEDIA}; /* no event available */
	uint32_t size = 4;

	if (!(c->cdb[1] & 1)) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	if (c->cdb[4] & 1u << CLASS_MEDIA) {
		reply[1] = 6;
		reply[2] = CLASS_MEDIA;
		reply[4] = d->event;
		reply[5] = (uint8_t)((d->is_tray_open ? 1 : 0) | (scsi_has_medium(d) ? 2 : 0));
		size = 8;
	}
	if (size == 8 && be16_get(c->cdb + 7) >= 8)
		d->event = 0;
	scsi_reply(c, reply, size, be16_get(c->cdb + 7));
}
