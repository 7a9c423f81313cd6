/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of reading the host and of making a policy from it. */
#include "vmm/cpu_policy/cpuid_policy.h"

#include "fake_host.h"
#include "cpu_test.h"

static struct cpuid_policy_input input(enum cpu_level level) {
	return (struct cpuid_policy_input){.level = level, .vp_count = 2, .physical_bits = 40};
}

static struct host_cpuid read_host(void) {
	struct host_cpuid host;

	host_cpuid_read(&host, fake_cpuid);
	return host;
}

static uint32_t highest_leaf_asked[2];

static void spy_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
	unsigned extended = leaf >> 31;

	if (leaf > highest_leaf_asked[extended])
		highest_leaf_asked[extended] = leaf;
	if (leaf == 7 && subleaf > fake_host.leaf[HOST_LEAF_7_0][CPUID_EAX])
		fail_msg("subleaf %u of leaf 7", subleaf);
	fake_cpuid(leaf, subleaf, out);
}

static void leaves_above_the_hosts_maximum_are_not_asked_for(void **state) {
	struct host_cpuid host;

	(void)state;
	fake_host_set_amd();
	fake_host.leaf[HOST_LEAF_0][CPUID_EAX] = 7;
	fake_host.leaf[HOST_LEAF_80000000][CPUID_EAX] = 0x80000004;
	fake_host.leaf[HOST_LEAF_7_0][CPUID_EAX] = 0;
	host_cpuid_read(&host, spy_cpuid);
	assert_int_equal(highest_leaf_asked[0], 7);
	assert_int_equal(highest_leaf_asked[1], 0x80000004);
	assert_int_equal(host.leaf[HOST_LEAF_D_0][CPUID_EAX], 0);
	assert_int_equal(host.xstate[2][CPUID_EAX], 0);
	assert_int_equal(host.leaf[HOST_LEAF_80000008][CPUID_EAX], 0);
}

static void the_vendor_is_told_by_its_name(void **state) {
	(void)state;
	fake_host_set_amd();
	assert_int_equal(read_host().vendor, CPU_VENDOR_AMD);
	fake_host_set_intel();
	assert_int_equal(read_host().vendor, CPU_VENDOR_INTEL);
}

