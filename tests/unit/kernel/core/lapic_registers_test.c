/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of the local APIC's registers in x2APIC and in xAPIC mode, and of its state. */
#include "core/lapic_model.h"
#include "model_test.h"

static struct lapic in_mode(uint64_t mode) {
	struct lapic l;

	lapic_init(&l, 0x21, false);
	l.base |= mode;
	l.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	return l;
}

static struct lapic x2apic(void) { return in_mode(LAPIC_BASE_X2APIC); }

static bool write(struct lapic *l, uint32_t reg, uint64_t value) {
	struct lapic_action action;

	return lapic_write(l, LAPIC_MODE_X2APIC, reg, value, 0, &action);
}

static uint64_t read(struct lapic *l, uint32_t reg) {
	uint64_t value = 0;

	assert_true(lapic_read(l, LAPIC_MODE_X2APIC, reg, 0, &value));
	return value;
}

/* A row per register of [SDM 3A table 11-6, "Local APIC Register Address Map
 * Supported by x2APIC"]; ranges not listed do not exist. */
static const struct {
	uint32_t first;
	uint32_t last;
	bool is_readable;
	bool is_writable;  /* with 0, or 16 where a vector is written */
	uint64_t reserved; /* of the low 32 bits */
} x2apic_rows[] = {
    {0x02, 0x03, true, false, 0},          {0x08, 0x08, true, true, 0xffffff00},  {0x0a, 0x0a, true, false, 0},
    {0x0b, 0x0b, false, true, 0xffffffff}, {0x0d, 0x0d, true, false, 0},          {0x0f, 0x0f, true, true, 0xfffffc00},
    {0x10, 0x27, true, false, 0},          {0x28, 0x28, true, true, 0xffffffff},  {0x30, 0x30, true, true, 0xfff32000},
    {0x32, 0x32, true, true, 0xfffcef00},  {0x33, 0x34, true, true, 0xfffee800},  {0x35, 0x36, true, true, 0xfffe0800},
    {0x37, 0x37, true, true, 0xfffeef00},  {0x38, 0x38, true, true, 0},           {0x39, 0x39, true, false, 0},
    {0x3e, 0x3e, true, true, 0xfffffff4},  {0x3f, 0x3f, false, true, 0xffffff00},
};

static void x2apic_registers_exist_row_by_row(void **state) {
	(void)state;
	for (uint32_t reg = 0; reg < 0x80; reg++) {
		bool is_readable = false;
		bool is_writable = false;
		struct lapic l = x2apic();
		uint64_t value;

		for (unsigned i = 0; i < ARRAY_COUNT(x2apic_rows); i++) {
			if (reg < x2apic_rows[i].first || reg > x2apic_rows[i].last)
				continue;
			is_readable = x2apic_rows[i].is_readable;
			is_writable = x2apic_rows[i].is_writable;
		}
		assert_int_equal(lapic_read(&l, LAPIC_MODE_X2APIC, reg, 0, &value), is_readable);
		assert_int_equal(write(&l, reg, reg == LAPIC_SELF_IPI ? 0x10 : 0), is_writable);
	}
}

static void reserved_bits_fault_in_x2apic_mode_and_change_nothing(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(x2apic_rows); i++) {
		if (!x2apic_rows[i].is_writable)
			continue;
		for (unsigned bit = 0; bit < 64; bit++) {
			bool is_reserved =
			    bit < 32 ? x2apic_rows[i].reserved >> bit & 1 : x2apic_rows[i].first != LAPIC_ICR;
			struct lapic l = x2apic();
			struct lapic before = l;

			assert_int_equal(write(&l, x2apic_rows[i].first, 1ull << bit), !is_reserved);
			if (is_reserved)
				assert_memory_equal(&l, &before, sizeof(l));
		}
	}
}

static void msrs_work_in_x2apic_mode_only(void **state) {
	struct lapic l = in_mode(0);
	uint64_t value;
	struct lapic_action action;

	(void)state;
	assert_false(lapic_read(&l, LAPIC_MODE_X2APIC, LAPIC_ID, 0, &value));
	assert_false(write(&l, LAPIC_TPR, 0));
	l = x2apic();
	assert_false(lapic_read(&l, LAPIC_MODE_XAPIC, LAPIC_ID, 0, &value));
	assert_false(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_TPR, 0, 0, &action));
}

