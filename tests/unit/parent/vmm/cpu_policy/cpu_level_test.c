/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the table of features and of the levels. */
#include "vmm/cpu_policy/cpu_level.h"

#include "vmm/cpu_policy/host_cpuid.h"
#include "cpu_test.h"

static const struct cpu_level_row *find(uint32_t leaf, uint32_t subleaf, unsigned output, unsigned bit) {
	unsigned count;
	const struct cpu_level_row *rows = cpu_level_rows(&count);
	const struct cpu_level_row *found = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (rows[i].leaf != leaf || rows[i].subleaf != subleaf || rows[i].output != output ||
		    rows[i].bit != bit)
			continue;
		assert_null(found); /* one row per bit */
		found = &rows[i];
	}
	return found;
}

static void every_row_names_a_bit_that_the_policy_reads(void **state) {
	unsigned count;
	const struct cpu_level_row *rows = cpu_level_rows(&count);

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		assert_int_not_equal(host_cpuid_find(rows[i].leaf, rows[i].subleaf), HOST_LEAF_COUNT);
		assert_in_range(rows[i].output, CPUID_EAX, CPUID_EDX);
		assert_in_range(rows[i].bit, 0, 31);
		assert_true(strlen(rows[i].name) > 0);
		assert_in_range(rows[i].rule, CPU_LEVEL_V2_REQUIRED, CPU_LEVEL_SYNTHETIC);
		assert_ptr_equal(find(rows[i].leaf, rows[i].subleaf, rows[i].output, rows[i].bit), &rows[i]);
	}
}

/* Bits that would break isolation, or promise what the kernel does not do. */
static void what_must_never_be_shown_has_no_row(void **state) {
	static const struct {
		uint32_t leaf;
		unsigned output;
		unsigned bit;
	} never[] = {
	    {1, CPUID_ECX, 2},           /* DTES64 */
	    {1, CPUID_ECX, 3},           /* MONITOR */
	    {1, CPUID_ECX, 5},           /* VMX */
	    {1, CPUID_ECX, 6},           /* SMX */
	    {1, CPUID_ECX, 15},          /* PDCM */
	    {1, CPUID_ECX, 24},          /* TSC-deadline */
	    {1, CPUID_EDX, 7},           /* MCE */
	    {1, CPUID_EDX, 14},          /* MCA */
	    {1, CPUID_EDX, 21},          /* debug store */
	    {1, CPUID_EDX, 22},          /* ACPI thermal */
	    {1, CPUID_EDX, 29},          /* thermal monitor */
	    {7, CPUID_EBX, 1},           /* TSC_ADJUST */
	    {7, CPUID_EBX, 2},           /* SGX */
	    {7, CPUID_EBX, 4},           /* HLE */
	    {7, CPUID_EBX, 11},          /* RTM */
	    {7, CPUID_EBX, 12},          /* RDT monitoring */
	    {7, CPUID_EBX, 14},          /* MPX */
	    {7, CPUID_EBX, 15},          /* RDT allocation */
	    {7, CPUID_EBX, 25},          /* processor trace */
	    {7, CPUID_ECX, 5},           /* WAITPKG */
	    {7, CPUID_ECX, 7},           /* CET shadow stacks */
	    {7, CPUID_ECX, 16},          /* LA57 */
	    {7, CPUID_ECX, 24},          /* bus lock detect */
	    {7, CPUID_EDX, 20},          /* CET IBT */
	    {7, CPUID_EDX, 22},          /* AMX */
	    {7, CPUID_EDX, 26},          /* SPEC_CTRL */
	    {7, CPUID_EDX, 29},          /* ARCH_CAPABILITIES */
	    {0x80000001, CPUID_ECX, 2},  /* SVM */
	    {0x80000001, CPUID_ECX, 3},  /* extended APIC space */
	    {0x80000001, CPUID_ECX, 9},  /* OSVW */
	    {0x80000001, CPUID_ECX, 10}, /* IBS */
	    {0x80000001, CPUID_ECX, 12}, /* SKINIT */
	    {0x80000001, CPUID_ECX, 22}, /* TOPOEXT */
	    {0x80000001, CPUID_ECX, 23}, /* core performance counters */
	    {0x80000001, CPUID_ECX, 29}, /* MWAITX */
	    {0x80000001, CPUID_EDX, 25}, /* FFXSR */
	    {0x80000007, CPUID_EDX, 8},  /* invariant TSC */
	    {0x80000008, CPUID_EBX, 12}, /* IBPB */
	    {0x80000008, CPUID_EBX, 14}, /* IBRS */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(never); i++) {
		if (find(never[i].leaf, 0, never[i].output, never[i].bit) != NULL)
			fail_msg("row %u", i);
	}
	assert_null(find(0xd, 1, CPUID_EAX, 3)); /* XSAVES */
}

