/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the synthetic MSRs: the gate, row by row, and what writes do. */
#include "core/synthetic_msr.h"

#include <hv_abi/privileges.h>

#include "core/lapic_model.h"
#include "model_test.h"

#define GPFN_LIMIT 0x40000ull
#define ALL        (~0ull)

struct world {
	struct hv_partition_msrs partition;
	struct hv_vp_msrs vp;
	struct lapic lapic;
	struct reference_time time;
	struct synthetic_msr_context c;
	struct synthetic_action action;
};

static void make(struct world *w, uint64_t privileges) {
	memset(w, 0, sizeof(*w));
	w->partition.version = HV_STATE_PARTITION_MSRS_VERSION;
	synthetic_msr_init_vp(&w->vp, 3);
	lapic_init(&w->lapic, 3, false);
	w->lapic.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	assert_true(reference_time_init(&w->time, 2000000000, 0));
	w->c = (struct synthetic_msr_context){.privileges = privileges,
	                                      .gpfn_limit = GPFN_LIMIT,
	                                      .partition = &w->partition,
	                                      .vp = &w->vp,
	                                      .lapic = &w->lapic,
	                                      .time = &w->time,
	                                      .host_tsc = 1234 * 200,
	                                      .runtime_tsc = 77 * 200};
}

static bool write_only(struct world *w, uint32_t msr, uint64_t value) {
	w->action = (struct synthetic_action){0};
	return synthetic_msr_write(&w->c, msr, value, &w->action);
}

/* As core does: where a page can be placed its MSR is stored. */
static bool write(struct world *w, uint32_t msr, uint64_t value) {
	if (!write_only(w, msr, value))
		return false;
	if (w->action.page != NULL)
		*w->action.page = w->action.value;
	return true;
}

static uint64_t read(struct world *w, uint32_t msr) {
	uint64_t value = 0;

	assert_true(synthetic_msr_read(&w->c, msr, &value));
	return value;
}

static const struct {
	uint32_t first;
	uint32_t last;
	bool is_readable;
	bool is_writable;
	uint64_t gate; /* any of these */
} rows[] = {
    {0x40000000, 0x40000001, true, true, HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS},
    {0x40000002, 0x40000002, true, false, HV_PRIVILEGE_ACCESS_VP_INDEX},
    {0x40000003, 0x40000003, true, true, HV_PRIVILEGE_ACCESS_RESET},
    {0x40000010, 0x40000010, true, false, HV_PRIVILEGE_ACCESS_VP_RUNTIME},
    {0x40000020, 0x40000020, true, false, HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER},
    {0x40000021, 0x40000021, true, true, HV_PRIVILEGE_ACCESS_REFERENCE_TSC},
    {0x40000022, 0x40000023, true, false, HV_PRIVILEGE_ACCESS_FREQUENCY},
    {0x40000070, 0x40000070, false, true, HV_PRIVILEGE_ACCESS_INTR_CTRL},
    {0x40000071, 0x40000072, true, true, HV_PRIVILEGE_ACCESS_INTR_CTRL},
    {0x40000073, 0x40000073, true, true, HV_PRIVILEGE_ACCESS_INTR_CTRL | HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS},
    {0x40000080, 0x40000080, true, true, HV_PRIVILEGE_ACCESS_SYNIC},
    {0x40000081, 0x40000081, true, false, HV_PRIVILEGE_ACCESS_SYNIC},
    {0x40000082, 0x40000084, true, true, HV_PRIVILEGE_ACCESS_SYNIC},
    {0x40000090, 0x4000009f, true, true, HV_PRIVILEGE_ACCESS_SYNIC},
    {0x400000b0, 0x400000b7, true, true, HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS},
};

