/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of acceptance, priority, end of interrupt and modes of the local APIC. */
#include "core/lapic_model.h"
#include "model_test.h"

static struct lapic enabled(uint32_t id) {
	struct lapic l;

	lapic_init(&l, id, id == 0);
	l.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	return l;
}

/* Whether a message without a shorthand is for this APIC. */
static bool matches(const struct lapic *l, uint32_t destination, bool is_logical) {
	struct lapic_ipi ipi = {.destination = destination, .is_logical = is_logical};

	return lapic_ipi_targets(&ipi, NULL, l);
}

/* The vector that ended, or -1. */
static int eoi(struct lapic *l, bool *was_level) {
	struct lapic_action end = lapic_eoi(l);

	if (was_level != NULL)
		*was_level = end.was_level;
	return end.kind == LAPIC_ACTION_EOI ? end.vector : -1;
}

static bool write_tpr(struct lapic *l, uint64_t value) {
	struct lapic_action action;

	return lapic_write_synthetic(l, LAPIC_TPR, value, 0, &action);
}

static void after_reset_the_apic_is_in_xapic_mode_and_software_disabled(void **state) {
	struct lapic l;

	(void)state;
	lapic_init(&l, 3, false);
	assert_int_equal(lapic_mode(&l), LAPIC_MODE_XAPIC);
	assert_int_equal(l.base, 0xfee00800);
	assert_false(lapic_is_accepting(&l));
	assert_int_equal(lapic_pending(&l), -1);
	lapic_init(&l, 0, true);
	assert_int_equal(l.base, 0xfee00900);
}

static void apic_base_allows_only_the_legal_changes_of_mode(void **state) {
	/* 0 disabled, 1 invalid, 2 xAPIC, 3 x2APIC: bits 11 and 10. */
	static const struct {
		uint64_t from;
		uint64_t to;
		bool is_legal;
	} rows[] = {
	    {0x000, 0x000, true}, {0x000, 0x400, false}, {0x000, 0x800, true},  {0x000, 0xc00, false},
	    {0x800, 0x000, true}, {0x800, 0x400, false}, {0x800, 0x800, true},  {0x800, 0xc00, true},
	    {0xc00, 0x000, true}, {0xc00, 0x400, false}, {0xc00, 0x800, false}, {0xc00, 0xc00, true},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lapic l = enabled(1);
		uint64_t expected = LAPIC_BASE_ADDRESS | rows[i].from;

		l.base = expected;
		assert_int_equal(lapic_write_base(&l, LAPIC_BASE_ADDRESS | rows[i].to), rows[i].is_legal);
		if (rows[i].is_legal)
			expected = LAPIC_BASE_ADDRESS | rows[i].to;
		assert_int_equal(l.base, expected);
	}
}

static void apic_base_refuses_reserved_bits_and_other_addresses(void **state) {
	static const uint64_t bad[] = {0xfee00801, 0xfee00880, 0xfee00a00, 0xfef00800, 0x1fee00800, 0x800};
	struct lapic l = enabled(0);
	struct lapic before = l;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(lapic_write_base(&l, bad[i]));
	assert_memory_equal(&l, &before, sizeof(l));
}

static void the_bsp_flag_cannot_be_changed(void **state) {
	struct lapic bsp = enabled(0);
	struct lapic ap = enabled(1);

	(void)state;
	assert_true(lapic_write_base(&bsp, 0xfee00c00));
	assert_true(lapic_write_base(&ap, 0xfee00d00));
	assert_int_equal(bsp.base, 0xfee00d00);
	assert_int_equal(ap.base, 0xfee00c00);
}

static void disabling_the_apic_forgets_its_interrupts(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	assert_true(lapic_accept(&l, 0x30, false));
	assert_true(lapic_write_base(&l, LAPIC_BASE_ADDRESS));
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), -1);
	assert_false(lapic_accept(&l, 0x30, false));
	assert_false(matches(&l, LAPIC_BROADCAST, false));
}

static void init_keeps_id_and_mode_and_resets_the_rest(void **state) {
	struct lapic l = enabled(5);

	(void)state;
	assert_true(lapic_write_base(&l, 0xfee00c00));
	assert_true(lapic_accept(&l, 0x55, true));
	l.reg[LAPIC_TPR] = 0x20;
	lapic_reset(&l);
	assert_int_equal(l.reg[LAPIC_ID], 5);
	assert_int_equal(lapic_mode(&l), LAPIC_MODE_X2APIC);
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), -1);
	assert_int_equal(l.reg[LAPIC_TPR], 0);
	assert_int_equal(l.reg[LAPIC_SVR], 0xff);
}

