/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * INQUIRY: who the disk is and what it can do
 * [SPC-4 "INQUIRY command", "Vital product data parameters"; SBC-3 "Block Limits
 * VPD page", "Block Device Characteristics VPD page", "Logical Block Provisioning
 * VPD page"].
 */
#include <string.h>

#include "storage/scsi_internal.h"

#define VENDOR     "BULKHEAD"
#define PRODUCT    "Virtual Disk    "
#define PRODUCT_CD "Virtual CD-ROM  "

/* Peripheral device types. */
#define TYPE_DISK  0x00
#define TYPE_CDROM 0x05

static void put_hex(uint8_t *to, const uint8_t *from, unsigned count) {
	static const char digit[] = "0123456789abcdef";

	for (unsigned i = 0; i < count; i++) {
		*to++ = (uint8_t)digit[from[i] >> 4];
		*to++ = (uint8_t)digit[from[i] & 0xf];
	}
}

/* The last three are of disks. */
static uint32_t supported_pages(const struct scsi_disk *d, uint8_t *page) {
	static const uint8_t list[] = {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2};
	uint32_t count = d->is_cdrom ? 3 : sizeof(list);

	memcpy(page, list, count);
	return count;
}

static uint32_t serial_number(const struct volume *v, uint8_t *page) {
	put_hex(page, v->id, sizeof(v->id));
	return 2 * sizeof(v->id);
}

/* Two names: vendor's (T10) and, for /dev/disk/by-id, a number of the locally
 * assigned kind (NAA 3) made from the id. */
static uint32_t identification(const struct volume *v, uint8_t *page) {
	page[0] = 0x2; /* ASCII */
	page[1] = 0x1; /* T10 vendor's, of the logical unit */
	page[3] = 8 + 32;
	memcpy(page + 4, VENDOR, 8);
	put_hex(page + 12, v->id, 16);
	page += 44;
	page[0] = 0x1; /* binary */
	page[1] = 0x3; /* NAA */
	page[3] = 8;
	memcpy(page + 4, v->id, 8);
	page[4] = (uint8_t)(0x30 | (page[4] & 0xf));
	return 44 + 12;
}

static uint32_t block_limits(const struct scsi_disk *d, uint8_t *page) {
	const struct volume *v = d->volume;

	/* Offsets as in the page, whose header of 4 bytes is not here. */
	page[4 - 4] = 1; /* WRITE SAME of 0 blocks is refused */
	be16_put(page + 6 - 4, v->physical_block_size / v->block_size);
	be32_put(page + 8 - 4, d->transfer_max / v->block_size);
	if (v->can_discard) {
		be32_put(page + 20 - 4, SCSI_UNMAP_BLOCKS_MAX);
		be32_put(page + 24 - 4, SCSI_UNMAP_RANGES);
		be32_put(page + 28 - 4, v->physical_block_size / v->block_size);
	}
	be64_put(page + 36 - 4, SCSI_SAME_BLOCKS_MAX);
	return 0x3c;
}

static uint32_t characteristics(uint8_t *page) {
	be16_put(page, 1); /* it does not rotate */
	return 0x3c;
}

static uint32_t provisioning(const struct volume *v, uint8_t *page) {
	if (v->can_discard) {
		page[1] = 0xe0; /* UNMAP, and WRITE SAME of both sizes with its bit */
		page[2] = 2;    /* thin */
	}
	return 4;
}

static void vital_product_data(struct scsi_command *c, uint32_t allocation) {
	const struct volume *v = c->disk->volume;
	uint8_t reply[128] = {0}, *page = reply + 4;
	uint32_t size;

	if (c->disk->is_cdrom && c->cdb[2] >= 0xb0) {
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	switch (c->cdb[2]) {
	case 0x00:
		size = supported_pages(c->disk, page);
		break;
	case 0x80:
		size = serial_number(v, page);
		break;
	case 0x83:
		size = identification(v, page);
		break;
	case 0xb0:
		size = block_limits(c->disk, page);
		break;
	case 0xb1:
		size = characteristics(page);
		break;
	case 0xb2:
		size = provisioning(v, page);
		break;
	default:
		scsi_fail(c, SENSE_INVALID_FIELD);
		return;
	}
	reply[1] = c->cdb[2];
	be16_put(reply + 2, size);
	scsi_reply(c, reply, size + 4, allocation);
}

static void standard(struct scsi_command *c, uint8_t type, bool is_removable, uint32_t allocation) {
	uint8_t reply[36] = {0};

	reply[0] = type;
	reply[1] = is_removable ? 0x80 : 0;
	reply[2] = 6;    /* SPC-4 */
	reply[3] = 2;    /* format of this reply */
	reply[4] = 31;   /* bytes that follow */
	reply[7] = 0x02; /* commands are queued */
	memcpy(reply + 8, VENDOR, 8);
	memcpy(reply + 16, type == TYPE_CDROM ? PRODUCT_CD : PRODUCT, 16);
	memcpy(reply + 32, "1   ", 4);
	scsi_reply(c, reply, sizeof(reply), allocation);
}

void scsi_inquiry(struct scsi_command *c) {
	uint32_t allocation = be16_get(c->cdb + 3);

	if (c->cdb[1] & 1)
		vital_product_data(c, allocation);
	else if (c->cdb[2] != 0)
		scsi_fail(c, SENSE_INVALID_FIELD);
	else
		standard(c, c->disk->is_cdrom ? TYPE_CDROM : TYPE_DISK, scsi_is_removable(c->disk), allocation);
}

/* Qualifier 3, type 0x1f: no device is possible here. Stock guests take INQUIRY
 * for successful whatever its status, so it is data that must say so. */
void scsi_inquiry_absent(struct scsi_command *c) { standard(c, 0x7f, false, be16_get(c->cdb + 3)); }
