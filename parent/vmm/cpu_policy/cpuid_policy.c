/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From the host's CPUID and a level to what a VM is shown. All checks come
 * before the first change. Pure.
 */
#include "vmm/cpu_policy/cpuid_policy.h"

#include <stddef.h>
#include "runtime/invariant.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool has(const struct host_cpuid *h, enum host_cpuid_leaf leaf, enum cpuid_output output, unsigned bit) {
	return h->leaf[leaf][output] >> bit & 1;
}

bool cpuid_policy_has(const struct cpuid_policy *p, enum host_cpuid_leaf leaf, enum cpuid_output output, unsigned bit) {
	return has(&p->shown, leaf, output, bit);
}

/* Extended state that the level has on this host, 0 without XSAVE. AVX-512 is
 * all of its components or none of them. */
static uint64_t usable_xcr0(const struct host_cpuid *host, enum cpu_level level) {
	uint64_t xcr0 = cpu_level_xcr0(level) & host->leaf[HOST_LEAF_D_0][CPUID_EAX];
	uint64_t base = XCR0_X87 | XCR0_SSE;

	if (!has(host, HOST_LEAF_1, CPUID_ECX, 26) || (xcr0 & base) != base)
		return 0;
	if ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || !(xcr0 & XCR0_AVX))
		xcr0 &= ~(uint64_t)XCR0_AVX512;
	return xcr0;
}

static bool host_has_row(const struct host_cpuid *host, const struct cpu_level_row *row, uint64_t xcr0) {
	enum host_cpuid_leaf leaf = host_cpuid_find(row->leaf, row->subleaf);

	invariant(leaf < HOST_LEAF_COUNT);
	if (row->rule == CPU_LEVEL_SYNTHETIC)
		return true;
	return has(host, leaf, (enum cpuid_output)row->output, row->bit) && (row->xcr0 & xcr0) == row->xcr0;
}

static const struct cpu_level_row *first_missing(const struct host_cpuid *host, enum cpu_level level, uint64_t xcr0) {
	unsigned count;
	const struct cpu_level_row *row = cpu_level_rows(&count);

	for (; count > 0; count--, row++) {
		if (cpu_level_requires(level, (enum cpu_level_rule)row->rule) && !host_has_row(host, row, xcr0))
			return row;
	}
	return NULL;
}

static enum err check_input(const struct cpuid_policy_input *in, struct err_text *text) {
	if (cpu_level_name(in->level) == NULL)
		return err_set(text, ERR_RANGE, "there is no CPU level %u", in->level);
	if (in->vp_count == 0 || in->vp_count > VM_CPUS_MAX)
		return err_set(text, ERR_RANGE, "%u processors are not 1 to %u", in->vp_count, VM_CPUS_MAX);
	if (in->physical_bits < 36 || in->physical_bits > 52)
		return err_set(text, ERR_RANGE, "a physical address has 36 to 52 bits, not %u", in->physical_bits);
	return ERR_NONE;
}

/* Leaves that inform rather than enable: the host's, whole registers. */
static void show_information(struct host_cpuid *shown, const struct host_cpuid *host) {
	static const struct {
		enum host_cpuid_leaf leaf;
		uint32_t mask[CPUID_OUTPUTS];
	} rows[] = {
	    {HOST_LEAF_0, {0, ~0u, ~0u, ~0u}},           /* vendor */
	    {HOST_LEAF_1, {0x0fff3fff, 0xff00, 0, 0}},   /* signature, CLFLUSH size */
	    {HOST_LEAF_80000000, {0, ~0u, ~0u, ~0u}},    /* vendor */
	    {HOST_LEAF_80000001, {0x0fff3fff, 0, 0, 0}}, /* signature */
	    {HOST_LEAF_80000002, {~0u, ~0u, ~0u, ~0u}},  /* brand string */
	    {HOST_LEAF_80000003, {~0u, ~0u, ~0u, ~0u}},
	    {HOST_LEAF_80000004, {~0u, ~0u, ~0u, ~0u}},
	    {HOST_LEAF_80000005, {~0u, ~0u, ~0u, ~0u}}, /* L1 caches and TLBs */
	    {HOST_LEAF_80000006, {~0u, ~0u, ~0u, ~0u}}, /* L2, L3 caches and TLBs */
	    /* Intel's descriptors; the counts of sharing processors in leaf 4 are
	     * the partition's own (cpuid_results.c). */
	    {HOST_LEAF_2, {~0u, ~0u, ~0u, ~0u}},
	    {HOST_LEAF_4_0, {0x3ff, ~0u, ~0u, 0x7}},
	    {HOST_LEAF_4_1, {0x3ff, ~0u, ~0u, 0x7}},
	    {HOST_LEAF_4_2, {0x3ff, ~0u, ~0u, 0x7}},
	    {HOST_LEAF_4_3, {0x3ff, ~0u, ~0u, 0x7}},
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		enum host_cpuid_leaf leaf = rows[i].leaf;
		bool is_intels = leaf >= HOST_LEAF_2 && leaf <= HOST_LEAF_4_3;

		for (unsigned out = 0; out < CPUID_OUTPUTS; out++) {
			if (!is_intels || host->vendor == CPU_VENDOR_INTEL)
				shown->leaf[leaf][out] |= host->leaf[leaf][out] & rows[i].mask[out];
		}
	}
}

