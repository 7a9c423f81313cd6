/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The fields that no guest changes, and the MSR map. */
#include "arch/x86/vmx/vmx_controls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "oracle/vmx_vmcs.h"

static uint8_t map[4096];

static int fresh_map(void **state) {
	(void)state;
	memset(map, 0xff, sizeof(map));
	return 0;
}

static bool exits(uint32_t msr, bool is_write) {
	const uint8_t *at = map + (is_write ? 2048 : 0) + (msr >= 0xc0000000 ? 1024 : 0);

	return at[(msr & 0x1fff) / 8] >> (msr % 8) & 1;
}

static void an_open_msr_leaves_its_neighbours_closed(void **state) {
	static const uint32_t msrs[] = {0, 0x174, 0x1fff, 0xc0000000, 0xc0000101, 0xc0001fff};

	for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		unsigned zeros = 0;

		(void)fresh_map(state);
		assert_true(vmx_msr_map_allow(map, msrs[i], true));
		assert_false(exits(msrs[i], false));
		assert_false(exits(msrs[i], true));
		for (unsigned bit = 0; bit < 8 * sizeof(map); bit++)
			zeros += !(map[bit / 8] >> (bit % 8) & 1);
		assert_int_equal(zeros, 2);
	}
}

static void reads_may_be_open_alone(void **state) {
	(void)state;
	assert_true(vmx_msr_map_allow(map, 0xc0000082, false));
	assert_false(exits(0xc0000082, false));
	assert_true(exits(0xc0000082, true));
}

static void an_msr_outside_the_map_stays_closed(void **state) {
	uint8_t before[4096];

	(void)state;
	memcpy(before, map, sizeof(map));
	assert_false(vmx_msr_map_allow(map, 0x2000, true));
	assert_false(vmx_msr_map_allow(map, 0x40000000, true));
	assert_false(vmx_msr_map_allow(map, 0xc0002000, true));
	assert_memory_equal(before, map, sizeof(map));
}

static void controls_and_maps_reach_the_vmcs(void **state) {
	const struct vmx_controls controls = {.word = {1, 2, 3, 4, 5}};
	const struct vp_maps maps = {.ports = 0x2000, .msrs = 0x1000};
	const struct vp_hw hw = {.gpa_root = spa(0x4000)};

	(void)state;
	vmx_vmcs_clear();
	vmx_setup_controls(&controls, &maps, &hw);
	assert_int_equal(vmcs_read(VMCS_PIN_CONTROLS), 1);
	assert_int_equal(vmcs_read(VMCS_PRIMARY_CONTROLS), 2);
	assert_int_equal(vmcs_read(VMCS_SECONDARY_CONTROLS), 3);
	assert_int_equal(vmcs_read(VMCS_EXIT_CONTROLS), 4);
	assert_int_equal(vmcs_read(VMCS_ENTRY_CONTROLS), 5);
	assert_int_equal(vmcs_read(VMCS_MSR_BITMAP), 0x1000);
	assert_int_equal(vmx_vmcs_get(0x2000), 0x2000); /* I/O bitmap A */
	assert_int_equal(vmx_vmcs_get(0x2002), 0x3000); /* and B */
	assert_int_equal(vmcs_read(VMCS_EPT_POINTER), 0x401e);
	assert_int_equal(vmcs_read(VMCS_VPID), 1);
	assert_int_equal(vmcs_read(VMCS_TSC_OFFSET), 0);
	/* #DB, #AC, #MC */
	assert_int_equal(vmcs_read(VMCS_EXCEPTION_BITMAP), 0x60002);
}

static void the_vps_of_a_partition_have_their_own_vpids_and_none_the_hosts(void **state) {
	const struct vmx_controls controls = {0};
	const struct vp_maps maps = {0};

	(void)state;
	for (uint32_t index = 0; index < 300; index++) {
		const struct vp_hw hw = {.index = index};

		vmx_vmcs_clear();
		vmx_setup_controls(&controls, &maps, &hw);
		assert_int_equal(vmcs_read(VMCS_VPID), index + 1);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(an_open_msr_leaves_its_neighbours_closed, fresh_map),
	    cmocka_unit_test_setup(reads_may_be_open_alone, fresh_map),
	    cmocka_unit_test_setup(an_msr_outside_the_map_stays_closed, fresh_map),
	    cmocka_unit_test_setup(controls_and_maps_reach_the_vmcs, fresh_map),
	    cmocka_unit_test(the_vps_of_a_partition_have_their_own_vpids_and_none_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
