/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the MSRs that the parent answers. */
#include "vmm/cpu_policy/vp_msrs.h"

#include "fake_host.h"
#include "cpu_test.h"

static struct cpuid_policy policy(enum cpu_vendor vendor) {
	if (vendor == CPU_VENDOR_INTEL)
		fake_host_set_intel();
	else
		fake_host_set_amd();
	return fake_host_policy(CPU_LEVEL_X86_64_V2, 1);
}

enum vendors { BOTH, INTEL, AMD };

/* What must answer, row by row; all else faults. */
static const struct {
	uint32_t first;
	uint32_t last;
	enum vendors vendors;
} rows[] = {
    {0x17, 0x17, INTEL},
    {0x2a, 0x2a, INTEL},
    {0x3a, 0x3a, INTEL},
    {0x8b, 0x8b, BOTH},
    {0xfe, 0xfe, BOTH},
    {0x198, 0x199, INTEL},
    {0x1a0, 0x1a0, INTEL},
    {0x1d9, 0x1d9, BOTH},
    {0x200, 0x20f, BOTH},
    {0x250, 0x250, BOTH},
    {0x258, 0x259, BOTH},
    {0x268, 0x26f, BOTH},
    {0x2ff, 0x2ff, BOTH},
    {0xc0010000, 0xc0010007, AMD},
    {0xc0010010, 0xc0010010, AMD},
    {0xc0010015, 0xc0010015, AMD},
    {0xc001001a, 0xc001001a, AMD},
    {0xc001001d, 0xc001001d, AMD},
    {0xc001001f, 0xc001001f, AMD},
    {0xc0010055, 0xc0010055, AMD},
    {0xc0010058, 0xc0010058, AMD},
    {0xc0010061, 0xc001006b, AMD},
    {0xc0010112, 0xc0010114, AMD},
    {0xc0010140, 0xc0010141, AMD},
    {0xc0011021, 0xc0011023, AMD},
    {0xc0011029, 0xc001102a, AMD},
    {0xc001102c, 0xc001102c, AMD},
};

static bool expected(uint32_t msr, enum cpu_vendor vendor) {
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		if (msr >= rows[i].first && msr <= rows[i].last &&
		    rows[i].vendors != (vendor == CPU_VENDOR_INTEL ? AMD : INTEL))
			return true;
	}
	return false;
}

/* [security cases 4.1]: the ranges that MSR bitmaps cover, and a little more. */
static void every_msr_without_a_row_faults(void **state) {
	static const struct {
		uint32_t first;
		uint32_t count;
	} ranges[] = {{0, 0x2000},          {0x3ffffff0, 0x420},  {0x4ffffff0, 0x20},
	              {0xc0000000, 0x2000}, {0xc0010000, 0x2000}, {0xfffffff0, 0x10}};

	(void)state;
	for (unsigned v = 0; v < 2; v++) {
		enum cpu_vendor vendor = v == 0 ? CPU_VENDOR_INTEL : CPU_VENDOR_AMD;
		struct cpuid_policy p = policy(vendor);
		struct vp_msrs m;

		vp_msrs_reset(&m);
		for (unsigned i = 0; i < ARRAY_COUNT(ranges); i++) {
			for (uint32_t n = 0; n < ranges[i].count; n++) {
				uint32_t msr = ranges[i].first + n;
				bool want = expected(msr, vendor);
				uint64_t value = 0;

				if (vp_msrs_read(&m, &p, msr, &value) != want)
					fail_msg("read of %x, vendor %u", msr, v);
				if (!want && vp_msrs_write(&m, &p, msr, 0))
					fail_msg("write of %x, vendor %u", msr, v);
			}
		}
	}
}

static void memory_type_ranges_are_stored_and_judged(void **state) {
	static const struct {
		uint32_t msr;
		uint64_t value;
		bool is_legal;
	} mtrr[] = {
	    {0xfe, 0, false},
	    {0x2ff, 0xc06, true},
	    {0x2ff, 0xc00, true},
	    {0x2ff, 0xc02, false},
	    {0x2ff, 0x1006, false},
	    {0x2ff, 1ull << 32, false},
	    {0x250, 0x0605040100060606, true},
	    {0x250, 0x0700000000000000, false},
	    {0x26f, 0x0000000000000002, false},
	    {0x26f, 0x0606060606060600, true},
	    {0x200, 0xc0000006, true},
	    {0x200, 0xc0000106, false},
	    {0x200, 0xc0000003, false},
	    {0x201, 0xffc0000800, true},
	    {0x201, 0xffc0000801, false},
	    {0x20e, 1ull << 40, false}, /* beyond the 40 physical bits */
	    {0x20f, 1ull << 40 | 0x800, false},
	};
	struct cpuid_policy p = policy(CPU_VENDOR_AMD);
	struct vp_msrs m;
	uint64_t value;

	(void)state;
	vp_msrs_reset(&m);
	for (unsigned i = 0; i < ARRAY_COUNT(mtrr); i++) {
		uint64_t before = 0;

		assert_true(vp_msrs_read(&m, &p, mtrr[i].msr, &before));
		assert_int_equal(vp_msrs_write(&m, &p, mtrr[i].msr, mtrr[i].value), mtrr[i].is_legal);
		assert_true(vp_msrs_read(&m, &p, mtrr[i].msr, &value));
		assert_int_equal(value, mtrr[i].is_legal ? mtrr[i].value : before);
	}
}

