/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The loader's pure modules answer NULL or a sentence that says what is wrong.
 * Include after cmocka.h.
 */
#pragma once

#include <string.h>

#define assert_sound(fault) assert_string_equal((fault) == NULL ? "" : (fault), "")

/* The answer must be the sentence that has these words in it. */
#define assert_fault(fault, words)                                                                                     \
	do {                                                                                                           \
		const char *fault_ = (fault);                                                                          \
		if (fault_ == NULL || strstr(fault_, (words)) == NULL)                                                 \
			fail_msg("\"%s\" instead of \"%s\"", fault_ == NULL ? "" : fault_, (words));                   \
	} while (0)
