/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A row per leaf that the policy shows, with what is computed from it. Pure. */
#include "vmm/cpu_policy/cpuid_results.h"

#include <stdbool.h>
#include "runtime/invariant.h"

#define LINEAR_BITS 48u

struct table {
	struct hv_cpuid_result *row;
	unsigned count;
};

static void append(struct table *t, const struct hv_cpuid_result *row) {
	invariant(t->count < HV_MAX_CPUID_RESULTS);
	if ((row->eax | row->ebx | row->ecx | row->edx) != 0)
		t->row[t->count++] = *row;
}

/* Bits of an APIC id that number the processors of the one package. */
static uint32_t core_bits(const struct cpuid_policy *p) {
	uint32_t bits = 0;

	while (1u << bits < p->vp_count)
		bits++;
	return bits;
}

/* Intel's caches: L1 and L2 are a core's own, what lies beyond is the package's.
 * The counts are of APIC ids, so powers of two. */
static void share_cache(const struct cpuid_policy *p, struct hv_cpuid_result *row) {
	uint32_t level = row->eax >> 5 & 7;
	uint32_t ids = (1u << core_bits(p)) - 1;

	if ((row->eax & 0x1f) == 0)
		return;
	row->eax |= ids << 26;
	if (level > 2)
		row->eax |= ids << 14;
}

static void complete_basic(const struct cpuid_policy *p, struct hv_cpuid_result *row) {
	if (row->leaf == 0)
		row->eax = p->max_leaf;
	if (row->leaf == 1) {
		row->ebx |= p->vp_count << 16;
		if (p->vp_count > 1)
			row->edx |= 1u << 28; /* HTT: the count in EBX is valid */
	}
	if (row->leaf == 4)
		share_cache(p, row);
	if (row->leaf == 7 && row->subleaf == 0)
		row->eax = p->shown.leaf[HOST_LEAF_7_1][CPUID_EAX] != 0;
}

static void complete_extended(const struct cpuid_policy *p, struct hv_cpuid_result *row) {
	bool is_amd = p->vendor == CPU_VENDOR_AMD;

	if (row->leaf == 0x80000000)
		row->eax = p->max_extended_leaf;
	if (row->leaf == 0x80000001 && is_amd && p->vp_count > 1)
		row->ecx |= 1u << 1; /* CmpLegacy: HTT means cores */
	if (row->leaf == 0x80000008) {
		row->eax = p->physical_bits | LINEAR_BITS << 8;
		if (is_amd)
			row->ecx = (p->vp_count - 1) | core_bits(p) << 12;
	}
}

/* Leaf 0xd: EBX of subleaves 0 and 1 is the kernel's, it follows XCR0. */
static void append_extended_state(const struct cpuid_policy *p, struct table *t) {
	struct hv_cpuid_result row = {
	    .leaf = 0xd, .flags = HV_CPUID_RESULT_SUBLEAF, .eax = (uint32_t)p->xcr0_allowed, .ecx = p->xsave_size};

	if (p->xcr0_allowed == 0)
		return;
	append(t, &row);
	row.subleaf = 1;
	row.eax = p->shown.leaf[HOST_LEAF_D_1][CPUID_EAX];
	row.ecx = 0;
	append(t, &row);
	for (unsigned i = 2; i < CPUID_XSTATE_COUNT; i++) {
		const uint32_t *component = p->shown.xstate[i];

		row = (struct hv_cpuid_result){.leaf = 0xd,
		                               .subleaf = i,
		                               .flags = HV_CPUID_RESULT_SUBLEAF,
		                               .eax = component[CPUID_EAX],
		                               .ebx = component[CPUID_EBX],
		                               .ecx = component[CPUID_ECX]};
		append(t, &row);
	}
}

/* Extended topology: threads of a core (one), then cores of the package. */
static void append_topology(const struct cpuid_policy *p, struct table *t) {
	struct hv_cpuid_result row = {.leaf = 0xb, .flags = HV_CPUID_RESULT_SUBLEAF, .ebx = 1, .ecx = 1u << 8};

	append(t, &row);
	row.subleaf = 1;
	row.eax = core_bits(p);
	row.ebx = p->vp_count;
	row.ecx = 2u << 8 | 1;
	append(t, &row);
}

unsigned cpuid_results_make(const struct cpuid_policy *p, struct hv_cpuid_result rows[HV_MAX_CPUID_RESULTS]) {
	struct table t = {.row = rows};

	for (unsigned i = 0; i < HOST_LEAF_COUNT; i++) {
		const uint32_t *out = p->shown.leaf[i];
		struct hv_cpuid_result row = {
		    .eax = out[CPUID_EAX], .ebx = out[CPUID_EBX], .ecx = out[CPUID_ECX], .edx = out[CPUID_EDX]};

		row.leaf = host_cpuid_leaf_number((enum host_cpuid_leaf)i, &row.subleaf);
		if (row.leaf == 4 || row.leaf == 7)
			row.flags = HV_CPUID_RESULT_SUBLEAF;
		if (row.leaf == 0xd || row.leaf > (row.leaf >> 31 ? p->max_extended_leaf : p->max_leaf))
			continue;
		complete_basic(p, &row);
		complete_extended(p, &row);
		append(&t, &row);
	}
	append_topology(p, &t);
	append_extended_state(p, &t);
	return t.count;
}
