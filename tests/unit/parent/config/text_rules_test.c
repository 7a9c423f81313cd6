/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The shape of VM names; paths are tested through vm.json. */
#include "config/text_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void a_vm_name_has_1_to_63_characters(void **state) {
	char name[VM_NAME_SIZE + 1];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[VM_NAME_SIZE] = '\0';
	assert_false(is_vm_name(name));
	name[VM_NAME_SIZE - 1] = '\0';
	assert_true(is_vm_name(name));
	assert_true(is_vm_name("0"));
	assert_false(is_vm_name(""));
}

static void a_vm_name_is_of_small_letters_digits_and_dashes(void **state) {
	(void)state;
	for (int c = 1; c < 256; c++) {
		const char name[] = {'a', (char)c, '\0'};
		bool is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';

		assert_int_equal(is_vm_name(name), is_good);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_vm_name_has_1_to_63_characters),
	    cmocka_unit_test(a_vm_name_is_of_small_letters_digits_and_dashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
