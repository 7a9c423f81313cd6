/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VP's permission maps. Ports that exit have one bit each: one format for both vendors
 * [SDM 3C 25.6.4 "I/O-Bitmap Addresses"], [APM2 15.10.1 "I/O Permissions Map"]. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

/* Physical addresses. The format of that of the MSRs is the vendor's. */
struct vp_maps {
	uint64_t ports;
	uint64_t msrs;
};

/* A child's ports all exit; the parent's only where the kernel keeps the device: PICs
 * and COM1. */
static inline void port_map_fill(uint8_t *map, size_t size, bool is_parent) {
	memset(map, is_parent ? 0 : 0xff, size);
	if (is_parent) {
		map[0x20 / 8] = 0x03;
		map[0xa0 / 8] = 0x03;
		map[0x3f8 / 8] = 0xff;
	}
}
