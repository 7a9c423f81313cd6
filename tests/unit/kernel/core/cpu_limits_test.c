/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of what a partition may set, by what it is shown and the machine has. */
#include "core/guest_cpu.h"

#include "model_test.h"

static const struct cpu_limits everything = {~0ull, ~0ull, ~0ull, 52, true};
static struct cpuid_rows rows;

static void add(uint32_t leaf, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
	struct hv_cpuid_result row = {.leaf = leaf, .eax = eax, .ebx = ebx, .ecx = ecx, .edx = edx};

	assert_int_equal(cpuid_rows_add(&rows, &row), HV_STATUS_SUCCESS);
}

/* Rows that show every bit. */
static int set_up(void **state) {
	(void)state;
	memset(&rows, 0, sizeof(rows));
	add(1, ~0u, ~0u, ~0u, ~0u);
	add(7, ~0u, ~0u, ~0u, ~0u);
	add(0xd, 0x2e7, ~0u, ~0u, 0);
	add(0x80000001, ~0u, ~0u, ~0u, ~0u);
	add(0x80000008, 0x3028, 0, 0, 0);
	return 0;
}

static struct hv_cpuid_result *row(uint32_t leaf) {
	struct hv_cpuid_result *r = (struct hv_cpuid_result *)(uintptr_t)cpuid_rows_find(&rows, leaf, 0);

	assert_non_null(r);
	return r;
}

/* All that Linux sets, and neither MCE, PCE, LA57, VMXE, SVME nor CET. */
static void what_is_shown_may_be_set(void **state) {
	struct cpu_limits limits = cpu_limits_derive(&rows, &everything);

	(void)state;
	assert_int_equal(limits.cr4_allowed, 0x770ebf);
	assert_int_equal(limits.efer_allowed, 0x901);
	assert_int_equal(limits.xcr0_allowed, 0x2e7);
	assert_int_equal(limits.physical_bits, 40);
	assert_true(limits.has_tsc_aux);
}

static void what_is_not_shown_may_not(void **state) {
	static const struct {
		uint32_t leaf;
		enum cpuid_output output;
		unsigned bit;
		uint64_t cr4;
		uint64_t efer;
	} bits[] = {
	    {1, CPUID_EDX, 1, 0x3, 0},
	    {1, CPUID_EDX, 4, 0x4, 0},
	    {1, CPUID_EDX, 2, 0x8, 0},
	    {1, CPUID_EDX, 3, 0x10, 0},
	    {1, CPUID_EDX, 6, 0x20, 0},
	    {1, CPUID_EDX, 13, 0x80, 0},
	    {1, CPUID_EDX, 24, 0x200, 0},
	    {1, CPUID_EDX, 25, 0x400, 0},
	    {7, CPUID_ECX, 2, 0x800, 0},
	    {7, CPUID_EBX, 0, 0x10000, 0},
	    {1, CPUID_ECX, 17, 0x20000, 0},
	    {1, CPUID_ECX, 26, 0x40000, 0},
	    {7, CPUID_EBX, 7, 0x100000, 0},
	    {7, CPUID_EBX, 20, 0x200000, 0},
	    {7, CPUID_ECX, 3, 0x400000, 0},
	    {0x80000001, CPUID_EDX, 11, 0, 0x1},
	    {0x80000001, CPUID_EDX, 29, 0, 0x100},
	    {0x80000001, CPUID_EDX, 20, 0, 0x800},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(bits); i++) {
		uint32_t *out = &row(bits[i].leaf)->eax + bits[i].output;
		struct cpu_limits limits;

		*out &= ~(1u << bits[i].bit);
		limits = cpu_limits_derive(&rows, &everything);
		assert_int_equal(limits.cr4_allowed, 0x770ebf & ~bits[i].cr4);
		assert_int_equal(limits.efer_allowed, 0x901 & ~bits[i].efer);
		*out |= 1u << bits[i].bit;
	}
}

