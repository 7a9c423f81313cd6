/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The I/O APIC, row by row of the 82093AA's data sheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "devices/ioapic.h"

#define MASKED     0x10000u
#define LEVEL      0x8000u
#define REMOTE_IRR 0x4000u
#define ACTIVE_LOW 0x2000u
#define PENDING    0x1000u
#define LOGICAL    0x0800u

static struct ioapic io;

static int fresh(void **state) {
	(void)state;
	memset(&io, 0xa5, sizeof(io));
	ioapic_reset(&io);
	return 0;
}

static void set_register(uint8_t index, uint32_t value) {
	ioapic_write(&io, 0x00, index);
	ioapic_write(&io, 0x10, value);
}

static uint32_t get_register(uint8_t index) {
	ioapic_write(&io, 0x00, index);
	return ioapic_read(&io, 0x10);
}

static void set_entry(unsigned pin, uint32_t low) { set_register((uint8_t)(0x10 + 2 * pin), low); }

static uint32_t get_entry(unsigned pin) { return get_register((uint8_t)(0x10 + 2 * pin)); }

static bool take(struct ioapic_message *message) {
	memset(message, 0xa5, sizeof(*message));
	return ioapic_take_message(&io, message);
}

static void assert_taken(uint8_t vector) {
	struct ioapic_message message;

	assert_true(take(&message));
	assert_int_equal(message.vector, vector);
}

static void assert_silent(void) {
	struct ioapic_message message;

	assert_false(take(&message));
}

static void reset_masks_every_pin(void **state) {
	(void)state;
	for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
		assert_int_equal(get_entry(pin), MASKED);
		assert_int_equal(get_register((uint8_t)(0x11 + 2 * pin)), 0);
	}
	assert_silent();
}

static void registers_read_as_documented(void **state) {
	(void)state;
	assert_int_equal(get_register(1), 0x00170020);
	set_register(0, 0xffffffff);
	assert_int_equal(get_register(0), 0x0f000000);
	assert_int_equal(get_register(2), 0x0f000000);
	set_register(1, 0);
	assert_int_equal(get_register(1), 0x00170020);
	for (unsigned index = 3; index < 0x10; index++)
		assert_int_equal(get_register((uint8_t)index), 0);
	for (unsigned index = 0x40; index < 0x100; index++) {
		set_register((uint8_t)index, ~0u);
		assert_int_equal(get_register((uint8_t)index), 0);
	}
	assert_int_equal(ioapic_read(&io, 0x00), 0xff);
	assert_int_equal(ioapic_read(&io, 0x20), 0);
	assert_int_equal(ioapic_read(&io, 0x40), 0);
}

static void a_read_inside_a_register_gives_its_upper_bytes(void **state) {
	(void)state;
	ioapic_write(&io, 0, 1);
	assert_int_equal(ioapic_read(&io, 0x12), 0x0017);
	assert_int_equal(ioapic_read(&io, 0x11), 0x1700);
	ioapic_write(&io, 0x01, 0x55); /* ignored */
	assert_int_equal(ioapic_read(&io, 0x00), 1);
}

static void entries_keep_only_their_writable_bits(void **state) {
	(void)state;
	set_register(0x10 + 2 * 5, ~0u & ~(REMOTE_IRR | PENDING));
	assert_int_equal(get_entry(5), 0x1afff);
	set_register(0x11 + 2 * 5, ~0u);
	assert_int_equal(get_register(0x11 + 2 * 5), 0xff000000);
	assert_int_equal(get_entry(5), 0x1afff);
	set_entry(5, MASKED | REMOTE_IRR | PENDING | LEVEL);
	assert_int_equal(get_entry(5), MASKED | LEVEL);
}

