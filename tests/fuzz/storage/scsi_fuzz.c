/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any command with any data: 24 bytes of it are LUN, sizes, direction and the
 * command, the rest its data. It completes exactly once, moves no more than its
 * memory holds, and the volume (which aborts on it) is asked for nothing outside.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/volume.h"
#include "storage/scsi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 24u

static unsigned done_count;

static void require(bool holds) {
	if (!holds)
		abort();
}

static void done(struct scsi_command *c) {
	done_count++;
	require(c->transferred <= c->data_size);
	require(c->status == SCSI_GOOD || c->transferred == 0);
}

/* The memory is one heap block per segment, so that each has its own end. */
static void run(struct scsi_target *t, const uint8_t *head, const uint8_t *bytes, size_t size) {
	struct volume_segment segment[2];
	struct scsi_command c = {
	    .lun = head[0] % 4,
	    .cdb_size = head[1] % (SCSI_CDB_SIZE + 1),
	    .direction = (enum scsi_direction)(head[2] % 3),
	    .segment = segment,
	    .segment_count = 2,
	    .done = done,
	};
	uint32_t first = (uint32_t)(head[3] % (size + 1));

	segment[0] = (struct volume_segment){malloc(first + 1), first};
	segment[1] = (struct volume_segment){malloc(size - first + 1), (uint32_t)size - first};
	memcpy(segment[0].memory, bytes, first);
	memcpy(segment[1].memory, bytes + first, size - first);
	c.data_size = (uint32_t)size;
	memcpy(c.cdb, head + 8, c.cdb_size);
	done_count = 0;
	scsi_execute(t, &c);
	require(done_count == 1);
	free(segment[0].memory);
	free(segment[1].memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct fake_volume volume[2];
	struct scsi_disk disk[3] = {
	    {&volume[0].volume, 65536}, {&volume[1].volume, 65536}, {&volume[1].volume, 65536, .is_cdrom = true}};
	struct scsi_target target = {.lun = {&disk[0], &disk[1], &disk[2]}};

	if (size < HEAD)
		return 0;
	fake_volume_init(&volume[0]);
	fake_volume_init(&volume[1]);
	volume[0].result = (enum volume_result)(data[4] % 8 < 4 ? 0 : data[4] % 4);
	volume[1].volume.is_read_only = true;
	volume[1].volume.can_discard = false;
	disk[0].is_removable = data[5] & 1;
	for (unsigned i = 0; i < 3; i += 2) {
		disk[i].is_empty = data[5] & 2;
		disk[i].is_tray_open = data[5] & 4;
		disk[i].is_locked = data[5] & 8;
		disk[i].attention = data[5] & 0x10 ? 0x62800 : 0;
	}
	if (data[5] < 128) /* another disk came or went: the first command may be told so instead */
		scsi_target_set(&target, data[5] % 4, data[5] & 4 ? &disk[1] : NULL);
	run(&target, data, data + HEAD, size - HEAD);
	require(!disk[1].is_tray_open);
	return 0;
}
