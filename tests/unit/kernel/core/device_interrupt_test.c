/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of device interrupts (architecture.md D4): mapping, masking, delivery as a
 * bit of an event page, and vectors that nobody asked for. */
#include "core_test.h"
#include "core/machine.h"
#include "core/parent.h"

static enum hv_status map(uint32_t source, uint32_t gsi, uint32_t flags, uint32_t vp,
                          struct hv_map_device_interrupt_out *out) {
	struct hv_map_device_interrupt_in in = {source, gsi, flags, vp};

	return core_call(HV_CALL_MAP_DEVICE_INTERRUPT, &in, sizeof(in), out, sizeof(*out));
}

static enum hv_status by_number(uint32_t code, uint64_t n, uint64_t r8) {
	return (enum hv_status)(core_raw_call(core_caller(), code | HV_CONTROL_FAST, n, r8) & HV_RESULT_STATUS_MASK);
}

static void mapping_is_refused_row_by_row(void **state) {
	struct hv_map_device_interrupt_out out;

	(void)state;
	assert_status(map(0, 4, 0, 0, &out), INVALID_PARAMETER);
	assert_status(map(3, 4, 0, 0, &out), INVALID_PARAMETER);
	assert_status(map(HV_DEVICE_INTERRUPT_PIN, 4, 4, 0, &out), INVALID_PARAMETER);
	assert_status(map(HV_DEVICE_INTERRUPT_PIN, FAKE_GSI_COUNT, 0, 0, &out), INVALID_PARAMETER);
	assert_status(map(HV_DEVICE_INTERRUPT_MSI, 4, 0, 0, &out), INVALID_PARAMETER);
	assert_status(map(HV_DEVICE_INTERRUPT_MSI, 0, 1, 0, &out), INVALID_PARAMETER);
	assert_status(map(HV_DEVICE_INTERRUPT_MSI, 0, 0, 2, &out), INVALID_VP_INDEX); /* not I/O */
	assert_status(map(HV_DEVICE_INTERRUPT_MSI, 0, 0, 99, &out), INVALID_VP_INDEX);
	assert_status(by_number(HV_CALL_UNMASK_DEVICE_INTERRUPT, 0, 0), NOT_FOUND);
	assert_status(by_number(HV_CALL_UNMAP_DEVICE_INTERRUPT, 0, 0), NOT_FOUND);
	assert_status(by_number(HV_CALL_UNMASK_DEVICE_INTERRUPT, 128, 0), INVALID_PARAMETER);
	assert_status(by_number(HV_CALL_UNMAP_DEVICE_INTERRUPT, 0, 1), INVALID_PARAMETER);
}

static void a_level_pin_is_masked_until_the_parent_has_served_it(void **state) {
	struct hv_map_device_interrupt_out out;
	struct hv_map_device_interrupt_out unused;
	struct vp *io = parent_vp(1);

	(void)state;
	assert_status(map(HV_DEVICE_INTERRUPT_PIN, 11, HV_DEVICE_INTERRUPT_LEVEL, 1, &out), SUCCESS);
	assert_int_equal(fake_pin[11].target, 1);
	assert_true(fake_pin[11].is_level);
	assert_false(fake_pin[11].is_open);
	assert_status(map(HV_DEVICE_INTERRUPT_PIN, 11, 0, 0, &unused), OBJECT_IN_USE);
	assert_status(by_number(HV_CALL_UNMASK_DEVICE_INTERRUPT, out.interrupt, 0), SUCCESS);
	assert_true(fake_pin[11].is_open);
	fake_cpu = &cpus[1];
	core_on_device_vector(fake_pin[11].vector);
	assert_false(fake_pin[11].is_open);
	assert_int_equal(io->events->device[0], BIT(out.interrupt));
	assert_int_equal(io->hold, 0);
	assert_status(by_number(HV_CALL_UNMAP_DEVICE_INTERRUPT, out.interrupt, 0), SUCCESS);
	assert_false(fake_pin[11].is_open);
}

static void every_interrupt_has_a_vector_and_the_table_ends(void **state) {
	struct hv_map_device_interrupt_out out;
	uint32_t n = 0;

	(void)state;
	while (map(HV_DEVICE_INTERRUPT_MSI, 0, 0, 0, &out) == HV_STATUS_SUCCESS) {
		assert_int_equal(out.interrupt, n++);
		assert_int_equal(out.msi_data, VECTOR_DEVICE_FIRST + out.interrupt);
		assert_int_equal(out.msi_address, 0xfee00000);
	}
	assert_int_equal(n, HV_MAX_DEVICE_INTERRUPTS);
	assert_status(map(HV_DEVICE_INTERRUPT_MSI, 0, 0, 0, &out), NO_RESOURCES);
	fake_cpu = &cpus[0];
	core_on_device_vector(VECTOR_DEVICE_FIRST + 127);
	assert_int_equal(parent_vp(0)->events->device[1], BIT(63));
	while (n-- > 0)
		assert_status(by_number(HV_CALL_UNMAP_DEVICE_INTERRUPT, n, 0), SUCCESS);
}

static void a_vector_of_nobody_is_counted_and_does_no_harm(void **state) {
	const uint64_t before = cpus[0].count.interrupts_unknown;

	(void)state;
	fake_cpu = &cpus[0];
	for (unsigned vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++)
		core_on_device_vector(vector);
	assert_int_equal(cpus[0].count.interrupts_unknown - before, VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1);
	assert_int_equal(parent_vp(0)->events->device[0], 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    core_test(mapping_is_refused_row_by_row),
	    core_test(a_level_pin_is_masked_until_the_parent_has_served_it),
	    core_test(every_interrupt_has_a_vector_and_the_table_ends),
	    core_test(a_vector_of_nobody_is_counted_and_does_no_harm),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
