/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Every feature bit is set; what are numbers are those of a plausible machine. */
#include "fake/cpuid_fake.h"

#include <stddef.h>
#include <string.h>

static const struct {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t out[4];
} leaves[] = {
    {0x00000000, 0, {0x20, 0x68747541, 0x444d4163, 0x69746e65}},
    {0x00000007, 0, {2, ~0u, ~0u, ~0u}},
    {0x0000000d, 0, {0x2e7, 2696, 2696, 0}}, /* x87, SSE, AVX, AVX-512, PKRU */
    {0x0000000d, 2, {256, 576, 0, 0}},
    {0x0000000d, 3, {0, 0, 0, 0}},
    {0x0000000d, 4, {0, 0, 0, 0}},
    {0x0000000d, 5, {64, 1088, 0, 0}},
    {0x0000000d, 6, {512, 1152, 0, 0}},
    {0x0000000d, 7, {1024, 1664, 0, 0}},
    {0x0000000d, 8, {0, 0, 0, 0}},
    {0x0000000d, 9, {8, 2688, 0, 0}},
    {0x80000000, 0, {0x80000021, 0x68747541, 0x444d4163, 0x69746e65}},
    {0x80000008, 0, {0x3928, 0, 0, 0}},
};

void cpuid_fake(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
	memset(out, 0xff, 4 * sizeof(*out));
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
			memcpy(out, leaves[i].out, sizeof(leaves[i].out));
}