/* Every privilege alone, against every MSR up to 0x400001ff. */
static void an_msr_opens_by_its_privilege_only(void **state) {
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		for (uint32_t msr = 0x40000000; msr < 0x40000200; msr++) {
			bool is_readable = false;
			bool is_writable = false;
			struct world w;
			uint64_t value;

			for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
				if (msr < rows[i].first || msr > rows[i].last || !(rows[i].gate >> bit & 1))
					continue;
				is_readable = rows[i].is_readable;
				is_writable = rows[i].is_writable;
			}
			make(&w, 1ull << bit);
			if (synthetic_msr_read(&w.c, msr, &value) != is_readable)
				fail_msg("read of %x with privilege %u", msr, bit);
			/* A source that is not masked needs a vector. */
			value = msr >= HV_MSR_SINT0 && msr <= HV_MSR_SINT15 ? HV_SINT_MASKED : 0;
			if (write(&w, msr, value) != is_writable)
				fail_msg("write of %x with privilege %u", msr, bit);
		}
	}
}

static void a_refused_write_changes_nothing(void **state) {
	struct world w;
	struct hv_partition_msrs partition;
	struct hv_vp_msrs vp;
	struct lapic lapic;

	(void)state;
	make(&w, 0);
	partition = w.partition;
	vp = w.vp;
	lapic = w.lapic;
	for (uint32_t msr = 0x40000000; msr < 0x40000200; msr++)
		assert_false(write(&w, msr, 0x1001));
	assert_memory_equal(&partition, &w.partition, sizeof(partition));
	assert_memory_equal(&vp, &w.vp, sizeof(vp));
	assert_memory_equal(&lapic, &w.lapic, sizeof(lapic));
}

static void a_new_synic_is_off_and_its_sources_are_masked(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_int_equal(read(&w, HV_MSR_SCONTROL), 0);
	assert_int_equal(read(&w, HV_MSR_SVERSION), 1);
	assert_int_equal(read(&w, HV_MSR_SIEFP), 0);
	assert_int_equal(read(&w, HV_MSR_SIMP), 0);
	for (uint32_t i = 0; i < HV_SINT_COUNT; i++)
		assert_int_equal(read(&w, HV_MSR_SINT0 + i), 0x10000);
}

static void a_source_needs_a_legal_vector_unless_it_is_masked(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	for (uint32_t vector = 0; vector < 256; vector++) {
		assert_true(write(&w, HV_MSR_SINT0 + 4, vector | HV_SINT_MASKED));
		assert_int_equal(write(&w, HV_MSR_SINT0 + 4, vector | HV_SINT_AUTO_EOI), vector >= 16);
		assert_int_equal(read(&w, HV_MSR_SINT0 + 4),
		                 vector | (vector >= 16 ? HV_SINT_AUTO_EOI : HV_SINT_MASKED));
	}
}

static void the_pages_of_the_synic_lie_in_the_space(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	for (uint32_t msr = HV_MSR_SIEFP; msr <= HV_MSR_SIMP; msr++) {
		assert_false(write_only(&w, msr, GPFN_LIMIT << 12 | 1));
		assert_true(write(&w, msr, (GPFN_LIMIT - 1) << 12 | 0xabd));
		assert_int_equal(read(&w, msr), (GPFN_LIMIT - 1) << 12 | 0xabd); /* bits 11:1 are kept */
	}
}

static void no_impossible_synic_is_loaded(void **state) {
	struct world w;
	struct hv_vp_msrs saved;

	(void)state;
	make(&w, ALL);
	saved = w.vp;
	saved.sint[15] = 3;
	assert_int_equal(synthetic_msr_load_vp(&w.vp, GPFN_LIMIT, &saved), HV_STATUS_INVALID_SAVE_RESTORE_STATE);
	saved.sint[15] = 0xf3;
	saved.simp = GPFN_LIMIT << 12;
	assert_int_equal(synthetic_msr_load_vp(&w.vp, GPFN_LIMIT, &saved), HV_STATUS_INVALID_SAVE_RESTORE_STATE);
	saved.simp = 0x5001;
	saved.siefp = ~0ull;
	assert_int_equal(synthetic_msr_load_vp(&w.vp, GPFN_LIMIT, &saved), HV_STATUS_INVALID_SAVE_RESTORE_STATE);
	saved.siefp = 0x6001;
	saved.sints_wanted = 1u << 16;
	assert_int_equal(synthetic_msr_load_vp(&w.vp, GPFN_LIMIT, &saved), HV_STATUS_INVALID_SAVE_RESTORE_STATE);
	saved.sints_wanted = 1u << 15;
	assert_int_equal(synthetic_msr_load_vp(&w.vp, GPFN_LIMIT, &saved), HV_STATUS_SUCCESS);
	assert_memory_equal(&w.vp, &saved, sizeof(saved));
}

