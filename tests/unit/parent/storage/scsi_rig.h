/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A target with a disk at LUN 0 and another at LUN 5, and one command at a time. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "fake/volume.h"
#include "storage/scsi.h"

#define INVALID_OPCODE  0x52000
#define OUT_OF_RANGE    0x52100
#define INVALID_FIELD   0x52400
#define NO_LUN          0x52500
#define BAD_PARAMETER   0x52600
#define BAD_LIST_LENGTH 0x51a00

static struct fake_volume volume;
static struct scsi_disk disk;
static struct scsi_target target;
static struct scsi_command command;
static uint8_t data[65536];
static unsigned done_count;

static void command_done(struct scsi_command *c) {
	assert_ptr_equal(c, &command);
	done_count++;
}

static int fresh(void **state) {
	(void)state;
	fake_volume_init(&volume);
	disk = (struct scsi_disk){.volume = &volume.volume, .transfer_max = 65536};
	memset(&target, 0, sizeof(target));
	target.lun[0] = target.lun[5] = &disk;
	memset(data, 0xee, sizeof(data));
	return 0;
}

/* Begins a command with `size` bytes of data in two segments. */
static inline void begin(const uint8_t *cdb, uint8_t cdb_size, enum scsi_direction direction, uint32_t size) {
	static struct volume_segment segment[2];
	uint32_t first = size > 100 ? 100 : size / 2;

	segment[0] = (struct volume_segment){data, first};
	segment[1] = (struct volume_segment){data + first, size - first};
	command = (struct scsi_command){
	    .lun = command.lun,
	    .cdb_size = cdb_size,
	    .direction = direction,
	    .data_size = size,
	    .segment = segment,
	    .segment_count = size > 0 ? 2 : 0,
	    .done = command_done,
	};
	memcpy(command.cdb, cdb, cdb_size);
	done_count = 0;
	scsi_execute(&target, &command);
}

#define RUN(direction, size, ...)                                                                                      \
	do {                                                                                                           \
		const uint8_t cdb[] = {__VA_ARGS__};                                                                   \
		begin(cdb, sizeof(cdb), direction, size);                                                              \
	} while (0)

static inline void assert_good(uint32_t transferred) {
	assert_int_equal(done_count, 1);
	assert_int_equal(command.status, SCSI_GOOD);
	assert_int_equal(command.transferred, transferred);
}

static inline void assert_sense(uint32_t sense) {
	assert_int_equal(done_count, 1);
	assert_int_equal(command.status, SCSI_CHECK_CONDITION);
	assert_int_equal(command.transferred, 0);
	assert_int_equal(command.sense[0], 0x70);
	assert_int_equal(command.sense[7], 10);
	assert_int_equal(command.sense[2] << 16 | command.sense[12] << 8 | command.sense[13], sense);
}
