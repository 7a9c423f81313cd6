/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of interrupt commands and of destinations. */
#include "core/lapic_model.h"
#include "model_test.h"

static struct lapic make(uint32_t id, uint64_t mode) {
	struct lapic l;

	lapic_init(&l, id, false);
	l.base |= mode;
	l.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	return l;
}

/* Whether a message without a shorthand is for this APIC. */
static bool matches(const struct lapic *l, uint32_t destination, bool is_logical) {
	struct lapic_ipi ipi = {.destination = destination, .is_logical = is_logical};

	return lapic_ipi_targets(&ipi, NULL, l);
}

static void commands_become_ipis_row_by_row(void **state) {
	static const struct {
		uint64_t icr;
		bool is_sent;
		struct lapic_ipi ipi;
	} rows[] = {
	    /* fixed, physical */
	    {0x0000000300000041, true, {.vector = 0x41, .destination = 3}},
	    {0x0000000300004041, true, {.vector = 0x41, .destination = 3}},
	    {0x000000030000c041, true, {.vector = 0x41, .is_level = true, .destination = 3}},
	    {0xffffffff00000041, true, {.vector = 0x41, .destination = LAPIC_BROADCAST}},
	    {0x0001000200000841, true, {.vector = 0x41, .is_logical = true, .destination = 0x10002}},
	    {0x0000000300000141, true, {.mode = LAPIC_IPI_LOWEST_PRIORITY, .vector = 0x41, .destination = 3}},
	    /* shorthands */
	    {0x0000000000040041, true, {.shorthand = LAPIC_SHORTHAND_SELF, .vector = 0x41}},
	    {0x0000000000080041, true, {.shorthand = LAPIC_SHORTHAND_ALL, .vector = 0x41}},
	    {0x00000000000c0041, true, {.shorthand = LAPIC_SHORTHAND_OTHERS, .vector = 0x41}},
	    /* NMI, INIT, startup; the vector of an NMI may be anything */
	    {0x0000000200000400, true, {.mode = LAPIC_IPI_NMI, .destination = 2}},
	    {0x0000000200004500, true, {.mode = LAPIC_IPI_INIT, .destination = 2}},
	    {0x000000020000c500, true, {.mode = LAPIC_IPI_INIT, .destination = 2}},
	    {0x0000000200004605, true, {.mode = LAPIC_IPI_STARTUP, .vector = 5, .destination = 2}},
	    {0x00000000000c4500, true, {.mode = LAPIC_IPI_INIT, .shorthand = LAPIC_SHORTHAND_OTHERS}},
	    /* not sent: INIT de-assert, INIT to oneself, SMI, reserved, ExtINT */
	    {0x0000000200008500, false, {.vector = 0}},
	    {0x0000000000044500, false, {.vector = 0}},
	    {0x0000000000084500, false, {.vector = 0}},
	    {0x0000000000044605, false, {.vector = 0}},
	    {0x0000000200000200, false, {.vector = 0}},
	    {0x0000000200000341, false, {.vector = 0}},
	    {0x0000000200000741, false, {.vector = 0}},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lapic l = make(0, LAPIC_BASE_X2APIC);
		struct lapic_action action;

		assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_ICR, rows[i].icr, 0, &action));
		assert_int_equal(lapic_icr(&l), rows[i].icr);
		assert_int_equal(action.kind, rows[i].is_sent ? LAPIC_ACTION_IPI : LAPIC_ACTION_NONE);
		assert_int_equal(action.ipi.mode, rows[i].ipi.mode);
		assert_int_equal(action.ipi.shorthand, rows[i].ipi.shorthand);
		assert_int_equal(action.ipi.vector, rows[i].ipi.vector);
		assert_int_equal(action.ipi.is_logical, rows[i].ipi.is_logical);
		assert_int_equal(action.ipi.is_level, rows[i].ipi.is_level);
		assert_int_equal(action.ipi.destination, rows[i].ipi.destination);
		assert_int_equal(l.esr_pending, 0);
	}
}