static void constants_and_clocks_read_as_they_are(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_int_equal(read(&w, HV_MSR_VP_INDEX), 3);
	assert_int_equal(read(&w, HV_MSR_RESET), 0);
	assert_int_equal(read(&w, HV_MSR_VP_RUNTIME), 77);
	assert_int_equal(read(&w, HV_MSR_TIME_REF_COUNT), 1234);
	assert_int_equal(read(&w, HV_MSR_TSC_FREQUENCY), 2000000000);
	assert_int_equal(read(&w, HV_MSR_APIC_FREQUENCY), 1000000000);
}

static void the_hypercall_page_needs_a_guest_id(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_true(write(&w, HV_MSR_HYPERCALL, 0x5001));
	assert_int_equal(read(&w, HV_MSR_HYPERCALL), 0x5000);
	assert_true(write(&w, HV_MSR_GUEST_OS_ID, 0x8100000000000001));
	assert_null(w.action.page);
	assert_true(write_only(&w, HV_MSR_HYPERCALL, 0x5ff9));
	assert_ptr_equal(w.action.page, &w.partition.hypercall);
	assert_int_equal(w.action.value, 0x5ff9); /* bits 11:2 are kept */
	assert_int_equal(read(&w, HV_MSR_HYPERCALL), 0x5000);
}

static void clearing_the_guest_id_takes_the_hypercall_page_away(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_true(write(&w, HV_MSR_GUEST_OS_ID, 1));
	assert_true(write(&w, HV_MSR_HYPERCALL, 0x5001));
	assert_true(write(&w, HV_MSR_GUEST_OS_ID, 0));
	assert_ptr_equal(w.action.page, &w.partition.hypercall);
	assert_int_equal(read(&w, HV_MSR_HYPERCALL), 0x5000);
	assert_int_equal(read(&w, HV_MSR_GUEST_OS_ID), 0);
	assert_true(write(&w, HV_MSR_GUEST_OS_ID, 0));
	assert_int_equal(read(&w, HV_MSR_HYPERCALL), 0x5000);
}

static void the_lock_bit_is_not_offered(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	write(&w, HV_MSR_GUEST_OS_ID, 1);
	write(&w, HV_MSR_HYPERCALL, 0x5003);
	assert_int_equal(read(&w, HV_MSR_HYPERCALL), 0x5001);
}

static void the_reference_tsc_page_needs_no_guest_id(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_true(write(&w, HV_MSR_REFERENCE_TSC, 0x9001));
	assert_ptr_equal(w.action.page, &w.partition.reference_tsc);
	assert_int_equal(read(&w, HV_MSR_REFERENCE_TSC), 0x9001);
	assert_true(write(&w, HV_MSR_REFERENCE_TSC, 0x9000));
	assert_int_equal(read(&w, HV_MSR_REFERENCE_TSC), 0x9000);
}

static void the_assist_page_belongs_to_the_vp(void **state) {
	struct world w;

	(void)state;
	make(&w, HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS);
	assert_true(write(&w, HV_MSR_VP_ASSIST_PAGE, 0x3001));
	assert_ptr_equal(w.action.page, &w.vp.vp_assist_page);
	assert_int_equal(w.vp.vp_assist_page, 0x3001);
}

