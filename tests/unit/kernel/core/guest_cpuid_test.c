/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of what the kernel adds to registered CPUID rows, and of its own leaves. */
#include "core/guest_cpu.h"

#include "model_test.h"

#define CHILD                                                                                                          \
	(HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER | HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS |                                \
	 HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS | HV_PRIVILEGE_ACCESS_VP_INDEX | HV_PRIVILEGE_ACCESS_REFERENCE_TSC |       \
	 HV_PRIVILEGE_ACCESS_FREQUENCY)

static const struct guest_cpuid_vp vp0 = {0};
static const struct guest_cpuid_vp vp5 = {.vp_index = 5};
static struct guest_cpu cpu;
static uint32_t out[CPUID_OUTPUTS];

static int set_up(void **state) {
	(void)state;
	memset(&cpu, 0, sizeof(cpu));
	return 0;
}

static void add(uint32_t leaf, int subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
	struct hv_cpuid_result row = {.leaf = leaf,
	                              .subleaf = subleaf < 0 ? 0 : (uint32_t)subleaf,
	                              .flags = subleaf < 0 ? 0 : HV_CPUID_RESULT_SUBLEAF,
	                              .eax = eax,
	                              .ebx = ebx,
	                              .ecx = ecx,
	                              .edx = edx};

	assert_int_equal(cpuid_rows_add(&cpu.rows, &row), HV_STATUS_SUCCESS);
}

static void ask(const struct guest_cpuid_vp *vp, uint32_t leaf, uint32_t subleaf) {
	memset(out, 0xa5, sizeof(out));
	guest_cpuid(&cpu, vp, leaf, subleaf, out);
}

static void assert_out(uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
	assert_int_equal(out[CPUID_EAX], eax);
	assert_int_equal(out[CPUID_EBX], ebx);
	assert_int_equal(out[CPUID_ECX], ecx);
	assert_int_equal(out[CPUID_EDX], edx);
}

static void a_row_is_answered_as_it_is_and_none_is_zero(void **state) {
	(void)state;
	add(0x80000002, -1, 1, 2, 3, 4);
	add(7, 1, 5, 6, 7, 8);
	ask(&vp5, 0x80000002, 9);
	assert_out(1, 2, 3, 4);
	ask(&vp5, 7, 1);
	assert_out(5, 6, 7, 8);
	ask(&vp5, 7, 0);
	assert_out(0, 0, 0, 0);
	ask(&vp5, 1, 0);
	assert_out(0, 0, 0, 0);
	ask(&vp5, 0xb, 0);
	assert_out(0, 0, 0, 0);
}

static void each_vp_has_its_own_apic_id(void **state) {
	(void)state;
	add(1, -1, 0, 0x77060800, 0, 0);
	add(0xb, 0, 0, 1, 0x100, 0x77);
	add(0xb, 1, 3, 6, 0x2ff, 0x77);
	add(0x1f, 0, 0, 1, 0x100, 0);
	add(0x8000001e, -1, 0x77, 1, 2, 3);
	ask(&vp5, 1, 0);
	assert_out(0, 0x05060800, 0, 0);
	ask(&vp5, 0xb, 0);
	assert_out(0, 1, 0x100, 5);
	ask(&vp5, 0xb, 1);
	assert_out(3, 6, 0x201, 5);
	ask(&vp5, 0xb, 0x102);
	assert_out(0, 0, 2, 5);
	ask(&vp5, 0x1f, 0);
	assert_out(0, 1, 0x100, 5);
	ask(&vp5, 0x8000001e, 0);
	assert_out(5, 1, 2, 3);
}

static void osxsave_and_ospke_mirror_cr4(void **state) {
	struct guest_cpuid_vp on = {.cr4 = 1u << 18 | 1u << 22};

	(void)state;
	add(1, -1, 0, 0, 3u << 26, 0); /* the parent may not lie */
	add(7, 0, 0, 0, 3u << 3, 0);
	ask(&vp0, 1, 0);
	assert_int_equal(out[CPUID_ECX], 1u << 26);
	ask(&on, 1, 0);
	assert_int_equal(out[CPUID_ECX], 3u << 26);
	ask(&vp0, 7, 0);
	assert_int_equal(out[CPUID_ECX], 1u << 3);
	ask(&on, 7, 0);
	assert_int_equal(out[CPUID_ECX], 3u << 3);
	memset(&cpu, 0, sizeof(cpu));
	add(1, -1, 0, 0, 1u << 27, 0);
	add(7, 0, 0, 0, 1u << 4, 0);
	ask(&on, 1, 0);
	assert_int_equal(out[CPUID_ECX], 0);
	ask(&on, 7, 0);
	assert_int_equal(out[CPUID_ECX], 0);
}

static void a_disabled_apic_is_not_shown(void **state) {
	struct guest_cpuid_vp off = {.is_apic_disabled = true};

	(void)state;
	add(1, -1, 0, 0, 0, ~0u);
	add(0x80000001, -1, 0, 0, 0, ~0u);
	ask(&vp0, 1, 0);
	assert_int_equal(out[CPUID_EDX], ~0u);
	ask(&off, 1, 0);
	assert_int_equal(out[CPUID_EDX], ~0x200u);
	ask(&off, 0x80000001, 0);
	assert_int_equal(out[CPUID_EDX], ~0x200u);
}

