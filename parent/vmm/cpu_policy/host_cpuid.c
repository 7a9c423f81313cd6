/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reads the leaves of the host's CPUID that the policy uses
 * [SDM 2A "CPUID"]. Pure: the instruction is the caller's.
 */
#include "vmm/cpu_policy/host_cpuid.h"

#include <stdbool.h>
#include "runtime/invariant.h"

static const struct {
	uint32_t leaf;
	uint32_t subleaf;
} numbers[] = {
    [HOST_LEAF_0] = {0, 0},
    [HOST_LEAF_1] = {1, 0},
    [HOST_LEAF_2] = {2, 0},
    [HOST_LEAF_4_0] = {4, 0},
    [HOST_LEAF_4_1] = {4, 1},
    [HOST_LEAF_4_2] = {4, 2},
    [HOST_LEAF_4_3] = {4, 3},
    [HOST_LEAF_6] = {6, 0},
    [HOST_LEAF_7_0] = {7, 0},
    [HOST_LEAF_7_1] = {7, 1},
    [HOST_LEAF_D_0] = {0xd, 0},
    [HOST_LEAF_D_1] = {0xd, 1},
    [HOST_LEAF_80000000] = {0x80000000, 0},
    [HOST_LEAF_80000001] = {0x80000001, 0},
    [HOST_LEAF_80000002] = {0x80000002, 0},
    [HOST_LEAF_80000003] = {0x80000003, 0},
    [HOST_LEAF_80000004] = {0x80000004, 0},
    [HOST_LEAF_80000005] = {0x80000005, 0},
    [HOST_LEAF_80000006] = {0x80000006, 0},
    [HOST_LEAF_80000008] = {0x80000008, 0},
    [HOST_LEAF_80000021] = {0x80000021, 0},
};
_Static_assert(sizeof(numbers) / sizeof(numbers[0]) == HOST_LEAF_COUNT, "a number per leaf");

uint32_t host_cpuid_leaf_number(enum host_cpuid_leaf index, uint32_t *subleaf) {
	invariant(index < HOST_LEAF_COUNT);
	*subleaf = numbers[index].subleaf;
	return numbers[index].leaf;
}

enum host_cpuid_leaf host_cpuid_find(uint32_t leaf, uint32_t subleaf) {
	unsigned i = 0;

	while (i < HOST_LEAF_COUNT && (numbers[i].leaf != leaf || numbers[i].subleaf != subleaf))
		i++;
	return (enum host_cpuid_leaf)i;
}

/* "GenuineIntel" is Intel's; AMD and Hygon share AMD's extensions. */
static enum cpu_vendor vendor_of(const uint32_t leaf0[CPUID_OUTPUTS]) {
	bool is_intel =
	    leaf0[CPUID_EBX] == 0x756e6547 && leaf0[CPUID_EDX] == 0x49656e69 && leaf0[CPUID_ECX] == 0x6c65746e;

	return is_intel ? CPU_VENDOR_INTEL : CPU_VENDOR_AMD;
}

static bool exists(const struct host_cpuid *host, uint32_t leaf, uint32_t subleaf) {
	uint32_t top =
	    leaf & 0x80000000 ? host->leaf[HOST_LEAF_80000000][CPUID_EAX] : host->leaf[HOST_LEAF_0][CPUID_EAX];

	if (leaf == 0 || leaf == 0x80000000)
		return true;
	if (leaf > top)
		return false;
	return leaf != 7 || subleaf <= host->leaf[HOST_LEAF_7_0][CPUID_EAX];
}

void host_cpuid_read(struct host_cpuid *host, cpuid_instruction_t cpuid) {
	*host = (struct host_cpuid){.vendor = CPU_VENDOR_AMD};
	/* In the order of the table, so that maxima come before what they limit. */
	for (unsigned i = 0; i < HOST_LEAF_COUNT; i++) {
		if (exists(host, numbers[i].leaf, numbers[i].subleaf))
			cpuid(numbers[i].leaf, numbers[i].subleaf, host->leaf[i]);
	}
	host->vendor = vendor_of(host->leaf[HOST_LEAF_0]);
	for (uint32_t i = 2; i < CPUID_XSTATE_COUNT && exists(host, 0xd, 0); i++)
		cpuid(0xd, i, host->xstate[i]);
}
