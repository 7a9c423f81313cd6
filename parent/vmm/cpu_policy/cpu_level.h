/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The one table of processor features that a partition may be shown: a row per
 * CPUID bit, with the CPU level from which it is shown and whether that level
 * demands it. What no row names is never shown. docs/cpu-levels.md explains the
 * levels; rows live in cpu_level.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/cpuid.h>
#include "config/vm_config.h"

/* Components of XCR0 [SDM 1 13.1 "XSAVE-Supported Features and State-Component
 * Bitmaps"]. */
#define XCR0_X87    0x1u
#define XCR0_SSE    0x2u
#define XCR0_AVX    0x4u
#define XCR0_AVX512 0xe0u
#define XCR0_PKRU   0x200u

enum cpu_level_rule {
	CPU_LEVEL_V2_REQUIRED, /* part of x86-64-v2 or of what every guest needs */
	CPU_LEVEL_V2_OPTIONAL, /* shown at every level if the host has it */
	CPU_LEVEL_V3_REQUIRED, /* part of x86-64-v3 */
	CPU_LEVEL_V3_OPTIONAL, /* shown at v3 and host if the host has it */
	CPU_LEVEL_HOST_ONLY,   /* shown at host if the host has it */
	CPU_LEVEL_SYNTHETIC,   /* always shown: the kernel provides it, not the host */
};

struct cpu_level_row {
	uint32_t leaf;
	uint8_t subleaf;
	uint8_t output; /* enum cpuid_output */
	uint8_t bit;
	uint8_t rule;  /* enum cpu_level_rule */
	uint16_t xcr0; /* extended state that the feature needs, 0: none */
	const char *name;
};

/* The rows, and how many. */
const struct cpu_level_row *cpu_level_rows(unsigned *count);

/* As vm.json spells it, NULL: no such level. */
const char *cpu_level_name(enum cpu_level level);

/* True if the level shows such a row where the host allows it. */
bool cpu_level_shows(enum cpu_level level, enum cpu_level_rule rule);

/* True if a partition of this level cannot be made without the feature. */
bool cpu_level_requires(enum cpu_level level, enum cpu_level_rule rule);

/* XCR0 bits that the level may enable, before the host's own are ANDed: the
 * extended state that the kernel saves and restores eagerly (architecture.md D2). */
uint64_t cpu_level_xcr0(enum cpu_level level);
