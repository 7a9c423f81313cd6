/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The partition tables of all disks, read side by side. What a device may still
 * write into is never freed: a scan that is given up keeps its memory.
 */
#include <stdlib.h>

#include "runtime/log.h"
#include "runtime/memory.h"
#include "storage/gpt.h"
#include "storage/volume_registry.h"

struct volume_scan {
	struct gpt_reader reader; /* first: a reader is its scan */
	bool is_done;             /* set last, on whatever VP the disk answers */
};

static void done(struct gpt_reader *r) {
	struct volume_scan *scan = (struct volume_scan *)r;

	__atomic_store_n(&scan->is_done, true, __ATOMIC_RELEASE);
}

static bool is_done(const struct volume_scan *scan) { return __atomic_load_n(&scan->is_done, __ATOMIC_ACQUIRE); }

static void begin(struct volume_disk *disk) {
	uint8_t *buffer = memory_pointer(memory_take(GPT_BUFFER_SIZE, HV_PAGE_SIZE));
	struct volume_scan *scan = buffer == NULL ? NULL : calloc(1, sizeof(*scan));

	if (scan == NULL) {
		if (buffer != NULL)
			memory_give((uint64_t)(uintptr_t)buffer, GPT_BUFFER_SIZE);
		log_error("disk %s: there is no memory to read its partition table", disk->name);
		return;
	}
	scan->reader.volume = disk->volume;
	scan->reader.buffer = buffer;
	scan->reader.done = done;
	disk->scan = scan;
	gpt_read(&scan->reader);
}

static void report(struct volume_disk *disk) {
	struct gpt_reader *r = &disk->scan->reader;
	unsigned long long size = disk->volume->block_count / ((1u << 20) / disk->volume->block_size);

	if (r->error == ERR_NONE) {
		disk->gpt = &r->gpt;
		log_info("disk %s: %llu MiB, %u partitions", disk->name, size, r->gpt.count);
		if (r->warning.text[0] != '\0')
			log_warning("disk %s: %s", disk->name, r->warning.text);
		if (r->gpt.left_out > 0)
			log_warning("disk %s: %u more partitions are left out", disk->name, r->gpt.left_out);
	} else if (r->error == ERR_NOT_FOUND) {
		log_info("disk %s: %llu MiB, %s", disk->name, size, r->text.text);
	} else {
		log_error("disk %s: %llu MiB, %s", disk->name, size, r->text.text);
	}
}

/* Takes the result of a scan that has ended. True: there is still one to wait for. */
static bool collect(struct volume_registry *r, bool *is_collected) {
	bool is_waiting = false;

	for (unsigned i = 0; i < r->disk_count; i++) {
		struct volume_scan *scan = r->disk[i].scan;

		if (is_collected[i] || scan == NULL)
			continue;
		if (!is_done(scan)) {
			is_waiting = true;
			continue;
		}
		is_collected[i] = true;
		memory_give((uint64_t)(uintptr_t)scan->reader.buffer, GPT_BUFFER_SIZE);
		report(&r->disk[i]);
	}
	return is_waiting;
}

void volume_registry_scan(struct volume_registry *r, bool (*pause)(void *context), void *context) {
	bool is_collected[VOLUME_DISKS_MAX];

	for (unsigned i = 0; i < r->disk_count; i++) {
		is_collected[i] = r->disk[i].scan != NULL;
		if (!is_collected[i])
			begin(&r->disk[i]);
	}
	while (collect(r, is_collected) && pause(context))
		;
	for (unsigned i = 0; i < r->disk_count; i++)
		if (!is_collected[i] && r->disk[i].scan != NULL)
			log_error("disk %s: it did not answer, so its partitions are unknown", r->disk[i].name);
}