static void bad_input_is_refused_and_changes_nothing(void **state) {
	struct cpuid_policy p;
	struct cpuid_policy before;
	struct host_cpuid host;

	(void)state;
	fake_host_set_amd();
	host = read_host();
	memset(&p, 0x5a, sizeof(p));
	before = p;
	for (unsigned flaw = 0; flaw < 5; flaw++) {
		struct cpuid_policy_input in = input(CPU_LEVEL_X86_64_V2);

		if (flaw == 0)
			in.level = (enum cpu_level)1;
		else if (flaw == 1)
			in.vp_count = 0;
		else if (flaw == 2)
			in.vp_count = VM_CPUS_MAX + 1;
		else if (flaw == 3)
			in.physical_bits = 35;
		else
			in.physical_bits = 53;
		assert_int_equal(cpuid_policy_create(&p, &host, &in, NULL), ERR_RANGE);
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

/* Each required bit, taken from the host in turn. */
static void a_level_that_the_host_cannot_keep_is_refused(void **state) {
	static const enum cpu_level levels[] = {CPU_LEVEL_X86_64_V2, CPU_LEVEL_X86_64_V3, CPU_LEVEL_HOST};
	unsigned count;
	const struct cpu_level_row *rows = cpu_level_rows(&count);
	unsigned refused = 0;

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		enum host_cpuid_leaf leaf = host_cpuid_find(rows[i].leaf, rows[i].subleaf);

		for (unsigned l = 0; l < ARRAY_COUNT(levels); l++) {
			struct cpuid_policy_input in = input(levels[l]);
			struct err_text missing;
			struct host_cpuid host;
			struct cpuid_policy p;
			enum err error;

			fake_host_set_amd();
			host = read_host();
			host.leaf[leaf][rows[i].output] &= ~(1u << rows[i].bit);
			error = cpuid_policy_create(&p, &host, &in, &missing);
			if (!cpu_level_requires(levels[l], rows[i].rule)) {
				assert_int_equal(error, ERR_NONE);
				continue;
			}
			assert_int_equal(error, ERR_UNSUPPORTED);
			if (rows[i].bit != 26) /* without XSAVE, FMA is missed first */
				assert_non_null(strstr(missing.text, rows[i].name));
			refused++;
		}
	}
	assert_in_range(refused, 70, 120);
}

static void avx_without_its_state_is_no_avx(void **state) {
	struct cpuid_policy_input in = input(CPU_LEVEL_X86_64_V3);
	struct host_cpuid host;
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	fake_host.leaf[HOST_LEAF_D_0][CPUID_EAX] = 3;
	host = read_host();
	assert_int_equal(cpuid_policy_create(&p, &host, &in, NULL), ERR_UNSUPPORTED);
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	assert_int_equal(p.xcr0_allowed, 3);
	assert_false(cpuid_policy_has(&p, HOST_LEAF_1, CPUID_ECX, 28));
	assert_false(cpuid_policy_has(&p, HOST_LEAF_7_0, CPUID_EBX, 5));
	assert_false(cpuid_policy_has(&p, HOST_LEAF_7_0, CPUID_EBX, 16));
	assert_true(cpuid_policy_has(&p, HOST_LEAF_1, CPUID_ECX, 26));
}

static void avx512_comes_whole_or_not_at_all(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_intel();
	fake_host.leaf[HOST_LEAF_D_0][CPUID_EAX] = 0x67;
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	assert_int_equal(p.xcr0_allowed, 7);
	assert_false(cpuid_policy_has(&p, HOST_LEAF_7_0, CPUID_EBX, 16));
	fake_host.leaf[HOST_LEAF_D_0][CPUID_EAX] = 0xe7;
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	assert_int_equal(p.xcr0_allowed, 0xe7);
	assert_true(cpuid_policy_has(&p, HOST_LEAF_7_0, CPUID_EBX, 16));
}

static void extended_state_follows_the_level(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	assert_int_equal(p.xcr0_allowed, 0);
	assert_int_equal(p.xsave_size, 512);
	assert_false(cpuid_policy_has(&p, HOST_LEAF_1, CPUID_ECX, 26));
	p = fake_host_policy(CPU_LEVEL_X86_64_V3, 1);
	assert_int_equal(p.xcr0_allowed, 7);
	assert_int_equal(p.xsave_size, 832);
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	assert_int_equal(p.xcr0_allowed, 0x2e7);
	assert_int_equal(p.xsave_size, 2696);
}

static void the_missing_feature_is_named(void **state) {
	struct cpuid_policy_input in = input(CPU_LEVEL_X86_64_V3);
	struct err_text text;
	struct host_cpuid host;
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	host = read_host();
	host.leaf[HOST_LEAF_7_0][CPUID_EBX] &= ~(1u << 3);
	assert_int_equal(cpuid_policy_create(&p, &host, &in, &text), ERR_UNSUPPORTED);
	assert_string_equal(text.text, "CPU level x86-64-v3 needs BMI1 (CPUID leaf 0x7 EBX bit 3), "
	                               "which this machine lacks");
}

static void the_physical_width_is_the_smaller_one(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd(); /* 48 bits */
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	assert_int_equal(p.physical_bits, 40);
	fake_host.leaf[HOST_LEAF_80000008][CPUID_EAX] = 0x3027;
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	assert_int_equal(p.physical_bits, 39);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaves_above_the_hosts_maximum_are_not_asked_for),
	    cmocka_unit_test(the_vendor_is_told_by_its_name),
	    cmocka_unit_test(bad_input_is_refused_and_changes_nothing),
	    cmocka_unit_test(a_level_that_the_host_cannot_keep_is_refused),
	    cmocka_unit_test(avx_without_its_state_is_no_avx),
	    cmocka_unit_test(avx512_comes_whole_or_not_at_all),
	    cmocka_unit_test(extended_state_follows_the_level),
	    cmocka_unit_test(the_missing_feature_is_named),
	    cmocka_unit_test(the_physical_width_is_the_smaller_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