static void a_page_outside_of_the_gpa_space_faults(void **state) {
	static const uint32_t msrs[] = {HV_MSR_HYPERCALL, HV_MSR_REFERENCE_TSC, HV_MSR_VP_ASSIST_PAGE};
	static const uint64_t bad[] = {GPFN_LIMIT << 12 | 1, GPFN_LIMIT << 12, 0x8000000000000001, ~0ull};
	struct world w;

	(void)state;
	make(&w, ALL);
	write(&w, HV_MSR_GUEST_OS_ID, 1);
	for (unsigned m = 0; m < ARRAY_COUNT(msrs); m++) {
		for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
			assert_false(write(&w, msrs[m], bad[i]));
			assert_int_equal(read(&w, msrs[m]), 0);
		}
		assert_true(write(&w, msrs[m], (GPFN_LIMIT - 1) << 12 | 1));
	}
}

static void a_page_that_core_does_not_place_leaves_its_msr(void **state) {
	static const uint32_t msrs[] = {HV_MSR_HYPERCALL, HV_MSR_REFERENCE_TSC, HV_MSR_VP_ASSIST_PAGE};
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_true(write(&w, HV_MSR_GUEST_OS_ID, 1));
	for (unsigned m = 0; m < ARRAY_COUNT(msrs); m++) {
		assert_true(write(&w, msrs[m], 0x2001));
		assert_true(write_only(&w, msrs[m], 0x4001));
		assert_int_equal(read(&w, msrs[m]), 0x2001);
	}
}

static void apic_msrs_go_to_the_local_apic(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	lapic_accept(&w.lapic, 0x61, true);
	lapic_acknowledge(&w.lapic, 0x61);
	assert_true(write(&w, HV_MSR_EOI, 0xffffffff)); /* any value ends */
	assert_int_equal(w.action.apic.kind, LAPIC_ACTION_EOI);
	assert_int_equal(w.action.apic.vector, 0x61);
	assert_true(w.action.apic.was_level);
	assert_true(write(&w, HV_MSR_ICR, 0x500000000000041));
	assert_int_equal(w.action.apic.kind, LAPIC_ACTION_IPI);
	assert_int_equal(w.action.apic.ipi.destination, 5);
	assert_int_equal(read(&w, HV_MSR_ICR), 0x500000000000041);
	assert_true(write(&w, HV_MSR_TPR, 0x20));
	assert_int_equal(w.action.apic.kind, LAPIC_ACTION_NONE);
	assert_int_equal(read(&w, HV_MSR_TPR), 0x20);
	assert_false(write(&w, HV_MSR_TPR, 0x100));
	w.lapic.base = LAPIC_BASE_ADDRESS;
	assert_false(write(&w, HV_MSR_ICR, 0x41));
}

static void reset_is_asked_for_by_bit_0(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	assert_true(write(&w, HV_MSR_RESET, 2));
	assert_false(w.action.is_reset);
	assert_true(write(&w, HV_MSR_RESET, 1));
	assert_true(w.action.is_reset);
}

static void timer_msrs_reach_their_timer(void **state) {
	struct world w;

	(void)state;
	make(&w, ALL);
	for (uint32_t i = 0; i < HV_STIMER_COUNT; i++) {
		uint64_t config = HV_STIMER_DIRECT | (0x40 + i) << HV_STIMER_VECTOR_SHIFT;
		uint32_t msr = HV_MSR_STIMER0_CONFIG + 2 * i;

		assert_true(write(&w, msr, config));
		assert_true(write(&w, msr + 1, 5000 + i));
		assert_int_equal(read(&w, msr), config);
		assert_int_equal(read(&w, msr + 1), 5000 + i);
	}
	assert_false(write(&w, HV_MSR_STIMER0_CONFIG, 1ull << 63));
}

