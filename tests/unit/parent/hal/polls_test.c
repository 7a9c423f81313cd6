/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What is looked at by time: once, when it is due, by the VP that it was given to. */
#include "hal/polls.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"

static struct poll first, second;
static unsigned first_count, second_count, port_count;
static uint32_t last_port;

static void look(struct poll *p) {
	assert_false(p->is_pending);
	if (p == &first)
		first_count++;
	else
		second_count++;
}

static void look_and_come_back(struct poll *p) {
	look(p);
	polls_add(p, fake.now + 7);
}

static void signaled(uint32_t port) {
	port_count++;
	last_port = port;
}

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	fake.now = 100;
	polls_init(2);
	first = second = (struct poll){.look = look};
	first_count = second_count = port_count = 0;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	polls_init(0);
	return 0;
}

static void nothing_is_due_at_first(void **state) {
	(void)state;
	assert_int_equal(polls_of(0)->due, HV_DEADLINE_NEVER);
	polls_look(signaled);
	assert_int_equal(port_count, 0);
}

static void a_look_comes_once_and_not_too_soon(void **state) {
	(void)state;
	polls_add(&first, 110);
	assert_int_equal(polls_of(0)->due, 110);
	fake.now = 109;
	polls_look(signaled);
	assert_int_equal(first_count, 0);
	fake.now = 110;
	polls_look(signaled);
	polls_look(signaled);
	assert_int_equal(first_count, 1);
	assert_int_equal(polls_of(0)->due, HV_DEADLINE_NEVER);
}

static void all_come_with_the_first(void **state) {
	(void)state;
	polls_add(&first, 130);
	polls_add(&second, 110);
	polls_add(&first, 140);
	fake.now = 110;
	polls_look(signaled);
	assert_int_equal(first_count, 1);
	assert_int_equal(second_count, 1);
}

static void one_that_wants_another_look_gets_it_later(void **state) {
	(void)state;
	first.look = look_and_come_back;
	polls_add(&first, 100);
	polls_look(signaled);
	assert_int_equal(first_count, 1);
	assert_true(first.is_pending);
	assert_int_equal(polls_of(0)->due, 107);
}

static void each_vp_has_its_own(void **state) {
	(void)state;
	fake.vp_index = 1;
	polls_add(&first, 100);
	fake.vp_index = 0;
	assert_int_equal(polls_of(0)->due, HV_DEADLINE_NEVER);
	polls_look(signaled);
	assert_int_equal(first_count, 0);
	fake.vp_index = 1;
	polls_look(signaled);
	assert_int_equal(first_count, 1);
}

static void a_port_is_taken_as_if_it_had_been_signaled(void **state) {
	(void)state;
	assert_true(polls_add_port(HV_PARENT_PORTS - 1, 120));
	assert_true(polls_add_port(HV_PARENT_PORTS - 1, 130));
	assert_int_equal(polls_of(0)->due, 120);
	fake.now = 120;
	polls_look(signaled);
	polls_look(signaled);
	assert_int_equal(port_count, 1);
	assert_int_equal(last_port, HV_PARENT_PORTS - 1);
}

static void only_io_vps_look(void **state) {
	(void)state;
	fake.vp_index = 2;
	assert_false(polls_add_port(0, 120));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(nothing_is_due_at_first), T(a_look_comes_once_and_not_too_soon),
	    T(all_come_with_the_first), T(one_that_wants_another_look_gets_it_later),
	    T(each_vp_has_its_own),     T(a_port_is_taken_as_if_it_had_been_signaled),
	    T(only_io_vps_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