static void a_message_says_what_the_entry_says(void **state) {
	struct ioapic_message message;

	(void)state;
	set_register(0x11 + 2 * 4, 0x03000000);
	set_entry(4, LOGICAL | 0x100 | 0x31);
	ioapic_set_pin(&io, 4, true);
	assert_true(take(&message));
	assert_int_equal(message.vector, 0x31);
	assert_int_equal(message.delivery, IOAPIC_LOWEST_PRIORITY);
	assert_int_equal(message.destination, 3);
	assert_true(message.is_logical);
	assert_false(message.is_level);
	set_register(0x11 + 2 * 4, 0xff000000);
	set_entry(4, LEVEL | 0x42);
	assert_true(take(&message));
	assert_int_equal(message.vector, 0x42);
	assert_int_equal(message.delivery, IOAPIC_FIXED);
	assert_int_equal(message.destination, 0xff);
	assert_false(message.is_logical);
	assert_true(message.is_level);
}

static void an_edge_fires_once(void **state) {
	(void)state;
	set_entry(4, 0x31);
	ioapic_set_pin(&io, 4, true);
	assert_taken(0x31);
	assert_silent();
	ioapic_set_pin(&io, 4, true);
	assert_silent();
	ioapic_set_pin(&io, 4, false);
	assert_silent();
	ioapic_set_pin(&io, 4, true);
	assert_taken(0x31);
}

static void an_edge_that_fell_again_is_still_owed(void **state) {
	(void)state;
	set_entry(4, 0x31);
	ioapic_set_pin(&io, 4, true);
	ioapic_set_pin(&io, 4, false);
	assert_int_equal(get_entry(4), PENDING | 0x31);
	assert_taken(0x31);
	assert_int_equal(get_entry(4), 0x31);
	assert_silent();
}

static void an_edge_on_a_masked_pin_is_lost(void **state) {
	(void)state;
	set_entry(4, MASKED | 0x31);
	ioapic_set_pin(&io, 4, true);
	assert_silent();
	set_entry(4, 0x31);
	assert_silent();
	ioapic_set_pin(&io, 4, false);
	ioapic_set_pin(&io, 4, true);
	assert_taken(0x31);
}

static void an_edge_that_came_before_the_mask_waits_for_the_unmask(void **state) {
	(void)state;
	set_entry(4, 0x31);
	ioapic_set_pin(&io, 4, true);
	set_entry(4, MASKED | 0x31);
	assert_silent();
	set_entry(4, 0x31);
	assert_taken(0x31);
}

static void an_active_low_pin_fires_when_it_falls(void **state) {
	(void)state;
	ioapic_set_pin(&io, 7, true);
	set_entry(7, ACTIVE_LOW | 0x37);
	assert_silent();
	ioapic_set_pin(&io, 7, false);
	assert_taken(0x37);
	ioapic_set_pin(&io, 7, true);
	assert_silent();
	set_entry(7, ACTIVE_LOW | LEVEL | 0x37);
	assert_silent();
	ioapic_set_pin(&io, 7, false);
	assert_taken(0x37);
}

static void a_new_polarity_is_no_edge(void **state) {
	(void)state;
	set_entry(7, 0x37);
	set_entry(7, ACTIVE_LOW | 0x37);
	assert_silent();
}

static void a_level_fires_again_only_after_its_end(void **state) {
	(void)state;
	set_entry(9, LEVEL | 0x39);
	ioapic_set_pin(&io, 9, true);
	assert_taken(0x39);
	assert_int_equal(get_entry(9), REMOTE_IRR | LEVEL | 0x39);
	assert_silent();
	ioapic_eoi(&io, 0x38);
	assert_silent();
	ioapic_eoi(&io, 0x39);
	assert_taken(0x39);
	ioapic_set_pin(&io, 9, false);
	assert_int_equal(get_entry(9), REMOTE_IRR | LEVEL | 0x39);
	ioapic_eoi(&io, 0x39);
	assert_silent();
	assert_int_equal(get_entry(9), LEVEL | 0x39);
}

static void the_eoi_register_ends_a_level(void **state) {
	(void)state;
	set_entry(9, LEVEL | 0x39);
	ioapic_set_pin(&io, 9, true);
	assert_taken(0x39);
	ioapic_write(&io, 0x40, 0x39);
	assert_taken(0x39);
}

