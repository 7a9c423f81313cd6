/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which command is whose, and how commands end. */
#include "storage/scsi.h"

#include <string.h>
#include "storage/scsi_internal.h"
#include "vmbus/shared_memory.h"

#define REQUEST_SENSE 0x03
#define INQUIRY       0x12
#define REPORT_LUNS   0xa0

void scsi_sense(uint8_t data[SCSI_SENSE_SIZE], uint32_t sense) {
	memset(data, 0, SCSI_SENSE_SIZE);
	data[0] = 0x70; /* current error, fixed format */
	data[2] = (uint8_t)(sense >> 16);
	data[7] = SCSI_SENSE_SIZE - 8;
	data[12] = (uint8_t)(sense >> 8);
	data[13] = (uint8_t)sense;
}

void scsi_good(struct scsi_command *c) {
	c->status = SCSI_GOOD;
	c->done(c);
}

void scsi_fail(struct scsi_command *c, uint32_t sense) {
	c->status = SCSI_CHECK_CONDITION;
	c->transferred = 0;
	scsi_sense(c->sense, sense);
	c->done(c);
}

void scsi_reply(struct scsi_command *c, const void *data, uint32_t size, uint32_t allocation) {
	const uint8_t *from = data;

	size = size < allocation ? size : allocation;
	if (c->direction != SCSI_DATA_IN)
		size = 0;
	for (unsigned i = 0; i < c->segment_count && size > 0; i++) {
		uint32_t part = size < c->segment[i].size ? size : c->segment[i].size;

		shared_write(c->segment[i].memory, from, part);
		from += part;
		size -= part;
		c->transferred += part;
	}
	scsi_good(c);
}

bool scsi_fetch(const struct scsi_command *c, void *to, uint32_t size) {
	uint8_t *at = to;

	if (c->direction != SCSI_DATA_OUT || size > c->data_size)
		return false;
	for (unsigned i = 0; i < c->segment_count && size > 0; i++) {
		uint32_t part = size < c->segment[i].size ? size : c->segment[i].size;

		shared_read(at, c->segment[i].memory, part);
		at += part;
		size -= part;
	}
	return size == 0;
}

/* Disks whose medium comes and goes say nothing: to a stock guest any unit attention of
 * such a disk is a change of its medium, and the request that met it fails. */
void scsi_target_set(struct scsi_target *t, uint8_t lun, struct scsi_disk *disk) {
	t->lun[lun] = disk;
	for (unsigned i = 0; i < SCSI_LUN_COUNT; i++)
		if (i != lun && t->lun[i] != NULL && !scsi_is_removable(t->lun[i]))
			t->attention |= 1ull << i;
	t->attention &= ~(1ull << lun);
}

/* What the LUN of the command has to report, or 0: now it is told [SAM-4 "Unit attention
 * condition"]. News of its medium go first. */
static uint32_t take_attention(struct scsi_target *t, const struct scsi_command *c) {
	uint64_t bit = 1ull << c->lun;
	uint32_t sense = c->disk->attention;

	c->disk->attention = 0;
	if (sense != 0)
		return sense;
	sense = t->attention & bit ? SENSE_LUNS_CHANGED : 0;
	t->attention &= ~bit;
	return sense;
}

/* LUNs of one byte: peripheral device addressing [SAM-4 "LUN representation"]. */
static void report_luns(struct scsi_target *t, struct scsi_command *c) {
	uint8_t list[8 + 8 * SCSI_LUN_COUNT] = {0};
	uint32_t allocation = be32_get(c->cdb + 6), size = 8;

	if (allocation < 16 || c->cdb[2] > 2) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	for (unsigned lun = 0; lun < SCSI_LUN_COUNT && c->cdb[2] != 1; lun++) {
		if (t->lun[lun] == NULL)
			continue;
		list[size + 1] = (uint8_t)lun;
		size += 8;
	}
	be32_put(list, size - 8);
	t->attention = 0; /* what it would report is in the list [SPC-4 "REPORT LUNS command"] */
	scsi_reply(c, list, size, allocation);
}

/* No deferred errors: sense data went with the command that failed. What waits for the
 * next command is told here, and by nothing else then. */
