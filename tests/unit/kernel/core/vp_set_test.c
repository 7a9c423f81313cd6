/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of sets of VPs: what a mask or a sparse set may name [TLFS "Virtual Processor Sets"], XSA-475. */
#include "core/vp_set.h"

#include <stdlib.h>

#include "model_test.h"

static struct {
	struct hv_vp_set set;
	uint64_t bank[64];
} in;
static uint64_t vps;

static int set_up(void **state) {
	(void)state;
	memset(&in, 0, sizeof(in));
	vps = 0x5a5a;
	return 0;
}

static enum hv_status read_set(unsigned banks, uint32_t vp_count) {
	return vp_set_read(&in.set, banks, vp_count, &vps);
}

static void a_mask_may_name_every_vp_that_may_exist_and_no_other(void **state) {
	(void)state;
	for (uint32_t count = 1; count <= 64; count++)
		for (unsigned bit = 0; bit < 64; bit++) {
			assert_int_equal(vp_set_of_mask(BIT(bit), count, &vps),
			                 bit < count ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_VP_INDEX);
			if (bit < count)
				assert_int_equal(vps, BIT(bit));
		}
	assert_int_equal(vp_set_of_mask(0, 1, &vps), HV_STATUS_SUCCESS);
	assert_int_equal(vps, 0);
	assert_int_equal(vp_set_of_mask(~0ull, 64, &vps), HV_STATUS_SUCCESS);
	assert_int_equal(vps, ~0ull);
	assert_int_equal(vp_set_of_mask(~0ull, 63, &vps), HV_STATUS_INVALID_VP_INDEX);
}

static void a_sparse_set_names_what_its_first_bank_says(void **state) {
	(void)state;
	in.set.valid_banks = 1;
	in.bank[0] = 0x13;
	assert_int_equal(read_set(1, 5), HV_STATUS_SUCCESS);
	assert_int_equal(vps, 0x13);
	assert_int_equal(read_set(1, 4), HV_STATUS_INVALID_VP_INDEX);
	in.set.valid_banks = 0;
	assert_int_equal(read_set(0, 4), HV_STATUS_SUCCESS);
	assert_int_equal(vps, 0);
}

/* For each bank alone: empty is legal, a VP in it is not, unless it is the first. */
static void every_other_bank_must_be_empty(void **state) {
	(void)state;
	for (unsigned bank = 0; bank < 64; bank++) {
		in.set.valid_banks = BIT(bank);
		in.bank[0] = 0;
		assert_int_equal(read_set(1, 64), HV_STATUS_SUCCESS);
		assert_int_equal(vps, 0);
		for (unsigned bit = 0; bit < 64; bit++) {
			in.bank[0] = BIT(bit);
			assert_int_equal(read_set(1, 64), bank == 0 ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_VP_INDEX);
		}
	}
}

static void all_banks_with_all_bits_are_refused(void **state) {
	(void)state;
	in.set.valid_banks = ~0ull;
	memset(in.bank, 0xff, sizeof(in.bank));
	assert_int_equal(read_set(64, 64), HV_STATUS_INVALID_VP_INDEX);
	memset(in.bank, 0, sizeof(in.bank));
	in.bank[0] = 7;
	assert_int_equal(read_set(64, 3), HV_STATUS_SUCCESS);
	assert_int_equal(vps, 7);
}

/* Each number of banks against each number of valid ones, the sanitizer watching. */
static void banks_must_be_as_many_as_are_valid(void **state) {
	(void)state;
	for (unsigned valid = 0; valid <= 64; valid++)
		for (unsigned banks = 0; banks < 1024; banks++)
			for (uint64_t format = 0; format < 2; format++) {
				struct hv_vp_set *exact = calloc(1, sizeof(*exact) + 8 * (banks < 64 ? banks : 64));

				exact->format = format;
				exact->valid_banks = valid == 64 ? ~0ull : BIT(valid) - 1;
				assert_int_equal(vp_set_read(exact, banks, 64, &vps),
				                 banks == valid ? HV_STATUS_SUCCESS
				                                : HV_STATUS_INVALID_HYPERCALL_INPUT);
				free(exact);
			}
}

static void a_set_of_all_needs_no_bank(void **state) {
	(void)state;
	in.set.format = HV_VP_SET_ALL;
	assert_int_equal(read_set(0, 2), HV_STATUS_SUCCESS);
	assert_int_equal(vps, ~0ull);
}

static void other_formats_are_refused(void **state) {
	(void)state;
	for (unsigned bit = 1; bit < 64; bit++) {
		in.set.format = BIT(bit);
		assert_int_equal(read_set(0, 64), HV_STATUS_INVALID_PARAMETER);
		in.set.format = BIT(bit) | HV_VP_SET_ALL;
		assert_int_equal(read_set(0, 64), HV_STATUS_INVALID_PARAMETER);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_mask_may_name_every_vp_that_may_exist_and_no_other, set_up),
	    cmocka_unit_test_setup(a_sparse_set_names_what_its_first_bank_says, set_up),
	    cmocka_unit_test_setup(every_other_bank_must_be_empty, set_up),
	    cmocka_unit_test_setup(all_banks_with_all_bits_are_refused, set_up),
	    cmocka_unit_test_setup(banks_must_be_as_many_as_are_valid, set_up),
	    cmocka_unit_test_setup(a_set_of_all_needs_no_bank, set_up),
	    cmocka_unit_test_setup(other_formats_are_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
