/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * expect_check_failure(statement): passes if the statement fails a check() of
 * the kernel, fails the cmocka test otherwise. Include cmocka.h before it.
 */
#pragma once

#include <setjmp.h>

extern jmp_buf *fake_check_expected;
extern const char *fake_check_condition;

#define expect_check_failure(statement)                                                                                \
	do {                                                                                                           \
		jmp_buf back_;                                                                                         \
		fake_check_expected = &back_;                                                                          \
		if (setjmp(back_) == 0) {                                                                              \
			statement;                                                                                     \
			fake_check_expected = NULL;                                                                    \
			fail_msg("no check failed in: %s", #statement);                                                \
		}                                                                                                      \
		fake_check_expected = NULL;                                                                            \
	} while (0)