static void show_features(struct cpuid_policy *p, const struct host_cpuid *host) {
	unsigned count;
	const struct cpu_level_row *row = cpu_level_rows(&count);

	for (; count > 0; count--, row++) {
		if (cpu_level_shows(p->level, (enum cpu_level_rule)row->rule) &&
		    host_has_row(host, row, p->xcr0_allowed))
			p->shown.leaf[host_cpuid_find(row->leaf, row->subleaf)][row->output] |= 1u << row->bit;
	}
	/* A level without extended state, or a host that lacks it. */
	if (p->xcr0_allowed == 0)
		p->shown.leaf[HOST_LEAF_1][CPUID_ECX] &= ~(1u << 26);
}

/* Sizes and offsets of the components in the standard format are the host's. */
static void set_extended_state(struct cpuid_policy *p, const struct host_cpuid *host) {
	p->xsave_size = 512 + (p->xcr0_allowed != 0 ? 64 : 0);
	for (unsigned i = 2; i < CPUID_XSTATE_COUNT; i++) {
		uint32_t *component = p->shown.xstate[i];

		if (!(p->xcr0_allowed & (1ull << i)))
			continue;
		component[CPUID_EAX] = host->xstate[i][CPUID_EAX];
		component[CPUID_EBX] = host->xstate[i][CPUID_EBX];
		component[CPUID_ECX] = host->xstate[i][CPUID_ECX] & 2; /* aligned if compact */
		if (component[CPUID_EAX] + component[CPUID_EBX] > p->xsave_size)
			p->xsave_size = component[CPUID_EAX] + component[CPUID_EBX];
	}
}

static void set_maxima(struct cpuid_policy *p, const struct host_cpuid *host) {
	bool has_80000021 = host->leaf[HOST_LEAF_80000000][CPUID_EAX] >= 0x80000021;

	p->max_leaf = p->xcr0_allowed != 0 ? 0xd : 0xb;
	p->max_extended_leaf = p->vendor == CPU_VENDOR_AMD && has_80000021 ? 0x80000021 : 0x80000008;
}

enum err cpuid_policy_create(struct cpuid_policy *p, const struct host_cpuid *host,
                             const struct cpuid_policy_input *input, struct err_text *text) {
	static const char *const outputs[] = {"EAX", "EBX", "ECX", "EDX"};
	const struct cpu_level_row *row;
	enum err error = check_input(input, text);
	uint32_t host_bits = host->leaf[HOST_LEAF_80000008][CPUID_EAX] & 0xff;
	uint64_t xcr0;

	if (error != ERR_NONE)
		return error;
	xcr0 = usable_xcr0(host, input->level);
	row = first_missing(host, input->level, xcr0);
	if (row != NULL)
		return err_set(text, ERR_UNSUPPORTED,
		               "CPU level %s needs %s (CPUID leaf 0x%x %s bit %u), which this "
		               "machine lacks",
		               cpu_level_name(input->level), row->name, row->leaf, outputs[row->output], row->bit);
	*p = (struct cpuid_policy){
	    .vendor = host->vendor,
	    .level = input->level,
	    .vp_count = input->vp_count,
	    .physical_bits = host_bits != 0 && host_bits < input->physical_bits ? host_bits : input->physical_bits,
	    .xcr0_allowed = xcr0,
	    .shown = {.vendor = host->vendor},
	};
	show_information(&p->shown, host);
	show_features(p, host);
	set_extended_state(p, host);
	set_maxima(p, host);
	return ERR_NONE;
}
