/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any disk as a partition table. The bytes are combined by exclusive or with two
 * good tables, and their checksums are made right where a first byte says so, so
 * that what lies behind the checksums is reached. What comes out lies on the disk,
 * overlaps nothing and can be shown; or there is a sentence.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/gpt_disk.h"
#include "storage/gpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned done_count;

static void require(bool holds) {
	if (!holds)
		abort();
}

static void done(struct gpt_reader *r) {
	(void)r;
	done_count++;
}

static uint64_t get(const uint8_t *from, unsigned size) {
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | from[i];
	return value;
}

/* Only what the helper can do without leaving the disk. */
static void seal(struct fake_volume *v, bool is_backup) {
	const uint8_t *h = gpt_disk_header(v, is_backup);
	uint64_t array = get(h + 72, 8), size = get(h + 80, 4) * get(h + 84, 4);

	if (get(h + 12, 4) > v->volume.block_size || array >= v->volume.block_count ||
	    size > (v->volume.block_count - array) * v->volume.block_size)
		return;
	gpt_disk_seal(v, is_backup);
}

static void check_text(const char *text) {
	require(text[0] != '\0');
	for (const char *p = text; *p != '\0'; p++)
		require(*p >= ' ' && *p <= '~');
}

static void check_table(const struct gpt_reader *r) {
	const struct gpt *gpt = &r->gpt;

	require(gpt->count <= GPT_PARTITIONS_MAX);
	for (unsigned i = 0; i < gpt->count; i++) {
		const struct gpt_partition *p = &gpt->partition[i];

		require(p->count > 0 && p->first > 1 && p->first < r->volume->block_count &&
		        p->count < r->volume->block_count - p->first);
		require(memchr(p->label, 0, sizeof(p->label)) != NULL);
		for (const char *c = p->label; *c != '\0'; c++)
			require((uint8_t)*c >= ' ' && *c != 0x7f);
		for (unsigned k = 0; k < i; k++)
			require(p->first >= gpt->partition[k].first + gpt->partition[k].count ||
			        gpt->partition[k].first >= p->first + p->count);
	}
}

static void combine(uint8_t *to, size_t room, const uint8_t *from, size_t size) {
	for (size_t i = 0; i < size && i < room; i++)
		to[i] ^= from[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct gpt_disk_partition partition[] = {{"root", 60, 69}, {"swap", 70, 80}};
	static struct fake_volume disk;
	static uint8_t buffer[GPT_BUFFER_SIZE];
	static struct gpt_reader reader;
	size_t half;

	if (size < 2)
		return 0;
	half = (size - 1) / 2;
	if (disk.volume.submit == NULL)
		fake_volume_init(&disk);
	disk.volume.block_size = data[0] & 1 ? 4096 : 512;
	disk.volume.block_count = data[0] & 1 ? 128 : 200;
	gpt_disk_make(&disk, partition, 2);
	/* Nothing but the tables, which are made anew each time. */
	for (unsigned backup = 0; backup < 2; backup++) {
		const uint8_t *from = data + 1 + backup * half;

		combine(gpt_disk_header(&disk, backup), 128, from, half);
		if (half > 128)
			combine(gpt_disk_entry(&disk, backup, 0), 16384, from + 128, half - 128);
	}
	if (data[0] & 2)
		seal(&disk, false);
	if (data[0] & 4)
		seal(&disk, true);
	reader = (struct gpt_reader){.volume = &disk.volume, .buffer = buffer, .done = done};
	disk.is_slow = data[0] & 8;
	done_count = 0;
	gpt_read(&reader);
	while (fake_volume_complete(&disk))
		;
	require(done_count == 1);
	if (reader.error == ERR_NONE)
		check_table(&reader);
	else
		check_text(reader.text.text);
	return 0;
}
