/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Arithmetic of clocks, in 64 bits without overflow in the stated ranges. */
#include "arch/x86/bring_up.h"
#include "lib/bits.h"

uint64_t time_rate(uint64_t ticks, uint64_t reference_ticks, uint64_t reference_hz) {
	if (reference_ticks == 0)
		return 0;
	return ticks / reference_ticks * reference_hz + ticks % reference_ticks * reference_hz / reference_ticks;
}

uint32_t time_counter(uint64_t now, uint64_t deadline, uint64_t ratio) {
	unsigned __int128 count;

	if (deadline <= now)
		return 1;
	count = ((unsigned __int128)(deadline - now) * ratio + 0xffffffffu) >> 32;
	return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

uint64_t time_median(const uint64_t hz[3]) {
	uint64_t low = smaller(hz[0], hz[1]);
	uint64_t high = larger(hz[0], hz[1]);

	return larger(low, smaller(high, hz[2]));
}

uint64_t time_skew(uint64_t before, uint64_t other, uint64_t after) {
	return other < before ? before - other : other > after ? other - after : 0;
}
