/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the SCSI target share. */
#pragma once

#include "storage/scsi.h"

/* In one command; initiators are told. */
#define SCSI_UNMAP_BLOCKS_MAX       0x00400000u
#define SCSI_SAME_BLOCKS_MAX        0x00010000u

/* Key, additional code and its qualifier, as in SPC-4's table of them. */
#define SENSE(key, code, qualifier) ((key) << 16 | (code) << 8 | (qualifier))
#define SENSE_INVALID_OPCODE        SENSE(0x5, 0x20, 0x00)
#define SENSE_OUT_OF_RANGE          SENSE(0x5, 0x21, 0x00)
#define SENSE_INVALID_FIELD         SENSE(0x5, 0x24, 0x00)
#define SENSE_NO_LUN                SENSE(0x5, 0x25, 0x00)
#define SENSE_INVALID_PARAMETER     SENSE(0x5, 0x26, 0x00)
#define SENSE_PARAMETER_LENGTH      SENSE(0x5, 0x1a, 0x00)
#define SENSE_NO_SAVED_PARAMETERS   SENSE(0x5, 0x39, 0x00)
#define SENSE_WRITE_PROTECTED       SENSE(0x7, 0x27, 0x00)
#define SENSE_NO_SPACE              SENSE(0x7, 0x27, 0x07)
#define SENSE_READ_ERROR            SENSE(0x3, 0x11, 0x00)
#define SENSE_WRITE_ERROR           SENSE(0x3, 0x0c, 0x00)
#define SENSE_NOT_PRESENT           SENSE(0x2, 0x3a, 0x00)
#define SENSE_LUNS_CHANGED          SENSE(0x6, 0x3f, 0x0e)
#define SENSE_TRAY_OPEN             SENSE(0x2, 0x3a, 0x02)
#define SENSE_MEDIUM_CHANGED        SENSE(0x6, 0x28, 0x00)
#define SENSE_REMOVAL_PREVENTED     SENSE(0x5, 0x53, 0x02)

/* Ends of a command; each calls `done`. */
void scsi_good(struct scsi_command *c);
void scsi_fail(struct scsi_command *c, uint32_t sense);

/* Sends `size` bytes, cut to the allocation length and to the memory. */
void scsi_reply(struct scsi_command *c, const void *data, uint32_t size, uint32_t allocation);

/* Copies `size` bytes of data out, once. False: there are fewer. */
bool scsi_fetch(const struct scsi_command *c, void *to, uint32_t size);

/* Fills fixed-format sense data. */
void scsi_sense(uint8_t data[SCSI_SENSE_SIZE], uint32_t sense);

void scsi_inquiry(struct scsi_command *c);
void scsi_inquiry_absent(struct scsi_command *c);
void scsi_mode_sense(struct scsi_command *c);
void scsi_read_capacity(struct scsi_command *c);
void scsi_read_capacity_16(struct scsi_command *c);
void scsi_read(struct scsi_command *c);
void scsi_write(struct scsi_command *c);
void scsi_verify(struct scsi_command *c);
void scsi_synchronize(struct scsi_command *c);
void scsi_flush(struct scsi_command *c);
void scsi_unmap(struct scsi_command *c);
void scsi_write_same(struct scsi_command *c);
void scsi_start_stop(struct scsi_command *c);
void scsi_prevent_removal(struct scsi_command *c);
void scsi_event_status(struct scsi_command *c);
void scsi_cdrom_mode_sense(struct scsi_command *c);
void scsi_cdrom_configuration(struct scsi_command *c);
void scsi_cdrom_contents(struct scsi_command *c);
void scsi_cdrom_disc_information(struct scsi_command *c);
void scsi_cdrom_mechanism(struct scsi_command *c);

static inline bool scsi_is_removable(const struct scsi_disk *d) { return d->is_removable || d->is_cdrom; }

/* Blocks as the initiator sees them, in those of the volume. */
static inline uint32_t scsi_block_factor(const struct scsi_disk *d) {
	return d->is_cdrom && d->volume->block_size < 2048 ? 2048 / d->volume->block_size : 1;
}

static inline uint32_t scsi_block_size(const struct scsi_disk *d) {
	return d->volume->block_size * scsi_block_factor(d);
}

static inline uint64_t scsi_block_count(const struct scsi_disk *d) {
	return d->volume->block_count / scsi_block_factor(d);
}

/* A volume too small for one block is none. */
static inline bool scsi_has_medium(const struct scsi_disk *d) {
	return !d->is_empty && !d->is_tray_open && scsi_block_count(d) > 0;
}

/* Big-endian numbers of a command or a parameter list. */
static inline uint32_t be16_get(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }

static inline uint32_t be32_get(const uint8_t *p) { return be16_get(p) << 16 | be16_get(p + 2); }

static inline uint64_t be64_get(const uint8_t *p) { return (uint64_t)be32_get(p) << 32 | be32_get(p + 4); }

static inline void be16_put(uint8_t *p, uint32_t v) {
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void be32_put(uint8_t *p, uint32_t v) {
	be16_put(p, v >> 16);
	be16_put(p + 2, v);
}

static inline void be64_put(uint8_t *p, uint64_t v) {
	be32_put(p, (uint32_t)(v >> 32));
	be32_put(p + 4, (uint32_t)v);
}
