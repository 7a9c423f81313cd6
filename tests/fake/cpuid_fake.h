/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* CPUID of the fake machine: an AMD processor that has everything that the table
 * of levels knows (kernel/core/cpu_level.h). */
#pragma once

#include <stdint.h>

void cpuid_fake(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
