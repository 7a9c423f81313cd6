/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Written from UEFI 2.10 table 5.5 "GPT Header" and 5.6 "GPT Partition Entry". */
#include "fake/gpt_disk.h"

#include <string.h>
#include "storage/crc32.h"

void gpt_put(uint8_t *to, uint64_t value, unsigned size) {
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *from, unsigned size) {
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | from[i];
	return value;
}

static uint8_t *block_at(struct fake_volume *v, uint64_t block) {
	return (uint8_t *)v->data + block * v->volume.block_size;
}

static uint64_t array_blocks(const struct fake_volume *v) { return GPT_DISK_ENTRIES * 128 / v->volume.block_size; }

uint8_t *gpt_disk_header(struct fake_volume *v, bool is_backup) {
	return block_at(v, is_backup ? v->volume.block_count - 1 : 1);
}

uint8_t *gpt_disk_entry(struct fake_volume *v, bool is_backup, unsigned index) {
	return block_at(v, is_backup ? v->volume.block_count - 1 - array_blocks(v) : 2) + 128 * index;
}

void gpt_disk_seal(struct fake_volume *v, bool is_backup) {
	uint8_t *h = gpt_disk_header(v, is_backup);

	gpt_put(h + 88, crc32(0, block_at(v, get(h + 72, 8)), get(h + 80, 4) * get(h + 84, 4)), 4);
	gpt_put(h + 16, 0, 4);
	gpt_put(h + 16, crc32(0, h, get(h + 12, 4)), 4);
}

static void make_one(struct fake_volume *v, const struct gpt_disk_partition *partition, unsigned count,
                     bool is_backup) {
	uint8_t *h = gpt_disk_header(v, is_backup), *entries = gpt_disk_entry(v, is_backup, 0);
	uint64_t end = v->volume.block_count;

	memset(h, 0, v->volume.block_size);
	memset(entries, 0, GPT_DISK_ENTRIES * 128);
	memcpy(h, "EFI PART", 8);
	gpt_put(h + 8, 0x10000, 4);
	gpt_put(h + 12, 92, 4);
	gpt_put(h + 24, is_backup ? end - 1 : 1, 8);
	gpt_put(h + 32, is_backup ? 1 : end - 1, 8);
	gpt_put(h + 40, 2 + array_blocks(v), 8);
	gpt_put(h + 48, end - 2 - array_blocks(v), 8);
	memset(h + 56, 0xd1, 16);
	gpt_put(h + 72, is_backup ? end - 1 - array_blocks(v) : 2, 8);
	gpt_put(h + 80, GPT_DISK_ENTRIES, 4);
	gpt_put(h + 84, 128, 4);
	for (unsigned i = 0; i < count; i++) {
		uint8_t *e = entries + 128 * i;

		memset(e, 0x77, 16);
		memset(e + 16, (int)(0x10 + i), 16);
		gpt_put(e + 32, partition[i].first, 8);
		gpt_put(e + 40, partition[i].last, 8);
		for (unsigned c = 0; partition[i].label[c] != '\0'; c++)
			gpt_put(e + 56 + 2 * c, (uint8_t)partition[i].label[c], 2);
	}
	gpt_disk_seal(v, is_backup);
}

void gpt_disk_make(struct fake_volume *v, const struct gpt_disk_partition *partition, unsigned count) {
	make_one(v, partition, count, false);
	make_one(v, partition, count, true);
}