static void an_illegal_vector_is_not_sent_but_recorded(void **state) {
	static const uint64_t commands[] = {0x0f, 0x10f, 0x4000f, 0xc0000};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(commands); i++) {
		struct lapic l = make(0, LAPIC_BASE_X2APIC);
		struct lapic_action action;

		assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_ICR, commands[i], 0, &action));
		assert_int_equal(action.kind, LAPIC_ACTION_NONE);
		assert_int_equal(l.esr_pending, LAPIC_ESR_SEND_ILLEGAL_VECTOR);
	}
}

static void the_delivery_status_bit_never_sticks(void **state) {
	struct lapic l = make(0, LAPIC_BASE_X2APIC);
	struct lapic_action action;

	(void)state;
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_ICR, 0x1041, 0, &action));
	assert_int_equal(lapic_icr(&l), 0x41);
}

static void self_ipi_is_a_fixed_interrupt_to_oneself(void **state) {
	struct lapic l = make(9, LAPIC_BASE_X2APIC);
	struct lapic other = make(9, LAPIC_BASE_X2APIC);
	struct lapic_action action;

	(void)state;
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_SELF_IPI, 0x42, 0, &action));
	assert_int_equal(action.kind, LAPIC_ACTION_IPI);
	assert_int_equal(action.ipi.mode, LAPIC_IPI_FIXED);
	assert_int_equal(action.ipi.vector, 0x42);
	assert_true(lapic_ipi_targets(&action.ipi, &l, &l));
	assert_false(lapic_ipi_targets(&action.ipi, &l, &other));
	assert_true(lapic_write(&l, LAPIC_MODE_X2APIC, LAPIC_SELF_IPI, 0x0f, 0, &action));
	assert_int_equal(action.kind, LAPIC_ACTION_NONE);
	assert_int_equal(l.esr_pending, LAPIC_ESR_SEND_ILLEGAL_VECTOR);
}

static void xapic_commands_are_two_writes(void **state) {
	struct lapic l = make(0, 0);
	struct lapic_action action;

	(void)state;
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_ICR_HIGH, 0x03000000, 0, &action));
	assert_int_equal(action.kind, LAPIC_ACTION_NONE);
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_ICR, 0x41, 0, &action));
	assert_int_equal(action.kind, LAPIC_ACTION_IPI);
	assert_int_equal(action.ipi.destination, 3);
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_ICR_HIGH, 0xff000000, 0, &action));
	assert_true(lapic_write(&l, LAPIC_MODE_XAPIC, LAPIC_ICR, 0x41, 0, &action));
	assert_int_equal(action.ipi.destination, LAPIC_BROADCAST);
	assert_int_equal(lapic_icr(&l), 0xff00000000000041);
}

static void the_synthetic_command_follows_the_mode(void **state) {
	struct lapic l = make(0, 0);
	struct lapic_action action;

	(void)state;
	assert_true(lapic_write_synthetic(&l, LAPIC_ICR, 0x05ffffff00000041, 0, &action));
	assert_int_equal(action.ipi.destination, 5);
	l.base |= LAPIC_BASE_X2APIC;
	assert_true(lapic_write_synthetic(&l, LAPIC_ICR, 0x0000000500000041, 0, &action));
	assert_int_equal(action.ipi.destination, 5);
	assert_false(lapic_write_synthetic(&l, LAPIC_ICR, 0x0000000500100041, 0, &action));
	l.base = LAPIC_BASE_ADDRESS;
	assert_false(lapic_write_synthetic(&l, LAPIC_ICR, 0x41, 0, &action));
}