static void every_legal_vector_is_delivered_and_ended(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	for (int vector = 16; vector < 256; vector++) {
		bool was_level = vector % 2 == 0;

		assert_true(lapic_accept(&l, (uint8_t)vector, vector % 2));
		assert_int_equal(lapic_pending(&l), vector);
		lapic_acknowledge(&l, (uint8_t)vector);
		assert_int_equal(lapic_pending(&l), -1);
		assert_int_equal(eoi(&l, &was_level), vector);
		assert_int_equal(was_level, vector % 2);
	}
	assert_int_equal(eoi(&l, NULL), -1);
}

static void the_highest_vector_is_delivered_first(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	lapic_accept(&l, 0x31, false);
	lapic_accept(&l, 0xf1, false);
	lapic_accept(&l, 0x80, false);
	assert_int_equal(lapic_pending(&l), 0xf1);
	lapic_acknowledge(&l, 0xf1);
	assert_int_equal(lapic_pending(&l), -1);
	assert_int_equal(eoi(&l, NULL), 0xf1);
	assert_int_equal(lapic_pending(&l), 0x80);
}

static void a_vector_in_service_blocks_its_own_class_and_below(void **state) {
	static const struct {
		uint8_t vector;
		int pending;
	} rows[] = {{0x4f, -1}, {0x41, -1}, {0x3f, -1}, {0x50, 0x50}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lapic l = enabled(0);

		lapic_accept(&l, 0x40, false);
		lapic_acknowledge(&l, 0x40);
		lapic_accept(&l, rows[i].vector, false);
		assert_int_equal(lapic_pending(&l), rows[i].pending);
	}
}

static void the_task_priority_blocks_its_class_and_below(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	lapic_accept(&l, 0x52, false);
	lapic_set_cr8(&l, 5);
	assert_int_equal(lapic_cr8(&l), 5);
	assert_int_equal(lapic_pending(&l), -1);
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), 0x52);
	assert_true(write_tpr(&l, 0x4f));
	assert_int_equal(lapic_pending(&l), 0x52);
	assert_false(write_tpr(&l, 0x100));
	assert_int_equal(l.reg[LAPIC_TPR], 0x4f);
	lapic_set_cr8(&l, 4); /* the same class: its lower half stays */
	assert_int_equal(l.reg[LAPIC_TPR], 0x4f);
	lapic_set_cr8(&l, 0);
	assert_int_equal(l.reg[LAPIC_TPR], 0);
}

static void the_processor_priority_is_the_higher_of_task_and_service(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	l.reg[LAPIC_TPR] = 0x37;
	assert_int_equal(lapic_priority(&l), 0x37);
	lapic_accept(&l, 0x44, false);
	lapic_acknowledge(&l, 0x44);
	assert_int_equal(lapic_priority(&l), 0x40);
	l.reg[LAPIC_TPR] = 0x41;
	assert_int_equal(lapic_priority(&l), 0x41);
}

static void an_illegal_vector_is_refused_and_recorded(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	for (uint8_t vector = 0; vector < 16; vector++)
		assert_false(lapic_accept(&l, vector, false));
	assert_int_equal(l.esr_pending, LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), -1);
}

static void an_error_raises_the_error_interrupt(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	l.reg[LAPIC_LVT_ERROR] = 0xfe;
	assert_false(lapic_accept(&l, 3, false));
	assert_int_equal(lapic_pending(&l), 0xfe);
}

static void an_illegal_error_vector_does_not_recurse(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	l.reg[LAPIC_LVT_ERROR] = 0x05;
	assert_false(lapic_accept(&l, 5, false));
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), -1);
	assert_int_equal(l.esr_pending, LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
}

static void a_software_disabled_apic_accepts_nothing_but_keeps_what_it_has(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	lapic_accept(&l, 0x61, false);
	l.reg[LAPIC_SVR] &= ~LAPIC_SVR_ENABLE;
	assert_false(lapic_accept(&l, 0x71, false));
	assert_int_equal(lapic_pending(&l), 0x61);
	assert_true(matches(&l, 0, false));
}

