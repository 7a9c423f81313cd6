/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Two 64-bit FNV-1a hashes: names need to differ, not to be secret. */
#include <string.h>
#include "vmm/vm_guid.h"

#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME  0x100000001b3ull

static uint64_t hash(uint64_t seed, const char *text) {
	for (;; text++) {
		seed = (seed ^ (uint8_t)*text) * FNV_PRIME;
		if (*text == '\0')
			return seed;
	}
}

struct hv_guid vm_guid(const char *vm, const char *device) {
	uint64_t low = hash(hash(FNV_OFFSET, vm), device);
	uint64_t high = hash(hash(~FNV_OFFSET, device), vm);
	struct hv_guid guid = {
	    .data1 = (uint32_t)low,
	    .data2 = (uint16_t)(low >> 32),
	    .data3 = (uint16_t)((low >> 48 & 0x0fff) | 0x8000),
	};

	memcpy(guid.data4, &high, sizeof(guid.data4));
	guid.data4[0] = (uint8_t)((guid.data4[0] & 0x3f) | 0x80);
	return guid;
}