static void what_the_machine_lacks_may_not_either(void **state) {
	struct cpu_limits machine = everything;
	struct cpu_limits limits;

	(void)state;
	machine.cr4_allowed = ~0x300000ull;
	machine.efer_allowed = 0x101;
	machine.xcr0_allowed = 7;
	machine.physical_bits = 39;
	machine.has_tsc_aux = false;
	limits = cpu_limits_derive(&rows, &machine);
	assert_int_equal(limits.cr4_allowed, 0x470ebf);
	assert_int_equal(limits.efer_allowed, 0x101);
	assert_int_equal(limits.xcr0_allowed, 7);
	assert_int_equal(limits.physical_bits, 39);
	assert_false(limits.has_tsc_aux);
}

static void without_rows_nothing_may_be_set(void **state) {
	struct cpu_limits limits;

	(void)state;
	memset(&rows, 0, sizeof(rows));
	limits = cpu_limits_derive(&rows, &everything);
	assert_int_equal(limits.cr4_allowed, 0);
	assert_int_equal(limits.efer_allowed, 0);
	assert_int_equal(limits.xcr0_allowed, 0);
	assert_int_equal(limits.physical_bits, 36);
	assert_false(limits.has_tsc_aux);
}

static void xcr0_needs_xsave_and_has_a_high_half(void **state) {
	(void)state;
	row(0xd)->edx = 0x40000000;
	assert_int_equal(cpu_limits_derive(&rows, &everything).xcr0_allowed, 0x40000000000002e7);
	row(1)->ecx &= ~(1u << 26);
	assert_int_equal(cpu_limits_derive(&rows, &everything).xcr0_allowed, 0);
}

static void tsc_aux_exists_with_either_of_its_readers(void **state) {
	(void)state;
	row(0x80000001)->edx &= ~(1u << 27);
	assert_true(cpu_limits_derive(&rows, &everything).has_tsc_aux);
	row(7)->ecx &= ~(1u << 22);
	assert_false(cpu_limits_derive(&rows, &everything).has_tsc_aux);
	row(0x80000001)->edx |= 1u << 27;
	assert_true(cpu_limits_derive(&rows, &everything).has_tsc_aux);
}

static void xcr0_values_are_judged_row_by_row(void **state) {
	static const struct {
		uint64_t xcr0;
		bool is_valid;
	} values[] = {
	    {0, false},
	    {1, true},
	    {2, false},
	    {3, true},
	    {4, false},
	    {5, false},
	    {7, true},
	    {0xe7, true},
	    {0xe3, false},
	    {0x27, false},
	    {0x67, false},
	    {0xa7, false},
	    {0x203, true},
	    {0x207, true},
	    {0x2e7, true},
	    {0x1f, false},
	    {0x407, false},
	    {0x60007, false},
	    {1ull << 63 | 7, false},
	};
	struct cpu_limits limits = {.xcr0_allowed = 0x2e7};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(values); i++) {
		if (cpu_limits_xcr0_is_valid(&limits, values[i].xcr0) != values[i].is_valid)
			fail_msg("%llx", (unsigned long long)values[i].xcr0);
	}
	limits.xcr0_allowed = 7;
	assert_true(cpu_limits_xcr0_is_valid(&limits, 7));
	assert_false(cpu_limits_xcr0_is_valid(&limits, 0x203));
	limits.xcr0_allowed = 0;
	assert_false(cpu_limits_xcr0_is_valid(&limits, 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_is_shown_may_be_set, set_up),
	    cmocka_unit_test_setup(what_is_not_shown_may_not, set_up),
	    cmocka_unit_test_setup(what_the_machine_lacks_may_not_either, set_up),
	    cmocka_unit_test_setup(without_rows_nothing_may_be_set, set_up),
	    cmocka_unit_test_setup(xcr0_needs_xsave_and_has_a_high_half, set_up),
	    cmocka_unit_test_setup(tsc_aux_exists_with_either_of_its_readers, set_up),
	    cmocka_unit_test(xcr0_values_are_judged_row_by_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
