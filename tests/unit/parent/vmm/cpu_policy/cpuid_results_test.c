/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a guest sees: the rows of a policy as the kernel answers them. */
#include "vmm/cpu_policy/cpuid_results.h"

#include "fake_host.h"
#include "cpu_test.h"

static const struct guest_cpuid_vp vp0 = {0};
static uint32_t out[CPUID_OUTPUTS];

static void ask(const struct cpuid_policy *p, const struct guest_cpuid_vp *vp, uint32_t leaf, uint32_t subleaf) {
	struct guest_cpu cpu = fake_host_cpu(p);

	memset(out, 0xa5, sizeof(out));
	guest_cpuid(&cpu, vp, leaf, subleaf, out);
}

static void assert_out(uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
	assert_int_equal(out[CPUID_EAX], eax);
	assert_int_equal(out[CPUID_EBX], ebx);
	assert_int_equal(out[CPUID_ECX], ecx);
	assert_int_equal(out[CPUID_EDX], edx);
}

static void the_vendor_is_the_hosts(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	ask(&p, &vp0, 0, 0);
	assert_out(0xb, 0x68747541, 0x444d4163, 0x69746e65);
	ask(&p, &vp0, 0x80000000, 0);
	assert_out(0x80000021, 0x68747541, 0x444d4163, 0x69746e65);
	fake_host_set_intel();
	p = fake_host_policy(CPU_LEVEL_X86_64_V3, 1);
	ask(&p, &vp0, 0, 0);
	assert_out(0xd, 0x756e6547, 0x6c65746e, 0x49656e69);
	ask(&p, &vp0, 0x80000000, 0);
	assert_int_equal(out[CPUID_EAX], 0x80000008);
}

static void level_v2_is_exactly_this(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	ask(&p, &vp0, 1, 0);
	assert_int_equal(out[CPUID_ECX], 0xc2ba2203);
	assert_int_equal(out[CPUID_EDX], 0x078bbb7f);
	ask(&p, &vp0, 7, 0);
	assert_out(0, 0x00100681, 0x4, 0x10);
	ask(&p, &vp0, 0x80000001, 0);
	assert_int_equal(out[CPUID_ECX], 0x101);
	assert_int_equal(out[CPUID_EDX], 0x2dd3bb7f);
}

static void leaves_without_rows_are_zero(void **state) {
	static const uint32_t leaves[] = {3,          5,          8,          9,          0xa,        0xc,
	                                  0xe,        0x10,       0x12,       0x14,       0x15,       0x16,
	                                  0x1f,       0x20,       0x3fffffff, 0x40000007, 0x40000100, 0x7fffffff,
	                                  0x80000007, 0x80000009, 0x8000000a, 0x80000019, 0x8000001b, 0x8000001d,
	                                  0x8000001e, 0x8000001f, 0x80000022, 0x80860000, 0xc0000000, 0xffffffff};
	static const enum cpu_level levels[] = {CPU_LEVEL_X86_64_V2, CPU_LEVEL_X86_64_V3, CPU_LEVEL_HOST};

	(void)state;
	fake_host_set_amd();
	for (unsigned l = 0; l < ARRAY_COUNT(levels); l++) {
		struct cpuid_policy p = fake_host_policy(levels[l], 4);

		for (unsigned i = 0; i < ARRAY_COUNT(leaves); i++) {
			ask(&p, &vp0, leaves[i], 0);
			assert_out(0, 0, 0, 0);
		}
	}
}

static void amds_partition_has_no_leaves_of_intel(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	p = fake_host_policy(CPU_LEVEL_HOST, 4);
	ask(&p, &vp0, 2, 0);
	assert_out(0, 0, 0, 0);
	ask(&p, &vp0, 4, 0);
	assert_out(0, 0, 0, 0);
}

static void the_topology_is_one_package_of_single_threads(void **state) {
	static const struct {
		uint32_t vp_count;
		uint32_t bits;
	} rows[] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {64, 6}};

	(void)state;
	fake_host_set_amd();
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct guest_cpuid_vp vp = {.vp_index = rows[i].vp_count - 1};
		struct cpuid_policy p = fake_host_policy(CPU_LEVEL_X86_64_V2, rows[i].vp_count);

		ask(&p, &vp, 0xb, 0);
		assert_out(0, 1, 0x100, vp.vp_index);
		ask(&p, &vp, 0xb, 1);
		assert_out(rows[i].bits, rows[i].vp_count, 0x201, vp.vp_index);
		ask(&p, &vp, 0xb, 2);
		assert_out(0, 0, 2, vp.vp_index);
		ask(&p, &vp, 1, 0);
		assert_int_equal(out[CPUID_EBX] >> 24, vp.vp_index);
		assert_int_equal(out[CPUID_EBX] >> 16 & 0xff, rows[i].vp_count);
		assert_int_equal(out[CPUID_EDX] >> 28 & 1, rows[i].vp_count > 1);
		ask(&p, &vp, 0x80000001, 0);
		assert_int_equal(out[CPUID_ECX] >> 1 & 1, rows[i].vp_count > 1);
		ask(&p, &vp, 0x80000008, 0);
		assert_int_equal(out[CPUID_EAX], 0x3028);
		assert_int_equal(out[CPUID_ECX], rows[i].bits << 12 | (rows[i].vp_count - 1));
		assert_int_equal(out[CPUID_EDX], 0);
	}
}

