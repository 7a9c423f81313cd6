/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Every state with every command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/vm_state.h"

#define NONE 99

static void only_the_ways_of_the_picture_exist(void **state) {
	static const unsigned to[6][6] = {
	    /* start, pause, resume, end, finish, finish_crash */
	    [VM_CREATED] = {VM_RUNNING, NONE, NONE, NONE, NONE, NONE},
	    [VM_RUNNING] = {NONE, VM_PAUSED, NONE, VM_STOPPING, NONE, NONE},
	    [VM_PAUSED] = {NONE, NONE, VM_RUNNING, VM_STOPPING, NONE, NONE},
	    [VM_STOPPING] = {NONE, NONE, NONE, NONE, VM_STOPPED, VM_CRASHED},
	    [VM_STOPPED] = {VM_RUNNING, NONE, NONE, NONE, NONE, NONE},
	    [VM_CRASHED] = {VM_RUNNING, NONE, NONE, NONE, NONE, NONE},
	};

	(void)state;
	for (unsigned from = 0; from < 6; from++) {
		for (unsigned command = 0; command < 6; command++) {
			enum vm_state s = (enum vm_state)from;
			struct err_text text;
			enum err error = vm_state_change(&s, (enum vm_command)command, &text);

			if (to[from][command] == NONE) {
				assert_int_equal(error, ERR_STATE);
				assert_int_equal(s, from);
				assert_non_null(strstr(text.text, vm_state_name(s)));
			} else {
				assert_int_equal(error, ERR_NONE);
				assert_int_equal(s, to[from][command]);
			}
		}
	}
}

static void resources_are_held_while_a_partition_exists(void **state) {
	(void)state;
	assert_false(vm_state_holds_resources(VM_CREATED));
	assert_true(vm_state_holds_resources(VM_RUNNING));
	assert_true(vm_state_holds_resources(VM_PAUSED));
	assert_true(vm_state_holds_resources(VM_STOPPING));
	assert_false(vm_state_holds_resources(VM_STOPPED));
	assert_false(vm_state_holds_resources(VM_CRASHED));
}

static void the_end_is_named_as_the_log_promises(void **state) {
	struct vm_end_reason reason = {.status = 33, .crash = {"triple fault"}};
	static const char *const texts[] = {"power off", "reset", "debug exit 33", "stopped", "crash: triple fault"};
	char text[VM_END_TEXT_SIZE];

	(void)state;
	for (unsigned end = 0; end < 5; end++) {
		reason.end = (enum vm_end)end;
		vm_end_text(&reason, text);
		assert_string_equal(text, texts[end]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_ways_of_the_picture_exist),
	    cmocka_unit_test(resources_are_held_while_a_partition_exists),
	    cmocka_unit_test(the_end_is_named_as_the_log_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
