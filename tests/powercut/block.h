/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * What the writer of the power-cut test puts on a disk, and the judge expects there: numbered blocks, each of which
 * also says which number had been synced before it was written. So the disk itself witnesses what the guest was
 * promised.
 */
#ifndef POWERCUT_BLOCK_H
#define POWERCUT_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_SIZE 4096u

struct block {
	uint64_t number; /* from 1 on, in the order of writing */
	uint64_t synced; /* all blocks up to this number were synced before; 0 is none */
};

/* Where block `number` goes on a disk of `slots` blocks: `slots` blocks in a row have different places, all over the
 * disk. */
uint64_t block_slot(uint64_t number, uint64_t slots);

/* How many slots are used of a disk of `size` bytes. */
uint64_t block_slots(uint64_t size);

/* Fills all BLOCK_SIZE bytes. */
void block_fill(uint8_t *bytes, struct block block);

/* True if the bytes are exactly a block as block_fill makes it; which one is left in *block. */
bool block_read(const uint8_t *bytes, struct block *block);

#endif
