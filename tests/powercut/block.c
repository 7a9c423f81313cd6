/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Magic number, number, synced, and a stream of xorshift numbers that depends on both: no two blocks are alike
 * anywhere.
 */
#include "powercut/block.h"

#include <string.h>

#define MAGIC  0x7475637265776f70ull
#define STRIDE 7919u /* a prime */
#define WORDS  (BLOCK_SIZE / sizeof(uint64_t))

uint64_t block_slot(uint64_t number, uint64_t slots) { return number % slots * STRIDE % slots; }

uint64_t block_slots(uint64_t size) {
	uint64_t slots = size / BLOCK_SIZE;

	return slots && slots % STRIDE == 0 ? slots - 1 : slots;
}

static uint64_t next_word(uint64_t word) {
	word ^= word << 13;
	word ^= word >> 7;
	return word ^ word << 17;
}

void block_fill(uint8_t *bytes, struct block block) {
	uint64_t words[WORDS] = {MAGIC, block.number, block.synced};
	uint64_t word = MAGIC ^ block.number * 0x9e3779b97f4a7c15ull ^ block.synced << 40;

	for (unsigned i = 3; i < WORDS; i++) {
		word = next_word(word);
		words[i] = word;
	}
	memcpy(bytes, words, BLOCK_SIZE);
}

bool block_read(const uint8_t *bytes, struct block *block) {
	uint8_t expected[BLOCK_SIZE];
	uint64_t head[3];

	memcpy(head, bytes, sizeof(head));
	*block = (struct block){.number = head[1], .synced = head[2]};
	block_fill(expected, *block);
	return memcmp(bytes, expected, BLOCK_SIZE) == 0;
}
