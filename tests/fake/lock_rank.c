/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Lock ranks in host tests: rising order, everything released. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/spinlock.h"

bool spinlock_has_turns = true;

static uint32_t held[16];
static unsigned held_count;

void lock_rank_acquired(uint32_t rank) {
	if (held_count > 0 && held[held_count - 1] >= rank) {
		fprintf(stderr, "lock of rank %u taken under rank %u\n", rank, held[held_count - 1]);
		abort();
	}
	held[held_count++] = rank;
}

void lock_rank_released(uint32_t rank) {
	if (held_count == 0 || held[held_count - 1] != rank) {
		fprintf(stderr, "lock of rank %u released out of order\n", rank);
		abort();
	}
	held_count--;
}
