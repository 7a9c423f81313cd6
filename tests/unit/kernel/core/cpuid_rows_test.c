/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the table of registered CPUID results. */
#include "core/guest_cpu.h"

#include "model_test.h"

#define SUB HV_CPUID_RESULT_SUBLEAF

static struct cpuid_rows rows;

static int set_up(void **state) {
	(void)state;
	memset(&rows, 0, sizeof(rows));
	return 0;
}

static enum hv_status add(uint32_t leaf, uint32_t subleaf, uint32_t flags) {
	struct hv_cpuid_result row = {.leaf = leaf, .subleaf = subleaf, .flags = flags, .eax = leaf ^ subleaf << 16};

	return cpuid_rows_add(&rows, &row);
}

static void rows_come_in_any_order_and_are_found(void **state) {
	static const struct {
		uint32_t leaf, subleaf, flags;
	} in[] = {{7, 1, SUB}, {0x80000001, 0, 0}, {0, 0, 0},     {7, 0, SUB},
	          {1, 0, 0},   {0xffffffff, 0, 0}, {0xd, 9, SUB}, {0xd, 2, SUB}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(in); i++)
		assert_int_equal(add(in[i].leaf, in[i].subleaf, in[i].flags), HV_STATUS_SUCCESS);
	for (unsigned i = 0; i < ARRAY_COUNT(in); i++) {
		const struct hv_cpuid_result *r = cpuid_rows_find(&rows, in[i].leaf, in[i].subleaf);

		assert_non_null(r);
		assert_int_equal(r->eax, in[i].leaf ^ in[i].subleaf << 16);
	}
	assert_null(cpuid_rows_find(&rows, 2, 0));
	assert_null(cpuid_rows_find(&rows, 0xfffffffe, 0));
	assert_null(cpuid_rows_find(&rows, 7, 2));
	assert_null(cpuid_rows_find(&rows, 0xd, 0));
	assert_null(cpuid_rows_find(&rows, 0xd, 10));
}

static void a_row_without_subleaves_answers_them_all(void **state) {
	(void)state;
	assert_int_equal(add(1, 0, 0), HV_STATUS_SUCCESS);
	assert_int_equal(add(2, 0, 0), HV_STATUS_SUCCESS);
	assert_int_equal(cpuid_rows_find(&rows, 1, 0xffffffff)->leaf, 1);
	assert_int_equal(cpuid_rows_get(&rows, 2, CPUID_EAX), 2);
	assert_int_equal(cpuid_rows_get(&rows, 2, CPUID_EDX), 0);
	assert_int_equal(cpuid_rows_get(&rows, 3, CPUID_EAX), 0);
}

static void a_bad_row_is_refused_and_changes_nothing(void **state) {
	static const struct hv_cpuid_result bad[] = {
	    {.leaf = 9, .flags = 2},
	    {.leaf = 9, .flags = SUB | 0x80000000},
	    {.leaf = 9, .reserved = 1},
	    {.leaf = 9, .subleaf = 1},
	    {.leaf = 0x40000000},
	    {.leaf = 0x4fffffff},
	    {.leaf = 1},                             /* there already */
	    {.leaf = 1, .flags = SUB},               /* answered by the row of all subleaves */
	    {.leaf = 1, .subleaf = 5, .flags = SUB}, /* the same */
	    {.leaf = 7, .subleaf = 3, .flags = SUB}, /* there already */
	    {.leaf = 7},                             /* would answer for a row that is there */
	};
	struct cpuid_rows before;

	(void)state;
	assert_int_equal(add(1, 0, 0), HV_STATUS_SUCCESS);
	assert_int_equal(add(7, 3, SUB), HV_STATUS_SUCCESS);
	before = rows;
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		if (cpuid_rows_add(&rows, &bad[i]) != HV_STATUS_INVALID_PARAMETER)
			fail_msg("row %u", i);
		assert_memory_equal(&rows, &before, sizeof(rows));
	}
}

static void the_leaves_beside_the_hypervisors_are_the_parents(void **state) {
	(void)state;
	assert_int_equal(add(0x3fffffff, 0, 0), HV_STATUS_SUCCESS);
	assert_int_equal(add(0x50000000, 0, 0), HV_STATUS_SUCCESS);
}

static void a_full_table_takes_no_more(void **state) {
	(void)state;
	for (uint32_t i = HV_MAX_CPUID_RESULTS; i > 0; i--)
		assert_int_equal(add(7, i, SUB), HV_STATUS_SUCCESS);
	assert_int_equal(add(8, 0, 0), HV_STATUS_NO_RESOURCES);
	for (uint32_t i = 1; i <= HV_MAX_CPUID_RESULTS; i++)
		assert_int_equal(cpuid_rows_find(&rows, 7, i)->subleaf, i);
	assert_null(cpuid_rows_find(&rows, 8, 0));
	assert_null(cpuid_rows_find(&rows, 0xffffffff, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(rows_come_in_any_order_and_are_found, set_up),
	    cmocka_unit_test_setup(a_row_without_subleaves_answers_them_all, set_up),
	    cmocka_unit_test_setup(a_bad_row_is_refused_and_changes_nothing, set_up),
	    cmocka_unit_test_setup(the_leaves_beside_the_hypervisors_are_the_parents, set_up),
	    cmocka_unit_test_setup(a_full_table_takes_no_more, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
