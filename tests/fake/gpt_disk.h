/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Partition tables on a fake volume: made whole, then damaged by tests. */
#pragma once

#include "fake/volume.h"

#define GPT_DISK_ENTRIES 128u

struct gpt_disk_partition {
	const char *label; /* ASCII */
	uint64_t first, last;
};

/* Both tables, with entries of 128 bytes, in blocks of the volume's size. */
void gpt_disk_make(struct fake_volume *v, const struct gpt_disk_partition *partition, unsigned count);

/* The header, and entry `index` (from 0), of one of them. */
uint8_t *gpt_disk_header(struct fake_volume *v, bool is_backup);
uint8_t *gpt_disk_entry(struct fake_volume *v, bool is_backup, unsigned index);

/* Makes the checksums right again, by what the header says. */
void gpt_disk_seal(struct fake_volume *v, bool is_backup);

void gpt_put(uint8_t *to, uint64_t value, unsigned size);