static void the_xsave_area_has_the_size_of_what_is_enabled(void **state) {
	static const struct {
		uint64_t xcr0;
		uint32_t standard;
		uint32_t compact;
	} rows[] = {{1, 576, 576},      {7, 832, 832},     {0x203, 2696, 584},
	            {0x207, 2696, 840}, {0x27, 1152, 896}, {0x4000000000000007, 832, 832}};

	(void)state;
	cpu.limits.xcr0_allowed = 0x227;
	add(0xd, 0, 0x227, 0x77, 2696, 0);
	add(0xd, 1, 7, 0x77, 0, 0);
	add(0xd, 2, 256, 576, 0, 0);
	add(0xd, 5, 64, 1088, 2, 0);
	add(0xd, 9, 8, 2688, 0, 0);
	add(0xd, 62, 4096, 4096, 0, 0); /* not allowed: does not count */
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct guest_cpuid_vp vp = {.xcr0 = rows[i].xcr0};

		ask(&vp, 0xd, 0);
		assert_out(0x227, rows[i].standard, 2696, 0);
		ask(&vp, 0xd, 1);
		assert_out(7, rows[i].compact, 0, 0);
	}
	ask(&vp5, 0xd, 2);
	assert_out(256, 576, 0, 0);
}

static void without_xsavec_no_compact_size_is_told(void **state) {
	(void)state;
	add(0xd, 1, 5, 0x77, 0, 0);
	ask(&vp0, 0xd, 1);
	assert_out(5, 0, 0, 0);
}

static void a_child_gets_no_privilege_or_hint_beyond_its_list(void **state) {
	static const struct {
		uint64_t privileges;
		uint64_t hints;
		enum hv_status status;
	} rows[] = {
	    {0, 0, HV_STATUS_SUCCESS},
	    {CHILD, 0xffffffff00000220, HV_STATUS_SUCCESS},
	    {CHILD | HV_PRIVILEGE_ACCESS_INTR_CTRL, HV_HINT_APIC_MSRS, HV_STATUS_SUCCESS},
	    {0, HV_HINT_REMOTE_TLB_FLUSH, HV_STATUS_SUCCESS},
	    {0, HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS, HV_STATUS_SUCCESS},
	    {CHILD, HV_HINT_APIC_MSRS, HV_STATUS_INVALID_PARAMETER}, /* without the privilege */
	    {HV_PRIVILEGE_ACCESS_SYNIC | HV_PRIVILEGE_POST_MESSAGES | HV_PRIVILEGE_SIGNAL_EVENTS, 0, HV_STATUS_SUCCESS},
	    {HV_PRIVILEGE_CREATE_PORT, 0, HV_STATUS_ACCESS_DENIED},
	    {HV_PRIVILEGE_CONNECT_PORT, 0, HV_STATUS_ACCESS_DENIED},
	    {HV_PRIVILEGE_CPU_MANAGEMENT, 0, HV_STATUS_ACCESS_DENIED},
	    {HV_PRIVILEGE_CREATE_PARTITIONS, 0, HV_STATUS_ACCESS_DENIED},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(guest_cpuid_check_child(rows[i].privileges, rows[i].hints), rows[i].status);
	/* Each hint that is a promise, by its number, and no other. */
	for (unsigned bit = 0; bit < 32; bit++)
		assert_int_equal(guest_cpuid_check_child(HV_PRIVILEGE_ACCESS_INTR_CTRL, BIT(bit)) == HV_STATUS_SUCCESS,
		                 bit == 2 || bit == 3 || bit == 5 || bit == 9 || bit == 10 || bit == 11);
}

static void the_hypervisor_leaves_are_hyper_vs(void **state) {
	(void)state;
	cpu.privileges = CHILD;
	cpu.hints = 0xffffffff00000220;
	cpu.vp_count = 5;
	cpu.limits.physical_bits = 40;
	ask(&vp0, 0x40000000, 0);
	assert_out(0x40000006, 0x7263694d, 0x666f736f, 0x76482074);
	ask(&vp0, 0x40000001, 0);
	assert_out(0x31237648, 0, 0, 0);
	ask(&vp0, 0x40000003, 0);
	assert_out(0xa6a, 0, 0, 1u << 8 | 1u << 19);
	ask(&vp0, 0x40000004, 0);
	assert_out(0x220, 0xffffffff, 40, 0);
	ask(&vp0, 0x40000005, 0);
	assert_out(5, 5, 0, 0);
	ask(&vp0, 0x40000006, 0);
	assert_out(0, 0, 0, 0);
	cpu.privileges = 0;
	ask(&vp0, 0x40000003, 0);
	assert_out(0, 0, 0, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_row_is_answered_as_it_is_and_none_is_zero, set_up),
	    cmocka_unit_test_setup(each_vp_has_its_own_apic_id, set_up),
	    cmocka_unit_test_setup(osxsave_and_ospke_mirror_cr4, set_up),
	    cmocka_unit_test_setup(a_disabled_apic_is_not_shown, set_up),
	    cmocka_unit_test_setup(the_xsave_area_has_the_size_of_what_is_enabled, set_up),
	    cmocka_unit_test_setup(without_xsavec_no_compact_size_is_told, set_up),
	    cmocka_unit_test_setup(a_child_gets_no_privilege_or_hint_beyond_its_list, set_up),
	    cmocka_unit_test_setup(the_hypervisor_leaves_are_hyper_vs, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