static void intels_caches_are_shared_as_the_topology_says(void **state) {
	struct cpuid_policy p;

	(void)state;
	fake_host_set_intel();
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 3);
	ask(&p, &vp0, 4, 0);
	assert_out(0x0c000121, 0x01c0003f, 63, 0);
	ask(&p, &vp0, 4, 2);
	assert_out(0x0c000143, 0x03c0003f, 1023, 0);
	ask(&p, &vp0, 4, 3);
	assert_out(0x0c00c163, 0x03c0003f, 8191, 6);
	ask(&p, &vp0, 4, 4);
	assert_out(0, 0, 0, 0);
	ask(&p, &vp0, 0x80000008, 0);
	assert_int_equal(out[CPUID_ECX], 0);
}

static void osxsave_and_ospke_mirror_cr4(void **state) {
	struct guest_cpuid_vp on = {.cr4 = 1u << 18 | 1u << 22};
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	ask(&p, &vp0, 1, 0);
	assert_int_equal(out[CPUID_ECX] >> 26 & 3, 1);
	ask(&p, &on, 1, 0);
	assert_int_equal(out[CPUID_ECX] >> 26 & 3, 3);
	ask(&p, &vp0, 7, 0);
	assert_int_equal(out[CPUID_ECX] >> 3 & 3, 1);
	ask(&p, &on, 7, 0);
	assert_int_equal(out[CPUID_ECX] >> 3 & 3, 3);
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	ask(&p, &on, 1, 0);
	assert_int_equal(out[CPUID_ECX] >> 26 & 3, 0);
	ask(&p, &on, 7, 0);
	assert_int_equal(out[CPUID_ECX] >> 3 & 3, 0);
}

static void a_disabled_apic_is_not_shown(void **state) {
	struct guest_cpuid_vp vp = {.is_apic_disabled = true};
	struct cpuid_policy p;

	(void)state;
	fake_host_set_amd();
	p = fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
	ask(&p, &vp, 1, 0);
	assert_int_equal(out[CPUID_EDX] >> 9 & 1, 0);
	ask(&p, &vp, 0x80000001, 0);
	assert_int_equal(out[CPUID_EDX] >> 9 & 1, 0);
}

static void the_xsave_area_has_the_size_of_what_is_enabled(void **state) {
	static const struct {
		uint64_t xcr0;
		uint32_t standard;
		uint32_t compact;
	} rows[] = {{1, 576, 576},      {3, 576, 576},      {7, 832, 832},
	            {0xe7, 2688, 2432}, {0x203, 2696, 584}, {0x2e7, 2696, 2440}};
	struct cpuid_policy p;

	(void)state;
	fake_host_set_intel();
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct guest_cpuid_vp vp = {.xcr0 = rows[i].xcr0};

		ask(&p, &vp, 0xd, 0);
		assert_out(0x2e7, rows[i].standard, 2696, 0);
		ask(&p, &vp, 0xd, 1);
		assert_out(7, rows[i].compact, 0, 0);
	}
	ask(&p, &vp0, 0xd, 2);
	assert_out(256, 576, 0, 0);
	ask(&p, &vp0, 0xd, 3); /* MPX is not shown */
	assert_out(0, 0, 0, 0);
	ask(&p, &vp0, 0xd, 9);
	assert_out(8, 2688, 0, 0);
	ask(&p, &vp0, 0xd, 17);
	assert_out(0, 0, 0, 0);
}

static void compact_components_are_aligned_where_the_host_says_so(void **state) {
	struct guest_cpuid_vp vp = {.xcr0 = 0x2e7};
	struct cpuid_policy p;

	(void)state;
	fake_host_set_intel();
	fake_host.xstate[2][CPUID_EAX] = 250; /* the next one would start at 826 */
	fake_host.xstate[5][CPUID_ECX] = 3;
	p = fake_host_policy(CPU_LEVEL_HOST, 1);
	ask(&p, &vp, 0xd, 1);
	assert_int_equal(out[CPUID_EBX], 832 + 64 + 512 + 1024 + 8);
	ask(&p, &vp, 0xd, 5);
	assert_out(64, 1088, 2, 0);
}

static void every_row_is_one_that_the_kernel_takes(void **state) {
	struct hv_cpuid_result rows[HV_MAX_CPUID_RESULTS];
	struct cpuid_policy p;

	(void)state;
	fake_host_set_intel();
	p = fake_host_policy(CPU_LEVEL_HOST, 64);
	assert_in_range(cpuid_results_make(&p, rows), 25, 40);
	(void)fake_host_cpu(&p); /* fails if a row is refused */
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vendor_is_the_hosts),
	    cmocka_unit_test(level_v2_is_exactly_this),
	    cmocka_unit_test(leaves_without_rows_are_zero),
	    cmocka_unit_test(amds_partition_has_no_leaves_of_intel),
	    cmocka_unit_test(the_topology_is_one_package_of_single_threads),
	    cmocka_unit_test(intels_caches_are_shared_as_the_topology_says),
	    cmocka_unit_test(osxsave_and_ospke_mirror_cr4),
	    cmocka_unit_test(a_disabled_apic_is_not_shown),
	    cmocka_unit_test(the_xsave_area_has_the_size_of_what_is_enabled),
	    cmocka_unit_test(compact_components_are_aligned_where_the_host_says_so),
	    cmocka_unit_test(every_row_is_one_that_the_kernel_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
