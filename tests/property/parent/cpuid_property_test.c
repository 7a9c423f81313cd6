/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Deny by default, for random hosts: a partition is shown no bit that neither a
 * row of the feature table names, with the host's consent, nor the short list of
 * fields below. usage: [seed]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/guest_cpu.h"
#include "vmm/cpu_policy/cpuid_results.h"
#include "lib/bits.h"

#define ROUNDS 300

static uint64_t seed;
static uint64_t random_state;
static struct host_cpuid host;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Fields that are numbers or names rather than features. */
static const struct {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t mask[CPUID_OUTPUTS];
} fields[] = {
    {0, 0, {0xf, ~0u, ~0u, ~0u}},                         /* maximum, vendor */
    {1, 0, {0x0fff3fff, 0xffffff00, 1u << 27, 1u << 28}}, /* OSXSAVE, HTT */
    {2, 0, {~0u, ~0u, ~0u, ~0u}},                         /* Intel: TLB descriptors */
    {4, 0, {~0u, ~0u, ~0u, 0x7}},                         /* Intel: caches */
    {4, 1, {~0u, ~0u, ~0u, 0x7}},
    {4, 2, {~0u, ~0u, ~0u, 0x7}},
    {4, 3, {~0u, ~0u, ~0u, 0x7}},
    {7, 0, {1, 0, 1u << 4, 0}}, /* maximum subleaf; OSPKE */
    {0xb, 0, {0, 1, 0x100, 0x3f}},
    {0xb, 1, {7, 0x7f, 0x201, 0x3f}},
    {0xb, 2, {0, 0, 2, 0x3f}},
    {0xb, 3, {0, 0, 3, 0x3f}},
    {0xd, 0, {0x2e7, ~0u, ~0u, 0}},
    {0xd, 1, {0, ~0u, 0, 0}},
    {0xd, 2, {~0u, ~0u, 2, 0}},
    {0x80000000, 0, {0x8000003f, ~0u, ~0u, ~0u}},
    {0x80000001, 0, {0x0fff3fff, 0, 2, 0}}, /* CmpLegacy */
    {0x80000002, 0, {~0u, ~0u, ~0u, ~0u}},  /* brand string */
    {0x80000003, 0, {~0u, ~0u, ~0u, ~0u}},
    {0x80000004, 0, {~0u, ~0u, ~0u, ~0u}},
    {0x80000005, 0, {~0u, ~0u, ~0u, ~0u}}, /* caches and TLBs */
    {0x80000006, 0, {~0u, ~0u, ~0u, ~0u}},
    {0x80000008, 0, {0xffff, 0, 0xf0ff, 0}},
};

static uint32_t field_bits(uint32_t leaf, uint32_t subleaf, unsigned output) {
	for (unsigned i = 0; i < ARRAY_COUNT(fields); i++) {
		if (fields[i].leaf == leaf && fields[i].subleaf == subleaf)
			return fields[i].mask[output];
	}
	return 0;
}

/* Bits of rows that the level shows and the host (or the kernel) has. */
static uint32_t row_bits(enum cpu_level level, uint32_t leaf, uint32_t subleaf, unsigned output) {
	unsigned count;
	const struct cpu_level_row *row = cpu_level_rows(&count);
	uint32_t bits = 0;

	for (; count > 0; count--, row++) {
		uint32_t bit = 1u << row->bit;
		uint32_t host_bits;

		if (row->leaf != leaf || row->subleaf != subleaf || row->output != output)
			continue;
		host_bits = host.leaf[host_cpuid_find(leaf, subleaf)][output];
		if (cpu_level_shows(level, (enum cpu_level_rule)row->rule) &&
		    (row->rule == CPU_LEVEL_SYNTHETIC || (host_bits & bit)))
			bits |= bit;
	}
	return bits;
}