static void destinations_match_row_by_row(void **state) {
	static const struct {
		uint64_t mode; /* LAPIC_BASE_X2APIC or 0 */
		uint32_t id;
		uint32_t dfr;
		uint32_t ldr;
		uint32_t destination;
		bool is_logical;
		bool matches;
	} rows[] = {
	    {0, 3, ~0u, 0, 3, false, true},
	    {0, 3, ~0u, 0, 4, false, false},
	    {0, 3, ~0u, 0, LAPIC_BROADCAST, false, true},
	    {0, 3, ~0u, 0, LAPIC_BROADCAST, true, true},
	    /* flat */
	    {0, 3, ~0u, 0x08000000, 0x18, true, true},
	    {0, 3, ~0u, 0x08000000, 0x17, true, false},
	    {0, 3, ~0u, 0, 0xff, true, false},
	    {0, 3, ~0u, 0x08000000, 0x108, true, false},
	    /* cluster */
	    {0, 3, 0x0fffffff, 0x21000000, 0x21, true, true},
	    {0, 3, 0x0fffffff, 0x21000000, 0x23, true, true},
	    {0, 3, 0x0fffffff, 0x21000000, 0x22, true, false},
	    {0, 3, 0x0fffffff, 0x21000000, 0x31, true, false},
	    {0, 3, 0x0fffffff, 0x21000000, 0xf1, true, true},
	    {0, 3, 0x0fffffff, 0x21000000, 0xf2, true, false},
	    /* neither */
	    {0, 3, 0x7fffffff, 0xff000000, 0xff, true, false},
	    /* x2APIC */
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0x21, false, true},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0x20, false, false},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0xff, false, false},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, LAPIC_BROADCAST, false, true},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0x00020002, true, true},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0x0002ffff, true, true},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0x00020001, true, false},
	    {LAPIC_BASE_X2APIC, 0x21, 0, 0, 0x00010002, true, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lapic l = make(rows[i].id, rows[i].mode);

		l.reg[LAPIC_DFR] = rows[i].dfr;
		l.reg[LAPIC_LDR] = rows[i].ldr;
		if (matches(&l, rows[i].destination, rows[i].is_logical) != rows[i].matches)
			fail_msg("row %u", i);
		l.base = LAPIC_BASE_ADDRESS;
		assert_false(matches(&l, rows[i].destination, rows[i].is_logical));
	}
}

static void shorthands_choose_among_enabled_apics(void **state) {
	struct lapic sender = make(0, LAPIC_BASE_X2APIC);
	struct lapic other = make(1, LAPIC_BASE_X2APIC);
	struct lapic disabled = make(2, 0);
	static const struct {
		enum lapic_shorthand shorthand;
		bool takes_sender;
		bool takes_other;
	} rows[] = {{LAPIC_SHORTHAND_NONE, false, true},
	            {LAPIC_SHORTHAND_SELF, true, false},
	            {LAPIC_SHORTHAND_ALL, true, true},
	            {LAPIC_SHORTHAND_OTHERS, false, true}};

	(void)state;
	disabled.base = LAPIC_BASE_ADDRESS;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct lapic_ipi ipi = {.shorthand = rows[i].shorthand, .destination = 1};

		assert_int_equal(lapic_ipi_targets(&ipi, &sender, &sender), rows[i].takes_sender);
		assert_int_equal(lapic_ipi_targets(&ipi, &sender, &other), rows[i].takes_other);
		assert_false(lapic_ipi_targets(&ipi, &sender, &disabled));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_become_ipis_row_by_row),
	    cmocka_unit_test(an_illegal_vector_is_not_sent_but_recorded),
	    cmocka_unit_test(the_delivery_status_bit_never_sticks),
	    cmocka_unit_test(self_ipi_is_a_fixed_interrupt_to_oneself),
	    cmocka_unit_test(xapic_commands_are_two_writes),
	    cmocka_unit_test(the_synthetic_command_follows_the_mode),
	    cmocka_unit_test(destinations_match_row_by_row),
	    cmocka_unit_test(shorthands_choose_among_enabled_apics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