static void identity_is_full_width_in_x2apic_mode(void **state) {
	struct lapic l = x2apic();

	(void)state;
	assert_int_equal(read(&l, LAPIC_ID), 0x21);
	assert_int_equal(read(&l, LAPIC_LDR), 0x00020002);
	assert_int_equal(read(&l, LAPIC_VERSION), 0x00050014);
}

static void interrupt_state_reads_in_eight_words_each(void **state) {
	struct lapic l = x2apic();

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		uint8_t vector = (uint8_t)(i * 32 + 17);

		lapic_accept(&l, vector, true);
		assert_int_equal(read(&l, LAPIC_IRR + i), 1 << 17);
		assert_int_equal(read(&l, LAPIC_TMR + i), 1 << 17);
		lapic_acknowledge(&l, vector);
		assert_int_equal(read(&l, LAPIC_IRR + i), 0);
		assert_int_equal(read(&l, LAPIC_ISR + i), 1 << 17);
	}
}

static void writing_eoi_reports_the_vector_that_ended(void **state) {
	struct lapic l = x2apic();
	struct lapic_action action;

	(void)state;
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_EOI, 0, 0, &action));
	assert_int_equal(action.kind, LAPIC_ACTION_NONE);
	lapic_accept(&l, 0x77, true);
	lapic_acknowledge(&l, 0x77);
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_EOI, 0, 0, &action));
	assert_int_equal(action.kind, LAPIC_ACTION_EOI);
	assert_int_equal(action.vector, 0x77);
	assert_true(action.was_level);
}

static void disabling_by_software_masks_every_entry(void **state) {
	struct lapic l = x2apic();
	struct lapic_action action;

	(void)state;
	for (uint32_t reg = LAPIC_LVT_TIMER; reg <= LAPIC_LVT_ERROR; reg++)
		assert_true(write(&l, reg, 0x40));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_SVR, 0xff, 0, &action));
	for (uint32_t reg = LAPIC_LVT_TIMER; reg <= LAPIC_LVT_ERROR; reg++) {
		assert_int_equal(read(&l, reg), 0x10040);
		assert_true(write(&l, reg, 0x41));
		assert_int_equal(read(&l, reg), 0x10041);
	}
	assert_true(write(&l, LAPIC_SVR, 0x1ff));
	assert_int_equal(read(&l, LAPIC_LVT_TIMER), 0x10041);
	assert_true(write(&l, LAPIC_LVT_TIMER, 0x41));
	assert_int_equal(read(&l, LAPIC_LVT_TIMER), 0x41);
}

static void read_only_status_bits_are_dropped(void **state) {
	struct lapic l = x2apic();

	(void)state;
	assert_true(write(&l, LAPIC_LVT_LINT0, 0x1f7ff));
	assert_int_equal(read(&l, LAPIC_LVT_LINT0), 0x1a7ff);
	assert_true(write(&l, LAPIC_LVT_ERROR, 0x1034));
	assert_int_equal(read(&l, LAPIC_LVT_ERROR), 0x34);
}

static void errors_show_after_the_next_write_of_the_register(void **state) {
	struct lapic l = x2apic();

	(void)state;
	lapic_accept(&l, 1, false);
	assert_int_equal(read(&l, LAPIC_ESR), 0);
	assert_true(write(&l, LAPIC_ESR, 0));
	assert_int_equal(read(&l, LAPIC_ESR), LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
	assert_true(write(&l, LAPIC_ESR, 0));
	assert_int_equal(read(&l, LAPIC_ESR), 0);
}

static void the_timer_registers_work_together(void **state) {
	struct lapic l = x2apic();
	struct lapic_action action;
	uint64_t count;

	(void)state;
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_DIVIDE, 0xb, 100, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_LVT_TIMER, 0xec, 100, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_INITIAL_COUNT, 500, 100, &action));
	assert_int_equal(lapic_timer_deadline(&l), 600);
	assert_int_equal(read(&l, LAPIC_INITIAL_COUNT), 500);
	assert_true(lapic_read(&l, LAPIC_MODE_X2APIC, LAPIC_CURRENT_COUNT, 250, &count));
	assert_int_equal(count, 350);
}

