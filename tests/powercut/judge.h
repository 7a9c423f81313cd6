/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Judges whether a disk kept its promises, from the log of what it was told. At every entry it knows what a power cut
 * at this moment would have left for sure: what was written before the last flush, or with FUA. Whenever a block says
 * that others were synced before it was written, these must be there, byte for byte.
 */
#ifndef POWERCUT_JUDGE_H
#define POWERCUT_JUDGE_H

#include "powercut/write_log.h"

#include <stdint.h>

struct judge {
	uint8_t *current;  /* the disk as it reads now */
	uint8_t *durable;  /* what a power cut leaves for sure */
	uint8_t *is_dirty; /* per sector of 512 bytes: current may differ from durable */
	uint64_t size;     /* of the volume, in bytes */
	uint64_t slots;
	uint64_t begin;                                   /* where the volume begins on the disk, in bytes */
	uint64_t synced;                                  /* the largest number that a block called synced */
	uint64_t flushes, durable_writes, writes, checks; /* how many were seen */
};

/* A broken promise: which block, and the number that was promised. block 0: none is broken. */
struct judge_verdict {
	uint64_t block;
	uint64_t synced;
};

/* A volume of `size` bytes (a multiple of 4096) that begins `begin` bytes into the disk. False if memory is short. */
bool judge_open(struct judge *judge, uint64_t size, uint64_t begin);
void judge_close(struct judge *judge);

/* Takes one entry, in order. Entries outside of the volume count as flushes only. */
struct judge_verdict judge_entry(struct judge *judge, const struct write_log_entry *entry);

/* Whether everything up to block number `synced` would survive a power cut now. */
struct judge_verdict judge_promise(struct judge *judge, uint64_t synced);

#endif
