/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/interrupts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"

static struct hv_event_page page;
static struct interrupt_handler first, second;
static struct interrupt_message message;
static unsigned first_count, second_count;

static void serve(struct interrupt_handler *h) {
	if (h == &first)
		first_count++;
	else
		second_count++;
}

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	interrupts_reset();
	memset(&page, 0, sizeof(page));
	first = second = (struct interrupt_handler){.serve = serve};
	first_count = second_count = 0;
	return 0;
}

static void a_handler_is_called_for_its_bit_alone(void **state) {
	(void)state;
	assert_int_equal(interrupts_map_message(0, &first, &message), ERR_NONE);
	assert_int_equal(interrupts_map_message(1, &second, &message), ERR_NONE);
	assert_true(message.address == 0xfee00000 && message.data == 0x41);
	page.device[0] = 2;
	interrupts_serve(&page);
	interrupts_serve(&page);
	assert_int_equal(first_count, 0);
	assert_int_equal(second_count, 1);
	assert_int_equal(page.device[0], 0);
}

static void bits_of_others_stay(void **state) {
	(void)state;
	assert_int_equal(interrupts_map_message(0, &first, &message), ERR_NONE);
	page.device[0] = 0x11;
	page.device[1] = 1;
	interrupts_serve(&page);
	assert_int_equal(first_count, 1);
	assert_true(page.device[0] == 0x10 && page.device[1] == 1);
}

static void a_pin_is_shared_and_opened_again(void **state) {
	(void)state;
	assert_int_equal(interrupts_map_pin(11, 0, &first), ERR_NONE);
	assert_int_equal(interrupts_map_pin(11, 1, &second), ERR_NONE);
	assert_int_equal(fake.device_interrupts, 1);
	page.device[0] = 1;
	interrupts_serve(&page);
	assert_int_equal(first_count, 1);
	assert_int_equal(second_count, 1);
	assert_int_equal(fake.device_unmasks, 3);
}

static void what_the_kernel_refuses_is_not_attached(void **state) {
	(void)state;
	fake.fail_code = HV_CALL_MAP_DEVICE_INTERRUPT;
	fake.fail_after = 1;
	fake.fail_status = HV_STATUS_NO_RESOURCES;
	assert_int_equal(interrupts_map_pin(11, 0, &first), ERR_HYPERCALL);
	page.device[0] = 1;
	interrupts_serve(&page);
	assert_int_equal(first_count, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_handler_is_called_for_its_bit_alone, set_up),
	    cmocka_unit_test_setup(bits_of_others_stay, set_up),
	    cmocka_unit_test_setup(a_pin_is_shared_and_opened_again, set_up),
	    cmocka_unit_test_setup(what_the_kernel_refuses_is_not_attached, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
