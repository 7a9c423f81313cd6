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
		if (i != lun && t->lun[i] != NULL && !t->lun[i]->is_removable)
			t->attention |= 1ull << i;
	t->attention &= ~(1ull << lun);
}

/* True: the LUN had something to report, and now it is told [SAM-4 "Unit attention condition"]. */
static bool take_attention(struct scsi_target *t, uint8_t lun) {
	uint64_t bit = 1ull << lun;
	bool was_set = (t->attention & bit) != 0;

	t->attention &= ~bit;
	return was_set;
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

/* No deferred errors: sense data went with the command that failed. */
static void request_sense(struct scsi_command *c, uint32_t sense) {
	uint8_t data[SCSI_SENSE_SIZE];

	if (c->cdb[1] & 1) { /* descriptor format */
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	scsi_sense(data, sense);
	scsi_reply(c, data, sizeof(data), c->cdb[4]);
}

static const struct {
	uint8_t opcode;
	uint8_t service_action; /* in bits 4:0 of byte 1, for 0x9e only */
	void (*handle)(struct scsi_command *c);
} commands[] = {
    {0x00, 0, scsi_good}, /* TEST UNIT READY */
    {0x08, 0, scsi_read},          {0x0a, 0, scsi_write},
    {0x12, 0, scsi_inquiry},       {0x1a, 0, scsi_mode_sense},
    {0x1b, 0, scsi_start_stop},    {0x1e, 0, scsi_good}, /* PREVENT ALLOW MEDIUM REMOVAL */
    {0x25, 0, scsi_read_capacity}, {0x28, 0, scsi_read},
    {0x2a, 0, scsi_write},         {0x2f, 0, scsi_verify},
    {0x35, 0, scsi_synchronize},   {0x41, 0, scsi_write_same},
    {0x42, 0, scsi_unmap},         {0x5a, 0, scsi_mode_sense},
    {0x88, 0, scsi_read},          {0x8a, 0, scsi_write},
    {0x8f, 0, scsi_verify},        {0x91, 0, scsi_synchronize},
    {0x93, 0, scsi_write_same},    {0x9e, 0x10, scsi_read_capacity_16},
    {0xa8, 0, scsi_read},          {0xaa, 0, scsi_write},
};

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
	else if (c->cdb[0] == REQUEST_SENSE)
		request_sense(c, SENSE_NO_LUN);
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
		return;
	}
	if (opcode == REPORT_LUNS) {
		report_luns(t, c);
		return;
	}
	if (c->disk == NULL) {
		execute_absent(c);
		return;
	}
	if (opcode == REQUEST_SENSE) {
		request_sense(c, take_attention(t, c->lun) ? SENSE_LUNS_CHANGED : 0);
		return;
	}
	if (opcode != INQUIRY && take_attention(t, c->lun)) {
		scsi_fail(c, SENSE_LUNS_CHANGED);
		return;
	}
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].opcode == opcode &&
		    (opcode != 0x9e || (c->cdb[1] & 0x1f) == commands[i].service_action)) {
			commands[i].handle(c);
			return;
		}
	}
	scsi_fail(c, SENSE_INVALID_OPCODE);
}