static void saved_msrs_load_as_they_were(void **state) {
	struct world w;
	struct world fresh;
	struct hv_partition_msrs partition;
	struct hv_vp_msrs vp;

	(void)state;
	make(&w, ALL);
	make(&fresh, ALL);
	write(&w, HV_MSR_GUEST_OS_ID, 0x8100);
	write(&w, HV_MSR_HYPERCALL, 0x5001);
	write(&w, HV_MSR_REFERENCE_TSC, 0x6001);
	write(&w, HV_MSR_VP_ASSIST_PAGE, 0x7001);
	write(&w, HV_MSR_STIMER0_CONFIG, 0x1ed9);
	write(&w, HV_MSR_STIMER0_COUNT, 99999);
	partition = w.partition;
	vp = w.vp;
	assert_int_equal(synthetic_msr_load_partition(&fresh.partition, GPFN_LIMIT, &partition), HV_STATUS_SUCCESS);
	assert_int_equal(synthetic_msr_load_vp(&fresh.vp, GPFN_LIMIT, &vp), HV_STATUS_SUCCESS);
	assert_memory_equal(&fresh.partition, &w.partition, sizeof(w.partition));
	assert_int_equal(read(&fresh, HV_MSR_VP_ASSIST_PAGE), 0x7001);
	assert_int_equal(read(&fresh, HV_MSR_STIMER0_CONFIG), 0x1ed9);
	assert_int_equal(stimer_deadline(&fresh.vp.stimers), 99999);
}

static void an_impossible_state_is_refused_and_changes_nothing(void **state) {
	struct world w;
	struct hv_partition_msrs partition;
	struct hv_vp_msrs vp;
	struct hv_partition_msrs sp;
	struct hv_vp_msrs sv;

	(void)state;
	make(&w, ALL);
	partition = w.partition;
	vp = w.vp;
	for (unsigned flaw = 0; flaw < 5; flaw++) {
		sp = w.partition;
		if (flaw == 0)
			sp.version = 9;
		else if (flaw == 1)
			sp.hypercall = 0x1001; /* enabled without a guest id */
		else if (flaw == 2)
			sp.hypercall = GPFN_LIMIT << 12;
		else if (flaw == 3)
			sp.reference_tsc = ~0ull;
		else
			sp.hypercall = HV_HYPERCALL_MSR_LOCKED;
		assert_int_equal(synthetic_msr_load_partition(&w.partition, GPFN_LIMIT, &sp),
		                 HV_STATUS_INVALID_SAVE_RESTORE_STATE);
	}
	for (unsigned flaw = 0; flaw < 4; flaw++) {
		sv = w.vp;
		sv.vp_assist_page = 0x1001;
		if (flaw == 0)
			sv.version = 0;
		else if (flaw == 1)
			sv.vp_index++;
		else if (flaw == 2)
			sv.vp_assist_page = GPFN_LIMIT << 12 | 1;
		else
			sv.stimers.timer[3].deadline = 5; /* of a timer that is off */
		assert_int_equal(synthetic_msr_load_vp(&w.vp, GPFN_LIMIT, &sv), HV_STATUS_INVALID_SAVE_RESTORE_STATE);
	}
	assert_memory_equal(&partition, &w.partition, sizeof(partition));
	assert_memory_equal(&vp, &w.vp, sizeof(vp));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_msr_opens_by_its_privilege_only),
	    cmocka_unit_test(a_refused_write_changes_nothing),
	    cmocka_unit_test(a_new_synic_is_off_and_its_sources_are_masked),
	    cmocka_unit_test(a_source_needs_a_legal_vector_unless_it_is_masked),
	    cmocka_unit_test(the_pages_of_the_synic_lie_in_the_space),
	    cmocka_unit_test(no_impossible_synic_is_loaded),
	    cmocka_unit_test(constants_and_clocks_read_as_they_are),
	    cmocka_unit_test(the_hypercall_page_needs_a_guest_id),
	    cmocka_unit_test(clearing_the_guest_id_takes_the_hypercall_page_away),
	    cmocka_unit_test(the_lock_bit_is_not_offered),
	    cmocka_unit_test(the_reference_tsc_page_needs_no_guest_id),
	    cmocka_unit_test(the_assist_page_belongs_to_the_vp),
	    cmocka_unit_test(a_page_outside_of_the_gpa_space_faults),
	    cmocka_unit_test(a_page_that_core_does_not_place_leaves_its_msr),
	    cmocka_unit_test(apic_msrs_go_to_the_local_apic),
	    cmocka_unit_test(reset_is_asked_for_by_bit_0),
	    cmocka_unit_test(timer_msrs_reach_their_timer),
	    cmocka_unit_test(saved_msrs_load_as_they_were),
	    cmocka_unit_test(an_impossible_state_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