/* A host with random features, and those that the level requires. */
static void make_host(enum cpu_level level) {
	unsigned count;
	const struct cpu_level_row *row = cpu_level_rows(&count);

	for (unsigned i = 0; i < HOST_LEAF_COUNT; i++) {
		for (unsigned out = 0; out < CPUID_OUTPUTS; out++)
			host.leaf[i][out] = (uint32_t)(random_u64() | random_u64());
	}
	for (unsigned i = 0; i < CPUID_XSTATE_COUNT; i++) {
		host.xstate[i][CPUID_EAX] = random_u64() & 0x3ff;
		host.xstate[i][CPUID_EBX] = 576 + (random_u64() & 0x7ff);
		host.xstate[i][CPUID_ECX] = (uint32_t)random_u64();
		host.xstate[i][CPUID_EDX] = (uint32_t)random_u64();
	}
	host.vendor = random_u64() & 1 ? CPU_VENDOR_AMD : CPU_VENDOR_INTEL;
	host.leaf[HOST_LEAF_D_0][CPUID_EAX] |= 7;
	host.leaf[HOST_LEAF_80000008][CPUID_EAX] = 36 + (uint32_t)random_u64() % 17;
	for (; count > 0; count--, row++) {
		if (cpu_level_requires(level, (enum cpu_level_rule)row->rule))
			host.leaf[host_cpuid_find(row->leaf, row->subleaf)][row->output] |= 1u << row->bit;
	}
}

static void check_leaf(const struct cpuid_policy *p, const struct guest_cpu *cpu, uint32_t leaf, uint32_t subleaf) {
	struct guest_cpuid_vp vp = {.vp_index = (uint32_t)random_u64() % p->vp_count,
	                            .cr4 = random_u64(),
	                            .xcr0 = random_u64() & p->xcr0_allowed};
	uint32_t out[CPUID_OUTPUTS];

	guest_cpuid(cpu, &vp, leaf, subleaf, out);
	for (unsigned i = 0; i < CPUID_OUTPUTS; i++) {
		uint32_t known = field_bits(leaf, subleaf, i) | row_bits(p->level, leaf, subleaf, i);

		if (leaf == 0xd && subleaf > 2 && subleaf < CPUID_XSTATE_COUNT)
			known = p->xcr0_allowed >> subleaf & 1 ? field_bits(0xd, 2, i) : 0;
		/* Leaves without subleaves ignore ECX. */
		if (subleaf != 0 && leaf != 4 && leaf != 7 && leaf != 0xb && leaf != 0xd)
			known = field_bits(leaf, 0, i) | row_bits(p->level, leaf, 0, i);
		if (out[i] & ~known)
			fail_msg("leaf %x.%x output %u shows %x", leaf, subleaf, i, out[i] & ~known);
	}
}

/* As the kernel takes them, for a machine that has everything. */
static struct guest_cpu register_rows(const struct cpuid_policy *p) {
	const struct cpu_limits machine = {~0ull, ~0ull, ~0ull, 52, true};
	struct guest_cpu cpu = {.vp_count = p->vp_count};
	struct hv_cpuid_result rows[HV_MAX_CPUID_RESULTS];
	unsigned count = cpuid_results_make(p, rows);

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(cpuid_rows_add(&cpu.rows, &rows[i]), HV_STATUS_SUCCESS);
	cpu.limits = cpu_limits_derive(&cpu.rows, &machine);
	assert_int_equal(cpu.limits.xcr0_allowed, p->xcr0_allowed);
	assert_int_equal(cpu.limits.physical_bits, p->physical_bits);
	return cpu;
}

static void no_bit_is_shown_that_nothing_names(void **state) {
	static const enum cpu_level levels[] = {CPU_LEVEL_X86_64_V2, CPU_LEVEL_X86_64_V3, CPU_LEVEL_HOST};

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct cpuid_policy_input in = {.level = levels[round % ARRAY_COUNT(levels)],
		                                .vp_count = 1 + (uint32_t)random_u64() % 64,
		                                .physical_bits = 36 + (uint32_t)random_u64() % 17};
		struct cpuid_policy p;
		struct guest_cpu cpu;

		make_host(in.level);
		assert_int_equal(cpuid_policy_create(&p, &host, &in, NULL), ERR_NONE);
		cpu = register_rows(&p);
		for (uint32_t leaf = 0; leaf < 0x30; leaf++) {
			for (uint32_t subleaf = 0; subleaf < 12; subleaf++) {
				if (leaf == 0xb && subleaf > 3)
					continue; /* EDX and the subleaf's number only */
				check_leaf(&p, &cpu, leaf, subleaf);
				check_leaf(&p, &cpu, 0x80000000 + leaf, subleaf);
			}
		}
		check_leaf(&p, &cpu, (uint32_t)random_u64() | 0x10000, 0);
	}
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_bit_is_shown_that_nothing_names),
	};
	int failed;

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	random_state = seed | 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed != 0)
		printf("seed %llu\n", (unsigned long long)seed);
	return failed;
}