/* The psABI's list for x86-64-v2 and v3. */
static void the_levels_require_what_the_psabi_lists(void **state) {
	static const struct {
		uint32_t leaf;
		unsigned output;
		unsigned bit;
		bool is_v2;
	} rows[] = {
	    {1, CPUID_ECX, 13, true},  {0x80000001, CPUID_ECX, 0, true},  {1, CPUID_ECX, 23, true},
	    {1, CPUID_ECX, 0, true},   {1, CPUID_ECX, 19, true},          {1, CPUID_ECX, 20, true},
	    {1, CPUID_ECX, 9, true},   {1, CPUID_ECX, 28, false},         {7, CPUID_EBX, 5, false},
	    {7, CPUID_EBX, 3, false},  {7, CPUID_EBX, 8, false},          {1, CPUID_ECX, 29, false},
	    {1, CPUID_ECX, 12, false}, {0x80000001, CPUID_ECX, 5, false}, {1, CPUID_ECX, 22, false},
	    {1, CPUID_ECX, 26, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct cpu_level_row *row = find(rows[i].leaf, 0, rows[i].output, rows[i].bit);

		assert_non_null(row);
		assert_int_equal(cpu_level_requires(CPU_LEVEL_X86_64_V2, row->rule), rows[i].is_v2);
		assert_true(cpu_level_requires(CPU_LEVEL_X86_64_V3, row->rule));
		assert_int_equal(cpu_level_requires(CPU_LEVEL_HOST, row->rule), rows[i].is_v2);
	}
}

static void each_level_shows_what_the_lower_ones_show(void **state) {
	(void)state;
	for (unsigned rule = CPU_LEVEL_V2_REQUIRED; rule <= CPU_LEVEL_SYNTHETIC; rule++) {
		bool v2 = cpu_level_shows(CPU_LEVEL_X86_64_V2, rule);
		bool v3 = cpu_level_shows(CPU_LEVEL_X86_64_V3, rule);

		assert_true(!v2 || v3);
		assert_true(cpu_level_shows(CPU_LEVEL_HOST, rule));
		assert_true(!cpu_level_requires(CPU_LEVEL_X86_64_V2, rule) || v2);
		assert_true(!cpu_level_requires(CPU_LEVEL_X86_64_V3, rule) || v3);
	}
	assert_false(cpu_level_shows(CPU_LEVEL_X86_64_V2, CPU_LEVEL_V3_OPTIONAL));
	assert_false(cpu_level_shows(CPU_LEVEL_X86_64_V3, CPU_LEVEL_HOST_ONLY));
}

static void only_three_levels_are_known(void **state) {
	(void)state;
	assert_string_equal(cpu_level_name(CPU_LEVEL_X86_64_V2), "x86-64-v2");
	assert_string_equal(cpu_level_name(CPU_LEVEL_X86_64_V3), "x86-64-v3");
	assert_string_equal(cpu_level_name(CPU_LEVEL_HOST), "host");
	for (unsigned level = 0; level < 0x200; level++)
		assert_int_equal(cpu_level_name((enum cpu_level)level) != NULL,
		                 level == 2 || level == 3 || level == 0xff);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_names_a_bit_that_the_policy_reads),
	    cmocka_unit_test(what_must_never_be_shown_has_no_row),
	    cmocka_unit_test(the_levels_require_what_the_psabi_lists),
	    cmocka_unit_test(each_level_shows_what_the_lower_ones_show),
	    cmocka_unit_test(only_three_levels_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