static void acknowledging_what_is_not_pending_is_a_bug_of_the_kernel(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	expect_check_failure(lapic_acknowledge(&l, 0x40));
}

static void the_eoi_may_be_skipped_only_for_a_lone_edge_interrupt(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	assert_false(lapic_may_skip_eoi(&l)); /* nothing in service */
	lapic_accept(&l, 0x90, false);
	assert_false(lapic_may_skip_eoi(&l));
	lapic_acknowledge(&l, 0x90);
	assert_true(lapic_may_skip_eoi(&l));
	lapic_accept(&l, 0x20, false); /* waits for the end */
	assert_false(lapic_may_skip_eoi(&l));
	(void)lapic_eoi(&l);
	lapic_acknowledge(&l, 0x20);
	lapic_accept(&l, 0xa0, false);
	lapic_acknowledge(&l, 0xa0);
	assert_false(lapic_may_skip_eoi(&l)); /* two in service */
	(void)lapic_eoi(&l);
	assert_true(lapic_may_skip_eoi(&l));
	(void)lapic_eoi(&l);
	lapic_accept(&l, 0x90, true);
	lapic_acknowledge(&l, 0x90);
	assert_false(lapic_may_skip_eoi(&l)); /* level */
}

static void the_timer_interrupts_once_however_late_it_is_asked(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	l.reg[LAPIC_LVT_TIMER] = 0xec | LAPIC_LVT_TIMER_PERIODIC;
	l.reg[LAPIC_DIVIDE] = 0xb;
	l.reg[LAPIC_INITIAL_COUNT] = 1000000;
	lapic_timer_start(&l, 1000000, 0);
	assert_int_equal(lapic_timer_deadline(&l), 1000000);
	assert_false(lapic_timer_expire(&l, 999999));
	assert_true(lapic_timer_expire(&l, 55500000));
	assert_int_equal(lapic_pending(&l), 0xec);
	assert_int_equal(lapic_timer_deadline(&l), 56000000);
	assert_false(lapic_timer_expire(&l, 55500000));
	l.reg[LAPIC_LVT_TIMER] |= LAPIC_LVT_MASKED;
	assert_int_equal(lapic_timer_deadline(&l), REFERENCE_TIME_NEVER);
}

static void a_timer_with_an_illegal_vector_is_an_error(void **state) {
	struct lapic l = enabled(0);

	(void)state;
	l.reg[LAPIC_LVT_TIMER] = 0x0f;
	l.reg[LAPIC_INITIAL_COUNT] = 10;
	lapic_timer_start(&l, 10, 0);
	assert_false(lapic_timer_expire(&l, 1000));
	assert_int_equal(l.esr_pending, LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(after_reset_the_apic_is_in_xapic_mode_and_software_disabled),
	    cmocka_unit_test(apic_base_allows_only_the_legal_changes_of_mode),
	    cmocka_unit_test(apic_base_refuses_reserved_bits_and_other_addresses),
	    cmocka_unit_test(the_bsp_flag_cannot_be_changed),
	    cmocka_unit_test(disabling_the_apic_forgets_its_interrupts),
	    cmocka_unit_test(init_keeps_id_and_mode_and_resets_the_rest),
	    cmocka_unit_test(every_legal_vector_is_delivered_and_ended),
	    cmocka_unit_test(the_highest_vector_is_delivered_first),
	    cmocka_unit_test(a_vector_in_service_blocks_its_own_class_and_below),
	    cmocka_unit_test(the_task_priority_blocks_its_class_and_below),
	    cmocka_unit_test(the_processor_priority_is_the_higher_of_task_and_service),
	    cmocka_unit_test(an_illegal_vector_is_refused_and_recorded),
	    cmocka_unit_test(an_error_raises_the_error_interrupt),
	    cmocka_unit_test(an_illegal_error_vector_does_not_recurse),
	    cmocka_unit_test(a_software_disabled_apic_accepts_nothing_but_keeps_what_it_has),
	    cmocka_unit_test(acknowledging_what_is_not_pending_is_a_bug_of_the_kernel),
	    cmocka_unit_test(the_eoi_may_be_skipped_only_for_a_lone_edge_interrupt),
	    cmocka_unit_test(the_timer_interrupts_once_however_late_it_is_asked),
	    cmocka_unit_test(a_timer_with_an_illegal_vector_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
