/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A SCSI target with disks and CD-ROM drives [T10 SPC-4 "SCSI Primary Commands", SBC-3
 * "SCSI Block Commands", MMC-6 "Multi-Media Commands"]. Commands carry what the initiator sent, privately copied, and
 * the memory for their data, which the initiator may change at any time: data that are looked at are copied once,
 * blocks go straight between it and the volume. Every command completes. Pure; the caller serializes with `done` of its
 * volumes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "storage/volume.h"

#define SCSI_LUN_COUNT    64u
#define SCSI_CDB_SIZE     16u
#define SCSI_SENSE_SIZE   18u
#define SCSI_UNMAP_RANGES 16u

enum scsi_status {
	SCSI_GOOD = 0,
	SCSI_CHECK_CONDITION = 2,
};

enum scsi_direction {
	SCSI_NO_DATA = 0,
	SCSI_DATA_IN,  /* to the initiator */
	SCSI_DATA_OUT, /* from it */
};

struct scsi_range {
	uint64_t block;
	uint64_t count;
};

struct scsi_command {
	/* The submitter's: */
	uint8_t lun;
	uint8_t cdb_size; /* at most SCSI_CDB_SIZE; the rest of cdb is 0 */
	uint8_t cdb[SCSI_CDB_SIZE];
	enum scsi_direction direction;
	uint32_t data_size; /* in all segments */
	const struct volume_segment *segment;
	unsigned segment_count;
	void (*done)(struct scsi_command *c);
	/* The result: */
	enum scsi_status status;
	bool is_lun_absent; /* there is no disk behind the LUN */
	uint8_t sense[SCSI_SENSE_SIZE];
	uint32_t transferred; /* bytes */
	/* Private: */
	struct scsi_disk *disk;
	struct volume_request request;
	struct scsi_range range[SCSI_UNMAP_RANGES];
	unsigned range_count, range_next;
};

struct scsi_disk {
	struct volume *volume; /* not owned */
	uint32_t transfer_max; /* bytes in one command */
	bool is_removable;
	bool is_cdrom; /* and removable; the volume is read-only, its blocks are shown as 2048 bytes */
	/* The target's, all 0 at first: */
	bool is_empty;      /* no medium */
	bool is_tray_open;  /* the initiator has ejected it */
	bool is_locked;     /* and may not now */
	uint8_t event;      /* of the medium, that GET EVENT STATUS NOTIFICATION has not told yet */
	uint32_t attention; /* sense of the next command */
};

struct scsi_target {
	struct scsi_disk *lun[SCSI_LUN_COUNT]; /* NULL: absent */
	uint64_t attention;                    /* a bit per LUN that has to report that the others changed */
};

/* Puts a disk behind a LUN, or takes it away (NULL), while commands may run: those that
 * found the old disk still use it until they are done. The other disks report the change
 * as a unit attention, once, unless REPORT LUNS comes first. */
void scsi_target_set(struct scsi_target *t, uint8_t lun, struct scsi_disk *disk);

/* Executes; `done` follows, perhaps before this returns. */
void scsi_execute(struct scsi_target *t, struct scsi_command *c);

/* Another medium, or none, in a drive that is removable or a CD-ROM: no command of it is
 * with the volume. The initiator learns of it by its next command. */
void scsi_insert_medium(struct scsi_disk *d, struct volume *v);
void scsi_remove_medium(struct scsi_disk *d);
