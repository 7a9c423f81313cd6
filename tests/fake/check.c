/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* check() in host tests: the running cmocka test fails, or the process dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"
#include "fake/check.h"

jmp_buf *fake_check_expected;
const char *fake_check_condition;

_Noreturn void check_failed(const char *condition, const char *file, int line) {
	if (fake_check_expected != NULL) {
		fake_check_condition = condition;
		longjmp(*fake_check_expected, 1);
	}
	fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
	abort();
}
