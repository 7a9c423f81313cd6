/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What COM2 shows in each mode, and where typed bytes go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"
#include "runtime/events.h"
#include "vm_rig.h"
#include "vmm/com2_view.h"

static struct vm *vm;

static int set_up(void **state) {
	(void)rig_set_up(state);
	vm = rig_start();
	com2_view_init(2);
	fake.signaled[2] = 0;
	return 0;
}

static void expect_sent(const char *text) {
	assert_int_equal(fake.sent_count, strlen(text));
	assert_memory_equal(fake.sent, text, strlen(text));
	fake.sent_count = 0;
}

static void guest_writes(const char *text) {
	console_write(&vm->console, text, strlen(text));
	com2_view_pump();
}

static void arrive(const char *bytes) {
	fake.arriving_count = strlen(bytes);
	memcpy(fake.arriving, bytes, fake.arriving_count);
	com2_view_service();
}

/* What waits for the guest at its console. */
static void expect_typed(const char *text) {
	struct vm_devices *d = &vm->devices;

	for (; *text != '\0'; text++) {
		assert_true(port_bus_read(&d->ports, 0x3fd, 1) & 1);
		assert_int_equal(port_bus_read(&d->ports, 0x3f8, 1), (uint8_t)*text);
	}
	assert_false(port_bus_read(&d->ports, 0x3fd, 1) & 1);
}

static void what_is_typed_behind_a_command_follows_the_view(void **state) {
	(void)state;
	com2_view_pass_on((const uint8_t *)"lost", 4);
	expect_typed("");
	com2_view_attach(vm, 0);
	com2_view_pass_on((const uint8_t *)"root", 4);
	expect_typed("root");
	com2_view_mux();
	com2_view_pass_on((const uint8_t *)"box| hi\n", 8);
	expect_typed("hi\n");
}

static void at_the_prompt_only_the_prompt_is_shown(void **state) {
	(void)state;
	guest_writes("boot\r\n");
	com2_view_print("a\nb", 3);
	expect_sent("a\r\nb");
}

static void an_attached_console_is_shown_as_it_is(void **state) {
	(void)state;
	guest_writes("before ");
	com2_view_attach(vm, 0);
	guest_writes("after\r\n");
	expect_sent("before after\r\n");
}

static void a_full_transmitter_keeps_the_rest_in_order(void **state) {
	(void)state;
	com2_view_attach(vm, 0);
	fake.send_budget = 5;
	guest_writes("0123456789");
	assert_true(com2_view_has_output());
	guest_writes("abc");
	fake.send_budget = 100;
	com2_view_service();
	expect_sent("0123456789abc");
	assert_false(com2_view_has_output());
	assert_int_equal(fake.unmasks, 1);
}

static void mux_shows_whole_lines_with_the_vms_name(void **state) {
	(void)state;
	com2_view_mux();
	guest_writes("first li");
	expect_sent("");
	guest_writes("ne\r\nsecond\n\nrest");
	expect_sent("box| first line\r\nbox| second\r\nbox| \r\n");
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	com2_view_pump();
	expect_sent("box| rest\r\n");
}

static void mux_shows_an_endless_line_in_parts(void **state) {
	char many[600];

	(void)state;
	com2_view_mux();
	memset(many, 'm', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	guest_writes(many);
	assert_int_equal(fake.sent_count, 2 * (5 + 240 + 2));
}

static void typed_bytes_go_to_the_attached_console(void **state) {
	(void)state;
	com2_view_attach(vm, 0);
	arrive("ls\n");
	expect_typed("ls\n");
	assert_int_equal(fake.signaled[2], 0);
}

/* What waits for the operator. */
static void expect_for_operator(const char *text) {
	uint8_t byte;

	for (; *text != '\0'; text++) {
		assert_true(com2_view_typed(&byte));
		assert_int_equal(byte, (uint8_t)*text);
		com2_view_typed_done();
	}
	assert_false(com2_view_typed(&byte));
}

static void the_key_leads_from_the_console_to_the_prompt(void **state) {
	(void)state;
	com2_view_attach(vm, 0);
	arrive("ab\x1dlist\r");
	expect_typed("ab");
	assert_int_equal(com2_view_mode(), HOST_COM2_PROMPT);
	assert_int_equal(fake.signaled[2], EVENT_BIT(EVENT_OPERATOR));
	expect_for_operator("\x1dlist\r");
	arrive("x");
	expect_for_operator("x");
}

static void what_comes_behind_an_unfinished_command_does_not_overtake_it(void **state) {
	uint8_t byte;

	(void)state;
	arrive("\n");
	assert_true(com2_view_typed(&byte));
	com2_view_attach(vm, 0); /* what the command does, and is not done with */
	arrive("id\x1d");
	expect_typed("");
	com2_view_typed_done();
	arrive("\n");
	expect_typed("");
	expect_for_operator("id\x1d\n");
	arrive("ls\n");
	expect_typed("ls\n");
}

static void a_line_that_the_key_breaks_off_is_forgotten(void **state) {
	(void)state;
	com2_view_mux();
	arrive("box| rm \x1d");
	expect_for_operator("\x1d");
	com2_view_mux();
	arrive("box| ls\n");
	expect_typed("ls\n");
}

static void a_line_typed_in_mux_mode_goes_to_the_vm_it_names(void **state) {
	(void)state;
	com2_view_mux();
	arrive("box| uname\nnobody| x\nnoise\nbox|id\n");
	expect_typed("uname\nid\n");
}

static void each_vm_gets_its_turn(void **state) {
	static const char json[] = "{\"name\":\"ark\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"}}";
	struct vm *other;

	(void)state;
	rig.info.module_count = 1;
	rig_module("vm/ark.json", json, strlen(json));
	vm_manager_define_all();
	other = vm_manager_find("ark");
	assert_non_null(other);
	console_write(&vm->console, "b1\nb2\n", 6);
	console_write(&other->console, "a1\na2\n", 6);
	com2_view_mux();
	assert_int_equal(fake.sent_count, 4 * 9);
	/* Not twice the same in a row. */
	for (unsigned i = 1; i < 4; i++)
		assert_memory_not_equal(fake.sent + 9 * i, fake.sent + 9 * (i - 1), 3);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(what_is_typed_behind_a_command_follows_the_view),
	    T(at_the_prompt_only_the_prompt_is_shown),
	    T(an_attached_console_is_shown_as_it_is),
	    T(a_full_transmitter_keeps_the_rest_in_order),
	    T(mux_shows_whole_lines_with_the_vms_name),
	    T(mux_shows_an_endless_line_in_parts),
	    T(typed_bytes_go_to_the_attached_console),
	    T(the_key_leads_from_the_console_to_the_prompt),
	    T(what_comes_behind_an_unfinished_command_does_not_overtake_it),
	    T(a_line_that_the_key_breaks_off_is_forgotten),
	    T(a_line_typed_in_mux_mode_goes_to_the_vm_it_names),
	    T(each_vm_gets_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