static void an_expiry_before_a_write_belongs_to_the_old_settings(void **state) {
	struct lapic l = x2apic();
	struct lapic_action action;

	(void)state;
	l.reg[LAPIC_DIVIDE] = 0xb;
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_LVT_TIMER, 0x50, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_INITIAL_COUNT, 100, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_LVT_TIMER, 0x10060, 200, &action));
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), 0x50);
	/* What passed while it was masked does not come back. */
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_INITIAL_COUNT, 100, 200, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_LVT_TIMER, 0x60, 400, &action));
	assert_int_equal(lapic_highest(&l, LAPIC_IRR), 0x50);
	assert_int_equal(lapic_timer_deadline(&l), REFERENCE_TIME_NEVER);
}

static void xapic_registers_have_their_own_shapes(void **state) {
	struct lapic l = in_mode(0);
	struct lapic_action action;
	static const struct {
		uint32_t reg;
		uint32_t written;
		uint32_t read;
	} rows[] = {
	    {LAPIC_ID, 0x77000000, 0x21000000},      {LAPIC_LDR, 0x55aaaaaa, 0x55000000},
	    {LAPIC_DFR, 0x0abcdef0, 0x0fffffff},     {LAPIC_ICR_HIGH, 0x12345678, 0x12000000},
	    {LAPIC_TPR, 0xffffff35, 0x35},           {LAPIC_SVR, 0xffffffff, 0x3ff},
	    {LAPIC_LVT_TIMER, 0xffffffff, 0x300ff},  {LAPIC_EOI, 0xffffffff, 0},
	    {LAPIC_VERSION, 0xffffffff, 0x00050014}, {LAPIC_APR, 0xff, 0x30},
	    {LAPIC_DIVIDE, 0xffffffff, 0xb},
	};
	uint64_t value;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, rows[i].reg, rows[i].written, 0, &action));
		if (rows[i].reg == LAPIC_APR)
			l.reg[LAPIC_TPR] = 0x30;
		assert_true(lapic_read(&l, LAPIC_MODE_XAPIC, rows[i].reg, 0, &value));
		assert_int_equal(value, rows[i].read);
	}
	assert_int_equal(l.esr_pending, 0);
}

static void a_register_that_xapic_mode_lacks_is_an_error_bit(void **state) {
	static const uint32_t missing[] = {0x00, 0x01, 0x04, 0x07, 0x0c, 0x29, 0x2f, 0x3a, 0x3f};
	struct lapic_action action;
	uint64_t value = 1;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(missing); i++) {
		struct lapic l = in_mode(0);

		assert_true(lapic_read(&l, LAPIC_MODE_XAPIC, missing[i], 0, &value));
		assert_int_equal(value, 0);
		assert_int_equal(l.esr_pending, LAPIC_ESR_ILLEGAL_REGISTER);
		l.esr_pending = 0;
		assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, missing[i], 0x20, 0, &action));
		assert_int_equal(action.kind, LAPIC_ACTION_NONE);
		assert_int_equal(l.esr_pending, LAPIC_ESR_ILLEGAL_REGISTER);
	}
}

static struct lapic busy(void) {
	struct lapic l;
	struct lapic_action action;

	lapic_init(&l, 7, false);
	assert_true(lapic_write_base(&l, 0xfee00c00));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_SVR, 0x1f7, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_LVT_TIMER, 0x200ec, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_LVT_ERROR, 0xfe, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_DIVIDE, 3, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_INITIAL_COUNT, 12345, 10, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_ICR, 0x500000041, 10, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_TPR, 0x23, 10, &action));
	lapic_accept(&l, 0x99, true);
	lapic_acknowledge(&l, 0x99);
	lapic_accept(&l, 0xd0, false);
	lapic_accept(&l, 2, false);
	return l;
}

static void a_saved_apic_loads_as_it_was(void **state) {
	struct lapic l = busy();
	struct lapic fresh;
	struct lapic saved;
	struct lapic again;

	(void)state;
	saved = l;
	assert_int_equal(saved.version, HV_STATE_LAPIC_VERSION);
	lapic_init(&fresh, 7, false);
	assert_int_equal(lapic_load(&fresh, &saved), HV_STATUS_SUCCESS);
	assert_memory_equal(&fresh, &l, sizeof(l));
	again = fresh;
	assert_memory_equal(&again, &saved, sizeof(saved));
}

