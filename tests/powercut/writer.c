/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * bh-powercut, in a guest: fills /dev/sda (or what its argument names) with numbered blocks for ever, in bunches of one
 * to sixteen, and says on the console what is synced. Bunches take turns: through the page cache and fsync, around it
 * and fsync, around it with O_DSYNC alone. It stops, and says so, at the first error.
 */
#define _GNU_SOURCE /* O_DIRECT */
#include "powercut/block.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define WAYS 3

static _Alignas(BLOCK_SIZE) uint8_t bytes[BLOCK_SIZE];

/* True if `count` blocks after *number were written and are durable; *number is the last one. */
static bool write_bunch(int file, bool needs_sync, uint64_t slots, uint64_t *number, unsigned count) {
	uint64_t synced = *number;

	for (unsigned i = 0; i < count; i++) {
		++*number;
		block_fill(bytes, (struct block){.number = *number, .synced = synced});
		if (pwrite(file, bytes, BLOCK_SIZE, (off_t)(block_slot(*number, slots) * BLOCK_SIZE)) != BLOCK_SIZE)
			return false;
	}
	return !needs_sync || fsync(file) == 0;
}

int main(int argc, char **argv) {
	static const int flags[WAYS] = {0, O_DIRECT, O_DIRECT | O_DSYNC};
	const char *name = argc > 1 ? argv[1] : "/dev/sda";
	uint64_t number = 0, slots;
	int files[WAYS];
	unsigned turn = 0;

	/* A disk may still be on its way when its driver is loaded. */
	for (unsigned i = 0; access(name, W_OK) != 0 && i < 300; i++)
		usleep(100000);
	for (unsigned i = 0; i < WAYS; i++) {
		files[i] = open(name, O_RDWR | flags[i]);
		if (files[i] < 0) {
			perror(name);
			return 1;
		}
	}
	slots = block_slots((uint64_t)lseek(files[0], 0, SEEK_END));
	printf("bulkhead-guest: power-cut writer, %" PRIu64 " slots\n", slots);
	while (write_bunch(files[turn % WAYS], !(flags[turn % WAYS] & O_DSYNC), slots, &number, 1 + turn * 5 % 16)) {
		printf("bulkhead-guest: synced %" PRIu64 "\n", number);
		fflush(stdout);
		turn++;
	}
	perror("bulkhead-guest: power-cut writer");
	return 1;
}
