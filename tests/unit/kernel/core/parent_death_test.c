/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the parent's death (architecture.md D6): it happens once per process,
 * so each way to die that is tested here is the last thing this process sees. */
#include "core_test.h"
#include "core/machine.h"
#include "core/parent.h"

static enum hv_status claim(uint64_t function, uint64_t r8) {
	return (enum hv_status)(core_raw_call(core_caller(), HV_CALL_CLAIM_DEVICE | HV_CONTROL_FAST, function, r8) &
	                        HV_RESULT_STATUS_MASK);
}

static void claims_are_judged_and_the_table_ends(void **state) {
	(void)state;
	assert_status(claim(0x10000, 0), INVALID_PARAMETER);
	assert_status(claim(0x00f8, 1), INVALID_PARAMETER);
	assert_status(claim(0x00f8, 0), SUCCESS);
	assert_status(claim(0xffff, 0), SUCCESS);
	for (uint64_t n = 0; n < HV_MAX_DEVICE_CLAIMS - 2; n++)
		assert_status(claim(0x1000 + n, 0), SUCCESS);
	assert_status(claim(0x2000, 0), NO_RESOURCES);
	/* What is claimed already takes no room. */
	assert_status(claim(0x00f8, 0), SUCCESS);
}

static void a_parent_that_never_waits_is_dead_after_five_seconds(void **state) {
	struct hv_map_device_interrupt_in in = {HV_DEVICE_INTERRUPT_PIN, 9, 0, 0};
	struct partition *p = core_child(64, 1);
	struct vp *vp = core_vp(p, 0);
	uint64_t entries;

	(void)state;
	core_start(vp);
	core_passes(3);
	assert_status(core_call(HV_CALL_MAP_DEVICE_INTERRUPT, &in, sizeof(in), NULL, 0), SUCCESS);
	machine_pin_mask(9, false);
	assert_status(claim(0x00f8, 0), SUCCESS);
	assert_status(claim(0xffff, 0), SUCCESS);
	memset(fake_pci_command, 7, sizeof(fake_pci_command));
	parent_vp(0)->hold = 0;
	parent_vp(0)->last_wait_tsc = fake_tsc;
	fake_cpu = &cpus[0];
	fake_tsc += 4 * FAKE_TSC_HZ;
	parent_watch(fake_cpu);
	assert_false(parent_is_dead());
	fake_tsc += 3 * FAKE_TSC_HZ;
	parent_watch(fake_cpu);
	assert_true(parent_is_dead());
	assert_false(fake_pin[9].is_open);
	/* Claimed devices write no more, others are left alone. */
	assert_int_equal(fake_pci_command[0x00f8], 0x0703);
	assert_int_equal(fake_pci_command[0xffff], 0x0703);
	assert_int_equal(fake_pci_command[0x00f9], 0x0707);
	/* A VP of the parent that was about to stop gave it back: not for long. */
	fake_pci_command[0x00f8] = 0x0007;
	fake_tsc += 11 * FAKE_TSC_HZ;
	parent_watch(fake_cpu);
	assert_int_equal(fake_pci_command[0x00f8], 0x0003);
	for (uint32_t i = 0; i <= cpu_count; i++)
		assert_true(parent_vp(i)->hold & HOLD_DEAD);
	/* The child goes on until its next intercept; nothing of the parent runs. */
	entries = fake_vp_of(vp)->entries;
	core_passes(3);
	assert_true(fake_vp_of(vp)->entries > entries);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(claims_are_judged_and_the_table_ends),
	    cmocka_unit_test(a_parent_that_never_waits_is_dead_after_five_seconds),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
