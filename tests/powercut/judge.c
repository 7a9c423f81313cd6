/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Two images of the volume and a map of sectors in which they may differ. A flush makes them equal.
 */
#include "powercut/judge.h"

#include "powercut/block.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u

bool judge_open(struct judge *judge, uint64_t size, uint64_t begin) {
	*judge = (struct judge){.current = calloc(1, size),
	                        .durable = calloc(1, size),
	                        .is_dirty = calloc(1, size / SECTOR),
	                        .size = size,
	                        .slots = block_slots(size),
	                        .begin = begin};
	if (judge->current && judge->durable && judge->is_dirty && judge->slots)
		return true;
	judge_close(judge);
	return false;
}

void judge_close(struct judge *judge) {
	free(judge->current);
	free(judge->durable);
	free(judge->is_dirty);
	*judge = (struct judge){0};
}

static void flush(struct judge *judge) {
	for (uint64_t i = 0; i < judge->size / SECTOR; i++) {
		if (judge->is_dirty[i])
			memcpy(judge->durable + i * SECTOR, judge->current + i * SECTOR, SECTOR);
	}
	memset(judge->is_dirty, 0, judge->size / SECTOR);
	judge->flushes++;
}

static void write_sector(struct judge *judge, uint64_t at, const uint8_t *data, bool is_durable) {
	static const uint8_t zeros[SECTOR];

	memcpy(judge->current + at, data ? data : zeros, SECTOR);
	if (is_durable)
		memcpy(judge->durable + at, data ? data : zeros, SECTOR);
	judge->is_dirty[at / SECTOR] = !is_durable;
}

/* The blocks that an entry carries may claim that more is synced than before. */
static struct judge_verdict check_claims(struct judge *judge, const struct write_log_entry *entry) {
	struct judge_verdict verdict = {0};
	struct block block;

	for (uint64_t at = 0; entry->data && at + BLOCK_SIZE <= entry->size && !verdict.block; at += BLOCK_SIZE) {
		if (block_read(entry->data + at, &block) && block.synced > judge->synced)
			verdict = judge_promise(judge, block.synced);
	}
	return verdict;
}

struct judge_verdict judge_entry(struct judge *judge, const struct write_log_entry *entry) {
	struct judge_verdict verdict;

	if (entry->is_flush)
		flush(judge);
	/* The claim is as old as the block: its own data does not help to keep it. */
	verdict = check_claims(judge, entry);
	for (uint64_t at = 0; at < entry->size; at += SECTOR) {
		uint64_t target = entry->offset + at - judge->begin;

		if (entry->offset + at >= judge->begin && target < judge->size)
			write_sector(judge, target, entry->data ? entry->data + at : NULL, entry->is_durable);
	}
	judge->writes += entry->size != 0;
	judge->durable_writes += entry->size != 0 && entry->is_durable;
	return verdict;
}

struct judge_verdict judge_promise(struct judge *judge, uint64_t synced) {
	uint64_t first = synced >= judge->slots ? synced - judge->slots + 1 : 1;
	struct block block;

	judge->checks++;
	if (synced > judge->synced)
		judge->synced = synced;
	for (uint64_t number = first; number <= synced; number++) {
		uint64_t slot = block_slot(number, judge->slots);

		/* A younger block in the same place is as good. */
		if (!block_read(judge->durable + slot * BLOCK_SIZE, &block) || block.number < number ||
		    block_slot(block.number, judge->slots) != slot)
			return (struct judge_verdict){.block = number, .synced = synced};
	}
	return (struct judge_verdict){0};
}