static void every_stored_msr_has_a_place_of_its_own(void **state) {
	struct cpuid_policy p = policy(CPU_VENDOR_INTEL);
	struct vp_msrs m;
	uint64_t seen = 0;
	uint64_t value;

	(void)state;
	vp_msrs_reset(&m);
	memset(m.mtrr_fixed, 0, sizeof(m.mtrr_fixed));
	for (uint32_t msr = 0x200; msr <= 0x26f; msr++) {
		uint64_t base = (uint64_t)msr << 12;

		if (msr < 0x210)
			assert_true(vp_msrs_write(&m, &p, msr, base));
		else if (vp_msrs_write(&m, &p, msr, 0x0101010101010101))
			seen++;
	}
	assert_int_equal(seen, VP_MSRS_MTRR_FIXED);
	for (unsigned i = 0; i < VP_MSRS_MTRR_FIXED; i++)
		assert_int_equal(m.mtrr_fixed[i], 0x0101010101010101);
	for (uint32_t msr = 0x200; msr < 0x210; msr++) {
		assert_true(vp_msrs_read(&m, &p, msr, &value));
		assert_int_equal(value, (uint64_t)msr << 12);
	}
}

static void constants_ignore_writes_or_refuse_them(void **state) {
	static const struct {
		uint32_t msr;
		enum cpu_vendor vendor;
		uint64_t value;
		bool refuses;
	} constants[] = {
	    {0x8b, CPU_VENDOR_AMD, 0x01000065, false}, {0x8b, CPU_VENDOR_INTEL, 0x100000000, false},
	    {0x3a, CPU_VENDOR_INTEL, 1, true},         {0x17, CPU_VENDOR_INTEL, 0, true},
	    {0xfe, CPU_VENDOR_AMD, 0x508, true},       {0xc0010015, CPU_VENDOR_AMD, 0, false},
	    {0xc001001f, CPU_VENDOR_AMD, 0, false},    {0xc0010055, CPU_VENDOR_AMD, 0, false},
	    {0xc0010114, CPU_VENDOR_AMD, 0x18, false}, {0xc0011029, CPU_VENDOR_AMD, 0, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(constants); i++) {
		struct cpuid_policy p = policy(constants[i].vendor);
		struct vp_msrs m;
		uint64_t value = 0x77;

		vp_msrs_reset(&m);
		assert_int_equal(vp_msrs_write(&m, &p, constants[i].msr, ~0ull), !constants[i].refuses);
		assert_true(vp_msrs_read(&m, &p, constants[i].msr, &value));
		assert_int_equal(value, constants[i].value);
	}
}

static void misc_enable_keeps_fast_strings_only(void **state) {
	struct cpuid_policy p = policy(CPU_VENDOR_INTEL);
	struct vp_msrs m;
	uint64_t value = 0;

	(void)state;
	vp_msrs_reset(&m);
	assert_true(vp_msrs_read(&m, &p, 0x1a0, &value));
	assert_int_equal(value, 0x1801);
	assert_true(vp_msrs_write(&m, &p, 0x1a0, ~1ull));
	assert_true(vp_msrs_read(&m, &p, 0x1a0, &value));
	assert_int_equal(value, 0x1800);
}

static void saved_msrs_load_as_they_were(void **state) {
	struct cpuid_policy p = policy(CPU_VENDOR_INTEL);
	struct vp_msrs m;
	struct vp_msrs loaded;
	struct vp_msrs_state saved;

	(void)state;
	vp_msrs_reset(&m);
	vp_msrs_write(&m, &p, 0x1a0, 0);
	vp_msrs_write(&m, &p, 0x2ff, 0xc00);
	vp_msrs_write(&m, &p, 0x203, 0xfff0000800);
	vp_msrs_write(&m, &p, 0x268, 0x0505050505050505);
	vp_msrs_save(&m, &saved);
	assert_int_equal(saved.version, VP_MSRS_STATE_VERSION);
	vp_msrs_reset(&loaded);
	assert_int_equal(vp_msrs_load(&loaded, &p, &saved), ERR_NONE);
	assert_memory_equal(&loaded, &m, sizeof(m));
}

static void an_impossible_state_is_refused_and_changes_nothing(void **state) {
	struct cpuid_policy p = policy(CPU_VENDOR_INTEL);
	struct vp_msrs m;
	struct vp_msrs before;

	(void)state;
	vp_msrs_reset(&m);
	before = m;
	for (unsigned flaw = 0; flaw < 7; flaw++) {
		struct vp_msrs_state saved;

		vp_msrs_save(&m, &saved);
		if (flaw == 0)
			saved.version++;
		else if (flaw == 1)
			saved.reserved = 1;
		else if (flaw == 2)
			saved.msrs.misc_enable = 0;
		else if (flaw == 3)
			saved.msrs.mtrr_def_type = 0xc07;
		else if (flaw == 4)
			saved.msrs.mtrr_fixed[10] = 2;
		else if (flaw == 5)
			saved.msrs.mtrr_variable[14] = 2;
		else
			saved.msrs.mtrr_variable[15] = 1;
		assert_int_equal(vp_msrs_load(&m, &p, &saved), ERR_FORMAT);
		assert_memory_equal(&m, &before, sizeof(m));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_msr_without_a_row_faults),
	    cmocka_unit_test(memory_type_ranges_are_stored_and_judged),
	    cmocka_unit_test(every_stored_msr_has_a_place_of_its_own),
	    cmocka_unit_test(constants_ignore_writes_or_refuse_them),
	    cmocka_unit_test(misc_enable_keeps_fast_strings_only),
	    cmocka_unit_test(saved_msrs_load_as_they_were),
	    cmocka_unit_test(an_impossible_state_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