static void an_xapic_and_a_disabled_apic_load_too(void **state) {
	struct lapic l;
	struct lapic saved;
	struct lapic_action action;

	(void)state;
	lapic_init(&l, 0, true);
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_LDR, 0x01000000, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_ICR_HIGH, 0xff000000, 0, &action));
	saved = l;
	assert_int_equal(lapic_load(&l, &saved), HV_STATUS_SUCCESS);
	assert_true(lapic_write_base(&l, LAPIC_BASE_ADDRESS));
	saved = l;
	assert_int_equal(lapic_load(&l, &saved), HV_STATUS_SUCCESS);
}

#define FLAW(field, value)                                                                                             \
	{ offsetof(struct lapic, field), sizeof(saved.field), value }

#define REG(number, value) FLAW(reg[number], value)

static void an_impossible_state_is_refused_and_changes_nothing(void **state) {
	struct lapic l = busy();
	struct lapic before = l;
	struct lapic saved;
	static const struct {
		size_t offset;
		size_t size;
		uint64_t value;
	} flaws[] = {
	    FLAW(version, 0),
	    FLAW(version, 1),
	    REG(LAPIC_ID, 6),
	    FLAW(base, 0xfee00400),
	    FLAW(base, 0xfef00c00),
	    FLAW(base, 0xfee00c01),
	    REG(LAPIC_IRR, 0x8000),
	    REG(LAPIC_ISR, 1),
	    REG(LAPIC_TMR, 0x10),
	    REG(LAPIC_TPR, 0x100),
	    REG(LAPIC_SVR, 0x5f7),
	    REG(LAPIC_SVR, 0xff),
	    REG(LAPIC_LDR, 1),
	    REG(LAPIC_DFR, 0),
	    REG(LAPIC_ESR, 1),
	    FLAW(esr_pending, 0x100),
	    REG(LAPIC_ICR, 0x1041),
	    REG(LAPIC_ICR, 0x100041),
	    REG(LAPIC_LVT_THERMAL, 0x20000),
	    REG(LAPIC_LVT_ERROR, 0x1000),
	    REG(LAPIC_LVT_TIMER, 0x40000),
	    REG(LAPIC_DIVIDE, 4),
	    REG(LAPIC_INITIAL_COUNT, 0),
	    REG(LAPIC_VERSION, 0x14),
	    REG(LAPIC_CURRENT_COUNT, 1),
	    REG(LAPIC_SELF_IPI, 0x40),
	    REG(0, 1),
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(flaws); i++) {
		saved = l;
		memcpy((char *)&saved + flaws[i].offset, &flaws[i].value, flaws[i].size);
		if (lapic_load(&l, &saved) != HV_STATUS_INVALID_SAVE_RESTORE_STATE)
			fail_msg("flaw %u was loaded", i);
		assert_memory_equal(&l, &before, sizeof(l));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(x2apic_registers_exist_row_by_row),
	    cmocka_unit_test(reserved_bits_fault_in_x2apic_mode_and_change_nothing),
	    cmocka_unit_test(msrs_work_in_x2apic_mode_only),
	    cmocka_unit_test(identity_is_full_width_in_x2apic_mode),
	    cmocka_unit_test(interrupt_state_reads_in_eight_words_each),
	    cmocka_unit_test(writing_eoi_reports_the_vector_that_ended),
	    cmocka_unit_test(disabling_by_software_masks_every_entry),
	    cmocka_unit_test(read_only_status_bits_are_dropped),
	    cmocka_unit_test(errors_show_after_the_next_write_of_the_register),
	    cmocka_unit_test(the_timer_registers_work_together),
	    cmocka_unit_test(an_expiry_before_a_write_belongs_to_the_old_settings),
	    cmocka_unit_test(xapic_registers_have_their_own_shapes),
	    cmocka_unit_test(a_register_that_xapic_mode_lacks_is_an_error_bit),
	    cmocka_unit_test(a_saved_apic_loads_as_it_was),
	    cmocka_unit_test(an_xapic_and_a_disabled_apic_load_too),
	    cmocka_unit_test(an_impossible_state_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
