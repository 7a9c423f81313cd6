/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of which MSRs are the kernel's, and of their values. */
#include "core/guest_msr.h"

#include "core/vp_state.h"
#include "model_test.h"

/* Row by row; all else is the parent's. */
static const struct {
	uint32_t first;
	uint32_t last;
	enum guest_msr_class class;
} rows[] = {
    {0x10, 0x10, GUEST_MSR_TSC},
    {0x1b, 0x1b, GUEST_MSR_APIC_BASE},
    {0x174, 0x176, GUEST_MSR_HARDWARE},
    {0x277, 0x277, GUEST_MSR_HARDWARE},
    {0x800, 0x83f, GUEST_MSR_LAPIC},
    {0x40000000, 0x4fffffff, GUEST_MSR_SYNTHETIC},
    {0xc0000080, 0xc0000084, GUEST_MSR_HARDWARE},
    {0xc0000102, 0xc0000102, GUEST_MSR_HARDWARE},
    {0xc0000103, 0xc0000103, GUEST_MSR_TSC_AUX},
};

/* Whether a register but EFER takes this value, as it is. */
static bool is_valid(uint32_t msr, uint64_t value) {
	const struct cpu_limits nothing = {0};
	uint64_t written = value;
	bool is_legal = guest_msr_judge(&nothing, 0, 0, msr, &written);

	assert_int_equal(written, value);
	return is_legal;
}

static enum guest_msr_class expected(uint32_t msr) {
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		if (msr >= rows[i].first && msr <= rows[i].last)
			return rows[i].class;
	return GUEST_MSR_PARENTS;
}

/* [security cases 4.1]: the ranges that MSR bitmaps cover, and a little more. */
static void every_msr_without_a_row_is_the_parents(void **state) {
	static const struct {
		uint32_t first;
		uint32_t count;
	} ranges[] = {{0, 0x2000},          {0x3ffffff0, 0x420},  {0x4ffffff0, 0x20},
	              {0xc0000000, 0x2000}, {0xc0010000, 0x2000}, {0xfffffff0, 0x10}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(ranges); i++) {
		for (uint32_t n = 0; n < ranges[i].count; n++) {
			uint32_t msr = ranges[i].first + n;

			if (guest_msr_class(msr) != expected(msr))
				fail_msg("%x", msr);
		}
	}
}

static void hardware_registers_are_judged(void **state) {
	static const struct {
		uint32_t msr;
		uint64_t good;
		uint64_t bad; /* 0: every value is legal */
	} hw[] = {
	    {0xc0000081, ~0ull, 0},
	    {0xc0000082, 0xffff800000000000, 0x0000800000000000},
	    {0xc0000083, 0x00007fffffffffff, 0x8000000000000000},
	    {0xc0000084, 0xffffffff, 0x100000000},
	    {0xc0000102, 0x00007fffffffffff, 0x0001000000000000},
	    {0xc0000102, ~0ull, 0xfffe800000000000},
	    {0xc0000102, 0, 0x7fffffffffffffff},
	    {0x174, 0x10, 1ull << 32},
	    {0x175, ~0ull, 1ull << 47},
	    {0x176, 1, 1ull << 62},
	    {0x277, 0x0007040600070406, 0x0007040600070402},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(hw); i++) {
		assert_int_equal(guest_msr_class(hw[i].msr), GUEST_MSR_HARDWARE);
		assert_true(is_valid(hw[i].msr, hw[i].good));
		if (hw[i].bad != 0)
			assert_false(is_valid(hw[i].msr, hw[i].bad));
	}
}

static void every_hardware_register_is_found_in_the_state(void **state) {
	static const struct {
		uint32_t msr;
		unsigned reg;
	} hw[] = {
	    {0x174, VP_REG(sysenter_cs)},  {0x175, VP_REG(sysenter_esp)},
	    {0x176, VP_REG(sysenter_eip)}, {0x277, VP_REG(pat)},
	    {0xc0000080, VP_REG(efer)},    {0xc0000081, VP_REG(star)},
	    {0xc0000082, VP_REG(lstar)},   {0xc0000083, VP_REG(cstar)},
	    {0xc0000084, VP_REG(sfmask)},  {0xc0000102, VP_REG(kernel_gs_base)},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(hw); i++)
		assert_int_equal(guest_msr_register(hw[i].msr), hw[i].reg);
}

static void pat_takes_memory_types_only(void **state) {
	(void)state;
	for (uint64_t type = 0; type < 256; type++) {
		bool is_type = type == 0 || type == 1 || (type >= 4 && type <= 7);

		for (unsigned i = 0; i < 64; i += 8)
			assert_int_equal(is_valid(MSR_PAT, type << i), is_type);
	}
}

static void efer_is_judged_row_by_row(void **state) {
	static const struct {
		uint64_t old;
		uint64_t cr0;
		uint64_t value;
		bool is_legal;
		uint64_t result;
	} efer[] = {
	    {0, 0, 0x901, true, 0x901},
	    {0x500, 0x80000001, 0xd01, true, 0xd01},
	    {0x500, 0x80000001, 0x901, true, 0xd01}, /* LMA stays */
	    {0, 1, 0x500, true, 0x100},              /* LMA cannot be written */
	    {0x500, 0x80000001, 0x001, false, 0},    /* LME off while paging */
	    {0, 0x80000001, 0x100, false, 0},        /* LME on while paging */
	    {0x100, 1, 0, true, 0},
	    {0, 0, 0x1000, false, 0}, /* SVME */
	    {0, 0, 0x2000, false, 0}, /* LMSLE */
	    {0, 0, 0x4000, false, 0}, /* FFXSR */
	    {0, 0, 0x0002, false, 0},
	    {0, 0, 1ull << 63, false, 0},
	};
	struct cpu_limits limits = {.efer_allowed = 0x901};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(efer); i++) {
		uint64_t value = efer[i].value;

		assert_int_equal(guest_msr_judge(&limits, efer[i].old, efer[i].cr0, MSR_EFER, &value),
		                 efer[i].is_legal);
		assert_int_equal(value, efer[i].is_legal ? efer[i].result : efer[i].value);
	}
}

static void addresses_are_canonical_in_48_bits(void **state) {
	(void)state;
	assert_true(is_valid(0xc0000082, 0));
	assert_true(is_valid(0xc0000082, 0x00007fffffffffff));
	assert_false(is_valid(0xc0000082, 0x0000800000000000));
	assert_false(is_valid(0xc0000082, 0xffff7fffffffffff));
	assert_true(is_valid(0xc0000082, 0xffff800000000000));
	assert_true(is_valid(0xc0000082, ~0ull));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_msr_without_a_row_is_the_parents),
	    cmocka_unit_test(hardware_registers_are_judged),
	    cmocka_unit_test(every_hardware_register_is_found_in_the_state),
	    cmocka_unit_test(pat_takes_memory_types_only),
	    cmocka_unit_test(efer_is_judged_row_by_row),
	    cmocka_unit_test(addresses_are_canonical_in_48_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
