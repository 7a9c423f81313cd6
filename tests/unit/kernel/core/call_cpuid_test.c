/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of RegisterCpuidResults on the fake machine: when, what, and what follows. */
#include "core_test.h"

#include <hv_abi/messages.h>

struct input {
	struct hv_register_cpuid_results_in fixed;
	struct hv_cpuid_result row[4];
};

static uint64_t call(const struct input *in, uint32_t reps) {
	return core_call_rep(HV_CALL_REGISTER_CPUID_RESULTS, in, sizeof(*in), reps, NULL, 0);
}

static enum hv_status status_of(uint64_t result) { return (enum hv_status)(result & HV_RESULT_STATUS_MASK); }

static struct partition *find(hv_partition_id_t id) {
	struct partition *p = NULL;

	assert_status(partition_lock(id, &p), SUCCESS);
	partition_unlock(p);
	return p;
}

static hv_partition_id_t active(void) {
	hv_partition_id_t id = core_create(1);

	assert_status(core_deposit(id, 64), SUCCESS);
	assert_status(core_call(HV_CALL_INITIALIZE_PARTITION, &id, sizeof(id), NULL, 0), SUCCESS);
	return id;
}

static void what_is_shown_may_be_set_if_the_machine_has_it(void **state) {
	struct input in = {.fixed = {.partition_id = active()},
	                   .row = {{.leaf = 1, .ecx = 1u << 26, .edx = 1u << 6},
	                           {.leaf = 0xd, .eax = 0xf, .edx = 1u << 30},
	                           {.leaf = 0x80000001, .edx = 1u << 29}}};
	const struct partition *p = find(in.fixed.partition_id);

	(void)state;
	assert_int_equal(p->cpu.limits.cr4_allowed, 0);
	assert_int_equal(call(&in, 3), 3ull << HV_RESULT_REPS_SHIFT);
	assert_int_equal(p->cpu.limits.cr4_allowed, 0x40020);
	assert_int_equal(p->cpu.limits.efer_allowed, 0x100);
	assert_int_equal(p->cpu.limits.xcr0_allowed, 7); /* the fake machine: 0x2e7 */
}

static void only_a_child_that_is_active_and_has_no_vp_takes_rows(void **state) {
	struct input in = {.row = {{.leaf = 0x80000002}}};

	(void)state;
	in.fixed.partition_id = HV_PARTITION_ID_SELF;
	assert_status(status_of(call(&in, 1)), ACCESS_DENIED);
	in.fixed.partition_id = 0x7777;
	assert_status(status_of(call(&in, 1)), INVALID_PARTITION_ID);
	in.fixed.partition_id = core_create(1);
	assert_status(status_of(call(&in, 1)), INVALID_PARTITION_STATE);
	in.fixed.partition_id = core_child(64, 1)->id;
	assert_status(status_of(call(&in, 1)), INVALID_PARTITION_STATE);
	assert_null(cpuid_rows_find(&find(in.fixed.partition_id)->cpu.rows, 0x80000002, 0));
	in.fixed.partition_id = active();
	in.fixed.reserved = 1;
	assert_status(status_of(call(&in, 1)), INVALID_PARAMETER);
	in.fixed.reserved = 0;
	assert_status(status_of(call(&in, 1)), SUCCESS);
}

static void rows_before_the_bad_one_count(void **state) {
	struct input in = {.fixed = {.partition_id = active()},
	                   .row = {{.leaf = 2}, {.leaf = 1}, {.leaf = 0x40000000}, {.leaf = 3}}};
	const struct cpuid_rows *rows = &find(in.fixed.partition_id)->cpu.rows;

	(void)state;
	assert_int_equal(call(&in, 4), 2ull << HV_RESULT_REPS_SHIFT | HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(rows->count, 2);
	assert_null(cpuid_rows_find(rows, 3, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    core_test(what_is_shown_may_be_set_if_the_machine_has_it),
	    core_test(only_a_child_that_is_active_and_has_no_vp_takes_rows),
	    core_test(rows_before_the_bad_one_count),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
