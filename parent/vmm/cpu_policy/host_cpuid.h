/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The host's CPUID, read once: the leaves that the policy uses
 * [SDM 2A "CPUID"]. The kernel passes the machine's leaves through to the parent.
 */
#pragma once

#include <stdint.h>
#include "vmm/cpu_policy/cpu_level.h"

enum cpu_vendor { CPU_VENDOR_INTEL, CPU_VENDOR_AMD };

/* Leaves whose bits the policy reads; index of host_cpuid.leaf. */
enum host_cpuid_leaf {
	HOST_LEAF_0,
	HOST_LEAF_1,
	HOST_LEAF_2,
	HOST_LEAF_4_0, /* caches, subleaves 0 to 3 */
	HOST_LEAF_4_1,
	HOST_LEAF_4_2,
	HOST_LEAF_4_3,
	HOST_LEAF_6,
	HOST_LEAF_7_0,
	HOST_LEAF_7_1,
	HOST_LEAF_D_0,
	HOST_LEAF_D_1,
	HOST_LEAF_80000000,
	HOST_LEAF_80000001,
	HOST_LEAF_80000002, /* brand string, three leaves */
	HOST_LEAF_80000003,
	HOST_LEAF_80000004,
	HOST_LEAF_80000005, /* caches and TLBs, two leaves */
	HOST_LEAF_80000006,
	HOST_LEAF_80000008,
	HOST_LEAF_80000021,
	HOST_LEAF_COUNT,
};

/* State components of XCR0 that a level may show: bits 2 to 9. */
#define CPUID_XSTATE_COUNT 10u

struct host_cpuid {
	enum cpu_vendor vendor;                             /* AMD also for Hygon */
	uint32_t leaf[HOST_LEAF_COUNT][CPUID_OUTPUTS];      /* zero where the host has no such leaf */
	uint32_t xstate[CPUID_XSTATE_COUNT][CPUID_OUTPUTS]; /* leaf 0xd, subleaf = component */
};

/* Leaf and subleaf numbers of an index. */
uint32_t host_cpuid_leaf_number(enum host_cpuid_leaf index, uint32_t *subleaf);

/* The index of a leaf, HOST_LEAF_COUNT if the policy does not read it. */
enum host_cpuid_leaf host_cpuid_find(uint32_t leaf, uint32_t subleaf);

typedef void (*cpuid_instruction_t)(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* The instruction itself. Target only; host tests link a fake processor. */
void host_cpuid_instruction(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* Reads the host once; never asks for a leaf above the host's maximum. */
void host_cpuid_read(struct host_cpuid *host, cpuid_instruction_t cpuid);
