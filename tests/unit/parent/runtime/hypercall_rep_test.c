/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Rep calls against a kernel that stops early, fails and continues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"
#include "runtime/hypercall.h"

static hv_partition_id_t id;

static int set_up(void **state) {
	struct hv_create_partition_in in = {.vp_count = 1};

	(void)state;
	fake_kernel_reset();
	assert_int_equal(hypercall_create_partition(&in, &id), HV_STATUS_SUCCESS);
	fake.calls = 0;
	return 0;
}

static void a_list_longer_than_a_page_takes_several_calls(void **state) {
	hv_gpfn_t pages[1000];
	unsigned done;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		pages[i] = i + 7;
	assert_int_equal(hypercall_deposit(id, pages, 1000, &done), HV_STATUS_SUCCESS);
	assert_int_equal(done, 1000);
	assert_int_equal(fake.calls, 2);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(fake_partition_of(id)->deposit[i], i + 7);
}

static void a_call_that_stops_early_is_continued(void **state) {
	hv_gpfn_t pages[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	unsigned done;

	(void)state;
	fake.rep_limit = 3;
	assert_int_equal(hypercall_deposit(id, pages, 10, &done), HV_STATUS_SUCCESS);
	assert_int_equal(done, 10);
	assert_int_equal(fake.calls, 4);
	assert_int_equal(fake_partition_of(id)->deposit[9], 10);
}

static void an_error_ends_it_and_counts_what_was_done(void **state) {
	hv_gpfn_t pages[10] = {0};
	unsigned done;

	(void)state;
	fake.rep_limit = 4;
	fake.fail_code = HV_CALL_DEPOSIT_MEMORY;
	fake.fail_after = 2;
	fake.fail_status = HV_STATUS_OPERATION_DENIED;
	assert_int_equal(hypercall_deposit(id, pages, 10, &done), HV_STATUS_OPERATION_DENIED);
	assert_int_equal(done, 4);
}

static void withdrawing_ends_when_nothing_is_left(void **state) {
	hv_gpfn_t pages[64] = {11, 12, 13};
	unsigned done;

	(void)state;
	assert_int_equal(hypercall_deposit(id, pages, 3, &done), HV_STATUS_SUCCESS);
	assert_int_equal(hypercall_finalize_partition(id), HV_STATUS_SUCCESS);
	memset(pages, 0, sizeof(pages));
	assert_int_equal(hypercall_withdraw(id, pages, 64, &done), HV_STATUS_SUCCESS);
	assert_int_equal(done, 3);
	assert_int_equal(pages[0] + pages[1] + pages[2], 36);
	assert_int_equal(hypercall_withdraw(id, pages, 64, &done), HV_STATUS_SUCCESS);
	assert_int_equal(done, 0);
}

static void mapping_continues_at_the_next_target(void **state) {
	struct fake_partition *p = fake_partition_of(id);
	unsigned done;

	(void)state;
	p->deposited = 1000;
	fake.rep_limit = 100;
	assert_int_equal(hypercall_map_gpa(id, 0x200, 0x10000, HV_MAP_GPA_LARGE_PAGE, 250, &done), HV_STATUS_SUCCESS);
	assert_int_equal(done, 250);
	assert_int_equal(p->mapped_large, 250);
	assert_int_equal(p->map_end, (0x200ull << 12) + 250 * (2ull << 20));
}

static void registers_go_there_and_back(void **state) {
	struct hv_register_assoc set[2] = {
	    {.name = HV_REGISTER_CR3, .value.u64 = 0x1234000},
	    {.name = HV_REGISTER_CR0, .value.u64 = 0x80000011},
	};
	uint32_t names[3] = {HV_REGISTER_CR0, HV_REGISTER_CR2, HV_REGISTER_CR3};
	union hv_register_value values[3];

	(void)state;
	assert_int_equal(hypercall_set_registers(id, 5, set, 2), HV_STATUS_SUCCESS);
	fake.rep_limit = 2;
	assert_int_equal(hypercall_get_registers(id, 5, names, 3, values), HV_STATUS_SUCCESS);
	assert_int_equal(values[0].u64, 0x80000011);
	assert_int_equal(values[1].u64, 0);
	assert_int_equal(values[2].u64, 0x1234000);
}

static void every_status_has_a_sentence(void **state) {
	(void)state;
	assert_string_equal(hypercall_status_text(HV_STATUS_TIMEOUT), "the deadline passed");
	assert_string_equal(hypercall_status_text((enum hv_status)0x7777), "a status that the TLFS does not name");
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_list_longer_than_a_page_takes_several_calls, set_up),
	    cmocka_unit_test_setup(a_call_that_stops_early_is_continued, set_up),
	    cmocka_unit_test_setup(an_error_ends_it_and_counts_what_was_done, set_up),
	    cmocka_unit_test_setup(withdrawing_ends_when_nothing_is_left, set_up),
	    cmocka_unit_test_setup(mapping_continues_at_the_next_target, set_up),
	    cmocka_unit_test_setup(registers_go_there_and_back, set_up),
	    cmocka_unit_test_setup(every_status_has_a_sentence, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