static void one_end_reaches_every_pin_with_the_vector(void **state) {
	(void)state;
	set_entry(9, LEVEL | 0x40);
	set_entry(10, LEVEL | 0x40);
	ioapic_set_pin(&io, 9, true);
	ioapic_set_pin(&io, 10, true);
	assert_taken(0x40);
	assert_taken(0x40);
	assert_silent();
	ioapic_eoi(&io, 0x40);
	assert_taken(0x40);
	assert_taken(0x40);
}

static void a_level_that_is_masked_fires_when_unmasked(void **state) {
	(void)state;
	set_entry(9, MASKED | LEVEL | 0x39);
	ioapic_set_pin(&io, 9, true);
	assert_silent();
	set_entry(9, LEVEL | 0x39);
	assert_taken(0x39);
	/* Masking does not end what was delivered. */
	set_entry(9, MASKED | LEVEL | 0x39);
	assert_int_equal(get_entry(9), MASKED | REMOTE_IRR | LEVEL | 0x39);
	set_entry(9, LEVEL | 0x39);
	assert_silent();
}

/* __eoi_ioapic_pin() of Linux for I/O APICs without EOI register. */
static void a_turn_to_edge_and_back_ends_a_level(void **state) {
	(void)state;
	set_entry(9, LEVEL | 0x39);
	ioapic_set_pin(&io, 9, true);
	assert_taken(0x39);
	set_entry(9, MASKED | 0x39);
	assert_silent();
	set_entry(9, LEVEL | 0x39);
	assert_taken(0x39);
}

static void an_edge_does_not_survive_a_turn_to_level(void **state) {
	(void)state;
	set_entry(9, 0x39);
	ioapic_set_pin(&io, 9, true);
	ioapic_set_pin(&io, 9, false);
	set_entry(9, LEVEL | 0x39);
	assert_silent();
	set_entry(9, 0x39);
	assert_silent();
}

static void what_nobody_ends_is_an_edge_even_if_marked_level(void **state) {
	static const uint32_t modes[] = {IOAPIC_SMI, IOAPIC_NMI, IOAPIC_INIT, IOAPIC_EXTINT};
	struct ioapic_message message;

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fresh(state);
		set_entry(2, LEVEL | modes[i] << 8 | 0x22);
		ioapic_set_pin(&io, 2, true);
		assert_true(take(&message));
		assert_int_equal(message.delivery, modes[i]);
		assert_false(message.is_level);
		assert_silent();
		assert_false(get_entry(2) & REMOTE_IRR);
	}
}

static void reserved_delivery_modes_send_nothing(void **state) {
	(void)state;
	for (uint32_t mode = 3; mode <= 6; mode += 3) {
		set_entry(2, mode << 8 | 0x22);
		ioapic_set_pin(&io, 2, true);
		assert_silent();
		ioapic_set_pin(&io, 2, false);
	}
}

static void the_lowest_pin_is_taken_first(void **state) {
	(void)state;
	set_entry(23, 0x53);
	set_entry(0, 0x30);
	set_entry(11, LEVEL | 0x3b);
	ioapic_set_pin(&io, 23, true);
	ioapic_set_pin(&io, 11, true);
	ioapic_set_pin(&io, 0, true);
	assert_taken(0x30);
	assert_taken(0x3b);
	assert_taken(0x53);
	assert_silent();
}

static void pins_that_do_not_exist_are_ignored(void **state) {
	struct ioapic before = io;

	(void)state;
	ioapic_set_pin(&io, IOAPIC_PIN_COUNT, true);
	ioapic_set_pin(&io, ~0u, true);
	assert_memory_equal(&io, &before, sizeof(io));
}

