/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Commands that reach the volume [SBC-3 "READ (10)" and its siblings, "UNMAP
 * command", "WRITE SAME (10)", "SYNCHRONIZE CACHE (10)"]. All of a command is
 * checked before any of it is submitted.
 */
#include <string.h>

#include "storage/scsi_internal.h"

#define BLOCK_SIZE_MAX 4096u

static struct scsi_command *command_of(struct volume_request *r) {
	return (struct scsi_command *)((uint8_t *)r - __builtin_offsetof(struct scsi_command, request));
}

/* Where and how many, from a command of any size. */
static struct scsi_range range_of(const uint8_t *cdb) {
	switch (cdb[0] >> 5) {
	case 0:
		return (struct scsi_range){be32_get(cdb) & 0x1fffff, cdb[4] ? cdb[4] : 256};
	case 4:
		return (struct scsi_range){be64_get(cdb + 2), be32_get(cdb + 10)};
	case 5:
		return (struct scsi_range){be32_get(cdb + 2), be32_get(cdb + 6)};
	default:
		return (struct scsi_range){be32_get(cdb + 2), be16_get(cdb + 7)};
	}
}

static bool is_inside(const struct scsi_disk *d, const struct scsi_range *range) {
	uint64_t count = scsi_block_count(d);

	return range->block <= count && range->count <= count - range->block;
}

/* False: the command has been failed. */
static bool check_range(struct scsi_command *c, const struct scsi_range *range) {
	if (is_inside(c->disk, range))
		return true;
	scsi_fail(c, SENSE_OUT_OF_RANGE);
	return false;
}

static bool check_writable(struct scsi_command *c) {
	if (!c->disk->volume->is_read_only)
		return true;
	scsi_fail(c, SENSE_WRITE_PROTECTED);
	return false;
}

static bool check_bits(struct scsi_command *c, uint8_t forbidden) {
	if (!(c->cdb[1] & forbidden))
		return true;
	scsi_fail(c, SENSE_INVALID_FIELD);
	return false;
}

static uint32_t sense_of(enum volume_operation operation, enum volume_result result) {
	switch (result) {
	case VOLUME_NO_SPACE:
		return SENSE_NO_SPACE;
	case VOLUME_GONE:
		return SENSE_NOT_PRESENT;
	case VOLUME_OK:
	case VOLUME_FAILED:
		break;
	}
	return operation == VOLUME_READ ? SENSE_READ_ERROR : SENSE_WRITE_ERROR;
}

static void finished(struct volume_request *r, enum volume_result result) {
	struct scsi_command *c = command_of(r);
	bool is_transfer = r->operation == VOLUME_READ || r->operation == VOLUME_WRITE;

	if (result != VOLUME_OK) {
		scsi_fail(c, sense_of(r->operation, result));
		return;
	}
	if (is_transfer)
		c->transferred = (uint32_t)(r->count * c->disk->volume->block_size);
	scsi_good(c);
}

static void submit(struct scsi_command *c, enum volume_operation operation, const struct scsi_range *range) {
	uint32_t factor = scsi_block_factor(c->disk);

	c->request = (struct volume_request){
	    .operation = operation,
	    .block = range->block * factor,
	    .count = range->count * factor,
	    .done = finished,
	};
	if (operation == VOLUME_READ || operation == VOLUME_WRITE) {
		c->request.segment = c->segment;
		c->request.segment_count = c->segment_count;
		/* FUA, which the commands of 6 bytes do not have. */
		c->request.is_durable = operation == VOLUME_WRITE && c->cdb[0] >> 5 != 0 && c->cdb[1] & 0x08;
	}
	volume_submit(c->disk->volume, &c->request);
}

/* Protection information is not kept, so nothing may be asked of it. */
static void transfer(struct scsi_command *c, enum volume_operation operation, enum scsi_direction direction) {
	struct scsi_range range = range_of(c->cdb);

	if (c->cdb[0] >> 5 != 0 && !check_bits(c, 0xe0))
		return;
	if (!check_range(c, &range))
		return;
	if (range.count == 0) {
		scsi_good(c);
		return;
	}
	if (c->direction != direction || range.count > c->data_size / scsi_block_size(c->disk)) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	submit(c, operation, &range);
}

void scsi_read(struct scsi_command *c) { transfer(c, VOLUME_READ, SCSI_DATA_IN); }

void scsi_write(struct scsi_command *c) {
	if (check_writable(c))
		transfer(c, VOLUME_WRITE, SCSI_DATA_OUT);
}

/* Without a comparison there is nothing to do that a later read would not. */
void scsi_verify(struct scsi_command *c) {
	struct scsi_range range = range_of(c->cdb);

	if (check_bits(c, 0xe6) && check_range(c, &range))
		scsi_good(c);
}

void scsi_flush(struct scsi_command *c) {
	static const struct scsi_range all = {0, 0};

	submit(c, VOLUME_FLUSH, &all);
}

/* A flush of a part flushes all. */
void scsi_synchronize(struct scsi_command *c) {
	struct scsi_range range = range_of(c->cdb);

	if (check_range(c, &range))
		scsi_flush(c);
}

/* One range after the other; empty ones are passed over. */
static void discarded(struct volume_request *r, enum volume_result result);

static void discard_next(struct scsi_command *c) {
	while (c->range_next < c->range_count && c->range[c->range_next].count == 0)
		c->range_next++;
	if (c->range_next == c->range_count) {
		scsi_good(c);
		return;
	}
	c->request = (struct volume_request){
	    .operation = VOLUME_DISCARD,
	    .block = c->range[c->range_next].block,
	    .count = c->range[c->range_next].count,
	    .done = discarded,
	};
	c->range_next++;
	volume_submit(c->disk->volume, &c->request);
}

/* A volume that completes at once recurses here, SCSI_UNMAP_RANGES deep at most. */
static void discarded(struct volume_request *r, enum volume_result result) {
	struct scsi_command *c = command_of(r);

	if (result != VOLUME_OK)
		scsi_fail(c, sense_of(r->operation, result));
	else
		discard_next(c);
}

/* The list: a header of 8 bytes, then 16 per range. Returns sense, or 0. */
static uint32_t read_unmap_list(struct scsi_command *c) {
	uint8_t list[8 + 16 * SCSI_UNMAP_RANGES];
	uint32_t size = be16_get(c->cdb + 7), ranges;
	uint64_t blocks = 0;

	c->range_count = c->range_next = 0;
	if (size == 0)
		return 0;
	if (size < 8)
		return SENSE_PARAMETER_LENGTH;
	size = size < sizeof(list) ? size : (uint32_t)sizeof(list);
	if (!scsi_fetch(c, list, size))
		return SENSE_PARAMETER_LENGTH;
	ranges = be16_get(list + 2) / 16;
	if (ranges > SCSI_UNMAP_RANGES)
		return SENSE_INVALID_PARAMETER;
	if (8 + 16 * ranges > size)
		return SENSE_PARAMETER_LENGTH;
	for (unsigned i = 0; i < ranges; i++) {
		const uint8_t *entry = list + 8 + 16 * i;

		c->range[i] = (struct scsi_range){be64_get(entry), be32_get(entry + 8)};
		if (!is_inside(c->disk, &c->range[i]))
			return SENSE_OUT_OF_RANGE;
		blocks += c->range[i].count;
	}
	if (blocks > SCSI_UNMAP_BLOCKS_MAX)
		return SENSE_INVALID_PARAMETER;
	c->range_count = ranges;
	return 0;
}

void scsi_unmap(struct scsi_command *c) {
	uint32_t sense;

	if (!c->disk->volume->can_discard) {
		scsi_fail(c, SENSE_INVALID_OPCODE);
		return;
	}
	if (!check_writable(c) || !check_bits(c, 0x01))
		return;
	sense = read_unmap_list(c);
	if (sense != 0)
		scsi_fail(c, sense);
	else
		discard_next(c);
}

static bool is_zero(const uint8_t *bytes, uint32_t size) {
	for (uint32_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Zeros only: that is what initiators fill disks with. */
void scsi_write_same(struct scsi_command *c) {
	struct volume *v = c->disk->volume;
	struct scsi_range range = range_of(c->cdb);
	bool has_no_data = c->cdb[0] == 0x93 && c->cdb[1] & 0x01;
	uint8_t block[BLOCK_SIZE_MAX];

	if (!check_writable(c) || !check_bits(c, c->cdb[0] == 0x93 ? 0xf6 : 0xf7) || !check_range(c, &range))
		return;
	if (range.count == 0 || range.count > SCSI_SAME_BLOCKS_MAX) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	if (!has_no_data && !scsi_fetch(c, block, v->block_size)) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	if (!has_no_data && !is_zero(block, v->block_size)) {
		scsi_fail(c, SENSE_INVALID_PARAMETER);
		return;
	}
	/* With or without its UNMAP bit, blocks that were written as 0 read as 0:
	 * whether to keep them mapped is the volume's business. */
	submit(c, VOLUME_ZERO, &range);
}