static void request_sense(struct scsi_target *t, struct scsi_command *c) {
	uint8_t data[SCSI_SENSE_SIZE];
	uint32_t sense = SENSE_NO_LUN;

	if (c->cdb[1] & 1) { /* descriptor format */
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	if (c->disk != NULL)
		sense = take_attention(t, c);
	scsi_sense(data, sense);
	scsi_reply(c, data, sizeof(data), c->cdb[4]);
}

#define ON_DISK  0x01u
#define ON_CDROM 0x02u
#define ON_BOTH  (ON_DISK | ON_CDROM)
#define READS    0x04u /* there must be a medium */
#define QUIET    0x08u /* does not say that the medium has changed */

struct command {
	uint8_t opcode;
	uint8_t service_action; /* in bits 4:0 of byte 1, for 0x9e only */
	uint8_t flags;
	void (*handle)(struct scsi_command *c);
};

static const struct command commands[] = {
    {0x00, 0, ON_BOTH | READS, scsi_good}, /* TEST UNIT READY */
    {0x08, 0, ON_BOTH | READS, scsi_read},
    {0x0a, 0, ON_DISK | READS, scsi_write},
    {INQUIRY, 0, ON_BOTH | QUIET, scsi_inquiry},
    {0x1a, 0, ON_DISK, scsi_mode_sense},
    {0x1a, 0, ON_CDROM, scsi_cdrom_mode_sense},
    {0x1b, 0, ON_BOTH, scsi_start_stop},
    {0x1e, 0, ON_BOTH, scsi_prevent_removal},
    {0x25, 0, ON_BOTH | READS, scsi_read_capacity},
    {0x28, 0, ON_BOTH | READS, scsi_read},
    {0x2a, 0, ON_DISK | READS, scsi_write},
    {0x2f, 0, ON_BOTH | READS, scsi_verify},
    {0x35, 0, ON_BOTH | READS, scsi_synchronize},
    {0x41, 0, ON_DISK | READS, scsi_write_same},
    {0x42, 0, ON_DISK | READS, scsi_unmap},
    {0x43, 0, ON_CDROM | READS, scsi_cdrom_contents},
    {0x46, 0, ON_CDROM | QUIET, scsi_cdrom_configuration},
    {0x4a, 0, ON_CDROM | QUIET, scsi_event_status},
    {0x51, 0, ON_CDROM | READS, scsi_cdrom_disc_information},
    {0x5a, 0, ON_DISK, scsi_mode_sense},
    {0x5a, 0, ON_CDROM, scsi_cdrom_mode_sense},
    {0x88, 0, ON_DISK | READS, scsi_read},
    {0x8a, 0, ON_DISK | READS, scsi_write},
    {0x8f, 0, ON_DISK | READS, scsi_verify},
    {0x91, 0, ON_DISK | READS, scsi_synchronize},
    {0x93, 0, ON_DISK | READS, scsi_write_same},
    {0x9e, 0x10, ON_DISK | READS, scsi_read_capacity_16},
    {0xa8, 0, ON_BOTH | READS, scsi_read},
    {0xaa, 0, ON_DISK | READS, scsi_write},
    {0xbd, 0, ON_CDROM, scsi_cdrom_mechanism},
};

static const struct command *find(const struct scsi_command *c) {
	unsigned kind = c->disk->is_cdrom ? ON_CDROM : ON_DISK;

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].opcode == c->cdb[0] && commands[i].flags & kind &&
		    (c->cdb[0] != 0x9e || (c->cdb[1] & 0x1f) == commands[i].service_action))
			return &commands[i];
	return NULL;
}

/* The sense that keeps the command from being carried out, or 0. */
static uint32_t obstacle(struct scsi_target *t, const struct scsi_command *c, const struct command *command) {
	uint32_t attention = command->flags & QUIET ? 0 : take_attention(t, c);

	if (attention != 0)
		return attention;
	if (!(command->flags & READS) || scsi_has_medium(c->disk))
		return 0;
	return c->disk->is_tray_open ? SENSE_TRAY_OPEN : SENSE_NOT_PRESENT;
}

static void execute_present(struct scsi_target *t, struct scsi_command *c) {
	const struct command *command = find(c);
	uint32_t sense = command != NULL ? obstacle(t, c, command) : SENSE_INVALID_OPCODE;

	if (sense != 0)
		scsi_fail(c, sense);
	else
		command->handle(c);
}

/* Bytes of a command, by the three upper bits of its code [SPC-4 "Operation
 * code"]; 0: of no fixed size. */
static uint8_t cdb_size(uint8_t opcode) {
	static const uint8_t size[8] = {6, 10, 10, 0, 16, 12, 0, 0};

	return size[opcode >> 5];
}

static void execute_absent(struct scsi_command *c) {
	c->is_lun_absent = true;
	if (c->cdb[0] == INQUIRY)
		scsi_inquiry_absent(c);
	else
		scsi_fail(c, SENSE_NO_LUN);
}

void scsi_execute(struct scsi_target *t, struct scsi_command *c) {
	uint8_t opcode = c->cdb[0];

	c->disk = c->lun < SCSI_LUN_COUNT ? t->lun[c->lun] : NULL;
	c->transferred = 0;
	c->is_lun_absent = false;
	if (cdb_size(opcode) == 0 || c->cdb_size < cdb_size(opcode)) {
		scsi_fail(c, SENSE_INVALID_OPCODE);
	} else if (opcode == REPORT_LUNS) {
		report_luns(t, c);
	} else if (opcode == REQUEST_SENSE) {
		c->is_lun_absent = c->disk == NULL;
		request_sense(t, c);
	} else if (c->disk == NULL) {
		execute_absent(c);
	} else {
		execute_present(t, c);
	}
}