static void a_saved_ioapic_goes_on_where_it_was(void **state) {
	struct ioapic_state saved, again;

	(void)state;
	set_register(0, 0x05000000);
	set_entry(4, 0x31);
	set_entry(9, LEVEL | 0x39);
	ioapic_set_pin(&io, 9, true);
	assert_taken(0x39);
	ioapic_set_pin(&io, 4, true);
	ioapic_write(&io, 0, 0x22);
	ioapic_save(&io, &saved);
	memset(&io, 0x5a, sizeof(io));
	assert_true(ioapic_load(&io, &saved));
	ioapic_save(&io, &again);
	assert_memory_equal(&saved, &again, sizeof(saved));
	assert_int_equal(ioapic_read(&io, 0), 0x22);
	assert_int_equal(ioapic_read(&io, 0x10), REMOTE_IRR | LEVEL | 0x39);
	assert_int_equal(get_register(0), 0x05000000);
	assert_taken(0x31);
	assert_silent();
	ioapic_eoi(&io, 0x39);
	assert_taken(0x39);
}

static void impossible_states_are_refused(void **state) {
	struct ioapic_state good;
	struct ioapic before;

	(void)state;
	set_entry(4, 0x31);
	set_entry(9, LEVEL | 0x39);
	before = io;
	ioapic_save(&io, &good);
#define REFUSE(field, value)                                                                                           \
	do {                                                                                                           \
		struct ioapic_state bad = good;                                                                        \
		bad.field = value;                                                                                     \
		assert_false(ioapic_load(&io, &bad));                                                                  \
		assert_memory_equal(&io, &before, sizeof(io));                                                         \
	} while (0)
	REFUSE(version, 2);
	REFUSE(id, 0x10);
	REFUSE(reserved[1], 1);
	REFUSE(pin_levels, 1u << 24);
	REFUSE(edges, 1u << 31);
	REFUSE(edges, 1u << 9);                        /* pin 9 is level */
	REFUSE(redirection[4], REMOTE_IRR | 0x31);     /* pin 4 is edge */
	REFUSE(redirection[4], PENDING | 0x31);        /* never stored */
	REFUSE(redirection[4], 0x0001000000000000ull); /* reserved */
	good.id = 0xf;
	good.edges = 1u << 4;
	good.redirection[9] |= REMOTE_IRR;
	assert_true(ioapic_load(&io, &good));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(reset_masks_every_pin, fresh),
	    cmocka_unit_test_setup(registers_read_as_documented, fresh),
	    cmocka_unit_test_setup(a_read_inside_a_register_gives_its_upper_bytes, fresh),
	    cmocka_unit_test_setup(entries_keep_only_their_writable_bits, fresh),
	    cmocka_unit_test_setup(a_message_says_what_the_entry_says, fresh),
	    cmocka_unit_test_setup(an_edge_fires_once, fresh),
	    cmocka_unit_test_setup(an_edge_that_fell_again_is_still_owed, fresh),
	    cmocka_unit_test_setup(an_edge_on_a_masked_pin_is_lost, fresh),
	    cmocka_unit_test_setup(an_edge_that_came_before_the_mask_waits_for_the_unmask, fresh),
	    cmocka_unit_test_setup(an_active_low_pin_fires_when_it_falls, fresh),
	    cmocka_unit_test_setup(a_new_polarity_is_no_edge, fresh),
	    cmocka_unit_test_setup(a_level_fires_again_only_after_its_end, fresh),
	    cmocka_unit_test_setup(the_eoi_register_ends_a_level, fresh),
	    cmocka_unit_test_setup(one_end_reaches_every_pin_with_the_vector, fresh),
	    cmocka_unit_test_setup(a_level_that_is_masked_fires_when_unmasked, fresh),
	    cmocka_unit_test_setup(a_turn_to_edge_and_back_ends_a_level, fresh),
	    cmocka_unit_test_setup(an_edge_does_not_survive_a_turn_to_level, fresh),
	    cmocka_unit_test_setup(what_nobody_ends_is_an_edge_even_if_marked_level, fresh),
	    cmocka_unit_test_setup(reserved_delivery_modes_send_nothing, fresh),
	    cmocka_unit_test_setup(the_lowest_pin_is_taken_first, fresh),
	    cmocka_unit_test_setup(pins_that_do_not_exist_are_ignored, fresh),
	    cmocka_unit_test_setup(a_saved_ioapic_goes_on_where_it_was, fresh),
	    cmocka_unit_test_setup(impossible_states_are_refused, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
